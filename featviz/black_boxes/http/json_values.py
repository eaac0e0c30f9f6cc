"""Batches as JSON holds them."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from featviz.batches import batch_length, described
from featviz.errors import BoxError

__all__ = ["frame_cells", "is_frame", "json_rows", "plain"]


def is_frame(batch: Any) -> bool:
    """Whether a batch is a data frame."""
    return hasattr(batch, "iloc") and hasattr(batch, "columns")


def frame_cells(frame: Any) -> list[list[Any]]:
    """The cells of a data frame, row by row; None where a value is missing, times as ISO texts."""
    columns = []
    for position in range(frame.shape[1]):
        column = frame.iloc[:, position]
        missing = column.isna()
        values = column.astype(object).where(~missing, None) if missing.any() else column
        columns.append([plain(value) for value in values.tolist()])
    return [list(row) for row in zip(*columns, strict=True)]


def plain(value: Any) -> Any:
    """``value`` in the types of JSON: arrays as lists, times as ISO texts.

    Raises:
        BoxError: for an object that JSON has no place for.
    """
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist()) if value.dtype.kind in "OMm" else value.tolist()
    if isinstance(value, Mapping):
        return {str(name): plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    if hasattr(value, "isoformat"):
        return value.isoformat()
    raise BoxError(
        f"an input holds a {type(value).__name__}, which JSON has no place for. Pass preprocess= a function that makes "
        "numbers, texts, lists or dicts of it."
    )


def json_rows(batch: Any) -> list[Any]:
    """The n inputs of a batch, each as JSON holds it: lists, texts, numbers; an object for a data frame or a dict."""
    if is_frame(batch):
        names = [str(name) for name in batch.columns]
        return [dict(zip(names, row, strict=True)) for row in frame_cells(batch)]
    if isinstance(batch, dict):
        parts = [json_rows(part) for part in batch.values()]
        return [dict(zip(map(str, batch), row, strict=True)) for row in zip(*parts, strict=True)]
    if isinstance(batch, tuple):
        return [list(row) for row in zip(*map(json_rows, batch), strict=True)]
    rows = plain(batch)
    if not isinstance(rows, list) or len(rows) != batch_length(batch):
        raise BoxError(f"a service is asked about {described(batch)}, which JSON has no place for.")
    return rows
