"""Series moved in time."""

from typing import Any, ClassVar

import numpy as np

from featviz.checks import integer
from featviz.protocols import Spec
from featviz.transformations.arrays import array_of
from featviz.transformations.base import Transformation

__all__ = ["TimeShift", "time_shift"]


class TimeShift(Transformation):
    """Series moved in time; see :func:`time_shift`."""

    kind: ClassVar[str] = "time_shift"

    def __init__(self, samples: int) -> None:
        self.samples = integer("samples", samples, 0, 10_000_000)

    def options(self) -> Spec:
        """The largest distance."""
        return {"samples": self.samples}

    def __call__(self, inputs: Any, rng: np.random.Generator) -> Any:
        """The series, moved."""
        series = array_of(inputs, (3,), "time_shift is for series, arrays of shape (n, length, channels)")
        length = series.shape[1]
        later = rng.integers(-self.samples, self.samples + 1)
        return series[:, np.clip(np.arange(length) - later, 0, length - 1)]


def time_shift(samples: int) -> TimeShift:
    """Series moved earlier or later by up to ``samples`` samples; their ends are repeated.

    Args:
        samples: the largest distance, at least 0.
    """
    return TimeShift(samples)
