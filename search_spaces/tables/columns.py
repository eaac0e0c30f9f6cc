"""A column: its variable, and how values become a column of a data frame and back."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz import checks
from featviz.errors import InvalidArgument, SpaceError, WrongType
from featviz.latent import LatentDescription, Latents
from featviz.search_spaces.choices import Choice
from featviz.search_spaces.quantities import Integer
from featviz.search_spaces.tables.dates import Date
from featviz.search_spaces.tables.dtypes import dtype_from, family_of
from featviz.search_spaces.tables.levels import Boolean, Ordered
from featviz.search_spaces.tables.quantiles import Quantiles
from featviz.search_spaces.tables.wrapped import Nullable, Rounded
from featviz.search_spaces.variables import Variable
from featviz.text import shown, visible

__all__ = ["Column", "value_text"]

# Genes of a number without bounds of its own at which its range is taken to end, for distances.
_FAR = 4.0


@dataclass(frozen=True, eq=False)
class Column:
    """A column that is searched.

    Args:
        name: of the column.
        variable: of its values, possibly ``Nullable``.
        dtype: what pandas or numpy call the type of its values; by default what suits the variable.
    """

    name: str
    variable: Any
    dtype: Any = None

    def __post_init__(self) -> None:
        label = visible(self.name, 60)
        if not isinstance(self.variable, Variable):
            raise WrongType(
                f"column {label!r} must be a variable, such as fv.Real(), but it is {shown(self.variable)}."
            )
        dtype = dtype_from(self.dtype, self.base, self.is_nullable)
        object.__setattr__(self, "dtype", dtype)
        genes = self.base_latent
        if genes is not None and (genes.genes != 1 or genes.records):
            raise InvalidArgument(f"column {label!r} must hold one value a row: leave its shape out.")
        if self.kind == "number" and family_of(dtype) not in {"float", "integer", "masked"}:
            raise InvalidArgument(f"column {label!r} holds numbers, which cannot be of type {dtype}.")
        if self.kind == "number" and not _holds(dtype, *self.range):
            low, high = self.range
            raise InvalidArgument(
                f"column {label!r} has numbers from {low:g} to {high:g}, which {dtype} cannot hold. Use a larger type."
            )
        if self.is_nullable and family_of(dtype) in {"integer", "boolean"}:
            raise InvalidArgument(
                f"column {label!r} may be missing, which {dtype} cannot hold. Use 'Int64', 'boolean' or 'float64'."
            )
        try:
            # An empty batch shows whether the values fit the type.
            made = self.make(self.variable.values(_no_rows(self.variable.latent)))
        except (TypeError, ValueError) as error:
            raise InvalidArgument(f"column {label!r}: its values cannot be of type {dtype}: {error}") from error
        if made.dtype != dtype:
            raise InvalidArgument(f"column {label!r}: its values cannot be of type {dtype}.")

    @cached_property
    def is_nullable(self) -> bool:
        """Whether values may be missing."""
        return isinstance(self.variable, Nullable)

    @cached_property
    def base(self) -> Any:
        """The variable of the values that are there."""
        return self.variable.variable if isinstance(self.variable, Nullable) else self.variable

    @property
    def base_latent(self) -> LatentDescription | None:
        """The genes of the values that are there; None where there is only one value."""
        is_constant = isinstance(self.variable, Nullable) and self.variable.is_constant
        return None if is_constant else self.base.latent

    @cached_property
    def kind(self) -> str:
        """One of "nominal", "ordered", "boolean", "date" and "number"."""
        kinds = ((Choice, "nominal"), (Ordered, "ordered"), (Boolean, "boolean"), (Date, "date"))
        return next((kind for cls, kind in kinds if isinstance(self.base, cls)), "number")

    @cached_property
    def range(self) -> tuple[float, float]:
        """The lowest and highest number on the scale of :meth:`scale`."""
        base = self.base
        if self.kind in {"nominal", "ordered", "boolean"}:
            return 0.0, float(len(self.options) - 1)
        if self.kind == "date":
            ends = np.array([base.low, base.high], dtype="M8[us]").astype(np.float64)
            return float(ends[0]), float(ends[1])
        if isinstance(base, Integer | Quantiles | Rounded) or hasattr(base, "low"):
            return float(base.low), float(base.high)
        low, high = np.asarray(base.values(Latents.of_real(np.array([[-_FAR], [_FAR]]))), dtype=np.float64)
        return float(low), float(high)

    def make(self, values: Any) -> Any:
        """An array of n values that a data frame holds as it is, of the column's type."""
        missing = values.mask if self.is_nullable else None
        data = values.data if self.is_nullable else values
        if self.kind in {"nominal", "ordered"}:
            return self._taken(data, missing)
        if self.kind == "boolean":
            return self._taken(data.astype(np.int64), missing)
        if self.kind == "date":
            return self._dates(data, missing)
        return self._numbers(np.asarray(data), missing)

    def read(self, series: Any) -> Any:
        """The values of a column of a frame, as the variable takes them.

        Raises:
            SpaceError: for what the column cannot hold.
        """
        missing = series.isna().to_numpy(dtype=bool)
        if missing.any() and not self.is_nullable:
            raise SpaceError(
                f"column {visible(self.name, 60)!r} has missing values, which it cannot have in this space. Fill them, "
                "or make it fv.Nullable."
            )
        if self.kind in {"nominal", "ordered", "boolean"}:
            values: NDArray[Any] = self._places(series, missing)
            if self.kind == "boolean":
                values = values == 1
        else:
            values = self.scale(series)
            if self.kind == "date":
                values = np.where(np.isnan(values), self.range[0], values).astype(np.int64).astype("M8[us]")
            else:
                values = np.where(missing, self.range[0], values)
        return np.ma.MaskedArray(values, mask=missing) if self.is_nullable else values

    def scale(self, series: Any) -> NDArray[np.float64]:
        """The values of a column of a frame as numbers on a scale: NaN where missing.

        Dates are microseconds since 1970, options and truth values their places.

        Raises:
            SpaceError: for what the column cannot hold.
        """
        missing = series.isna().to_numpy(dtype=bool)
        if self.kind in {"nominal", "ordered", "boolean"}:
            return np.where(missing, np.nan, self._places(series, missing))
        try:
            if self.kind == "date":
                return _microseconds(series)
            return np.asarray(series.to_numpy(dtype=np.float64, na_value=np.nan))
        except (TypeError, ValueError, AttributeError):
            expected = "dates" if self.kind == "date" else "numbers"
            raise SpaceError(
                f"column {visible(self.name, 60)!r} must hold {expected}, but it is of type {visible(series.dtype)}."
            ) from None

    @cached_property
    def options(self) -> tuple[Any, ...]:
        """The options of a column that has any, in the order of their places."""
        if self.kind == "boolean":
            return (False, True)
        options = self.base.options
        return tuple(range(options)) if isinstance(options, int) else tuple(options)

    @cached_property
    def _table(self) -> Any:
        """The options as an array of the column's type."""
        import pandas as pd  # noqa: PLC0415  slow to import

        if family_of(self.dtype) == "category":
            return pd.Categorical(list(self.options), dtype=self.dtype)
        if family_of(self.dtype) == "object":
            table = np.empty(len(self.options), dtype=object)
            table[:] = self.options
            return table
        found = pd.array(list(self.options), dtype=self.dtype)
        return found.to_numpy() if isinstance(self.dtype, np.dtype) else found

    @cached_property
    def _index(self) -> Any:
        import pandas as pd  # noqa: PLC0415  slow to import

        if all(isinstance(option, int | float) for option in self.options):
            return pd.Index(np.array(self.options, dtype=np.float64))
        return pd.Index(list(self.options), dtype=object)

    def _places(self, series: Any, missing: NDArray[np.bool_]) -> NDArray[np.int64]:
        if self._index.dtype == object:
            given = series.astype(object)
        else:
            try:
                given = series.to_numpy(dtype=np.float64, na_value=np.nan)
            except (TypeError, ValueError):
                given = series.astype(object)
        places = np.array(self._index.get_indexer(given), dtype=np.int64)
        places[missing] = 0
        if (places < 0).any():
            wrong = series.iloc[[int(np.argmax(places < 0))]].tolist()[0]
            known = [option for option in self.options if isinstance(option, str)]
            listed = ", ".join(shown(option) for option in self.options[:8])
            more = f", ... ({len(self.options):,} in all)" if len(self.options) > 8 else ""
            raise SpaceError(
                f"column {visible(self.name, 60)!r} cannot be {shown(wrong)}. It can be: {listed}{more}."
                f"{checks.did_you_mean(wrong, known)}"
            )
        return places

    def _taken(self, places: NDArray[np.int64], missing: NDArray[np.bool_] | None) -> Any:
        if missing is None:
            return self._table[places] if isinstance(self._table, np.ndarray) else self._table.take(places)
        places = np.where(missing, -1, places)
        if not isinstance(self._table, np.ndarray):
            return self._table.take(places, allow_fill=True)
        found = self._table[places]
        found[missing] = None if found.dtype == object else np.nan
        return found

    def _numbers(self, data: NDArray[Any], missing: NDArray[np.bool_] | None) -> Any:
        if isinstance(self.dtype, np.dtype):
            found = data.astype(self.dtype)
            if missing is not None:
                found[missing] = np.nan
            return found
        import pandas as pd  # noqa: PLC0415  slow to import

        gaps = np.zeros(len(data), dtype=bool) if missing is None else missing
        if family_of(self.dtype) == "masked":
            numbers = data.astype(self.dtype.numpy_dtype)
            kind = pd.arrays.FloatingArray if numbers.dtype.kind == "f" else pd.arrays.IntegerArray
            return kind(numbers, gaps)
        raise InvalidArgument(f"numbers cannot be of type {self.dtype}.")

    def _dates(self, data: NDArray[Any], missing: NDArray[np.bool_] | None) -> Any:
        dates = data if missing is None else np.where(missing, np.datetime64("NaT"), data)
        if isinstance(self.dtype, np.dtype):
            return dates.astype(self.dtype)
        import pandas as pd  # noqa: PLC0415  slow to import

        moments = pd.DatetimeIndex(dates.astype(f"M8[{self.dtype.unit}]"))
        return moments.tz_localize("UTC").tz_convert(self.dtype.tz).array


