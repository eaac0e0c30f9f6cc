"""The row from which a search departs, and what differs from it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz import checks
from featviz.errors import InvalidArgument, SpaceError, WrongType
from featviz.search_spaces.tables.columns import Column, value_text
from featviz.search_spaces.tables.dates import as_date
from featviz.text import shown, visible

__all__ = [
    "as_mapping",
    "check_reference",
    "differences",
    "in_order",
    "reference_and_frozen",
    "row_scale",
    "row_values",
]

# What rounding does to numbers on their way through the genes, as a part of the column's range.
_ROUNDING = 1e-9


def as_mapping(given: Any, names: Sequence[str], what: str = "the reference") -> dict[str, Any]:
    """One row, given as a dict, a Series or a frame of one row, as a dict of the columns ``names`` that it has.

    Raises:
        WrongType, SpaceError: if it is anything else, or has other columns.
    """
    if hasattr(given, "iloc") and hasattr(given, "columns"):
        if len(given) != 1:
            raise SpaceError(f"{what} must be one row, but it has {len(given):,}: such as df.iloc[[0]].")
        found = {name: given[name].iloc[0] for name in given.columns}
    elif isinstance(given, Mapping):
        found = dict(given)
    elif hasattr(given, "iloc"):
        found = dict(zip(given.index, given.tolist(), strict=True))
    else:
        raise WrongType(f"{what} must be a dict, a Series or a frame of one row, but it is {shown(given)}.")
    for name in found:
        if name not in names:
            raise SpaceError(
                f"{what} has a column {visible(name, 60)!r}, which the space does not have."
                f"{checks.did_you_mean(name, names)}"
            )
    return found


def check_whole(row: Mapping[str, Any] | None, names: Iterable[str], frozen: Any) -> None:
    """Refuse a reference that leaves out columns, which would count as missing values."""
    kept = frozen if isinstance(frozen, Mapping) else ()
    left_out = [name for name in names if row is not None and name not in row and name not in kept]
    if left_out:
        listed = ", ".join(visible(name, 60) for name in left_out[:10])
        raise SpaceError(f"the reference has no value for {listed}: give the whole row, such as df.iloc[[0]].")


def reference_and_frozen(
    reference: Any, frozen: Any, columns: Mapping[str, Any]
) -> tuple[dict[str, Any] | None, dict[str, Any]]:
    """The reference as a dict, and the values of the frozen columns, of which a list of names takes the reference's.

    Raises:
        InvalidArgument, WrongType, SpaceError: if they make no sense.
    """
    names = [*columns, *(frozen if isinstance(frozen, Mapping) else ())]
    row = None if reference is None else as_mapping(reference, names)
    if frozen is None:
        return row, {}
    if isinstance(frozen, Mapping):
        return row, dict(frozen)
    found = {}
    for name in checks.unique_names("frozen", frozen) if len(frozen) else ():
        if name not in columns:
            raise InvalidArgument(f"{visible(name, 60)!r} is no column.{checks.did_you_mean(name, columns)}")
        if row is None or name not in row:
            raise InvalidArgument(f"column {visible(name, 60)!r} has no value to freeze it at: frozen={{name: value}}.")
        found[name] = row[name]
    return row, found


def in_order(order: Sequence[str] | None, names: tuple[str, ...]) -> tuple[str, ...]:
    """``names`` in the given order, or as they are."""
    if order is None:
        return names
    if sorted(map(str, order)) != sorted(names):
        raise InvalidArgument("order must hold the name of every column, each once.")
    return tuple(order)


def row_values(columns: Mapping[str, Column], row: Mapping[str, Any], what: str = "the reference") -> dict[str, Any]:
    """The values of a row as the variables take them, a batch of one; columns left out are missing where they may be.

    Raises:
        SpaceError: for a column that is not there, or a value that it cannot hold.
    """
    import pandas as pd  # noqa: PLC0415  slow to import

    found = {}
    for name, column in columns.items():
        value = row.get(name)
        if name not in row and not column.is_nullable:
            raise SpaceError(f"{what} lacks the column {visible(name, 60)!r}.")
        missing = pd.api.types.is_scalar(value) and pd.isna(value)
        if column.kind == "date" and not missing:
            series = pd.Series(np.array([as_date(f"column {visible(name, 60)!r} of {what}", value)]))
        elif column.kind == "date":
            series = pd.Series([None], dtype="datetime64[us]")
        else:
            series = pd.Series([value], dtype=object)
        found[name] = column.read(series)
    return found


def row_scale(column: Column, row: Mapping[str, Any]) -> float:
    """The value of a row in a column, as a number on the column's scale; NaN where missing."""
    return float(column.scale(_as_series(column, row_values({column.name: column}, row)[column.name]))[0])


def check_reference(columns: Mapping[str, Column], row: Mapping[str, Any], decoded: Any) -> None:
    """Refuse a reference that the space has no genes for.

    Args:
        columns: that are searched.
        row: the reference.
        decoded: a frame of one row, what its genes stand for.

    Raises:
        SpaceError: naming the first column that differs.
    """
    values = row_values(columns, row)
    for name, column in columns.items():
        made = _as_series(column, values[name])
        if _differs(column, made, decoded[name])[0]:
            low, high = column.range
            span = f", which holds {low:g} to {high:g}" if column.kind == "number" else ""
            raise SpaceError(
                f"the reference has {value_text(row[name])} in column {visible(name, 60)!r}{span}: this space comes no "
                f"nearer than {value_text(decoded[name].iloc[0])}. Widen its range (ranges=) or change the reference."
            )


def differences(columns: Mapping[str, Column], inputs: Any, reference: Any) -> NDArray[np.bool_]:
    """Which columns of n rows differ from the reference, a frame of one row; bool of shape (n, columns)."""
    found = [_differs(column, inputs[name], reference[name]) for name, column in columns.items()]
    return np.column_stack(found) if found else np.zeros((len(inputs), 0), dtype=np.bool_)


def _differs(column: Column, series: Any, other: Any) -> NDArray[np.bool_]:
    """Where a column's values differ from the one value in ``other``, by more than rounding does."""
    a, b = column.scale(series), column.scale(other)
    low, high = column.range
    tolerance = 0.5 if column.kind != "number" else _tolerance(column, low, high)
    apart = np.abs(a - b) > tolerance
    return np.asarray(apart | (np.isnan(a) != np.isnan(b)))


def _tolerance(column: Column, low: float, high: float) -> float:
    numpy_dtype = getattr(column.dtype, "numpy_dtype", column.dtype)
    coarse = np.finfo(numpy_dtype).eps if numpy_dtype.kind == "f" else 0.0
    return float(max(_ROUNDING * (high - low), 4 * coarse * max(abs(low), abs(high))))


def _as_series(column: Column, values: Any) -> Any:
    import pandas as pd  # noqa: PLC0415  slow to import

    return pd.Series(column.make(values))
