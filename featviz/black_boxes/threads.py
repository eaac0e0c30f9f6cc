"""Calls in threads of their own: several at once, and given up after a time."""

import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from featviz.errors import BoxError, BoxTimeout

__all__ = ["MOST_ABANDONED", "call_each"]

# Calls that were given up and still run. Each holds a thread and whatever the function holds.
MOST_ABANDONED = 256
_abandoned: list[threading.Thread] = []


def call_each(
    function: Callable[[Any], Any], things: Sequence[Any], *, concurrency: int, timeout: float | None
) -> tuple[list[Any], dict[int, BaseException]]:
    """What ``function`` returns for each of ``things``, up to ``concurrency`` of them called at a time.

    Python cannot end a thread: a call that takes too long is left behind and goes on in the background.

    Args:
        function: called from several threads.
        things: n arguments.
        concurrency: at least 1.
        timeout: seconds for each call; None for no limit.

    Returns:
        The n answers in the order of ``things``, None where a call failed; and by position what was raised,
        :class:`BoxTimeout` for a call that was given up.

    Raises:
        BoxError: when so many calls were given up and still run that no more can be begun.
    """
    answers: list[Any] = [None] * len(things)
    errors: dict[int, BaseException] = {}
    done: queue.SimpleQueue[tuple[int, Any, BaseException | None]] = queue.SimpleQueue()
    running: dict[int, tuple[threading.Thread, float]] = {}
    following = 0
    while following < len(things) or running:
        while following < len(things) and len(running) < concurrency:
            running[following] = (_start(function, things[following], following, done), time.monotonic())
            following += 1
        try:
            position, answer, error = done.get(timeout=_patience(running, timeout))
        except queue.Empty:
            for position in _late(running, timeout):
                _abandon(running.pop(position)[0])
                errors[position] = BoxTimeout(f"no answer within {timeout:g} s.")
            continue
        if running.pop(position, None) is None:  # answered after it was given up
            continue
        if error is None:
            answers[position] = answer
        else:
            errors[position] = error
    return answers, errors


def _start(
    function: Callable[[Any], Any], thing: Any, position: int, done: "queue.SimpleQueue[Any]"
) -> threading.Thread:
    def call() -> None:
        try:
            answer = function(thing)
        except BaseException as error:  # noqa: BLE001  raised, or kept with its row, by the thread that waits
            done.put((position, None, error))
        else:
            done.put((position, answer, None))

    # A daemon, so that a call which never ends does not keep the interpreter from ending.
    thread = threading.Thread(target=call, name=f"featviz call {position}", daemon=True)
    thread.start()
    return thread


def _patience(running: dict[int, tuple[threading.Thread, float]], timeout: float | None) -> float | None:
    """Seconds until the first of the calls is late."""
    if timeout is None:
        return None
    return max(0.0, min(began for _, began in running.values()) + timeout - time.monotonic())


def _late(running: dict[int, tuple[threading.Thread, float]], timeout: float | None) -> list[int]:
    now = time.monotonic()
    return [] if timeout is None else [i for i, (_, began) in running.items() if now - began >= timeout]


def _abandon(thread: threading.Thread) -> None:
    _abandoned[:] = [one for one in _abandoned if one.is_alive()]
    _abandoned.append(thread)
    if len(_abandoned) > MOST_ABANDONED:
        raise BoxError(
            f"{len(_abandoned)} calls were given up after their time and still run in the background, since Python "
            "cannot end a thread. Give the function time limits of its own, or run it as a command, black_box([...]), "
            "which is ended with its process."
        )
