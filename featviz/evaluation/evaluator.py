"""The evaluator: boxes are asked, what they answer is guarded, and the objective gives the scores."""

import copy
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.batches import batch_length, take
from featviz.black_boxes import as_outputs
from featviz.errors import (
    AnswerShapeError,
    AnswerTypeError,
    BoxError,
    InvalidArgument,
    RowsFailed,
    WrongType,
)
from featviz.evaluation.isolation import Answers, Failure, failure_of, isolate
from featviz.evaluation.ledger import Ledger
from featviz.evaluation.outcome import Outcome
from featviz.evaluation.status import Status
from featviz.protocols import Box, ScoreFunction
from featviz.text import visible

__all__ = ["Evaluator"]

Rows = NDArray[np.intp]
Outputs = NDArray[np.float64]
Mask = NDArray[np.bool_]
# Looked up once: a member of an enumeration costs a microsecond each time in Python 3.11.
_OK = int(Status.OK)
_INVALID = Failure(Status.INFEASIBLE, "the space calls this input invalid; no box was asked.", Status.INFEASIBLE.name)


class Evaluator:
    """Evaluates batches of inputs by an objective. A failed evaluation is a status with a reason, never a number.

    - An exception, or an answer of a wrong shape or type, costs the inputs that cause it and no others; see
      :func:`~featviz.evaluation.isolation.isolate` for how they are found and what that costs.
    - Every output must be finite, also those that the objective does not use; so must the score.
    - A box is not asked about inputs on which a box before it failed.
    - A box is given a copy of the inputs, so that it cannot damage those that are stored. A read-only view would make
      ``x *= 255`` in a user's function fail. Measured: 15 µs for 20 pictures of 128 x 64 in float32. Objects
      of a type that is neither numpy's nor pandas' nor built into Python are given as they are.
    - ``BoxError`` (the box can take no input of this form), ``MemoryError``, ``KeyboardInterrupt`` and ``SystemExit``
      pass through.

    Args:
        objective: which boxes to ask and how to score; None when the caller brings scores to :meth:`judge`.
    """

    def __init__(self, objective: ScoreFunction | None) -> None:
        self.objective = objective
        self.ledger = Ledger()
        self._boxes: tuple[Box, ...] = () if objective is None else objective.boxes
        self._output_names = ("score",) if objective is None else _output_names(self._boxes)

    @property
    def output_names(self) -> tuple[str, ...]:
        """The names of the K outputs: those of the box, or ``"box/output"`` with several; "score" without any."""
        return self._output_names

    def evaluate(self, inputs: Any, valid: Mask | None = None) -> Outcome:
        """Ask every box about a batch of n inputs.

        Args:
            inputs: the batch.
            valid: bool (n,), False for inputs that the space calls invalid: no box is asked about them. None when all
                are valid.

        Raises:
            BoxError: when a box can take no input of this form.
            InvalidArgument: when there is no objective, or a penalty does not fit the inputs.
        """
        if self.objective is None:
            raise InvalidArgument("without an objective there is no box to ask. Tell the scores instead.")
        n = batch_length(inputs)
        draft = self._draft(n, valid)
        column = 0
        for box in self._boxes:
            k = len(box.outputs)
            rows = np.flatnonzero(draft.statuses == _OK)
            if len(rows):
                answers = isolate(self._asking(box, inputs, n), rows, k, (BoxError,))
                draft.outputs[rows, column : column + k] = answers.outputs
                _copy_failures(answers, rows, draft)
            column += k
        return self._finish(inputs, draft)

    def judge(self, inputs: Any, outputs: Any, valid: Mask | None = None) -> Outcome:
        """The same guards and scores for ``outputs`` that the caller brought; no box is asked.

        Args:
            inputs: the batch of n inputs.
            outputs: n rows of K numbers, in any form that :func:`~featviz.black_boxes.as_outputs` reads. None or NaN
                stands for an evaluation that failed. Without an objective they are the scores, one number a row.
            valid: as in :meth:`evaluate`; what is told of an invalid input is not taken.

        Raises:
            InvalidArgument: when they are not n rows of K, so that nobody knows which belongs to which input.
        """
        n = batch_length(inputs)
        draft = self._draft(n)
        try:
            draft.outputs[:] = as_outputs(outputs, n, self._output_names) if n else 0
        except AnswerShapeError as error:
            raise InvalidArgument(f"the outputs do not fit the inputs: {error}") from error
        except RowsFailed as error:
            draft.enter(np.arange(n), error)
        except AnswerTypeError as error:
            for row in range(n):
                draft.mark(row, failure_of(error))
        _mark_invalid(draft, valid)
        return self._finish(inputs, draft)

    def _draft(self, n: int, valid: Mask | None = None) -> Answers:
        draft = Answers(np.full((n, len(self._output_names)), np.nan), np.zeros(n, dtype=np.uint8))
        _mark_invalid(draft, valid)
        return draft

    def _asking(self, box: Box, inputs: Any, n: int) -> Callable[[Rows], Outputs]:
        def ask(rows: Rows) -> Outputs:
            batch = _own(inputs if len(rows) == n else take(inputs, rows))
            began = time.perf_counter()
            try:
                answer = box(batch)
            finally:
                self.ledger.count_call(len(rows), time.perf_counter() - began)
            return as_outputs(answer, len(rows), box.outputs)

        return ask

    def _finish(self, inputs: Any, draft: Answers) -> Outcome:
        """Guard the outputs, score what is left, guard the scores, and count what failed."""
        self._refuse_nonfinite(draft)
        scores = np.full(len(draft.statuses), np.nan)
        rows = np.flatnonzero(draft.statuses == _OK)
        if len(rows):
            scored = self._scored(inputs, draft, rows)
            scores[rows] = scored.outputs[:, 0]
            _copy_failures(scored, rows, draft, "the objective failed: ")
            for row in rows[(scored.statuses == _OK) & ~np.isfinite(scores[rows])]:
                reason = f"the score is {scores[row]}, although every output is finite."
                draft.mark(int(row), Failure(Status.NONFINITE, reason, Status.NONFINITE.name))
        failed = draft.statuses != _OK
        draft.outputs[failed] = np.nan
        scores[failed] = np.nan
        self.ledger.count_failures(draft.statuses)
        return Outcome(draft.outputs, scores, draft.statuses, draft.reasons)

    def _refuse_nonfinite(self, draft: Answers) -> None:
        bad = ~np.isfinite(draft.outputs) & (draft.statuses == _OK)[:, None]
        for row in np.flatnonzero(bad.any(axis=1)):
            column = int(np.argmax(bad[row]))
            name, value = visible(self._output_names[column], 60), draft.outputs[row, column]
            reason = f"output {name!r} is {value}; every output must be a finite number."
            draft.mark(int(row), Failure(Status.NONFINITE, reason, Status.NONFINITE.name))

    def _scored(self, inputs: Any, draft: Answers, rows: Rows) -> Answers:
        objective = self.objective
        if objective is None:
            return Answers(draft.outputs[rows], np.zeros(len(rows), dtype=np.uint8))
        ends = np.cumsum([0, *(len(box.outputs) for box in self._boxes)])
        n = len(draft.statuses)

        def score(some: Rows) -> Outputs:
            batch = _read_only(inputs if len(some) == n else take(inputs, some))
            parts = [draft.outputs[some, a:b] for a, b in pairwise(ends)]
            return as_outputs(objective.score(parts, batch), len(some), ("score",))

        return isolate(score, rows, 1, (InvalidArgument, WrongType))


