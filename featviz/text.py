"""Text that came from outside, made safe and visible for a reader.

Labels, tokens, file names and error messages may hold control characters, terminal escapes, invisible
characters, or characters that reverse what a reader sees. Wherever such text is shown, it passes here first.
"""

import re
import unicodedata

__all__ = ["first_line", "is_number", "shown", "visible", "without_address"]

# General categories that show nothing or change how neighbours are shown: control, format (which holds the
# bidirectional overrides and the zero-width characters), surrogate, unassigned and private use; line and
# paragraph separators.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"})
# Letters, marks and symbols that Unicode draws as nothing: fillers of Hangul, the grapheme joiner, two Khmer vowels,
# the Mongolian separators and the blank braille cell.
_BLANK = frozenset("\u115f\u1160\u3164\uffa0\u034f\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800")
# Joins emoji and the letters of some scripts; harmless between two visible characters.
_ZERO_WIDTH_JOINER = "\u200d"
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?|[+-]?inf|nan", re.IGNORECASE)
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


def visible(text: object, limit: int = 200) -> str:
    r"""``text`` with each character that cannot be seen written as an escape such as ``\u202e``.

    Args:
        text: anything; what is not a string is passed through ``str``.
        limit: characters kept; a longer text is cut and its length is said.

    Returns:
        One line that is safe to print and can be encoded as UTF-8.
    """
    raw = text if isinstance(text, str) else str(text)
    cut = raw[:limit]
    shown = "".join(_escape(c) if _is_hidden(cut, i) else c for i, c in enumerate(cut))
    return shown if len(raw) <= limit else f"{shown}… ({len(raw)} characters)"


def first_line(error: BaseException, limit: int = 300) -> str:
    """``error`` in one safe line: its type, and the first line of its message."""
    try:
        message = str(error)
    except Exception:  # noqa: BLE001  a user's exception may fail to describe itself
        message = "<the exception could not be shown>"
    head = message.strip().split("\n", 1)[0]
    kind = visible(type(error).__name__)
    return f"{kind}: {visible(head, limit)}" if head else kind


def shown(value: object) -> str:
    """``value`` for a message: its repr, cut short and made safe, and its type."""
    kind = type(value).__name__
    try:
        return f"{visible(repr(value), 60)} ({kind})"
    except Exception:  # noqa: BLE001  a user's object may fail to describe itself
        return f"an object of type {kind}"


def without_address(text: str) -> str:
    """``text`` without where in memory an object is, which the repr of one without its own says: other each time."""
    return _ADDRESS.sub("", text)


def is_number(text: str) -> bool:
    """Whether ``text`` is that of a number."""
    return _NUMBER.fullmatch(text) is not None


def _is_hidden(text: str, i: int) -> bool:
    char = text[i]
    before, after = text[i - 1 : i], text[i + 1 : i + 2]  # "" at either end
    if char == _ZERO_WIDTH_JOINER:
        return not (_is_joined(before) and _is_joined(after))
    if _is_variation_selector(char):
        return not before or _shows_nothing(before)
    return _shows_nothing(char)


def _is_joined(neighbour: str) -> bool:
    # The variation selector is the one in front of the joiner in "heart on fire".
    return neighbour > "\u2000" and (neighbour == "\ufe0f" or not _shows_nothing(neighbour))


def _is_variation_selector(char: str) -> bool:
    return "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef"


def _shows_nothing(char: str) -> bool:
    return unicodedata.category(char) in _HIDDEN or char in _BLANK or _is_variation_selector(char)


def _escape(char: str) -> str:
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
