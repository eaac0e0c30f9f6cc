"""Text that came from outside, made safe and visible for a reader.

Labels, tokens, file names and error messages may hold control characters, terminal escapes, invisible
characters, or characters that reverse what a reader sees. Wherever such text is shown, it passes here first.
"""

import unicodedata

__all__ = ["first_line", "shown", "visible"]

# General categories that show nothing or change how neighbours are shown: control, format (which holds the
# bidirectional overrides and the zero-width characters), surrogate, unassigned and private use; line and
# paragraph separators.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"})
# Joins emoji and the letters of some scripts; harmless between two visible characters.
_ZERO_WIDTH_JOINER = "\u200d"


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
    return f"{type(error).__name__}: {visible(head, limit)}" if head else type(error).__name__


def shown(value: object) -> str:
    """``value`` for a message: its repr, cut short and made safe, and its type."""
    kind = type(value).__name__
    try:
        return f"{visible(repr(value), 60)} ({kind})"
    except Exception:  # noqa: BLE001  a user's object may fail to describe itself
        return f"an object of type {kind}"


def _is_hidden(text: str, i: int) -> bool:
    char = text[i]
    if char == _ZERO_WIDTH_JOINER and 0 < i < len(text) - 1:
        return not (ord(text[i - 1]) > 0x2000 and ord(text[i + 1]) > 0x2000)
    return unicodedata.category(char) in _HIDDEN


def _escape(char: str) -> str:
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
