"""Which operators are worth trying: their chances follow what their children achieved."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["Credit"]

Array = NDArray[np.float64]

# Trials that every operator begins with, at the mean success of all: so that luck in the first few decides nothing.
_PRETENDED = 10.0


class Credit:
    """Probability matching with a floor, on top of first weights.

    Thierens 2005, "An Adaptive Pursuit Strategy for Allocating Operator Probabilities", section 2.

    Args:
        weights: how often each operator is tried at first, relative to one another.
        floor: the part of its first probability that every operator keeps, from 0 to 1; 1 is "fixed".
        memory: trials, of all operators together, in which the past fades to 1/e.
    """

    def __init__(self, weights: Sequence[float], floor: float, memory: float) -> None:
        self._first = np.array(weights, dtype=np.float64)
        self._first /= max(self._first.sum(), np.finfo(np.float64).tiny)
        self._floor, self._memory = floor, memory
        self.trials = np.zeros(len(self._first))
        self.successes = np.zeros(len(self._first))

    def probabilities(self) -> Array:
        """Of each of the k operators, shape (k,), with sum 1."""
        mean = (self.successes.sum() + 1.0) / (self.trials.sum() + _PRETENDED)
        p: Array = self._first * (self.successes + mean * _PRETENDED) / (self.trials + _PRETENDED)
        p *= (1 - self._floor) / p.sum()
        p += self._floor * self._first
        return p

    def learn(self, operators: NDArray[np.int64], succeeded: NDArray[np.bool_]) -> None:
        """Whether each child of one of the ``operators`` was a success; both of shape (n,), in any order."""
        k = len(self._first)
        fade = np.exp(-len(operators) / self._memory)
        self.trials *= fade
        self.successes *= fade
        self.trials += np.bincount(operators, minlength=k)
        self.successes += np.bincount(operators[succeeded], minlength=k)
