"""Numbers in a range, as variables: a real gene each, sent through the normal distribution to its quantile."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz import checks
from featviz.errors import InvalidArgument, SpaceError
from featviz.latent import LatentDescription, Latents
from featviz.protocols import Spec
from featviz.search_spaces.variables import count_of, dimensions, shape_of, shaped_spec, snapped, whole_batch

__all__ = ["MOST_STEPS", "Integer", "LogUniform", "Uniform", "normal_of", "quantile_of"]

# Genes further out than this stand for the bounds themselves: the normal distribution has less than one rounding of a
# float64 beyond it.
_FURTHEST = 8.2
# Every whole number up to here is a float64.
_LARGEST = 2**53
# Of so many steps each is far wider than the rounding of genes, so that its middle stands for it and for no neighbour.
# In ranges of more hardly any number comes twice anyway.
MOST_STEPS = 2**32


@dataclass(frozen=True)
class Uniform:
    """Numbers from ``low`` to ``high``, all equally likely under the prior.

    Args:
        low: the smallest.
        high: the largest.
        shape: of one value; ``()`` for a single number, an int for a vector.

    In ``decode``, ``values[name]`` is a float64 array of shape (n, *shape).
    """

    low: float
    high: float
    shape: int | Sequence[int] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", shape_of(self.shape))
        object.__setattr__(self, "low", checks.finite("low", self.low))
        object.__setattr__(self, "high", checks.finite("high", self.high))
        _check_range(self.low, self.high)
        if not np.isfinite(self.high - self.low):
            raise InvalidArgument(f"the range from {self.low:g} to {self.high:g} is too wide for a float64.")

    @cached_property
    def latent(self) -> LatentDescription:
        """One real gene a value."""
        return LatentDescription(count_of(self.shape))

    def values(self, latents: Latents) -> NDArray[np.float64]:
        """float64 of shape (n, *shape) in [low, high]."""
        found = self.low + (self.high - self.low) * quantile_of(latents.real)
        return np.clip(found, self.low, self.high).reshape(len(latents), *dimensions(self.shape))

    def genes(self, values: Any) -> Latents:
        """The genes of values of shape (n, *shape); those outside the range count as its ends."""
        numbers = whole_batch(values, self.shape)
        return Latents.of_real(normal_of((numbers - self.low) / (self.high - self.low)))

    def spec(self) -> Spec:
        """Range and shape."""
        return shaped_spec("Uniform", self.shape, low=self.low, high=self.high)


@dataclass(frozen=True)
class LogUniform:
    """Positive numbers from ``low`` to ``high`` whose logarithms are all equally likely under the prior.

    Args:
        low: the smallest; above 0.
        high: the largest.
        shape: of one value; ``()`` for a single number, an int for a vector.

    In ``decode``, ``values[name]`` is a float64 array of shape (n, *shape).
    """

    low: float
    high: float
    shape: int | Sequence[int] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", shape_of(self.shape))
        object.__setattr__(self, "low", checks.finite("low", self.low))
        object.__setattr__(self, "high", checks.finite("high", self.high))
        if self.low <= 0:
            raise InvalidArgument(f"a logarithmic range must begin above 0, but low is {self.low:g}.")
        _check_range(self.low, self.high)

    @cached_property
    def latent(self) -> LatentDescription:
        """One real gene a value."""
        return LatentDescription(count_of(self.shape))

    def values(self, latents: Latents) -> NDArray[np.float64]:
        """float64 of shape (n, *shape) in [low, high]."""
        span = np.log(self.high) - np.log(self.low)
        found: NDArray[np.float64] = np.exp(np.log(self.low) + span * quantile_of(latents.real))
        return np.clip(found, self.low, self.high).reshape(len(latents), *dimensions(self.shape))

    def genes(self, values: Any) -> Latents:
        """The genes of values of shape (n, *shape); those outside the range count as its ends."""
        numbers = np.clip(whole_batch(values, self.shape), self.low, self.high)
        span = np.log(self.high) - np.log(self.low)
        return Latents.of_real(normal_of((np.log(numbers) - np.log(self.low)) / span))

    def spec(self) -> Spec:
        """Range and shape."""
        return shaped_spec("LogUniform", self.shape, low=self.low, high=self.high)


@dataclass(frozen=True)
class Integer:
    """Whole numbers from ``low`` to ``high``, both included, all equally likely under the prior.

    Args:
        low: the smallest.
        high: the largest.
        shape: of one value; ``()`` for a single number, an int for a vector.

    In ``decode``, ``values[name]`` is an int64 array of shape (n, *shape).
    """

    low: int
    high: int
    shape: int | Sequence[int] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", shape_of(self.shape))
        object.__setattr__(self, "low", checks.integer("low", self.low, -_LARGEST, _LARGEST))
        object.__setattr__(self, "high", checks.integer("high", self.high, -_LARGEST, _LARGEST))
        _check_range(self.low, self.high)
        if self.high - self.low >= _LARGEST:
            raise InvalidArgument(f"a range of whole numbers may hold {_LARGEST:,} at most.")

    @cached_property
    def latent(self) -> LatentDescription:
        """One real gene a value, since whole numbers have an order; in steps."""
        canonical = snapped(self) if self.count <= MOST_STEPS else None
        return LatentDescription(count_of(self.shape), stepwise=True, canonical=canonical)

    @property
    def count(self) -> int:
        """How many numbers there are in the range."""
        return self.high - self.low + 1

    def values(self, latents: Latents) -> NDArray[np.int64]:
        """int64 of shape (n, *shape) in [low, high]."""
        steps = np.minimum(np.floor(quantile_of(latents.real) * self.count), self.count - 1).astype(np.int64)
        return (self.low + steps).reshape(len(latents), *dimensions(self.shape))

    def genes(self, values: Any) -> Latents:
        """The genes of whole numbers of shape (n, *shape): the middle of all that stand for each.

        Raises:
            SpaceError: if one is not whole.
        """
        numbers = whole_batch(values, self.shape)
        if (numbers != np.rint(numbers)).any():
            raise SpaceError("expected whole numbers, but some are not.")
        steps = np.clip(numbers, self.low, self.high) - self.low
        return Latents.of_real(normal_of((steps + 0.5) / self.count))

    def spec(self) -> Spec:
        """Range and shape."""
        return shaped_spec("Integer", self.shape, low=self.low, high=self.high)


def quantile_of(genes: NDArray[np.float64]) -> NDArray[np.float64]:
    """The part of a standard normal distribution below each gene, in [0, 1]."""
    from scipy.special import ndtr  # noqa: PLC0415  slow to import

    quantiles: NDArray[np.float64] = ndtr(genes)
    return quantiles


def normal_of(quantiles: NDArray[np.float64]) -> NDArray[np.float64]:
    """The gene below which such a part of a standard normal distribution lies; finite, for 0 and 1 too."""
    from scipy.special import ndtri  # noqa: PLC0415  slow to import

    genes: NDArray[np.float64] = np.clip(ndtri(np.clip(quantiles, 0.0, 1.0)), -_FURTHEST, _FURTHEST)
    return genes


def _check_range(low: float, high: float) -> None:
    if not low < high:
        raise InvalidArgument(f"low must be less than high, but low is {low:g} and high is {high:g}.")
