"""Callables as black boxes: of a whole batch, or of one input at a time, ordinary or asynchronous."""

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from featviz.batches import batch_length
from featviz.black_boxes.answers import rows_of
from featviz.black_boxes.base import BlackBox, Preprocess
from featviz.black_boxes.event_loops import EventLoopThread
from featviz.black_boxes.threads import call_each
from featviz.checks import finite, integer
from featviz.errors import BoxError, WrongType
from featviz.text import visible

__all__ = ["DEFAULT_OUTPUT", "FunctionBox"]

DEFAULT_OUTPUT = "output"
_MOST_AT_ONCE = 1_000


class FunctionBox(BlackBox):
    """A function from a batch of inputs to a row of numbers each.

    Args:
        function: takes the batch, or one input where ``per_input``. It may be asynchronous (``async def``): it is
            awaited on an event loop of the box's own, which lives as long as the box.
        outputs: the names of its k outputs; without them it has one, called "output".
        name: a label; the function's own name by default.
        per_input: whether the function takes one input at a time. An input on which it raises then costs no other
            input anything, not even a second call.
        concurrency: calls that may run at a time, with ``per_input``: awaited together where the function is
            asynchronous, in threads where it is not. It helps functions that wait (for a service, a disk, a device),
            and the answers are the same for any number.
        timeout: seconds after which a call counts as failed. An asynchronous call is cancelled. Another one cannot be
            ended: it goes on in the background in its thread, and what must really end belongs in a command,
            ``black_box([...])``.
        preprocess: applied to the batch first.

    Raises:
        WrongType: when ``function`` cannot be called.
    """

    def __init__(
        self,
        function: Callable[[Any], Any],
        *,
        outputs: Any = None,
        name: str | None = None,
        per_input: bool = False,
        concurrency: int = 1,
        timeout: float | None = None,
        preprocess: Preprocess | None = None,
    ) -> None:
        if not callable(function):
            raise WrongType(f"a black box must be callable, but this is a {type(function).__name__}.")
        if not isinstance(per_input, bool):
            raise WrongType(f"per_input must be True or False, but it is {per_input!r}.")
        self._function = function
        self._is_async = _is_async(function)
        self._per_input = per_input
        self._concurrency = integer("concurrency", concurrency, 1, _MOST_AT_ONCE)
        self._timeout = None if timeout is None else finite("timeout", timeout, 0.0, exclusive=True)
        self._loop: EventLoopThread | None = None
        self._named = outputs is not None
        self._fits = False  # whether it has answered with as many numbers as it has outputs
        label = name if name is not None else _own_name(function)
        super().__init__(name=label, outputs=[DEFAULT_OUTPUT] if outputs is None else outputs, preprocess=preprocess)

    def answer(self, inputs: Any) -> Any:
        """What the function returns; see :class:`BlackBox`."""
        n = batch_length(inputs)
        if self._per_input:
            return self._answer_each([_one(inputs, row) for row in range(n)])
        if self._is_async or self._timeout is not None:
            answers, errors = self._called([inputs])
            if errors:
                raise errors[0]
            answer = answers[0]
        else:
            answer = self._function(inputs)
        self._check_form(answer, n)
        return answer

    def close(self) -> None:
        """End the event loop of an asynchronous function, and cancel what still runs there."""
        if self._loop is not None:
            self._loop.close()

    def _answer_each(self, things: list[Any]) -> Any:
        answers, raised = self._called(things)
        errors: dict[int, Exception] = {}
        for row, error in raised.items():
            if isinstance(error, BoxError | MemoryError) or not isinstance(error, Exception):
                raise error
            errors[row] = error
        shape = _shape([answer for row, answer in enumerate(answers) if row not in errors][:1])
        if shape is not None and not self._fits:
            self._check_columns(shape[1:])
        found = rows_of(answers, errors, self.outputs)
        self._fits = True
        return found

    def _called(self, things: Sequence[Any]) -> tuple[list[Any], dict[int, BaseException]]:
        """What the function returns for each of ``things``, and what it raises, by position."""
        if self._is_async:
            if self._loop is None or not self._loop.usable:
                self._loop = EventLoopThread()
            return self._loop.call_each(self._function, things, concurrency=self._concurrency, timeout=self._timeout)
        if self._concurrency > 1 or self._timeout is not None:
            return call_each(self._function, things, concurrency=self._concurrency, timeout=self._timeout)
        answers: list[Any] = []
        errors: dict[int, BaseException] = {}
        for row, thing in enumerate(things):
            try:
                answers.append(self._function(thing))
            except (BoxError, MemoryError):
                raise
            except Exception as error:  # noqa: BLE001  a black box may fail in any way; kept with its row
                answers.append(None)
                errors[row] = error
        return answers, errors

    def _check_form(self, answer: Any, n: int) -> None:
        """Tell a mistake in how the box was made, which fails on every batch, from one bad answer."""
        shape = _shape(answer)
        k = len(self.outputs)
        if self._fits or shape is None or n == 1:
            return
        if shape == () or (k > 1 and shape == (k,) and k != n):
            raise BoxError(
                f"{visible(self.name)} answered with a single {'number' if shape == () else 'row'} for {n} inputs. "
                "Does it take one input at a time? Then pass per_input=True; otherwise return one row an input."
            )
        if shape[:1] == (n,):
            self._check_columns(shape[1:])
            self._fits = True

    def _check_columns(self, columns: tuple[int, ...]) -> None:
        k = len(self.outputs)
        came = columns[0] if columns else 1
        if len(columns) > 1 or came == k:
            return
        if not self._named and came > 1:
            raise BoxError(
                f"{visible(self.name)} answers with {came} numbers an input, and their names are not known. "
                f"Pass outputs=[...] with {came} names."
            )
        if self._named and came >= 1:
            raise BoxError(
                f"{visible(self.name)} answers with {came} number{'s' if came > 1 else ''} an input, but outputs= "
                f"names {k}. Name as many as it gives, or return {k} numbers an input."
            )


def _is_async(function: Callable[[Any], Any]) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004  its method, not whether it has one


def _own_name(function: Callable[[Any], Any]) -> str:
    named = getattr(function, "__name__", None)
    if not isinstance(named, str) or not named:
        named = type(function).__name__
    return "function" if named == "<lambda>" else named


def _shape(answer: Any) -> tuple[int, ...] | None:
    """The shape of an answer of numbers, or None where it has none, or is left to ``as_outputs`` to refuse."""
    if isinstance(answer, dict | str) or answer is None:
        return None
    try:
        array = np.asarray(answer)
    except Exception:  # noqa: BLE001  ragged lists and objects of any kind
        return None
    return array.shape if array.dtype.kind in "fiu" else None


def _one(batch: Any, row: int) -> Any:
    """One input of a batch, without the batch's axis."""
    if isinstance(batch, dict):
        return {name: _one(part, row) for name, part in batch.items()}
    if isinstance(batch, tuple):
        return tuple(_one(part, row) for part in batch)
    return batch.iloc[row] if hasattr(batch, "iloc") else batch[row]
