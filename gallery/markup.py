"""The templates, and the two filters through which foreign text reaches a page."""

from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape

from featviz.gallery.formats import count, duration, number, plural
from featviz.text import visible
from featviz.version import VERSION

__all__ = ["ASSETS", "render"]

_HERE = Path(__file__).parent
ASSETS = {name: _HERE / "assets" / name for name in ("gallery.css", "gallery.js")}
# Longest text of a text block or of an error that a page carries; the whole is in the run's own files.
_TEXT_LIMIT = 20_000


def render(template: str, **values: Any) -> bytes:
    """The page that ``template`` makes of ``values``, as UTF-8."""
    return _environment().get_template(template).render(**values).encode()


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        # Not select_autoescape: that leaves files ending in .j2 or .svg unescaped.
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        loader=jinja2.FileSystemLoader(_HERE / "templates"),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        foreign=_foreign, plain=visible, lines=_lines, number=number, count=count, duration=duration, plural=plural
    )
    environment.globals["version"] = VERSION
    return environment


def _foreign(text: object, limit: int = 200) -> Markup:
    """Foreign text for the body of a page: escaped, made visible, and kept from turning its neighbours round."""
    return Markup("<bdi>{}</bdi>").format(visible(text, limit))


def _lines(text: str) -> Markup:
    """Foreign text of several lines."""
    shown = [visible(line, _TEXT_LIMIT) for line in text[:_TEXT_LIMIT].split("\n")]
    if len(text) > _TEXT_LIMIT:
        shown.append(f"… ({count(len(text))} characters)")
    return Markup("<bdi>{}</bdi>").format(Markup("\n").join(escape(line) for line in shown))
