"""A genetic algorithm for genes of every kind: few elites, many operators, and nothing evaluated twice."""

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from featviz import checks
from featviz.errors import RunDamaged
from featviz.latent import LatentDescription, Latents
from featviz.optimisers._breeding import Breeding
from featviz.optimisers._elites import Elites
from featviz.optimisers._scores import checked_scores
from featviz.optimisers._stored import stored_array
from featviz.random import Streams

__all__ = ["GeneticAlgorithm"]

Array = NDArray[np.float64]

# Separates these random numbers from what else is drawn under the same seed.
_STREAM = 104
# Of parents that are elites number 0, 1, ... of m, the share of those before m x is x ** (1 / _PRESSURE).
_PRESSURE = 1.5
# Of normal steps, the part that should do better than their parents (Rechenberg 1973).
_WANTED = 0.2
# The least noise, relative to scores, from which elites are asked for again, and the part of a batch that they are.
_NOISY, _REPEATS = 0.01, 0.25
# By default sqrt(budget / _SQUARED) elites, and as many rows at a time, but no fewer and no more than these. Chosen on
# seeds 0 to 9 of the benchmarks of sequences, texts, tables and bits: 40 elites found least, at any budget.
_SQUARED, _FEWEST, _MOST, _MOST_AT_A_TIME = 20, 5, 10, 20


class GeneticAlgorithm(Breeding):
    """A batched, elitist genetic algorithm for real genes, categorical genes and records in any mix.

    The elites are good latents that differ: a new one competes with the one most like it. A child is made of an elite,
    the better ones more often, and a mate among the others: by the space's own moves, by changing a gene or few to
    draws from the prior, by uniform or two-point crossover, and for real genes by normal steps and by steps along
    differences of elites (Storn & Price 1997, "Differential Evolution"). Operators whose children were better than
    their parents are tried more often.
    Nothing that was evaluated is asked for again while there is something else, and no latent that the space forbids.
    While all scores are equal there is nothing to select by: it draws three in four from the prior, which covers more
    of the space, unless it began at ``start``.
    Where scores are noisy, a part of each batch is elites again, whose scores are then means: a child that was lucky
    does not stay on top.

    Args:
        latent: genes of any kind.
        seed: 0 to 2**64 - 1.
        budget: evaluations to plan for. Of a small one fewer elites, told in smaller batches, find more.
        start: a batch of one latent to begin at: it is the first one asked for, and half of the first population are
            variations of it.
        population: how many elites there are, at least 2; by default sqrt(budget / 20), from 5 to 10.
        batch_size: rows preferred at a time; by default sqrt(budget / 20), from 5 to 20.
        escape: the part of the proposals that are fresh draws from the prior, from 0 to 1.

    Records are only changed by the space's moves, exchanged whole, and drawn from the prior.
    """

    name: ClassVar[str] = "ga"

    def __init__(
        self,
        latent: LatentDescription,
        seed: int = 0,
        budget: int | None = None,
        start: Latents | None = None,
        *,
        population: int | None = None,
        batch_size: int | None = None,
        escape: float = 0.03,
    ) -> None:
        planned = _planned(budget)
        population = min(planned, _MOST) if population is None else checks.integer("population", population, 2, 100_000)
        batch_size = planned if batch_size is None else batch_size
        super().__init__(
            latent, seed, budget, start, population=population, batch_size=batch_size, escape=escape, stream=_STREAM
        )
        self._choices = Streams(checks.seed(seed), _STREAM, 1)
        self._elites = Elites(latent, population)
        self._noisy = False
        # The least and the greatest score so far.
        self._range = (np.inf, -np.inf)

    def tell(self, latents: Latents, scores: NDArray[np.float64]) -> None:
        """Learn the scores, shape (n,), of latents, own or foreign. What has none (NaN, -inf) is not tried again.

        Raises:
            LatentShapeError: the latents are of another space.
            InvalidArgument: not one score a latent, latents that are not finite, or records that are none.
        """
        scores = checked_scores(scores, len(latents))
        told = self._take_back(latents)
        self._learn_operators(told.operators, scores > told.parents, _WANTED)
        scored = scores > -np.inf
        self._tells += 1
        if scored.any():
            least, greatest = self._range
            self._range = min(least, float(scores[scored].min())), max(greatest, float(scores.max()))
            if self._noisy:
                self._elites.revise(scores[scored], told.hashes[scored])
            rng = self._choices.at(self._tells)
            self._elites.add(latents[scored], scores[scored], told.hashes[scored], self._tells, rng)

    def expect_noise(self, level: float, budget: int) -> None:  # noqa: ARG002  the part is the same at any budget
        """Learn that scores are noisy: with much noise, a part of each batch is elites again from here on.

        The score of an elite is then the mean of all that it got, so that luck fades.

        Args:
            level: the standard deviation of the noise, relative to the scores.
            budget: evaluations of the whole search.
        """
        self._noisy = level >= _NOISY

    def recommend(self) -> Latents:
        """The elite of the highest mean, a batch of one; before anything was told, what the search begins at."""
        if len(self._elites):
            return self._elites.latents[:1].copy()
        return self._latent.sample(self._choices.at(0), 1) if self._start is None else self._start.copy()

    def _again(self, n: int) -> Latents | None:
        if not self._noisy:
            return None
        # Of the better half those of which the least is known, the best of them first.
        m = (len(self._elites) + 1) // 2
        order = np.argsort(self._elites.counts[:m], kind="stable")
        return self._elites.latents[order[: round(_REPEATS * n)]]

    def _parents(self) -> int:
        return len(self._elites)

    def _pairs(self, rng: np.random.Generator, n: int) -> tuple[Latents, Latents, Array]:
        m = len(self._elites)
        parent = (m * rng.random(n) ** _PRESSURE).astype(np.int64)
        mate = (parent + 1 + rng.integers(max(1, m - 1), size=n)) % m
        return self._elites.latents[parent], self._elites.latents[mate], self._elites.scores[parent]

    def _is_flat(self) -> bool:
        return self._range[0] == self._range[1]

    def _parents_state(self) -> dict[str, Any]:
        return {"noisy": int(self._noisy), "range": np.array(self._range), **self._elites.state("elites_")}

    def _restore_parents(self, state: Mapping[str, Any]) -> None:
        if state.get("noisy") not in (0, 1):
            raise RunDamaged(f"the state of the optimiser {self.name!r} does not say whether scores are noisy.")
        self._elites.restore("elites_", state)
        least, greatest = stored_array(state, "range", np.float64, (2,)).tolist()
        self._range = (least, greatest)
        self._noisy = bool(state["noisy"])


def _planned(budget: int | None) -> int:
    """Rows at a time, and elites while they are few: the smaller the budget, the greedier the search has to be."""
    if budget is None:
        return _MOST_AT_A_TIME
    root = math.sqrt(checks.integer("budget", budget, 1) / _SQUARED)
    return min(_MOST_AT_A_TIME, max(_FEWEST, round(root)))
