"""What the own evolution strategies share: generations out of batches of any size, stagnation, restarts, state."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from featviz import checks
from featviz.errors import InvalidArgument, RunDamaged, WrongType
from featviz.latent import LatentDescription, Latents
from featviz.optimisers._ranked_rows import ranking
from featviz.optimisers._scores import checked_scores
from featviz.optimisers._stagnation import Stagnation
from featviz.optimisers._stored import stored_array
from featviz.protocols import BELOW_ALL
from featviz.random import Streams

__all__ = ["EvolutionStrategy", "default_population", "start_point"]

Array = NDArray[np.float64]

# Separates the strategies' random numbers from what else is drawn under the same seed.
_STREAM = 101
# Step sizes, relative to the first, at which there is nothing left to find or nothing left to hold on to.
_SMALLEST_STEP, _LARGEST_STEP = 1e-9, 1e6
# A first step that can be squared and divided by.
_SMALLEST_SIGMA = 1e-12
# Generations between two looks at the step sizes.
_LOOK_EVERY = 10
# Of a noisy box: the noise, relative to scores, from which generations are larger, with how many of them in a budget;
# the most default populations in one; and the factor on the first step size. Chosen with benchmarks/noise.py on its
# tuning seeds: the mean learns from the average of many rows, and long steps stand out from the noise. With noise
# of .003 the usual population found more, with .01 and .03 one of 75 in 3,000 evaluations, with .2 and .5 one of 150.
_NOISY_GENERATIONS = ((0.1, 20), (0.01, 40))
_NOISY_POPULATIONS, _NOISY_STEP = 16, 3.0
# Long steps are given up where they lose so many standard deviations of the scores: on the benchmark's units they lost
# at most 1.5 where they were worth it, and 1.8 to 3.5 on a grey picture that was sought from a grey one.
_MOST_LOST = 1.65
# Rows told at a time that make a generation, as a part of the population: rows that failed and were dropped must
# not hold it up, and a batch of one must not count as a selection.
_LEAST_PART = 0.75


def default_population(genes: int, growth: float = 3.0) -> int:
    """4 + floor(growth * ln genes); 3 is CMA-ES's (Hansen 2016, "The CMA Evolution Strategy: A Tutorial", eq. 48)."""
    return 4 + math.floor(growth * math.log(genes))


def start_point(latent: LatentDescription, start: Latents | None) -> Array:
    """The real genes to begin at, shape (r,): those of ``start``, a batch of one, or the mean of the prior."""
    if start is None:
        return np.zeros(latent.real)
    latent.check(start)
    if len(start) != 1:
        raise InvalidArgument(f"start must be a batch of one latent, but it has {len(start)}.")
    if not np.isfinite(start.real).all():
        raise InvalidArgument("start must hold finite genes, but it holds NaN or infinity.")
    return np.array(start.real[0], dtype=np.float64)


