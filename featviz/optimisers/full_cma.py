"""CMA-ES: a normal search distribution with a full covariance matrix, for few genes that act together."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from featviz.optimisers._evolution import EvolutionStrategy
from featviz.optimisers._ranked_rows import refuse_infinite, shorten
from featviz.optimisers._stored import stored_array

__all__ = ["FullCma", "FullCmaConstants"]

Array = NDArray[np.float64]

# A variance, relative to the largest, below which rounding alone decides.
_LEAST_VARIANCE = 1e-14


@dataclass(frozen=True)
class FullCmaConstants:
    """Weights and learning rates of one generation, by the letters of Hansen (2016).

    Args:
        weights: float64 of shape (at most n,), descending; the first ``mu`` are at least 0 and have the sum 1, those
            after them are below 0 and enter the covariance alone.
        mu: rows that move the mean.
        mu_eff: the variance-effective selection mass of the first ``mu`` weights.
        c_sigma: learning rate of the step-size path.
        d_sigma: damping of the step size.
        c_c: learning rate of the covariance path.
        c_1: learning rate of the rank-one update.
        c_mu: learning rate of the rank-mu update.
        every: generations from one decomposition of the covariance to the next.
    """

    weights: Array
    mu: int
    mu_eff: float
    c_sigma: float
    d_sigma: float
    c_c: float
    c_1: float
    c_mu: float
    every: int = 1

    @classmethod
    def default(cls, genes: int, n: int, scored: int) -> "FullCmaConstants":
        """The defaults for a generation of ``n`` rows of which ``scored`` have a score.

        Hansen 2016, "The CMA Evolution Strategy: A Tutorial", table 1, with the negative weights of equations 49 to 53.
        Of rows without a score none gets a weight; where fewer than half have one, there are no negative weights.

        The step-size path alone forgets faster, as that of ``sep-cma`` does: in trials on seeds 0 to 9, ellipsoids and
        cigars that lie along no gene, and Rosenbrock's valley, of 8 and 20 genes took 1 to 5% fewer evaluations.

        A decomposition costs 10 to 20 genes**3 operations. It is put off for five times as many generations as the
        tutorial says, until the rates sum up to 1 / (2 genes): the rule of ``cma.purecma``.
        """
        raw = math.log((n + 1) / 2) - np.log(np.arange(1, n + 1))
        mu = min(max(1, n // 2), scored)
        best, worst = raw[:mu], raw[max(1, n // 2) :]
        weights = best / best.sum() if n > 1 else np.ones(1)
        mu_eff = float(1 / (weights @ weights))
        c_sigma = math.sqrt(mu_eff + 1) / (math.sqrt(genes) + 2 * math.sqrt(mu_eff))
        d_sigma = 1 + 2 * max(0.0, math.sqrt(max(0.0, mu_eff - 1) / (genes + 1)) - 1) + c_sigma
        c_c = (4 + mu_eff / genes) / (genes + 4 + 2 * mu_eff / genes)
        c_1 = 2 / ((genes + 1.3) ** 2 + mu_eff)
        c_mu = min(1 - c_1, 2 * (1 / 4 + mu_eff + 1 / mu_eff - 2) / ((genes + 2) ** 2 + mu_eff))
        if scored > mu and worst.any():
            worst_mu_eff = float(worst.sum() ** 2 / (worst @ worst))
            mass = min(1 + c_1 / c_mu, 1 + 2 * worst_mu_eff / (mu_eff + 2), (1 - c_1 - c_mu) / (genes * c_mu))
            weights = np.concatenate([weights, mass * worst[: scored - mu] / -worst.sum()])
        every = max(1, math.floor(0.5 / (genes * (c_1 + c_mu))))
        return cls(weights, mu, mu_eff, c_sigma, d_sigma, c_c, c_1, c_mu, every)


_defaults = lru_cache(maxsize=64)(FullCmaConstants.default)


class FullCma(EvolutionStrategy):
    """Batched CMA-ES with a full covariance matrix, active updates and restarts (Hansen 2016), for up to 1,000 genes.

    It learns which genes act together: on ellipsoids of 20 and 60 genes that lie along no gene it was ahead of
    ``sep-cma`` from 30 evaluations a gene on. Where each gene acts alone ``sep-cma`` is far ahead. A generation costs
    some matrix products, and the decomposition of the covariance is put off until it has changed enough.

    Rows are drawn by the symmetric root of the covariance. It is unique, unlike eigenvectors, whose signs (and, where
    variances are equal, directions) differ from one library to the next; and it turns with the coordinates.

    Args:
        latent: 1 to 1,000 real genes, else as the others, see
            :class:`~featviz.optimisers._evolution.EvolutionStrategy`.
        seed: 0 to 2**64 - 1.
        budget: evaluations to plan for; checked, and not used.
        start: a batch of one latent to begin at.
        shared: ``population``, ``batch_size``, ``sigma``, ``restart_when_stuck``.

    Raises:
        InvalidArgument: there are more genes than that.

    Rows that it never asked for are learnt from after their Mahalanobis length is clipped to that of a long sample
    (Hansen 2011, "Injecting external solutions into CMA-ES").
    """

    name: ClassVar[str] = "full-cma"
    most_genes: ClassVar[int | None] = 1000

    # (genes, rows, rows with a score) -> constants; a sub-class or a test may put others here.
    _constants = staticmethod(_defaults)

    @property
    def covariance(self) -> Array:
        """The covariance of the search distribution, float64 (genes, genes): a new array."""
        lower = np.tril(self._covariance)
        covariance: Array = self._sigma**2 * (lower + np.tril(lower, -1).T)
        return covariance

    def _reset(self) -> None:
        genes = self._genes
        self._mean = self._start.copy()
        # E||N(0, I)||
        self._chi = math.sqrt(genes) * (1 - 1 / (4 * genes) + 1 / (21 * genes**2))
        self._reset_steps(self._first_sigma)

    def _reset_steps(self, step: float) -> None:
        genes = self._genes
        self._sigma = step
        # Only the lower triangle is read: the upper one may differ from it in the last bits.
        self._covariance = np.eye(genes)
        self._path_sigma = np.zeros(genes)
        self._path_c = np.zeros(genes)
        self._take_roots(np.ones(genes), np.eye(genes))

    def _take_roots(self, variances: Array, axes: Array) -> None:
        """Keep the decomposition of the covariance, and its symmetric root with the root's inverse."""
        self._variances, self._axes, self._age = variances, axes, 0
        half = axes * variances**0.25
        self._root = half @ half.T
        half = axes * variances**-0.25
        self._inverse_root = half @ half.T

    def _decompose(self) -> None:
        variances, axes = np.linalg.eigh(self._covariance, UPLO="L")
        least = _LEAST_VARIANCE * variances[-1]
        if variances[0] < least:
            variances = np.maximum(variances, least)
            self._covariance = (axes * variances) @ axes.T
        self._take_roots(variances, np.ascontiguousarray(axes))

    def _draw(self, rng: np.random.Generator, n: int) -> Array:
        rows: Array = rng.standard_normal((n, self._genes)) @ self._root
        rows *= self._sigma
        rows += self._mean
        return rows

    def _learn(self, rows: Array, order: NDArray[np.intp], scored: int, foreign: NDArray[np.bool_] | None) -> None:
        k = self._constants(self._genes, len(rows), scored)
        # In the order of their ranks, so that the order in which they came changes no bit.
        used = order[: len(k.weights)]
        y = rows.take(used, axis=0)
        y -= self._mean
        y /= self._sigma
        if foreign is not None:
            y[foreign[used]] = self._shortened(y[foreign[used]])
        y_w = k.weights[: k.mu].dot(y[: k.mu])
        # C^-1/2 of the step of the mean, and of the rows to move away from.
        z = np.concatenate([y_w[None], y[k.mu :]]).dot(self._inverse_root)
        squares = np.einsum("ij,ij->i", z, z)
        path = self._path_sigma * (1 - k.c_sigma)
        path += math.sqrt(k.c_sigma * (2 - k.c_sigma) * k.mu_eff) * z[0]
        length = math.sqrt(path.dot(path))
        refuse_infinite(length + float(squares.sum()))
        self._path_sigma = path
        # h_sigma stalls the covariance path while the step size grows fast (after eq. 45).
        grown = length / math.sqrt(1 - (1 - k.c_sigma) ** (2 * (self._generation + 1)))
        stalled = grown >= (1.4 + 2 / (self._genes + 1)) * self._chi
        self._path_c *= 1 - k.c_c
        if not stalled:
            self._path_c += math.sqrt(k.c_c * (2 - k.c_c) * k.mu_eff) * y_w
        self._learn_covariance(k, y, squares[1:], stalled)
        self._mean += self._sigma * y_w
        growth = (k.c_sigma / k.d_sigma) * (length / self._chi - 1)
        # Foreign rows let the step size grow by a factor e at most (Hansen 2011).
        self._sigma *= math.exp(growth if foreign is None else min(1.0, growth))
        self._age += 1
        if self._age >= k.every:
            self._decompose()

    def _learn_covariance(self, k: FullCmaConstants, y: Array, squares: Array, stalled: bool) -> None:
        """C <- (1 - c_1 - c_mu sum_i w_i) C + c_1 p_c p_c^T + c_mu sum_i w_i y_i y_i^T (eq. 47), in one product.

        Rows with negative weights enter with the Mahalanobis length sqrt(genes) (eq. 46), so that C stays positive
        definite; ``squares`` holds their squared lengths.
        """
        weights = np.empty(len(y) + 1)
        weights[0] = k.c_1
        np.multiply(k.weights, k.c_mu, out=weights[1:])
        decay = 1 - float(weights.sum()) + (k.c_1 * k.c_c * (2 - k.c_c) if stalled else 0.0)
        weights[k.mu + 1 :] *= self._genes / np.maximum(squares, 1e-100)
        learnt = np.concatenate([self._path_c[None], y])
        self._covariance *= decay
        self._covariance += (learnt.T * weights).dot(learnt)

    def _shortened(self, y: Array) -> Array:
        """The rows ``y``, in units of sigma, brought as near to the mean as samples are."""
        z = y @ self._inverse_root
        shorten(z, np.ones(len(z), dtype=np.bool_))
        shortened: Array = z @ self._root
        return shortened

    def _largest_step(self) -> float:
        return self._sigma * math.sqrt(float(self._covariance.diagonal().max()))

    def _distribution(self) -> dict[str, Any]:
        return {
            "sigma": self._sigma,
            "mean": self._mean.copy(),
            "covariance": self._covariance.copy(),
            # The decomposition may be older than the covariance, by so many generations.
            "age": self._age,
            "variances": self._variances.copy(),
            "axes": self._axes.copy(),
            "path_sigma": self._path_sigma.copy(),
            "path_c": self._path_c.copy(),
        }

    def _restore(self, state: Mapping[str, Any]) -> None:
        shape, square = (self._genes,), (self._genes, self._genes)
        self._sigma = float(stored_array(state, "sigma", np.float64, ()))
        self._mean = stored_array(state, "mean", np.float64, shape)
        self._covariance, axes = (
            np.ascontiguousarray(stored_array(state, key, np.float64, square)) for key in ("covariance", "axes")
        )
        self._take_roots(stored_array(state, "variances", np.float64, shape), axes)
        self._age = int(stored_array(state, "age", np.float64, ()))
        self._path_sigma = stored_array(state, "path_sigma", np.float64, shape)
        self._path_c = stored_array(state, "path_c", np.float64, shape)
