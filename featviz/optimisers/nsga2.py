"""NSGA-II: several objectives at once, for genes of every kind."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from featviz import checks
from featviz.dominance import crowding, ranks
from featviz.errors import InvalidArgument, RunDamaged
from featviz.latent import LatentDescription, Latents
from featviz.optimisers._breeding import Breeding
from featviz.optimisers._scores import checked_values
from featviz.optimisers._stored import latents_from_state, latents_to_state, stored_array

__all__ = ["Nsga2"]

Array = NDArray[np.float64]

# Separates these random numbers from what else is drawn under the same seed.
_STREAM = 105
# Beyond what a score can be, and small enough that differences do not overflow.
_LARGEST = 1e300
# Of normal steps, the part whose children should survive.
_WANTED = 0.2


class Nsga2(Breeding):
    """The non-dominated sorting genetic algorithm, batched.

    Deb, Pratap, Agarwal & Meyarivan 2002, "A fast and elitist multiobjective genetic algorithm: NSGA-II". Of the
    parents and the rows told those stay that are on the better fronts, and of the last front that has room those with
    the most room around them (crowding distance). A child is made of the winners of binary tournaments by the same two
    measures. Selection takes place at every tell, of however many rows: with batches smaller than the population
    children serve as parents sooner than in whole generations.

    Children are made as by the genetic algorithm ``"ga"``: by the space's own moves, changes, crossovers and, for real
    genes, normal and difference steps, of which those that give survivors are tried more often. Nothing that was
    evaluated is asked for again while there is something else, and no latent that the space forbids.

    Args:
        latent: genes of any kind.
        seed: 0 to 2**64 - 1.
        budget: evaluations to plan for; checked, and not used.
        start: a batch of one latent to begin at: it is the first one asked for, and half of the first population are
            variations of it.
        population: how many parents there are, at least 2; also how finely the front is held.
        batch_size: rows preferred at a time.
        escape: the part of the proposals that are fresh draws from the prior, from 0 to 1.
    """

    name: ClassVar[str] = "nsga2"
    # It may be told several values a latent; the contract then checks what that means.
    many_goals: ClassVar[bool] = True

    def __init__(
        self,
        latent: LatentDescription,
        seed: int = 0,
        budget: int | None = None,
        start: Latents | None = None,
        *,
        population: int = 50,
        batch_size: int = 20,
        escape: float = 0.03,
    ) -> None:
        population = checks.integer("population", population, 2, 10_000)
        super().__init__(
            latent, seed, budget, start, population=population, batch_size=batch_size, escape=escape, stream=_STREAM
        )
        # Best first: by front, within a front by crowding distance.
        self._latents = Latents(
            np.empty((0, latent.real)),
            np.empty((0, len(latent.options)), dtype=np.int64),
            np.empty((0, latent.records), dtype=object),
        )
        self._values = np.empty((0, 0))
        self._keys = np.empty(0, dtype=np.uint64)
        self._born = np.empty(0, dtype=np.int64)

    def tell(self, latents: Latents, scores: NDArray[np.float64]) -> None:
        """Learn the scores of latents, own or foreign: shape (n,), or (n, m) for m objectives; higher is better.

        A row with NaN or -inf in any place has no score and is not tried again.

        Raises:
            LatentShapeError: the latents are of another space.
            InvalidArgument: not one row of scores a latent, another number of objectives than before, latents that are
                not finite, or records that are none.
        """
        values = checked_values(scores, len(latents))
        goals = self._values.shape[1]
        if len(self._values) and values.shape[1] != goals:
            raise InvalidArgument(f"{goals} objectives were told before, but now there are {values.shape[1]}.")
        told = self._take_back(latents)
        scored: NDArray[np.bool_] = np.all(values > -np.inf, axis=1)
        self._tells += 1
        if scored.any():
            self._select(latents[scored], np.clip(values[scored], -_LARGEST, _LARGEST), told.hashes[scored])
        self._learn_operators(told.operators, scored & np.isin(told.hashes, self._keys), _WANTED)

    def _select(self, latents: Latents, values: Array, keys: NDArray[np.uint64]) -> None:
        """Of the parents and new rows with a score, each latent once, take the better half."""
        if not len(self._values):
            self._values = np.empty((0, values.shape[1]))
        keys = np.concatenate([self._keys, keys])
        # A latent that was told twice keeps its newer values; the order of rows plays no part from here on.
        values = np.concatenate([self._values, values])
        born = np.concatenate([self._born, np.full(len(values) - len(self._born), self._tells)])
        order = np.lexsort((*values.T, -born, keys))
        order = order[np.append(True, np.diff(keys[order]) != 0)]
        values, keys, born = values[order], keys[order], born[order]
        front = ranks(values, self._population)
        room = crowding(values, front)
        best = np.lexsort((keys, -born, -room, front))[: self._population]
        if len(best) < len(order):
            # Who stays changes how much room there is.
            room = crowding(values[best], front[best])
            best = best[np.lexsort((keys[best], -born[best], -room, front[best]))]
        self._latents = Latents.concatenate([self._latents, latents])[order[best]]
        self._values, self._keys, self._born = values[best], keys[best], born[best]

    def _parents(self) -> int:
        return len(self._keys)

    def _pairs(self, rng: np.random.Generator, n: int) -> tuple[Latents, Latents, Array]:
        m = len(self._keys)
        # Parents stand in order, so that the lower number wins a tournament.
        parent, mate = rng.integers(m, size=(2, 2, n)).min(axis=1)
        mate = np.where(mate == parent, (mate + 1) % m, mate)
        return self._latents[parent], self._latents[mate], np.full(n, np.nan)

    def _parents_state(self) -> dict[str, Any]:
        latents = {f"parents_{key}": part for key, part in latents_to_state(self._latents).items()}
        return {"values": self._values.copy(), "keys": self._keys.copy(), "born": self._born.copy(), **latents}

    def _restore_parents(self, state: Mapping[str, Any]) -> None:
        keys = stored_array(state, "keys", np.uint64)
        born = stored_array(state, "born", np.int64, keys.shape)
        goals = np.asarray(state.get("values", [])).shape[1:]
        values = stored_array(state, "values", np.float64, (len(keys), *goals))
        if values.ndim != 2 or not np.isfinite(values).all():
            raise RunDamaged(f"the state of the optimiser {self.name!r} holds values of objectives that cannot be.")
        mine = {key.removeprefix("parents_"): part for key, part in state.items() if key.startswith("parents_")}
        self._latents = latents_from_state(self._latent, mine, len(keys))
        self._values, self._keys, self._born = values, keys, born
