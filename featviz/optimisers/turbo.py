"""TuRBO: a Gaussian process in a trust region, for boxes of which a query is dear."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from featviz import checks
from featviz.errors import InvalidArgument, RunDamaged
from featviz.latent import LatentDescription, Latents
from featviz.optimisers._coordinates import RANGE, Coordinates
from featviz.optimisers._evolution import start_point
from featviz.optimisers._gaussian_process import Posterior, fitted
from featviz.optimisers._kernel import Kernel, Points
from featviz.optimisers._options import OptionTables
from featviz.optimisers._proposals import Box, proposals
from featviz.optimisers._scores import Losses, checked_scores
from featviz.optimisers._seen import Seen, hashes
from featviz.optimisers._stored import latents_from_state, latents_to_state, stored_array
from featviz.optimisers._trust_region import TrustRegion
from featviz.protocols import BELOW_ALL
from featviz.random import Streams

__all__ = ["Turbo"]

Array = NDArray[np.float64]

# Separates these numbers from what else is drawn under the same seed.
_STREAM = 109
# The budget of which it would know nothing, that at which it prefers one row at a time, and the most that it prefers.
# Rows a batch grow with the square of the budget, since the cost of a batch grows with the rows told.
_PLANNED, _ONE_BY_ONE, _LARGEST_BATCH = 100, 140, 16
# Rows of the first design: the most, the least, and which part of the budget.
_MOST_FIRST, _LEAST_FIRST, _PART_FIRST = 10, 3, 5
# Rows that the process learns from, those nearest to the centre; rows that are kept, and of those the best.
_MOST_LEARNT, _MOST_KEPT, _BEST_KEPT = 300, 1000, 100
# Genes up to which each has a length of its own, once there are as many rows.
_MOST_SINGLE = 40
# Rows without an improvement after which the region shrinks: as many as there are genes, within these.
_LEAST_FAILURES, _MOST_FAILURES = 4, 12
# So many times as many where scores are noisy, and what improves is the process: it takes more rows to be seen rising.
_NOISY_PATIENCE = 2
# What counts as an improvement, as a part of how far the best score lies above the median: else a region that has found
# its top would crawl on.
_LEAST_GAIN = 1e-3
# Sides of the region, relative to their mean, follow the lengths of the kernel within these.
_SHORTEST_SIDE, _LONGEST_SIDE = 0.25, 4.0
# Mean and deviation of the log of the noise's variance, scores having variance 1: of an exact box, and of a noisy one.
_EXACT, _NOISY = (-7.0, 2.0), (-2.0, 1.5)
# Scores further below the middle than so many times the middle half of them count as if they were there.
_OUTLIER = 5.0
_MOST_SEEN = 100_000
# Genes that are searched where the space says which are coarse: by their scales (pictures), or by stages only (series,
# whose answer may be a tone: of a chirp 200 evaluations found .45 of the maximum with 64 genes, .81 with 96).
_SUBSPACE, _SUBSPACE_OF_STAGES = 64, 96
# How far functions drawn lie from the mean of the process, as a part of what the posterior says: of most spaces, and
# where some genes are coarser, which are many. Chosen on tuning seeds: more of it costs more than it teaches.
_EXPLORATION, _EXPLORATION_OF_COARSE = 0.5, 0.25
# Where some genes are coarser, a side follows the inverse length of the kernel, relative to the largest: a step up the
# slope is long in genes that matter, and in the others it would be noise. The widest side, as a factor on the length,
# and the power by which sides fall.
_WIDEST, _FALL = 2.0, 1.0


class Turbo:
    """Bayesian optimisation with a trust region, for tens to some hundreds of evaluations.

    Eriksson et al. 2019, "Scalable Global Optimization via Local Bayesian Optimization" (TuRBO-1); categorical genes as
    in Wan et al. 2021, "Think Global and Act Local: Bayesian Optimisation over High-Dimensional Categorical and Mixed
    Search Spaces". A Gaussian process is fitted to the scores by marginal likelihood. Each row of a batch is where a
    function drawn from it is highest within the region about the best latent so far. The region grows with success,
    shrinks without, and begins elsewhere when it has collapsed.

    What is not in the papers: the maximum of a function is sought by its gradient, among 512 candidates and from the
    best of them; functions differ from the mean by ``exploration`` of what the posterior says; where all categorical
    genes have the same options, they are compared as a bag too; and of many genes only the coarsest are searched, where
    the space says which are (``scales`` or ``stages`` of its description), the process expecting less of finer ones.

    Args:
        latent: real and categorical genes.
        seed: 0 to 2**64 - 1.
        budget: evaluations to plan for: they say how large the first design and the batches are.
        start: a batch of one latent to begin at: it is the first one asked for, and half of the first design lies near.
        batch_size: rows preferred at a time; by default 1 for budgets below 200, 2 at 200, 16 from 560 on.
        initial: rows of the first design; by default a fifth of the budget, 3 to 10.
        subspace: how many real genes are searched, where the space says which are coarse; by default 64 where it gives
            their scales, 96 where it gives stages only.
        exploration: 1 for Thompson sampling, less to be greedier, 0 to trust the mean. By default .5, or .25 where the
            space says which genes are coarse.
    """

    name: ClassVar[str] = "turbo"
    accepts: ClassVar[frozenset[str]] = frozenset({"real", "categorical"})
    replays: ClassVar[bool] = False
    # What the region was told.
    _rows: Latents
    _scores: Array
    # Says so to the contract, which then checks it.
    asks_feasible: ClassVar[bool] = True

    def __init__(
        self,
        latent: LatentDescription,
        seed: int = 0,
        budget: int | None = None,
        start: Latents | None = None,
        *,
        batch_size: int | None = None,
        initial: int | None = None,
        subspace: int | None = None,
        exploration: float | None = None,
    ) -> None:
        if latent.records:
            raise InvalidArgument("turbo searches real and categorical genes only; make_optimiser picks one that fits.")
        planned = _PLANNED if budget is None else checks.integer("budget", budget, 1)
        if batch_size is None:
            batch_size = min(max(1, planned * planned // _ONE_BY_ONE**2), _LARGEST_BATCH)
        self._batch_size = checks.integer("batch_size", batch_size, 1)
        if initial is None:
            initial = max(_LEAST_FIRST, min(_MOST_FIRST, planned // _PART_FIRST))
        self._initial = checks.integer("initial", initial, 1, 100_000)
        self._latent = latent
        base = start_point(latent, start)
        if subspace is None:
            subspace = _SUBSPACE if latent.scales is not None else _SUBSPACE_OF_STAGES
        self._coordinates = Coordinates(latent, checks.integer("subspace", subspace, 1), base)
        if exploration is None:
            exploration = _EXPLORATION_OF_COARSE if self._coordinates.weighted else _EXPLORATION
        self._exploration = checks.finite("exploration", exploration, 0.0, 10.0)
        self._start = None if start is None else self._coordinates.canonical(start.copy())
        self._tables = OptionTables(latent.probabilities)
        self._alike = len(latent.options) > 1 and len({p.tobytes() for p in latent.probabilities}) == 1
        self._streams = Streams(checks.seed(seed), _STREAM)
        self._designs = Streams(checks.seed(seed), _STREAM, 1)
        self._asks, self._restarts = 0, 0
        self._noisy = False
        self._seen = Seen(_MOST_SEEN)
        # The best of regions that are over, none or one.
        self._best = self._nothing()
        self._best_score = -np.inf
        self._begin()

    @property
    def batch_size(self) -> int:
        """The number of latents that it prefers to be asked for at a time; any will do."""
        return self._batch_size

    @property
    def restarts(self) -> int:
        """How many times a region has collapsed."""
        return self._restarts

    def ask(self, n: int) -> Latents:
        """``n`` latents, feasible, and new wherever that is possible."""
        n = checks.integer("n", n, 1)
        design = self._design()[self._given : self._given + n]
        self._given += len(design)
        rng = self._streams.at(self._asks)
        self._asks += 1
        if len(design) == n:
            return design
        if np.count_nonzero(self._scores > -BELOW_ALL) < 2:  # nothing to learn from yet
            return Latents.concatenate([design, self._fresh(rng, n - len(design))])
        return Latents.concatenate([design, self._propose(rng, n - len(design))])

    def tell(self, latents: Latents, scores: NDArray[np.float64]) -> None:
        """Learn the scores, shape (n,), of latents, own or foreign. NaN and -inf count as a little below the worst.

        Raises:
            LatentShapeError: the latents are of another space.
            InvalidArgument: not one score a latent, or latents that are not finite.
        """
        self._latent.check(latents)
        scores = checked_scores(scores, len(latents))
        if not np.isfinite(latents.real).all():
            raise InvalidArgument("the latents told must be finite, but they hold NaN or infinity.")
        if not len(scores):
            return
        told = self._coordinates.canonical(latents)
        keys = told.keys()
        ranked = np.where(np.isnan(scores), -np.inf, scores)
        # In rank order, so that the order in which they came plays no part.
        order = sorted(range(len(ranked)), key=lambda i: (-ranked[i], keys[i]))
        told, ranked = told[order].copy(), ranked[order]
        self._seen.add(hashes(told))
        before = self._scores
        self._rows = Latents.concatenate([self._rows, told])
        self._scores = np.concatenate([self._scores, ranked])
        self._forget()
        if len(before) < self._initial:
            return
        genes = self._coordinates.real + len(self._latent.options)
        patience = _NOISY_PATIENCE if self._noisy else 1
        tolerance = patience * max(_LEAST_FAILURES, min(genes, _MOST_FAILURES))
        improved = self._has_risen(len(ranked)) if self._noisy else _exceeds(float(ranked[0]), before)
        self._region.count(improved, len(ranked), tolerance)
        if self._region.collapsed:
            self._end_region()

    def expect_noise(self, level: float, budget: int) -> None:
        """Learn that scores are noisy: the region's centre is then where the process, and no single score, is highest.

        Args:
            level: the standard deviation of the noise, relative to the scores.
            budget: evaluations of the whole search.
        """
        checks.integer("budget", budget, 1)
        self._noisy = self._noisy or level > 0
        self._theta = np.empty(0)

    def recommend(self) -> Latents:
        """The latent told, a batch of one, at which the process is highest."""
        if np.count_nonzero(self._scores > -BELOW_ALL) < 2:
            if self._best_score > self._scores.max(initial=-np.inf):
                return self._best.copy()
            highest = int(self._scores.argmax()) if len(self._scores) else 0
            return self._rows[highest : highest + 1].copy() if len(self._scores) else self._middle()
        row, score = self._highest()
        return (self._best if self._best_score > score else self._rows[row : row + 1]).copy()

    def state_dict(self) -> dict[str, Any]:
        """What the region was told, the region, and the parameters of the process."""
        region = self._region
        return {
            "asks": self._asks,
            "restarts": self._restarts,
            "given": self._given,
            "noisy": int(self._noisy),
            "fitted": self._fitted,
            "theta": self._theta.copy(),
            "region": np.array([region.length, region.successes, region.failures]),
            "scores": self._scores.copy(),
            "best_scores": np.full(len(self._best), self._best_score),
            "seen": self._seen.stored(),
            **latents_to_state(Latents.concatenate([self._rows, self._best])),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from where ``state_dict`` was taken, on an object made with the same arguments.

        Raises:
            RunDamaged: the state is not one of such an object.
        """
        try:
            counts = [int(state[k]) for k in ("asks", "restarts", "given", "noisy", "fitted")]
        except (KeyError, TypeError, ValueError, OverflowError):
            raise RunDamaged("this is not a state of the optimiser 'turbo'.") from None
        scores = stored_array(state, "scores", np.float64)
        best_scores = stored_array(state, "best_scores", np.float64)
        rows = latents_from_state(self._latent, state, len(scores) + len(best_scores))
        theta = stored_array(state, "theta", np.float64)
        region = TrustRegion.restored(stored_array(state, "region", np.float64, (3,)).tolist())
        seen = stored_array(state, "seen", np.uint64)
        if min(counts) < 0 or len(best_scores) > 1 or np.isnan(scores).any() or not np.isfinite(theta).all():
            raise RunDamaged("the state of the optimiser 'turbo' holds numbers that cannot be.")
        self._asks, self._restarts, self._given, noisy, self._fitted = counts
        self._noisy, self._theta, self._region = bool(noisy), theta, region
        self._rows, self._scores = rows[: len(scores)], scores
        self._best, self._best_score = rows[len(scores) :], float(best_scores[0]) if len(best_scores) else -np.inf
        self._seen.restore(seen)

    def _begin(self) -> None:
        """Take a new region, of which nothing is known."""
        self._region = TrustRegion()
        self._rows, self._scores = self._nothing(), np.empty(0)
        # Rows of the first design that were asked for.
        self._given = 0
        # The parameters of the process, none before the first fit, and from how many rows they were learnt.
        self._theta, self._fitted = np.empty(0), 0

    def _end_region(self) -> None:
        best = int(self._scores.argmax())
        score = float(self._scores[best])
        if self._noisy and np.count_nonzero(self._scores > -BELOW_ALL) >= 2:
            best, score = self._highest()
        if score > self._best_score:
            self._best, self._best_score = self._rows[best : best + 1].copy(), score
        self._restarts += 1
        self._begin()

    def _has_risen(self, new: int) -> bool:
        """Whether the process is highest at one of the ``new`` rows told last: noise alone seldom lifts it there."""
        if np.count_nonzero(self._scores > -BELOW_ALL) < 2:
            return False
        posterior, points, _, rows = self._fit()
        mean, last = posterior.mean(points), rows >= len(self._scores) - new
        return bool(last.all()) or (bool(last.any()) and _exceeds(float(mean[last].max()), mean[~last]))

    def _highest(self) -> tuple[int, float]:
        """The row of this region where the process is highest, and how high it is, in units of the scores."""
        posterior, points, values, rows = self._fit()
        mean = posterior.mean(points)
        best = int(mean.argmax())
        # Back in units of the scores, of which the values are a linear map but for outliers.
        scores = self._scores[rows]
        fine = (scores > -BELOW_ALL) & (values > values.min())
        slope, level = np.polyfit(values[fine], scores[fine], 1) if len(set(values[fine].tolist())) > 1 else (0.0, 0.0)
        return int(rows[best]), float(slope * mean[best] + level)

    def _forget(self) -> None:
        """Keep the best rows and the newest ones, when there are too many."""
        if len(self._scores) <= _MOST_KEPT:
            return
        best = np.argsort(-self._scores, kind="stable")[:_BEST_KEPT]
        newest = np.arange(len(self._scores) - _MOST_KEPT // 2, len(self._scores))
        kept = np.union1d(best, newest)
        self._rows, self._scores = self._rows[kept], self._scores[kept]

    def _nothing(self) -> Latents:
        return Latents(np.empty((0, self._latent.real)), np.empty((0, len(self._latent.options)), dtype=np.int64))

    def _middle(self) -> Latents:
        return self._start.copy() if self._start is not None else self._design()[:1]

    def _design(self) -> Latents:
        """The first rows of this region; of the first one ``start`` and what is near it, where it is given."""
        if self._given >= self._initial:
            return self._nothing()
        design = self._coordinates.design(self._designs.at(self._restarts), self._initial)
        if self._start is None or self._restarts:
            return design
        return self._coordinates.about(self._start, design)

    def _fresh(self, rng: np.random.Generator, n: int) -> Latents:
        return self._coordinates.canonical(self._latent.sample(rng, n))

    def _values(self, scores: Array) -> Array:
        """Scores with mean 0 and variance 1, those without one a little below the worst."""
        values = -Losses().of(scores)
        low, middle, high = np.quantile(values, (0.25, 0.5, 0.75))
        values = np.maximum(values, middle - _OUTLIER * (high - low)) if high > low else values
        values = values - values.mean()
        deviation = float(values.std())
        return np.asarray(values / deviation if deviation > 0 else values)

    def _fit(self) -> tuple[Posterior, Points, Array, NDArray[np.intp]]:
        """The process, the points and values that it knows, and which rows they are."""
        rows = np.arange(len(self._scores))
        points = self._coordinates.points(self._rows)
        if len(rows) > _MOST_LEARNT:
            best = int(self._scores.argmax())
            away = np.square(points.real - points.real[best]).mean(axis=1) if self._coordinates.real else 0.0
            away = away + (points.codes != points.codes[best]).sum(axis=1) / max(1, len(self._latent.options))
            rows = np.sort(np.argsort(away, kind="stable")[:_MOST_LEARNT])
            points = points.at(rows)
        values = self._values(self._scores[rows])
        kernel = self._kernel(len(rows))
        changed = len(self._theta) != kernel.parameters
        if changed or len(rows) >= self._fitted + max(3, len(rows) // 8):
            begin = None if changed else self._theta
            self._theta = fitted(kernel, points, values, _NOISY if self._noisy else _EXACT, begin)
            self._fitted = len(rows)
        return Posterior(kernel, self._theta, points, values), points, values, rows

    def _kernel(self, rows: int) -> Kernel:
        weights, options = self._coordinates.weights, self._latent.options
        genes = len(weights) + len(options)
        single = not self._coordinates.weighted and not self._alike and genes <= min(rows, _MOST_SINGLE)
        return Kernel(weights, options, single, self._alike)

    def _propose(self, rng: np.random.Generator, n: int) -> Latents:
        posterior, points, values, rows = self._fit()
        centre = int((posterior.mean(points) if self._noisy else values).argmax())
        box = self._box(posterior, points, values, centre)
        found = proposals(rng, posterior.paths(rng, n, self._exploration), n, box)
        scored = self._scores[rows] > -BELOW_ALL
        asked: set[int] = set()
        picked = []
        for one in range(n):  # of each function the best point that is new
            proposed = found.of(one)
            pool = self._coordinates.latents(proposed)
            fine = np.ones(len(pool), dtype=np.bool_) if self._latent.feasible is None else self._latent.feasible(pool)
            mine = np.flatnonzero(fine)
            if not scored.all():
                # A cliff is nothing that a smooth process learns: what lies nearest to a failed evaluation comes last.
                near = ~scored[posterior.nearest(proposed)]
                mine = mine[np.argsort(near[mine], kind="stable")]
            first = self._first_new(pool, mine, asked)
            picked.append(pool[[first]] if first >= 0 else None)
        return Latents.concatenate([self._fresh(rng, 1) if new is None else new for new in picked])

    def _first_new(self, pool: Latents, places: NDArray[np.intp], asked: set[int]) -> int:
        """The first of ``places`` whose latent was never told or ``asked``, which it joins; -1 for none."""
        for place in places.tolist():
            key = hashes(pool[[place]])[0]
            if key not in self._seen and key not in asked:
                asked.add(key)
                return int(place)
        return -1

    def _box(self, posterior: Posterior, points: Points, values: Array, centre: int) -> Box:
        middle, limit = points.real[centre], self._coordinates.limit
        sides = np.ones(len(middle))
        if posterior.kernel.single and len(middle):
            lengths = -np.log(posterior.inverse_lengths)
            sides = np.clip(np.exp(lengths - lengths.mean()), _SHORTEST_SIDE, _LONGEST_SIDE)
        elif posterior.kernel.weighted:
            sides = _WIDEST * (posterior.inverse_lengths / posterior.inverse_lengths.max()) ** _FALL
        half = self._region.length * RANGE / 2 * sides
        low = np.minimum(np.maximum(middle - half, -limit), middle)
        high = np.maximum(np.minimum(middle + half, limit), middle)
        good = np.argsort(-values, kind="stable")[: max(3, len(values) // 5)]
        return Box(
            low,
            high,
            points.at(slice(centre, centre + 1)),
            points.at(good),
            self._region.radius(len(self._latent.options)),
            self._tables,
            self._alike,
        )


def _exceeds(score: float, before: Array) -> bool:
    """Whether ``score`` is an improvement on those of ``before``."""
    fine = before[before > -BELOW_ALL]
    if not len(fine):
        return score > float(before.max(initial=-np.inf))
    best = float(fine.max())
    return score > best + _LEAST_GAIN * (best - float(np.median(fine)))
