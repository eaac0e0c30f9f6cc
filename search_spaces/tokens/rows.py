"""Rows of ids of different lengths, side by side in one array."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.errors import SpaceError
from featviz.text import shown

__all__ = ["NOTHING", "UNKNOWN", "beside", "ids_of", "without_padding"]

Int64 = NDArray[np.int64]

# What stands behind the end of a row, and for text that is no token.
NOTHING, UNKNOWN = -2, -1


def beside(rows: Sequence[Int64], width: int) -> tuple[Int64, Int64]:
    """The rows, behind their ends NOTHING, of shape (n, at least width), and their lengths."""
    lengths = np.array([len(row) for row in rows], dtype=np.int64)
    found = np.full((len(rows), max(width, int(lengths.max(initial=0)))), NOTHING)
    if len(rows):
        found[np.arange(found.shape[1]) < lengths[:, None]] = np.concatenate(rows)
    return found, lengths


def ids_of(inputs: Any, width: int, count: int) -> tuple[Int64, Int64]:
    """Rows of ids as :func:`beside` gives them; an array of shape (n, k), or any rows.

    Raises:
        SpaceError: if they are no whole numbers from -1 to ``count`` - 1.
    """
    try:
        if isinstance(inputs, np.ndarray) and inputs.ndim == 2 and inputs.shape[1] >= width:
            rows, lengths = inputs.copy(), np.full(len(inputs), inputs.shape[1])
        else:
            rows, lengths = beside([_whole_numbers(row) for row in inputs], width)
    except (TypeError, ValueError):
        raise SpaceError(f"expected texts or rows of ids, but got {shown(inputs[0])}.") from None
    known = (rows >= UNKNOWN) & (rows < count)
    if rows.dtype.kind not in "iu" or (known.sum(axis=1) != lengths).any():
        raise SpaceError(f"expected rows of ids from 0 to {count - 1:,}.")
    return rows.astype(np.int64, copy=False), lengths


def without_padding(rows: Int64, pad: int) -> tuple[Int64, Int64]:
    """The rows with NOTHING in place of padding at their ends, and their lengths without it."""
    given = (rows != pad) & (rows != NOTHING)
    # The first from behind that is given; in front of all stands one that always is.
    backwards = np.hstack([given[:, ::-1], np.ones((len(given), 1), dtype=np.bool_)])
    lengths = given.shape[1] - np.argmax(backwards, axis=1)
    return np.where(np.arange(rows.shape[1]) < lengths[:, None], rows, NOTHING), lengths


def _whole_numbers(row: Any) -> Int64:
    ids = np.asarray(row)
    if ids.ndim != 1 or (len(ids) and ids.dtype.kind not in "iu"):
        raise TypeError("not a row of ids")
    return ids.astype(np.int64)
