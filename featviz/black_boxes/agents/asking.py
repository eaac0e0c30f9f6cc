"""The ways in which an agent is asked: a function of observations, or an object with ``predict``."""

import inspect
import math
import numbers
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.batches import batch_length, take_one
from featviz.black_boxes.agents.actions import Actions
from featviz.black_boxes.answers import as_outputs, rows_of
from featviz.errors import BoxError, RowsFailed
from featviz.text import shown, visible

__all__ = ["ASKS", "FORMS", "Agent", "FunctionAgent", "PredictAgent", "answers_predict", "chosen_of"]

Rows = NDArray[np.float64]

ASKS = ("preference", "probability", "value", "action")
# What each form of a function's answers can tell; the first is asked when nobody says.
FORMS = {
    "logits": ("preference", "probability", "action"),
    "probabilities": ("preference", "probability", "action"),
    "values": ("preference", "value", "action"),
    "chosen": ("action",),
    "components": ("action",),
}
# As for estimators: log(0) is no number to climb.
_LOG_ZERO = math.log(np.finfo(np.float64).tiny)


class Agent(ABC):
    """Something with a policy.

    Args:
        actions: what it can do.
        asks: what it can tell, of :data:`ASKS`; the first is asked when nobody says.
        noisy: whether equal observations may get different answers.
    """

    def __init__(self, actions: Actions, asks: tuple[str, ...], *, noisy: bool | None) -> None:
        self.actions, self.asks, self.noisy = actions, asks, noisy

    @abstractmethod
    def answer(self, ask: str, observations: Any) -> Rows:
        """What is asked, for n observations: float64 of shape (n, k), or (n, 1) for "value".

        For "action" the chosen one: 1 for it and 0 for the others, or its k numbers.
        """


class FunctionAgent(Agent):
    """A function, or a black box, that gives numbers for observations.

    Args:
        function: of a batch of observations, or of one where ``per_input``.
        actions: what the agent can do.
        form: what the numbers are, of :data:`FORMS`.
        per_input: see above.
    """

    def __init__(self, function: Callable[[Any], Any], actions: Actions, form: str, *, per_input: bool) -> None:
        super().__init__(actions, FORMS[form], noisy=getattr(function, "noisy", None))
        self._function, self._form, self._per_input = function, form, per_input
        self._names = ("chosen action",) if form == "chosen" else actions.names

    def answer(self, ask: str, observations: Any) -> Rows:
        """See :class:`Agent`."""
        if self._per_input:
            return _each(self._called, observations, self._names, lambda rows: self._turned(ask, rows))
        return _turned_rows(
            lambda: _numbers_of(self._called(observations), batch_length(observations), self._names),
            lambda rows: self._turned(ask, rows),
        )

    def _called(self, observations: Any) -> Any:
        answer = _plain(self._function(observations))
        return _whole(answer) if self._form == "chosen" else answer

    def _turned(self, ask: str, rows: Rows) -> Rows:
        if self._form == "chosen":
            return self.actions.one_hot(rows[:, 0])
        if self._form == "components":
            return rows
        if ask == "action":
            return _one_hot_of_best(rows)
        if ask == "value":
            return _best(rows)
        if ask == "preference" and self._form == "probabilities":
            with np.errstate(divide="ignore", invalid="ignore"):
                logs = np.log(rows)
            return np.where(logs == -np.inf, _LOG_ZERO, logs)
        return _softmax(rows) if ask == "probability" and self._form == "logits" else rows


