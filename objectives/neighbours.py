"""The values of pictures and series side by side: what penalties on roughness are made of."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.errors import InvalidArgument, WrongType

__all__ = ["axes_of", "numbers_of"]


def numbers_of(inputs: Any, what: str) -> NDArray[np.float64]:
    """Pictures (n, height, width, channels) or series (n, length, channels) as float64.

    Raises:
        WrongType: when the inputs are not a numpy array of numbers.
        InvalidArgument: when they have another number of axes.
    """
    meant = "pictures, shape (n, height, width, channels), and series, shape (n, length, channels)"
    if not isinstance(inputs, np.ndarray) or inputs.dtype.kind not in "fiu":
        raise WrongType(
            f"{what} is for {meant}, arrays of numbers, but the inputs are a {type(inputs).__name__}. "
            "Leave it out for this space."
        )
    if inputs.ndim not in (3, 4):
        raise InvalidArgument(f"{what} is for {meant}, but the inputs have shape {inputs.shape}. Leave it out.")
    return inputs.astype(np.float64)


def axes_of(values: NDArray[np.float64]) -> tuple[int, ...]:
    """The axes along which values have neighbours: all but the batch's and the channels'."""
    return tuple(range(1, values.ndim - 1))
