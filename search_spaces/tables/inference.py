"""The columns that a data frame has: their types, ranges and distributions, and how they depend on each other."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz import checks
from featviz.errors import InvalidArgument, WrongType
from featviz.search_spaces.choices import Choice
from featviz.search_spaces.tables.columns import Column
from featviz.search_spaces.tables.correlations import fitted_correlation, order_of_options, ranks_of
from featviz.search_spaces.tables.dates import STEPS, Date, as_date
from featviz.search_spaces.tables.dtypes import family_of
from featviz.search_spaces.tables.levels import Boolean, Ordered
from featviz.search_spaces.tables.quantiles import Quantiles
from featviz.search_spaces.tables.wrapped import Nullable, Rounded
from featviz.text import shown, visible

__all__ = ["check_names", "correlation_of", "in_best_order", "inferred"]

# Up to so many distinct numbers, each twice or more on average, are levels.
_MOST_LEVELS = 10
# Decimals up to which rounding is looked for.
_MOST_DECIMALS = 6
# Every whole number up to here is a float64.
_LARGEST = 2**53
# Rows from which correlations are fitted: with as many they are exact to .01 and soon computed.
_MOST_ROWS = 20_000


def check_names(names: Any) -> tuple[str, ...]:
    """The names of columns: text, distinct, and such as a file can hold.

    Raises:
        InvalidArgument, WrongType: if they are anything else.
    """
    found = list(names)
    wrong = next((name for name in found if not isinstance(name, str)), None)
    if wrong is not None or None in found:
        raise WrongType(
            f"the names of columns must be text, but one is {shown(wrong)}. Rename them: df.columns = "
            "df.columns.map(str)."
        )
    for name in found:
        if any("\ud800" <= char <= "\udfff" for char in name):
            raise InvalidArgument(f"the name {visible(name, 60)!r} holds half a character (a lone surrogate).")
    return checks.unique_names("the names of columns", found)


def inferred(series: Any, limits: Any = None, most_options: int = 1_000) -> Column | Any:
    """The column that ``series`` is, or the one value that it has throughout.

    Args:
        series: a pandas Series.
        limits: the lowest and highest of numbers or dates; by default those of the data.
        most_options: with more distinct values a column of text is refused.

    Raises:
        InvalidArgument, WrongType: for what cannot be searched; the message says what to do.
    """
    label = visible(series.name, 60)
    family = family_of(series.dtype)
    there = series[series.notna()]
    if not len(there):
        raise InvalidArgument(
            f"column {label!r} has no value in any row. Leave it out, or freeze it at a value: frozen={{{label!r}: ...}}."
        )
    if family is None:
        raise InvalidArgument(
            f"column {label!r} is of type {visible(series.dtype)}, which is not supported. Convert it with astype to "
            "numbers, bool, category, str or datetime64, or leave it out."
        )
    if family in {"object", "text", "category"}:
        if limits is not None:
            raise InvalidArgument(f"column {label!r} has no range: it holds {visible(series.dtype)}.")
        variable = _of_options(there, label, family, most_options)
    elif family == "date":
        variable = _of_dates(there, label, limits)
    elif series.dtype.kind == "b":
        share = float(there.to_numpy(dtype=bool).mean())
        variable = None if share in (0.0, 1.0) else Boolean(share)
    else:
        variable = _of_numbers(there, label, limits)
    missing = 1 - len(there) / len(series)
    if variable is None:
        if not missing:
            return there.iloc[0]
        variable = Ordered([there.iloc[0] if family == "category" else there.tolist()[0]])
    dtype = series.dtype
    return Column(series.name, Nullable(variable, missing) if missing else variable, dtype)


def in_best_order(columns: Mapping[str, Column], df: Any) -> dict[str, Column]:
    """The same columns, the options of those without an order sorted so that they go best with the others."""
    data = _sampled(df)
    ordered = [
        ranks_of(codes)
        for name, column in columns.items()
        if column.kind != "nominal" and _varies(codes := column.scale(data[name]))
    ]
    found = {}
    for name, column in columns.items():
        if column.kind != "nominal":
            found[name] = column
            continue
        order = order_of_options(column.scale(data[name]), len(column.options), ordered)
        options = [column.options[place] for place in order]
        best = Choice(options, [column.base.probabilities[place] for place in order])
        found[name] = Column(name, Nullable(best, column.variable.probability) if column.is_nullable else best, column.dtype)
    return found


def correlation_of(columns: Mapping[str, Column], df: Any) -> NDArray[np.float64] | None:
    """The correlations of the genes of ``columns`` that fit the ranks of ``df``: real genes first; None for one gene."""
    data = _sampled(df)
    real, categorical = [], []
    for name, column in columns.items():
        codes = column.scale(data[name])
        if column.base_latent is not None:
            (real if column.base_latent.real else categorical).append(codes)
        if column.is_nullable:
            categorical.append(np.isnan(codes).astype(np.float64))
    genes = [*real, *categorical]
    if len(genes) < 2:
        return None
    varied = [place for place, codes in enumerate(genes) if _varies(codes)]
    whole = np.eye(len(genes))
    if len(varied) > 1:
        whole[np.ix_(varied, varied)] = fitted_correlation([ranks_of(genes[place]) for place in varied])
    return whole


def _sampled(df: Any) -> Any:
    return df if len(df) <= _MOST_ROWS else df.iloc[np.linspace(0, len(df) - 1, _MOST_ROWS).astype(np.int64)]


def _varies(codes: NDArray[np.float64]) -> bool:
    there = codes[~np.isnan(codes)]
    return len(there) > 1 and there.min() < there.max()


def _of_options(there: Any, label: str, family: str, most: int) -> Any:
    if family == "object":
        kinds = sorted({type(value).__name__ for value in there})
        if kinds == ["bool"]:
            share = float(np.mean(there.to_numpy(dtype=bool)))
            return None if share in (0.0, 1.0) else Boolean(share)
        if kinds != ["str"]:
            raise WrongType(
                f"column {label!r} mixes or holds objects of the types {', '.join(visible(k, 30) for k in kinds)}. Make "
                "it one type first, such as with df.infer_objects(), pd.to_numeric or astype(str)."
            )
    counts = there.value_counts(sort=False)
    counts = counts[counts > 0]
    if family != "category" or not there.dtype.ordered:
        counts = counts.sort_index() if family != "category" else counts
    if len(counts) > most:
        raise InvalidArgument(
            f"column {label!r} has {len(counts):,} distinct values: it looks like names or free text. Leave it out, "
            f"freeze it, group rare values, or allow more with most_options={len(counts)}."
        )
    if len(counts) == 1:
        return None
    options, p = counts.index.tolist(), (counts / counts.sum()).to_numpy(dtype=np.float64).tolist()
    return Ordered(options, p) if family == "category" and there.dtype.ordered else Choice(options, p)


def _of_numbers(there: Any, label: str, limits: Any) -> Any:
    numbers = there.to_numpy(dtype=np.float64)
    if not np.isfinite(numbers).all():
        raise InvalidArgument(f"column {label!r} holds infinite numbers. Replace them, such as by NaN, or clip them.")
    if there.dtype.kind in "iu" and np.abs(numbers).max() > _LARGEST:
        raise InvalidArgument(f"column {label!r} holds whole numbers above 2**53: identifiers? Leave it out or freeze it.")
    low, high = _limits(label, limits, numbers.min(), numbers.max())
    distinct, counts = np.unique(numbers, return_counts=True)
    if low == high:
        return None
    within = (distinct >= low) & (distinct <= high)
    is_few = len(distinct) <= _MOST_LEVELS and len(numbers) >= 2 * len(distinct)
    if is_few and low >= distinct[0] and high <= distinct[-1] and within.sum() > 1:
        options = distinct[within].astype(np.int64) if there.dtype.kind in "iu" else distinct[within]
        return Ordered(options.tolist(), (counts[within] / counts[within].sum()).tolist())
    table = Quantiles.of(numbers, low, high)
    step = _step_of(there)
    return table if step is None else Rounded(table, step)


def _of_dates(there: Any, label: str, limits: Any) -> Any:
    if getattr(there.dtype, "tz", None) is not None:
        there = there.dt.tz_convert("UTC").dt.tz_localize(None)
    moments = there.to_numpy().astype("M8[us]")
    first, last = moments.min(), moments.max()
    if limits is not None:
        first, last = (as_date(f"the range of column {label!r}", end) for end in _pair(label, limits))
        if first > last:
            raise InvalidArgument(f"the range of column {label!r} begins after its end.")
    if first == last:
        return None
    steps = (name for name in STEPS if (moments.astype(f"M8[{name}]") == moments).all())
    step = next(steps, STEPS[-1])
    first, last = first.astype(f"M8[{step}]"), last.astype(f"M8[{step}]")
    if first == last:
        return None
    offsets = (moments.astype(f"M8[{step}]") - first).astype(np.int64)
    table = Quantiles.of(offsets, 0, int((last - first).astype(np.int64)))
    return Date(str(first), str(last), step, table.numbers, table.probabilities)


def _step_of(there: Any) -> float | None:
    """The power of ten that all numbers are multiples of, where there is one."""
    dtype = there.dtype if isinstance(there.dtype, np.dtype) else there.dtype.numpy_dtype
    numbers = there.to_numpy(dtype=dtype)
    if dtype.kind in "iu":
        return 1.0
    # 0.1 as a float32 is no multiple of 0.1 as a float64: compare in the column's own type.
    wide = numbers.astype(np.float64)
    for decimals in range(_MOST_DECIMALS + 1):
        if (np.round(wide, decimals).astype(dtype) == numbers).all():
            return float(10.0**-decimals)
    return None


def _limits(label: str, limits: Any, low: float, high: float) -> tuple[float, float]:
    if limits is None:
        return float(low), float(high)
    given = _pair(label, limits)
    first = float(low) if given[0] is None else checks.finite(f"the range of column {label!r}", given[0])
    last = float(high) if given[1] is None else checks.finite(f"the range of column {label!r}", given[1])
    if first > last:
        raise InvalidArgument(f"the range of column {label!r} must rise, but it goes from {first:g} to {last:g}.")
    return first, last


def _pair(label: str, limits: Any) -> tuple[Any, Any]:
    if isinstance(limits, str) or not isinstance(limits, list | tuple | np.ndarray) or len(limits) != 2:
        raise WrongType(f"the range of column {label!r} must be (lowest, highest), but it is {shown(limits)}.")
    return limits[0], limits[1]
