"""``Date``: dates and times, on a grid of days, hours, seconds or parts of them."""

import contextlib
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz import checks
from featviz.errors import InvalidArgument, SpaceError, WrongType
from featviz.latent import LatentDescription, Latents
from featviz.protocols import Spec
from featviz.search_spaces.quantities import Integer
from featviz.search_spaces.tables.quantiles import Quantiles
from featviz.search_spaces.tables.wrapped import Rounded
from featviz.text import shown

__all__ = ["STEPS", "Date", "as_date"]

# numpy's names of the steps that dates can be counted in.
STEPS = ("D", "h", "m", "s", "ms", "us")


@dataclass(frozen=True)
class Date:
    """Dates and times from ``low`` to ``high``, both included, all equally likely under the prior by default.

    Args:
        low: the first, such as ``"2020-01-01"`` or ``"2020-01-01T08:30"``, or a date or datetime.
        high: the last.
        step: what dates are counted in: "D" (days), "h", "m" (minutes), "s", "ms" or "us".
        offsets: where they are not equally likely: quantiles of the number of steps since ``low``, as
            :class:`Quantiles` takes them.
        probabilities: of the quantiles.

    In ``decode``, ``values[name]`` is a datetime64[us] array of shape (n,).
    """

    low: Any
    high: Any
    step: str = "D"
    offsets: Sequence[float] | None = None
    probabilities: Sequence[float] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "step", checks.one_of("step", self.step, STEPS))
        first, last = as_date("low", self.low), as_date("high", self.high)
        object.__setattr__(self, "low", str(first.astype(f"M8[{self.step}]")))
        object.__setattr__(self, "high", str(last.astype(f"M8[{self.step}]")))
        if not self._first < self._last:
            raise InvalidArgument(f"low must be before high, but low is {self.low} and high is {self.high}.")
        if self.offsets is None and self.probabilities is not None:
            raise InvalidArgument("probabilities go with offsets: give both or neither.")
        if self.offsets is not None:
            table = Quantiles(self.offsets, self.probabilities)
            if table.low != 0 or table.high != self._count - 1:
                raise InvalidArgument(
                    f"offsets must go from 0 to {self._count - 1:,}, the steps from low to high, but they go from "
                    f"{table.low:g} to {table.high:g}."
                )
            object.__setattr__(self, "offsets", table.numbers)
            object.__setattr__(self, "probabilities", table.probabilities)

    @property
    def _first(self) -> Any:
        return np.array(self.low, dtype=f"M8[{self.step}]")[()]

    @property
    def _last(self) -> Any:
        return np.array(self.high, dtype=f"M8[{self.step}]")[()]

    @property
    def _count(self) -> int:
        return int((self._last - self._first).astype(np.int64)) + 1

    @cached_property
    def _steps(self) -> Integer | Rounded:
        if self.offsets is None:
            return Integer(0, self._count - 1)
        return Rounded(Quantiles(self.offsets, self.probabilities), 1)

    @cached_property
    def latent(self) -> LatentDescription:
        """One real gene, in steps."""
        return self._steps.latent

    def values(self, latents: Latents) -> NDArray[np.datetime64]:
        """datetime64[us] of shape (n,)."""
        steps = self._steps.values(latents).astype(np.int64)
        dates: NDArray[np.datetime64] = (self._first + steps.astype(f"m8[{self.step}]")).astype("M8[us]")
        return dates

    def genes(self, values: Any) -> Latents:
        """The genes of dates of shape (n,); they are rounded down to whole steps, those outside count as the ends.

        Raises:
            SpaceError: if they are no dates.
        """
        dates = np.asarray(values)
        if dates.ndim != 1 or dates.dtype.kind != "M" or np.isnat(dates).any():
            raise SpaceError("expected dates, a datetime64 array of shape (n,) without NaT.")
        steps = (dates.astype(f"M8[{self.step}]") - self._first).astype(np.int64)
        return self._steps.genes(np.clip(steps, 0, self._count - 1))

    def spec(self) -> Spec:
        """Range, step and quantiles."""
        more = {"offsets": self.offsets, "probabilities": self.probabilities}
        given = {name: list(numbers) for name, numbers in more.items() if numbers is not None}
        return {"type": "Date", "low": self.low, "high": self.high, "step": self.step, **given}

    def __repr__(self) -> str:
        return f"Date({self.low}..{self.high})"


def as_date(name: str, value: Any) -> np.datetime64:
    """``value`` as datetime64[us] (in UTC where it has a time zone).

    Raises:
        WrongType, InvalidArgument: if it is no date.
    """
    if isinstance(value, str):
        # numpy reads no time zones, and "20200131" as a year.
        with contextlib.suppress(ValueError):
            value = dt.datetime.fromisoformat(value)
    if getattr(value, "tzinfo", None) is not None:
        value = value.astimezone(dt.UTC).replace(tzinfo=None)
    if isinstance(value, int | float | bool):
        raise WrongType(f"{name} must be a date such as '2020-01-31', but it is {shown(value)}.")
    try:
        found = np.datetime64(value, "us")
    except (TypeError, ValueError, OverflowError):
        raise InvalidArgument(f"{name} must be a date such as '2020-01-31', but it is {shown(value)}.") from None
    if np.isnat(found):
        raise InvalidArgument(f"{name} must be a date, but it is missing.")
    return found
