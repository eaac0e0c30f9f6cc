"""Coarse to fine: separable CMA-ES over few genes first, then over more, where a space says which come first."""

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from featviz import checks
from featviz.errors import InvalidArgument, RunDamaged
from featviz.latent import LatentDescription, Latents
from featviz.optimisers._evolution import default_population, start_point
from featviz.optimisers._scores import checked_scores
from featviz.optimisers._seen import hashes
from featviz.optimisers._stored import stored_array
from featviz.optimisers.sep_cma import SepCma
from featviz.random import Streams

__all__ = ["CoarseToFine"]

Array = NDArray[np.float64]

# Rows that were asked for and never told are forgotten beyond so many.
_OUTSTANDING = 1 << 14
# Separates these numbers from what else is drawn under the same seed.
_STREAM = 105
# Evaluations that the coarsest and the finest stage are given each before the better of them goes on.
_RACE = 100
# Evaluations for each gene of a stage before the next one begins, and the step of its new genes, relative to the steps
# that were learnt. Chosen on matched filters of length 256 (seeds 0 to 3): 30 evaluations a gene reach the fine detail
# later, and larger steps of the new genes shake what was found.
_EVALUATIONS_A_GENE = 15
_NEW_STEP = 0.3
# From the level of noise at which strategies look for longer steps, longer ones, which stand out from it. Of a smooth
# and a chirping template (length 256, 3,000 evaluations, seeds 0 to 5) steps of .3, .5 and 1 reached .978, .965, .930
# and .704, .821, .878 with noise of .05; .948, .902, .724 and .341, .376, .451 with noise of .3.
_NEW_STEP_NOISY, _NOISY_FROM = 0.5, 0.01


