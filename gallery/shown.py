"""A candidate as a page shows it: its blocks, and the files that they link to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from featviz.blocks import Block, ImageBlock
from featviz.display.formats import number
from featviz.display.pictures import png, shown_size, thumbnail, to_image
from featviz.display.views import CARD, GRID, PAGE, Picture, View, view
from featviz.formats.block_files import block_file, npy
from featviz.formats.input_files import input_file

if TYPE_CHECKING:
    from featviz.study import Candidate, Run

__all__ = ["Download", "Shown", "show_large", "show_on_card", "show_small"]

LARGE_SIDE = 512
SMALL_SIDE = 160
CARD_SIDE = 168
# Above this many values the members of a grid have no lossless file of their own: a page of many large pictures
# would weigh tens of megabytes. The best one always has.
_LOSSLESS_VALUES = 65_536
_LABELS = {"image": "PNG, lossless", "text": "text", "tokens": "tokens, JSON", "table": "table, CSV"}
_INPUT_LABELS = {"npy": "array for numpy", "json": "input, JSON", "csv": "input, CSV"}


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
    certainty: str
    blocks: list[View]
    downloads: list[Download]


def show_large(run: "Run", candidate: "Candidate", name: str, what: str, files: dict[str, bytes]) -> Shown:
    """``candidate`` at full size and without loss; its files, named ``name``, are added to ``files``.

    Args:
        run: renders the candidate.
        candidate: what to show.
        name: stem of the files, such as "best".
        what: for the alternative text, such as "the best input found".
        files: content by file name: each block as a file, and the input itself where a file can hold it.
    """
    blocks: list[View] = []
    downloads: list[Download] = []
    for i, block in enumerate(run.render(candidate)):
        stem = name if i == 0 else f"{name}-{i + 1}"
        if isinstance(block, ImageBlock):
            image = to_image(block.pixels)
            file, label = f"{stem}.png", _LABELS["image"]
            files[file] = png(image)
            alt = _alt(what, image, candidate)
            blocks.append(_picture(image, LARGE_SIDE, source=file, lossless=file, alt=alt, caption=block.caption))
        else:
            kept = block_file(block)
            file, label = f"{stem}.{kept.suffix}", _LABELS.get(kept.described["kind"], f"series, {kept.suffix.upper()}")
            files[file] = kept.content
            blocks.append(view(block, PAGE, _frame_of_alt(what, candidate)))
        downloads.append(Download(file, label))
    downloads += _download_of_input(candidate.input, name, files)
    return Shown(candidate.id, candidate.score, candidate.certainty, blocks, downloads)


def show_small(run: "Run", candidates: Sequence["Candidate"], name: str, files: dict[str, bytes]) -> list[Shown]:
    """A grid of ``candidates``: thumbnails, each with its lossless file where that is small."""
    shown: list[Shown] = []
    for rank, candidate in enumerate(candidates, start=1):
        blocks: list[View] = []
        for i, block in enumerate(run.render(candidate)):
            stem = f"{name}-{rank}" if i == 0 else f"{name}-{rank}-{i + 1}"
            if not isinstance(block, ImageBlock):
                blocks.append(view(block, GRID, _frame_of_alt(f"number {rank}", candidate)))
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
            shown.append(Shown(candidate.id, candidate.score, candidate.certainty, blocks, []))
    return shown


def show_on_card(blocks: Sequence[Block], page: str, files: dict[str, bytes]) -> View | None:
    """The block that tells most at a glance: a picture, or else the first that is not mere text.

    Args:
        blocks: of the best input.
        page: the name of the page's folder.
        files: the picture's thumbnail is added to them.
    """
    picture = next((block for block in blocks if isinstance(block, ImageBlock)), None)
    if picture is not None:
        image = to_image(picture.pixels)
        files["best.webp"] = thumbnail(image)
        alt = f"best input, {image.width} by {image.height} pixels"
        return _picture(image, CARD_SIDE, source=f"runs/{page}/best.webp", lossless="", alt=alt, caption="")
    views = [view(block, CARD, "best input: {}") for block in blocks]
    return next((one for one in views if one.kind != "words"), views[0] if views else None)


def _picture(image: Image.Image, target: int, *, source: str, lossless: str, alt: str, caption: str) -> Picture:
    size = shown_size(image.width, image.height, target)
    return Picture(source, lossless, size.width, size.height, size.pixelated, alt, caption)


def _alt(what: str, image: Image.Image, candidate: "Candidate") -> str:
    picture = f"a picture of {image.width} by {image.height} pixels"
    return _frame_of_alt(what, candidate).replace("{}", picture)


def _frame_of_alt(what: str, candidate: "Candidate") -> str:
    return f"{what}: {{}}, score {number(candidate.score)}"


def _download_of_input(value: Any, name: str, files: dict[str, bytes]) -> list[Download]:
    """The input itself, unless one of its blocks is the same file."""
    if isinstance(value, np.ndarray) and not value.dtype.hasobject:
        suffix, content = "npy", npy(value)
    else:
        kept = input_file(value)
        as_text = value.encode("utf-8", "backslashreplace") if isinstance(value, str) else None
        if kept is None or kept.content in files.values() or as_text in files.values():
            return []
        suffix, content = kept.suffix, kept.content
    plain = f"{name}.{suffix}"
    file = plain if plain not in files else f"{name}-input.{suffix}"
    files[file] = content
    return [Download(file, _INPUT_LABELS[suffix])]
