"""Counts every query of a function, initial design included, and notes the best so far."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Recorder"]

Array = NDArray[np.float64]


class Recorder:
    """A batched score function that remembers.

    Args:
        score: the function, rows (n, ...) -> float64 (n,), finite.
        budget: queries that count; a method stops when ``left()`` is 0. Those beyond it are answered and ignored.
        enough: a score from which on no queries are left.
    """

    def __init__(self, score: Callable[[NDArray[Any]], Array], budget: int, enough: float = np.inf) -> None:
        self._score, self._budget, self._enough = score, budget, enough
        self._scores: list[Array] = []
        self._done = False
        self.queries = 0

    def __call__(self, rows: NDArray[Any]) -> Array:
        """Scores, float64 (n,), of n rows."""
        scores = np.asarray(self._score(rows), dtype=np.float64)
        self._scores.append(scores)
        self.queries += len(scores)
        self._done = self._done or bool((scores >= self._enough).any())
        return scores

    def left(self) -> int:
        """Queries that the budget still allows."""
        return 0 if self._done else max(self._budget - self.queries, 0)

    def best(self, checkpoints: Sequence[int]) -> list[float]:
        """The best score within so many queries, NaN beyond the budget. A method that stopped early keeps its best."""
        best = np.maximum.accumulate(np.concatenate(self._scores)) if self._scores else np.full(1, np.nan)
        return [float(best[min(c, len(best)) - 1]) if c <= self._budget else np.nan for c in checkpoints]

    def first(self, least: float) -> int | None:
        """The number of the first query that scored ``least`` or more, from 1; None when none within the budget did."""
        if not self._scores:
            return None
        reached = np.flatnonzero(np.concatenate(self._scores)[: self._budget] >= least)
        return int(reached[0]) + 1 if len(reached) else None
