"""The inputs of a batch as values that JSON can hold, one at a time, for programs that read JSON.

What JSON has no word for: a missing value (NaN, None, NaT) becomes ``null``; dates and times become ISO 8601 text; the
names of columns become text; tuples become lists. An infinite number has no form at all. Unlike
:mod:`featviz.formats.json_text` this is a way out only: nobody reads it back into equal inputs.
"""

import base64
import datetime as dt
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.text import visible

__all__ = ["ARRAYS", "json_rows"]

ARRAYS = ("lists", "base64")
_DEEPEST = 50


def json_rows(batch: Any, arrays: str = "lists") -> Callable[[int], Any]:
    """A function from a row of ``batch`` to its input as JSON values.

    An array becomes nested lists, a text a string, a row of a data frame an object by column, a dict an object and a
    tuple a list of its parts.

    Args:
        batch: n inputs.
        arrays: "lists"; or "base64", where an array becomes ``{"dtype": "<f4", "shape": [..], "base64": ".."}``, little
            endian and in C order. Measured for a picture of 128 x 64 in float32: 175 kB and 7.5 ms as lists, 44 kB and
            0.1 ms as base64.

    Returns:
        The function. It raises TypeError for an input that JSON cannot hold; that an infinite number is in it shows
        when it is written with ``allow_nan=False``.
    """
    if isinstance(batch, dict):
        parts = {str(name): json_rows(part, arrays) for name, part in batch.items()}
        return lambda row: {name: part(row) for name, part in parts.items()}
    if isinstance(batch, tuple):
        items = [json_rows(part, arrays) for part in batch]
        return lambda row: [item(row) for item in items]
    if hasattr(batch, "iloc") and hasattr(batch, "columns"):
        names = [str(name) for name in batch.columns]
        cells = [_column(batch.iloc[:, position]) for position in range(len(names))]
        return lambda row: {name: column[row] for name, column in zip(names, cells, strict=True)}
    packed = arrays == "base64"
    return lambda row: _value(batch[row], packed)


def _column(column: Any) -> list[Any]:
    missing = column.isna().tolist()
    return [None if gone else _value(value, False) for value, gone in zip(column.tolist(), missing, strict=True)]


def _value(value: Any, packed: bool, depth: int = 0) -> Any:
    if depth > _DEEPEST:
        raise TypeError("the input is nested too deeply to be written as JSON")
    if isinstance(value, np.ndarray):
        return _array(value, packed)
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return None if math.isnan(value) else value
    if isinstance(value, dict):
        return {str(key): _value(part, packed, depth + 1) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_value(part, packed, depth + 1) for part in value]
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    raise TypeError(f"a {visible(type(value).__name__)} cannot be written as JSON")


def _array(array: NDArray[Any], packed: bool) -> Any:
    kind = array.dtype.kind
    if kind in "OU":
        return _value(array.tolist(), packed)
    if kind not in "biuf":
        raise TypeError(f"an array of {array.dtype} cannot be written as JSON")
    if packed:
        little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).reshape(array.shape)
        content = base64.b64encode(little.tobytes()).decode("ascii")
        return {"dtype": little.dtype.str, "shape": list(array.shape), "base64": content}
    if kind == "f" and (gone := np.isnan(array)).any():
        loose = array.astype(object)
        loose[gone] = None
        return loose.tolist()
    return array.tolist()
