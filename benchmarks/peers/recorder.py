"""Counts every query of a function, initial design included, and notes the best so far."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Recorder"]

Array = NDArray[np.float64]


class Recorder:
    """A batched score function that remembers.

    With noise, methods see noisy scores, and what counts is the true score of the one row that a method reports: the
    one it recommends, else the one that it observed the highest score of.

    Args:
        score: the function, rows (n, ...) -> float64 (n,), finite.
        budget: queries that count; a method stops when ``left()`` is 0. Those beyond it are answered and ignored.
        enough: a score from which on no queries are left.
        noise: standard deviation of normal noise that is added to what methods see.
        seed: of the noise.
    """

    def __init__(
        self,
        score: Callable[[NDArray[Any]], Array],
        budget: int,
        enough: float = np.inf,
        *,
        noise: float = 0.0,
        seed: int = 0,
    ) -> None:
        self._score, self._budget, self._enough, self.noise = score, budget, enough, noise
        self._done = False
        self._rng = np.random.default_rng([seed, 0x6E6F69])
        # True scores and seen ones, a batch each.
        self._scores: list[Array] = []
        self._seen: list[Array] = []
        self._recommended: float | None = None
        self.queries = 0

    def __call__(self, rows: NDArray[Any]) -> Array:
        """Scores, float64 (n,), of n rows."""
        scores = np.asarray(self._score(rows), dtype=np.float64)
        seen = scores + self.noise * self._rng.standard_normal(len(scores)) if self.noise else scores
        self._scores.append(scores)
        self._seen.append(seen)
        self.queries += len(scores)
        self._done = self._done or bool((scores >= self._enough).any())
        return seen

    def recommend(self, row: NDArray[Any] | None) -> None:
        """Note which row (1, ...) a method recommends at its end, None for none; of account where there is noise.

        It costs no query.
        """
        self._recommended = None if row is None else float(np.asarray(self._score(row), dtype=np.float64)[0])

    def left(self) -> int:
        """Queries that the budget still allows."""
        return 0 if self._done else max(self._budget - self.queries, 0)

    def best(self, checkpoints: Sequence[int]) -> list[float]:
        """The best score within so many queries, NaN beyond the budget. A method that stopped early keeps its best.

        With noise, the true score of what is reported.
        """
        if self.noise and self._scores:
            return [self._reported(c) if c <= self._budget else np.nan for c in checkpoints]
        best = np.maximum.accumulate(np.concatenate(self._scores)) if self._scores else np.full(1, np.nan)
        return [float(best[min(c, len(best)) - 1]) if c <= self._budget else np.nan for c in checkpoints]

    def _reported(self, queries: int) -> float:
        if self._recommended is not None and queries >= min(self.queries, self._budget):
            return self._recommended
        return float(np.concatenate(self._scores)[np.concatenate(self._seen)[:queries].argmax()])

    def first(self, least: float) -> int | None:
        """The number of the first query that scored ``least`` or more, from 1; None when none within the budget did."""
        if not self._scores:
            return None
        reached = np.flatnonzero(np.concatenate(self._scores)[: self._budget] >= least)
        return int(reached[0]) + 1 if len(reached) else None
