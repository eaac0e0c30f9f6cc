"""``rollout``: how the episodes go that begin, or are played, as an input says."""

import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.batches import batch_length, take_one
from featviz.black_boxes.agents.acting import actor_of
from featviz.black_boxes.agents.asking import answers_predict
from featviz.black_boxes.agents.episodes import Measures, Trajectory, play
from featviz.black_boxes.agents.makers import EnvironmentMaker
from featviz.black_boxes.agents.policies import found_agent, source_of
from featviz.black_boxes.agents.settings import SETTINGS, Stage
from featviz.black_boxes.answers import rows_of
from featviz.black_boxes.base import BlackBox, Preprocess
from featviz.checks import finite, integer, one_of
from featviz.checks import seed as checked_seed
from featviz.environments import environment_id, known_task
from featviz.errors import BoxError, InvalidArgument, WrongType
from featviz.protocols import Spec
from featviz.random import Streams
from featviz.registry import import_object, import_path, is_import_path
from featviz.text import shown

__all__ = ["RolloutBox", "rollout"]

_MOST_EPISODES = 100_000
# Where neither the user nor the environment sets a limit.
_USUAL_STEPS = 1_000


class RolloutBox(BlackBox):
    """How episodes in an environment go; made by :func:`rollout`.

    What an input is:

    - "state", the default with an agent: the state in which the episode begins, as of
      ``fv.initial_states(environment)``. For tasks that featviz does not know pass an object with
      ``begin(env, state, *, seed)``, which puts the environment into the state and returns the observation.
    - "actions", the default without one: the actions, as of ``fv.action_sequences(environment, length)``. The episode
      ends with them.
    - "options": a dict of parameters of the environment, such as ``{"gravity": 20.0}``: arguments of its constructor,
      or numbers that it holds, in an environment that is made for the input. What an environment computes from its
      numbers when it is made is not computed again, but in CartPole.
    - "seed": the seed of the episode, which picks its start, and the level where there are such.
    - "parameters": whatever ``agent`` is to make an agent of: it is a function from it to an agent.

    The outputs are "return", "length" (steps), "terminated" (the share of the episodes that the environment ended, and
    not the limit on steps), with several episodes "return_std" (the standard deviation of the return over them), and
    the user's measures. Inputs are played one after another, so that what one gets does not depend on its batch. An
    exception of the environment, the agent or a measure costs the input in whose episode it happens, and no other.

    An agent that is not deterministic draws its actions: what :func:`policy` made from its probabilities, with the
    seed of the episode; an object with ``predict`` by itself, and the box is then noisy. Only the latter keeps a state
    from step to step (recurrent agents).

    Args:
        stage: the environment and the agent.
        inputs: what an input sets, of :data:`~featviz.black_boxes.agents.settings.SETTINGS`.
        measures: what is measured.
        episodes: for each input.
        steps: the most steps of an episode.
        seed: of the episodes.
        name: a label.
        preprocess: applied to the batch first.
    """

    def __init__(
        self,
        stage: Stage,
        inputs: str,
        measures: Measures,
        *,
        episodes: int,
        steps: int,
        seed: int,
        name: str,
        preprocess: Preprocess | None = None,
    ) -> None:
        super().__init__(name=name, outputs=measures.names, preprocess=preprocess)
        self._stage, self._set, self._measures, self._steps = stage, SETTINGS[inputs], measures, steps
        # The episodes of every input have the same seeds: what differs between inputs is not the luck of the draw.
        streams = Streams(seed)
        self._seeds = [int(streams.at(i).integers(2**31)) for i in range(episodes)]
        self._used = {"episodes": 0.0, "steps": 0.0}

    def answer(self, inputs: Any) -> NDArray[np.float64]:
        """The measures of n inputs, shape (n, k); see :func:`rollout`.

        Raises:
            BoxError: when the inputs are of a form that cannot be played, or the agent's actions are.
            RowsFailed: when the environment, the agent or a measure failed in the episodes of some inputs.
        """
        rows: list[Any] = []
        errors: dict[int, Exception] = {}
        for row in range(batch_length(inputs)):
            try:
                rows.append(self._row(take_one(inputs, row)))
            except (BoxError, MemoryError):
                raise
            except Exception as error:  # noqa: BLE001  environments and agents fail in any way; kept with its row
                self._stage.maker.drop()
                rows.append(None)
                errors[row] = error
        return rows_of(rows, errors, self.outputs)

    def usage(self) -> Mapping[str, float]:
        """Episodes played and steps taken."""
        return dict(self._used)

    def provenance(self) -> Mapping[str, str]:
        """The environment, and the version of Gymnasium where it is in use."""
        version = getattr(sys.modules.get("gymnasium"), "__version__", None)
        return {"environment": self._stage.maker.name, **({} if version is None else {"gymnasium": str(version)})}

    def close(self) -> None:
        """Close the environment that was made here."""
        self._stage.maker.close()

    def trajectories(self, x: Any) -> list[Trajectory]:
        """The episodes of one input, to look at: observations, actions and rewards of each step.

        Args:
            x: one input, without the axis of a batch, as it is after ``preprocess``.
        """
        return self._played(x, keep=True)

    def _row(self, x: Any) -> NDArray[np.float64]:
        episodes = self._played(x, keep=self._measures.looks_at_steps)
        return self._measures.of_all([self._measures.of_episode(episode) for episode in episodes])

    def _played(self, x: Any, *, keep: bool) -> list[Trajectory]:
        scene = self._set(self._stage, x)
        steps = self._steps if scene.steps is None else min(self._steps, scene.steps)
        episodes = []
        try:
            for seed in self._seeds:
                scene.env.action_space.seed(seed)
                first = scene.reset(seed)
                act = scene.begin(np.random.default_rng(seed))
                episode = play(scene.env, first, act, steps, keep=keep)
                self._used["episodes"] += 1
                self._used["steps"] += len(episode)
                episodes.append(episode)
        finally:
            if scene.own:
                scene.env.close()
        return episodes


