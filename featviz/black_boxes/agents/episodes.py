"""One episode, and what is measured of it."""

import numbers
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.black_boxes.agents.acting import Act
from featviz.black_boxes.agents.actions import stepper
from featviz.checks import unique_names
from featviz.errors import AnswerShapeError, AnswerTypeError, BoxError, InvalidArgument, WrongType
from featviz.registry import import_object, is_import_path
from featviz.text import shown, visible

__all__ = ["Measures", "Trajectory", "play"]

OWN = ("return", "length", "terminated")


@dataclass(frozen=True)
class Trajectory:
    """An episode.

    Args:
        observations: the first one, and one after each step: length + 1. Empty where no measure looks at them.
        actions: one a step, as the environment took them.
        rewards: float64 (length,).
        infos: the ``info`` of each step. Empty where no measure looks at them, but for the last.
        terminated: whether the environment ended it, and not the limit on its steps.
    """

    observations: list[Any]
    actions: list[Any]
    rewards: NDArray[np.float64]
    infos: list[Any]
    terminated: bool

    def __len__(self) -> int:
        return len(self.rewards)


def play(env: Any, first: Any, act: Act, steps: int, *, keep: bool) -> Trajectory:
    """Play an episode.

    Args:
        env: an environment that was just reset.
        first: the first observation.
        act: the agent.
        steps: the most steps.
        keep: whether the observations and infos of every step are kept.

    Raises:
        AnswerTypeError: when a reward is no number, or the agent chose what is no action.
        BoxError: when the agent's actions are of another shape than the environment's, or ``step`` is not Gymnasium's.
        Exception: what the environment or the agent raise.
    """
    seen, stepped = first, stepper(env.action_space)
    observations: list[Any] = [first] if keep else []
    actions: list[Any] = []
    rewards: list[float] = []
    infos: list[Any] = []
    terminated = truncated = False
    while len(rewards) < steps and not (terminated or truncated):
        action = stepped(act(seen))
        answer = env.step(action)
        if len(answer) != 5:
            raise BoxError(
                "step must return (observation, reward, terminated, truncated, info), as in Gymnasium, but it returned "
                f"{len(answer)} things."
            )
        seen, reward, terminated, truncated, info = answer
        rewards.append(_reward(reward, len(rewards)))
        actions.append(action)
        if keep:
            observations.append(seen)
            infos.append(info)
        else:
            infos = [info]
    return Trajectory(observations, actions, np.array(rewards, dtype=np.float64), infos, bool(terminated))


class Measures:
    """What is measured of an input's episodes.

    Args:
        own: by name, functions from a :class:`Trajectory` to a number; an import path of such a function; or the key of
            an entry of the last ``info``.
        discount: of a reward for each step that it comes later.
        episodes: how many there are; with several, "return_std" is measured too.

    Raises:
        WrongType, InvalidArgument: when a measure is none of these, or has the name of one that is always there.
    """

    def __init__(self, own: Any, discount: float, episodes: int) -> None:
        self._discount = discount
        self._spread = episodes > 1
        self._own = _checked(own)
        self.names = (*OWN, *(["return_std"] if self._spread else []), *self._own)
        twice = [name for name in self._own if name in {*OWN, "return_std"}]
        if twice:
            raise InvalidArgument(f"{', '.join(twice)} is measured always: give your measure another name.")

    @property
    def looks_at_steps(self) -> bool:
        """Whether a function looks at every step."""
        return any(callable(measure) for measure in self._own.values())

    def of_episode(self, episode: Trajectory) -> list[float]:
        """The measures of one episode: :data:`OWN`, then the user's."""
        weights = self._discount ** np.arange(len(episode)) if self._discount < 1 else 1.0
        row = [float((episode.rewards * weights).sum()), float(len(episode)), float(episode.terminated)]
        return row + [_measured(name, measure, episode) for name, measure in self._own.items()]

    def of_all(self, episodes: list[list[float]]) -> NDArray[np.float64]:
        """The mean over an input's episodes, in the order of ``names``."""
        rows = np.array(episodes)
        mean = rows.mean(axis=0)
        spread = [rows[:, 0].std(ddof=1)] if self._spread else []
        return np.concatenate([mean[: len(OWN)], spread, mean[len(OWN) :]])


def _checked(own: Any) -> dict[str, Callable[[Trajectory], Any] | str]:
    if own is None:
        return {}
    if not isinstance(own, Mapping):
        raise WrongType(
            f"measures must be a dict of names and functions of an episode, but they are {shown(own)}. "
            "An entry of the environment's info is given by its key: measures={'success': 'is_success'}."
        )
    found: dict[str, Any] = {}
    for name, measure in zip(unique_names("measures", own) if own else (), own.values(), strict=True):
        found[name] = import_object(measure) if isinstance(measure, str) and is_import_path(measure) else measure
        if not (callable(found[name]) or isinstance(found[name], str)):
            raise WrongType(
                f"the measure {visible(name, 60)!r} must be a function of an episode, or the key of an entry of info, "
                f"but it is {shown(measure)}."
            )
    return found


def _measured(name: str, measure: Callable[[Trajectory], Any] | str, episode: Trajectory) -> float:
    if callable(measure):
        value = measure(episode)
    else:
        info = episode.infos[-1] if episode.infos else {}
        if measure not in info:
            raise AnswerShapeError(
                f"the last info of the environment has no {visible(measure, 60)!r}; it has: "
                f"{visible(', '.join(map(str, info)), 200) or 'nothing'}."
            )
        value = info[measure]
    if np.size(value) != 1:
        raise AnswerShapeError(f"the measure {visible(name, 60)!r} must be one number, but it is {shown(value)}.")
    # A truth value is what a measure such as "did it succeed" says; elsewhere it is no number.
    number = np.asarray(value).reshape(())[()]
    if not isinstance(number, numbers.Real | np.bool_):
        raise AnswerTypeError(f"the measure {visible(name, 60)!r} must be a number, but it is {shown(value)}.")
    return float(number)


def _reward(reward: Any, step: int) -> float:
    if isinstance(reward, float):  # numpy's float64 too
        return float(reward)
    number = np.asarray(reward).reshape(())[()] if np.size(reward) == 1 else None
    if not isinstance(number, numbers.Real) or isinstance(number, np.bool_):
        raise AnswerTypeError(f"the reward of step {step + 1} must be a number, but it is {shown(reward)}.")
    return float(number)
