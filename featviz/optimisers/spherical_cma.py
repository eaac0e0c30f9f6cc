"""Spherical CMA: a search over directions, on a sphere of fixed norm, whose exploration narrows by plan."""

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from featviz import checks
from featviz.errors import InvalidArgument, RunDamaged, WrongType
from featviz.latent import LatentDescription, Latents
from featviz.optimisers._evolution import EvolutionStrategy, shorten, stored_array

__all__ = ["SphericalCma"]

Array = NDArray[np.float64]

# The exploration angle without a budget falls as (1 + evaluations / _SCALE) ** -_POWER: it is that of a planned search
# of 3,000 evaluations at its beginning, half way and at its end, to within a few degrees, and goes on falling.
_SCALE, _POWER = 1000.0, 1.4
# The most that the base point turns in one generation.
_MOST_TURN = math.pi / 2
# Norms of a start, relative to sqrt(genes), below which it is no direction.
_NO_DIRECTION = 1e-9


@lru_cache(maxsize=64)
def _weights(n: int, scored: int, two_sided: bool) -> Array:
    """Weights of the ranks 1 to ``scored`` of ``n`` rows, shape (mu,) or (scored,), with sum 1 (two-sided: 0).

    ln(n / 2 + 1/2) - ln(rank) for the better half, as in the authors' program. Two-sided, the worse half has their
    negatives (Arnold 2006, "Weighted multirecombination evolution strategies").
    """
    mu = min(max(1, n // 2), scored)
    raw = math.log(max(n / 2, 1) + 0.5) - np.log(np.arange(1, mu + 1))
    raw /= raw.sum()
    if not two_sided:
        weights: Array = raw
        return weights
    both = np.zeros(scored)
    both[:mu] = raw
    both[scored - mu :] -= raw[::-1]
    return both


class SphericalCma(EvolutionStrategy):
    """Batched search over directions (Wang & Ponce 2022, GECCO, "High-performance evolutionary algorithms for online
    neuron control"), for two real genes and more.

    All rows have one norm. Of d independent standard normal numbers the norm is sqrt(d) to within a few percent where d
    is large, so that sphere is where the prior is; what is left to learn is a direction. Rows lie about a base point at
    an angle that falls from ``first_angle`` to ``last_angle``, evenly in its logarithm, over the ``budget``: there is no
    step size to adapt, so noise cannot mislead its adaptation. The base point turns ``learning_rate`` times as far as
    the recombined rows say. The first generation is uniform on the sphere unless a ``start`` is given.

    It is no general optimiser: an optimum of another norm is out of its reach. It wins where scores depend on the
    direction, as those of units of a network do, and are noisy.

    Args:
        latent: as the others, see :class:`~featviz.optimisers._evolution.EvolutionStrategy`; two genes or more.
        seed: 0 to 2**64 - 1.
        budget: evaluations by which the angle has become ``last_angle``. Without one the angle falls as a power of the
            evaluations, for ever. A restart plans for what is left of it.
        start: a batch of one latent to begin at; its norm is kept unless ``norm`` is given.
        norm: of all rows; by default sqrt(genes), that of the prior, or the norm of ``start``.
        first_angle: degrees from the base point at the beginning.
        last_angle: degrees at the end of the budget.
        learning_rate: how many times as far as the recombined rows the base point turns.
        two_sided: whether the worst rows push the base point away as the best ones pull it. False is the published
            algorithm. None, the default, is True where there are at least as many genes as rows in a generation.
        shared: ``population``, ``batch_size``, ``restart_when_stuck``.

    Under noise generations become larger, as those of the other strategies; steps do not, since they are planned.
    """

    name: ClassVar[str] = "spherical-cma"

    def __init__(
        self,
        latent: LatentDescription,
        seed: int = 0,
        budget: int | None = None,
        start: Latents | None = None,
        *,
        population: int | None = None,
        batch_size: int | None = None,
        restart_when_stuck: bool = True,
        norm: float | None = None,
        first_angle: float = 50.0,
        last_angle: float = 7.33,
        learning_rate: float = 1.5,
        two_sided: bool | None = None,
    ) -> None:
        if latent.real == 1:
            raise InvalidArgument("spherical-cma searches directions and needs two genes or more; use 'sep-cma'.")
        if two_sided is not None and not isinstance(two_sided, bool):
            raise WrongType(f"two_sided must be True, False or None, but it is a {type(two_sided).__name__}.")
        self._norm_given = None if norm is None else checks.finite("norm", norm, 0.0, 1e6, exclusive=True)
        self._first_angle = math.radians(checks.finite("first_angle", first_angle, 0.0, 90.0, exclusive=True))
        self._last_angle = math.radians(checks.finite("last_angle", last_angle, 0.0, first_angle, exclusive=True))
        self._turn = checks.finite("learning_rate", learning_rate, 0.0, 100.0, exclusive=True)
        self._two_sided = two_sided
        self._learnt = 0
        super().__init__(
            latent,
            seed,
            budget,
            start,
            population=population,
            batch_size=batch_size,
            sigma=1.0,  # a given one: there are no steps to lengthen under noise
            restart_when_stuck=restart_when_stuck,
        )

    @property
    def norm(self) -> float:
        """The norm of every row that is asked for."""
        return self._norm

    @property
    def angle(self) -> float:
        """The present angle between rows and the base point, in degrees."""
        return math.degrees(self._angle())

    def expect_noise(self, level: float, budget: int) -> None:
        """Learn that scores are noisy: larger generations; the plan of the angle stays.

        Args:
            level: the standard deviation of the noise, relative to the scores.
            budget: evaluations of the whole search.
        """
        began = self._began
        super().expect_noise(level, budget)
        self._began = began

    def _angle(self) -> float:
        done = self._learnt - self._began
        ratio = self._last_angle / self._first_angle
        if self._budget is None:
            return max(self._first_angle * (1 + done / _SCALE) ** -_POWER, 1e-9)
        left = max(self._budget - self._began, 1)
        return self._first_angle * ratio ** min(1.0, done / left)

    def _reset(self) -> None:
        root = math.sqrt(self._genes)
        length = math.sqrt(self._start.dot(self._start))
        known = length > _NO_DIRECTION * root
        self._norm = self._norm_given or (length if known else root)
        # The base point; zero while there is none.
        self._mean = self._start * (self._norm / length) if known else np.zeros(self._genes)
        # Evaluations that were learnt from before this start.
        self._began = self._learnt

    def _reset_steps(self, step: float) -> None:
        """There are none."""

    def _draw(self, rng: np.random.Generator, n: int) -> Array:
        rows = rng.standard_normal((n, self._genes))
        if not self._mean.any():
            rows *= (self._norm / np.sqrt(np.einsum("ij,ij->i", rows, rows)))[:, None]
            return rows
        base = self._mean / self._norm
        rows -= rows.dot(base)[:, None] * base
        lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows))
        # The exponential map: as far along the sphere as the tangent vector is long.
        angles = lengths * (self._angle() / math.sqrt(self._genes))
        rows *= (self._norm * np.sin(angles) / np.maximum(lengths, np.finfo(np.float64).tiny))[:, None]
        rows += np.cos(angles)[:, None] * self._mean
        return rows

    def _learn(self, rows: Array, order: NDArray[np.intp], scored: int, foreign: NDArray[np.bool_] | None) -> None:
        has_base = bool(self._mean.any())
        two_sided = self._genes >= len(rows) if self._two_sided is None else self._two_sided
        weights = _weights(len(rows), scored, two_sided and has_base and scored > 1)
        # In the order of their ranks, so that the order in which they came changes no bit.
        ranked = rows.take(order[: len(weights)], axis=0)
        lengths = np.sqrt(np.einsum("ij,ij->i", ranked, ranked))
        if not math.isfinite(lengths.sum()):
            raise InvalidArgument("the latents told must be finite, but they hold NaN, infinity or huge numbers.")
        ranked /= np.maximum(lengths, np.finfo(np.float64).tiny)[:, None]
        if has_base:
            if foreign is not None:
                self._shorten(ranked, foreign[order[: len(ranked)]])
            self._turn_base(weights, ranked)
        else:
            self._set_base(weights.dot(ranked))
        self._learnt += len(rows)

    def _turn_base(self, weights: Array, directions: Array) -> None:
        base = self._mean / self._norm
        cosines = directions.dot(base)
        along = float(cosines.mean() if weights[-1] < 0 else weights.dot(cosines))
        tangent = weights.dot(directions)
        tangent -= tangent.dot(base) * base
        length = math.sqrt(tangent.dot(tangent))
        if length == 0:
            return
        turn = min(self._turn * math.atan2(length, along), _MOST_TURN)
        self._set_base(math.cos(turn) * base + (math.sin(turn) / length) * tangent)

    def _set_base(self, direction: Array) -> None:
        """Put the base point in this direction; zero is none, and leaves it."""
        length = math.sqrt(direction.dot(direction))
        if length > 0:
            self._mean = direction * (self._norm / length)

    def _shorten(self, directions: Array, foreign: NDArray[np.bool_]) -> None:
        """Bring the foreign ones of unit rows as near to the base point as samples are, in place."""
        base = self._mean / self._norm
        rows = directions[foreign]
        cosines = np.clip(rows.dot(base), -1.0, 1.0)
        rows -= cosines[:, None] * base
        lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows))
        unit = self._angle() / math.sqrt(self._genes)
        rows *= (np.arctan2(lengths, cosines) / unit / np.maximum(lengths, np.finfo(np.float64).tiny))[:, None]
        shorten(rows, np.ones(len(rows), dtype=np.bool_))
        angles = np.sqrt(np.einsum("ij,ij->i", rows, rows))
        rows *= (np.sin(unit * angles) / np.maximum(angles, np.finfo(np.float64).tiny))[:, None]
        directions[foreign] = rows + np.cos(unit * angles)[:, None] * base

    def _largest_step(self) -> float:
        """Constant: steps neither vanish nor run off."""
        return self._first_sigma

    def _distribution(self) -> dict[str, Any]:
        return {"mean": self._mean.copy(), "learnt": self._learnt, "began": self._began}

    def _restore(self, state: Mapping[str, Any]) -> None:
        self._mean = stored_array(state, "mean", (self._genes,))
        try:
            self._learnt, self._began = int(state["learnt"]), int(state["began"])
        except (KeyError, TypeError, ValueError, OverflowError):
            raise RunDamaged(f"this is not a state of the optimiser {self.name!r}.") from None
