"""Good latents that differ: each new one competes with the one most like it."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.errors import RunDamaged
from featviz.latent import LatentDescription, Latents
from featviz.optimisers._stored import latents_from_state, latents_to_state, stored_array

__all__ = ["Elites"]

Array = NDArray[np.float64]


# Of the elites, those that a new latent is compared with, when it looks for the one most like it. All would keep more
# kinds of elites and let good ones spread more slowly.
_COMPARED = 0.6
# Genes that decide how alike two latents are, drawn at random where there are more; and numbers held for that at once.
_GENES_COMPARED, _NUMBERS = 256, 1 << 20


class Elites:
    """At most ``most`` distinct latents; of equal scores the newer one stays, so that they drift.

    Once every place is taken, a new latent takes that of the elite most like it, among some drawn at random, if its
    score is no lower: Harik 1995, "Finding Multimodal Solutions Using Restricted Tournament Selection". So the elites
    do not all become relatives of the first good one.

    Attributes:
        latents: m rows, best first.
        scores: float64 (m,), descending.
        hashes: uint64 (m,).
        born: int64 (m,), when each was told.
        counts: int64 (m,), how many scores each is the mean of; 1 until it is revised.
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
        self.counts = np.empty(0, dtype=np.int64)

    def add(
        self, latents: Latents, scores: Array, hashes: NDArray[np.uint64], when: int, rng: np.random.Generator
    ) -> None:
        """Let rows that have a score compete for the places; their order does not matter."""
        # Best first, each latent once, and none that is an elite.
        order = np.lexsort((hashes, -scores))
        order = order[np.sort(np.unique(hashes[order], return_index=True)[1])]
        known = set(self.hashes.tolist())
        if not known.isdisjoint(hashes.tolist()):
            order = order[[key not in known for key in hashes[order].tolist()]]
        # More than so many would hardly all find a place.
        order = order[: 2 * self._most]
        free = self._most - len(self)
        places = np.arange(len(self), len(self) + len(order[:free]))
        taken, rest = order[:free], order[free:]
        if len(rest):
            before = Latents.concatenate([self.latents, latents[taken]])
            alike = self._most_alike(before, latents[rest], rng)
            won = scores[rest] >= np.concatenate([self.scores, scores[taken]])[alike]
            # The first that wants a place is the best that does.
            first = dict(zip(alike[won][::-1].tolist(), rest[won][::-1].tolist(), strict=True))
            taken = np.concatenate([taken, np.array(list(first.values()), dtype=np.int64)])
            places = np.concatenate([places, np.array(list(first), dtype=np.int64)])
        if not len(places):
            return
        self._put(places, latents[taken], scores[taken], hashes[taken], when)

    def _put(
        self, places: NDArray[np.intp], latents: Latents, scores: Array, hashes: NDArray[np.uint64], when: int
    ) -> None:
        """Put rows in places, of which a later mention holds, and sort."""
        # From all rows, old ones first, the one for each place.
        rows = np.arange(max(len(self), int(places.max()) + 1))
        rows[places] = len(self) + np.arange(len(places))
        scores, hashes = np.concatenate([self.scores, scores])[rows], np.concatenate([self.hashes, hashes])[rows]
        born = np.concatenate([self.born, np.full(len(places), when)])[rows]
        counts = np.concatenate([self.counts, np.ones(len(places), dtype=np.int64)])[rows]
        order = np.lexsort((hashes, -born, -scores))
        # Indexing copies, so no array of the caller's is held.
        self.latents = Latents.concatenate([self.latents, latents])[rows[order]]
        self.scores, self.hashes, self.born, self.counts = scores[order], hashes[order], born[order], counts[order]

    def revise(self, scores: Array, hashes: NDArray[np.uint64]) -> None:
        """Take further scores of elites, finite and of shape (n,), into their means; other rows are left alone."""
        places = {key: place for place, key in enumerate(self.hashes.tolist())}
        # In an order of their own, so that sums do not depend on that of the rows.
        told = [
            (places[key], score)
            for key, score in sorted(zip(hashes.tolist(), scores.tolist(), strict=True))
            if key in places
        ]
        if not told:
            return
        which, found = np.array([place for place, _ in told]), np.array([score for _, score in told])
        counts = self.counts + np.bincount(which, minlength=len(self))
        # Divided before they are added: the largest numbers may be scores.
        means = self.scores * (self.counts / counts)
        means += np.bincount(which, weights=found / counts[which], minlength=len(self))
        order = np.lexsort((self.hashes, -self.born, -means))
        self.latents = self.latents[order]
        self.scores, self.hashes, self.born = means[order], self.hashes[order], self.born[order]
        self.counts = counts[order]

    def _most_alike(self, elites: Latents, latents: Latents, rng: np.random.Generator) -> NDArray[np.intp]:
        """For each latent the number of the elite most like it, among some that are drawn for it."""
        skipped = rng.random((len(latents), len(elites))) >= _COMPARED
        skipped[np.arange(len(latents)), rng.integers(len(elites), size=len(latents))] = False
        distances = np.where(skipped, np.inf, 0.0)
        genes = self._latent.genes
        chosen = np.arange(genes) if genes <= _GENES_COMPARED else rng.choice(genes, _GENES_COMPARED, replace=False)
        r, c = elites.real.shape[1], elites.categorical.shape[1]
        at_once = max(1, _NUMBERS // distances.size)
        for begin in range(0, len(chosen), at_once):
            part = chosen[begin : begin + at_once]
            real, categorical = part[part < r], part[(part >= r) & (part < r + c)] - r
            if len(real):
                steps = np.abs(latents.real[:, None, real] - elites.real[None, :, real])
                distances += np.minimum(steps, 1.0, out=steps).sum(axis=2)
            if len(categorical):
                differ = latents.categorical[:, None, categorical] != elites.categorical[None, :, categorical]
                distances += differ.sum(axis=2)
            records = part[part >= r + c] - r - c
            if len(records):
                distances += _apart(latents.records[:, records], elites.records[:, records])
        alike: NDArray[np.intp] = distances.argmin(axis=1)
        return alike

    def state(self, prefix: str) -> dict[str, Any]:
        """Copies of everything, as arrays and text."""
        arrays = {"scores": self.scores, "hashes": self.hashes, "born": self.born, "counts": self.counts}
        copies = {key: array.copy() for key, array in arrays.items()}
        return {prefix + k: v for k, v in {**copies, **latents_to_state(self.latents)}.items()}

    def restore(self, prefix: str, state: Mapping[str, Any]) -> None:
        """Take back what ``state`` gave.

        Raises:
            RunDamaged: it is not such a state.
        """
        mine = {k[len(prefix) :]: v for k, v in state.items() if k.startswith(prefix)}
        scores = stored_array(mine, "scores", np.float64)
        hashes = stored_array(mine, "hashes", np.uint64, scores.shape)
        born = stored_array(mine, "born", np.int64, scores.shape)
        counts = stored_array(mine, "counts", np.int64, scores.shape)
        if (counts < 1).any():
            raise RunDamaged("the optimiser's state holds elites without a score.")
        self.latents = latents_from_state(self._latent, mine, len(scores))
        self.scores, self.hashes, self.born, self.counts = scores, hashes, born, counts


def _apart(first: NDArray[np.object_], second: NDArray[np.object_]) -> Array:
    """How far records lie apart, shape (n, m): for each the part of the choices of both that only one of them has."""
    found = np.zeros((len(first), len(second)))
    for slot in range(first.shape[1]):
        others = [frozenset(record) for record in second[:, slot]]
        for row, record in enumerate(first[:, slot]):
            mine = frozenset(record)
            found[row] += [len(mine ^ other) / max(1, len(mine) + len(other)) for other in others]
    return found
