"""``action_sequences``: what an agent does, step by step, whatever it sees."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz import checks
from featviz.blocks import Block, SeriesBlock
from featviz.environments import environment_id, made
from featviz.errors import InvalidArgument, SpaceError
from featviz.latent import Latents, Move
from featviz.protocols import Spec
from featviz.search_spaces.adapters.converted import Converted
from featviz.search_spaces.base import Space
from featviz.search_spaces.choices import Choice
from featviz.search_spaces.composites.parts import part_of
from featviz.search_spaces.series import TimeSeriesSpace
from featviz.text import visible

__all__ = ["ContinuousActions", "DiscreteActions", "action_sequences"]

_LONGEST = 1_000_000


def action_sequences(env: Any, length: int, *, hold: float = 0.8) -> Space:
    """The sequences of actions of one length, open loop: the same whatever happens.

    Args:
        env: the id of an environment, or an environment; its actions are Discrete, or a Box with bounds and one axis.
        length: steps.
        hold: of discrete actions, the probability under the prior that a step repeats the one before, below 1; 0 for
            steps that do not depend on each other. Where an action has to last to do anything, hardly any sequence of
            independent ones does.

    Returns:
        For discrete actions a space whose batches are int64 arrays of shape (n, length), with moves that shift a
        sequence, hold an action and take a stretch from another; for a Box one of float32 arrays of shape
        (n, length, k), smooth series as of :class:`~featviz.search_spaces.TimeSeriesSpace`.

    Raises:
        InvalidArgument, WrongType: if the environment cannot be made, or has other actions.
    """
    steps = checks.integer("length", length, 2, _LONGEST)
    own = made(environment_id(env)) if isinstance(env, str) else env
    space = own.action_space
    if isinstance(env, str):
        own.close()
    kind = type(space).__name__
    if kind == "Discrete":
        return DiscreteActions(int(space.n), steps, start=int(space.start), hold=hold)
    bounded = kind == "Box" and len(space.shape) == 1 and np.isfinite(space.low).all() and np.isfinite(space.high).all()
    if bounded:
        return ContinuousActions(space.low.astype(float).tolist(), space.high.astype(float).tolist(), steps)
    raise InvalidArgument(
        f"actions must be Discrete, or a Box with bounds and one axis, but they are {visible(space)}."
    )


class DiscreteActions(Space):
    """Sequences of actions that are whole numbers.

    Args:
        count: how many actions there are; at least 2.
        length: steps.
        start: the first action.
        hold: the probability under the prior that a step repeats the one before.

    A batch is an int64 array of shape (n, length).
    """

    def __init__(self, count: int, length: int, *, start: int = 0, hold: float = 0.8) -> None:
        self._start = int(start)
        self._hold = checks.finite("hold", hold, 0, 1)
        if self._hold == 1:
            raise InvalidArgument("hold must be below 1: else only one action is ever taken.")
        self.length = checks.integer("length", length, 2, _LONGEST)
        self.variables = {"action": Choice(count, shape=self.length)}
        self._count = int(count)

    def decode(self, values: Mapping[str, NDArray[Any]]) -> NDArray[np.int64]:
        """Actions of shape (n, length)."""
        found: NDArray[np.int64] = values["action"] + self._start
        return found

    def encode(self, inputs: Any) -> dict[str, NDArray[np.int64]]:
        """The genes of actions of shape (n, length)."""
        return {"action": np.asarray(inputs) - self._start}

    def prior(self) -> "_Holding":
        """Steps repeat the one before with the probability ``hold``."""
        return _Holding(self._count, self.length, self._hold)

    def moves(self) -> tuple[Move, ...]:
        """Shift a sequence, hold an action, take a stretch from another sequence."""
        return (Move("shift", _shift), Move("hold an action", _hold), Move("take a stretch", _stretch))

    def distance(self, a: Any, b: Any) -> NDArray[np.float64]:
        """The share of the steps that differ; shape (n, m)."""
        from scipy.spatial.distance import cdist  # noqa: PLC0415  slow to import

        return np.asarray(cdist(np.asarray(a), np.asarray(b), "hamming"), dtype=np.float64)

    def render(self, x: Any) -> list[Block]:
        """The actions over time."""
        row = np.asarray(x, dtype=np.float64)
        if row.shape != (self.length,):
            raise SpaceError(f"expected {self.length} actions, but the shape is {row.shape}.")
        return [SeriesBlock(row[:, None], names=("action",))]

    def units(self, x: Any) -> tuple[str, ...]:  # noqa: ARG002  the same for all
        """Stretches of the sequence, at most 20."""
        return tuple(f"steps {low}-{high - 1}" for low, high in self._stretches())

    def apply(self, x: Any, units: Any, masks: NDArray[np.bool_], fill: Any) -> NDArray[np.int64]:
        """Copies of one sequence, in each of which some stretches are those of other sequences."""
        spans = self._stretches()
        if tuple(units) != self.units(x) or masks.ndim != 2 or masks.shape[1] != len(spans):
            raise InvalidArgument(f"expected a mask of {len(spans)} stretches a row, but {masks.shape} came.")
        kept = np.repeat(masks, [high - low for low, high in spans], axis=1)
        return np.where(kept, np.asarray(x)[None], np.asarray(fill))

    def spec(self) -> Spec:
        """How many actions, their number and the hold."""
        options = {"count": self._count, "length": self.length, "start": self._start, "hold": self._hold}
        return {"type": self._kind, **options}

    def __repr__(self) -> str:
        return f"DiscreteActions({self._count}, {self.length}, hold={self._hold:g})"

    def _stretches(self) -> list[tuple[int, int]]:
        edges = np.linspace(0, self.length, min(20, self.length) + 1).round().astype(int).tolist()
        return list(pairwise(edges))


class ContinuousActions(Converted):
    """Sequences of actions that are numbers in bounds, smooth over time.

    Args:
        low: the bounds of each number.
        high: the same.
        length: steps.

    A batch is a float32 array of shape (n, length, numbers).
    """

    def __init__(self, low: Any, high: Any, length: int) -> None:
        self._low, self._high = (np.atleast_1d(np.asarray(bound, dtype=np.float64)) for bound in (low, high))
        if self._low.shape != self._high.shape or not (self._low < self._high).all():
            raise InvalidArgument("low must be less than high for every number of an action.")
        self._series = TimeSeriesSpace(length, len(self._low))
        self._part = part_of("series", self._series)
        self.variables = {"series": self._series}

    def _to_form(self, inputs: Any) -> NDArray[np.float32]:
        low, high = self._low.astype(np.float32), self._high.astype(np.float32)
        scaled: NDArray[np.float32] = np.clip(low + (inputs + 1) / 2 * (high - low), low, high).astype(np.float32)
        return scaled

    def _from_form(self, inputs: Any) -> NDArray[np.float32]:
        scaled = (np.asarray(inputs, dtype=np.float64) - self._low) / (self._high - self._low) * 2 - 1
        return np.clip(scaled, -1, 1).astype(np.float32)

    def render(self, x: Any) -> list[Block]:
        """The numbers of the actions over time."""
        return [SeriesBlock(np.asarray(x, dtype=np.float32))]

    def spec(self) -> Spec:
        """Bounds and length."""
        options = {"low": self._low.tolist(), "high": self._high.tolist(), "length": self._series.length}
        return {"type": self._kind, **options}

    def __repr__(self) -> str:
        return f"ContinuousActions({self._low.tolist()}, {self._high.tolist()}, {self._series.length})"


class _Holding:
    """A chain in which each step repeats the one before with a probability, and else is any action."""

    def __init__(self, count: int, length: int, hold: float) -> None:
        self._count, self._length, self._hold = count, length, hold

    def sample(self, rng: np.random.Generator, n: int) -> Latents:
        """``n`` latents."""
        fresh = rng.integers(self._count, size=(n, self._length))
        new = rng.random((n, self._length)) >= self._hold
        new[:, 0] = True
        last = np.maximum.accumulate(np.where(new, np.arange(self._length), 0), axis=1)
        return Latents(np.empty((n, 0)), np.take_along_axis(fresh, last, axis=1))

    def log_density(self, latents: Latents) -> NDArray[np.float64]:
        """The log probability of each sequence, shape (n,)."""
        other = (1 - self._hold) / self._count
        same = (latents.categorical[:, 1:] == latents.categorical[:, :-1]).sum(axis=1)
        kept, changed = same * np.log(self._hold + other), (self._length - 1 - same) * np.log(other)
        total: NDArray[np.float64] = -np.log(self._count) + kept + changed
        return total


def _shift(parents: Latents, mates: Latents, rng: np.random.Generator) -> Latents:  # noqa: ARG001  no mate is needed
    """Earlier or later by up to a quarter; the action at the end that opens is held."""
    n, length = parents.categorical.shape
    most = max(1, length // 4)
    by = rng.integers(1, most, size=(n, 1), endpoint=True) * rng.choice([-1, 1], size=(n, 1))
    at = np.clip(np.arange(length) + by, 0, length - 1)
    return Latents(parents.real.copy(), np.take_along_axis(parents.categorical, at, axis=1), parents.records.copy())


def _hold(parents: Latents, mates: Latents, rng: np.random.Generator) -> Latents:  # noqa: ARG001  as above
    """One action, its own or another, for a stretch of up to a quarter."""
    n, length = parents.categorical.shape
    inside, begin = _stretches_of(rng, n, length)
    held = parents.categorical[np.arange(n), rng.integers(length, size=n)]
    held = np.where(rng.random(n) < 0.5, held, parents.categorical[np.arange(n), begin])
    return Latents(parents.real.copy(), np.where(inside, held[:, None], parents.categorical), parents.records.copy())


def _stretch(parents: Latents, mates: Latents, rng: np.random.Generator) -> Latents:
    n, length = parents.categorical.shape
    inside, _ = _stretches_of(rng, n, length)
    return Latents(
        parents.real.copy(), np.where(inside, mates.categorical, parents.categorical), parents.records.copy()
    )


def _stretches_of(rng: np.random.Generator, n: int, length: int) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Which steps lie in a random stretch of each row, and where it begins."""
    begin = rng.integers(length, size=n)
    size = rng.integers(1, max(1, length // 4), size=n, endpoint=True)
    own = np.arange(length)
    return (own >= begin[:, None]) & (own < (begin + size)[:, None]), begin
