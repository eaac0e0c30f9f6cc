"""Exponential natural evolution strategy: a full covariance matrix, moved along the natural gradient of ranks."""

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from featviz.optimisers._evolution import EvolutionStrategy
from featviz.optimisers._ranked_rows import refuse_infinite, shorten
from featviz.optimisers._stored import stored_array
from featviz.optimisers.snes import utilities

__all__ = ["Xnes"]

Array = NDArray[np.float64]

# Generations after which the inverse is computed afresh, and what the rounding of products has left in it is gone.
_FRESH_EVERY = 100
# The least standard deviation along an axis, relative to the longest: beyond it rounding alone decides.
_LEAST_STEP = 1e-7


class Xnes(EvolutionStrategy):
    """Batched xNES with restarts, for up to 1,000 real genes.

    Glasmachers, Schaul, Sun, Wierstra & Schmidhuber 2010, "Exponential natural evolution strategies", algorithm 1;
    utilities and learning rates of Wierstra et al. 2014, "Natural evolution strategies", table 1. The rates of step
    size and shape are equal there, so both are kept in one factor A of the covariance A A^T, which becomes
    A exp(rate / 2 * G). G has the rank of a generation, so that only one step of a hundred costs genes**3 operations.

    Args:
        latent: 1 to 1,000 real genes, else as the others, see
            :class:`~featviz.optimisers._evolution.EvolutionStrategy`.
        seed: 0 to 2**64 - 1.
        budget: evaluations to plan for; checked, and not used.
        start: a batch of one latent to begin at.
        shared: ``population``, ``batch_size``, ``sigma``, ``restart_when_stuck``.

    Raises:
        InvalidArgument: there are more genes than that.
    """

    name: ClassVar[str] = "xnes"
    most_genes: ClassVar[int | None] = 1000

    @property
    def covariance(self) -> Array:
        """The covariance of the search distribution, float64 (genes, genes): a new array."""
        covariance: Array = self._factor @ self._factor.T
        return covariance

    def _reset(self) -> None:
        self._mean = self._start.copy()
        self._rate = (9 + 3 * math.log(self._genes)) / (5 * self._genes * math.sqrt(self._genes))
        self._reset_steps(self._first_sigma)

    def _reset_steps(self, step: float) -> None:
        self._factor = np.eye(self._genes) * step
        self._inverse = np.eye(self._genes) / step

    def _draw(self, rng: np.random.Generator, n: int) -> Array:
        rows: Array = rng.standard_normal((n, self._genes)) @ self._factor.T
        rows += self._mean
        return rows

    def _learn(self, rows: Array, order: NDArray[np.intp], scored: int, foreign: NDArray[np.bool_] | None) -> None:
        u = utilities(len(rows), scored)
        z = rows.take(order, axis=0)
        z -= self._mean
        z = z.dot(self._inverse.T)
        if foreign is not None:
            shorten(z, foreign[order])
        refuse_infinite(np.vdot(z, z))
        self._mean += self._factor.dot(u.dot(z))
        # G = sum_k u_k (z_k z_k^T - I), where the utilities have sum 0, in the basis of the rows and then in its own.
        basis, triangle = np.linalg.qr(z.T)
        values, vectors = np.linalg.eigh((triangle * u).dot(triangle.T))
        # As of snes, no step grows by more than a factor e.
        values = np.minimum(0.5 * self._rate * values, 1.0)
        basis = basis.dot(vectors)
        self._factor += (self._factor.dot(basis) * np.expm1(values)).dot(basis.T)
        if (self._generation + 1) % _FRESH_EVERY == 0:
            self._invert()
        else:
            self._inverse += (basis * np.expm1(-values)).dot(basis.T.dot(self._inverse))

    def _invert(self) -> None:
        left, steps, right = np.linalg.svd(self._factor)
        if steps[-1] < _LEAST_STEP * steps[0]:
            steps = np.maximum(steps, _LEAST_STEP * steps[0])
            self._factor = (left * steps).dot(right)
        self._inverse = np.ascontiguousarray((right.T / steps).dot(left.T))

    def _largest_step(self) -> float:
        return math.sqrt(float(np.einsum("ij,ij->i", self._factor, self._factor).max()))

    def _distribution(self) -> dict[str, Any]:
        return {"mean": self._mean.copy(), "factor": self._factor.copy(), "inverse": self._inverse.copy()}

    def _restore(self, state: Mapping[str, Any]) -> None:
        square = (self._genes, self._genes)
        self._mean = stored_array(state, "mean", np.float64, (self._genes,))
        self._factor = np.ascontiguousarray(stored_array(state, "factor", np.float64, square))
        self._inverse = np.ascontiguousarray(stored_array(state, "inverse", np.float64, square))
