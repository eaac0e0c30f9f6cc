"""ClipUp: ascent by gradients whose direction alone counts, with momentum and a limit on the speed."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.optimisers._stored import stored_array

__all__ = ["ClipUp"]

Array = NDArray[np.float64]


class ClipUp:
    """ClipUp: momentum on gradients of one length, and a limit on the speed.

    Toklu, Liśkiewicz & Schmidhuber 2020, "ClipUp: a simple and powerful optimizer for distribution-based policy
    evolution", algorithm 1.

    A gradient is scaled to the length ``step``, added to ``momentum`` times the velocity, and the velocity is cut to
    the length ``most``. So the scale of the scores plays no part, and lengths are those of the space that is searched.

    Args:
        genes: their number.
        most: the longest velocity; ``step`` is half of it, as the paper advises.
        momentum: 0 to below 1.
    """

    def __init__(self, genes: int, most: float, momentum: float) -> None:
        self._most, self._momentum = most, momentum
        self._velocity = np.zeros(genes)

    def step(self, gradient: Array) -> Array:
        """How far to move, shape (genes,), along a finite gradient.

        A gradient of zero is no direction, and leaves the momentum to itself.
        """
        length = math.sqrt(gradient.dot(gradient))
        self._velocity *= self._momentum
        if length > 0:
            self._velocity += (self._most / 2 / length) * gradient
        speed = math.sqrt(self._velocity.dot(self._velocity))
        if speed > self._most:
            self._velocity *= self._most / speed
        return self._velocity

    def state(self) -> dict[str, Any]:
        """A copy of what ``restore`` needs."""
        return {"velocity": self._velocity.copy()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what ``state`` gave.

        Raises:
            RunDamaged: it is not such a state.
        """
        self._velocity = stored_array(state, "velocity", np.float64, self._velocity.shape)
