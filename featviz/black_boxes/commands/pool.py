"""Processes of one program that are asked line by line: who is asked what, and what becomes of it when one fails."""

import math
import os
import select
import threading
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from featviz.black_boxes.commands.process import Process
from featviz.black_boxes.commands.program import Program, as_words
from featviz.black_boxes.commands.replies import Reply
from featviz.black_boxes.commands.worker import Worker
from featviz.errors import AnswerTypeError, BoxError, BoxTimeout, BoxUnavailable, InvalidArgument, ProcessDied
from featviz.text import first_line

__all__ = ["Pool"]

# Makes the line that asks for an input, of its id and its row; InvalidArgument when that input cannot be written.
Request = Callable[[int, int], bytes]

# Inputs given to a process before its answers: many to the only one, one to each of several, so that none waits behind
# a slow one while others are idle.
_AHEAD, _AHEAD_OF_SEVERAL = 64, 1
# Bytes that wait to be sent to a process, above which no more lines are made for it.
_MOST_WAITING = 4_000_000
# A box that has never answered is given up after so many failures.
_STRIKES = 8
# Seconds between two looks at whether a silent process is still there.
_LOOK = 0.1
# Seconds in which a process that closed its output may end by itself, so that its exit code is known.
_LAST = 0.3


_MIXED = (
    ", so that nobody can tell which answer is for which input. "
    'Have it write {"id": ..., "output": ...}, or one line for each line that it reads, and nothing else.'
)


class Pool:
    """``workers`` processes of a program, started when they are first needed and again after they failed.

    An input fails when its process ends, takes too long or writes what is no answer while it is at it: the first one
    that it was given and has not answered. The process and its children are ended, and what else it was given is given
    to a new one. A program that ends with exit code 0 after some answers has done its part, and no input is blamed.

    Args:
        program: what to start.
        workers: how many processes.
        timeout: seconds for each answer.
        start_timeout: seconds more for the first answer of a process.
    """

    def __init__(self, program: Program, workers: int, timeout: float, start_timeout: float) -> None:
        self._program = program
        self._workers = [Worker(program, timeout, start_timeout) for _ in range(workers)]
        self._ahead = _AHEAD if workers == 1 else _AHEAD_OF_SEVERAL
        self._next = 0
        self._strikes = 0
        self._ever = False
        self._by_id: bool | None = None  # whether its answers have ids; not known before the first
        self._owner = os.getpid()
        self._lock = threading.Lock()
        weakref.finalize(self, _end, self._workers)

    def close(self) -> None:
        """End the processes; they are started again when something is asked."""
        with self._lock:
            _end(self._workers)

    def ask(self, n: int, request: Request) -> tuple[list[Any], dict[int, Exception]]:
        """What the program answers to n inputs, by row, and what went wrong with which.

        Raises:
            BoxUnavailable: when the program fails on every one of the first inputs that it is ever given.
            BoxError: when it cannot be started, or answers more often than it is asked.
        """
        with self._lock:
            self._leave_to_parent()
            batch = _Batch(self._next, n)
            self._next += n
            try:
                for worker in self._workers:
                    self._hear_out(worker, batch)
                while batch.open:
                    self._give(batch, request)
                    self._turn(batch)
            except BaseException:
                # Who is at what is not known any more.
                for worker in self._workers:
                    worker.stop()
                raise
            return batch.rows, batch.errors

    def _leave_to_parent(self) -> None:
        """In a fork, leave the processes and their pipes to the process that started them."""
        if self._owner != os.getpid():
            for worker in self._workers:
                worker.stop()
            self._owner = os.getpid()

    def _hear_out(self, worker: Worker, batch: "_Batch") -> None:
        """Read what a process wrote since the last batch, so that it is not taken for an answer in this one."""
        try:
            for reply in worker.left_over():
                self._enter(worker, reply, batch)
        except AnswerTypeError:
            worker.stop()

    def _give(self, batch: "_Batch", request: Request) -> None:
        for worker in self._workers:
            if batch.todo:
                worker.start()
            while batch.todo and len(worker.given) < self._ahead and worker.waiting < _MOST_WAITING:
                row = batch.todo.popleft()
                try:
                    line = request(batch.first + row, row)
                except InvalidArgument as error:
                    batch.fail(row, error)
                else:
                    worker.give(batch.first + row, line)

    def _turn(self, batch: "_Batch") -> None:
        """Wait until something can be written or read, or time is up, and see to it."""
        working = [worker for worker in self._workers if worker.given]
        if not working:
            return
        ready = _wait(working)
        for worker in working:
            process = worker.start()
            try:
                if process.stdin in ready:
                    worker.send()
                if process.stderr in ready:
                    worker.hear()
                if process.stdout in ready:
                    self._enter_all(worker, batch, worker.replies())
                if worker.given and (worker.closed or process.has_ended()):
                    self._enter_all(worker, batch, worker.left_over())
                    if worker.given:
                        self._failed(worker, batch, _death)
            except AnswerTypeError as error:
                if worker.given:
                    self._failed(worker, batch, _always(error))
                else:  # behind its last answer
                    worker.stop()
            if worker.given and worker.left() <= 0:
                self._failed(worker, batch, _timeout(worker.limit))

    def _enter_all(self, worker: Worker, batch: "_Batch", replies: Any) -> None:
        for reply in replies:
            self._enter(worker, reply, batch)

    def _enter(self, worker: Worker, reply: Reply, batch: "_Batch") -> None:
        self._check_form(reply)
        number = worker.take(reply.id)
        if number is not None:
            self._ever = True
            batch.enter(number - batch.first, reply)
        elif reply.id is None:
            raise BoxError(f"{as_words(self._program.words)} answered more often than it was asked{_MIXED}")
        elif not 0 <= reply.id < self._next or batch.is_open(reply.id - batch.first):
            raise AnswerTypeError(f"expected the id of an input that was sent, but the answer has the id {reply.id}.")
        # Otherwise it is a second answer, and the first one stands.

    def _check_form(self, reply: Reply) -> None:
        """Answers have ids or they have none: one that is unlike those before may be a number printed by mistake."""
        if self._by_id is None:
            self._by_id = reply.id is not None
        if self._by_id and reply.id is None:
            raise AnswerTypeError("expected an answer with an id, as those before, but this one has none.")
        if reply.id is not None and not self._by_id:
            raise BoxError(f"{as_words(self._program.words)} gave answers without an id and now one with an id{_MIXED}")

    def _failed(self, worker: Worker, batch: "_Batch", why: "_Why") -> None:
        """End a process that failed, blame the input that it was at, and have the others asked again."""
        process, given, answered = worker.start(), list(worker.given), worker.answered
        if why is _death and not process.ends_within(_LAST):
            why = _closing
        worker.stop()
        if why is _death and process.exit_code == 0 and answered:
            batch.again(given)
            return
        error = why(self._program, process)
        batch.fail(given[0] - batch.first, error)
        batch.again(given[1:])
        self._strikes += not self._ever
        if self._strikes >= _STRIKES and not self._ever:
            self._strikes = 0
            raise BoxUnavailable(
                f"{as_words(self._program.words)} has not answered a single input, and failed on each of {_STRIKES}: "
                f"{first_line(error, 1000)}"
            )


