"""How blocks become markup: the templates, and the filters through which foreign text reaches a page."""

import re
import unicodedata
from pathlib import Path

import jinja2
from markupsafe import Markup, escape

from featviz.display.formats import count, duration, number, plural
from featviz.text import visible
from featviz.version import VERSION

__all__ = ["BLOCKS_CSS", "environment"]

_HERE = Path(__file__).parent
# The colours of both themes, and how blocks look: the beginning of every stylesheet.
BLOCKS_CSS = _HERE / "assets" / "blocks.css"
# Longest text of a text block or of an error that a page carries; the whole is in the run's own files.
_TEXT_LIMIT = 20_000
_ROOM_TO_SAY = 100
_LONG_WORD = 16
# How the spaces of tokens are shown; each stands in an element, so that none is taken for a letter.
_SPACES = {" ": "␣", "\n": "↵", "\r": "␍", "\t": "⇥"}
_SPACE = re.compile("([ \n\r\t])")


def environment(templates: Path) -> jinja2.Environment:
    """The templates in a folder, which may import ``blocks.html.j2``, with the filters for foreign text."""
    made = jinja2.Environment(
        # Not select_autoescape: that leaves files ending in .j2 or .svg unescaped.
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        loader=jinja2.FileSystemLoader([templates, _HERE / "templates"]),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        foreign=_foreign,
        plain=visible,
        lines=_lines,
        squeezed=_squeezed,
        token=_token,
        cell=_cell,
        number=number,
        count=count,
        duration=duration,
        plural=plural,
    )
    made.globals["version"] = VERSION
    return made


def _foreign(text: object, limit: int = 200) -> Markup:
    """Foreign text for the body of a page: escaped, made visible, and kept from turning its neighbours round."""
    return Markup("<bdi>{}</bdi>").format(visible(text, limit))


def _lines(text: str) -> Markup:
    """Foreign text of several lines."""
    shown = [visible(line, _TEXT_LIMIT) for line in text[:_TEXT_LIMIT].split("\n")]
    if len(text) > _TEXT_LIMIT:
        shown.append(f"… ({count(len(text))} characters)")
    return Markup("<bdi>{}</bdi>").format(Markup("\n").join(escape(line) for line in shown))


def _squeezed(text: str, limit: int) -> Markup:
    """Foreign text of several lines as a few words on one."""
    return _foreign(" ".join(text[: 50 * limit].split()), limit)


def _token(text: str, limit: int) -> Markup:
    """A token: its spaces as signs, what cannot be seen as escapes, and a word where there is nothing."""
    if not text:
        return Markup("<i>empty</i>")
    parts = [
        Markup("<i>{}</i>").format(_SPACES[part]) if part in _SPACES else escape(_spelt_out(part))
        for part in _SPACE.split(text[:limit])
    ]
    if len(text) > limit:
        parts.append(Markup("<i>{}</i>").format(_ellipsis(text, limit)))
    return Markup("<bdi>{}</bdi>").format(Markup("").join(parts))


def _cell(text: str, limit: int) -> Markup:
    """A cell of a table; one with a long word is marked, for words are else not broken."""
    rest = _ellipsis(text, limit) if len(text) > limit else ""
    shown = visible(text[:limit], limit)
    long = max(map(len, shown.split()), default=0) > _LONG_WORD
    element = Markup('<bdi class="long">{}</bdi>{}') if long else Markup("<bdi>{}</bdi>{}")
    return element.format(shown, rest)


def _ellipsis(text: str, limit: int) -> str:
    """What stands for the rest of a text; where room is short, its length is not said."""
    return "…" if limit < _ROOM_TO_SAY else f"… ({count(len(text))} characters)"


def _spelt_out(text: str) -> str:
    """``text`` as :func:`visible` shows it, with spaces of other widths written as escapes too."""
    shown = visible(text, max(len(text), 1))
    return "".join(f"\\u{ord(c):04x}" if unicodedata.category(c) == "Zs" else c for c in shown)