def _output_names(boxes: Sequence[Box]) -> tuple[str, ...]:
    if len(boxes) == 1:
        return boxes[0].outputs
    labels: list[str] = []
    for box in boxes:
        label, count = box.name, 1
        while label in labels:
            count += 1
            label = f"{box.name} {count}"
        labels.append(label)
    return tuple(f"{label}/{output}" for label, box in zip(labels, boxes, strict=True) for output in box.outputs)


def _copy_failures(answers: Answers, rows: Rows, draft: Answers, note: str = "") -> None:
    """Enter what failed among ``rows`` into the draft of the whole batch."""
    draft.statuses[rows] = answers.statuses
    for position, reason in answers.reasons.items():
        draft.reasons[int(rows[position])] = note + reason


def _mark_invalid(draft: Answers, valid: Mask | None) -> None:
    for row in () if valid is None else np.flatnonzero(~valid):
        draft.mark(int(row), _INVALID)


def _own(batch: Any) -> Any:
    """A batch that shares no memory that can be written to with ``batch``."""
    if isinstance(batch, dict):
        return {name: _own(part) for name, part in batch.items()}
    if isinstance(batch, tuple):
        return tuple(_own(part) for part in batch)
    if isinstance(batch, list):
        # A list of strings, which nobody can change, needs no copy of each.
        return list(batch) if set(map(type, batch)) <= {str} else copy.deepcopy(batch)
    return batch.copy() if isinstance(batch, np.ndarray) or hasattr(batch, "iloc") else batch


def _read_only(batch: Any) -> Any:
    """The batch, its arrays as views that cannot be written to: penalties have no business changing inputs."""
    if isinstance(batch, dict):
        return {name: _read_only(part) for name, part in batch.items()}
    if isinstance(batch, tuple):
        return tuple(_read_only(part) for part in batch)
    if isinstance(batch, np.ndarray):
        batch = batch.view()
        batch.flags.writeable = False
    return batch
