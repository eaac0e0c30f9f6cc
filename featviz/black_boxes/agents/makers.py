"""Where the environments of rollouts come from: an id, a function, or an environment itself."""

import inspect
import numbers
from collections.abc import Mapping
from typing import Any

import numpy as np

from featviz.checks import did_you_mean, integer
from featviz.environments import Task, made, task_of
from featviz.errors import BoxError, InvalidArgument, WrongType
from featviz.registry import import_object, import_path, is_import_path
from featviz.text import shown, visible

__all__ = ["EnvironmentMaker"]

_MOST_STEPS = 10_000_000


class EnvironmentMaker:
    """Makes environments, and keeps one for use again and again.

    Args:
        environment: the id of a Gymnasium environment; a function that makes one; ``"package.module:function"`` of
            such; or an environment, which is used itself.
        options: given to ``gymnasium.make``, or to the function.
        steps: the limit on the steps of an episode that ``gymnasium.make`` sets, or None for the environment's own.

    Raises:
        WrongType: for anything else.
        InvalidArgument: for options of an environment that is made already.
    """

    def __init__(self, environment: Any, options: Mapping[str, Any] | None = None, steps: Any = None) -> None:
        if options is not None and not isinstance(options, Mapping):
            raise WrongType(f"options must be a dict, but they are {shown(options)}.")
        self._options = dict(options or {})
        self.steps = None if steps is None else integer("steps", steps, 1, _MOST_STEPS)
        self.source = environment if isinstance(environment, str) else import_path(environment)
        imported = isinstance(environment, str) and is_import_path(environment)
        self._from = import_object(environment) if imported else environment
        self._given = callable(getattr(self._from, "step", None)) and not inspect.isclass(self._from)
        self._kept: Any = None
        if not (self._given or isinstance(self._from, str) or callable(self._from)):
            raise WrongType(
                "an environment is the id of one such as 'CartPole-v1', a function that makes one, or one itself, "
                f"but this is {shown(environment)}."
            )
        if self._given:
            _checked(self._from, self.name)
        if self._given and self._options:
            raise InvalidArgument("options= are for an environment that is made here: pass its id or a function.")

    @property
    def name(self) -> str:
        """The id, or what the environment is called."""
        if isinstance(self._from, str):
            return self._from
        spec = getattr(self._from, "spec", None)
        named = getattr(spec, "id", None) or getattr(self._from, "__name__", None)
        return named if isinstance(named, str) and named != "<lambda>" else type(self._from).__name__

    def shared(self) -> Any:
        """The environment that is used again and again."""
        if self._given:
            return self._from
        if self._kept is None:
            self._kept = self.new()
        return self._kept

    def new(self, **options: Any) -> Any:
        """Another environment, with further options."""
        given = {**self._options, **options}
        if isinstance(self._from, str):
            limit = {} if self.steps is None else {"max_episode_steps": self.steps}
            # What is checked there is checked here, and it would be anew in each environment.
            return made(self._from, **{"disable_env_checker": True, **limit, **given})
        if self._given:
            return made(self._from.spec, **given)
        return _checked(self._from(**given), self.name)

    def with_parameters(self, parameters: Mapping[str, Any]) -> Any:
        """Another environment, of whose parameters some have other values.

        What its constructor takes is passed there; what is a number (or text) in the environment is set. What the
        classic-control tasks compute from it is computed anew.

        Raises:
            BoxError: for the name of no parameter, and where another environment cannot be made.
        """
        if self._given and getattr(self._from, "spec", None) is None:
            raise BoxError(
                f"parameters are set in an environment that is made for each input, and {visible(self.name, 60)} is "
                "one that is made already. Pass its id, or a function that makes one."
            )
        probe = self.shared()
        takes, own = self._constructor_options(probe), _settable(probe.unwrapped)
        for name in parameters:
            if name not in takes and name not in own:
                known = sorted({*takes, *own})
                raise BoxError(
                    f"{visible(self.name, 60)} has no parameter {visible(name, 60)!r}. "
                    f"It has: {visible(', '.join(known), 400)}.{did_you_mean(name, known)}"
                )
        values = {name: _plain(value) for name, value in parameters.items()}
        env = self.new(**{name: value for name, value in values.items() if name in takes})
        base = env.unwrapped
        held = {name: _like(value, own[name]) for name, value in values.items() if name not in takes}
        _hold(base, held)
        derive = getattr(_task(env), "derive", None)
        if derive is not None:
            derive(base)
            _hold(base, held)  # one that the task would compute was set by name
        return env

    def action_names(self) -> tuple[str, ...]:
        """The usual names of the actions, where the task is known."""
        task = _task(self.shared())
        return () if task is None else task.actions

    def drop(self) -> None:
        """Make another environment the next time, since something went wrong in this one."""
        kept, self._kept = self._kept, None
        if kept is not None:
            kept.close()

    def close(self) -> None:
        """Close what was made here. The next question makes it anew."""
        self.drop()

    def _constructor_options(self, env: Any) -> set[str]:
        takes = self._from if not (isinstance(self._from, str) or self._given) else type(env.unwrapped).__init__
        try:
            parameters = inspect.signature(takes).parameters.values()
        except (TypeError, ValueError):
            return set()
        named = {p.name for p in parameters if p.kind in {p.KEYWORD_ONLY, p.POSITIONAL_OR_KEYWORD}}
        return named - {"self", "render_mode"}


def _checked(env: Any, name: str) -> Any:
    """``env``, if it is an environment: one, and not many at once."""
    lacks = [member for member in ("reset", "step", "action_space", "unwrapped") if not hasattr(env, member)]
    if lacks or hasattr(env, "num_envs"):
        reason = f"has no {lacks[0]}" if lacks else "holds several environments at once"
        raise WrongType(
            f"{visible(name, 60)} must be, or make, one environment of Gymnasium, but {shown(env)} {reason}."
        )
    return env


def _task(env: Any) -> Task | None:
    env_id = getattr(getattr(env, "spec", None), "id", None)
    return task_of(env_id) if isinstance(env_id, str) else None


def _hold(base: Any, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        setattr(base, name, value)


def _settable(base: Any) -> dict[str, Any]:
    """The public numbers and texts of an environment."""
    found = {}
    for name in dir(base):
        if name.startswith("_") or isinstance(getattr(type(base), name, None), property):
            continue
        value = getattr(base, name, None)
        if isinstance(value, numbers.Number | str | np.bool_):
            found[name] = value
    return {name: value for name, value in found.items() if name not in {"render_mode"}}


def _plain(value: Any) -> Any:
    """A numpy number as Python's."""
    return value.item() if isinstance(value, np.generic) or np.shape(value) == (1,) else value


def _like(value: Any, old: Any) -> Any:
    whole = isinstance(old, numbers.Integral) and not isinstance(old, bool)
    return int(value) if whole and isinstance(value, float) and value.is_integer() else value
