"""Finding the inputs of a batch that fail, so that they do not cost the others their answers."""

import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import featviz.errors
from featviz.errors import AnswerShapeError, AnswerTypeError, ProcessDied, RowsFailed
from featviz.evaluation.status import Status
from featviz.text import first_line, shown, visible

__all__ = ["PROBES", "Answers", "Failure", "failure_of", "isolate"]

Rows = NDArray[np.intp]

# How many inputs, spread over a batch that failed, are asked alone before the rest is given up unasked.
PROBES = 8
# Inputs sent, as a multiple of the batch, after which halving is given up for asking each input that is left alone.
# To find a single bad input by halves takes 2, after the 1 of the whole batch.
_HALVING = 3

_PACKAGE = Path(featviz.errors.__file__).parent


@dataclass(frozen=True)
class Failure:
    """Why a row failed."""

    status: Status
    reason: str
    kind: str  # of two failures with one kind, the second tells nothing new


@dataclass
class Answers:
    """What came of asking for m rows.

    Args:
        outputs: float64 array of shape (m, k), NaN in rows that failed.
        statuses: uint8 array of shape (m,).
        reasons: by position among the m rows.
    """

    outputs: NDArray[np.float64]
    statuses: NDArray[np.uint8]
    reasons: dict[int, str] = field(default_factory=dict)

    def mark(self, position: int, failure: Failure, note: str = "") -> None:
        """Enter that the row at ``position`` failed."""
        self.outputs[position] = np.nan
        self.statuses[position] = failure.status
        self.reasons[position] = failure.reason + note

    def enter(self, positions: Rows, error: RowsFailed) -> None:
        """Enter the outputs at ``positions``, of which some rows failed."""
        self.outputs[positions] = error.outputs
        for row, cause in error.errors.items():
            self.mark(int(positions[row]), failure_of(cause))


def isolate(
    ask: Callable[[Rows], NDArray[np.float64]], rows: Rows, k: int, fatal: tuple[type[Exception], ...]
) -> Answers:
    """Ask for all ``rows`` at once, and where that fails, find out which of them fail.

    A batch fails as a whole with an exception, or an answer of the wrong shape or type. Then eight of its inputs,
    spread evenly, are asked alone, up to the first that is answered. When all eight fail in the same way as each other
    (the same status and class of exception), the others are marked with that status too, and a good one among them is
    lost: their reason says that they were not asked alone. Where half of the inputs are good, that happens to one
    batch in 256. Otherwise the batch is halved, and a half that fails is halved again, down to single inputs; once 3 n
    inputs were sent for n, those that are left are asked alone.

    So one bad input of n costs about 2 log2(n) further calls and 2 n inputs sent again, a box that always fails 8 of
    either, and no batch more than 2 n + 9 calls or 5 n + 8 inputs in all. A :class:`RowsFailed` that the box raises
    tells which rows failed, and nothing is asked again.

    Args:
        ask: the answer of shape (m, k) for m rows; may raise.
        rows: int array of shape (m,), at least one.
        k: the number of columns.
        fatal: exceptions that are about more than these inputs, and are raised. ``MemoryError`` is always raised,
            and so is what is no ``Exception``, such as ``KeyboardInterrupt``.
    """
    asked = _Asked(ask, rows, k, (*fatal, MemoryError))
    everything = np.arange(len(rows))
    if asked.fails(everything) is None or len(rows) == 1:
        return asked.answers
    if len(rows) > PROBES:
        probes = np.linspace(0, len(rows) - 1, PROBES).astype(np.intp)
        failure = _common_failure(asked, probes)
        if failure is not None:
            note = f" (not asked alone: the batch failed, and so did each of {PROBES} of its {len(rows)} inputs alone)"
            for position in np.setdiff1d(everything, probes):
                asked.answers.mark(int(position), failure, note)
            return asked.answers
    _bisect(asked, np.flatnonzero(~asked.known))
    return asked.answers