class PredictAgent(Agent):
    """An object with ``predict``, in the style of Stable-Baselines3; known by its methods, which are looked for.

    ``predict(observations, deterministic=True)`` gives the chosen actions. Where there are, ``policy.get_distribution``
    gives the log-probabilities, ``policy.predict_values`` the values, and ``q_net`` the preferences of a Q-network;
    what these take is made by ``policy.obs_to_tensor``.

    Args:
        thing: the object, or its policy.
        actions: what it can do.
        deterministic: whether it takes the best action, or one by chance.
        per_input: whether ``predict`` takes one observation at a time.
    """

    def __init__(self, thing: Any, actions: Actions, *, deterministic: bool, per_input: bool) -> None:
        self._thing, self._policy = thing, getattr(thing, "policy", thing)
        self._deterministic, self._per_input = deterministic, per_input
        self._distribution = actions.discrete and _takes_one(getattr(self._policy, "get_distribution", None))
        self._q: Any = getattr(thing, "q_net", None) or getattr(self._policy, "q_net", None)
        self._values = _takes_one(getattr(self._policy, "predict_values", None))
        asks = []
        if not per_input:
            asks += ["preference"] if self._distribution or self._q is not None else []
            asks += ["probability"] if self._distribution else []
        asks.append("action")
        if not per_input and (self._values or self._q is not None):
            asks.append("value")
        super().__init__(actions, tuple(asks), noisy=not deterministic)

    def answer(self, ask: str, observations: Any) -> Rows:
        """See :class:`Agent`."""
        with _no_gradients():
            return self._chosen(observations) if ask == "action" else self._told(ask, observations)

    def _told(self, ask: str, observations: Any) -> Rows:
        n = batch_length(observations)
        switch = getattr(self._policy, "set_training_mode", None)
        if callable(switch):  # as predict does
            switch(False)
        given = self._given(observations)
        if ask == "value" and self._values:
            return _numbers_of(_plain(self._policy.predict_values(given)), n, ("value",))
        if not self._distribution:
            values = _numbers_of(_plain(self._q(given)), n, self.actions.names)
            return _best(values) if ask == "value" else values
        told = self._policy.get_distribution(given)
        told = getattr(told, "distribution", told)
        return _numbers_of(_plain(told.logits if ask == "preference" else told.probs), n, self.actions.names)

    def _given(self, observations: Any) -> Any:
        convert = getattr(self._policy, "obs_to_tensor", None)
        if not callable(convert):
            return observations
        given = convert(observations)
        return given[0] if isinstance(given, tuple) else given

    def _chosen(self, observations: Any) -> Rows:
        names = ("chosen action",) if self.actions.discrete else self.actions.names
        takes_option = _takes(self._thing.predict, "deterministic")
        option = {"deterministic": self._deterministic} if takes_option else {}

        def turned(rows: Rows) -> Rows:
            return self.actions.one_hot(rows[:, 0]) if self.actions.discrete else rows

        def predict(given: Any) -> Any:
            return chosen_of(self._thing.predict(given, **option))

        if self._per_input:
            return _each(predict, observations, names, turned)
        n = batch_length(observations)
        return _turned_rows(lambda: _numbers_of(_flat(predict(observations), n), n, names), turned)


def answers_predict(thing: Any) -> bool:
    """Whether ``thing`` is an object with ``predict``."""
    return not inspect.isclass(thing) and callable(getattr(thing, "predict", None))


def chosen_of(answer: Any) -> Any:
    """The actions in what ``predict`` returned: ``(actions, state)``, or the actions alone."""
    return _whole(_plain(answer[0] if isinstance(answer, tuple) and len(answer) == 2 else answer))


