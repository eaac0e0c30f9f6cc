"""The columns that a data frame has: their types, ranges and distributions, and how they depend on each other."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz import checks
from featviz.errors import InvalidArgument, SpaceError, WrongType
from featviz.search_spaces.choices import Choice
from featviz.search_spaces.tables.columns import Column
from featviz.search_spaces.tables.correlations import fitted_correlation, order_of_options, ranks_of
from featviz.search_spaces.tables.dates import STEPS, Date, as_date
from featviz.search_spaces.tables.dtypes import family_of, one_value
from featviz.search_spaces.tables.levels import Boolean, Ordered
from featviz.search_spaces.tables.narrowing import one_sided
from featviz.search_spaces.tables.quantiles import Quantiles
from featviz.search_spaces.tables.reference import row_scale
from featviz.search_spaces.tables.wrapped import Nullable, Rounded
from featviz.text import first_line, shown, visible

__all__ = ["Schema", "check_names", "inferred", "schema_of"]

# Up to so many distinct numbers, each twice or more on average, are levels.
_MOST_LEVELS = 10
# Decimals up to which rounding is looked for.
_MOST_DECIMALS = 6
# Every whole number up to here is a float64.
_LARGEST = 2**53
# Rows from which correlations are fitted: with as many they are exact to .01 and soon computed.
_MOST_ROWS = 20_000


@dataclass(frozen=True, eq=False)
class Schema:
    """What a data frame says of a space.

    Args:
        names: of all columns, in their order.
        columns: that are searched.
        frozen: the values of the others.
        dtypes: the types of all columns.
        correlation: of the genes, as the copula takes it; None for a single gene.
    """

    names: tuple[str, ...]
    columns: dict[str, Column]
    frozen: dict[str, Any]
    dtypes: dict[str, Any]
    correlation: NDArray[np.float64] | None


def schema_of(
    df: Any,
    *,
    frozen: Mapping[str, Any],
    ranges: Mapping[str, Any],
    row: Mapping[str, Any] | None,
    monotone: Mapping[str, str],
    most_options: int,
) -> Schema:
    """The schema of ``df``.

    Args:
        df: a pandas DataFrame.
        frozen: columns with one value throughout.
        ranges: the lowest and highest of some columns.
        row: the reference, if any.
        monotone: the directions of some columns.
        most_options: with more distinct values a column of text is refused.

    Raises:
        InvalidArgument, WrongType: for what cannot be searched; the message says what to do.
    """
    names = check_names(df.columns)
    for what, given in (("frozen", frozen), ("ranges", ranges), ("monotone", monotone)):
        checks.option_names(what, given, names)
    if not len(df):
        raise InvalidArgument("the data frame has no rows: there is nothing to learn from.")
    data = df[[name for name in names if name not in frozen]]
    if row is not None:
        data = _with_reference(data, row)
    found = {name: inferred(data[name], ranges.get(name), most_options) for name in data.columns}
    fixed = dict(frozen) | {name: one for name, one in found.items() if not isinstance(one, Column)}
    columns = {name: column for name, column in found.items() if isinstance(column, Column)}
    if not columns:
        few = "its one row says nothing of how they vary" if len(df) == 1 else "each has one value in all rows"
        raise InvalidArgument(
            f"no column can be searched: {few}. Say what may change, such as ranges={{'age': (18, 90)}}."
        )
    columns = _in_best_order(columns, data)
    genes, correlation = _correlation_of(columns, data)
    columns, more = narrowed(columns, monotone, row)
    if more and correlation is not None:
        kept = [place for place, name in enumerate(genes) if name not in more]
        correlation = correlation[np.ix_(kept, kept)] if len(kept) > 1 else None
    return Schema(names, columns, fixed | more, {name: df[name].dtype for name in names}, correlation)


def narrowed(
    columns: Mapping[str, Column], monotone: Mapping[str, str], row: Mapping[str, Any] | None
) -> tuple[dict[str, Column], dict[str, Any]]:
    """The columns of which some may only rise or fall from a row, and the values of those that have no room to."""
    if monotone and row is None:
        raise InvalidArgument("monotone directions start from a row: give reference= as well.")
    found, fixed = dict(columns), {}
    for name, direction in monotone.items():
        if row is None or name not in columns:  # frozen
            continue
        narrower = one_sided(columns[name], row_scale(columns[name], row), direction)
        if narrower is None:
            fixed[name] = row[name]
            del found[name]
        else:
            found[name] = narrower
    return found, fixed


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
            f"column {label!r} has no value in any row. Leave it out, or freeze it at a value: "
            f"frozen={{{label!r}: ...}}."
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


def _in_best_order(columns: Mapping[str, Column], df: Any) -> dict[str, Column]:
    """The same columns, the options of those without an order sorted so that they go best with the others."""
    data = _sampled(df)
    ordered = [
        ranks_of(codes)
        for name, column in columns.items()
        if column.kind != "nominal" and _varies(codes := _codes(column, data[name]))
    ]
    found = {}
    for name, column in columns.items():
        if column.kind != "nominal":
            found[name] = column
            continue
        order = order_of_options(column.scale(data[name]), len(column.options), ordered)
        options = [column.options[place] for place in order]
        best = Choice(options, [column.base.probabilities[place] for place in order])
        found[name] = Column(
            name, Nullable(best, column.variable.probability) if column.is_nullable else best, column.dtype
        )
    return found


def _correlation_of(columns: Mapping[str, Column], df: Any) -> tuple[list[str], NDArray[np.float64] | None]:
    """Of each gene, real ones first, its column; and their correlations, that fit the ranks of ``df``."""
    data = _sampled(df)
    real: list[tuple[str, NDArray[np.float64]]] = []
    categorical: list[tuple[str, NDArray[np.float64]]] = []
    for name, column in columns.items():
        codes = _codes(column, data[name])
        if column.base_latent is not None:
            (real if column.base_latent.real else categorical).append((name, codes))
        if column.is_nullable:
            categorical.append((name, np.isnan(codes).astype(np.float64)))
    names, genes = [name for name, _ in real + categorical], [codes for _, codes in real + categorical]
    varied = [place for place, codes in enumerate(genes) if _varies(codes)]
    if len(genes) < 2:
        return names, None
    whole = np.eye(len(genes))
    if len(varied) > 1:
        whole[np.ix_(varied, varied)] = fitted_correlation([ranks_of(genes[place]) for place in varied])
    return names, whole


def _codes(column: Column, series: Any) -> NDArray[np.float64]:
    """Numbers in the order of a column's values, also of those outside a range that was given."""
    if column.kind in {"number", "ordered"} and series.dtype.kind in "iuf":
        return np.asarray(series.to_numpy(dtype=np.float64, na_value=np.nan))
    return column.scale(series)


