"""A program that is run once: what it is given, what it writes, and how it ends."""

import math
import select
import time

from featviz.black_boxes.commands.process import Process
from featviz.black_boxes.commands.program import Program, as_words
from featviz.errors import AnswerTypeError, BoxTimeout, ProcessDied

__all__ = ["run_once"]

MOST_BYTES = 100_000_000
# Seconds between two looks at whether a silent process is still there.
_LOOK = 0.1
# Pieces read of what a process left in its pipe: more than any pipe holds.
_LEFT_OVER = 64


def run_once(program: Program, content: bytes, timeout: float, more: tuple[str, ...] = ()) -> bytes:
    """Run ``program`` to its end, and then end what it started.

    Args:
        program: what to run.
        content: what it reads on its standard input.
        timeout: seconds until it is ended.
        more: arguments behind its own.

    Returns:
        What it wrote to its standard output.

    Raises:
        ProcessDied: when its exit code is not 0.
        BoxTimeout: when it takes too long.
        AnswerTypeError: when it writes too much.
        BoxError: when it cannot be started.
    """
    process = Process(program, more)
    words = as_words(program.words)
    try:
        written = _converse(process, content, time.monotonic() + timeout)
    finally:
        process.end()
    if written is None:
        raise BoxTimeout(f"{words} took longer than {timeout:g} s{process.last_words()}")
    if len(written) > MOST_BYTES:
        raise AnswerTypeError(f"{words} wrote more than {MOST_BYTES:,} bytes to its standard output.")
    if process.exit_code != 0:
        raise ProcessDied(f"{words} {process.how_it_ended()}{process.last_words()}")
    return bytes(written)


def _converse(process: Process, content: bytes, until: float) -> bytearray | None:
    """Write and read until it ends; what it wrote, or None when time is up."""
    unsent, written, hears = memoryview(content), bytearray(), True
    reads = True
    if not content:
        process.end_input()
    while time.monotonic() < until:
        over = process.has_ended()  # before reading, so that what it wrote last is read
        poll = select.poll()
        if reads:
            poll.register(process.stdout, select.POLLIN)
        if hears:
            poll.register(process.stderr, select.POLLIN)
        if unsent:
            poll.register(process.stdin, select.POLLOUT)
        wait = 0.0 if over else min(_LOOK, max(until - time.monotonic(), 0.0))
        ready = {descriptor for descriptor, _ in poll.poll(math.ceil(wait * 1000))}
        if unsent and process.stdin in ready:
            unsent = _send(process, unsent)
        if hears and process.stderr in ready:
            hears = process.hear()
        if reads and process.stdout in ready:
            reads = _receive(process, written, _LEFT_OVER if over else 1)
        if over or len(written) > MOST_BYTES:
            return written
    return None


def _send(process: Process, unsent: memoryview) -> memoryview:
    try:
        unsent = unsent[process.write(unsent) :]
    except BrokenPipeError:  # it does not want the rest
        unsent = unsent[:0]
    if not unsent:
        process.end_input()
    return unsent


def _receive(process: Process, written: bytearray, pieces: int) -> bool:
    """Read some; False at the end."""
    for _ in range(pieces):
        piece = process.read()
        if piece is None:
            return True
        if not piece:
            return False
        written += piece
    return True
