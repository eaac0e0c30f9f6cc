"""The desk at which the search and the person meet: one puts a batch there and waits, the other answers it."""

import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from featviz.black_boxes.human.journal import Journal, Sitting
from featviz.black_boxes.human.questions import Answer, Plan, Question

__all__ = ["Desk", "Refused"]

# Waits are cut to this, so that Ctrl-C is heard on every system.
_GLANCE = 0.5
_ID = re.compile(r"([0-9]{1,9})\.([0-9]{1,9})\.[0-9]{1,9}")


class Refused(Exception):
    """An answer that is not taken.

    Args:
        status: the HTTP status.
        reason: one line for the person.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


@dataclass
class _Open:
    """The batch on the desk."""

    sitting: Sitting
    plan: Plan
    pages: Mapping[str, str]
    taken_back: int = 0
    question: Question | None = None
    since: float = 0.0


class Desk:
    """Shared by the thread of the search and those of the server; every member takes the lock.

    Args:
        summary: what the end page says, a line each.
    """

    def __init__(self, summary: Callable[[], list[str]]) -> None:
        self._changed = threading.Condition()
        self._version = 0
        self._state = "thinking"
        self._open: _Open | None = None
        self._summary = summary
        self._last = time.monotonic()
        self._journal: Journal | None = None
        self._past: set[int] = set()
        self._used = {"answers": 0.0, "repeated answers": 0.0}

    # -- the search ----------------------------------------------------------------------------------------------

    def sit(
        self, journal: Journal, sitting: Sitting, plan: Plan, pages: Mapping[str, str], timeout: float | None
    ) -> bool:
        """Put a batch on the desk and wait until it is answered.

        Args:
            journal: where answers go at once.
            sitting: the batch; its answers so far count.
            plan: what is to be asked.
            pages: the markup of each candidate, by key.
            timeout: seconds to wait for an answer, counted anew after each; None for ever.

        Returns:
            Whether the batch is complete; False when nobody answered in time.
        """
        with self._changed:
            self._journal = journal
            self._open = _Open(sitting, plan, pages)
            self._last = time.monotonic()
            self._ask()
            try:
                while self._open.question is not None:
                    left = _GLANCE if timeout is None else min(_GLANCE, self._last + timeout - time.monotonic())
                    if left <= 0:
                        return False
                    self._changed.wait(left)
            except BaseException:
                self._show("stopped")
                raise
            finally:
                self._past.add(sitting.number)
                self._open = None
                self._show("thinking" if self._state == "asking" else self._state)
            return True

    def end(self) -> None:
        """Tell the pages that there is nothing more to come; after Ctrl-C they know already."""
        with self._changed:
            self._show("stopped" if self._state == "stopped" else "finished")

    def used(self) -> dict[str, float]:
        """Answers given at this desk, and how many of them were repeats."""
        with self._changed:
            return dict(self._used)

    # -- the person ----------------------------------------------------------------------------------------------

    def view(self) -> dict[str, Any]:
        """What a page shows now."""
        with self._changed:
            return self._view()

    def wait(self, version: int, seconds: float) -> dict[str, Any]:
        """The same, as soon as it is another than ``version``, or after so many seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._version != version, seconds)
            return self._view()

    def answer(self, question: str, value: float) -> dict[str, Any]:
        """Take an answer.

        Raises:
            Refused: when it answers no question that is open, or is none; nothing is changed.
            StorageError: when it could not be stored; it then does not count.
        """
        with self._changed:
            current = self._current(question)
            if not current.plan.accepts(value):
                raise Refused(400, "That is not one of the answers.")
            asked = current.question
            if asked is None or self._journal is None:
                raise Refused(409, "There is nothing to answer now.")
            given = Answer(asked.shown, value, asked.repeat)
            self._journal.answer(current.sitting, given, time.monotonic() - current.since)
            self._count(given, 1)
            self._ask()
            return self._view()

    def undo(self, question: str) -> dict[str, Any]:
        """Take back the answer before ``question``.

        Raises:
            Refused: when that is not the open question, or the first of the batch.
            StorageError: when it could not be stored.
        """
        with self._changed:
            current = self._current(question)
            if not current.sitting.answers or self._journal is None:
                raise Refused(409, "There is no answer in this batch to take back.")
            taken = current.sitting.answers[-1]
            self._journal.undo(current.sitting)
            current.taken_back += 1
            self._count(taken, -1)
            self._ask()
            return self._view()

    # -- inside --------------------------------------------------------------------------------------------------

    def _ask(self) -> None:
        current = self._open
        if current is None:
            return
        current.question = current.plan.next(current.sitting.answers)
        current.since = time.monotonic()
        self._show("asking" if current.question is not None else "thinking")

    def _count(self, answer: Answer, by: int) -> None:
        self._last = time.monotonic()
        self._used["answers"] += by
        self._used["repeated answers"] += by * answer.repeat

    def _show(self, state: str) -> None:
        self._state = state
        self._version += 1
        self._changed.notify_all()

    def _current(self, question: str) -> _Open:
        """The open batch when ``question`` is its open question."""
        current = self._open
        if current is not None and current.question is not None and question == self._id(current):
            return current
        number, at = _place(question)
        if current is not None and number == current.sitting.number:
            if 0 < at <= len(current.sitting.answers) + current.taken_back + 1:
                raise Refused(409, "That was answered already.")
        elif number in self._past:
            raise Refused(410, "That batch is over; the answer came too late and was not taken.")
        raise Refused(404, "Nobody asked that.")

    @staticmethod
    def _id(current: _Open) -> str:
        # An answer that was taken back leaves a question of the same number: the last part tells the two apart.
        return f"{current.sitting.number}.{len(current.sitting.answers) + 1}.{current.taken_back}"

    def _view(self) -> dict[str, Any]:
        shown: dict[str, Any] = {"state": self._state, "version": self._version}
        current = self._open
        if current is None or current.question is None:
            return shown | {"summary": self._summary()}
        answers = current.sitting.answers
        return shown | {
            "id": self._id(current),
            "candidates": [current.pages[key] for key in current.question.shown],
            "batch": current.sitting.number,
            "done": len(answers),
            "total": current.plan.total(answers),
            "undo": bool(answers),
        }


def _place(question: str) -> tuple[int, int]:
    """The batch and the place in it that an id names; zeros for what is none."""
    found = _ID.fullmatch(question)
    return (int(found[1]), int(found[2])) if found else (0, 0)
