"""Columns that may only rise, or only fall, from the value of a reference row."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from featviz import checks
from featviz.errors import InvalidArgument
from featviz.search_spaces.quantities import Integer, LogUniform, Uniform, quantile_of
from featviz.search_spaces.tables.columns import Column
from featviz.search_spaces.tables.dates import Date
from featviz.search_spaces.tables.levels import Ordered
from featviz.search_spaces.tables.quantiles import Quantiles
from featviz.search_spaces.tables.wrapped import Nullable, Rounded
from featviz.text import visible

__all__ = ["DIRECTIONS", "one_sided"]

DIRECTIONS = ("increasing", "decreasing")
# The part of the prior that stays at the reference's value itself.
_UNCHANGED = 0.1


def one_sided(column: Column, value: Any, direction: str) -> Column | None:
    """The column with only the values from ``value`` on, upwards or downwards; None where there is only that one.

    Args:
        column: of numbers, dates or ordered options.
        value: the reference's, on the scale of ``Column.scale``.
        direction: "increasing" or "decreasing".

    Raises:
        InvalidArgument: if the column has no order or the value is missing.
    """
    label = visible(column.name, 60)
    direction = checks.one_of(f"the direction of column {label!r}", direction, DIRECTIONS)
    if np.isnan(value):
        raise InvalidArgument(f"column {label!r} cannot be {direction}: it is missing in the reference.")
    narrow = _WAYS.get(type(column.base))
    if narrow is None:
        raise InvalidArgument(
            f"column {label!r} cannot be {direction}: only numbers in a range, dates and ordered categories can."
        )
    low, high = column.range
    up = direction == "increasing"
    low, high = (min(max(value, low), high), high) if up else (low, max(min(value, high), low))
    if low == high:
        return None
    found = narrow(column.base, low, high, up)
    if column.is_nullable:
        found = Nullable(found, column.variable.probability)
    return Column(column.name, found, column.dtype)


def _ends(variable: Any, low: float, high: float, up: bool) -> Any:  # noqa: ARG001  one signature for all ways
    return replace(variable, low=low, high=high)


def _whole(variable: Integer, low: float, high: float, up: bool) -> Any:  # noqa: ARG001  one signature for all ways
    return replace(variable, low=int(low), high=int(high))


def _options(variable: Ordered, low: float, high: float, up: bool) -> Any:  # noqa: ARG001  one signature for all ways
    kept = slice(int(low), int(high) + 1)
    p = np.diff(variable.cumulated, prepend=0.0)[kept]
    return Ordered(variable.options[kept], (p / p.sum()).tolist())


def _table(variable: Quantiles, low: float, high: float, up: bool) -> Any:
    at, below = np.array(variable.numbers), variable.below
    first, last = quantile_of(variable.genes(np.array([low, high])).real[:, 0])
    inside = (at > low) & (at < high) & (below > first) & (below < last)
    at = np.concatenate([[low], at[inside], [high]])
    below = np.concatenate([[0.0], (below[inside] - first) / max(last - first, 1e-12), [1.0]])
    below = (1 - _UNCHANGED) * below + (_UNCHANGED if up else 0.0)
    kept = np.concatenate([[True], np.diff(below) > 0])
    return Quantiles(at[kept].tolist(), below[kept].tolist())


def _rounded(variable: Rounded, low: float, high: float, up: bool) -> Any:
    return Rounded(_WAYS[type(variable.variable)](variable.variable, low, high, up), variable.step)


def _dates(variable: Date, low: float, high: float, up: bool) -> Any:
    unit = f"M8[{variable.step}]"
    first, last, origin = (np.datetime64(int(t), "us").astype(unit) for t in (low, high, _microseconds(variable.low)))
    if variable.offsets is None:
        return Date(str(first), str(last), variable.step)
    before = int((first - origin).astype(np.int64))
    after = int((last - origin).astype(np.int64))
    table = _table(Quantiles(variable.offsets, variable.probabilities), before, after, up)
    return Date(str(first), str(last), variable.step, [at - before for at in table.numbers], table.probabilities)


def _microseconds(date: str) -> int:
    return int(np.datetime64(date, "us").astype(np.int64))


_WAYS: dict[type, Callable[[Any, float, float, bool], Any]] = {
    Uniform: _ends,
    LogUniform: _ends,
    Integer: _whole,
    Ordered: _options,
    Quantiles: _table,
    Rounded: _rounded,
    Date: _dates,
}
