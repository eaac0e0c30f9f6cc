"""A column that has one value throughout."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz import checks
from featviz.errors import InvalidArgument
from featviz.search_spaces.tables.dtypes import family_of, one_value
from featviz.text import first_line, shown, visible

__all__ = ["Frozen"]


@dataclass(frozen=True, eq=False)
class Frozen:
    """A column that is not searched.

    Args:
        name: of the column.
        value: that every row has; None where it is missing.
        dtype: what pandas or numpy call the type of its values; by default what pandas gives to the value.
    """

    name: str
    value: Any
    dtype: Any = None

    def __post_init__(self) -> None:
        import pandas as pd  # noqa: PLC0415  slow to import

        label = visible(self.name, 60)
        if not pd.api.types.is_scalar(self.value):
            raise InvalidArgument(f"column {label!r} must be frozen at one value, but it is {shown(self.value)}.")
        dtype = self.dtype
        if isinstance(dtype, Mapping):
            checks.option_names("the type of a column", dtype, ("categories", "ordered"))
            dtype = pd.CategoricalDtype(dtype.get("categories"), dtype.get("ordered", False))
        try:
            made = one_value(self.value, dtype)
        except (TypeError, ValueError, OverflowError) as error:
            raise InvalidArgument(
                f"column {label!r} cannot be frozen at {shown(self.value)}: {first_line(error)}"
            ) from error
        if family_of(made.dtype) is None:
            raise InvalidArgument(f"column {label!r} cannot be frozen at {shown(self.value)}.")
        object.__setattr__(self, "dtype", made.dtype)
        object.__setattr__(self, "_one", made.array)

    @cached_property
    def kind(self) -> str:
        """One of "nominal", "boolean", "date" and "number"."""
        family = family_of(self.dtype)
        if family == "masked":
            family = "boolean" if self.dtype.name == "boolean" else "number"
        kinds = {"object": "nominal", "text": "nominal", "category": "nominal", "boolean": "boolean", "date": "date"}
        return kinds.get(str(family), "number")

    @property
    def options(self) -> tuple[Any, ...]:
        """The value, where it is no number."""
        return (False, True) if self.kind == "boolean" else (self.value,)

    def make(self, n: int) -> Any:
        """The column for n rows, as an array that a data frame holds as it is."""
        column = self._one.take(np.zeros(n, dtype=np.intp))  # type: ignore[attr-defined]
        return column.to_numpy() if isinstance(self.dtype, np.dtype) else column

    def scale(self, series: Any) -> NDArray[np.float64]:
        """The values of a column of a frame as numbers, as of a column that is searched; NaN where missing."""
        missing = series.isna().to_numpy(dtype=bool)
        if self.kind == "nominal":
            return np.where(missing, np.nan, 0.0)
        if self.kind == "date":
            moments = series.dt.tz_convert("UTC").dt.tz_localize(None) if getattr(series.dt, "tz", None) else series
            return np.where(missing, np.nan, moments.to_numpy().astype("M8[us]").astype(np.int64).astype(np.float64))
        return np.asarray(series.to_numpy(dtype=np.float64, na_value=np.nan))

    def spec_value(self) -> Any:
        """The value as TOML can hold it; None where it cannot."""
        import pandas as pd  # noqa: PLC0415  slow to import

        if pd.isna(self.value):
            return None
        if self.kind == "date":
            return pd.Timestamp(self.value).isoformat()
        value = self.value.item() if isinstance(self.value, np.generic) else self.value
        return value if type(value) in (str, int, float, bool) else None