def _numbers_of(answer: Any, n: int, names: tuple[str, ...]) -> Rows:
    """The answer to n observations as float64 of shape (n, k); another k is a mistake in how the box was made."""
    answer = _plain(answer)
    k = len(names)
    of_numbers = isinstance(answer, numbers.Number | np.ndarray | list | tuple)
    shape = np.asarray(answer, dtype=object).shape if of_numbers and n > 1 else None
    if shape == () or (k > 1 and shape == (k,) and k != n):
        raise BoxError(
            f"the agent answered with a single {'number' if shape == () else 'row'} for {n} observations. Does it take "
            "one at a time? Then pass per_input=True."
        )
    if shape is not None and shape[0] == n and len(shape) <= 2:
        columns = shape[1] if len(shape) == 2 else 1
        if columns != k:
            raise BoxError(
                f"the agent gave {_counted(columns, 'number')} an observation, but there should be {k}: "
                f"{visible(', '.join(names), 200)}. Name as many actions as it has, or say with form= what its "
                "numbers are."
            )
    return as_outputs(answer, n, names)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _each(
    function: Callable[[Any], Any], observations: Any, names: tuple[str, ...], turn: Callable[[Rows], Rows]
) -> Rows:
    answers: list[Any] = []
    errors: dict[int, Exception] = {}
    for row in range(batch_length(observations)):
        try:
            answers.append(_squeezed(_plain(function(take_one(observations, row)))))
        except (BoxError, MemoryError):
            raise
        except Exception as error:  # noqa: BLE001  an agent may fail in any way; kept with its row
            answers.append(None)
            errors[row] = error
    return _turned_rows(lambda: rows_of(answers, errors, names), turn)


def _turned_rows(ask: Callable[[], Rows], turn: Callable[[Rows], Rows]) -> Rows:
    """``turn(ask())``, also where some rows failed; what else fails in ``turn`` joins them."""
    errors: dict[int, Exception] = {}
    try:
        rows = ask()
    except RowsFailed as error:
        rows, errors = error.outputs, error.errors
    try:
        turned = turn(rows)
    except RowsFailed as error:
        turned, errors = error.outputs, {**error.errors, **errors}
    if errors:
        first = errors[min(errors)]
        raise RowsFailed(f"{len(errors)} of {len(rows)} inputs failed, such as: {first}", turned, errors)
    return turned


def _one_hot_of_best(rows: Rows) -> Rows:
    best = np.zeros_like(rows)
    best[np.arange(len(rows)), np.argmax(rows, axis=1)] = 1
    best[np.isnan(rows).any(axis=1)] = np.nan
    return best


def _best(rows: Rows) -> Rows:
    best: Rows = rows.max(axis=1, keepdims=True)
    return best


def _softmax(rows: Rows) -> Rows:
    with np.errstate(invalid="ignore"):
        powers = np.exp(rows - rows.max(axis=1, keepdims=True))
    shares: Rows = powers / powers.sum(axis=1, keepdims=True)
    return shares


def _plain(value: Any) -> Any:
    """A tensor as a numpy array; anything else as it is. torch is not imported for the question."""
    if callable(getattr(value, "detach", None)):
        value = value.detach()
        return np.asarray(value.cpu().numpy() if callable(getattr(value, "cpu", None)) else value)
    return value


def _whole(chosen: Any) -> Any:
    """Truth values as 0 and 1: of two actions, "is it the second?" is a choice."""
    array = np.asarray(chosen) if isinstance(chosen, bool | np.bool_ | np.ndarray) else None
    return chosen if array is None or array.dtype != np.bool_ else array.astype(np.int64)


def _flat(actions: Any, n: int) -> Any:
    """Actions of any shape as one row each."""
    if isinstance(actions, Mapping) or np.shape(actions)[:1] != (n,):
        raise BoxError(
            f"predict was given {n} observations, and answered with {shown(actions)}. "
            "Does it take one at a time? Then pass per_input=True."
        )
    return np.reshape(actions, (n, -1))


def _squeezed(answer: Any) -> Any:
    return answer.reshape(-1) if isinstance(answer, np.ndarray) and answer.ndim > 1 else answer


def _takes(function: Any, option: str) -> bool:
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):
        return False
    return option in parameters or any(p.kind is p.VAR_KEYWORD for p in parameters.values())


def _takes_one(function: Any) -> bool:
    """Whether it can be called with one argument; a recurrent policy needs its state besides."""
    if not callable(function):
        return False
    try:
        inspect.signature(function).bind(None)
    except (TypeError, ValueError):
        return False
    return True


def _no_gradients() -> AbstractContextManager[Any]:
    # An agent of torch has imported it already.
    torch = sys.modules.get("torch")
    return nullcontext() if torch is None else torch.no_grad()
