"""What an input of a rollout sets: the state, the actions, the parameters, the seed, or the agent's parameters."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from featviz.black_boxes.agents.acting import Begin, actor_of, open_loop
from featviz.black_boxes.agents.makers import EnvironmentMaker
from featviz.environments import begin_in, environment_id, known_task
from featviz.errors import BoxError, WrongType
from featviz.text import shown

__all__ = ["SETTINGS", "Scene", "Stage"]


@dataclass(frozen=True)
class Stage:
    """What is the same for all inputs.

    Args:
        maker: of the environments.
        agent: what was given, or None.
        begin: how it plays, or None where the input says that.
        space: an object with ``begin(env, state, seed=)``, or None.
        deterministic: of the agent.
    """

    maker: EnvironmentMaker
    agent: Any
    begin: Begin | None
    space: Any
    deterministic: bool


@dataclass(frozen=True)
class Scene:
    """What is ready for the episodes of one input.

    Args:
        env: the environment.
        reset: the first observation, by the seed of the episode.
        begin: the agent.
        steps: the most steps that there are actions for, or None.
        own: whether the environment is for this input alone, and is closed after it.
    """

    env: Any
    reset: Callable[[int], Any]
    begin: Begin
    steps: int | None = None
    own: bool = False


def _from_state(stage: Stage, x: Any) -> Scene:
    env = stage.maker.shared()
    if stage.space is not None:
        return Scene(env, lambda seed: stage.space.begin(env, x, seed=seed), _played(stage))
    task = known_task(environment_id(env))
    try:
        state = np.asarray(x, dtype=np.float64)
    except (TypeError, ValueError):
        state = None
    if state is None or state.shape != (len(task.variables),):
        names = ", ".join(v.name for v in task.variables)
        came = f"is {shown(x)}" if state is None else f"has shape {state.shape}"
        raise BoxError(
            f"a state of {task.name} has {len(task.variables)} numbers ({names}), but an input {came}. "
            f"Search fv.initial_states({environment_id(env)!r})."
        )
    return Scene(env, lambda seed: begin_in(env, state, seed=seed), _played(stage))


def _from_actions(stage: Stage, x: Any) -> Scene:
    if np.ndim(x) < 1:
        raise BoxError(
            f"an input must be a sequence of actions, but it is {shown(x)}. Search fv.action_sequences(env)."
        )
    env = stage.maker.shared()
    return Scene(env, _resetting(env), open_loop(x), len(x))


def _from_seed(stage: Stage, x: Any) -> Scene:
    value = next(iter(x.values())) if isinstance(x, Mapping) and len(x) == 1 else x
    number = np.asarray(value)
    if number.size != 1 or number.dtype.kind not in "iu":
        raise BoxError(
            f"an input must be a seed, a whole number, but it is {shown(x)}. "
            "Search fv.DictSpace({'seed': fv.Integer(0, 10_000)})."
        )
    env, seed = stage.maker.shared(), int(number.reshape(()))
    reset = _resetting(env)
    return Scene(env, lambda _: reset(seed), _played(stage))


def _from_options(stage: Stage, x: Any) -> Scene:
    if hasattr(x, "iloc"):  # a data frame of one row
        x = x.iloc[0].to_dict()
    if not isinstance(x, Mapping):
        raise BoxError(
            f"an input must be a dict of parameters of the environment, but it is {shown(x)}. "
            "Search fv.DictSpace({'gravity': fv.Uniform(1, 20)})."
        )
    env = stage.maker.with_parameters(x)
    return Scene(env, _resetting(env), _played(stage), own=True)


def _from_parameters(stage: Stage, x: Any) -> Scene:
    env = stage.maker.shared()
    try:
        begin = actor_of(stage.agent(x), env, deterministic=stage.deterministic)
    except WrongType as error:
        raise BoxError(f"agent= must be a function that makes an agent of its parameters: {error}") from error
    return Scene(env, _resetting(env), begin)


def _resetting(env: Any) -> Callable[[int], Any]:
    def reset(seed: int) -> Any:
        answer = env.reset(seed=seed)
        if not (isinstance(answer, tuple) and len(answer) == 2):
            raise BoxError(f"reset must return (observation, info), as in Gymnasium, but it returned {shown(answer)}.")
        return answer[0]

    return reset


def _played(stage: Stage) -> Begin:
    if stage.begin is None:
        raise WrongType("an agent is needed: pass agent=.")
    return stage.begin


# By what an input is.
SETTINGS: dict[str, Callable[[Stage, Any], Scene]] = {
    "state": _from_state,
    "actions": _from_actions,
    "options": _from_options,
    "seed": _from_seed,
    "parameters": _from_parameters,
}
