"""Blocks as files that other programs open: PNG, plain text, JSON, CSV and, for a long series, npy.

Captions are cut after 2,000 characters and table cells after 100,000. Lone surrogates, which UTF-8 does not have, are
kept as escapes in JSON and become the text of such an escape in plain text and CSV.
"""

import csv
import io
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from featviz.blocks import Block, ImageBlock, SeriesBlock, TableBlock, TextBlock, TokensBlock
from featviz.formats.csv_text import LONGEST_CELL, from_csv, to_csv
from featviz.formats.files import read_regular
from featviz.formats.json_text import dump, load

__all__ = ["MOST_BYTES", "BlockFile", "block_file", "npy", "read_array", "read_block", "write_image"]

# What a reader bears of a file that may come from somebody else, by how it is named.
MOST_BYTES = {"png": 100_000_000, "npy": 100_000_000, "txt": 5_000_000, "json": 20_000_000, "csv": 20_000_000}
_MOST_PIXELS = 20_000_000
_LONGEST_CAPTION = 2_000
_LONGEST_NAME = 200
# Above this many numbers a series is written as npy: as text it would take several times the room.
_MOST_AS_TEXT = 100_000
_SERIES_TYPES = frozenset({"float32", "float64"})


@dataclass(frozen=True)
class BlockFile:
    """A block as a file.

    Args:
        suffix: "png", "txt", "json", "csv" or "npy".
        content: the whole of it.
        described: what the file does not say, made of JSON values.
    """

    suffix: str
    content: bytes
    described: dict[str, Any]


def block_file(block: Block) -> BlockFile:
    """``block`` as the file that holds it."""
    described: dict[str, Any] = {"caption": block.caption[:_LONGEST_CAPTION]}
    if isinstance(block, ImageBlock):
        buffer = io.BytesIO()
        write_image(buffer, block)
        return BlockFile("png", buffer.getvalue(), {"kind": "image", "shape": list(block.pixels.shape)} | described)
    if isinstance(block, TokensBlock):
        described |= {"kind": "tokens", "changed": _packed(block.changed)}
        return BlockFile("json", dump(list(block.tokens)), described)
    if isinstance(block, TableBlock):
        rows = [[_cut(cell) for cell in row] for row in (block.columns, *block.rows)]
        described |= {"kind": "table", "changed": _packed(block.changed)}
        return BlockFile("csv", to_csv(rows, "backslashreplace"), described)
    if isinstance(block, SeriesBlock):
        return _series_file(block, described)
    return BlockFile("txt", block.text.encode("utf-8", "backslashreplace"), {"kind": "text"} | described)


def read_block(folder: Path, name: str, described: dict[str, Any]) -> Block:
    """The block that :func:`block_file` made, from the file ``name`` (without its suffix) in ``folder``.

    Raises:
        OSError: when the file cannot be opened.
        ValueError: or any of ``UNREADABLE``, when it is not what was written.
    """
    caption = str(described["caption"])
    kind = described["kind"]
    if kind == "text":
        return TextBlock(_read(folder, name, "txt").decode("utf-8"), caption)
    if kind == "tokens":
        tokens = load(_read(folder, name, "json"))
        return TokensBlock(tokens, caption, _unpacked(described["changed"]))
    if kind == "table":
        columns, *rows = from_csv(_read(folder, name, "csv"))
        return TableBlock(tuple(columns), tuple(map(tuple, rows)), caption, _unpacked(described["changed"]))
    if kind == "series":
        return _read_series(folder, name, described, caption)
    if kind == "image":
        height, width = (int(side) for side in described["shape"][:2])
        return ImageBlock(_read_pixels(folder, name, width, height), caption)
    raise ValueError(f"there is no kind of block {str(kind)[:40]!r}")


def npy(array: NDArray[Any]) -> bytes:
    """``array`` in numpy's format, without pickle."""
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def write_image(path: Path | BinaryIO, block: ImageBlock) -> None:
    """Write a picture as a lossless PNG; one with other than 1, 3 or 4 channels as the mean of them."""
    from PIL import Image  # noqa: PLC0415  only a run with pictures needs Pillow

    pixels = block.pixels
    if pixels.shape[2] not in {1, 3, 4}:
        pixels = pixels.mean(axis=2, keepdims=True).round().astype(np.uint8)
    Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels).save(path, format="PNG", optimize=True)


