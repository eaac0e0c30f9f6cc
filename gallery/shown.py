"""A candidate as a page shows it: its blocks, and the files that they link to."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from featviz.blocks import ImageBlock
from featviz.gallery.formats import number
from featviz.gallery.pictures import png, shown_size, thumbnail, to_image

if TYPE_CHECKING:
    from featviz.study import Candidate, Run

__all__ = ["Download", "Picture", "Shown", "Words", "show_large", "show_small"]

LARGE_SIDE = 512
SMALL_SIDE = 160
# Above this many values the members of a grid have no lossless file of their own: a page of many large pictures
# would weigh tens of megabytes. The best one always has.
_LOSSLESS_VALUES = 65_536


@dataclass(frozen=True)
class Picture:
    """A picture: the file shown, the lossless file (or none), and the size on the page in CSS pixels."""

    source: str
    lossless: str
    width: int
    height: int
    pixelated: bool
    alt: str
    caption: str


@dataclass(frozen=True)
class Words:
    """Foreign text, shown as it is."""

    text: str
    caption: str


@dataclass(frozen=True)
class Download:
    """A file of the page that a reader may want to keep."""

    file: str
    label: str


@dataclass(frozen=True)
class Shown:
    """A candidate on a page."""

    id: int
    score: float
    blocks: list[Picture | Words]
    downloads: list[Download]


def show_large(run: "Run", candidate: "Candidate", name: str, what: str, files: dict[str, bytes]) -> Shown:
    """``candidate`` at full size and without loss; its files, named ``name``, are added to ``files``.

    Args:
        run: renders the candidate.
        candidate: what to show.
        name: stem of the files, such as "best".
        what: for the alternative text, such as "the best input found".
        files: content by file name; pictures as PNG, an array also as npy.
    """
    blocks: list[Picture | Words] = []
    downloads: list[Download] = []
    for i, block in enumerate(run.render(candidate)):
        stem = name if i == 0 else f"{name}-{i + 1}"
        if isinstance(block, ImageBlock):
            image = to_image(block.pixels)
            file = f"{stem}.png"
            files[file] = png(image)
            alt = _alt(what, image, candidate)
            blocks.append(_picture(image, LARGE_SIDE, source=file, lossless=file, alt=alt, caption=block.caption))
            downloads.append(Download(file, "PNG, lossless"))
        else:
            file = f"{stem}.txt"
            files[file] = block.text.encode("utf-8", "backslashreplace")
            blocks.append(Words(block.text, block.caption))
            downloads.append(Download(file, "text"))
    array = _npy(candidate.input)
    if array is not None:
        files[f"{name}.npy"] = array
        downloads.append(Download(f"{name}.npy", "array for numpy"))
    return Shown(candidate.id, candidate.score, blocks, downloads)


def show_small(run: "Run", candidates: Sequence["Candidate"], name: str, files: dict[str, bytes]) -> list[Shown]:
    """A grid of ``candidates``: thumbnails, each with its lossless file where that is small."""
    shown: list[Shown] = []
    for rank, candidate in enumerate(candidates, start=1):
        blocks: list[Picture | Words] = []
        for i, block in enumerate(run.render(candidate)):
            stem = f"{name}-{rank}" if i == 0 else f"{name}-{rank}-{i + 1}"
            if not isinstance(block, ImageBlock):
                blocks.append(Words(block.text, block.caption))
                continue
            image = to_image(block.pixels)
            files[f"{stem}.webp"] = thumbnail(image)
            lossless = ""
            if block.pixels.size <= _LOSSLESS_VALUES:
                lossless = f"{stem}.png"
                files[lossless] = png(image)
            alt = _alt(f"number {rank}", image, candidate)
            source = f"{stem}.webp"
            blocks.append(_picture(image, SMALL_SIDE, source=source, lossless=lossless, alt=alt, caption=block.caption))
        if blocks:  # without them the input was not kept, and there is nothing to show
            shown.append(Shown(candidate.id, candidate.score, blocks, []))
    return shown


def _picture(image: Image.Image, target: int, *, source: str, lossless: str, alt: str, caption: str) -> Picture:
    size = shown_size(image.width, image.height, target)
    return Picture(source, lossless, size.width, size.height, size.pixelated, alt, caption)


def _alt(what: str, image: Image.Image, candidate: "Candidate") -> str:
    return f"{what}: a picture of {image.width} by {image.height} pixels, score {number(candidate.score)}"


def _npy(value: Any) -> bytes | None:
    """``value`` in numpy's format; None when it is not an array of numbers."""
    if not isinstance(value, np.ndarray) or value.dtype.hasobject:
        return None
    buffer = io.BytesIO()
    np.save(buffer, value, allow_pickle=False)
    return buffer.getvalue()
