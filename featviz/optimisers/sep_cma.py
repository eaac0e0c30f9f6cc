"""Separable CMA-ES: a normal search distribution with one variance a gene, learnt from ranks."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from featviz.errors import RunDamaged, WrongType
from featviz.latent import LatentDescription, Latents
from featviz.optimisers._evolution import EvolutionStrategy, default_population
from featviz.optimisers._ranked_rows import refuse_infinite, shorten
from featviz.optimisers._stored import stored_array

__all__ = ["SepCma", "SepCmaConstants"]

Array = NDArray[np.float64]
# Genes for each row of a generation from which the worst rows are worth moving away from.
_GENES_A_ROW = 3
# With up to so many evaluations a gene, the population grows half as fast with the genes: smaller generations learn
# sooner. Chosen on seeds 0 to 2 of benchmarks/parity.py, where 14 rows in place of 23 found more of the optimum of 784
# genes at 400 (.74 and .65 against .69 and .59), 1,000 and 2,000 evaluations, and as much at 3,000.
_FEW_A_GENE, _GROWTH_OF_FEW = 2.6, 1.5
# Evaluations a gene after which the mean is settled first, the factor to the next time, the latest part of the budget
# at which that still pays (the search is behind for as many evaluations again), and the step afterwards, relative to
# the first one. Chosen on seeds 0 to 2: four classes of a convolutional net (benchmarks/parity.py) came to .972 of the
# optimum after 10,000 evaluations, and without to .945; the pedestrian detector to 16.9, and without to 16.5. Steps of
# .35 reached .975 on the net, and 15.6 on the detector. Settling earlier cost more than it gave.
_SETTLE_AFTER, _SETTLE_AGAIN, _LATEST_PART, _SETTLED_STEP = 4, 4, 0.4, 0.7
# More than any number of evaluations can have made due.
_MOST_SETTLINGS = 64


@dataclass(frozen=True)
class SepCmaConstants:
    """Weights and learning rates of one generation, by the letters of Hansen (2016).

    Args:
        weights: float64 of shape (mu,), positive, descending, with sum 1.
        mu_eff: the variance-effective selection mass of ``weights``.
        c_sigma: learning rate of the step-size path.
        d_sigma: damping of the step size.
        c_c: learning rate of the covariance path.
        c_1: learning rate of the rank-one update.
        c_mu: learning rate of the rank-mu update.
        both: weights of the ranks that move the mean, shape (scored,), with sum 0: ``weights`` for the best, their
            negatives for the worst. None where only the best move it.
        mean_mu_eff: the variance-effective selection mass of the weights that move the mean.
    """

    weights: Array
    mu_eff: float
    c_sigma: float
    d_sigma: float
    c_c: float
    c_1: float
    c_mu: float
    both: Array | None = None
    mean_mu_eff: float = 0.0

    def __post_init__(self) -> None:
        if self.both is None:
            object.__setattr__(self, "mean_mu_eff", self.mu_eff)

    @classmethod
    def default(cls, genes: int, n: int, scored: int, two_sided: bool = False) -> "SepCmaConstants":
        """The defaults for a generation of ``n`` rows of which ``scored`` have a score.

        Weights and rates are those of Hansen 2016, "The CMA Evolution Strategy: A Tutorial", table 1 (positive weights
        only); both covariance rates are multiplied by (genes + 2) / 3, as Ros & Hansen 2008, "A simple modification
        in CMA-ES achieving linear time and space complexity", section 3, derive for the diagonal.

        The step-size path alone forgets faster: after about sqrt(genes) generations, an alternative of the same
        author's ``cma`` package, and not after genes / mu_eff. With 784 genes that is 12 generations against 90: a
        shifted sphere and an ellipsoid came nearer in trials of 3,000 evaluations, and an MLP's logit no less.

        With ``two_sided``, the mean also moves away from the worst rows, as far as towards the best (Arnold 2006,
        "Weighted multirecombination evolution strategies": with many genes, bad steps say as much as good ones). The
        variances still learn from the best alone.
        """
        mu = min(max(1, n // 2), scored)
        raw = math.log((n + 1) / 2) - np.log(np.arange(1, mu + 1))
        weights = raw / raw.sum() if n > 1 else np.ones(1)
        mu_eff = float(1 / (weights @ weights))
        both = _both_sides(weights, scored) if two_sided else None
        mean_mu_eff = mu_eff if both is None else float(1 / (both @ both))
        c_sigma = math.sqrt(mean_mu_eff + 1) / (math.sqrt(genes) + 2 * math.sqrt(mean_mu_eff))
        d_sigma = 1 + 2 * max(0.0, math.sqrt(max(0.0, mean_mu_eff - 1) / (genes + 1)) - 1) + c_sigma
        c_c = (4 + mu_eff / genes) / (genes + 4 + 2 * mu_eff / genes)
        faster = (genes + 2) / 3
        c_1 = min(1.0, faster * 2 / ((genes + 1.3) ** 2 + mu_eff))
        c_mu = min(1 - c_1, faster * 2 * (mu_eff - 2 + 1 / mu_eff) / ((genes + 2) ** 2 + mu_eff))
        return cls(weights, mu_eff, c_sigma, d_sigma, c_c, c_1, c_mu, both, mean_mu_eff)


def _both_sides(weights: Array, scored: int) -> Array | None:
    """``weights`` for the best of ``scored`` rows and their negatives for the worst; None where nothing is left."""
    both = np.zeros(scored)
    both[: len(weights)] = weights
    both[scored - len(weights) :] -= weights[::-1]
    return both if both.any() else None


_defaults = lru_cache(maxsize=64)(SepCmaConstants.default)


class SepCma(EvolutionStrategy):
    """Batched separable CMA-ES with restarts (Ros & Hansen 2008), for real genes of any number.

    Where a decoder has limits (``latent.settled``), the mean drifts far beyond them, and what lies there wrongly does
    not come back. After 4, 16, 64, ... evaluations a gene it is brought back to the nearest genes of the same input,
    and the search goes on from there with fresh steps; not in the last part of a budget, nor under noise.

    It costs a few times what drawing the normal numbers costs. It is told its samples as it drew them, never clipped:
    clipping belongs in the decoder (on 784 pixels this was worth a quarter of the final score).

    Args:
        latent: as the others, see :class:`~featviz.optimisers._evolution.EvolutionStrategy`.
        seed: 0 to 2**64 - 1.
        budget: evaluations to plan for: with less than three a gene, generations are smaller.
        start: a batch of one latent to begin at.
        two_sided: whether the worst rows push the mean away as the best ones pull it. False is the algorithm of Ros &
            Hansen, but for the faster step-size path (see the constants). True finds more with many genes, and
            overshoots with few. None, the default, is True in generations of at most a third as many rows as there are
            genes: in trials on spheres and ellipsoids True was behind with up to 20 genes, and ahead from 50 on; on
            pictures see benchmarks/RESULTS.md.
        shared: ``population``, ``batch_size``, ``sigma``, ``restart_when_stuck``.

    Rows that it never asked for are learnt from after their Mahalanobis length is clipped to that of a long sample
    (Hansen 2011, "Injecting external solutions into CMA-ES").
    """

    name: ClassVar[str] = "sep-cma"

    # (genes, rows, rows with a score, two-sided) -> constants; a sub-class or a test may put others here.
    _constants = staticmethod(_defaults)

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
        two_sided: bool | None = None,
    ) -> None:
        if two_sided is not None and not isinstance(two_sided, bool):
            raise WrongType(f"two_sided must be True, False or None, but it is a {type(two_sided).__name__}.")
        self._two_sided = two_sided
        # Evaluations told so far, how many of them before the present start, and the settlings that were due since.
        self._told = self._told_before = self._settlings = 0
        super().__init__(
            latent,
            seed,
            budget,
            start,
            population=population,
            batch_size=batch_size,
            sigma=sigma,
            restart_when_stuck=restart_when_stuck,
        )

    @property
    def steps(self) -> Array:
        """The standard deviation of each gene, float64 (genes,): a copy."""
        return self._steps.copy()

    def begin_at(self, mean: Array, steps: Array) -> None:
        """Take this mean and these standard deviations, both of shape (genes,), and forget the paths.

        They are taken as they are: under noise no longer ones are tried. A restart goes back to where the search was
        made to begin.
        """
        self._on_trial = False
        sigma = float(np.sqrt(np.mean(np.square(steps))))
        self._reset_steps(sigma)
        self._mean = np.array(mean, dtype=np.float64)
        self._variances = np.square(steps / sigma)
        # As they are restored, to the last bit, and not as they came.
        self._steps = np.sqrt(self._variances) * self._sigma

    def tell(self, latents: Latents, scores: Array) -> None:
        """As of every evolution strategy; now and then the mean is settled afterwards."""
        restarts = self._restarts
        super().tell(latents, scores)
        self._told += len(latents)
        if self._restarts > restarts:
            self._told_before, self._settlings = self._told, 0
        due = _SETTLE_AFTER * self._genes * _SETTLE_AGAIN**self._settlings
        if self._told - self._told_before < due or self._waiting:
            return
        self._settlings += 1
        if self._latent.settled is None or self._budget is None or self._noisy_population:
            return
        if due <= _LATEST_PART * (self._budget - self._told_before):
            mean = self._latent.settled(Latents.of_real(self._mean[None, :])).real[0]
            self._begin()
            self._reset_steps(_SETTLED_STEP * self._first_sigma)
            self._mean = mean

    def _usual_population(self) -> int:
        if self._budget is not None and self._budget <= _FEW_A_GENE * self._genes:
            return default_population(self._genes, _GROWTH_OF_FEW)
        return super()._usual_population()

    def _reset(self) -> None:
        genes = self._genes
        self._mean = self._start.copy()
        # E||N(0, I)||
        self._chi = math.sqrt(genes) * (1 - 1 / (4 * genes) + 1 / (21 * genes**2))
        self._reset_steps(self._first_sigma)

    def _reset_steps(self, step: float) -> None:
        genes = self._genes
        self._sigma = step
        self._variances = np.ones(genes)
        self._path_sigma = np.zeros(genes)
        self._path_c = np.zeros(genes)
        self._steps = np.full(genes, step)

    def _draw(self, rng: np.random.Generator, n: int) -> Array:
        rows = rng.standard_normal((n, self._genes))
        rows *= self._steps
        rows += self._mean
        return rows

    def _learn(self, rows: Array, order: NDArray[np.intp], scored: int, foreign: NDArray[np.bool_] | None) -> None:
        two_sided = self._genes >= _GENES_A_ROW * len(rows) if self._two_sided is None else self._two_sided
        k = self._constants(self._genes, len(rows), scored, two_sided)
        mu = len(k.weights)
        # In the order of their ranks, so that the order in which they came changes no bit.
        ranked = rows.take(order[: mu if k.both is None else scored], axis=0)
        if foreign is not None:
            self._shorten(ranked, foreign[order[: len(ranked)]])
        # With weights of sum 0 the mean cancels out, and no difference to it is needed.
        z_w = None if k.both is None else k.both.dot(ranked) / self._steps
        # Rows in units of the search distribution: z = (x - mean) / (sigma sqrt(C)).
        z = ranked[:mu]
        z -= self._mean
        z /= self._steps
        if z_w is None:
            z_w = k.weights.dot(z)
        path = self._path_sigma * (1 - k.c_sigma)
        path += math.sqrt(k.c_sigma * (2 - k.c_sigma) * k.mean_mu_eff) * z_w
        length = math.sqrt(path.dot(path))
        refuse_infinite(length)
        self._path_sigma = path
        np.multiply(z, z, out=z)
        z2_w = k.weights.dot(z)
        z_w *= self._steps
        self._mean += z_w
        # h_sigma stalls the covariance path while the step size grows fast (tutorial, after eq. 45).
        grown = length / math.sqrt(1 - (1 - k.c_sigma) ** (2 * (self._generation + 1)))
        stalled = grown >= (1.4 + 2 / (self._genes + 1)) * self._chi
        self._path_c *= 1 - k.c_c
        if not stalled:
            z_w *= math.sqrt(k.c_c * (2 - k.c_c) * k.mean_mu_eff) / self._sigma
            self._path_c += z_w
        # C <- (1 - c_1 - c_mu) C + c_1 p_c^2 + c_mu sum_i w_i y_i^2, where y^2 = C z^2.
        z2_w *= k.c_mu
        z2_w += 1 - k.c_1 - k.c_mu + (k.c_1 * k.c_c * (2 - k.c_c) if stalled else 0.0)
        self._variances *= z2_w
        np.multiply(self._path_c, self._path_c, out=z2_w)
        z2_w *= k.c_1
        self._variances += z2_w
        growth = (k.c_sigma / k.d_sigma) * (length / self._chi - 1)
        # Foreign rows let the step size grow by a factor e at most (Hansen 2011).
        self._sigma *= math.exp(growth if foreign is None else min(1.0, growth))
        np.sqrt(self._variances, out=self._steps)
        self._steps *= self._sigma

    def _shorten(self, rows: Array, foreign: NDArray[np.bool_]) -> None:
        """Bring the foreign ones of ``rows`` as near to the mean as samples are, in place."""
        z = (rows[foreign] - self._mean) / self._steps
        shorten(z, np.ones(len(z), dtype=np.bool_))
        rows[foreign] = self._mean + self._steps * z

    def _largest_step(self) -> float:
        return float(self._steps.max())

    def _distribution(self) -> dict[str, Any]:
        return {
            "told": np.array([self._told, self._told_before, self._settlings]),
            "sigma": self._sigma,
            "mean": self._mean.copy(),
            "variances": self._variances.copy(),
            "path_sigma": self._path_sigma.copy(),
            "path_c": self._path_c.copy(),
        }

    def _restore(self, state: Mapping[str, Any]) -> None:
        shape = (self._genes,)
        told, before, settlings = stored_array(state, "told", np.int64, (3,)).tolist()
        if not 0 <= before <= told or not 0 <= settlings <= _MOST_SETTLINGS:
            raise RunDamaged(f"the state of the optimiser {self.name!r} holds numbers that cannot be.")
        self._told, self._told_before, self._settlings = told, before, settlings
        self._sigma = float(stored_array(state, "sigma", np.float64, ()))
        self._mean = stored_array(state, "mean", np.float64, shape)
        self._variances = stored_array(state, "variances", np.float64, shape)
        self._path_sigma = stored_array(state, "path_sigma", np.float64, shape)
        self._path_c = stored_array(state, "path_c", np.float64, shape)
        self._steps = np.sqrt(self._variances) * self._sigma
