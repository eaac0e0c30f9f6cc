"""Batches of inputs of any type: an array, a data frame, a list, or a dict or tuple of such parts."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.errors import SpaceError
from featviz.text import shown, visible

__all__ = ["batch_length", "concatenate", "described", "stack", "take", "take_one", "unstack"]


def batch_length(batch: Any) -> int:
    """The number of inputs in ``batch``; the parts of a dict or tuple must agree."""
    if isinstance(batch, dict | tuple):
        parts = list(batch.values()) if isinstance(batch, dict) else list(batch)
        lengths = {batch_length(part) for part in parts}
        if len(lengths) != 1:
            raise SpaceError(f"the parts of a batch must have one length, but they have {sorted(lengths)}.")
        return lengths.pop()
    try:
        return len(batch)
    except TypeError:
        raise SpaceError(f"a batch must have a length, but it is a {type(batch).__name__}.") from None


def take(batch: Any, rows: slice | Sequence[int] | NDArray[Any]) -> Any:
    """The inputs of ``batch`` at ``rows`` (a slice, indices, or a mask), as a batch of the same type."""
    if isinstance(rows, tuple):  # which numpy and pandas would read as a row and a column
        rows = list(rows)
    if isinstance(batch, dict):
        return {name: take(part, rows) for name, part in batch.items()}
    if isinstance(batch, tuple):
        return tuple(take(part, rows) for part in batch)
    if hasattr(batch, "iloc"):  # a pandas or similar data frame; not imported for the check
        return batch.iloc[rows]
    if isinstance(batch, list):
        return batch[rows] if isinstance(rows, slice) else [batch[i] for i in np.arange(len(batch))[rows]]
    return batch[rows]


def take_one(inputs: Any, row: int) -> Any:
    """One input of a batch: a row of an array or list, the parts' rows of a dict or tuple, a frame of one row."""
    if isinstance(inputs, dict):
        return {name: take_one(part, row) for name, part in inputs.items()}
    if isinstance(inputs, tuple):
        return tuple(take_one(part, row) for part in inputs)
    return take(inputs, slice(row, row + 1)) if hasattr(inputs, "iloc") else inputs[row]


def concatenate(batches: Sequence[Any]) -> Any:
    """One batch from several of the same type."""
    first = batches[0]
    if isinstance(first, dict):
        return {name: concatenate([b[name] for b in batches]) for name in first}
    if isinstance(first, tuple):
        return tuple(concatenate(list(parts)) for parts in zip(*batches, strict=True))
    if isinstance(first, list):
        return [row for b in batches for row in b]
    if hasattr(first, "iloc"):
        import pandas as pd  # noqa: PLC0415  only a caller that has data frames has pandas

        return pd.concat(batches, ignore_index=True)
    return np.concatenate(batches)


def stack(inputs: Sequence[Any]) -> Any:
    """A batch of single inputs, as :func:`take_one` gives them: arrays and numbers become an array, text a list.

    Inputs of several kinds (dicts with other keys, arrays of other shapes) and empty ones become a list, so that
    :func:`unstack` gives back what was stacked.
    """
    first = inputs[0]
    if any(type(x) is not type(first) for x in inputs):
        return list(inputs)
    if isinstance(first, dict) and first and all(x.keys() == first.keys() for x in inputs):
        return {name: stack([x[name] for x in inputs]) for name in first}
    if isinstance(first, tuple) and first and all(len(x) == len(first) for x in inputs):
        return tuple(stack(list(parts)) for parts in zip(*inputs, strict=True))
    if hasattr(first, "iloc"):
        return concatenate(list(inputs))
    numeric = isinstance(first, np.ndarray | np.generic | int | float)
    return np.stack(inputs) if numeric and len({np.shape(x) for x in inputs}) == 1 else list(inputs)


def unstack(batch: Any) -> list[Any]:
    """The single inputs of a batch, as :func:`take_one` gives them, in a list."""
    if isinstance(batch, dict):
        parts = [unstack(part) for part in batch.values()]
        return [dict(zip(batch, row, strict=True)) for row in zip(*parts, strict=True)]
    if isinstance(batch, tuple):
        return list(zip(*map(unstack, batch), strict=True))
    if hasattr(batch, "iloc"):
        return [batch.iloc[row : row + 1] for row in range(len(batch))]
    return list(batch)


def described(batch: Any) -> str:
    """What a batch is, for a message: its type, its size, and of what is no array an example."""
    if isinstance(batch, np.ndarray):
        return f"an array of {batch.dtype} of shape {batch.shape}"
    if isinstance(batch, dict):
        return f"a dict with {', '.join(f'{visible(name, 40)!r}: {described(part)}' for name, part in batch.items())}"
    if isinstance(batch, tuple):
        return f"a tuple of {', '.join(map(described, batch))}"
    if hasattr(batch, "iloc") and hasattr(batch, "columns"):
        return (
            f"a data frame of {len(batch):,} rows with the columns {visible(', '.join(map(str, batch.columns)), 200)}"
        )
    if isinstance(batch, list) and batch:
        return f"a list of {len(batch):,} inputs, such as {shown(batch[0])}"
    return f"a {type(batch).__name__}"
