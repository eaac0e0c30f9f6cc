"""LM-MA-ES: a normal search distribution of low rank, learnt from a few direction vectors."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from featviz import checks
from featviz.latent import LatentDescription, Latents
from featviz.optimisers._evolution import EvolutionStrategy
from featviz.optimisers._ranked_rows import refuse_infinite, shorten
from featviz.optimisers._stored import stored_array

__all__ = ["LmMaConstants", "LmMaEs"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class LmMaConstants:
    """Weights and learning rates of one generation, by the letters of Loshchilov, Glasmachers & Beyer (2019).

    Args:
        weights: float64 of shape (mu,), positive, descending, with sum 1.
        mu_w: the variance-effective selection mass of ``weights``.
        c_sigma: learning rate of the step-size path.
        c_d: float64 (m,): how much of each direction vector is in the transformation.
        c_c: float64 (m,): learning rates of the direction vectors, the first the fastest.
    """

    weights: Array
    mu_w: float
    c_sigma: float
    c_d: Array
    c_c: Array

    @classmethod
    def default(cls, genes: int, n: int, scored: int, vectors: int) -> "LmMaConstants":
        """The paper's for a generation of ``n`` rows of which ``scored`` have a score.

        Rates are at most 1 (``c_d`` at most 1/2, so that the transformation has an inverse). The paper needs no such
        limits, since it has many more genes than rows.
        """
        mu = min(max(1, n // 2), scored)
        raw = math.log(max(1, n // 2) + 0.5) - np.log(np.arange(1, mu + 1))
        weights = raw / raw.sum()
        i = np.arange(vectors)
        c_d = np.minimum(0.5, 1.5**-i / genes)
        c_c = np.minimum(1.0, n * 4.0**-i / genes)
        return cls(weights, float(1 / (weights @ weights)), min(1.0, 2 * n / genes), c_d, c_c)


_defaults = lru_cache(maxsize=64)(LmMaConstants.default)


class LmMaEs(EvolutionStrategy):
    """Batched limited-memory matrix adaptation evolution strategy with restarts, for real genes of any number.

    Loshchilov, Glasmachers & Beyer 2019, "Large scale black-box optimization by limited-memory matrix adaptation",
    IEEE Transactions on Evolutionary Computation 23(2), algorithm 1. Rows are ``mean + sigma * M z`` with z standard
    normal and ``M = (1 - c_m) I + c_m v_m v_m'`` times ... times ``(1 - c_1) I + c_1 v_1 v_1'``, where v_1, v_2, ...
    are fading sums of what was selected, each slower than the one before. So genes that act together are learnt, in
    any rotation, at a cost of a few vectors.

    The product is kept as ``M = s I + V' T V`` with the vectors as the rows of V and a small triangular T, so that a
    generation is drawn by two matrix products, and its inverse is a system of as many equations as there are vectors.

    Args:
        latent: as the others, see :class:`~featviz.optimisers._evolution.EvolutionStrategy`.
        seed: 0 to 2**64 - 1.
        budget: evaluations to plan for; checked, and not used.
        start: a batch of one latent to begin at.
        vectors: direction vectors, 4 + floor(3 ln genes) by default.
        shared: ``population``, ``batch_size``, ``sigma``, ``restart_when_stuck``.
    """

    name: ClassVar[str] = "lm-ma-es"

    # (genes, rows, rows with a score, vectors) -> constants; a test may put others here.
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
        vectors: int | None = None,
    ) -> None:
        usual = 4 + math.floor(3 * math.log(max(latent.real, 1)))
        self._vectors = usual if vectors is None else checks.integer("vectors", vectors, 1, 1000)
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

    def _reset(self) -> None:
        self._mean = self._start.copy()
        self._reset_steps(self._first_sigma)

    def _reset_steps(self, step: float) -> None:
        self._sigma = step
        self._path = np.zeros(self._genes)
        self._directions = np.zeros((self._vectors, self._genes))
        # How many of the vectors are in the transformation: one more each generation.
        self._used = 0
        self._factorise()

    def _factorise(self) -> None:
        """Find s and T of M = s I + V' T V, for the vectors in use, and V V'."""
        c_d = self._constants(self._genes, self._population, self._population, self._vectors).c_d[: self._used]
        vectors = self._directions[: self._used]
        self._gram = vectors.dot(vectors.T)
        self._scale = 1.0
        self._inner = np.zeros((self._used, self._used))
        for j, c in enumerate(c_d.tolist()):
            # v_j' (s I + V' T V) = s v_j' + (V v_j)' T V, row j of the next T.
            row = self._gram[j, :j].dot(self._inner[:j])
            row[j] += self._scale
            self._inner[:j] *= 1 - c
            self._inner[j] = c * row
            self._scale *= 1 - c

    def _transform(self, z: Array) -> Array:
        """M z for each of the rows ``z``, shape (n, genes)."""
        vectors = self._directions[: self._used]
        rows = self._scale * z
        if self._used:
            rows += z.dot(vectors.T).dot(self._inner.T).dot(vectors)
        return rows

    def _invert(self, rows: Array) -> Array:
        """From M z back to z, for rows of shape (n, genes): (1 / s) (I - V' T (s I + G T)^-1 V) by Woodbury."""
        if not self._used:
            return rows / self._scale
        vectors = self._directions[: self._used]
        system = self._scale * np.eye(self._used) + self._gram.dot(self._inner)
        parts = self._inner.dot(np.linalg.solve(system, vectors.dot(rows.T)))
        z: Array = (rows - parts.T.dot(vectors)) / self._scale
        return z

    def _draw(self, rng: np.random.Generator, n: int) -> Array:
        rows = self._transform(rng.standard_normal((n, self._genes)))
        rows *= self._sigma
        rows += self._mean
        return rows

    def _learn(self, rows: Array, order: NDArray[np.intp], scored: int, foreign: NDArray[np.bool_] | None) -> None:
        k = self._constants(self._genes, len(rows), scored, self._vectors)
        # In the order of their ranks, so that the order in which they came changes no bit.
        y = rows.take(order[: len(k.weights)], axis=0)
        y -= self._mean
        y /= self._sigma
        if foreign is not None and (mine := foreign[order[: len(y)]]).any():
            z = self._invert(y[mine])
            shorten(z, np.ones(len(z), dtype=np.bool_))
            y[mine] = self._transform(z)
        y_w = k.weights.dot(y)
        # z is linear in y, so the recombined one is all that has to be found.
        z_w = self._invert(y_w[None, :])[0]
        path = self._path * (1 - k.c_sigma)
        path += math.sqrt(k.mu_w * k.c_sigma * (2 - k.c_sigma)) * z_w
        length2 = float(path.dot(path))
        refuse_infinite(length2)
        self._path = path
        self._mean += self._sigma * y_w
        self._directions *= (1 - k.c_c)[:, None]
        self._directions += np.sqrt(k.mu_w * k.c_c * (2 - k.c_c))[:, None] * z_w
        growth = k.c_sigma / 2 * (length2 / self._genes - 1)
        self._sigma *= math.exp(min(1.0, growth))
        self._used = min(self._used + 1, self._vectors)
        self._factorise()

    def _largest_step(self) -> float:
        """From the diagonal of M M' = s^2 I + s V' (T + T') V + V' T G T' V."""
        vectors = self._directions[: self._used]
        inner = self._scale * (self._inner + self._inner.T) + self._inner.dot(self._gram).dot(self._inner.T)
        extra = np.einsum("ji,ji->i", vectors, inner.dot(vectors)) if self._used else np.zeros(1)
        return self._sigma * math.sqrt(max(0.0, self._scale**2 + float(extra.max())))

    def _distribution(self) -> dict[str, Any]:
        return {
            "sigma": self._sigma,
            "mean": self._mean.copy(),
            "path": self._path.copy(),
            "directions": self._directions.copy(),
            "used": self._used,
        }

    def _restore(self, state: Mapping[str, Any]) -> None:
        shape = (self._genes,)
        self._sigma = float(stored_array(state, "sigma", np.float64, ()))
        self._mean = stored_array(state, "mean", np.float64, shape)
        self._path = stored_array(state, "path", np.float64, shape)
        self._directions = stored_array(state, "directions", np.float64, (self._vectors, self._genes))
        self._used = min(max(0, int(stored_array(state, "used", np.float64, ()))), self._vectors)
        self._factorise()
