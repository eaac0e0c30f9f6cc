"""One persistent process: the lines that wait to be sent to it, and those that it wrote."""

import time
from collections import deque
from collections.abc import Iterator

from featviz.black_boxes.commands.process import Process
from featviz.black_boxes.commands.program import Program
from featviz.black_boxes.commands.replies import Reply, read_reply
from featviz.errors import AnswerTypeError

__all__ = ["Worker"]

# A longer line without an end is no answer. One with a thousand outputs takes 20,000 bytes.
LONGEST_LINE = 10_000_000
# Pieces read of what a process left in its pipe: more than any pipe holds.
_LEFT_OVER = 64


class Worker:
    """A process, started when it is needed, and the inputs that it was given.

    Args:
        program: what to start.
        timeout: seconds for each answer.
        start_timeout: seconds more for the first one.
    """

    def __init__(self, program: Program, timeout: float, start_timeout: float) -> None:
        self._program, self._timeout, self._start_timeout = program, timeout, start_timeout
        self.process: Process | None = None
        self.given: deque[int] = deque()
        self._lines: deque[bytes] = deque()
        self._unsent = memoryview(b"")
        self._begun = bytearray()
        self._forget()

    def start(self) -> Process:
        """The process, started now where there is none; one that ended while nothing was asked of it is let go."""
        if self.process is not None and not self.given and self.process.has_ended():
            self.stop()
        if self.process is None:
            self.process = Process(self._program)
        return self.process

    def stop(self, *, politely: bool = False) -> None:
        """End the process, if there is one."""
        process, self.process = self.process, None
        self._forget()
        if process is not None:
            process.end(politely=politely)

    def give(self, number: int, line: bytes) -> None:
        """Have the input of this id sent."""
        if not self.given:
            self._since = time.monotonic()
        self.given.append(number)
        self._lines.append(line)

    def take(self, number: int | None) -> int | None:
        """The id that an answer is for, now answered; None when no such input was given."""
        if not self.given or (number is not None and number not in self.given):
            return None
        if number is None:
            number = self.given.popleft()
        else:
            self.given.remove(number)
        self.answered += 1
        self._since = time.monotonic()
        return number

    @property
    def waiting(self) -> int:
        """Bytes that wait to be sent."""
        return len(self._unsent) + sum(map(len, self._lines))

    @property
    def limit(self) -> float:
        """Seconds that the input that it is at may take."""
        return self._timeout if self.answered else self._timeout + self._start_timeout

    def left(self) -> float:
        """Seconds that are left of them."""
        return self._since + self.limit - time.monotonic()

    @property
    def wants_to_send(self) -> bool:
        """Whether there is something to be written."""
        return not self._deaf and (len(self._unsent) > 0 or len(self._lines) > 0)

    def send(self) -> None:
        """Write what the pipe takes."""
        if self.process is None:
            return
        try:
            while self.wants_to_send:
                if not self._unsent:
                    self._unsent = memoryview(self._lines.popleft())
                self._unsent = self._unsent[self.process.write(self._unsent) :]
                if self._unsent:
                    return
        except BrokenPipeError:  # it reads no more: it ended, or does presently
            self._deaf = True

    def hear(self) -> None:
        """Read what it wrote to its standard error."""
        if self.process is not None and not self.process.hear():
            self.silent = True

    def replies(self, pieces: int = 1) -> Iterator[Reply]:
        """The answers in what it wrote to its standard output since; sets ``closed`` at its end.

        Raises:
            AnswerTypeError: when what came is no answer; those before it are given first.
        """
        for _ in range(pieces):
            piece = None if self.process is None else self.process.read()
            self.closed = piece == b""
            if not piece:
                return
            head, newline, rest = piece.rpartition(b"\n")
            if newline:
                lines = (bytes(self._begun) + head).split(b"\n")
                self._begun = bytearray(rest)
                yield from (read_reply(line) for line in lines if line.strip())
            else:
                self._begun += piece
            if len(self._begun) > LONGEST_LINE:
                raise AnswerTypeError(
                    f"the answer has more than {LONGEST_LINE:,} characters and no end of line. An answer is one line."
                )

    def left_over(self) -> Iterator[Reply]:
        """What a process that ended left in its pipe."""
        return self.replies(_LEFT_OVER)

    def _forget(self) -> None:
        self.given.clear()
        self._lines.clear()
        self._begun.clear()
        self._unsent = memoryview(b"")
        self.answered = 0  # since the process was started
        self.closed = self.silent = self._deaf = False
        self._since = 0.0
