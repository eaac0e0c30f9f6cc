"""Gymnasium's environments: how one is made, and put into a state. For spaces of states, and for rollouts.

Of the classic-control tasks it is known which variables the state has, how an agent sees them, and what its actions do.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz import checks
from featviz.errors import InvalidArgument, MissingDependency, WrongType
from featviz.text import shown, visible

__all__ = ["StateVariable", "Task", "begin_in", "environment_id", "known_task", "made", "same_again", "task_of"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class StateVariable:
    """A variable of the state.

    Args:
        name: for people, and in ``ranges``.
        unit: of its values; empty for none.
        low: the smallest value in an episode that is not over; of what is not bounded, of what is usual.
        high: the largest.
        reset: the range from which the environment itself draws it at the start.
    """

    name: str
    unit: str
    low: float
    high: float
    reset: tuple[float, float]


@dataclass(frozen=True, eq=False)
class Task:
    """A task.

    Args:
        name: of the environment, without its version.
        variables: of the state, in the order of ``env.unwrapped.state``.
        seen: the names of the entries of an observation.
        observe: observations (n, k) of states (n, v).
        state: states of observations, the inverse.
        actions: the names of the discrete actions, or of the numbers of a continuous one.
        derive: brings up to date what the environment computes from its parameters when it is made.
    """

    name: str
    variables: tuple[StateVariable, ...]
    seen: tuple[str, ...]
    observe: Callable[[Array], Array]
    state: Callable[[Array], Array]
    actions: tuple[str, ...]
    derive: Callable[[Any], None] | None = None


def _same(states: Array) -> Array:
    return states


def _acrobot(s: Array) -> Array:
    return np.stack([np.cos(s[:, 0]), np.sin(s[:, 0]), np.cos(s[:, 1]), np.sin(s[:, 1]), s[:, 2], s[:, 3]], axis=1)


def _acrobot_state(o: Array) -> Array:
    return np.stack([np.arctan2(o[:, 1], o[:, 0]), np.arctan2(o[:, 3], o[:, 2]), o[:, 4], o[:, 5]], axis=1)


def _pendulum(s: Array) -> Array:
    return np.stack([np.cos(s[:, 0]), np.sin(s[:, 0]), s[:, 1]], axis=1)


def _pendulum_state(o: Array) -> Array:
    return np.stack([np.arctan2(o[:, 1], o[:, 0]), o[:, 2]], axis=1)


def _derive_cart(base: Any) -> None:
    base.total_mass = base.masspole + base.masscart
    base.polemass_length = base.masspole * base.length


_SMALL = (-0.05, 0.05)
_TENTH = (-0.1, 0.1)
_CART = (
    StateVariable("cart position", "m", -2.4, 2.4, _SMALL),
    StateVariable("cart velocity", "m/s", -3.0, 3.0, _SMALL),
    StateVariable("pole angle", "rad", -np.deg2rad(12), np.deg2rad(12), _SMALL),
    StateVariable("pole angular velocity", "rad/s", -3.5, 3.5, _SMALL),
)
_CAR = (
    StateVariable("car position", "", -1.2, 0.45, (-0.6, -0.4)),
    StateVariable("car velocity", "", -0.07, 0.07, (0.0, 0.0)),
)
_ACROBOT = (
    StateVariable("first angle", "rad", -np.pi, np.pi, _TENTH),
    StateVariable("second angle", "rad", -np.pi, np.pi, _TENTH),
    StateVariable("first angular velocity", "rad/s", -4 * np.pi, 4 * np.pi, _TENTH),
    StateVariable("second angular velocity", "rad/s", -9 * np.pi, 9 * np.pi, _TENTH),
)
_PENDULUM = (
    StateVariable("angle", "rad", -np.pi, np.pi, (-np.pi, np.pi)),
    StateVariable("angular velocity", "rad/s", -8.0, 8.0, (-1.0, 1.0)),
)
_ACROBOT_SEEN = (
    *(f"{part} of the {angle} angle" for angle in ("first", "second") for part in ("cosine", "sine")),
    "first angular velocity",
    "second angular velocity",
)
_PENDULUM_SEEN = ("cosine of the angle", "sine of the angle", "angular velocity")
_CART_SEEN, _CAR_SEEN = (tuple(v.name for v in variables) for variables in (_CART, _CAR))
_TASKS = {
    task.name: task
    for task in (
        Task("CartPole", _CART, _CART_SEEN, _same, _same, ("push left", "push right"), _derive_cart),
        Task("MountainCar", _CAR, _CAR_SEEN, _same, _same, ("push left", "no push", "push right")),
        Task("MountainCarContinuous", _CAR, _CAR_SEEN, _same, _same, ("force",)),
        Task("Acrobot", _ACROBOT, _ACROBOT_SEEN, _acrobot, _acrobot_state, ("torque -1", "torque 0", "torque 1")),
        Task("Pendulum", _PENDULUM, _PENDULUM_SEEN, _pendulum, _pendulum_state, ("torque",)),
    )
}


def task_of(env_id: str) -> Task | None:
    """What is known of an environment such as ``"CartPole-v1"``, or None."""
    return _TASKS.get(env_id.rpartition("-v")[0])


def known_task(env_id: str) -> Task:
    """As :func:`task_of`.

    Raises:
        InvalidArgument: if nothing is known of it.
    """
    task = task_of(env_id)
    if task is None:
        raise InvalidArgument(
            f"the state of {visible(env_id, 60)!r} is not known: it is of {', '.join(_TASKS)}."
            f"{checks.did_you_mean(env_id.rpartition('-v')[0], _TASKS)} For another environment write a space of "
            "your own (fv.DictSpace, fv.from_gymnasium) and put its inputs into the environment yourself."
        )
    return task


def environment_id(env: Any) -> str:
    """The id of an environment, or of one that was made.

    Raises:
        WrongType: if it is neither.
    """
    found = env if isinstance(env, str) else getattr(getattr(env, "spec", None), "id", None)
    if not isinstance(found, str):
        raise WrongType(f"env must be the id of an environment such as 'CartPole-v1', but it is {shown(env)}.")
    return found


def made(env_id: Any, **options: Any) -> Any:
    """A new environment.

    Args:
        env_id: its id, or the ``spec`` of an environment, from which another like it is made, wrappers and all.
        **options: of ``gymnasium.make``.

    Raises:
        MissingDependency: if Gymnasium is not installed.
        InvalidArgument: if it has no such environment, or the environment does not take the options.
    """
    try:
        import gymnasium  # noqa: PLC0415  an optional dependency
    except ImportError:
        raise MissingDependency("environments need Gymnasium: pip install 'featviz[rl]'.") from None
    name = visible(env_id if isinstance(env_id, str) else env_id.id, 60)
    try:
        return gymnasium.make(env_id, **options)
    except (gymnasium.error.Error, ImportError) as error:
        raise InvalidArgument(f"Gymnasium cannot make {name!r}: {visible(error, 300)}") from error
    except TypeError as error:
        if not options:
            raise
        raise InvalidArgument(f"{name!r} does not take these options: {visible(error, 300)}") from error


def same_again(env: Any) -> Any:
    """Another environment like ``env``, an id or an environment, with its options and its wrappers.

    Raises:
        WrongType: if it is neither.
        InvalidArgument: if it cannot be made: one of its wrappers does not say how it was made.
    """
    env_id = environment_id(env)
    if isinstance(env, str):
        return made(env_id)
    try:
        return made(env.spec)
    except ValueError as error:
        raise InvalidArgument(f"{visible(env_id, 60)!r} cannot be made a second time: {visible(error, 300)}") from error


def begin_in(env: Any, state: Array, *, seed: int = 0) -> Any:
    """Reset an environment of a known task, put it into a state, and give what its wrappers show of that.

    Args:
        env: an environment of a known task, with any wrappers.
        state: of shape (v,).
        seed: for ``env.reset``.

    Returns:
        The observation: float32 of shape (k,), unless a wrapper makes something else of it.

    Raises:
        InvalidArgument: if nothing is known of the environment.
    """
    task = known_task(environment_id(env))
    base = env.unwrapped
    reset = base.reset

    def reset_in_state(*, seed: int | None = None, options: Any = None) -> tuple[Any, Any]:
        _, info = reset(seed=seed, options=options)
        base.state = np.array(state, dtype=np.float64)
        return task.observe(base.state[None])[0].astype(np.float32), info

    # Wrappers keep what the first observation was (stacked frames, running means), so it has to come from below them.
    base.reset = reset_in_state
    try:
        seen, _ = env.reset(seed=seed)
    finally:
        del base.reset
    return seen
