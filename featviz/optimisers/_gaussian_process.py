"""A Gaussian process over latents: fitted by marginal likelihood, sampled as functions that have gradients."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import minimize

from featviz.optimisers._kernel import Covariances, Features, Kernel, Points

__all__ = ["Paths", "Posterior", "fitted", "log_posterior"]

Array = NDArray[np.float64]

_LOG_2PI = float(np.log(2 * np.pi))
# Added to the diagonal whatever the noise, so that the factorisation holds.
_JITTER = 1e-8
# Parameters stay where numbers can bear them: logs of the scale, of the noise's variance, of the others.
_SCALE_LIMITS, _NOISE_LIMITS, _LIMITS = (-4.0, 4.0), (-13.0, 1.0), (-6.0, 4.0)
# Random features for each term of the kernel. They only shape how a draw differs from the mean.
_FEATURES = 128


def log_posterior(
    kernel: Kernel, theta: Array, points: Points, values: Array, noise: tuple[float, float]
) -> tuple[float, Array]:
    """The log marginal likelihood plus the log prior of the parameters, and its gradient.

    Args:
        kernel: of the process, whose mean is 0.
        theta: float64 (p,).
        points: n of them.
        values: float64 (n,).
        noise: mean and deviation of the prior of the log of the noise's variance.
    """
    n = len(values)
    covariances = kernel.at(theta)
    found = covariances.between(points, points)
    variance = float(np.exp(theta[1]))
    full = found.full.copy()
    full.flat[:: n + 1] += variance + _JITTER
    factor = cho_factor(full, lower=True, check_finite=False)
    weights = cho_solve(factor, values, check_finite=False)
    inverse = cho_solve(factor, np.eye(n), check_finite=False)
    by = 0.5 * (np.outer(weights, weights) - inverse)
    gradient = covariances.gradient(points, found, by)
    gradient[1] = variance * np.trace(by)
    value = -0.5 * float(values @ weights) - float(np.log(np.diag(factor[0])).sum()) - 0.5 * n * _LOG_2PI
    mean, spread = _priors(kernel, noise)
    away = (theta - mean) / spread
    return value - 0.5 * float(away @ away), gradient - away / spread


def fitted(
    kernel: Kernel, points: Points, values: Array, noise: tuple[float, float], begin: Array | None = None
) -> Array:
    """The parameters of the highest posterior that L-BFGS finds from ``begin``, or from the mean of the prior."""
    theta = _priors(kernel, noise)[0] if begin is None else begin
    limits = [_SCALE_LIMITS, _NOISE_LIMITS, *[_LIMITS] * (kernel.parameters - 2)]

    def loss(theta: Array) -> tuple[float, Array]:
        value, gradient = log_posterior(kernel, theta, points, values, noise)
        return -value, -gradient

    found = minimize(loss, theta, jac=True, method="L-BFGS-B", bounds=limits, options={"maxiter": 25})
    return np.asarray(found.x, dtype=np.float64)


def _priors(kernel: Kernel, noise: tuple[float, float]) -> tuple[Array, Array]:
    mean, spread = kernel.priors
    mean[1], spread[1] = noise
    return mean, spread


class Posterior:
    """The process, given values at points.

    Args:
        kernel: of the process, whose mean is 0.
        theta: its parameters.
        points: n of them.
        values: float64 (n,).
    """

    def __init__(self, kernel: Kernel, theta: Array, points: Points, values: Array) -> None:
        self.kernel = kernel
        self._covariances, self._points, self._values = kernel.at(theta), points, values
        full = self._covariances.between(points, points).full
        self._noise = float(np.exp(theta[1]))
        full.flat[:: len(full) + 1] += self._noise + _JITTER
        self._factor = cho_factor(full, lower=True, check_finite=False)
        self._weights = cho_solve(self._factor, values, check_finite=False)

    @property
    def inverse_lengths(self) -> Array:
        """Of each real gene, float64 (d,)."""
        return self._covariances.inverse_lengths

    def mean(self, points: Points) -> Array:
        """Of the function at m points, shape (m,)."""
        return np.asarray(self._covariances.between(points, self._points).full @ self._weights)

    def nearest(self, points: Points) -> NDArray[np.intp]:
        """Of each of m points the known one that it depends on most, shape (m,)."""
        return np.asarray(self._covariances.between(points, self._points).full.argmax(axis=1), dtype=np.intp)

    def variance(self, points: Points) -> Array:
        """Of the function at m points, without noise, shape (m,)."""
        across = self._covariances.between(points, self._points).full
        solved = cho_solve(self._factor, across.T, check_finite=False)
        left: Array = self._covariances.scale - np.einsum("ij,ji->i", across, solved)
        return np.asarray(np.maximum(left, 0.0))

    def paths(self, rng: np.random.Generator, count: int, temper: float = 1.0) -> "Paths":
        """``count`` functions drawn from the posterior (Wilson et al. 2020, "Efficiently sampling functions").

        Args:
            rng: for the draws.
            count: how many.
            temper: factor on how far the functions lie from their mean; 0 gives the mean itself.
        """
        features = self._covariances.features(rng, _FEATURES)
        draws = temper * rng.standard_normal((len(features.phases), count))
        # Matheron's rule: a draw from the prior, and what the data say of the rest.
        errors = temper * np.sqrt(self._noise + _JITTER) * rng.standard_normal((len(self._values), count))
        rest = self._values[:, None] - features(self._points) @ draws - errors
        updates = cho_solve(self._factor, rest, check_finite=False)
        return Paths(self._covariances, self._points, features, draws, updates)


@dataclass(frozen=True, eq=False)
class Paths:
    """Functions drawn from a posterior.

    Args:
        covariances: of the process.
        points: the n points that are known.
        features: of the prior.
        draws: weights of the features, float64 (m, paths).
        updates: weights of the covariances with the known points, float64 (n, paths).
    """

    covariances: Covariances
    points: Points
    features: Features
    draws: Array
    updates: Array

    def values(self, points: Points) -> Array:
        """Every function at every point, shape (points, paths)."""
        across = self.covariances.between(points, self.points).full
        return np.asarray(self.features(points) @ self.draws + across @ self.updates)

    def own(self, points: Points, path: NDArray[np.intp]) -> tuple[Array, Array]:
        """At each of m points one function, ``path`` (m,): values (m,), and gradients by the real genes (m, d)."""
        found = self.covariances.between(points, self.points)
        angles, draws = self.features.angles(points), self.draws[:, path].T * self.features.sizes
        updates = self.updates[:, path].T
        values = np.einsum("ij,ij->i", np.cos(angles), draws) + np.einsum("ij,ij->i", found.full, updates)
        if not points.real.shape[1]:
            return values, np.empty((len(values), 0))
        by = updates * self.covariances.by_squared(found)
        moved = points.real * by.sum(axis=1)[:, None] - by @ self.points.real
        slopes = 2 * moved * np.square(self.covariances.inverse_lengths)
        slopes -= (np.sin(angles) * draws) @ self.features.frequencies.T
        return values, slopes
