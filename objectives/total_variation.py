"""Total variation: how much a picture or a series changes from place to place."""

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from featviz.errors import WrongType
from featviz.objectives.neighbours import axes_of, numbers_of
from featviz.objectives.penalty import Penalty
from featviz.protocols import Spec

__all__ = ["TotalVariation", "total_variation"]


class TotalVariation(Penalty):
    """The mean absolute difference between neighbouring values; see :func:`total_variation`."""

    kind: ClassVar[str] = "total_variation"

    def __init__(self, *, isotropic: bool = False) -> None:
        if not isinstance(isotropic, bool):
            raise WrongType(f"isotropic must be True or False, but it is {isotropic!r}.")
        self.isotropic = isotropic

    def options(self) -> Spec:
        """``isotropic``, where it is not the default."""
        return {"isotropic": True} if self.isotropic else {}

    def value(self, inputs: Any) -> NDArray[np.float64]:
        """Shape (n,), for pictures (n, height, width, channels) or series (n, length, channels).

        Raises:
            WrongType: when the inputs are not a numpy array of numbers.
            InvalidArgument: when they have another number of axes.
        """
        values = numbers_of(inputs, "total_variation")
        rest = tuple(range(1, values.ndim))
        differences = [np.diff(values, axis=axis) for axis in axes_of(values)]
        if self.isotropic and len(differences) > 1:
            squares = np.zeros_like(values)
            for axis, difference in zip(axes_of(values), differences, strict=True):
                squares[tuple(slice(0, -1) if a == axis else slice(None) for a in range(values.ndim))] += difference**2
            total = np.sqrt(squares).sum(axis=rest)
        else:
            total = np.sum([np.abs(difference).sum(axis=rest) for difference in differences], axis=0)
        return np.asarray(total / max(values[0].size, 1) if len(values) else total)


def total_variation(*, isotropic: bool = False) -> TotalVariation:
    """The penalty on change from place to place: mean over values of the absolute difference to the next ones.

    For pictures x of shape (height, width, channels), with the differences to the pixel below and to the right (0 at
    the border): the mean of ``|down| + |right|``, or of ``sqrt(down**2 + right**2)`` where ``isotropic``. For series of
    shape (length, channels): the mean of the difference to the next moment. It is a mean and not a sum, so that a
    weight means the same at every size; for values in [0, 1] it lies between 0 and 2 (pictures) or 1 (series). It
    allows edges and forbids ripple; :func:`roughness` forbids edges too.

    Rudin, Osher & Fatemi 1992, "Nonlinear total variation based noise removal algorithms" (isotropic); in feature
    visualisation Mahendran & Vedaldi 2015, "Understanding deep image representations by inverting them".

    Args:
        isotropic: whether diagonal edges cost as much as upright ones of the same length; of no effect on series.
    """
    return TotalVariation(isotropic=isotropic)