class EvolutionStrategy(ABC):
    """An evolution strategy with a normal search distribution over real genes.

    Args:
        latent: the description of the genes; real ones only.
        seed: 0 to 2**64 - 1.
        budget: evaluations to plan for; checked, and not used, but where the strategy says so.
        start: a batch of one latent to begin (and begin again) at; the mean of the prior when left out.
        population: rows of a generation; by default 4 + floor(3 ln genes), or what the strategy says.
        batch_size: rows that the caller means to tell at a time. It becomes the population when it is at least half
            the default one; smaller batches are collected until there are enough for a selection.
        sigma: the first step size, in standard deviations of the prior; by default 1, or what the strategy says, and
            half of it where ``start`` is given: whoever brings an example does not want all of the prior.
        restart_when_stuck: begin again with twice the population when the search has stagnated (Auger & Hansen 2005,
            "A restart CMA evolution strategy with increasing population size").

    A sub-class draws the latents, learns from a sorted generation, and names the arrays that make its state.
    """

    name: ClassVar[str]
    accepts: ClassVar[frozenset[str]] = frozenset({"real"})
    replays: ClassVar[bool] = False
    # The default population is 4 + floor(population_growth * ln genes), the default first step ``first_step``.
    population_growth: ClassVar[float] = 3.0
    first_step: ClassVar[float] = 1.0
    # The most genes of which it is worth learning a full covariance; None where it learns none.
    most_genes: ClassVar[int | None] = None

    _mean: Array
    _waiting: list[tuple[Array, Array]]
    _outstanding: set[float]
    _stagnation: Stagnation

    def __init__(
        self,
        latent: LatentDescription,
        seed: int = 0,
        budget: int | None = None,
        start: Latents | None = None,
        *,
        population: int | None = None,
        batch_size: int | None = None,
        sigma: float | None = None,
        restart_when_stuck: bool = True,
    ) -> None:
        if latent.real < 1 or latent.options:
            raise InvalidArgument(f"{self.name} searches real genes only; make_optimiser picks one that fits.")
        self._budget = None if budget is None else checks.integer("budget", budget, 1)
        self._latent = latent
        self._genes = latent.real
        if self.most_genes is not None and latent.real > self.most_genes:
            raise InvalidArgument(
                f"{self.name} learns a full covariance matrix, which is hopeless beyond {self.most_genes:,} genes; "
                f"this space has {latent.real:,}. Use optimiser='sep-cma'."
            )
        self._start = start_point(latent, start)
        default = self._usual_population()
        if population is not None:
            self._first_population = checks.integer("population", population, 2, 1_000_000)
        elif batch_size is not None and 2 * checks.integer("batch_size", batch_size, 1) >= default:
            self._first_population = batch_size
        else:
            self._first_population = default
        self._free = population is None, sigma is None
        if sigma is None:
            sigma = self.first_step if start is None else self.first_step / 2
        self._first_sigma = checks.finite("sigma", sigma, _SMALLEST_SIGMA, _LARGEST_STEP)
        if not isinstance(restart_when_stuck, bool):
            raise WrongType(
                f"restart_when_stuck must be True or False, but it is a {type(restart_when_stuck).__name__}."
            )
        self._restarts_allowed = restart_when_stuck
        self._streams = Streams(checks.seed(seed), _STREAM)
        self._asks = 0
        self._restarts = 0
        # The population for a noisy box; 0 while it is not known to be one.
        self._noisy_population = 0
        # Whether a generation is drawn to find out if longer steps find higher scores.
        self._on_trial = False
        self._begin()

    @property
    def batch_size(self) -> int:
        """The population of a generation; it doubles with each restart."""
        return self._population

    @property
    def restarts(self) -> int:
        """How many times the search has begun again."""
        return self._restarts

    def ask(self, n: int) -> Latents:
        """``n`` latents drawn from the search distribution: float64 of shape (n, genes), never changed later."""
        if type(n) is not int or n < 1:  # the check itself costs a tenth of a small batch
            n = checks.integer("n", n, 1)
        rows = self._draw(self._streams.at(self._asks), n)
        if self._on_trial:
            long = (np.arange(n) + self._asks) % 2 == 1
            rows[long] += (_NOISY_STEP - 1) * (rows[long] - self._mean)
        self._asks += 1
        self._outstanding.update(rows[:, 0].tolist())
        return Latents.of_real(rows)

    def tell(self, latents: Latents, scores: NDArray[np.float64]) -> None:
        """Learn the scores, shape (n,), of latents, own or foreign. NaN and -inf rank last and teach nothing.

        Raises:
            LatentShapeError: the latents are of another space.
            InvalidArgument: not one score a latent, or latents that are learnt from and not finite.
        """
        self._latent.check(latents)
        scores = checked_scores(scores, len(latents))
        rows = latents.real
        if self._waiting or len(rows) < self._least:
            self._waiting.append((rows.copy(), scores.copy()))
            if sum(len(told) for _, told in self._waiting) < self._least:
                return
            rows = np.concatenate([r for r, _ in self._waiting])
            scores = np.concatenate([s for _, s in self._waiting])
            self._waiting.clear()
        if self._on_trial:
            self._end_trial(rows, scores)
            return
        order = ranking(scores, rows)
        ranked = scores[order]
        n = len(order)
        scored = n if ranked[-1] > -math.inf else int(np.count_nonzero(ranked > -math.inf))
        if scored:
            self._learn(rows, order, scored, self._foreign(rows))
        self._outstanding.clear()
        self._generation += 1
        self._look_for_stagnation(ranked, scored)

    @property
    def mean(self) -> Array:
        """The mean of the search distribution, float64 (genes,): a copy."""
        return self._mean.copy()

    def recommend(self) -> Latents:
        """The mean of the search distribution, a batch of one: under noise a better guess than the best row seen."""
        return Latents.of_real(self.mean[None, :])

    def expect_noise(self, level: float, budget: int) -> None:
        """Learn that scores are noisy: with much noise, larger generations and steps from here on.

        What was given as ``population`` or ``sigma`` stays. The mean stays where it is; batches that are smaller than a
        generation are collected.

        Args:
            level: the standard deviation of the noise, relative to the scores.
            budget: evaluations of the whole search.
        """
        generations = next((count for least, count in _NOISY_GENERATIONS if level >= least), 0)
        if not generations:
            return
        default = self._usual_population()
        most = min(checks.integer("budget", budget, 1) // generations, _NOISY_POPULATIONS * default)
        mean = self._mean.copy()
        self._turn_noisy(max(self._first_population, most))
        self._on_trial = self._free[1]
        self._begin()
        self._mean = mean

    def _usual_population(self) -> int:
        """The population where none is given."""
        return default_population(self._genes, self.population_growth)

    def _turn_noisy(self, population: int) -> None:
        if self._free[0]:
            self._first_population = population
        self._noisy_population = population

    def _end_trial(self, rows: Array, scores: Array) -> None:
        """Take long steps unless the rows that were drawn with them scored much lower than the others.

        Long steps stand out from the noise; where inputs so far from the start are hopeless, the search would never
        come back from them.
        """
        lengths = np.sqrt(np.square(rows - self._mean).mean(axis=1))
        # What breaks a constraint has no score by which it could be compared.
        far, scored = lengths > np.median(lengths), np.isfinite(scores) & (scores > -BELOW_ALL)
        long, short = scores[scored & far], scores[scored & ~far]
        loses = not len(long)
        if len(long) and len(short):
            deviation = math.sqrt((float(long.var()) + float(short.var())) / 2)
            loses = float(short.mean() - long.mean()) > _MOST_LOST * deviation
        self._on_trial = False
        mean = self._mean.copy()
        if not loses:
            self._first_sigma *= _NOISY_STEP
        self._begin()
        self._mean = mean

    def state_dict(self) -> dict[str, Any]:
        """The distribution, the rows that wait for their generation, and the marks of stagnation."""
        waiting_rows = [r for r, _ in self._waiting] or [np.empty((0, self._genes))]
        waiting_scores = [s for _, s in self._waiting] or [np.empty(0)]
        return {
            "asks": self._asks,
            "restarts": self._restarts,
            "generation": self._generation,
            "noisy": self._noisy_population,
            "on_trial": int(self._on_trial),
            "first_sigma": self._first_sigma,
            "waiting_rows": np.concatenate(waiting_rows),
            "waiting_scores": np.concatenate(waiting_scores),
            "outstanding": np.array(sorted(self._outstanding)),
            **self._stagnation.state(),
            **self._distribution(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from where ``state_dict`` was taken, on an object made with the same arguments.

        Raises:
            RunDamaged: the state is not one of such an object.
        """
        try:
            counts = [int(state[k]) for k in ("asks", "restarts", "generation", "noisy", "on_trial")]
            first_sigma = float(state["first_sigma"])
        except (KeyError, TypeError, ValueError, OverflowError):
            raise RunDamaged(f"this is not a state of the optimiser {self.name!r}.") from None
        asks, restarts, generation, noisy, on_trial = counts
        if noisy < 0 or noisy > 1_000_000 or not 0 < first_sigma <= _LARGEST_STEP * _NOISY_STEP:
            raise RunDamaged(f"the state of the optimiser {self.name!r} holds numbers that cannot be.")
        scores = stored_array(state, "waiting_scores", np.float64)
        rows = stored_array(state, "waiting_rows", np.float64, (len(scores), self._genes))
        outstanding = stored_array(state, "outstanding", np.float64)
        if noisy:
            self._turn_noisy(noisy)
        self._on_trial, self._first_sigma = bool(on_trial), first_sigma
        self._restarts = restarts
        self._begin()
        self._restore(state)
        self._stagnation.restore(state)
        self._asks, self._generation = asks, generation
        self._waiting = [(rows, scores)] if len(scores) else []
        self._outstanding = set(outstanding.tolist())

    def _begin(self) -> None:
        self._population = self._first_population << min(self._restarts, 10)
        self._least = math.ceil(_LEAST_PART * self._population)
        self._generation = 0
        self._stagnation = Stagnation(self._genes, self._population)
        self._waiting = []
        # The first gene of each row asked for since the last generation: 53 random bits, which tell own rows from
        # foreign ones whatever their order, and after a resume.
        self._outstanding = set()
        self._reset()

    def _foreign(self, rows: Array) -> NDArray[np.bool_] | None:
        """Which rows were not drawn from the present distribution; None when all were."""
        firsts = rows[:, 0].tolist()
        if self._outstanding.issuperset(firsts):
            return None
        return np.array([first not in self._outstanding for first in firsts])

    def _look_for_stagnation(self, ranked: Array, scored: int) -> None:
        over = self._stagnation.over(ranked, scored)
        if self._generation % _LOOK_EVERY == 0:
            largest = self._largest_step() / self._first_sigma
            if not _SMALLEST_STEP < largest < _LARGEST_STEP:
                over = True
                # Without restarts the search goes on at a step that numbers can bear.
                self._reset_steps(self._first_sigma * (_SMALLEST_STEP if largest < 1 else _LARGEST_STEP))
        if over and self._restarts_allowed:
            self._restarts += 1
            self._begin()

    @abstractmethod
    def _reset(self) -> None:
        """Take the first search distribution, for ``self._population`` rows."""

    @abstractmethod
    def _draw(self, rng: np.random.Generator, n: int) -> Array:
        """A new array of n rows from the search distribution, shape (n, genes)."""

    @abstractmethod
    def _learn(self, rows: Array, order: NDArray[np.intp], scored: int, foreign: NDArray[np.bool_] | None) -> None:
        """Learn from rows of shape (n, genes); the first ``scored`` of ``order`` have a score, best first."""

    @abstractmethod
    def _largest_step(self) -> float:
        """The largest standard deviation of a gene."""

    @abstractmethod
    def _reset_steps(self, step: float) -> None:
        """Give every gene the standard deviation ``step`` and forget the paths; keep the mean."""

    @abstractmethod
    def _distribution(self) -> dict[str, Any]:
        """Copies of what ``_restore`` needs, as arrays and numbers."""

    @abstractmethod
    def _restore(self, state: Mapping[str, Any]) -> None:
        """Take back what ``_distribution`` gave."""
