"""Arrays of numbers of any type in bounds, and arrays of choices: what Gymnasium calls Box and MultiDiscrete."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.errors import InvalidArgument, SpaceError, WrongType
from featviz.latent import LatentDescription, Latents
from featviz.protocols import Spec
from featviz.search_spaces.base import Space
from featviz.search_spaces.quantities import MOST_STEPS, normal_of, quantile_of
from featviz.search_spaces.variables import Real, count_of, dimensions, shape_of
from featviz.text import visible

__all__ = ["BoundedArray", "ChoiceArray"]

Shape = int | Sequence[int]
# Bounds further out are none: nobody means to draw uniformly up to the largest float32.
_UNBOUNDED = 1e15
# The standard deviation of whole numbers without bounds.
_SPREAD = 10.0
_KINDS = "iuf"


class BoundedArray(Space):
    """Arrays of numbers of one type, each in bounds of its own.

    Under the prior a number with two bounds is uniform between them, one with one bound lies an exponential distance of
    mean 1 (10, for whole numbers) from it, and one with none is normal with that deviation around 0.

    Args:
        low: the smallest number, one for all or an array of ``shape``; beyond 1e15, or infinite, for none.
        high: the largest.
        shape: of one input.
        dtype: of the batch, a type of whole or floating-point numbers.

    A batch is an array of shape (n, *shape).

    Raises:
        InvalidArgument, WrongType: if low is above high anywhere, or an argument is something else.
    """

    def __init__(self, low: Any, high: Any, shape: Shape = (), dtype: str = "float64") -> None:
        self._shape = dimensions(shape_of(shape))
        self._dtype = _checked_dtype(dtype)
        self._low, self._high = (_spread(bound, self._shape, name) for bound, name in ((low, "low"), (high, "high")))
        if not (self._low <= self._high).all():
            raise InvalidArgument("low must not be above high, but it is somewhere.")
        self._has_low, self._has_high = self._low > -_UNBOUNDED, self._high < _UNBOUNDED
        self.variables = {"genes": Real(count_of(self._shape))}
        self.stepwise = self._whole

    @property
    def _whole(self) -> bool:
        return self._dtype.kind in "iu"

    @cached_property
    def latent(self) -> LatentDescription:
        """A real gene a number; of whole numbers in bounds, those genes that stand for a number have one form."""
        counted = self._whole and bool((self._has_low & self._has_high).all())
        few = counted and float((self._high - self._low).max()) < MOST_STEPS
        return replace(super().latent, canonical=self._canonical) if few else super().latent

    def decode(self, values: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
        """Arrays of shape (n, *shape) in the bounds."""
        genes = values["genes"]
        scale = _SPREAD if self._whole else 1.0
        low, high = np.where(self._has_low, self._low, 0.0), np.where(self._has_high, self._high, 0.0)
        steps = high - low + (1 if self._whole else 0)
        inside = low + quantile_of(genes) * steps
        # Exponential distances from a bound: minus the logarithm of the probability beyond the gene.
        from scipy.special import log_ndtr  # noqa: PLC0415  slow to import

        above = low - scale * log_ndtr(-genes)
        below = high + (1 if self._whole else 0) + scale * log_ndtr(genes)
        found = np.where(self._has_low, np.where(self._has_high, inside, above), np.where(self._has_high, below, 0.0))
        found = np.where(self._has_low | self._has_high, found, scale * genes)
        if self._whole:
            found = np.floor(found)
        found = np.clip(found, self._low, self._high)
        cast: NDArray[Any] = self._cast(found).reshape(len(genes), *self._shape)
        return cast

    def encode(self, inputs: Any) -> dict[str, NDArray[np.float64]]:
        """The genes of arrays of shape (n, *shape); numbers outside the bounds count as these.

        Raises:
            SpaceError: if the shape is another, or they are not finite numbers.
        """
        try:
            numbers = np.asarray(inputs, dtype=np.float64)
        except (TypeError, ValueError):
            raise SpaceError(f"expected numbers of shape (n, *{self._shape}), but some are no numbers.") from None
        if numbers.shape[1:] != self._shape or numbers.ndim == 0 or not np.isfinite(numbers).all():
            raise SpaceError(f"expected finite numbers of shape (n, *{self._shape}), but they are {numbers.shape}.")
        numbers = np.clip(numbers.reshape(len(numbers), -1), self._low, self._high)
        scale, middle = (_SPREAD, 0.5) if self._whole else (1.0, 0.0)
        numbers = numbers + middle
        low, high = np.where(self._has_low, self._low, 0.0), np.where(self._has_high, self._high, 0.0)
        steps = np.where(high > low, high - low, 1.0) if not self._whole else high - low + 1
        inside = normal_of((numbers - low) / steps)
        above = -normal_of(np.exp(-np.maximum(numbers - low, 0.0) / scale))
        below = normal_of(np.exp(-np.maximum(high - numbers + (1 if self._whole else 0), 0.0) / scale))
        both = self._has_low & self._has_high
        genes = np.where(both, inside, np.where(self._has_low, above, np.where(self._has_high, below, numbers / scale)))
        return {"genes": genes}

    def spec(self) -> Spec:
        """Bounds, shape and type."""
        low, high = (_short(bound) for bound in (self._low, self._high))
        return {"type": self._kind, "low": low, "high": high, "shape": list(self._shape), "dtype": str(self._dtype)}

    def __repr__(self) -> str:
        return f"BoundedArray({self._low.min():g} to {self._high.max():g}, shape={self._shape}, dtype={self._dtype})"

    def _canonical(self, latents: Latents) -> Latents:
        return self.encode_inputs(self.decode_latents(latents))

    def _cast(self, found: NDArray[np.float64]) -> NDArray[Any]:
        if self._whole:
            limits = np.iinfo(self._dtype)
            # 2**63 is a float64 and no int64.
            return np.clip(found, float(limits.min), float(np.nextafter(float(limits.max), 0))).astype(self._dtype)
        with np.errstate(over="ignore"):
            # Rounding to a narrower type may step over a bound.
            low, high = (bound.astype(self._dtype) for bound in (self._low, self._high))
            inside: NDArray[Any] = np.clip(found.astype(self._dtype), low, high)
        return inside


class _Digits:
    """A categorical gene for each number that has more than one value."""

    def __init__(self, counts: NDArray[np.int64]) -> None:
        self._counts = counts
        self._free = np.flatnonzero(counts > 1)

    @cached_property
    def latent(self) -> LatentDescription:
        return LatentDescription(0, tuple(self._counts[self._free].tolist()))

    def values(self, latents: Latents) -> NDArray[np.int64]:
        found = np.zeros((len(latents), len(self._counts)), dtype=np.int64)
        found[:, self._free] = latents.categorical
        return found

    def genes(self, values: Any) -> Latents:
        return Latents(np.empty((len(values), 0)), np.asarray(values)[:, self._free])

    def spec(self) -> None:
        return None


class ChoiceArray(Space):
    """Arrays of whole numbers, each one of ``count`` from ``start`` on, all equally likely and in no order.

    Args:
        count: how many values a number may have, one for all or an array of ``shape``; at least 2 somewhere.
        start: the first of them.
        shape: of one input; ``()`` for a single number.
        dtype: of the batch, a type of whole numbers.

    A batch is an array of shape (n, *shape).

    Raises:
        InvalidArgument, WrongType: if an argument is something else.
    """

    def __init__(self, count: Any, start: Any = 0, shape: Shape = (), dtype: str = "int64") -> None:
        self._shape = dimensions(shape_of(shape))
        self._dtype = _checked_dtype(dtype)
        self._count, self._start = (
            _spread(given, self._shape, name).astype(np.int64) for given, name in ((count, "count"), (start, "start"))
        )
        if (self._count < 1).any() or (self._count == 1).all():
            raise InvalidArgument("count must be at least 1, and above 1 somewhere: else there is nothing to search.")
        self.variables = {"digits": _Digits(self._count)}

    def decode(self, values: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
        """Whole numbers of shape (n, *shape)."""
        digits = values["digits"]
        found: NDArray[Any] = (self._start + digits).astype(self._dtype)
        return found.reshape(len(digits), *self._shape)

    def encode(self, inputs: Any) -> dict[str, NDArray[np.int64]]:
        """The genes of arrays of shape (n, *shape).

        Raises:
            SpaceError: if they are others than this space has.
        """
        found = np.asarray(inputs)
        if found.dtype.kind not in "iu" or found.shape[1:] != self._shape or found.ndim == 0:
            raise SpaceError(f"expected whole numbers of shape (n, *{self._shape}), but they are {found.shape}.")
        digits = found.reshape(len(found), -1).astype(np.int64) - self._start
        if ((digits < 0) | (digits >= self._count)).any():
            raise SpaceError("a number is outside the range of the space.")
        return {"digits": digits}

    def distance(self, a: Any, b: Any) -> NDArray[np.float64]:
        """The share of the numbers that differ; shape (n, m)."""
        first, second = (np.asarray(x).reshape(len(x), -1) for x in (a, b))
        return np.asarray((first[:, None] != second[None]).mean(axis=2), dtype=np.float64)

    def spec(self) -> Spec:
        """Counts, starts, shape and type."""
        count, start = ([int(v) for v in np.atleast_1d(_short(x))] for x in (self._count, self._start))
        options = {"count": count if len(count) > 1 else count[0], "start": start if len(start) > 1 else start[0]}
        return {"type": self._kind, **options, "shape": list(self._shape), "dtype": str(self._dtype)}

    def __repr__(self) -> str:
        return f"ChoiceArray({_short(self._count)}, start={_short(self._start)}, shape={self._shape})"


def _checked_dtype(given: Any) -> np.dtype[Any]:
    try:
        dtype: np.dtype[Any] = np.dtype(given)
    except TypeError:
        raise WrongType(f"dtype must name a type of numbers, but it is {visible(given, 60)}.") from None
    if dtype.kind not in _KINDS:
        raise WrongType(f"dtype must be a type of whole or floating-point numbers, but it is {dtype}.")
    return dtype


def _spread(given: Any, shape: tuple[int, ...], name: str) -> NDArray[np.float64]:
    """One number for each of an array, shape (count,)."""
    found = np.asarray(given, dtype=np.float64)
    if found.ndim and found.shape != shape and found.size != count_of(shape):
        raise InvalidArgument(
            f"{name} must be one number or an array of shape {shape}, but its shape is {found.shape}."
        )
    if np.isnan(found).any():
        raise InvalidArgument(f"{name} must not be NaN.")
    return np.broadcast_to(found.reshape(-1) if found.ndim else found, (count_of(shape),)).copy()


def _short(bound: NDArray[Any]) -> Any:
    """One number where all are equal, for a description."""
    first = bound.reshape(-1)[0].item() if bound.size else 0
    return first if (bound == first).all() else bound.tolist()