class _Asked:
    """The answers so far, and which positions are known to be good or bad."""

    def __init__(
        self, ask: Callable[[Rows], NDArray[np.float64]], rows: Rows, k: int, raised: tuple[type[Exception], ...]
    ) -> None:
        self._ask = ask
        self._rows = rows
        self._raised = raised
        self.answers = Answers(np.full((len(rows), k), np.nan), np.zeros(len(rows), dtype=np.uint8))
        self.known = np.zeros(len(rows), dtype=bool)
        self.sent = 0

    def fails(self, positions: Rows) -> Failure | None:
        """Ask for ``positions``: None when they are known afterwards; what went wrong when they are not, or are one."""
        self.sent += len(positions)
        whole = len(positions) == len(self._rows)
        try:
            outputs = self._ask(self._rows if whole else self._rows[positions])
        except self._raised:
            raise
        except RowsFailed as error:
            fault = _fault_of(error, (len(positions), self.answers.outputs.shape[1]))
            if fault is not None:
                return self._enter_failure(positions, AnswerShapeError(fault))
            self.known[positions] = True
            self.answers.enter(positions, error)
            return failure_of(next(iter(error.errors.values()))) if len(positions) == 1 else None
        except Exception as error:  # noqa: BLE001  a black box may fail in any way; the status and reason are kept
            return self._enter_failure(positions, error)
        self.known[positions] = True
        self.answers.outputs[positions] = outputs
        return None

    def _enter_failure(self, positions: Rows, error: Exception) -> Failure:
        failure = failure_of(error)
        if len(positions) == 1:
            self.known[positions] = True
            self.answers.mark(int(positions[0]), failure)
        return failure

    def may_halve(self) -> bool:
        """Whether few enough inputs were sent to go on by halves."""
        return self.sent <= _HALVING * len(self._rows) + PROBES


def _fault_of(error: RowsFailed, shape: tuple[int, int]) -> str | None:
    """What is wrong with a ``RowsFailed`` that a box raised of a batch with outputs of ``shape``, or None."""
    errors = getattr(error, "errors", None)
    rows = range(shape[0])
    if not isinstance(errors, dict) or not errors:
        return "the box raised RowsFailed without saying which rows failed. Pass errors={row: exception}."
    wrong = [row for row in errors if not isinstance(row, int | np.integer) or row not in rows]
    if wrong:
        return f"the box raised RowsFailed with an error for row {shown(wrong[0])} of a batch of {shape[0]}."
    strange = [cause for cause in errors.values() if not isinstance(cause, Exception)]
    if strange:
        return f"the box raised RowsFailed, and the error of a row is {shown(strange[0])}. Pass exceptions."
    outputs = getattr(error, "outputs", None)
    if isinstance(outputs, np.ndarray) and outputs.dtype.kind in "fiu" and outputs.shape == shape:
        return None
    came = f"shape {outputs.shape} and {outputs.dtype}" if isinstance(outputs, np.ndarray) else shown(outputs)
    return f"the box raised RowsFailed with outputs that should be an array of numbers of shape {shape}: {came}."


def _common_failure(asked: _Asked, probes: Rows) -> Failure | None:
    first: Failure | None = None
    for position in probes:
        failure = asked.fails(np.array([position]))
        if failure is None or (first is not None and failure.kind != first.kind):
            return None
        first = first or failure
    return first


def _bisect(asked: _Asked, unknown: Rows) -> None:
    pending = [half for half in reversed(np.array_split(unknown, 2)) if len(half)]
    while pending:
        positions = pending.pop()
        if len(positions) > 1 and not asked.may_halve():
            pending.extend(reversed(np.array_split(positions, len(positions))))
        elif asked.fails(positions) is not None and len(positions) > 1:
            pending.extend(reversed(np.array_split(positions, 2)))


def failure_of(error: Exception) -> Failure:
    """The status, and the reason in one safe line, that ``error`` amounts to."""
    if isinstance(error, AnswerShapeError | AnswerTypeError):
        status = Status.SHAPE if isinstance(error, AnswerShapeError) else Status.TYPE
        return Failure(status, visible(str(error), 500), status.name)
    if isinstance(error, TimeoutError):
        return Failure(Status.TIMEOUT, first_line(error), Status.TIMEOUT.name)
    if isinstance(error, ProcessDied):
        return Failure(Status.WORKER_DIED, first_line(error), Status.WORKER_DIED.name)
    return Failure(Status.EXCEPTION, first_line(error) + _where(error), type(error).__name__)


def _where(error: Exception) -> str:
    """`` (model.py:12)``: the innermost line of the user's own code, since the traceback itself is not kept."""
    frames: list[Any] = list(traceback.walk_tb(error.__traceback__))
    for frame, line in reversed(frames):
        path = Path(frame.f_code.co_filename)
        if _PACKAGE not in path.parents and not {"site-packages", "dist-packages"} & set(path.parts):
            return f" ({visible(path.name, 60)}:{line})"
    return ""
