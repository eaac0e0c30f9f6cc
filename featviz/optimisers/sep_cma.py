"""Separable CMA-ES: a normal search distribution with one variance a gene, learnt from ranks."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from featviz.errors import InvalidArgument
from featviz.optimisers._evolution import EvolutionStrategy, shorten, stored_array

__all__ = ["SepCma", "SepCmaConstants"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class SepCmaConstants:
    """Weights and learning rates of one generation, by the letters of Hansen (2016).

    Args:
        weights: float64 of shape (mu,), positive, descending, with sum 1.
        mu_eff: the variance-effective selection mass.
        c_sigma: learning rate of the step-size path.
        d_sigma: damping of the step size.
        c_c: learning rate of the covariance path.
        c_1: learning rate of the rank-one update.
        c_mu: learning rate of the rank-mu update.
    """

    weights: Array
    mu_eff: float
    c_sigma: float
    d_sigma: float
    c_c: float
    c_1: float
    c_mu: float

    @classmethod
    def default(cls, genes: int, n: int, scored: int) -> "SepCmaConstants":
        """The defaults for a generation of ``n`` rows of which ``scored`` have a score.

        Weights and rates are those of Hansen 2016, "The CMA Evolution Strategy: A Tutorial", table 1 (positive weights
        only); both covariance rates are multiplied by (genes + 2) / 3, as Ros & Hansen 2008, "A simple modification
        in CMA-ES achieving linear time and space complexity", section 3, derive for the diagonal.

        The step-size path alone forgets faster: after about sqrt(genes) generations, an alternative of the same
        author's ``cma`` package, and not after genes / mu_eff. With 784 genes that is 12 generations against 90: a
        shifted sphere and an ellipsoid came 2 to 3 times nearer in 3,000 evaluations, and an MLP's logit no less.
        """
        mu = min(max(1, n // 2), scored)
        raw = math.log((n + 1) / 2) - np.log(np.arange(1, mu + 1))
        weights = raw / raw.sum() if n > 1 else np.ones(1)
        mu_eff = float(1 / (weights @ weights))
        c_sigma = math.sqrt(mu_eff + 1) / (math.sqrt(genes) + 2 * math.sqrt(mu_eff))
        d_sigma = 1 + 2 * max(0.0, math.sqrt((mu_eff - 1) / (genes + 1)) - 1) + c_sigma
        c_c = (4 + mu_eff / genes) / (genes + 4 + 2 * mu_eff / genes)
        faster = (genes + 2) / 3
        c_1 = min(1.0, faster * 2 / ((genes + 1.3) ** 2 + mu_eff))
        c_mu = min(1 - c_1, faster * 2 * (mu_eff - 2 + 1 / mu_eff) / ((genes + 2) ** 2 + mu_eff))
        return cls(weights, mu_eff, c_sigma, d_sigma, c_c, c_1, c_mu)


_defaults = lru_cache(maxsize=64)(SepCmaConstants.default)


class SepCma(EvolutionStrategy):
    """Batched separable CMA-ES with restarts (Ros & Hansen 2008), for real genes of any number.

    It costs a few times what drawing the normal numbers costs. It is told its samples as it drew them, never clipped:
    clipping belongs in the decoder (on 784 pixels this was worth a quarter of the final score). Arguments: see
    :class:`~featviz.optimisers._evolution.EvolutionStrategy`.

    Rows that it never asked for are learnt from after their Mahalanobis length is clipped to that of a long sample
    (Hansen 2011, "Injecting external solutions into CMA-ES").
    """

    name: ClassVar[str] = "sep-cma"

    # (genes, rows, rows with a score) -> constants; a sub-class or a test may put others here.
    _constants = staticmethod(_defaults)

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
        k = self._constants(self._genes, len(rows), scored)
        chosen = order[: len(k.weights)]
        # Rows in units of the search distribution: z = (x - mean) / (sigma sqrt(C)).
        z = rows.take(chosen, axis=0)
        z -= self._mean
        z /= self._steps
        if foreign is not None:
            shorten(z, foreign[chosen])
        z_w = k.weights.dot(z)
        path = self._path_sigma * (1 - k.c_sigma)
        path += math.sqrt(k.c_sigma * (2 - k.c_sigma) * k.mu_eff) * z_w
        length = math.sqrt(path.dot(path))
        if not math.isfinite(length):
            raise InvalidArgument("the latents told must be finite, but they hold NaN, infinity or huge numbers.")
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
            z_w *= math.sqrt(k.c_c * (2 - k.c_c) * k.mu_eff) / self._sigma
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

    def _largest_step(self) -> float:
        return float(self._steps.max())

    def _distribution(self) -> dict[str, Any]:
        return {
            "sigma": self._sigma,
            "mean": self._mean.copy(),
            "variances": self._variances.copy(),
            "path_sigma": self._path_sigma.copy(),
            "path_c": self._path_c.copy(),
        }

    def _restore(self, state: Mapping[str, Any]) -> None:
        shape = (self._genes,)
        self._sigma = float(stored_array(state, "sigma", ()))
        self._mean = stored_array(state, "mean", shape)
        self._variances = stored_array(state, "variances", shape)
        self._path_sigma = stored_array(state, "path_sigma", shape)
        self._path_c = stored_array(state, "path_c", shape)
        self._steps = np.sqrt(self._variances) * self._sigma