def rollout(
    environment: Any,
    agent: Any = None,
    *,
    inputs: Any = None,
    episodes: int = 1,
    steps: int | None = None,
    seed: int = 0,
    discount: float = 1.0,
    measures: Any = None,
    options: Any = None,
    deterministic: bool = True,
    name: str | None = None,
    preprocess: Any = None,
    noisy: bool | None = None,
    max_batch: int | None = None,
) -> RolloutBox:
    """The return of an episode in a Gymnasium environment: of its first state, its actions, or its parameters.

    Args:
        environment: the id of an environment; a function that makes one, or its import path; or an environment itself.
        agent: who plays: a function from one observation to an action, an object with ``predict`` (such as a model of
            Stable-Baselines3), what :func:`policy` makes of a network, or the import path of any. Without one the
            inputs are the actions.
        inputs: "state", "actions", "options", "seed", "parameters", or an object with ``begin(env, state, *, seed)``;
            see :class:`RolloutBox`.
        episodes: how many are played for each input; the outputs are their means.
        steps: the most steps of an episode; by default the environment's own limit, or 1,000 where it has none.
        seed: of the episodes. Episode i of every input has the same seed, drawn from ``seed`` and i.
        discount: what a reward is worth for each step that it comes later, in [0, 1].
        measures: further outputs by name: a function from a :class:`Trajectory` to a number, its import path, or the
            key of an entry of the last ``info``, as in ``{"success": "is_success"}``.
        options: passed to ``gymnasium.make`` or to the function, the same for all inputs.
        deterministic: False lets the agent draw its actions; see :class:`RolloutBox`.
        name: a short label for people; the environment by default.
        preprocess: a function from a batch of inputs to a batch of what ``inputs=`` says, or its import path.
        noisy: whether equal inputs get different answers, where the environment draws numbers without a seed.
        max_batch: the most inputs that are played before their outputs are given back.

    Raises:
        InvalidArgument, WrongType: when there is no such environment or agent, or nothing is known of its state.
        MissingDependency: when Gymnasium is not installed.
    """
    given: dict[str, Any] = {"inputs": inputs, "episodes": episodes, "steps": steps, "seed": seed}
    given |= {"discount": discount, "measures": measures, "options": options, "deterministic": deterministic}
    before = import_object(preprocess) if isinstance(preprocess, str) else preprocess
    maker = EnvironmentMaker(environment, options, steps)
    box = _made(maker, agent, given, before, maker.name if name is None else name)
    spec = _spec(maker, agent, {**given, "name": name, "noisy": noisy, "max_batch": max_batch}, preprocess)
    return box.with_spec(spec).configured(noisy=noisy, max_batch=max_batch)


