"""``best/``: the best inputs of a run in their native form, readable without featviz.

``best.json`` lists them; beside it stand, for each, what the space's blocks hold (a PNG for a picture, text
otherwise) and, for array inputs, an ``.npy`` with the exact values.
"""

import io
import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from featviz.blocks import Block, ImageBlock, TextBlock
from featviz.errors import RunDamaged, StorageError
from featviz.storage.encoding import UNREADABLE
from featviz.storage.files import read_regular
from featviz.text import first_line, visible

__all__ = ["FOLDER", "BestInput", "has_best", "read_best", "write_best", "write_image"]

FOLDER = "best"
_LIST = "best.json"
_OURS = re.compile(r"best\.json|\d\d(-\d+)?\.(png|txt|npy)")
# What a reader bears of a run that may come from somebody else; a run of ours has 19 inputs.
_MAX_ENTRIES = 40
_MAX_LIST, _MAX_TEXT, _MAX_ARRAY = 1_000_000, 5_000_000, 100_000_000
_MAX_PIXELS = 20_000_000


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
    """Write ``entries`` into ``run/best``. Files there that are not of our making are left alone."""
    folder, part = run / FOLDER, run / f"{FOLDER}.part"
    try:
        if folder.is_symlink() or part.is_symlink():
            raise NotADirectoryError(f"{FOLDER} is a symbolic link")
        for place in (folder, part):
            place.mkdir(exist_ok=True)
        _clear(part)
        listed = [_write_entry(part, number, entry) for number, entry in enumerate(entries, start=1)]
        (part / _LIST).write_text(json.dumps(listed, indent=1) + "\n", encoding="utf-8")
        # The list goes first and comes last: without it there is nothing to be misread.
        (folder / _LIST).unlink(missing_ok=True)
        _clear(folder)
        for file in sorted(part.iterdir(), key=lambda file: file.name == _LIST):
            if _OURS.fullmatch(file.name):
                file.replace(folder / file.name)
        if not any(part.iterdir()):
            part.rmdir()
    except OSError as error:
        raise StorageError(f"cannot write {visible(str(folder), 300)}: {first_line(error)}") from error


def has_best(run: Path) -> bool:
    """Whether the best inputs of a run are there."""
    return (run / FOLDER / _LIST).is_file()


def _clear(folder: Path) -> None:
    for file in folder.iterdir():
        if _OURS.fullmatch(file.name):
            file.unlink()


def read_best(run: Path) -> list[BestInput]:
    """What :func:`write_best` wrote; empty when nothing was.

    Raises:
        RunDamaged: when a file is not what was written, or larger than what is written. Pickles inside arrays are
            refused, links are not followed.
    """
    folder = run / FOLDER
    if not has_best(run):
        return []
    try:
        listed = json.loads(read_regular(folder / _LIST, _MAX_LIST).decode("utf-8"))
        if folder.is_symlink() or not isinstance(listed, list) or len(listed) > _MAX_ENTRIES:
            raise ValueError(f"{_LIST} is not the list that was written")
        return [_read_entry(folder, number, entry) for number, entry in enumerate(listed, start=1)]
    except (OSError, *UNREADABLE) as error:
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
        return TextBlock(read_regular(folder / f"{name}.txt", _MAX_TEXT).decode("utf-8"), caption)
    from PIL import Image  # noqa: PLC0415  only a run with pictures needs Pillow

    height, width = (int(side) for side in described["shape"][:2])
    content = io.BytesIO(read_regular(folder / f"{name}.png", _MAX_ARRAY))
    try:
        with Image.open(content, formats=["PNG"]) as image:
            # The size stands in the file's head: a picture made to fill the memory is refused before it is unpacked.
            if image.size != (width, height) or width * height > _MAX_PIXELS:
                raise ValueError(f"{name}.png is not the picture that was written")
            pixels = np.asarray(image, dtype=np.uint8)
    except Image.DecompressionBombError as error:
        raise ValueError(f"{name}.png is too large") from error
    return ImageBlock(pixels if pixels.ndim == 3 else pixels[:, :, None], caption)


def _read_array(path: Path) -> np.ndarray[Any, Any]:
    """The array in an ``.npy`` file, its declared size held against the file's before anything is allocated."""
    content = read_regular(path, _MAX_ARRAY)
    file = io.BytesIO(content)
    head = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    shape, fortran, dtype = head[np.lib.format.read_magic(file)](file)
    begin = file.tell()
    if dtype.kind not in "biuf" or math.prod(shape) * dtype.itemsize != len(content) - begin:
        raise ValueError(f"{path.name} is not the array that was written")
    flat = np.frombuffer(content, dtype=dtype, offset=begin)
    return flat.reshape(shape, order="F" if fortran else "C").copy()
