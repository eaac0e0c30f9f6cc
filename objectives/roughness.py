"""Roughness: the opposite of smoothness, by second differences."""

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from featviz.objectives.neighbours import axes_of, numbers_of
from featviz.objectives.penalty import Penalty

__all__ = ["Roughness", "roughness"]


class Roughness(Penalty):
    """The mean squared second difference of neighbouring values; see :func:`roughness`."""

    kind: ClassVar[str] = "roughness"

    def value(self, inputs: Any) -> NDArray[np.float64]:
        """Shape (n,), for pictures (n, height, width, channels) or series (n, length, channels).

        Raises:
            WrongType: when the inputs are not a numpy array of numbers.
            InvalidArgument: when they have another number of axes.
        """
        values = numbers_of(inputs, "roughness")
        rest = tuple(range(1, values.ndim))
        bends = [np.diff(values, n=2, axis=axis) for axis in axes_of(values)]
        total = np.sum([(bend**2).sum(axis=rest) for bend in bends], axis=0)
        return np.asarray(total / max(values[0].size, 1) if len(values) else total)


def roughness() -> Roughness:
    """The penalty on what is not smooth: the mean over values of their squared second differences.

    For series the squared ``x[t+1] - 2 x[t] + x[t-1]``, for pictures the sum of those down and to the right (0 at the
    border): straight ramps cost nothing, bends, edges and ripple do. A mean, so that a weight means the same at every
    size. Whittaker 1923, "On a new method of graduation".
    """
    return Roughness()
