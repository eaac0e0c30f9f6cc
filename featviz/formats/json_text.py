"""Inputs as JSON that other programs can read, and what JSON cannot say about them beside it.

Numbers of numpy become plain ones, small arrays and tuples become lists, NaN and the infinities become text. Which
parts those were is kept as notes, with which the value comes back equal and of its types. A value with a part that
JSON cannot hold at all (an object, a large array, a dict whose keys are not text) is not written: a part of an input
is no input. Two lone surrogates that would form a pair come back as the character that they form.
"""

import json
import math
import re
from typing import Any

import numpy as np

__all__ = ["Note", "dump", "load", "plain", "restored"]

Note = list[Any]
"""A path of keys and positions, and what stands there: "tuple", "float", or an array's [dtype, shape]."""

_MOST_NUMBERS = 10_000
_MOST_BYTES = 4_000_000
_DEEPEST = 50
_MOST_BITS = 4096
# What cannot be seen or turns its neighbours round; within JSON it can only stand in a text, where the escape is equal.
_UNSEEN = re.compile("[\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")


def dump(value: Any) -> bytes:
    """``value``, made of plain JSON values, as UTF-8; what cannot be seen, lone surrogates too, is escaped."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=1)
    escaped = _UNSEEN.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
    return escaped.encode("utf-8", "backslashreplace") + b"\n"


def load(content: bytes) -> Any:
    """The value that :func:`dump` wrote.

    Raises:
        ValueError: when ``content`` is not JSON in UTF-8.
    """
    return json.loads(content.decode("utf-8"))


def plain(value: Any) -> tuple[Any, list[Note]]:
    """``value`` as plain JSON values, and the notes to restore it with.

    Raises:
        TypeError: when a part of it cannot be held.
    """
    notes: list[Note] = []
    return _plain(value, (), notes), notes


def restored(value: Any, notes: list[Note]) -> Any:
    """The value that :func:`plain` was given.

    Raises:
        ValueError: or any of ``UNREADABLE``, when the notes do not fit.
    """
    by_path = {tuple(path): what for path, what in notes}
    found = _restored(value, (), by_path)
    if by_path:
        raise ValueError("there are notes on parts that are not there")
    return found


def _plain(value: Any, path: tuple[Any, ...], notes: list[Note]) -> Any:  # noqa: PLR0911  one return a type
    if len(path) > _DEEPEST:
        raise TypeError("the input is nested too deeply")
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int) and value.bit_length() <= _MOST_BITS:
        return int(value)
    if isinstance(value, float):
        if math.isfinite(value):
            return float(value)
        notes.append([list(path), "float"])
        return str(float(value))
    if isinstance(value, np.ndarray):
        return _plain_array(value, path, notes)
    if type(value) is dict and all(isinstance(key, str) for key in value):
        return {str(key): _plain(part, (*path, key), notes) for key, part in value.items()}
    if type(value) in {list, tuple}:
        if isinstance(value, tuple):
            notes.append([list(path), "tuple"])
        return [_plain(part, (*path, i), notes) for i, part in enumerate(value)]
    raise TypeError(f"a {type(value).__name__} cannot be written as JSON")


def _plain_array(value: np.ndarray[Any, Any], path: tuple[Any, ...], notes: list[Note]) -> Any:
    if not _is_small(value.dtype, value.shape):
        raise TypeError(f"an array of {value.size} {value.dtype} cannot be written as JSON")
    notes.append([list(path), [value.dtype.str, list(value.shape)]])
    finite = value.dtype.kind != "f" or bool(np.isfinite(value).all())
    return value.tolist() if finite else value.astype(str).tolist()


def _is_small(dtype: np.dtype[Any], shape: tuple[int, ...]) -> bool:
    """Whether an array is written: numbers or text, not many of them, and nothing wider than a float64."""
    size = math.prod(shape)
    wide = dtype.itemsize > 8 if dtype.kind != "U" else size * dtype.itemsize > _MOST_BYTES
    return dtype.kind in "biufU" and size <= _MOST_NUMBERS and not wide


def _restored(value: Any, path: tuple[Any, ...], notes: dict[tuple[Any, ...], Any]) -> Any:
    what = notes.pop(path, None)
    if isinstance(what, list):
        dtype, shape = np.dtype(str(what[0])), tuple(int(side) for side in what[1])
        loose = np.array(value, dtype=object)
        if not _is_small(dtype, shape) or loose.size != math.prod(shape):
            raise ValueError("an array is not what was written")
        return loose.reshape(shape).astype(dtype)
    if what == "float":
        return float(value)
    if isinstance(value, dict):
        return {key: _restored(part, (*path, key), notes) for key, part in value.items()}
    if isinstance(value, list):
        parts = [_restored(part, (*path, i), notes) for i, part in enumerate(value)]
        return tuple(parts) if what == "tuple" else parts
    return value
