"""Independent categorical distributions, moved along the natural gradient with a step that fits its noise."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.errors import RunDamaged
from featviz.optimisers._stored import stored_array

__all__ = ["Categoricals"]

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

# No sample but the most likely one has this probability once every gene is as sure as its margin lets it be (Hamano et
# al. 2024, section 4.3).
_ALL_AT_THEIR_BEST = 0.73
# The ratio of signal to noise at which steps stay as they are (Akimoto et al. 2019, "Adaptive stochastic natural
# gradient method for one-shot neural architecture search").
_SIGNAL_TO_NOISE = 1.5
# A gradient as short as this is what rounding leaves where all rows are the same, or all scores.
_SHORTEST = 1e-10


class Categoricals:
    """One categorical distribution a gene, learnt from ranked samples as in CatCMA.

    Hamano et al. 2024, "CatCMA: Stochastic optimization for mixed-category problems": natural gradient, step sizes by
    ASNG (Akimoto et al. 2019), and a margin that no probability falls below.

    The probabilities of all genes stand one after another in one array of length P, so that genes with any numbers of
    options are drawn and learnt at once. Options without a prior probability have no place in it.

    Args:
        probabilities: where each gene begins: of its options, with sum 1.
        margin: the least probability of an option of a gene with K of them, times K - 1; by default such that the most
            likely sample has a probability of 0.73 at least when all genes are at their margins.
    """

    def __init__(self, probabilities: Sequence[Array], margin: float | None = None) -> None:
        supports: dict[int, NDArray[np.intp]] = {}
        for p in probabilities:  # the positions of a text share one array
            if id(p) not in supports:
                supports[id(p)] = np.flatnonzero(p > 0)
        each = [supports[id(p)] for p in probabilities]
        self._count = np.array([len(support) for support in each], dtype=np.int64)
        self._equal = int(self._count[0]) if len(set(self._count.tolist())) == 1 else None
        self._last = np.cumsum(self._count) - 1
        self._first = self._last - self._count + 1
        self._option = np.concatenate([np.empty(0, dtype=np.int64), *each]).astype(np.int64)
        # Of each option of each gene its place in the arrays of length P; -1 where it has none.
        sizes = np.array([len(p) for p in probabilities], dtype=np.int64)
        self._offset = np.cumsum(sizes) - sizes
        self._place = np.full(int(sizes.sum()), -1, dtype=np.int64)
        self._place[np.repeat(self._offset, self._count) + self._option] = np.arange(len(self._option))
        self._parameters = int((self._count - 1).sum())
        if margin is None:
            margin = 1 - _ALL_AT_THEIR_BEST ** (1 / max(len(probabilities), 1))
        self._least = self._spread(margin / np.maximum(self._count - 1, 1))
        self._begins = np.concatenate(
            [np.empty(0), *[p[s] / p[s].sum() for p, s in zip(probabilities, each, strict=True)]]
        )
        self.reset()

    def reset(self) -> None:
        """Begin again."""
        self._q = self._above_the_margin(self._begins)
        self._path = np.zeros(len(self._q))
        self._signal = 0.0
        self._caution = 1.0

    @property
    def probabilities(self) -> list[Array]:
        """Of the options of each gene that can be drawn, float64, in the order of the options: copies."""
        return [self._q[a : b + 1].copy() for a, b in zip(self._first.tolist(), self._last.tolist(), strict=True)]

    def draw(self, rng: np.random.Generator, n: int) -> Indices:
        """``n`` rows of options, int64 (n, genes)."""
        cumulated = np.cumsum(self._q)
        ends = cumulated[self._last]
        begins = np.concatenate([np.zeros(1), ends[:-1]])[: len(ends)]
        targets = rng.random((n, len(ends)))
        targets *= ends - begins
        targets += begins
        places = np.searchsorted(cumulated, targets, side="right")
        # A number just below 1 may be rounded up to where the next gene begins.
        np.minimum(places, self._last, out=places)
        return self._option[places]

    def likeliest(self) -> Indices:
        """The likeliest option of each gene, int64 (genes,); the first of equal ones."""
        if not len(self._first):
            return np.empty(0, dtype=np.int64)
        best = self._spread(np.maximum.reduceat(self._q, self._first))
        places = np.flatnonzero(self._q == best)
        return self._option[places[np.searchsorted(places, self._first)]]

    def learn(self, rows: Indices, weights: Array) -> None:
        """One step along the natural gradient of weighted rows.

        Args:
            rows: options, int64 (n, genes).
            weights: shape (n,), higher for better rows; with any sum.
        """
        if not self._parameters or not len(rows):
            return
        places = self._place[self._offset + rows]
        heavy = np.broadcast_to(weights[:, None], places.shape)
        known = places >= 0
        if known.all():
            gradient = np.bincount(places.ravel(), weights=heavy.ravel(), minlength=len(self._q))
            gradient -= weights.sum() * self._q
        else:  # foreign options that have no probability teach their gene nothing
            gradient = np.bincount(places[known], weights=heavy[known], minlength=len(self._q))
            gradient -= self._spread(np.where(known, heavy, 0.0).sum(axis=0)) * self._q
        root = np.sqrt(self._q)
        # The gradient times a root of the Fisher matrix (Akimoto et al. 2019, appendix B), whose coordinates are all
        # options but the last; those sum to less the gradient of the last one.
        scaled = gradient / root
        last = gradient[self._last] / (self._q[self._last] + root[self._last])
        scaled -= root * self._spread(last)
        scaled[self._last] = 0.0
        length = math.sqrt(scaled.dot(scaled))
        if length < _SHORTEST:
            return
        step = 1.0 / self._caution
        gradient *= step / length
        gradient += self._q
        self._q = self._above_the_margin(gradient)
        rate = step / math.sqrt(self._parameters)
        self._path *= 1 - rate
        scaled *= math.sqrt(rate * (2 - rate)) / length
        self._path += scaled
        self._signal = (1 - rate) ** 2 * self._signal + rate * (2 - rate)
        self._caution *= math.exp(rate * (self._signal - self._path.dot(self._path) / _SIGNAL_TO_NOISE))
        # Where all points one way for long the step would grow without end; at a rate of 1 the path has no memory.
        self._caution = max(self._caution, 1.0 / math.sqrt(self._parameters))

    def state(self, head: str) -> dict[str, Any]:
        """All of it as arrays and numbers, under names that begin with ``head``."""
        return {
            f"{head}q": self._q.copy(),
            f"{head}path": self._path.copy(),
            f"{head}signal": self._signal,
            f"{head}caution": self._caution,
        }

    def restore(self, head: str, state: Mapping[str, Any]) -> None:
        """Take back what ``state`` gave.

        Raises:
            RunDamaged: it is not one of these distributions.
        """
        q = stored_array(state, f"{head}q", np.float64, self._q.shape)
        path = stored_array(state, f"{head}path", np.float64, self._path.shape)
        try:
            signal, caution = float(state[f"{head}signal"]), float(state[f"{head}caution"])
        except (KeyError, TypeError, ValueError):
            raise RunDamaged("the optimiser's state lacks the step of its categorical distributions.") from None
        if not ((q > 0).all() and np.isfinite(path).all() and caution > 0):
            raise RunDamaged("the optimiser's state holds probabilities that cannot be.")
        self._q, self._path, self._signal, self._caution = q, path, signal, caution

    def _spread(self, values: Array) -> Array:
        """One value a gene, repeated for each of its options: shape (P,)."""
        # Several times as fast where all genes have as many options.
        return np.repeat(values, self._count if self._equal is None else self._equal)

    def _above_the_margin(self, q: Array) -> Array:
        """Probabilities of at least the margin, taken from what the others have above theirs."""
        if not len(q):
            return q
        q = np.maximum(q, self._least)
        total = np.add.reduceat(q, self._first)
        least = self._least[self._first]
        # A gene of one option has nothing above a margin that is all of it.
        above = np.where(self._count > 1, total - least * self._count, 1.0)
        excess = q - self._least
        excess *= self._spread((total - 1) / above)
        q -= excess
        q /= self._spread(np.add.reduceat(q, self._first))
        return q
