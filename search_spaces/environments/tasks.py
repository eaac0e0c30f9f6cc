"""What is known of Gymnasium's classic-control tasks: the variables of their state, and how an agent sees them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz import checks
from featviz.errors import InvalidArgument, MissingDependency, WrongType
from featviz.text import shown, visible

__all__ = ["StateVariable", "Task", "environment_id", "known_task", "made", "task_of"]

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
    """

    name: str
    variables: tuple[StateVariable, ...]
    seen: tuple[str, ...]
    observe: Callable[[Array], Array]
    state: Callable[[Array], Array]


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
        Task("CartPole", _CART, _CART_SEEN, _same, _same),
        Task("MountainCar", _CAR, _CAR_SEEN, _same, _same),
        Task("MountainCarContinuous", _CAR, _CAR_SEEN, _same, _same),
        Task("Acrobot", _ACROBOT, _ACROBOT_SEEN, _acrobot, _acrobot_state),
        Task("Pendulum", _PENDULUM, _PENDULUM_SEEN, _pendulum, _pendulum_state),
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


def made(env_id: str, **options: Any) -> Any:
    """A new environment.

    Raises:
        MissingDependency: if Gymnasium is not installed.
        InvalidArgument: if it has no such environment.
    """
    try:
        import gymnasium  # noqa: PLC0415  an optional dependency
    except ImportError:
        raise MissingDependency("environments need Gymnasium: pip install 'featviz[rl]'.") from None
    try:
        return gymnasium.make(env_id, **options)
    except gymnasium.error.Error as error:
        raise InvalidArgument(f"Gymnasium cannot make {visible(env_id, 60)!r}: {visible(error, 300)}") from error
