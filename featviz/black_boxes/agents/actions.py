"""What an agent can do: the names of its actions, and the forms in which one is written."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.checks import unique_names
from featviz.errors import AnswerTypeError, BoxError, InvalidArgument, RowsFailed
from featviz.text import shown, visible

__all__ = ["Actions", "actions_of", "stepper"]

_WHOLE = (int, np.integer, np.bool_)


@dataclass(frozen=True)
class Actions:
    """The actions of an agent.

    Args:
        names: of the k discrete actions, or of the k numbers of a continuous one.
        discrete: which of the two.
        start: the number of the first discrete action.
    """

    names: tuple[str, ...]
    discrete: bool = True
    start: int = 0

    def one_hot(self, chosen: NDArray[np.float64]) -> NDArray[np.float64]:
        """1 for the action of each number in ``chosen``, shape (n,), and 0 for the others; NaN gives a row of NaN.

        Raises:
            RowsFailed: where a number is not that of an action.
        """
        places = chosen - self.start
        known = np.isin(places, np.arange(len(self.names)))
        rows = np.where(known[:, None], places[:, None] == np.arange(len(self.names)), np.nan)
        bad = np.flatnonzero(~known & ~np.isnan(chosen))
        if len(bad):
            last = self.start + len(self.names) - 1
            errors: dict[int, Exception] = {
                int(row): AnswerTypeError(
                    f"the agent chose action {chosen[row]:g}, but the actions are {self.start} to {last}."
                )
                for row in bad
            }
            raise RowsFailed(f"{len(bad)} of {len(chosen)} inputs failed: {errors[int(bad[0])]}", rows, errors)
        return rows


def actions_of(space: Any, names: Any = None, usual: Sequence[str] = ()) -> Actions:
    """The actions of a Gymnasium action space.

    Args:
        space: Discrete or Box; None where only names are known, which then are of discrete actions.
        names: names for them, or None.
        usual: the names that are used without ``names``, where they are as many.

    Raises:
        InvalidArgument: when they are not as many as the actions, or the space is of another kind.
        BoxError: when neither names nor a space are known.
    """
    given = None if names is None else unique_names("actions", names)
    if space is None:
        if given is None:
            raise BoxError(
                "the actions are not known. Pass actions=['left', 'right'], their names in order, or "
                "environment='CartPole-v1', the id of the environment that the agent is for."
            )
        return Actions(given)
    kind = type(space).__name__
    if kind not in {"Discrete", "Box"}:
        raise InvalidArgument(
            f"the actions of a policy must be Discrete or a Box, but they are {visible(space)}. Write a function of a "
            "batch of observations that gives the numbers to look at, and pass it to fv.black_box with outputs=[...]."
        )
    count = int(space.n) if kind == "Discrete" else int(np.prod(space.shape))
    start = int(space.start) if kind == "Discrete" else 0
    if given is not None and len(given) != count:
        raise InvalidArgument(
            f"actions= names {len(given)} actions ({visible(', '.join(given), 100)}), but there are {count}: "
            f"{visible(space, 100)}."
        )
    if given is None:
        given = tuple(usual) if len(usual) == count else tuple(f"action {start + i}" for i in range(count))
    return Actions(given, kind == "Discrete", start)


def stepper(space: Any) -> Callable[[Any], Any]:
    """A function from what an agent chose to what ``step`` of an environment with this action space takes.

    A whole number or array of one becomes an int for Discrete; numbers of the right count become an array of the
    shape and dtype of a Box. What other spaces hold is given as it is. The function raises

    - BoxError for another count of numbers: the agent is for other actions;
    - AnswerTypeError for what is no number, is not finite, or is not the number of an action.
    """
    kind = type(space).__name__
    if kind == "Discrete":
        first, last = int(space.start), int(space.start) + int(space.n) - 1
        # Whole numbers, which most agents choose, are let through first: half of a fast environment's step.
        return lambda a: int(a) if isinstance(a, _WHOLE) and first <= a <= last else _discrete(a, space, first, last)
    if kind != "Box":
        return lambda action: action
    shape, dtype = space.shape, space.dtype

    def step(action: Any) -> NDArray[Any]:
        is_numbers = isinstance(action, np.ndarray) and action.shape == shape and action.dtype.kind in "fiu"
        fits = is_numbers and np.isfinite(action).all()
        return action.astype(dtype) if fits else _continuous(action, space)

    return step


def _discrete(action: Any, space: Any, first: int, last: int) -> int:
    numbers = _numbers(action, 1, space, "a single whole number")
    number = float(numbers.reshape(()))
    if number != int(number) or not first <= number <= last:
        raise AnswerTypeError(f"the agent chose action {number:g}, but the actions are {first} to {last}.")
    return int(number)


def _continuous(action: Any, space: Any) -> NDArray[Any]:
    shape: tuple[int, ...] = space.shape
    numbers = _numbers(action, int(np.prod(shape)), space, f"of shape {shape}")
    return numbers.reshape(shape).astype(space.dtype)


def _numbers(action: Any, count: int, space: Any, expected: str) -> NDArray[np.float64]:
    try:
        numbers = np.asarray(action, dtype=np.float64)
    except (TypeError, ValueError):
        raise AnswerTypeError(f"an action must be of numbers, but the agent chose {shown(action)}.") from None
    if numbers.size != count:
        raise BoxError(
            f"the agent chose an action of shape {numbers.shape}, but an action is {expected}: {visible(space, 100)}. "
            "Does it give preferences? Then wrap it: fv.policy(agent, environment=...)."
        )
    if not np.isfinite(numbers).all():
        raise AnswerTypeError(f"an action must be finite, but the agent chose {shown(action)}.")
    return numbers