def _made(maker: EnvironmentMaker, agent: Any, given: dict[str, Any], preprocess: Any, name: str) -> RolloutBox:
    deterministic = given["deterministic"]
    if not isinstance(deterministic, bool):
        raise WrongType(f"deterministic must be True or False, but it is {shown(deterministic)}.")
    what, space = _setting(given["inputs"], agent)
    episodes = integer("episodes", given["episodes"], 1, _MOST_EPISODES)
    if what == "seed" and episodes > 1:
        raise InvalidArgument("an input is the seed of one episode: leave episodes=1.")
    counted = Measures(given["measures"], finite("discount", given["discount"], 0, 1), episodes)
    seed = checked_seed(given["seed"])
    env, found, begin = maker.shared(), found_agent(agent), None
    if what == "state" and space is None:
        _check_state_known(env)
    if what == "parameters" and not callable(found):
        raise WrongType(f"agent must be a function from an input to an agent, but it is {shown(found)}.")
    if what not in {"actions", "parameters"}:
        begin = actor_of(found, env, deterministic=deterministic)
    stage = Stage(maker, found, begin, space, deterministic)
    limit = maker.steps or getattr(getattr(env, "spec", None), "max_episode_steps", None) or _USUAL_STEPS
    box = RolloutBox(stage, what, counted, episodes=episodes, steps=limit, seed=seed, name=name, preprocess=preprocess)
    return box.configured(noisy=not deterministic and answers_predict(found))


def _setting(inputs: Any, agent: Any) -> tuple[str, Any]:
    """What an input is, and the object that puts an environment into a state, where one was given."""
    if inputs is None:
        inputs = "actions" if agent is None else "state"
    if isinstance(inputs, str) and is_import_path(inputs):
        inputs = import_object(inputs)
    if callable(getattr(inputs, "begin", None)):
        what, space = "state", inputs
    elif isinstance(inputs, str):
        what, space = one_of("inputs", inputs, SETTINGS), None
    else:
        raise WrongType(
            f"inputs must be one of {', '.join(sorted(SETTINGS))}, or an object with begin(env, state, *, seed), "
            f"but it is {shown(inputs)}."
        )
    if agent is None and what != "actions":
        raise InvalidArgument(f"an agent is needed where the inputs are {what!r}: fv.rollout(environment, agent, ...).")
    if agent is not None and what == "actions":
        raise InvalidArgument("the inputs are the actions, so that no agent plays: leave agent= out.")
    return what, space


def _check_state_known(env: Any) -> None:
    try:
        known_task(environment_id(env))
    except (InvalidArgument, WrongType) as error:
        raise InvalidArgument(
            f"{error} fv.rollout takes inputs= an object with begin(env, state, *, seed) that puts the environment "
            "into a state and returns the observation; or see inputs='seed' and inputs='options'."
        ) from error


def _spec(maker: EnvironmentMaker, agent: Any, options: dict[str, Any], preprocess: Any) -> Spec | None:
    """What rebuilds the box, or None where a part of it cannot be written down."""
    source = None if agent is None else source_of(agent)
    counted = {name: m if isinstance(m, str) else import_path(m) for name, m in (options["measures"] or {}).items()}
    before = preprocess if preprocess is None or isinstance(preprocess, str) else import_path(preprocess)
    lost = (agent is not None and source is None) or (preprocess is not None and before is None)
    named = options["inputs"] is None or isinstance(options["inputs"], str)
    if maker.source is None or lost or None in counted.values() or not named or not _plain(options["options"]):
        return None
    usual = {"episodes": 1, "seed": 0, "discount": 1.0, "deterministic": True}
    entries = {**options, "agent": source, "measures": counted or None, "preprocess": before}
    plain = {k: v.item() if isinstance(v, np.generic) else v for k, v in entries.items()}
    kept = {k: v for k, v in plain.items() if v is not None and not (k in usual and v == usual[k])}
    return {"kind": "rollout", "environment": maker.source, **kept}


def _plain(options: Any) -> bool:
    """Whether TOML can hold them."""
    if options is None or isinstance(options, bool | int | float | str):
        return True
    if isinstance(options, Mapping):
        return all(isinstance(key, str) and value is not None and _plain(value) for key, value in options.items())
    return isinstance(options, list | tuple) and all(value is not None and _plain(value) for value in options)
