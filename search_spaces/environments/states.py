"""``initial_states`` and ``observations``: where an episode begins, and what an agent is shown."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz import checks
from featviz.blocks import Block, ImageBlock, TableBlock
from featviz.environments import begin_in, environment_id, known_task, made, same_again, task_of
from featviz.errors import InvalidArgument, SpaceError, WrongType
from featviz.protocols import Spec
from featviz.search_spaces.adapters import BoundedArray, from_gymnasium
from featviz.search_spaces.base import Space
from featviz.search_spaces.quantities import Uniform
from featviz.text import shown, visible

__all__ = ["InitialStates", "Observations", "initial_states", "observations"]

Ranges = Mapping[str, Sequence[float]] | None
# Steps of random actions by which the range of what has no bounds is found.
_STEPS = 2_000
# Finite, and nobody means to see it: the largest float32.
_UNBOUNDED = 1e15
_WIDEST = 300


class _States(Space):
    """A number for each variable of the state of a task, uniform in its range."""

    def _take(self, env_id: str, start: str, ranges: Ranges) -> None:
        self.env_id, self._task, self._start = env_id, known_task(env_id), start
        names = [v.name for v in self._task.variables]
        self._given = _checked_ranges(ranges or {}, names)
        usual = {v.name: v.reset if start == "reset" else (v.low, v.high) for v in self._task.variables}
        self._ranges = {**usual, **self._given}
        free = {name: r for name, r in self._ranges.items() if r[0] < r[1]}
        if not free:
            raise InvalidArgument("all ranges are single values: there is nothing to search.")
        self.variables = {name: Uniform(*r) for name, r in free.items()}

    def _columns(self, values: Mapping[str, Any]) -> NDArray[np.float64]:
        n = len(next(iter(values.values())))
        return np.stack([values.get(name, np.full(n, r[0])) for name, r in self._ranges.items()], axis=1)

    def _values(self, states: Any) -> dict[str, NDArray[np.float64]]:
        return {name: states[:, i] for i, name in enumerate(self._ranges) if name in self.variables}

    def _row(self, x: Any, width: int) -> NDArray[np.float64]:
        row = np.asarray(x, dtype=np.float64)
        if row.shape != (width,):
            raise SpaceError(f"expected an input of {width} numbers, but its shape is {row.shape}.")
        return row

    def _batch(self, inputs: Any, width: int) -> NDArray[np.float64]:
        try:
            rows = np.asarray(inputs, dtype=np.float64)
        except (TypeError, ValueError):
            raise SpaceError(f"expected numbers of shape (n, {width}), but some are no numbers.") from None
        if rows.ndim != 2 or rows.shape[1] != width:
            raise SpaceError(f"expected numbers of shape (n, {width}), but their shape is {rows.shape}.")
        return rows

    def distance(self, a: Any, b: Any) -> NDArray[np.float64]:
        """Euclidean, each variable of the state as a part of its range; shape (n, m)."""
        from scipy.spatial.distance import cdist  # noqa: PLC0415  slow to import

        widths = np.array([max(high - low, 1e-12) for low, high in self._ranges.values()])
        first, second = (self._states_of(batch) / widths for batch in (a, b))
        return np.asarray(cdist(first, second), dtype=np.float64)

    @abstractmethod
    def _states_of(self, inputs: Any) -> NDArray[np.float64]:
        """The states (n, v) of inputs."""

    def spec(self) -> Spec:
        """The environment, where episodes start, and the ranges that were given."""
        ranges = {name: list(r) for name, r in self._given.items()}
        return {"type": self._kind, "env": self.env_id, **self._options(), **({"ranges": ranges} if ranges else {})}

    def _options(self) -> dict[str, Any]:
        return {}

    def __repr__(self) -> str:
        ranges = ", ".join(f"{name}={low:g}..{high:g}" for name, (low, high) in self._ranges.items())
        return f"{type(self).__name__}({self.env_id!r}: {ranges})"


class InitialStates(_States):
    """States in which an episode begins; made by :func:`initial_states`.

    A batch is a float64 array of shape (n, variables of the state).
    """

    def __init__(self, env: Any, *, start: str = "anywhere", ranges: Ranges = None) -> None:
        self._take(environment_id(env), checks.one_of("start", start, ("anywhere", "reset")), ranges)

    def decode(self, values: Mapping[str, Any]) -> NDArray[np.float64]:
        """States of shape (n, v)."""
        return self._columns(values)

    def encode(self, inputs: Any) -> dict[str, NDArray[np.float64]]:
        """The values of states of shape (n, v)."""
        return self._values(self._states_of(inputs))

    def begin(self, env: Any, state: Any, *, seed: int = 0) -> Any:
        """Reset an environment, put it into a state, and give the observation that an agent has of it.

        Args:
            env: of this kind (``gymnasium.make``), with any wrappers, which see the state as the first one.
            state: one input of this space.
            seed: for ``env.reset``.

        Raises:
            InvalidArgument: if it is another environment.
        """
        if environment_id(env) != self.env_id:
            raise InvalidArgument(f"these are states of {self.env_id}, but the environment is {environment_id(env)}.")
        return begin_in(env, self._row(state, len(self._ranges)), seed=seed)

    def render(self, x: Any) -> list[Block]:
        """A table of the variables of the state, and a picture where Gymnasium can draw it (it needs pygame)."""
        row = self._row(x, len(self._ranges))
        return [
            _table([v.name for v in self._task.variables], row, [v.unit for v in self._task.variables]),
            *self._drawn(row),
        ]

    def _states_of(self, inputs: Any) -> NDArray[np.float64]:
        return self._batch(inputs, len(self._ranges))

    def _options(self) -> dict[str, Any]:
        return {"start": self._start}

    def _drawn(self, state: NDArray[np.float64]) -> list[Block]:
        try:
            env = made(self.env_id, render_mode="rgb_array")
            try:
                self.begin(env, state)
                pixels = env.render()
            finally:
                env.close()
        except Exception:  # noqa: BLE001  drawing fails in many ways where pygame is missing; the table is enough
            return []
        if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8 or pixels.ndim != 3:
            return []
        step = max(1, -(-max(pixels.shape[:2]) // _WIDEST))
        return [ImageBlock(np.ascontiguousarray(pixels[::step, ::step]))]


class Observations(_States):
    """What an agent is shown of the states of a task; made by :func:`observations`.

    A batch is a float32 array of shape (n, entries of an observation).
    """

    def __init__(self, env: Any, *, ranges: Ranges = None) -> None:
        self._take(environment_id(env), "anywhere", ranges)

    def decode(self, values: Mapping[str, Any]) -> NDArray[np.float32]:
        """Observations of shape (n, k), each of a state that can be."""
        return self._task.observe(self._columns(values)).astype(np.float32)

    def encode(self, inputs: Any) -> dict[str, NDArray[np.float64]]:
        """The values of the states that observations of shape (n, k) show."""
        return self._values(self._states_of(inputs))

    def render(self, x: Any) -> list[Block]:
        """A table of the entries of the observation."""
        return [_table(self._task.seen, self._row(x, len(self._task.seen)))]

    def _states_of(self, inputs: Any) -> NDArray[np.float64]:
        return self._task.state(self._batch(inputs, len(self._task.seen)))


def initial_states(env: Any, *, start: str = "anywhere", ranges: Ranges = None) -> InitialStates:
    """The states in which an episode of a classic-control task can begin.

    Args:
        env: the id of CartPole, MountainCar, MountainCarContinuous, Acrobot or Pendulum, such as ``"CartPole-v1"``, or
            an environment.
        start: "anywhere" where an episode is not over (velocities, where they have no bounds, in a usual range), or
            "reset", where the environment itself begins.
        ranges: other ranges by the names of variables, such as ``{"pole angle": (-0.1, 0.1)}``.

    Returns:
        A space whose ``begin(env, state)`` puts an environment into a state.

    Raises:
        InvalidArgument, WrongType: if nothing is known of the environment, or a range is none.
    """
    return InitialStates(env, start=start, ranges=ranges)


def observations(env: Any, *, ranges: Ranges = None) -> Space:
    """What an agent can be shown by an environment.

    Args:
        env: the id of an environment, or an environment.
        ranges: of a classic-control task, other ranges of the variables of its state by their names.

    Returns:
        Of classic-control tasks observations of states that can be (sine and cosine of one angle fit together). Of
        others the members of ``env.observation_space``; numbers without bounds lie where 2,000 steps of random
        actions came.

    Raises:
        InvalidArgument, WrongType: if the environment cannot be made, or a range is none.
    """
    env_id = environment_id(env)
    wrapped = not isinstance(env, str) and _shows_otherwise(env)
    if task_of(env_id) is not None and not wrapped:
        return Observations(env_id, ranges=ranges)
    if ranges:
        reason = "its wrappers change what is seen" if wrapped else "they have no names that are known here"
        raise InvalidArgument(f"ranges= cannot be given for {visible(env_id, 60)!r}: {reason}.")
    own = same_again(env)
    try:
        return _visited(own) if _without_bounds(own.observation_space) else from_gymnasium(own.observation_space)
    finally:
        own.close()


def _shows_otherwise(env: Any) -> bool:
    """Whether a wrapper changes what the environment shows."""
    layer, base = env, env.unwrapped
    while layer is not base:
        if callable(getattr(layer, "observation", None)) or layer.observation_space != base.observation_space:
            return True
        layer = layer.env
    return False


def _without_bounds(space: Any) -> bool:
    if type(space).__name__ != "Box":
        return False
    return bool(
        (np.abs(space.low.astype(float)) > _UNBOUNDED).any() or (np.abs(space.high.astype(float)) > _UNBOUNDED).any()
    )


def _visited(env: Any) -> Space:
    """The box of an environment, its numbers without bounds where random actions came."""
    space = env.observation_space
    env.action_space.seed(0)
    seen = [env.reset(seed=0)[0]]
    for _ in range(_STEPS):
        x, _, terminated, truncated, _ = env.step(env.action_space.sample())
        seen += [x, env.reset()[0]] if terminated or truncated else [x]
    low, high = np.min(seen, axis=0).astype(float), np.max(seen, axis=0).astype(float)
    low = np.where(np.abs(space.low.astype(float)) > _UNBOUNDED, low, space.low)
    high = np.where(np.abs(space.high.astype(float)) > _UNBOUNDED, high, space.high)
    return BoundedArray(low, high, space.shape, str(space.dtype))


def _checked_ranges(ranges: Any, names: Sequence[str]) -> dict[str, tuple[float, float]]:
    if not isinstance(ranges, Mapping):
        raise WrongType(f"ranges must be a dict of names and pairs of numbers, but it is {shown(ranges)}.")
    checks.option_names("the state", ranges, names)
    found = {}
    for name, pair in ranges.items():
        if isinstance(pair, str) or not isinstance(pair, Sequence) or len(pair) != 2:
            raise WrongType(f"the range of {name!r} must be a pair of numbers, but it is {shown(pair)}.")
        low, high = (checks.finite(f"the range of {name!r}", end) for end in pair)
        if low > high:
            raise InvalidArgument(f"the range of {name!r} goes from {low:g} down to {high:g}.")
        found[name] = (low, high)
    return found


def _table(names: Sequence[str], row: NDArray[np.float64], units: Sequence[str] = ()) -> TableBlock:
    cells = [f"{value:.4g}" for value in row]
    if units:
        cells = [f"{cell} {unit}".strip() for cell, unit in zip(cells, units, strict=True)]
    return TableBlock(("variable", "value"), tuple(zip(names, cells, strict=True)))
