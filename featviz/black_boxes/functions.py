"""Callables as black boxes: of a whole batch, or of one input at a time."""

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from featviz.batches import batch_length
from featviz.black_boxes.answers import rows_of
from featviz.black_boxes.base import BlackBox, Preprocess
from featviz.errors import BoxError, WrongType
from featviz.text import visible

__all__ = ["DEFAULT_OUTPUT", "FunctionBox"]

DEFAULT_OUTPUT = "output"


class FunctionBox(BlackBox):
    """A function from a batch of inputs to a row of numbers each.

    Args:
        function: takes the batch, or one input where ``per_input``.
        outputs: the names of its k outputs; without them it has one, called "output".
        name: a label; the function's own name by default.
        per_input: whether the function takes one input at a time. An input on which it raises then costs no other
            input anything, not even a second call.
        preprocess: applied to the batch first.

    Raises:
        WrongType: when ``function`` cannot be called or is asynchronous.
    """

    def __init__(
        self,
        function: Callable[[Any], Any],
        *,
        outputs: Any = None,
        name: str | None = None,
        per_input: bool = False,
        preprocess: Preprocess | None = None,
    ) -> None:
        if not callable(function):
            raise WrongType(f"a black box must be callable, but this is a {type(function).__name__}.")
        if inspect.iscoroutinefunction(function):
            raise WrongType("an async function cannot be a black box: wrap it, as in lambda x: asyncio.run(f(x)).")
        if not isinstance(per_input, bool):
            raise WrongType(f"per_input must be True or False, but it is {per_input!r}.")
        self._function = function
        self._per_input = per_input
        self._named = outputs is not None
        label = name if name is not None else _own_name(function)
        super().__init__(name=label, outputs=[DEFAULT_OUTPUT] if outputs is None else outputs, preprocess=preprocess)

    def answer(self, inputs: Any) -> Any:
        """What the function returns; see :class:`BlackBox`."""
        if self._per_input:
            return self._answer_each(inputs)
        answer = self._function(inputs)
        self._check_form(answer, batch_length(inputs))
        return answer

    def _answer_each(self, inputs: Any) -> Any:
        answers: list[Any] = []
        errors: dict[int, Exception] = {}
        for row in range(batch_length(inputs)):
            try:
                answers.append(self._function(_one(inputs, row)))
            except MemoryError:
                raise
            except Exception as error:  # noqa: BLE001  a black box may fail in any way; kept with its row
                answers.append(None)
                errors[row] = error
        shape = _shape([answer for row, answer in enumerate(answers) if row not in errors][:1])
        if not self._named and shape is not None:
            self._check_columns(shape[1:])
        return rows_of(answers, errors, self.outputs)

    def _check_form(self, answer: Any, n: int) -> None:
        """Tell a mistake in how the box was made, which fails on every batch, from one bad answer."""
        shape = _shape(answer)
        k = len(self.outputs)
        if shape is None or n == 1:
            return
        if shape == () or (k > 1 and shape == (k,) and k != n):
            raise BoxError(
                f"{visible(self.name)} answered with a single {'number' if shape == () else 'row'} for {n} inputs. "
                "Does it take one input at a time? Then pass per_input=True; otherwise return one row an input."
            )
        if not self._named and shape[:1] == (n,):
            self._check_columns(shape[1:])

    def _check_columns(self, columns: tuple[int, ...]) -> None:
        if len(columns) == 1 and columns[0] > 1:
            k = columns[0]
            raise BoxError(
                f"{visible(self.name)} answers with {k} numbers an input, and their names are not known. "
                f"Pass outputs=[...] with {k} names."
            )


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
