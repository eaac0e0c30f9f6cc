"""Draws options of categorical genes for any rows and genes at once."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["OptionTables"]

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

# How often an option is drawn uniformly and not by its prior probability, so that rare ones are tried too.
_UNIFORM_PART = 0.5


class OptionTables:
    """The options of each gene that have a prior probability above 0.

    All distinct tables stand one after another in one array, the cumulated probabilities of table t raised by t: so
    one binary search serves all genes, however different they are.

    Args:
        probabilities: of the options of each gene.
    """

    def __init__(self, probabilities: Sequence[Array]) -> None:
        number: dict[bytes, int] = {}
        self._table = np.array([number.setdefault(p.tobytes(), len(number)) for p in probabilities], dtype=np.int64)
        distinct = [np.frombuffer(key, dtype=np.float64) for key in number]
        supports = [np.flatnonzero(p > 0) for p in distinct]
        self._count = np.array([len(s) for s in supports], dtype=np.int64)
        self._first = np.cumsum(self._count) - self._count
        self._support = np.concatenate([np.empty(0, dtype=np.int64), *supports])
        raised = [np.cumsum(p[s]) / p[s].sum() + t for t, (p, s) in enumerate(zip(distinct, supports, strict=True))]
        self._cumulated = np.concatenate([np.empty(0), *raised])

    def draw(self, rng: np.random.Generator, genes: NDArray[np.intp], current: Indices) -> Indices:
        """For each of m genes an option other than ``current`` (where it has another), both of shape (m,)."""
        table = self._table[genes]
        first, count = self._first[table], self._count[table]
        by_prior, which, among_others = rng.random((3, len(genes)))
        place = np.searchsorted(self._cumulated, table + by_prior, side="right")
        place = np.clip(place, first, first + count - 1)
        drawn = self._support[place]
        # Uniform among the others where the coin says so, or where the prior gave what is there already: then place is
        # that of the current option, and any other step leads to another one.
        steps = 1 + (among_others * np.maximum(count - 1, 1)).astype(np.int64)
        beside = self._support[first + (place - first + steps) % count]
        again = (which < _UNIFORM_PART) & (beside != current)
        options: Indices = np.where(again | (drawn == current), beside, drawn)
        return options
