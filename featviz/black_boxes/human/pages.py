"""The page of the desk: its frame, the markup of a candidate, and the files that it links to."""

import base64
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from featviz.blocks import Block, ImageBlock
from featviz.display.markup import BLOCKS_CSS, environment
from featviz.display.pictures import png, shown_size, to_image
from featviz.display.views import PAGE, Picture, View, view

__all__ = ["FILES", "candidate_page", "frame_page"]

_HERE = Path(__file__).parent
_SIDE = 384
# What may be asked for besides the page itself: name, type, and the files that it is made of.
FILES = {
    "human.css": ("text/css", (BLOCKS_CSS, _HERE / "assets" / "human.css")),
    "human.js": ("text/javascript", (_HERE / "assets" / "human.js",)),
    "icon.svg": ("image/svg+xml", (_HERE / "assets" / "icon.svg",)),
}


def candidate_page(blocks: Sequence[Block]) -> str:
    """The markup of one candidate. Foreign text in it is escaped and made visible."""
    views = [_picture(block) if isinstance(block, ImageBlock) else view(block, PAGE, "{}") for block in blocks]
    return _environment().get_template("candidate.html.j2").render(views=views)


def frame_page(**values: Any) -> bytes:
    """The page around the candidates, as UTF-8: see ``page.html.j2`` for what it takes."""
    return _environment().get_template("page.html.j2").render(**values).encode("utf-8", "backslashreplace")


def _picture(block: ImageBlock) -> View:
    image = to_image(block.pixels)
    size = shown_size(image.width, image.height, _SIDE)
    source = "data:image/png;base64," + base64.b64encode(png(image)).decode("ascii")
    alt = f"a picture of {image.width} by {image.height} pixels"
    return Picture(source, "", size.width, size.height, size.pixelated, alt, block.caption)


@cache
def _environment() -> jinja2.Environment:
    return environment(_HERE / "templates")
