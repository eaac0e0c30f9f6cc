"""CatCMA: a normal distribution of the real genes and categorical ones of the others, learnt together."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from featviz import checks
from featviz.errors import IncompatibleOptimiser, InvalidArgument, RunDamaged, WrongType
from featviz.latent import LatentDescription, Latents
from featviz.optimisers._answers import Answers, OptionKeys
from featviz.optimisers._categorical import Categoricals
from featviz.optimisers._evolution import default_population, start_point
from featviz.optimisers._rank_weights import rank_weights
from featviz.optimisers._scores import checked_scores
from featviz.optimisers._stored import stored_array
from featviz.optimisers.sep_cma import SepCma
from featviz.random import Streams

__all__ = ["CatCma"]

Array = NDArray[np.float64]
Indices = NDArray[np.int64]
Keys = NDArray[np.uint64]

# Separates these random numbers from what else is drawn under the same seed.
_STREAM = 107
# The default population is 4 + floor(growth * ln genes). Chosen in trials on seeds 0 to 4: of options only, 3 (the
# paper's) was best; with real genes, which draw options and numbers towards each other, 3 ended in the wrong options.
_GROWTH, _GROWTH_MIXED = 3.0, 8.0
# Rows told at a time that make a generation, as a part of the population.
_LEAST_PART = 0.75
# Rounds of drawing in place of rows that are known or forbidden, and then of drawing from the prior, before latents are
# asked for again.
_ROUNDS, _LAST_ROUNDS = 8, 4
# Of each generation of options only, the best so far that are ranked with it: one in so many rows.
_ROWS_AN_ELITE = 4
# How much of a categorical distribution that begins at an example is the example.
_EXAMPLE = 0.5
# Scores that are remembered: 4 MB of a stored state at most.
_REMEMBERED = 1 << 18
# Generations in which all scores were equal before a search starts again, the longest block of the stagnation test, and
# the step of the real genes, relative to the first, at which the search of the options is over.
_FLAT_LIMIT, _LONGEST_BLOCK, _SMALLEST_STEP = 20, 1000, 1e-3


class CatCma:
    """Batched CatCMA with restarts, for categorical genes and real ones in any mix.

    Hamano et al. 2024, "CatCMA: Stochastic optimization for mixed-category problems", with the margins of Hamano et al.
    2025, "CatCMA with margin". Each generation moves a normal distribution of the real genes, by separable CMA-ES, and
    a categorical distribution of each other gene, by the natural gradient of ranks. Both begin at the prior.

    It departs from the paper in four ways, each of which found more in trials: rows below the middle push the
    categorical distributions away (weights less their mean); equal scores weigh equally; and where all genes are
    categorical no latent is evaluated twice, the known score being learnt from instead, and the best few latents so far
    are ranked with each generation.

    Args:
        latent: real and categorical genes.
        seed: 0 to 2**64 - 1.
        budget: evaluations to plan for; checked, and not used.
        start: a batch of one latent to begin at: the mean of the real genes, and half of each categorical distribution.
        population: rows of a generation, at least 2; by default 4 + floor(3 ln genes), with real genes 4 + floor(8 ln
            genes).
        batch_size: rows that the caller means to tell at a time. It becomes the population when it is at least half
            the default one; smaller batches are collected until there are enough for a selection.
        sigma: the first step size of the real genes, in standard deviations of the prior; default 1, or 1/2 with a
            ``start``.
        margin: how likely an option other than the best is, of a gene that has learnt all it can; by default such that
            all genes are at their best in 0.73 of the rows.
        restart_when_stuck: begin again with twice the population when the search has stagnated.
    """

    name: ClassVar[str] = "catcma"
    accepts: ClassVar[frozenset[str]] = frozenset({"real", "categorical"})
    replays: ClassVar[bool] = False
    # Says so to the contract, which then checks it.
    asks_feasible: ClassVar[bool] = True

    _waiting: list[tuple[Latents, Array]]
    _repeats: list[tuple[Indices, Keys]]

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
        margin: float | None = None,
        restart_when_stuck: bool = True,
    ) -> None:
        if latent.records:
            raise IncompatibleOptimiser(f"{self.name} searches real and categorical genes only, and no records.")
        if budget is not None:
            checks.integer("budget", budget, 1)
        if margin is not None:
            margin = checks.finite("margin", margin, 0.0, 0.5, exclusive=True)
        if not isinstance(restart_when_stuck, bool):
            raise WrongType(
                f"restart_when_stuck must be True or False, but it is a {type(restart_when_stuck).__name__}."
            )
        start_point(latent, start)
        self._latent = latent
        self._start = None if start is None else start.copy()
        default = default_population(latent.genes, _GROWTH_MIXED if latent.real else _GROWTH)
        if population is not None:
            self._first_population = checks.integer("population", population, 2, 1_000_000)
        elif batch_size is not None and 2 * checks.integer("batch_size", batch_size, 1) >= default:
            self._first_population = max(batch_size, 2)
        else:
            self._first_population = default
        self._sigma = sigma
        self._restarts_allowed = restart_when_stuck
        self._options = Categoricals(self._first_probabilities(), margin)
        # Whether scores are those of the latents, and not noise as well; of real genes no two rows are equal.
        self._remembers = not latent.real
        self._keys = OptionKeys(latent.options if self._remembers else ())
        self._answers = Answers(_REMEMBERED)
        self._seed = checks.seed(seed)
        self._streams = Streams(self._seed, _STREAM)
        self._asks = 0
        self._restarts = 0
        self._begin()

    @property
    def batch_size(self) -> int:
        """The population of a generation; it doubles with each restart."""
        return self._population

    @property
    def restarts(self) -> int:
        """How many times the search has begun again."""
        return self._restarts

    @property
    def probabilities(self) -> list[Array]:
        """Of the options of each categorical gene whose prior probability is above 0, in their order: copies."""
        return self._options.probabilities

    def ask(self, n: int) -> Latents:
        """``n`` latents, feasible ones, and where all genes are categorical new ones as long as some are found."""
        missing = n = checks.integer("n", n, 1)
        rng = self._streams.at(self._asks)
        self._asks += 1
        parts: list[Latents] = []
        mine: set[int] = set()
        for round_ in range(_ROUNDS + _LAST_ROUNDS):
            # Later rounds draw more: they come where most rows are known.
            wanted = missing if not round_ else 2 * missing + 4
            if round_ < _ROUNDS:
                rows = self._draw(rng, wanted)
                if self._latent.feasible is not None:
                    rows = rows[self._latent.feasible(rows)]
            else:
                rows = self._latent.sample(rng, wanted)
            if self._remembers:
                rows, repeated = self._new(rows, missing, mine)
                if round_ < _ROUNDS and len(repeated[1]):
                    self._repeats.append(repeated)
            parts.append(rows[:missing])
            missing -= len(parts[-1])
            if not missing:
                return Latents.concatenate(parts)
        return Latents.concatenate([*parts, self._latent.sample(rng, missing)])

    def tell(self, latents: Latents, scores: NDArray[np.float64]) -> None:
        """Learn the scores, shape (n,), of latents, own or foreign. NaN and -inf rank last and teach nothing.

        Raises:
            LatentShapeError: the latents are of another space.
            InvalidArgument: not one score a latent, or latents that are not finite.
        """
        self._latent.check(latents)
        scores = checked_scores(scores, len(latents))
        if not np.isfinite(latents.real).all():
            raise InvalidArgument("the latents told must be finite, but they hold NaN or infinity.")
        scores = np.where(np.isnan(scores), -np.inf, scores)
        if self._remembers:
            keys = self._keys_of(latents)
            # In an order that does not depend on that of the rows.
            order = np.argsort(keys, kind="stable")
            self._answers.learn(keys[order].tolist(), scores[order].tolist())
        self._waiting.append((latents.copy(), scores))
        if sum(len(told) for _, told in self._waiting) < self._least:
            return
        rows = Latents.concatenate([rows for rows, _ in self._waiting])
        scores = np.concatenate([told for _, told in self._waiting])
        self._waiting.clear()
        if self._numbers is not None:
            self._numbers.tell(Latents.of_real(rows.real), scores)
        ranked, scored = self._learn_options(rows, scores)
        self._generation += 1
        self._look_for_stagnation(ranked, scored)

    def recommend(self) -> Latents:
        """The mean of the real genes with the likeliest options, or a draw near it where that is forbidden; one row."""
        likeliest = self._options.likeliest()[None, :]
        drawn = self._options.draw(Streams(self._seed, _STREAM, 2).at(self._asks), _ROUNDS * 4)
        options = np.concatenate([likeliest, drawn])
        mean = np.zeros(0) if self._numbers is None else self._numbers.mean
        rows = Latents(np.tile(mean, (len(options), 1)), options)
        if self._latent.feasible is not None:
            rows = rows[self._latent.feasible(rows)]
        return rows[:1] if len(rows) else self._latent.sample(Streams(self._seed, _STREAM, 3).at(self._asks), 1)

    def expect_noise(self, level: float, budget: int) -> None:  # noqa: ARG002  as the others
        """Learn that scores are noisy: none is remembered from here on, and no latent is spared a second evaluation.

        Args:
            level: the standard deviation of the noise, relative to the scores; any will do.
            budget: evaluations of the whole search; not used.
        """
        if level > 0:
            self._forget()

    def state_dict(self) -> dict[str, Any]:
        """The distributions, the rows that wait for their generation, what is known, and the marks of stagnation."""
        genes = len(self._latent.options)
        waiting = Latents.concatenate([rows for rows, _ in self._waiting] or [self._no_rows()])
        state = {
            "asks": self._asks,
            "restarts": self._restarts,
            "generation": self._generation,
            "flat": self._flat,
            "remembers": int(self._remembers),
            "waiting_real": waiting.real,
            "waiting_categorical": waiting.categorical,
            "waiting_scores": np.concatenate([told for _, told in self._waiting] or [np.empty(0)]),
            "repeats": np.concatenate([r for r, _ in self._repeats] or [np.empty((0, genes), dtype=np.int64)]),
            "repeats_keys": np.concatenate([k for _, k in self._repeats] or [np.empty(0, dtype=np.uint64)]),
            "elites": self._elites.copy(),
            "elites_scores": self._elites_scores.copy(),
            "bests": np.array(self._bests, dtype=np.float64),
            "middles": np.array(self._middles, dtype=np.float64),
            "before": np.array(self._before),
            **self._options.state("options."),
            **self._answers.state(),
        }
        if self._numbers is not None:
            state |= {f"numbers.{key}": value for key, value in self._numbers.state_dict().items()}
        return state

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from where ``state_dict`` was taken, on an object made with the same arguments.

        Raises:
            RunDamaged: the state is not one of such an object.
        """
        try:
            counts = [int(state[key]) for key in ("asks", "restarts", "generation", "flat", "remembers")]
        except (KeyError, TypeError, ValueError, OverflowError):
            raise RunDamaged(f"this is not a state of the optimiser {self.name!r}.") from None
        if min(counts) < 0 or (counts[-1] and self._latent.real):
            raise RunDamaged(f"the state of the optimiser {self.name!r} holds numbers that cannot be.")
        scores = stored_array(state, "waiting_scores", np.float64)
        n, genes = len(scores), len(self._latent.options)
        real = stored_array(state, "waiting_real", np.float64, (n, self._latent.real))
        waiting = Latents(real, self._stored_rows(state, "waiting_categorical", n))
        keys = stored_array(state, "repeats_keys", np.uint64)
        repeats = self._stored_rows(state, "repeats", len(keys))
        elites_scores = stored_array(state, "elites_scores", np.float64)
        elites = self._stored_rows(state, "elites", len(elites_scores))
        bests = stored_array(state, "bests", np.float64)
        middles = stored_array(state, "middles", np.float64, bests.shape)
        before = stored_array(state, "before", np.float64, (2,))
        self._asks, self._restarts = counts[0], counts[1]
        self._begin()
        self._generation, self._flat, self._remembers = counts[2], counts[3], bool(counts[4])
        self._options.restore("options.", state)
        self._answers.restore(state)
        if self._numbers is not None:
            head = "numbers."
            self._numbers.load_state_dict({k.removeprefix(head): v for k, v in state.items() if k.startswith(head)})
        self._waiting = [(waiting, scores)] if n else []
        self._repeats = [(repeats, keys)] if len(keys) and genes else []
        self._elites, self._elites_scores = elites, elites_scores
        self._bests, self._middles = bests.tolist(), middles.tolist()
        self._before = (float(before[0]), float(before[1]))

    # -- inside --------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        latent = self._latent
        self._population = self._first_population << min(self._restarts, 10)
        self._least = math.ceil(_LEAST_PART * self._population)
        self._block_length = min(_LONGEST_BLOCK, 20 + math.ceil(30 * latent.genes / self._population))
        self._options.reset()
        self._numbers: SepCma | None = None
        if latent.real:
            self._numbers = SepCma(
                LatentDescription(latent.real),
                seed=int(Streams(self._seed, _STREAM, 1).at(self._restarts).integers(2**63)),
                start=None if self._start is None else Latents.of_real(self._start.real),
                population=self._population,
                sigma=self._sigma,
                restart_when_stuck=False,
            )
            self._first_step = float(self._numbers.steps.max())
        self._generation = 0
        self._flat = 0
        # The best and the middle score of each generation of the present block; their medians over the block before.
        self._bests: list[float] = []
        self._middles: list[float] = []
        self._before = (-math.inf, -math.inf)
        self._waiting = []
        # Rows that were drawn again, with their keys: their scores are known, or will be with the batch that is out.
        self._repeats = []
        self._elites = self._no_rows().categorical
        self._elites_scores = np.empty(0)

    def _first_probabilities(self) -> Sequence[Array]:
        prior = self._latent.probabilities
        if self._start is None:
            return prior
        chosen = self._start.categorical[0].tolist()
        mixed = [(1 - _EXAMPLE) * p for p in prior]
        for p, option in zip(mixed, chosen, strict=True):
            p[option] += _EXAMPLE
        return mixed

    def _draw(self, rng: np.random.Generator, n: int) -> Latents:
        joint = self._latent.prior
        if joint is not None and not self._generation and not self._restarts and self._start is None:
            # The distributions stand at its marginals.
            return joint.sample(rng, n)
        options = self._options.draw(rng, n)
        return Latents(np.empty((n, 0)) if self._numbers is None else self._numbers.ask(n).real, options)

    def _new(self, rows: Latents, most: int, mine: set[int]) -> tuple[Latents, tuple[Indices, Keys]]:
        """The first ``most`` new ones of ``rows``, and the known ones before the last of them; ``mine`` is added to."""
        keys = self._keys_of(rows)
        fresh: list[int] = []
        known: list[int] = []
        for row, key in enumerate(keys.tolist()):
            if key in self._answers or key in mine:
                known.append(row)
                continue
            mine.add(key)
            fresh.append(row)
            if len(fresh) == most:
                break
        return rows[fresh], (rows.categorical[known], keys[known])

    def _keys_of(self, latents: Latents) -> Keys:
        same = self._latent.canonical
        return self._keys((latents if same is None else same(latents)).categorical)

    def _learn_options(self, rows: Latents, scores: Array) -> tuple[Array, int]:
        """One step of the categorical distributions; gives the scores it was ranked by, and how many there were."""
        options, elites = rows.categorical, len(self._elites)
        if self._remembers:
            options = np.concatenate([options, self._elites])
            scores = np.concatenate([scores, self._elites_scores])
            # Of equal scores the newer ones first, so that a plateau is crossed.
            age = np.arange(len(scores)) >= len(scores) - elites
            order = np.lexsort((self._keys(options), age, -scores))
            best = order[: max(1, self._population // _ROWS_AN_ELITE)]
            best = best[scores[best] > -np.inf]
            repeated, known = self._known_repeats()
            options, scores = np.concatenate([options, repeated]), np.concatenate([scores, known])
            self._elites, self._elites_scores = options[best], scores[best]
        order = (-scores).argsort(kind="stable")
        ranked = scores[order]
        scored = int(np.count_nonzero(ranked > -np.inf))
        if scored:
            weights = rank_weights(ranked, scored)
            weights -= 1 / len(weights)
            teaching = np.flatnonzero(weights)
            self._options.learn(options[order[teaching]], weights[teaching])
        return ranked, scored

    def _known_repeats(self) -> tuple[Indices, Array]:
        """The rows that were drawn again since the last generation, and their scores, as far as they are known."""
        if not self._repeats:
            return self._no_rows().categorical, np.empty(0)
        rows = np.concatenate([rows for rows, _ in self._repeats])
        scores = self._answers.of(np.concatenate([keys for _, keys in self._repeats]).tolist())
        self._repeats.clear()
        known = ~np.isnan(scores)
        return rows[known], scores[known]

    def _forget(self) -> None:
        self._remembers = False
        self._answers.clear()
        self._repeats.clear()
        self._elites, self._elites_scores = self._no_rows().categorical, np.empty(0)

    def _look_for_stagnation(self, ranked: Array, scored: int) -> None:
        best = float(ranked[0]) if scored else -math.inf
        middle = float(ranked[(scored - 1) // 2]) if scored else -math.inf
        flat = scored == 0 or (scored > 1 and best == ranked[scored - 1])
        self._flat = self._flat + 1 if flat else 0
        self._bests.append(best)
        self._middles.append(middle)
        over = self._flat >= _FLAT_LIMIT
        if self._numbers is not None:
            # The slopes of the real genes go on for ever; by then the options have long been decided.
            over |= float(self._numbers.steps.max()) < _SMALLEST_STEP * self._first_step
        if len(self._bests) == self._block_length:
            # Medians commute with every monotone map of the scores, so the test is as rank-based as the search.
            half = self._block_length // 2
            new_best, new_middle = sorted(self._bests)[half], sorted(self._middles)[half]
            over |= not (new_best > self._before[0] or new_middle > self._before[1])
            self._before = (new_best, new_middle)
            self._bests.clear()
            self._middles.clear()
        if over and self._restarts_allowed:
            self._restarts += 1
            self._begin()

    def _no_rows(self) -> Latents:
        return Latents(np.empty((0, self._latent.real)), np.empty((0, len(self._latent.options)), dtype=np.int64))

    def _stored_rows(self, state: Mapping[str, Any], key: str, n: int) -> Indices:
        """Rows of options at ``key`` of a state."""
        options = np.array(self._latent.options, dtype=np.int64)
        rows = stored_array(state, key, np.int64, (n, len(options)))
        if (rows < 0).any() or (rows >= options).any():
            raise RunDamaged(f"the state of the optimiser {self.name!r} holds options that do not exist.")
        return rows
