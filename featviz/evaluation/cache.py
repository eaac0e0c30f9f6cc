"""Answers that were given already: an equal input is not sent to a box twice."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["AnswerCache"]

Outputs = NDArray[np.float64]

# At about 200 bytes an entry, what a long search may hold in memory. The oldest are forgotten first.
_MOST_ENTRIES = 250_000


class AnswerCache:
    """The answers of one box by the digest of the input.

    Failed evaluations are not kept: a service that was down, or a process that was killed, may answer the next time.

    Args:
        most: entries that are kept.
    """

    def __init__(self, most: int = _MOST_ENTRIES) -> None:
        self._most = most
        self._answers: dict[bytes, Outputs] = {}

    def __len__(self) -> int:
        return len(self._answers)

    def split(self, digests: list[bytes]) -> tuple[list[int], dict[int, int]]:
        """Which of a batch's inputs have to be asked for, and which of those are equal to others.

        Args:
            digests: of the n inputs.

        Returns:
            The positions to ask for; and for each position that repeats one of those, that one. Positions in neither
            are known: see :meth:`get`.
        """
        if self._answers.keys().isdisjoint(digests) and len(set(digests)) == len(digests):  # all new, the usual case
            return list(range(len(digests))), {}
        first: dict[bytes, int] = {}
        repeats: dict[int, int] = {}
        for position, digest in enumerate(digests):
            if digest in self._answers:
                continue
            if (earlier := first.setdefault(digest, position)) != position:
                repeats[position] = earlier
        return list(first.values()), repeats

    def get(self, digest: bytes) -> Outputs | None:
        """The outputs, shape (k,), for an input, or None."""
        return self._answers.get(digest)

    def add(self, digests: list[bytes], outputs: Outputs, answered: NDArray[Any]) -> None:
        """Keep the rows of ``outputs`` (n, k) that were ``answered`` (bool, n)."""
        rows = list(outputs.copy())  # views of one copy: a copy of each of 64 rows takes three times as long (measured)
        if answered.all():
            self._answers.update(zip(digests, rows, strict=True))
        else:
            self._answers.update((digests[i], rows[i]) for i in np.flatnonzero(answered).tolist())
        while len(self._answers) > self._most:
            del self._answers[next(iter(self._answers))]

    def forget(self) -> None:
        """Drop all answers: the box turned out to be noisy."""
        self._answers.clear()
