"""``policy``: what an agent makes of an observation."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.black_boxes.agents.actions import Actions, actions_of
from featviz.black_boxes.agents.asking import ASKS, FORMS, Agent, FunctionAgent, PredictAgent, answers_predict
from featviz.black_boxes.agents.makers import EnvironmentMaker
from featviz.black_boxes.base import BlackBox, Preprocess
from featviz.black_boxes.factory import black_box
from featviz.black_boxes.kinds import is_torch
from featviz.black_boxes.specs import box_from_spec
from featviz.checks import one_of
from featviz.errors import AnswerTypeError, BoxError, InvalidArgument, WrongType
from featviz.protocols import Box, Spec
from featviz.registry import import_object, import_path, is_import_path
from featviz.text import shown, visible

__all__ = ["PolicyBox", "found_agent", "policy", "source_of"]


class PolicyBox(BlackBox):
    """What an agent makes of a batch of observations; made by :func:`policy`.

    It is asked, by default, for the first of these that it can tell, or for another by name:

    - "preference": logits, log-probabilities (of probability 0: -708.4) or Q-values, one an action;
    - "probability", one an action: flat where the agent is sure;
    - "action": of discrete actions 1 for the chosen one and 0 for the others, which has no slope to climb; of
      continuous ones the chosen numbers;
    - "value": of the state. It is never asked by default.

    ==================  ============================================  ====================================
    agent               what its numbers are                          what it can tell
    ==================  ============================================  ====================================
    form "logits"       preferences of any scale                      preference, probability, action
    "probabilities"     probabilities                                 preference, probability, action
    "values"            of each action, as in Q-learning              preference, action, value
    "chosen"            the number of the chosen action               action
    "components"        the numbers of a continuous action            action
    with ``predict``    ``policy.get_distribution`` is there          preference, probability, action
    with ``predict``    ``policy.predict_values`` is there            besides: value
    with ``predict``    ``q_net`` is there                            preference, action, value
    with ``predict``    none of these, or continuous actions          action
    ==================  ============================================  ====================================

    A recurrent agent is asked as at the start of an episode.

    Args:
        agent: how the agent is asked.
        ask: what it is asked.
        name: a label.
        observations: the observation space of Gymnasium that its observations must fit, or None.
        preprocess: applied to the batch first.
    """

    def __init__(
        self, agent: Agent, ask: str, *, name: str, observations: Any = None, preprocess: Preprocess | None = None
    ) -> None:
        super().__init__(name=name, outputs=["value"] if ask == "value" else agent.actions.names, preprocess=preprocess)
        self._agent, self._ask, self._observations = agent, ask, observations
        self._noisy = agent.noisy

    @property
    def actions(self) -> Actions:
        """What the agent can do."""
        return self._agent.actions

    def answer(self, inputs: Any) -> NDArray[np.float64]:
        """What is asked, for n observations; see :func:`policy`.

        Raises:
            BoxError: when they are not of the shape that the agent was made for.
        """
        return self._agent.answer(self._ask, _fitting(inputs, self._observations))

    def act(self, observation: Any, rng: np.random.Generator | None = None) -> Any:
        """The action in one observation: the number of a discrete one, or the numbers of a continuous one.

        Args:
            observation: without the axis of a batch.
            rng: to draw the action from the probabilities; None for the chosen one.

        Raises:
            BoxError: when there is to be drawn, and the agent tells no probabilities.
            AnswerTypeError: when it answers with NaN.
        """
        batch = _batch_of_one(observation)
        given = batch if self._preprocess is None else self._preprocess(batch)
        given = _fitting(given, self._observations)
        if rng is not None and "probability" not in self._agent.asks:
            raise BoxError(
                f"{visible(self.name)} tells no probabilities from which an action could be drawn. "
                "Leave deterministic=True."
            )
        # The best of the preferences of a function is its action, without the way through rows of 0 and 1.
        told = isinstance(self._agent, FunctionAgent) and "preference" in self._agent.asks
        ask = "probability" if rng is not None else "preference" if told else "action"
        row = self._agent.answer(ask, given)[0]
        if np.isnan(row).any():
            raise AnswerTypeError(f"{visible(self.name)} answered with NaN: {shown(row.tolist())}.")
        if not self.actions.discrete:
            return row
        best = row.argmax() if rng is None else np.searchsorted(np.cumsum(row), rng.random() * row.sum(), side="right")
        return int(best) + self.actions.start


def policy(
    agent: Any,
    *,
    actions: Any = None,
    ask: str | None = None,
    form: str | None = None,
    environment: Any = None,
    deterministic: bool = True,
    per_input: bool = False,
    name: str | None = None,
    preprocess: Any = None,
    noisy: bool | None = None,
    max_batch: int | None = None,
) -> PolicyBox:
    """What an agent makes of an observation: one output an action, or its value. Its inputs are observations.

    Args:
        agent: a function of a batch of observations; an object with ``predict``, such as a model of Stable-Baselines3;
            a torch module or anything else that :func:`black_box` takes; a black box; or the import path of any.
        actions: the names of the actions, in order; by default those of the environment, or "action 0" and so on.
        ask: "preference", "probability", "value" or "action"; see :class:`PolicyBox`.
        form: what the numbers of a function or a black box are: "logits" (the default), "probabilities", "values",
            "chosen" or "components"; see :class:`PolicyBox`.
        environment: the id of the Gymnasium environment that the agent is for, or an environment: for the names of
            the actions, and to check the shape of the observations.
        deterministic: False lets ``predict`` draw actions by chance; the box is then noisy.
        per_input: whether the agent takes one observation at a time.
        name: a short label for people.
        preprocess: a function from a batch of inputs to a batch of observations, or its import path.
        noisy: whether equal inputs get different answers, where it is known better.
        max_batch: the most observations that the agent is given at a time.

    Raises:
        BoxError: when the agent cannot tell what is asked, or its actions are not known.
        InvalidArgument, WrongType: for arguments that cannot be.

    Examples:
        >>> import numpy as np
        >>> box = policy(lambda seen: seen @ np.array([[-1.0, 1.0], [0.0, 0.5]]), actions=["left", "right"])
        >>> box(np.array([[1.0, 2.0]])).tolist()
        [[-1.0, 2.0]]
    """
    options = {"actions": actions, "ask": ask, "form": form, "environment": environment, "name": name}
    options |= {"deterministic": deterministic, "per_input": per_input, "noisy": noisy, "max_batch": max_batch}
    for option in ("deterministic", "per_input"):
        if not isinstance(options[option], bool):
            raise WrongType(f"{option} must be True or False, but it is {shown(options[option])}.")
    found = found_agent(agent)
    asked, seen = _asked(found, actions, form, environment, deterministic=deterministic, per_input=per_input)
    label = _label(found) if name is None else name
    wanted = _checked_ask(ask, asked, label)
    before = import_object(preprocess) if isinstance(preprocess, str) else preprocess
    box = PolicyBox(asked, wanted, name=label, observations=seen, preprocess=before)
    return box.with_spec(_spec(agent, preprocess, options)).configured(noisy=noisy, max_batch=max_batch)


def found_agent(agent: Any) -> Any:
    """The agent itself, of an import path or of the spec of a black box."""
    if isinstance(agent, str) and is_import_path(agent):
        return import_object(agent)
    return box_from_spec(agent) if isinstance(agent, Mapping) else agent


def _label(agent: Any) -> str:
    named = agent.name if isinstance(agent, Box) else getattr(agent, "__name__", None)
    label = named if isinstance(named, str) and named else type(agent).__name__
    return "policy" if label in {"<lambda>", "function"} else label


def _asked(
    agent: Any, names: Any, form: str | None, environment: Any, *, deterministic: bool, per_input: bool
) -> tuple[Agent, Any]:
    """How the agent is asked, and the space of its observations or None."""
    if isinstance(agent, PolicyBox):
        raise InvalidArgument(f"{visible(agent.name)} is a policy already: ask it, or make another of the same agent.")
    space, seen, usual = _spaces(agent, environment)
    is_box = isinstance(agent, Box)
    if not is_box and answers_predict(agent) and not _is_estimator(agent):
        if form is not None:
            raise InvalidArgument(f"form= is for functions and black boxes, and {_label(agent)} has predict.")
        known = actions_of(space, names, usual)
        return PredictAgent(agent, known, deterministic=deterministic, per_input=per_input), seen
    if not deterministic:
        raise InvalidArgument("deterministic=False is for agents with predict, which draw their actions themselves.")
    form = "logits" if form is None else one_of("form", form, FORMS)
    if not is_box and (_is_estimator(agent) or is_torch(agent) or not callable(agent)):
        known_names = None if names is None and space is None else actions_of(space, names, usual).names
        agent = black_box(agent, outputs=known_names)
        is_box = True
    if is_box and names is None and space is None and form != "chosen":
        names = agent.outputs
    known = actions_of(space, names, usual)
    if space is None and form == "components":
        known = Actions(known.names, discrete=False)
    if known.discrete == (form == "components"):
        kind = "discrete" if known.discrete else "continuous"
        raise InvalidArgument(
            f"the actions are {kind}, so form= must be "
            f"{'another than' if known.discrete else ''} 'components', but it is {form!r}."
        )
    return FunctionAgent(agent, known, form, per_input=per_input and not is_box), seen


def _is_estimator(agent: Any) -> bool:
    return hasattr(agent, "classes_")


def _spaces(agent: Any, environment: Any) -> tuple[Any, Any, tuple[str, ...]]:
    """The spaces of actions and of observations, where they are known, and the usual names of the actions."""
    if environment is None:
        return getattr(agent, "action_space", None), getattr(agent, "observation_space", None), ()
    maker = EnvironmentMaker(environment)
    try:
        env = maker.shared()
        return env.action_space, env.observation_space, maker.action_names()
    finally:
        maker.close()


def _checked_ask(ask: str | None, agent: Agent, label: str) -> str:
    """What is asked, which the agent must be able to tell."""
    wanted = agent.asks[0] if ask is None else one_of("ask", ask, ASKS)
    if wanted in agent.asks:
        return wanted
    if not agent.actions.discrete and wanted in {"preference", "probability"}:
        advice = "Its actions are continuous."
    elif isinstance(agent, FunctionAgent):
        advice = "Say with form= what its numbers are; of a function of the value alone make an fv.black_box."
    else:
        advice = "It needs policy.get_distribution, policy.predict_values or q_net for more."
    raise BoxError(f"{visible(label)} cannot tell its {wanted}; it tells: {', '.join(agent.asks)}. {advice}")


def _batch_of_one(observation: Any) -> Any:
    if isinstance(observation, Mapping):
        return {name: _batch_of_one(part) for name, part in observation.items()}
    if isinstance(observation, tuple):
        return tuple(_batch_of_one(part) for part in observation)
    return np.asarray(observation)[None]


def _fitting(observations: Any, space: Any) -> Any:
    """The observations, in the floating-point type of their space; refused where their shape is another one."""
    kind = type(space).__name__
    if kind == "Dict":
        if not isinstance(observations, Mapping) or set(observations) != set(space.spaces):
            came = f"a dict of {', '.join(map(str, observations))}" if isinstance(observations, Mapping) else "no dict"
            raise BoxError(
                f"the agent is shown a dict of {visible(', '.join(space.spaces), 200)}, but an input is "
                f"{visible(came, 200)}. Search fv.observations(env), or pass preprocess=."
            )
        return {name: _fitting(observations[name], part) for name, part in space.spaces.items()}
    if kind != "Box":
        return observations
    batch = np.asarray(observations)
    if batch.shape[1:] != space.shape:
        raise BoxError(
            f"the agent is shown observations of shape {space.shape}, but an input has shape {batch.shape[1:]}. "
            "Search fv.observations(env), or pass preprocess=, which makes observations of the inputs."
        )
    both_float = batch.dtype.kind == "f" and np.dtype(space.dtype).kind == "f"
    return batch.astype(space.dtype, copy=False) if both_float else batch


def _spec(agent: Any, preprocess: Any, options: Mapping[str, Any]) -> Spec | None:
    source = source_of(agent)
    environment = options["environment"]
    before = preprocess if preprocess is None or isinstance(preprocess, str) else import_path(preprocess)
    if source is None or (preprocess is not None and before is None):
        return None
    if environment is not None and not isinstance(environment, str):
        environment = import_path(environment)
        if environment is None:
            return None
    actions = None if options["actions"] is None else list(options["actions"])
    entries = {**options, "actions": actions, "environment": environment, "preprocess": before}
    usual = {"deterministic": True, "per_input": False}
    kept = {k: v for k, v in entries.items() if v is not None and not (k in usual and v == usual[k])}
    return {"kind": "policy", "agent": source, **kept}


def source_of(agent: Any) -> str | Spec | None:
    """What another process finds an agent by: an import path, the spec of a black box, or None."""
    if isinstance(agent, str):
        return agent
    if isinstance(agent, Mapping):
        return dict(agent)
    return agent.spec() if isinstance(agent, Box) else import_path(agent)
