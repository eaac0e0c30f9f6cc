"""The templates of the gallery's pages, and the files that every page links to."""

from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from featviz.display.markup import BLOCKS_CSS, environment

__all__ = ["ASSETS", "render"]

_HERE = Path(__file__).parent
# Each is made of these files, one after the other.
ASSETS = {
    "gallery.css": (BLOCKS_CSS, _HERE / "assets" / "gallery.css"),
    "gallery.js": (_HERE / "assets" / "gallery.js",),
}


def render(template: str, **values: Any) -> bytes:
    """The page that ``template`` makes of ``values``, as UTF-8."""
    return _environment().get_template(template).render(**values).encode()


@cache
def _environment() -> jinja2.Environment:
    return environment(_HERE / "templates")