class CoarseToFine:
    """Separable CMA-ES on a growing set of real genes: ``latent.stages`` says which genes come first.

    A race decides where to begin, since nobody knows beforehand whether the answer is coarse: the first stage and the
    last take turns, and the one with the higher score goes on. A stage that is not the last gives way to the next after
    15 evaluations a gene; the next begins at the mean and with the steps that were learnt.

    Args:
        latent: real genes only. Without stages this is separable CMA-ES.
        seed: 0 to 2**64 - 1.
        budget: checked, and not used.
        start: a batch of one latent to begin at; all genes are searched from there at once, without stages: what is
            brought has its detail already.
        batch_size: rows that the caller means to tell at a time.
        sigma: the first step size, as of ``sep-cma``.
    """

    name: ClassVar[str] = "coarse-to-fine"
    accepts: ClassVar[frozenset[str]] = frozenset({"real"})
    replays: ClassVar[bool] = False

    def __init__(
        self,
        latent: LatentDescription,
        seed: int = 0,
        budget: int | None = None,
        start: Latents | None = None,
        *,
        batch_size: int | None = None,
        sigma: float | None = None,
    ) -> None:
        if latent.real < 1 or latent.options or latent.records:
            raise InvalidArgument(f"{self.name} searches real genes only; make_optimiser picks one that fits.")
        if budget is not None:
            checks.integer("budget", budget, 1)
        self._latent = latent
        self._background = start_point(latent, start)
        self._has_start = start is not None
        # The level of noise and the evaluations of the whole search, once scores are known to be noisy.
        self._noise: tuple[float, int] | None = None
        self._seed = checks.seed(seed)
        self._sigma = sigma
        every = np.arange(latent.real)
        self._stages = [every] if start is not None or not latent.stages else list(latent.stages)
        default = default_population(latent.real)
        self._batch_size = default if batch_size is None else checks.integer("batch_size", batch_size, 1)
        # Stages that are searched now: two while they race, one after.
        self._racing = [0] if len(self._stages) == 1 else [0, len(self._stages) - 1]
        self._searches = {stage: self._new_search(stage) for stage in self._racing}
        self._told = dict.fromkeys(self._racing, 0)
        self._bests = dict.fromkeys(self._racing, -math.inf)
        # The stage that asked for each row that is not told yet, by the row's hash.
        self._owners: dict[int, int] = {}

    @property
    def batch_size(self) -> int:
        """The number of latents that it prefers to be asked for at a time."""
        return self._batch_size

    @property
    def stage(self) -> int:
        """The stage that is searched now, from 0; of two that race, the one whose turn it is."""
        return min(self._racing, key=lambda stage: self._told[stage])

    def ask(self, n: int) -> Latents:
        """``n`` latents of the present stage; the other genes stand at the mean of the prior, or at ``start``."""
        stage = self.stage
        n = checks.integer("n", n, 1)
        rows = np.tile(self._background, (n, 1))
        rows[:, self._stages[stage]] = self._searches[stage].ask(n).real
        asked = Latents.of_real(rows)
        self._owners.update(dict.fromkeys(hashes(asked), stage))
        if len(self._owners) > max(_OUTSTANDING, 2 * n):
            self._owners = dict(list(self._owners.items())[-len(self._owners) // 2 :])
        return asked

    def tell(self, latents: Latents, scores: NDArray[np.float64]) -> None:
        """Learn the scores, shape (n,), in any order; rows that it never asked for are foreign to the present stage."""
        self._latent.check(latents)
        scores = checked_scores(scores, len(latents))
        present = self.stage
        rows = latents.real
        owners = np.array([self._owners.pop(key, present) for key in hashes(latents)], dtype=np.int64)
        for stage in np.unique(owners).tolist():
            mine = owners == stage
            if stage not in self._searches:  # told after its stage was over
                continue
            self._searches[stage].tell(Latents.of_real(rows[mine][:, self._stages[stage]]), scores[mine])
            self._told[stage] += int(mine.sum())
            self._bests[stage] = float(np.fmax.reduce(scores[mine], initial=self._bests[stage]))
        self._end_race()
        self._grow()

    def expect_noise(self, level: float, budget: int) -> None:
        """Learn that scores are noisy; every stage then searches as separable CMA-ES does."""
        self._noise = (level, checks.integer("budget", budget, 1))
        for search in self._searches.values():
            search.expect_noise(*self._noise)

    def recommend(self) -> Latents:
        """The mean of the present stage's search distribution, a batch of one, the other genes where they stand."""
        stage = max(self._racing, key=lambda one: (self._bests[one], -one))
        row = self._background.copy()
        row[self._stages[stage]] = self._searches[stage].mean
        return Latents.of_real(row[None, :])

    def state_dict(self) -> dict[str, Any]:
        """The searches of the stages, how far each came, and the rows that are out."""
        state: dict[str, Any] = {
            "noise": [] if self._noise is None else list(self._noise),
            "racing": np.array(self._racing, dtype=np.int64),
            "told": np.array([self._told[stage] for stage in self._racing], dtype=np.int64),
            "bests": np.array([self._bests[stage] for stage in self._racing]),
            "owners": np.array(list(self._owners.values()), dtype=np.int64),
            "out": np.array(list(self._owners), dtype=np.uint64),
        }
        for stage in self._racing:
            state |= {f"{stage}.{key}": value for key, value in self._searches[stage].state_dict().items()}
        return state

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from where ``state_dict`` was taken, on an object made with the same arguments.

        Raises:
            RunDamaged: the state is not one of such an object.
        """
        racing = stored_array(state, "racing", np.int64).tolist()
        told = stored_array(state, "told", np.int64, (len(racing),)).tolist()
        bests = stored_array(state, "bests", np.float64, (len(racing),)).tolist()
        owners = stored_array(state, "owners", np.int64).tolist()
        out = stored_array(state, "out", np.uint64, (len(owners),)).tolist()
        if not racing or not set(racing) <= set(range(len(self._stages))):
            raise RunDamaged(f"the state of the optimiser {self.name!r} names a stage that does not exist.")
        noise = stored_array(state, "noise", np.float64).tolist()
        self._noise = (noise[0], int(noise[1])) if noise else None
        self._racing = racing
        self._told, self._bests = dict(zip(racing, told, strict=True)), dict(zip(racing, bests, strict=True))
        self._owners = dict(zip(out, owners, strict=True))
        self._searches = {stage: self._new_search(stage) for stage in racing}
        for stage, search in self._searches.items():
            head = f"{stage}."
            search.load_state_dict({k.removeprefix(head): v for k, v in state.items() if k.startswith(head)})

    def _new_search(self, stage: int) -> SepCma:
        genes = self._stages[stage]
        last = stage == len(self._stages) - 1
        search = SepCma(
            LatentDescription(len(genes)),
            seed=int(Streams(self._seed, _STREAM).at(stage).integers(2**63)),
            start=Latents.of_real(self._background[None, genes]) if self._has_start else None,
            batch_size=self._batch_size,
            sigma=self._sigma,
            # Before the last stage the next one is the way out of a dead end.
            restart_when_stuck=last,
        )
        if self._noise is not None:
            search.expect_noise(*self._noise)
        return search

    def _end_race(self) -> None:
        if len(self._racing) == 2 and min(self._told.values()) >= _RACE:
            # The coarse one where they are level: fewer genes are sooner known.
            self._keep(max(self._racing, key=lambda stage: (self._bests[stage], -stage)))

    def _grow(self) -> None:
        stage = self._racing[0]
        following = stage + 1
        if len(self._racing) > 1 or following == len(self._stages):
            return
        if self._told[stage] < _EVALUATIONS_A_GENE * len(self._stages[stage]):
            return
        before, search = self._searches[stage], self._new_search(following)
        known = np.isin(self._stages[following], self._stages[stage])
        mean = self._background[self._stages[following]].copy()
        mean[known] = before.mean
        learnt = np.minimum(before.steps, 1.0)
        noisy = self._noise is not None and self._noise[0] >= _NOISY_FROM
        new = _NEW_STEP_NOISY if noisy else _NEW_STEP
        steps = np.full(len(mean), new * float(np.sqrt((learnt**2).mean())))
        steps[known] = learnt
        search.begin_at(mean, steps)
        self._searches[following], self._told[following] = search, 0
        self._bests[following] = self._bests[stage]
        self._keep(following)

    def _keep(self, stage: int) -> None:
        self._racing = [stage]
        self._searches = {stage: self._searches[stage]}
        self._told, self._bests = {stage: self._told[stage]}, {stage: self._bests[stage]}
