"""Data frames: made from arrays, checked, mixed, and compared."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz import checks
from featviz.errors import MissingDependency, SpaceError
from featviz.search_spaces.tables.columns import Column
from featviz.text import shown, visible

__all__ = ["check_columns", "exchanged", "frame_of", "gower", "require_pandas"]


def require_pandas() -> None:
    """Say what to install where pandas is missing.

    Raises:
        MissingDependency: if it is.
    """
    try:
        import pandas  # noqa: F401, ICN001, PLC0415  slow to import and optional
    except ImportError:
        raise MissingDependency(
            "a TabularSpace needs pandas, which is not installed. Run: pip install 'featviz[tables]'"
        ) from None


def frame_of(arrays: Mapping[str, Any]) -> Any:
    """A data frame of arrays of n values each, which are not copied."""
    import pandas as pd  # noqa: PLC0415  slow to import

    index = pd.RangeIndex(len(next(iter(arrays.values()))))
    # Of a bare array of objects that are text pandas would make another type.
    whole = {name: pd.Series(a, index, object) if a.dtype == object else a for name, a in arrays.items()}
    return pd.DataFrame(whole, index, copy=False)


def check_columns(inputs: Any, searched: Mapping[str, Column], names: Sequence[str]) -> None:
    """Refuse what is no frame, lacks a column that is searched, or has one that the space does not have.

    Raises:
        SpaceError: in these cases.
    """
    if not hasattr(inputs, "columns") or not hasattr(inputs, "iloc"):
        raise SpaceError(f"expected a pandas DataFrame, but it is a {type(inputs).__name__}.")
    for name in searched:
        if name not in inputs.columns:
            raise SpaceError(f"the rows lack the column {visible(name, 60)!r}.")
    known = set(names)
    for name in inputs.columns:
        if name not in known:
            raise SpaceError(
                f"the rows have a column {shown(name)}, which this space does not have. Leave it out."
                f"{checks.did_you_mean(name, names)}"
            )


def exchanged(row: Any, other: Any, names: Sequence[str], *, units: Sequence[str], masks: NDArray[np.bool_]) -> Any:
    """Copies of a frame of one row, m of them, in which the columns whose mask is False come from other rows.

    Args:
        row: a frame of one row.
        other: a frame of m rows, or of one.
        names: of all columns.
        units: the names of k columns.
        masks: bool of shape (m, k).

    Raises:
        SpaceError: if there are neither m other rows nor one.
    """
    import pandas as pd  # noqa: PLC0415  slow to import

    m = len(masks)
    if len(other) not in {1, m}:
        raise SpaceError(f"expected {m} rows to fill in, or one, but {len(other)} came.")
    both = pd.concat([row[list(names)], other[list(names)]], ignore_index=True)
    sources = 1 + (np.arange(m) if len(other) == m else np.zeros(m, dtype=np.intp))
    place = {name: i for i, name in enumerate(units)}
    taken = {}
    for name in names:
        source = np.where(masks[:, place[name]], 0, sources) if name in place else np.zeros(m, dtype=np.intp)
        column = both[name]
        # The extension array of a column of objects is taken for text by ``frame_of``.
        taken[name] = column.to_numpy()[source] if column.dtype == object else column.array.take(source)
    return frame_of(taken)


def gower(columns: Mapping[str, Column], a: Any, b: Any) -> NDArray[np.float64]:
    """Gower's distances between the rows of two frames, shape (n, m): the mean over the columns.

    Gower 1971, "A general coefficient of similarity and some of its properties". Where one of two values is missing
    they are 1 apart, where both are 0.
    """
    total = np.zeros((len(a), len(b)))
    for name, column in columns.items():
        first, second = column.scale(a[name])[:, None], column.scale(b[name])[None, :]
        if column.kind in {"nominal", "boolean"}:
            apart = (first != second).astype(np.float64)
        else:
            low, high = column.range
            apart = np.minimum(np.abs(first - second) / ((high - low) or 1.0), 1.0)
        gaps = np.isnan(first), np.isnan(second)
        total += np.where(gaps[0] | gaps[1], (gaps[0] != gaps[1]).astype(np.float64), apart)
    return total / len(columns)
