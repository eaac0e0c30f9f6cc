"""Inputs as files that people and other programs open: pictures as PNG, series and rows of tables as CSV, text as text.

Beside the PNG of a picture, which has 256 levels, stands the exact array as npy. What is written is for reading by
others; :mod:`featviz.formats.input_files` writes what is to be read back equal.
"""

import hashlib
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.blocks import ImageBlock, SeriesBlock
from featviz.formats.block_files import block_file, npy, write_image
from featviz.formats.input_files import input_file
from featviz.formats.json_rows import json_rows
from featviz.formats.json_text import dump
from featviz.text import visible

__all__ = ["NativeFile", "digest_of", "native_files"]

FILE, PICTURE = "file", "picture"
# Above this many numbers a part of an input is a file of its own, and an array is written as npy.
_MOST_IN_JSON = 1_000
_UNSAFE = re.compile(r"[^A-Za-z0-9_]+")
_LONGEST_PART = 40


@dataclass(frozen=True)
class NativeFile:
    """One of the files of an input.

    Args:
        label: "file" for the input itself and "picture" for what it looks like; of a part of a dict or tuple with the
            name of the part behind it.
        part: what the name of the file ends with, in letters that any system takes; empty for a whole input.
        suffix: "png", "npy", "csv", "json" or "txt".
        content: the whole of it.
    """

    label: str
    part: str
    suffix: str
    content: bytes

    def name(self, number: int) -> str:
        """The name of the file for the input of this number."""
        return f"{number:06d}{'-' if self.part else ''}{self.part}.{self.suffix}"


def native_files(x: Any) -> list[NativeFile]:
    """The files of one input, as :func:`featviz.batches.take_one` gives it.

    Raises:
        TypeError, ValueError: when there is no form for it: an object, or an infinite number outside of an array.
    """
    parts = _large_parts(x)
    if parts is None:
        return [NativeFile(label, "", suffix, content) for label, suffix, content in _forms(x)]
    found: list[NativeFile] = []
    taken: set[str] = set()
    for position, (name, part) in enumerate(parts):
        safe = _UNSAFE.sub("_", name).strip("_")[:_LONGEST_PART]
        if not safe or safe.lower() in taken:
            safe = f"{safe}_{position}".strip("_")
        taken.add(safe.lower())
        shown = visible(name, _LONGEST_PART)
        found += [NativeFile(f"{label} {shown}", safe, suffix, content) for label, suffix, content in _forms(part)]
    return found


def digest_of(files: Sequence[NativeFile], *more: str) -> str:
    """Hexadecimal digits that are the same for the same input, and ``more``.

    Pictures stand beside what they show and have no say: another version of a library packs them otherwise.
    """
    h = hashlib.blake2b(digest_size=16)
    for text in more:
        h.update(f"{len(text)} {text}".encode("utf-8", "backslashreplace"))
    for file in files:
        if not file.label.startswith(PICTURE):
            h.update(f"{file.part} {file.suffix} {len(file.content)} ".encode())
            h.update(file.content)
    return h.hexdigest()


def _large_parts(x: Any) -> list[tuple[str, Any]] | None:
    """The parts of a dict or tuple that has one too large to be read as JSON, else None."""
    if isinstance(x, dict):
        parts = [(str(name), part) for name, part in x.items()]
    elif isinstance(x, tuple):
        parts = [(str(position), part) for position, part in enumerate(x)]
    else:
        return None
    return parts if any(_is_large(part) for _, part in parts) else None


def _is_large(part: Any) -> bool:
    if isinstance(part, dict | tuple):
        return any(_is_large(inner) for inner in (part.values() if isinstance(part, dict) else part))
    return hasattr(part, "iloc") or (isinstance(part, np.ndarray) and (part.size > _MOST_IN_JSON or part.ndim > 1))


def _forms(x: Any) -> list[tuple[str, str, bytes]]:
    """Labels, suffixes and contents of the files of one whole input or part."""
    if isinstance(x, str):
        return [(FILE, "txt", x.encode("utf-8", "backslashreplace"))]
    if isinstance(x, np.ndarray) and x.dtype.kind in "biuf":
        return _of_array(x)
    if hasattr(x, "iloc") and hasattr(x, "columns"):
        kept = input_file(x)
        if kept is not None:
            return [(FILE, kept.suffix, kept.content)]
        return [(FILE, "json", dump(json_rows(x)(0)))]
    return [(FILE, "json", dump(json_rows([x])(0)))]


def _of_array(x: NDArray[Any]) -> list[tuple[str, str, bytes]]:
    if x.ndim == 3 and x.shape[2] in {1, 3, 4} and x.size:
        picture = _picture(x)
        shown = [] if picture is None else [(PICTURE, "png", picture)]
        return [(FILE, "npy", npy(x)), *shown]
    if x.ndim == 2 and x.size and x.dtype in (np.float32, np.float64) and np.isfinite(x).all():
        series = block_file(SeriesBlock(x))
        return [(FILE, series.suffix, series.content)]
    if x.ndim <= 1 and x.size <= _MOST_IN_JSON and (x.dtype.kind != "f" or not np.isinf(x).any()):
        return [(FILE, "json", dump(json_rows([x])(0)))]
    return [(FILE, "npy", npy(x))]


def _picture(x: NDArray[Any]) -> bytes | None:
    """A PNG of numbers from 0 to 1, or of bytes; None for an array that is no picture."""
    if x.dtype == np.uint8:
        pixels: NDArray[np.uint8] = x
    elif x.dtype.kind == "f" and np.min(x) >= 0 and np.max(x) <= 1:  # not so where there is NaN
        pixels = np.rint(x * 255).astype(np.uint8)
    else:
        return None
    buffer = io.BytesIO()
    write_image(buffer, ImageBlock(pixels))
    return buffer.getvalue()
