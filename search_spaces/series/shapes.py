"""What series of a space have in common, and the way between values in a range and numbers without bounds."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from featviz import checks
from featviz.errors import InvalidArgument, SpaceError
from featviz.latent import MAX_GENES

__all__ = ["Float64", "SeriesShape"]

Float64 = NDArray[np.float64]

# How near to the ends of the range a value of a given series may lie: atanh would send the ends to infinity.
_MARGIN = 1e-3


class SeriesShape(NamedTuple):
    """Length in points, channels, and the range of values."""

    length: int
    channels: int
    low: float
    high: float

    @classmethod
    def checked(cls, length: Any, channels: Any, low: Any, high: Any) -> "SeriesShape":
        """The shape, or an error that says which number makes no sense."""
        length = checks.integer("length", length, 1)
        channels = checks.integer("channels", channels, 1)
        if length * channels > MAX_GENES:
            raise InvalidArgument(
                f"a series may have {MAX_GENES:,} values at most, but {length:,} points of {channels:,} channels have "
                f"{length * channels:,}."
            )
        low, high = checks.finite("low", low), checks.finite("high", high)
        if not low < high or not np.isfinite(high - low):
            raise InvalidArgument(f"low must be less than high, but low is {low:g} and high is {high:g}.")
        return cls(length, channels, low, high)

    @property
    def array(self) -> tuple[int, int]:
        """(length, channels)."""
        return self.length, self.channels

    def squash(self, free: Float64) -> NDArray[np.float32]:
        """Numbers without bounds as values in [low, high], by tanh: small ones keep their shape."""
        middle, half = (self.high + self.low) / 2, (self.high - self.low) / 2
        found: NDArray[np.float32] = (middle + half * np.tanh(free)).astype(np.float32)
        # float32 may round a value over the bounds.
        return np.clip(found, np.float32(self.low), np.float32(self.high), out=found)

    def free(self, values: Float64) -> Float64:
        """The inverse of :meth:`squash`; values at the ends are moved inside by a thousandth of the range."""
        middle, half = (self.high + self.low) / 2, (self.high - self.low) / 2
        numbers: Float64 = np.arctanh(np.clip((values - middle) / half, _MARGIN - 1, 1 - _MARGIN))
        return numbers

    def batch(self, given: Any, what: str = "series") -> Float64:
        """Given series as float64 of shape (n, length, channels).

        Args:
            given: n series, shape (n, length, channels), or (n, length) for a single channel; or one of them.
            what: they are, for messages.

        Raises:
            SpaceError: when they have another shape, values outside the range, or none.
        """
        try:
            found = np.asarray(given, dtype=np.float64)
        except (TypeError, ValueError):
            raise SpaceError(f"{what} must be arrays of numbers of one length.") from None
        if self.channels == 1 and found.shape[-1:] == (self.length,) and found.shape[-2:] != self.array:
            found = found[..., None]
        if found.shape == self.array:
            found = found[None]
        if found.ndim != 3 or found.shape[1:] != self.array:
            raise SpaceError(f"expected {what} of shape (n, {self.length}, {self.channels}), but it is {found.shape}.")
        if not np.isfinite(found).all():
            raise SpaceError(f"{what} must hold finite numbers, but some are NaN or infinite. Fill the gaps first.")
        slack = 1e-6 * (self.high - self.low)
        if found.size and (found.min() < self.low - slack or found.max() > self.high + slack):
            raise SpaceError(
                f"{what} must lie in [{self.low:g}, {self.high:g}], but they reach from {found.min():g} to "
                f"{found.max():g}. Give the space their range by low= and high=, or scale them."
            )
        return found
