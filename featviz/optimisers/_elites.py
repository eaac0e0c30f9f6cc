"""The best latents so far, best first."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.latent import LatentDescription, Latents
from featviz.optimisers._stored import latents_from_state, latents_to_state, stored_array

__all__ = ["Elites"]

Array = NDArray[np.float64]


class Elites:
    """At most ``most`` distinct latents with the highest scores; of equal scores the newest, so that they drift.

    Attributes:
        latents: m rows, best first.
        scores: float64 (m,), descending.
        hashes: uint64 (m,).
        born: int64 (m,), when each was told.
    """

    def __init__(self, latent: LatentDescription, most: int) -> None:
        self._latent, self._most = latent, most
        self.clear()

    def __len__(self) -> int:
        return len(self.scores)

    @property
    def full(self) -> bool:
        """Whether every place is taken."""
        return len(self) == self._most

    @property
    def best(self) -> float:
        """The highest score, or -inf."""
        return float(self.scores[0]) if len(self) else -np.inf

    def clear(self) -> None:
        """Forget all of them."""
        self.latents = Latents(
            np.empty((0, self._latent.real)),
            np.empty((0, len(self._latent.options)), dtype=np.int64),
            np.empty((0, self._latent.records), dtype=object),
        )
        self.scores = np.empty(0)
        self.hashes = np.empty(0, dtype=np.uint64)
        self.born = np.empty(0, dtype=np.int64)

    def add(self, latents: Latents, scores: Array, hashes: NDArray[np.uint64], when: int) -> None:
        """Let rows that have a score compete for the places; their order does not matter.

        A latent that is told again keeps its best score.
        """
        scores = np.concatenate([self.scores, scores])
        hashes = np.concatenate([self.hashes, hashes])
        born = np.concatenate([self.born, np.full(len(scores) - len(self), when)])
        order = np.lexsort((hashes, -born, -scores))
        firsts = np.unique(hashes[order], return_index=True)[1]
        kept = order[np.sort(firsts)[: self._most]]
        # Indexing copies, so no array of the caller's is held.
        self.latents = Latents.concatenate([self.latents, latents])[kept]
        self.scores, self.hashes, self.born = scores[kept], hashes[kept], born[kept]

    def state(self, prefix: str) -> dict[str, Any]:
        """Copies of everything, as arrays and text."""
        arrays = {"scores": self.scores.copy(), "hashes": self.hashes.copy(), "born": self.born.copy()}
        return {prefix + k: v for k, v in {**arrays, **latents_to_state(self.latents)}.items()}

    def restore(self, prefix: str, state: Mapping[str, Any]) -> None:
        """Take back what ``state`` gave.

        Raises:
            RunDamaged: it is not such a state.
        """
        mine = {k[len(prefix) :]: v for k, v in state.items() if k.startswith(prefix)}
        scores = stored_array(mine, "scores", np.float64)
        hashes = stored_array(mine, "hashes", np.uint64, scores.shape)
        born = stored_array(mine, "born", np.int64, scores.shape)
        self.latents = latents_from_state(self._latent, mine, len(scores))
        self.scores, self.hashes, self.born = scores, hashes, born
