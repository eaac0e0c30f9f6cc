"""Adam: ascent by gradients, each gene's divided by how large it usually is."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.optimisers._stored import stored_array

__all__ = ["Adam"]

Array = NDArray[np.float64]

_FIRST, _SECOND, _SMALL = 0.9, 0.999, 1e-8


class Adam:
    """Adam (Kingma & Ba 2015, "Adam: a method for stochastic optimization", algorithm 1), with its usual constants.

    Args:
        genes: their number.
        rate: how far a gene moves in a step, about.
    """

    def __init__(self, genes: int, rate: float) -> None:
        self._rate = rate
        self._average, self._squares = np.zeros(genes), np.zeros(genes)
        self._count = 0

    def step(self, gradient: Array) -> Array:
        """How far to move, shape (genes,), along a finite gradient."""
        self._count += 1
        self._average *= _FIRST
        self._average += (1 - _FIRST) * gradient
        self._squares *= _SECOND
        self._squares += (1 - _SECOND) * np.square(gradient)
        size = np.sqrt(self._squares / (1 - _SECOND**self._count))
        size += _SMALL
        move: Array = self._average / size
        move *= self._rate / (1 - _FIRST**self._count)
        return move

    def state(self) -> dict[str, Any]:
        """Copies of what ``restore`` needs."""
        return {"average": self._average.copy(), "squares": self._squares.copy(), "steps_taken": self._count}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what ``state`` gave.

        Raises:
            RunDamaged: it is not such a state.
        """
        self._average = stored_array(state, "average", np.float64, self._average.shape)
        self._squares = stored_array(state, "squares", np.float64, self._squares.shape)
        self._count = int(stored_array(state, "steps_taken", np.float64, ()))
