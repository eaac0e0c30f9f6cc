"""``best/``: the best inputs of a run in their native form, readable without featviz.

``best.json`` lists them; beside it stand, for each, what the space's blocks hold (a PNG for a picture, text
otherwise) and, for array inputs, an ``.npy`` with the exact values.
"""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from featviz.blocks import Block, ImageBlock, TextBlock
from featviz.errors import RunDamaged, StorageError
from featviz.text import first_line, visible

__all__ = ["FOLDER", "BestInput", "read_best", "write_best", "write_image"]

FOLDER = "best"
_MAX_SIDE = 20_000


@dataclass(frozen=True, eq=False)
class BestInput:
    """One stored input.

    Args:
        id: its evaluation.
        role: "top", "diverse" or "baseline".
        score: its score.
        input: the input itself, or None when only its rendering was stored.
        blocks: its rendering.
    """

    id: int
    role: str
    score: float
    input: Any
    blocks: Sequence[Block]


def write_best(run: Path, entries: Sequence[BestInput]) -> None:
    """Write ``entries`` into ``run/best``, replacing what is there once all of it is written."""
    folder, part = run / FOLDER, run / f"{FOLDER}.part"
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir()
        listed = [_write_entry(part, number, entry) for number, entry in enumerate(entries, start=1)]
        (part / "best.json").write_text(json.dumps(listed, indent=1) + "\n", encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        part.replace(folder)
    except OSError as error:
        raise StorageError(f"cannot write {visible(str(folder), 300)}: {first_line(error)}") from error


def read_best(run: Path) -> list[BestInput]:
    """What :func:`write_best` wrote; empty when nothing was.

    Raises:
        RunDamaged: when a file is not what was written. Pickles inside arrays are refused.
    """
    folder = run / FOLDER
    if not (folder / "best.json").is_file():
        return []
    try:
        listed = json.loads((folder / "best.json").read_text(encoding="utf-8"))
        return [_read_entry(folder, number, entry) for number, entry in enumerate(listed, start=1)]
    except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise RunDamaged(f"{visible(str(folder), 300)} cannot be read: {first_line(error)}") from error


def write_image(path: Path | BinaryIO, block: ImageBlock) -> None:
    """Write a picture as a lossless PNG; one with other than 1, 3 or 4 channels as the mean of them."""
    from PIL import Image  # noqa: PLC0415  only a run with pictures needs Pillow

    pixels = block.pixels
    if pixels.shape[2] not in {1, 3, 4}:
        pixels = pixels.mean(axis=2, keepdims=True).round().astype(np.uint8)
    Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels).save(path, format="PNG", optimize=True)


def _write_entry(folder: Path, number: int, entry: BestInput) -> dict[str, Any]:
    stem = f"{number:02d}"
    kinds = []
    for i, block in enumerate(entry.blocks):
        name = stem if i == 0 else f"{stem}-{i + 1}"
        if isinstance(block, ImageBlock):
            write_image(folder / f"{name}.png", block)
            kinds.append({"kind": "image", "shape": list(block.pixels.shape), "caption": block.caption})
        else:
            (folder / f"{name}.txt").write_text(block.text, encoding="utf-8", errors="backslashreplace")
            kinds.append({"kind": "text", "caption": block.caption})
    array = isinstance(entry.input, np.ndarray) and entry.input.dtype.kind in "biuf"
    if array:
        np.save(folder / f"{stem}.npy", entry.input, allow_pickle=False)
    return {"id": entry.id, "role": entry.role, "score": entry.score, "array": array, "blocks": kinds}


def _read_entry(folder: Path, number: int, entry: dict[str, Any]) -> BestInput:
    stem = f"{number:02d}"
    x = _read_array(folder / f"{stem}.npy") if entry["array"] else None
    names = (stem if i == 0 else f"{stem}-{i + 1}" for i in range(len(entry["blocks"])))
    blocks = [_read_block(folder, name, described) for name, described in zip(names, entry["blocks"], strict=True)]
    return BestInput(int(entry["id"]), str(entry["role"]), float(entry["score"]), x, blocks)


def _read_block(folder: Path, name: str, described: dict[str, Any]) -> Block:
    caption = str(described["caption"])
    if described["kind"] == "text":
        return TextBlock((folder / f"{name}.txt").read_text(encoding="utf-8"), caption)
    from PIL import Image  # noqa: PLC0415  only a run with pictures needs Pillow

    height, width = (int(side) for side in described["shape"][:2])
    try:
        with Image.open(folder / f"{name}.png", formats=["PNG"]) as image:
            # The size stands in the file's head: a picture made to fill the memory is refused before it is unpacked.
            if image.size != (width, height) or max(image.size) > _MAX_SIDE:
                raise ValueError(f"{name}.png is not the picture that was written")
            pixels = np.asarray(image, dtype=np.uint8)
    except Image.DecompressionBombError as error:
        raise ValueError(f"{name}.png is too large") from error
    return ImageBlock(pixels if pixels.ndim == 3 else pixels[:, :, None], caption)


def _read_array(path: Path) -> np.ndarray[Any, Any]:
    """The array in an ``.npy`` file, its declared size held against the file's before anything is allocated."""
    array = np.lib.format.open_memmap(path, mode="r")
    if array.dtype.kind not in "biuf" or max(array.shape, default=0) > _MAX_SIDE**2:
        raise ValueError(f"{path.name} holds {array.dtype} of shape {array.shape}")
    return np.array(array)