def _with_reference(data: Any, row: Mapping[str, Any]) -> Any:
    """The data, and the reference as one more row of them where it is not among them."""
    import pandas as pd  # noqa: PLC0415  slow to import

    known = np.ones(len(data), dtype=np.bool_)
    added = {}
    for name in data.columns:
        value = row.get(name)
        missing = bool(pd.isna(value))
        same = data[name].isna() if missing else data[name] == value
        known &= same.to_numpy(dtype=bool, na_value=False)
        try:
            added[name] = one_value(value, data[name].dtype)
        except (TypeError, ValueError, OverflowError) as error:
            raise SpaceError(
                f"the reference cannot have {shown(value)} in column {visible(name, 60)!r}: {first_line(error)}"
            ) from error
    return data if known.any() else pd.concat([data, pd.DataFrame(added)], ignore_index=True)


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
                f"column {label!r} holds objects of the types {', '.join(visible(k, 30) for k in kinds)}. Make it one "
                "type first, such as with df.infer_objects(), pd.to_numeric, pd.to_datetime or astype(str)."
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
        raise InvalidArgument(f"column {label!r} holds whole numbers above 2**53: leave it out or freeze it.")
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
        ends = zip(_pair(label, limits), (first, last), strict=True)
        what = f"the range of column {label!r}"
        first, last = (known if end is None else as_date(what, end) for end, known in ends)
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