class _Batch:
    """What is to be asked in a batch, and what came of it."""

    def __init__(self, first: int, n: int) -> None:
        self.first = first  # the id of the first input; ids are used once in the life of a box
        self.todo = deque(range(n))
        self.rows: list[Any] = [None] * n
        self.errors: dict[int, Exception] = {}
        self._open = set(range(n))

    @property
    def open(self) -> int:
        """How many inputs are neither answered nor failed."""
        return len(self._open)

    def is_open(self, row: int) -> bool:
        """Whether an input is neither answered nor failed."""
        return row in self._open

    def enter(self, row: int, reply: Reply) -> None:
        """Enter an answer."""
        self._open.discard(row)
        self.rows[row] = reply.output
        if reply.error is not None:
            self.errors[row] = reply.error

    def fail(self, row: int, error: Exception) -> None:
        """Enter that an input failed."""
        self._open.discard(row)
        self.errors[row] = error

    def again(self, numbers: Sequence[int]) -> None:
        """Have inputs asked again, before the others."""
        self.todo.extendleft(number - self.first for number in reversed(numbers))


_Why = Callable[[Program, Process], Exception]


def _death(program: Program, process: Process) -> Exception:
    if process.exit_code == 0:
        advice = " A program of the protocol 'lines' answers one line after the other, until its input ends."
        return ProcessDied(f"{as_words(program.words)} ended without an answer{process.last_words()}.{advice}")
    return ProcessDied(f"{as_words(program.words)} {process.how_it_ended()}{process.last_words()}")


def _closing(program: Program, process: Process) -> Exception:
    return ProcessDied(f"{as_words(program.words)} closed its output without an answer{process.last_words()}")


def _timeout(seconds: float) -> _Why:
    def why(program: Program, process: Process) -> Exception:
        return BoxTimeout(
            f"{as_words(program.words)} gave no answer within {seconds:g} s{process.last_words()}. Does it read line "
            "by line (mawk does with -W interactive), and flush its output after each line?"
        )

    return why


def _always(error: Exception) -> _Why:
    return lambda _program, _process: error


def _wait(workers: Sequence[Worker]) -> set[int]:
    """The pipes that can be written to or read from, after waiting for one as long as nobody's time is up."""
    poll = select.poll()
    for worker in workers:
        process = worker.start()
        poll.register(process.stdout, select.POLLIN)
        if not worker.silent:
            poll.register(process.stderr, select.POLLIN)
        if worker.wants_to_send:
            poll.register(process.stdin, select.POLLOUT)
    seconds = min(_LOOK, *(max(worker.left(), 0.0) for worker in workers))
    return {descriptor for descriptor, _ in poll.poll(math.ceil(seconds * 1000))}


def _end(workers: Sequence[Worker]) -> None:
    for worker in workers:
        worker.stop(politely=True)