def _holds(dtype: Any, low: float, high: float) -> bool:
    """Whether numbers from ``low`` to ``high`` are themselves in ``dtype``: beyond its ends they would wrap."""
    kind = getattr(dtype, "numpy_dtype", dtype)
    if kind.kind == "f":
        end = float(np.finfo(kind).max)
        return -end <= low and high <= end
    if kind.kind not in "iu":
        return True
    ends = np.iinfo(kind)
    # Whole numbers near the ends of the widest types are no floats, and nothing larger can come.
    return ends.min - 1 < low and (high < ends.max + 1 or kind.itemsize == 8)


def value_text(value: Any) -> str:
    """One value of a frame for a reader: numbers in 6 significant digits, and large ones in 2 decimal places."""
    import pandas as pd  # noqa: PLC0415  slow to import

    if pd.api.types.is_scalar(value) and pd.isna(value):
        return "missing"
    if isinstance(value, float | np.floating):
        number = float(value)
        # Money and counts are read to the unit and the cent; in 6 digits two that differ may look the same.
        return f"{number:.2f}".rstrip("0").rstrip(".") if 1e4 <= abs(number) < 1e15 else f"{number:.6g}"
    if isinstance(value, pd.Timestamp):
        text = value.isoformat(sep=" ")
        return str(text.removesuffix(" 00:00:00"))
    return str(value)


def _microseconds(series: Any) -> NDArray[np.float64]:
    if getattr(series.dt, "tz", None) is not None:
        series = series.dt.tz_convert("UTC").dt.tz_localize(None)
    moments = series.to_numpy().astype("M8[us]")
    return np.where(np.isnat(moments), np.nan, moments.astype(np.int64).astype(np.float64))


def _no_rows(latent: LatentDescription) -> Latents:
    return Latents(np.empty((0, latent.real)), np.empty((0, len(latent.options)), dtype=np.int64))
