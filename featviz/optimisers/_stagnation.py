"""Whether a search has stopped to find anything, from the ranks of its generations."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.errors import RunDamaged
from featviz.optimisers._stored import stored_array

__all__ = ["Stagnation"]

# Generations in which all scores were equal, or there were none, before a search is over; the longest block.
_FLAT_LIMIT, _LONGEST_BLOCK = 20, 1000


class Stagnation:
    """Compares the medians of the best and of the middle scores of one block of generations with those of the next.

    Medians commute with every monotone map of the scores, so the test is as rank-based as the search.

    Args:
        genes: that are searched.
        population: rows of a generation; with the genes it gives the length of a block.
    """

    def __init__(self, genes: int, population: int) -> None:
        self._length = min(_LONGEST_BLOCK, 20 + math.ceil(30 * genes / population))
        self._flat = 0
        self._bests: list[float] = []
        self._middles: list[float] = []
        self._before = (-math.inf, -math.inf)

    def over(self, ranked: NDArray[np.float64], scored: int) -> bool:
        """Note a generation, and say whether the search has stagnated.

        Args:
            ranked: its scores, the best first.
            scored: how many have a score.
        """
        best = float(ranked[0]) if scored else -math.inf
        middle = float(ranked[(scored - 1) // 2]) if scored else -math.inf
        flat = scored == 0 or (scored > 1 and best == ranked[scored - 1])
        self._flat = self._flat + 1 if flat else 0
        self._bests.append(best)
        self._middles.append(middle)
        over = self._flat >= _FLAT_LIMIT
        if len(self._bests) == self._length:
            half = self._length // 2
            new_best, new_middle = sorted(self._bests)[half], sorted(self._middles)[half]
            over |= not (new_best > self._before[0] or new_middle > self._before[1])
            self._before = (new_best, new_middle)
            self._bests.clear()
            self._middles.clear()
        return over

    def state(self) -> dict[str, Any]:
        """The marks of the present block and of the one before."""
        return {
            "flat": self._flat,
            "bests": np.array(self._bests, dtype=np.float64),
            "middles": np.array(self._middles, dtype=np.float64),
            "before": np.array(self._before),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what ``state`` gave.

        Raises:
            RunDamaged: it is no such state.
        """
        try:
            flat = int(state["flat"])
        except (KeyError, TypeError, ValueError, OverflowError):
            raise RunDamaged("the optimiser's state has no number 'flat'.") from None
        bests = stored_array(state, "bests", np.float64)
        middles = stored_array(state, "middles", np.float64, bests.shape)
        before = stored_array(state, "before", np.float64, (2,))
        self._flat = flat
        self._bests, self._middles = bests.tolist(), middles.tolist()
        self._before = (float(before[0]), float(before[1]))
