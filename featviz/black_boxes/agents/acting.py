"""An agent in an episode: how it comes to an action at each step."""

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from featviz.black_boxes.agents.asking import answers_predict, chosen_of
from featviz.black_boxes.agents.policies import PolicyBox, policy
from featviz.black_boxes.kinds import is_torch
from featviz.errors import WrongType
from featviz.protocols import Box
from featviz.text import shown

__all__ = ["Act", "Begin", "actor_of", "open_loop"]

# The action at an observation, step by step.
Act = Callable[[Any], Any]
# The agent at the start of an episode, with the random numbers of the episode.
Begin = Callable[[np.random.Generator], Act]


def actor_of(agent: Any, environment: Any, *, deterministic: bool) -> Begin:
    """How ``agent`` plays.

    Args:
        agent: what :func:`policy` made; a black box, whose outputs are preferences; an object with ``predict``; or a
            function from one observation to an action.
        environment: what a black box of preferences plays in.
        deterministic: False draws the actions by chance, from the probabilities or by ``predict`` itself.

    Raises:
        WrongType: when it is none of these.
    """
    if isinstance(agent, Box) and not isinstance(agent, PolicyBox):
        agent = policy(agent, environment=environment)
    if isinstance(agent, PolicyBox):
        box = agent
        return lambda rng: lambda observation: box.act(observation, None if deterministic else rng)
    if answers_predict(agent):
        return _predicting(agent, deterministic)
    if is_torch(agent) or inspect.isclass(agent) or not callable(agent):
        raise WrongType(
            "an agent is a function from an observation to an action, an object with predict, or what fv.policy makes "
            f"of a network (fv.policy(network, environment=...)), but this is {shown(agent)}."
        )
    return lambda rng: agent  # noqa: ARG005  a function draws no numbers of ours


def open_loop(actions: Any) -> Begin:
    """An agent that takes one action after another, whatever it sees."""

    def begin(rng: np.random.Generator) -> Act:  # noqa: ARG001  nothing is drawn
        steps = iter(actions)
        return lambda observation: next(steps)  # noqa: ARG005  open loop

    return begin


def _predicting(agent: Any, deterministic: bool) -> Begin:
    try:
        takes = set(inspect.signature(agent.predict).parameters)
    except (TypeError, ValueError):
        takes = set()
    chance = {"deterministic": deterministic} if "deterministic" in takes else {}

    def begin(rng: np.random.Generator) -> Act:  # noqa: ARG001  predict draws its own
        state: Any = None
        started = True

        def act(observation: Any) -> Any:
            nonlocal state, started
            # A recurrent agent is told where an episode begins, and gets back the state that it gave.
            memory = {"state": state} if "state" in takes else {}
            memory |= {"episode_start": np.array([started])} if "episode_start" in takes else {}
            answer = agent.predict(observation, **memory, **chance)
            state, started = (answer[1] if isinstance(answer, tuple) and len(answer) == 2 else None), False
            return chosen_of(answer)

        return act

    return begin
