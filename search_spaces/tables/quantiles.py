"""``Quantiles``: numbers distributed as a table of quantiles says, and the table that data have."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz import checks
from featviz.errors import InvalidArgument, WrongType
from featviz.latent import LatentDescription, Latents
from featviz.protocols import Spec
from featviz.search_spaces.quantities import normal_of, quantile_of
from featviz.search_spaces.variables import whole_batch
from featviz.text import shown

__all__ = ["Quantiles"]

# Up to so many distinct values a table holds each of them exactly, with its frequency.
_MOST_DISTINCT = 50
_TAIL = (0.0005, 0.001, 0.002, 0.005)
_GRID = np.concatenate([_TAIL, np.linspace(0.01, 0.99, 91), 1 - np.array(_TAIL[::-1])])
# The part of the prior that lies between the data and a bound further out.
_BEYOND = 0.05


@dataclass(frozen=True)
class Quantiles:
    """Numbers whose distribution is a table of quantiles, with straight lines between its entries.

    Args:
        numbers: the quantiles, at least 2, from the lowest to the highest; equal ones next to each other give that
            number a probability of its own.
        probabilities: how much of the distribution lies below each, strictly rising within [0, 1]. Where the first is
            above 0, the lowest number has that probability; so has the highest what is missing from 1. Evenly spaced
            from 0 to 1 when left out.

    In ``decode``, ``values[name]`` is a float64 array of shape (n,).
    """

    numbers: Sequence[float]
    probabilities: Sequence[float] | None = None
    _at: NDArray[np.float64] = field(init=False, repr=False, compare=False)
    _below: NDArray[np.float64] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        at = _increasing("numbers", self.numbers)
        if len(at) < 2 or at[0] == at[-1]:
            raise InvalidArgument("numbers must hold at least 2 quantiles that are not all the same.")
        if not np.isfinite(at[-1] - at[0]):
            raise InvalidArgument(f"the range from {at[0]:g} to {at[-1]:g} is too wide for a float64.")
        if self.probabilities is None:
            below = np.linspace(0, 1, len(at))
        else:
            below = _increasing("probabilities", self.probabilities)
            object.__setattr__(self, "probabilities", tuple(below.tolist()))
        if len(below) != len(at):
            raise InvalidArgument(f"expected one probability a number, but {len(below)} came for {len(at)} numbers.")
        if below[0] < 0 or below[-1] > 1 or not (np.diff(below) > 0).all():
            raise InvalidArgument("probabilities must rise strictly within [0, 1].")
        object.__setattr__(self, "numbers", tuple(at.tolist()))
        object.__setattr__(self, "_at", at)
        object.__setattr__(self, "_below", below)

    @classmethod
    def of(cls, data: Any, low: float | None = None, high: float | None = None) -> "Quantiles":
        """The distribution of ``data``, in a table of at most about 100 entries.

        Args:
            data: finite numbers of shape (rows,).
            low: the lowest number; by default that of the data. Data below it are left out.
            high: the highest number; by default that of the data. Data above it are left out.

        Where a bound lies beyond the data, 5% of the distribution is spread evenly between the two.

        Raises:
            InvalidArgument: if fewer than 2 distinct numbers are left.

        Quantiles are those of Hazen 1914: of N sorted numbers, the i-th has (i - 1/2) / N below it.
        """
        numbers = np.sort(np.asarray(data, dtype=np.float64))
        first = numbers[0] if low is None else low
        last = numbers[-1] if high is None else high
        numbers = numbers[(numbers >= first) & (numbers <= last)]
        at, below = _table_of(numbers) if len(numbers) else (np.empty(0), np.empty(0))
        before = _BEYOND if not len(at) or first < at[0] else 0.0
        after = _BEYOND if not len(at) or last > at[-1] else 0.0
        below = before + (1 - before - after) * below
        if before:
            at, below = np.concatenate([[first], at]), np.concatenate([[0.0], below])
        if after:
            at, below = np.concatenate([at, [last]]), np.concatenate([below, [1.0]])
        return cls(at.tolist(), below.tolist())

    @property
    def low(self) -> float:
        """The lowest number."""
        return float(self._at[0])

    @property
    def high(self) -> float:
        """The highest number."""
        return float(self._at[-1])

    @property
    def below(self) -> NDArray[np.float64]:
        """The probabilities as an array, given or not."""
        return self._below

    @cached_property
    def latent(self) -> LatentDescription:
        """One real gene."""
        return LatentDescription(1)

    def values(self, latents: Latents) -> NDArray[np.float64]:
        """float64 of shape (n,) in [low, high]."""
        found = np.interp(quantile_of(latents.real[:, 0]), self._below, self._at)
        # Rounding may lead out of the range.
        return np.asarray(np.minimum(np.maximum(found, self._at[0]), self._at[-1]))

    def genes(self, values: Any) -> Latents:
        """The genes of numbers of shape (n,), those outside the range counting as its ends.

        A number with a probability of its own gets the middle of all genes that stand for it.
        """
        at, below = self._at, self._below
        numbers = np.clip(whole_batch(values, ())[:, 0], at[0], at[-1])
        left, right = np.searchsorted(at, numbers, side="left"), np.searchsorted(at, numbers, side="right")
        known = right > left
        low = np.where(left == 0, 0.0, below[np.minimum(left, len(at) - 1)])
        high = np.where(right == len(at), 1.0, below[right - 1])
        before = np.clip(left - 1, 0, len(at) - 2)
        width = at[before + 1] - at[before]
        part = np.divide(numbers - at[before], width, out=np.zeros_like(numbers), where=width > 0)
        between = below[before] + part * (below[before + 1] - below[before])
        return Latents.of_real(normal_of(np.where(known, (low + high) / 2, between))[:, None])

    def spec(self) -> Spec:
        """The table."""
        more = {} if self.probabilities is None else {"probabilities": list(self.probabilities)}
        return {"type": "Quantiles", "numbers": list(self.numbers), **more}

    def __repr__(self) -> str:
        """The range and the median, such as ``Quantiles(18..90, median 41)``."""
        median = float(np.interp(0.5, self._below, self._at))
        return f"Quantiles({self.low:g}..{self.high:g}, median {median:g})"


def _table_of(numbers: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Quantiles of sorted numbers, and how much lies below each."""
    n = len(numbers)
    distinct, counts = np.unique(numbers, return_counts=True)
    if len(distinct) <= _MOST_DISTINCT:
        ends = np.cumsum(counts)
        at = np.repeat(distinct, 2)
        below = np.column_stack([ends - counts + 0.5, ends - 0.5]).ravel() / n
        kept = np.concatenate([[True], np.diff(below) > 0])
        return at[kept], below[kept]
    inside = _GRID[(0.5 / n < _GRID) & (1 - 0.5 / n > _GRID)]
    below = np.concatenate([[0.5 / n], inside, [1 - 0.5 / n]])
    return np.interp(below, (np.arange(n) + 0.5) / n, numbers), below


def _increasing(name: str, given: Any) -> NDArray[np.float64]:
    if isinstance(given, str) or not isinstance(given, Sequence | np.ndarray):
        raise WrongType(f"{name} must be a list of numbers, but it is {shown(given)}.")
    found = np.array([checks.finite(f"each of {name}", number) for number in np.asarray(given).tolist()])
    if (np.diff(found) < 0).any():
        raise InvalidArgument(f"{name} must be sorted, from the lowest to the highest.")
    return found
