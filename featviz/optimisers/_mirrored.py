"""Mirrored sampling: rows in pairs that lie opposite each other, whatever the sizes and the order of batches."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.optimisers._stored import stored_array

__all__ = ["MirroredPairs", "centred_ranks"]

Array = NDArray[np.float64]


def centred_ranks(n: int, scored: int) -> Array:
    """Utilities of the ranks 1 to n, shape (n,), from 1/2 down to -1/2, with sum 0 (Salimans et al. 2017).

    The ranks beyond ``scored`` share the mean of theirs: among rows without a score there is no order.
    """
    if n == 1:
        return np.zeros(1)
    utilities: Array = 0.5 - np.arange(n) / (n - 1)
    if scored < n:
        utilities[scored:] = utilities[scored:].mean()
    return utilities


class MirroredPairs:
    """Draws rows in pairs, and gives back told rows pair by pair.

    Rows 2k and 2k + 1 of what is drawn are mirror images about the mean. Where a batch ends between the two, the next
    one begins with the second, about the mean of the first. A told row whose partner is still out is held until the
    partner comes, so both are learnt from in one generation, although batches are split and shuffled. Partners that
    never come (rows that failed) are waited for until as many are held as were ever asked for at once, or make two
    generations.

    Rows are known by their first gene: 53 random bits, whatever their order, and after a resume.

    Args:
        genes: their number.
    """

    def __init__(self, genes: int) -> None:
        self._genes = genes
        self._most = 0
        self.clear()

    def clear(self) -> None:
        """Forget all rows that are out or held."""
        # The first genes of the two rows of each pair that is out, in the order of asking.
        self._out = np.empty((0, 2))
        # The row with which the next batch begins, where the last one ended within a pair.
        self._next = np.empty((0, self._genes))
        self._rows, self._scores = np.empty((0, self._genes)), np.empty(0)

    def draw(self, rng: np.random.Generator, n: int, mean: Array, steps: Array | float) -> Array:
        """``n`` rows, shape (n, genes)."""
        first = self._next
        left = n - len(first)
        half = rng.standard_normal(((left + 1) // 2, self._genes))
        half *= steps
        rows = np.empty((n, self._genes))
        rows[: len(first)] = first
        rows[len(first) :: 2] = mean + half
        rows[len(first) + 1 :: 2] = mean - half[: left // 2]
        self._next = mean - half[-1:] if left % 2 else np.empty((0, self._genes))
        return rows

    def note(self, rows: Array, began_within: bool) -> None:
        """Remember the pairs of ``rows``, as they were given out.

        Args:
            rows: what ``draw`` returned last.
            began_within: whether it began with the second row of a pair.
        """
        firsts = np.concatenate([rows[int(began_within) :, 0], self._next[:, 0]])
        self._out = np.concatenate([self._out, firsts.reshape(-1, 2)])
        self._most = max(self._most, len(rows))

    @property
    def within(self) -> bool:
        """Whether the next batch begins with the second row of a pair."""
        return len(self._next) > 0

    def settle(self, rows: Array, scores: Array, population: int) -> tuple[Array, Array]:
        """The told rows, and held ones, that can be learnt from now: whole pairs, and rows of no pair.

        Args:
            rows: shape (n, genes).
            scores: shape (n,).
            population: rows of a generation.

        Returns:
            Rows and their scores; there may be none.
        """
        if len(self._rows):
            rows, scores = np.concatenate([self._rows, rows]), np.concatenate([self._scores, scores])
        known = self._out.ravel()
        order = known.argsort(kind="stable")
        places = np.searchsorted(known, rows[:, 0], sorter=order)
        numbers = order[np.minimum(places, len(order) - 1)] if len(order) else np.zeros(len(rows), dtype=np.intp)
        mine = known[numbers] == rows[:, 0] if len(order) else np.zeros(len(rows), dtype=np.bool_)
        told = np.zeros(len(known), dtype=np.bool_)
        told[numbers[mine]] = True
        both = told[::2] & told[1::2]
        ready = ~mine
        ready[mine] = both[numbers[mine] // 2]
        if len(rows) - np.count_nonzero(ready) > max(2 * population, self._most):
            ready[:] = True
            both |= told[::2] | told[1::2]
        # Of pairs that nothing was ever told of, only so many are remembered.
        self._out = self._out[~both][-2 * max(2 * population, self._most) :]
        if ready.all():
            self._rows, self._scores = np.empty((0, self._genes)), np.empty(0)
            return rows, scores
        self._rows, self._scores = rows[~ready], scores[~ready]
        return rows[ready], scores[ready]

    def state(self) -> dict[str, Any]:
        """Copies of what ``restore`` needs."""
        return {
            "pairs_out": self._out.copy(),
            "pairs_next": self._next.copy(),
            "pairs_rows": self._rows.copy(),
            "pairs_scores": self._scores.copy(),
            "pairs_most": self._most,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what ``state`` gave.

        Raises:
            RunDamaged: it is not such a state.
        """
        scores = stored_array(state, "pairs_scores", np.float64)
        self._rows = stored_array(state, "pairs_rows", np.float64, (len(scores), self._genes))
        self._out = stored_array(state, "pairs_out", np.float64, (np.size(state.get("pairs_out", ())) // 2, 2))
        within = np.size(state.get("pairs_next", ())) > 0
        self._next = stored_array(state, "pairs_next", np.float64, (int(within), self._genes))
        self._scores, self._most = scores, int(stored_array(state, "pairs_most", np.float64, ()))
