"""Total variation: how rough a picture is."""

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from featviz.errors import InvalidArgument, WrongType
from featviz.objectives.penalty import Penalty
from featviz.protocols import Spec

__all__ = ["TotalVariation", "total_variation"]


class TotalVariation(Penalty):
    """The mean absolute difference between neighbouring pixels; see :func:`total_variation`."""

    kind: ClassVar[str] = "total_variation"

    def __init__(self, *, isotropic: bool = False) -> None:
        if not isinstance(isotropic, bool):
            raise WrongType(f"isotropic must be True or False, but it is {isotropic!r}.")
        self.isotropic = isotropic

    def options(self) -> Spec:
        """``isotropic``, where it is not the default."""
        return {"isotropic": True} if self.isotropic else {}

    def value(self, inputs: Any) -> NDArray[np.float64]:
        """Shape (n,), for pictures of shape (n, height, width, channels).

        Raises:
            WrongType: when the inputs are not a numpy array of numbers.
            InvalidArgument: when they have another number of axes.
        """
        if not isinstance(inputs, np.ndarray) or inputs.dtype.kind not in "fiu":
            raise WrongType(
                "total_variation is for pictures, arrays of numbers of shape (n, height, width, channels), "
                f"but the inputs are a {type(inputs).__name__}. Leave it out for this space."
            )
        if inputs.ndim != 4:
            raise InvalidArgument(
                "total_variation is for pictures of shape (n, height, width, channels), but the inputs have shape "
                f"{inputs.shape}. Leave it out for this space."
            )
        pixels = inputs.astype(np.float64)
        down, right = np.diff(pixels, axis=1), np.diff(pixels, axis=2)
        if self.isotropic:
            squares = np.zeros_like(pixels)
            squares[:, :-1] += down**2
            squares[:, :, :-1] += right**2
            total = np.sqrt(squares).sum(axis=(1, 2, 3))
        else:
            total = np.abs(down).sum(axis=(1, 2, 3)) + np.abs(right).sum(axis=(1, 2, 3))
        return np.asarray(total / max(pixels[0].size, 1) if len(pixels) else total)


def total_variation(*, isotropic: bool = False) -> TotalVariation:
    """The penalty on rough pictures: mean over pixels and channels of the difference to the next pixels.

    For pictures x of shape (height, width, channels), with the differences to the pixel below and to the right (0 at
    the border): the mean of ``|down| + |right|``, or of ``sqrt(down**2 + right**2)`` where ``isotropic``. It is a mean
    and not a sum, so that a weight means the same at every size; for values in [0, 1] it lies between 0 and 2.

    Rudin, Osher & Fatemi 1992, "Nonlinear total variation based noise removal algorithms" (isotropic); in feature
    visualisation Mahendran & Vedaldi 2015, "Understanding deep image representations by inverting them".

    Args:
        isotropic: whether diagonal edges cost as much as upright ones of the same length.
    """
    return TotalVariation(isotropic=isotropic)
