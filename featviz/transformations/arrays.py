"""Noise on arrays of numbers, and checks of what transformations are given."""

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from featviz.batches import described
from featviz.checks import finite
from featviz.errors import InvalidArgument, WrongType
from featviz.protocols import Spec
from featviz.transformations.base import Transformation

__all__ = ["Noise", "array_of", "noise"]


def array_of(inputs: Any, axes: tuple[int, ...], what: str) -> NDArray[Any]:
    """The inputs when they are an array of numbers with one of these numbers of axes.

    Raises:
        WrongType: when they are not.
    """
    if isinstance(inputs, np.ndarray) and inputs.dtype.kind in "fiu" and inputs.ndim in axes:
        return inputs
    raise WrongType(f"{what}, but the inputs are {described(inputs)}.")


class Noise(Transformation):
    """Normal noise on every value; see :func:`noise`."""

    kind: ClassVar[str] = "noise"

    def __init__(self, std: float, *, low: float | None = None, high: float | None = None) -> None:
        self.std = finite("std", std, 0.0)
        self.low = None if low is None else finite("low", low)
        self.high = None if high is None else finite("high", high)
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise InvalidArgument(f"low must be below high, but they are {low!r} and {high!r}.")

    def options(self) -> Spec:
        """The standard deviation, and the limits that were given."""
        limits = {"low": self.low, "high": self.high}
        return {"std": self.std, **{name: limit for name, limit in limits.items() if limit is not None}}

    def __call__(self, inputs: Any, rng: np.random.Generator) -> Any:
        """The inputs with one draw of noise added to each of them."""
        values = array_of(inputs, (2, 3, 4), "noise is for pictures, series and rows of numbers")
        if values.dtype.kind != "f":
            raise WrongType(f"noise is for floats, but the inputs are of {values.dtype}: change them in a function.")
        drawn = self.std * rng.standard_normal(values.shape[1:])
        changed = values + drawn.astype(values.dtype)
        if self.low is not None or self.high is not None:
            np.clip(changed, self.low, self.high, out=changed)
        return changed


def noise(std: float, *, low: float | None = None, high: float | None = None) -> Noise:
    """Independent normal noise on every value of pictures, series or rows of numbers; one draw for the whole batch.

    Args:
        std: its standard deviation, in units of the values.
        low: what values are cut off at from below afterwards; give the range of the space where its box needs that.
        high: the same from above.
    """
    return Noise(std, low=low, high=high)