def read_array(path: Path) -> NDArray[Any]:
    """The array in an ``.npy`` file, its declared size held against the file's before anything is allocated."""
    content = read_regular(path, MOST_BYTES["npy"])
    file = io.BytesIO(content)
    head = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    shape, fortran, dtype = head[np.lib.format.read_magic(file)](file)
    begin = file.tell()
    if dtype.kind not in "biuf" or math.prod(shape) * dtype.itemsize != len(content) - begin:
        raise ValueError(f"{path.name} is not the array that was written")
    flat = np.frombuffer(content, dtype=dtype, offset=begin)
    return flat.reshape(shape, order="F" if fortran else "C").copy()


def _series_file(block: SeriesBlock, described: dict[str, Any]) -> BlockFile:
    names = [name[:_LONGEST_NAME] for name in block.names]
    suffix = "csv" if block.values.size <= _MOST_AS_TEXT else "npy"
    described |= {"kind": "series", "file": suffix, "dtype": block.values.dtype.name, "names": names}
    described["sampling_rate"] = block.sampling_rate
    content = _series_csv(block, names) if suffix == "csv" else npy(block.values)
    return BlockFile(suffix, content, described)


def _series_csv(block: SeriesBlock, names: list[str]) -> bytes:
    """The time in seconds, or the number of the sample, and the value of each channel, exact to the last bit."""
    length, channels = block.values.shape
    if block.sampling_rate is None:
        head, at = "sample", [str(i) for i in range(length)]
    else:
        head, at = "time_s", [f"{i / block.sampling_rate:.9g}" for i in range(length)]
    heads = to_csv([[head, *(names or [f"channel {i + 1}" for i in range(channels)])]], "backslashreplace")
    text = io.StringIO(newline="")
    csv.writer(text).writerows(zip(at, *block.values.T.astype(str).tolist(), strict=True))
    return heads + text.getvalue().encode("ascii")


def _read_series(folder: Path, name: str, described: dict[str, Any], caption: str) -> SeriesBlock:
    if described["dtype"] not in _SERIES_TYPES:
        raise ValueError("a series is not of a type that was written")
    if described["file"] == "npy":
        values = read_array(folder / f"{name}.npy")
    else:
        rows = from_csv(_read(folder, name, "csv"))[1:]
        values = np.array([row[1:] for row in rows], dtype=described["dtype"])
    return SeriesBlock(values, caption, described["sampling_rate"], tuple(described["names"]))


def _read_pixels(folder: Path, name: str, width: int, height: int) -> NDArray[np.uint8]:
    from PIL import Image  # noqa: PLC0415  only a run with pictures needs Pillow

    content = io.BytesIO(_read(folder, name, "png"))
    try:
        with Image.open(content, formats=["PNG"]) as image:
            # The size stands in the file's head: a picture made to fill the memory is refused before it is unpacked.
            if image.size != (width, height) or width * height > _MOST_PIXELS:
                raise ValueError(f"{name}.png is not the picture that was written")
            pixels = np.asarray(image, dtype=np.uint8)
    except Image.DecompressionBombError as error:
        raise ValueError(f"{name}.png is too large") from error
    return pixels if pixels.ndim == 3 else pixels[:, :, None]


def _read(folder: Path, name: str, suffix: str) -> bytes:
    return read_regular(folder / f"{name}.{suffix}", MOST_BYTES[suffix])


def _cut(cell: str) -> str:
    return cell if len(cell) <= LONGEST_CELL else f"{cell[:LONGEST_CELL]}… ({len(cell)} characters)"


def _packed(changed: tuple[bool, ...]) -> str:
    """A digit each: as a list of truth values they would fill the list of inputs with lines."""
    return "".join("1" if one else "0" for one in changed)


def _unpacked(changed: str) -> tuple[bool, ...]:
    if set(changed) - {"0", "1"}:
        raise ValueError("what changed is not what was written")
    return tuple(one == "1" for one in changed)
