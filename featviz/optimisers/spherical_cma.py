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
from featviz.optimisers._evolution import EvolutionStrategy
from featviz.optimisers._ranked_rows import refuse_infinite, shorten
from featviz.optimisers._stored import stored_array

__all__ = ["SphericalCma"]

Array = NDArray[np.float64]

# Of the paper: all norms are 300 with 4,096 genes, 4.7 times sqrt(genes); the base point turns 1.5 times as far as the
# recombined rows say. Digits, 784 genes, 3,000 evaluations, part of the white-box optimum: norms of 1, 3, 5 and 10
# times sqrt(genes) reached .69, .93, .95 and less. Few genes seldom drive a unit that only saturates far out, and their
# optimum may be anywhere: those are searched at the norm of the prior.
_NORM, _MANY, _PUBLISHED_TURN = 300 / 64, 100, 1.5
# First and last angle in degrees and the turn, with two-sided weights, which say more a row. Chosen on digits and on
# the noisy units of benchmarks/noise.py: with a noise of 50% of the scores the last angle of the paper, 7 degrees, led
# to 18 where 35 led to 25.
_CALM, _NOISY, _NOISY_FROM = (50.0, 5.0, 0.8), (80.0, 35.0, 1.0), 0.1
# The exploration angle without a budget falls as (1 + evaluations / _SCALE) ** -_POWER, which is near the plan for
# 3,000 evaluations.
_SCALE, _POWER = 1000.0, 1.5
# The most that the base point turns in one generation.
_MOST_TURN = math.pi / 2
_LEAST_ANGLE = 1e-3
# Lengths below which a vector has no direction; dividing by it cannot overflow.
_NOTHING = 1e-12
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
    """Batched spherical CMA, a search over directions, for two real genes and more.

    Wang & Ponce 2022, GECCO, "High-performance evolutionary algorithms for online neuron control". All rows
    have one norm, and what is left to learn is a direction. Rows lie about a base point at an angle that falls from
    ``first_angle`` to ``last_angle``, evenly in its logarithm, over the ``budget``: there is no step size to adapt, so
    noise cannot mislead its adaptation. The base point turns ``learning_rate`` times as far as the recombined rows say.
    The first generation is uniform on the sphere unless a ``start`` is given.

    It is no general optimiser: an optimum of another norm is out of its reach. It wins where scores depend on the
    direction, as those of units of a network do, and are noisy.

    Args:
        latent: as the others, see :class:`~featviz.optimisers._evolution.EvolutionStrategy`; two genes or more.
        seed: 0 to 2**64 - 1.
        budget: evaluations by which the angle has become ``last_angle``, where it stays. Without one the angle falls as
            if there were 3,000. A restart plans for what is left of it.
        start: a batch of one latent to begin at; its norm is kept unless ``norm`` is given.
        norm: of all rows; by default that of ``start``, or 4.7 sqrt(genes): 300 for 4,096, as in the paper. Rows of the
            prior have sqrt(genes), the default below 100 genes: they are more natural, and of units score lower.
        first_angle: degrees from the base point at the beginning; by default 50, and 80 under noise.
        last_angle: degrees at the end of the budget; by default 5, and 35 under noise.
        learning_rate: how many times as far as the recombined rows the base point turns; by default 0.8, 1 under noise,
            and the paper's 1.5 where ``two_sided`` is False.
        two_sided: whether the worst rows push the base point away as the best ones pull it. False is the published
            algorithm. None, the default, is True where there are at least as many genes as rows in a generation.
        shared: ``population``, ``batch_size``, ``restart_when_stuck``.

    Under noise generations become larger, as those of the other strategies, and from a noise of 10% of the scores on
    angles are wider.
    """

    name: ClassVar[str] = "spherical-cma"

    _began: int

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
        first_angle: float | None = None,
        last_angle: float | None = None,
        learning_rate: float | None = None,
        two_sided: bool | None = None,
    ) -> None:
        if latent.real == 1:
            raise InvalidArgument("spherical-cma searches directions and needs two genes or more; use 'sep-cma'.")
        if two_sided is not None and not isinstance(two_sided, bool):
            raise WrongType(f"two_sided must be True, False or None, but it is a {type(two_sided).__name__}.")
        self._norm_given = None if norm is None else checks.finite("norm", norm, 0.0, 1e6, exclusive=True)
        first = None if first_angle is None else checks.finite("first_angle", first_angle, _LEAST_ANGLE, 90.0)
        last = None if last_angle is None else checks.finite("last_angle", last_angle, _LEAST_ANGLE, first or 90.0)
        turn = None if learning_rate is None else checks.finite("learning_rate", learning_rate, 0, 100, exclusive=True)
        self._given = first, last, turn
        self._two_sided = two_sided
        self._take_plan(_CALM)
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
        """Learn that scores are noisy: larger generations, and from a noise of 10% of the scores on wider angles.

        The plan of the angle still ends with the budget that it was made for.

        Args:
            level: the standard deviation of the noise, relative to the scores.
            budget: evaluations of the whole search.
        """
        began = self._began
        super().expect_noise(level, budget)
        self._began = began
        if level >= _NOISY_FROM:
            self._take_plan(_NOISY)

    def _take_plan(self, usual: tuple[float, float, float]) -> None:
        """Take the first and the last angle in degrees, and the turn, except for those that were given."""
        published = self._given[2] is None and self._two_sided is False
        values = [mine if given is None else given for given, mine in zip(self._given, usual, strict=True)]
        values[1] = min(values[0], values[1])
        self._plan = np.array([*values[:2], _PUBLISHED_TURN if published else values[2]])

    def _angle(self) -> float:
        """The present angle between rows and the base point, in radians."""
        first, last, _ = np.radians(self._plan).tolist()
        done = self._learnt - self._began
        if self._budget is None:
            return float(max(first * (1 + done / _SCALE) ** -_POWER, last))
        left = max(self._budget - self._began, 1)
        return float(first * (last / first) ** min(1.0, done / left))

    def _reset(self) -> None:
        root = math.sqrt(self._genes)
        length = math.sqrt(self._start.dot(self._start))
        known = length > _NO_DIRECTION * root
        self._norm = self._norm_given or (length if known else root * (_NORM if self._genes >= _MANY else 1.0))
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
        rows *= (self._norm * np.sin(angles) / np.maximum(lengths, _NOTHING))[:, None]
        rows += np.cos(angles)[:, None] * self._mean
        return rows

    def _learn(self, rows: Array, order: NDArray[np.intp], scored: int, foreign: NDArray[np.bool_] | None) -> None:
        has_base = bool(self._mean.any())
        two_sided = self._genes >= len(rows) if self._two_sided is None else self._two_sided
        weights = _weights(len(rows), scored, two_sided and has_base and scored > 1)
        # In the order of their ranks, so that the order in which they came changes no bit.
        ranked = rows.take(order[: len(weights)], axis=0)
        lengths = np.sqrt(np.einsum("ij,ij->i", ranked, ranked))
        refuse_infinite(lengths.sum())
        ranked /= np.maximum(lengths, _NOTHING)[:, None]
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
        if length < _NOTHING:
            return
        turn = min(float(self._plan[2]) * math.atan2(length, along), _MOST_TURN)
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
        rows *= (np.arctan2(lengths, cosines) / unit / np.maximum(lengths, _NOTHING))[:, None]
        shorten(rows, np.ones(len(rows), dtype=np.bool_))
        angles = np.sqrt(np.einsum("ij,ij->i", rows, rows))
        rows *= (np.sin(unit * angles) / np.maximum(angles, _NOTHING))[:, None]
        directions[foreign] = rows + np.cos(unit * angles)[:, None] * base

    def _largest_step(self) -> float:
        """Constant: steps neither vanish nor run off."""
        return self._first_sigma

    def _distribution(self) -> dict[str, Any]:
        return {"mean": self._mean.copy(), "plan": self._plan.copy(), "learnt": self._learnt, "began": self._began}

    def _restore(self, state: Mapping[str, Any]) -> None:
        self._mean = stored_array(state, "mean", np.float64, (self._genes,))
        self._plan = stored_array(state, "plan", np.float64, (3,))
        try:
            self._learnt, self._began = int(state["learnt"]), int(state["began"])
        except (KeyError, TypeError, ValueError, OverflowError):
            raise RunDamaged(f"this is not a state of the optimiser {self.name!r}.") from None
