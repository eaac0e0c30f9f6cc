"""What latents of options only were answered, so that none is asked for twice."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.optimisers._stored import stored_array

__all__ = ["Answers", "OptionKeys"]

Indices = NDArray[np.int64]
Keys = NDArray[np.uint64]

# Of the numbers that options are hashed with: the same in every process and for every seed.
_KEY = 0x66656174


class OptionKeys:
    """A number of 8 bytes for each row of options, equal for equal rows: the sum of a random number for each option.

    Zobrist 1970, "A new hashing method with application for game playing". Of a million rows two differ and are taken
    for equal with a probability of 3e-8.

    Args:
        options: how many options each gene has.
    """

    def __init__(self, options: tuple[int, ...]) -> None:
        sizes = np.array(options, dtype=np.int64)
        self._offset = np.cumsum(sizes) - sizes
        self._numbers = np.random.SFC64(_KEY).random_raw(int(sizes.sum())).astype(np.uint64)

    def __call__(self, rows: Indices) -> Keys:
        """Keys, uint64 (n,), of rows of options, int64 (n, genes)."""
        keys: Keys = self._numbers[self._offset + rows].sum(axis=1, dtype=np.uint64)
        return keys


class Answers:
    """Scores by key; the older half is forgotten rather than more than ``most`` kept."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._scores: dict[int, float] = {}

    def __len__(self) -> int:
        return len(self._scores)

    def __contains__(self, key: int) -> bool:
        return key in self._scores

    def learn(self, keys: list[int], scores: list[float]) -> None:
        """Remember ``scores``."""
        self._scores.update(zip(keys, scores, strict=True))
        if len(self._scores) > self._most:
            self._scores = dict(list(self._scores.items())[-(self._most // 2) :])

    def of(self, keys: list[int]) -> NDArray[np.float64]:
        """Scores, float64 (n,); NaN for what is not known."""
        return np.array([self._scores.get(key, np.nan) for key in keys], dtype=np.float64)

    def clear(self) -> None:
        """Forget everything."""
        self._scores.clear()

    def state(self) -> dict[str, Any]:
        """Keys and scores as arrays, oldest first."""
        n = len(self._scores)
        return {
            "answered": np.fromiter(self._scores, dtype=np.uint64, count=n),
            "answers": np.fromiter(self._scores.values(), dtype=np.float64, count=n),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what ``state`` gave.

        Raises:
            RunDamaged: there are no such arrays.
        """
        keys = stored_array(state, "answered", np.uint64)
        scores = stored_array(state, "answers", np.float64, keys.shape)
        self._scores = dict(zip(keys.tolist(), scores.tolist(), strict=True))
