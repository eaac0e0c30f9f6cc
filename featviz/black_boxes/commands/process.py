"""A process in a group of its own, whose pipes never block and which is ended together with its children.

It is ended by its group: a child that puts itself into a group or session of its own, as a daemon does, is not reached.
"""

import contextlib
import os
import signal
import subprocess
import time

from featviz.black_boxes.commands.program import Program, as_words
from featviz.errors import BoxError
from featviz.text import first_line, visible

__all__ = ["GRACE", "Process"]

# Seconds between being asked to end and being ended.
GRACE = 0.5
# Seconds in which the system ends a process that was killed; one that waits for a broken disk takes longer.
_KILLED = 5.0
_PIPE = 1 << 16
_TAIL = 8_000
_TICK = 0.005
# Pieces read of what it left in its pipe: more than any pipe holds.
_LEFT_OVER = 64


class Process:
    """A program that was started, with pipes to its input and from its output and its errors.

    What it writes to its standard error is read by :meth:`hear` and all but the end thrown away.

    Args:
        program: what to start.
        more: arguments behind those of the program.

    Raises:
        BoxError: when the system does not start it.
    """

    def __init__(self, program: Program, more: tuple[str, ...] = ()) -> None:
        try:
            # Standard streams of Python programs are then not kept back in a buffer: the usual cause of a program that
            # seems to hang.
            self._process = subprocess.Popen(  # noqa: S603  the user's own command, and no shell
                [*program.arguments, *more],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                cwd=program.cwd,
                env={"PYTHONUNBUFFERED": "1", **os.environ},
                start_new_session=True,
            )
        except OSError as error:
            raise BoxError(
                f"{as_words(program.words)} cannot be started: {first_line(error)}. Does it run from a shell? A script "
                "needs a first line such as #!/usr/bin/env python3."
            ) from error
        self._owner = os.getpid()
        self._over = False
        self._tail = bytearray()
        pipes = self._process.stdin, self._process.stdout, self._process.stderr
        self.stdin, self.stdout, self.stderr = (pipe.fileno() for pipe in pipes if pipe is not None)
        for descriptor in (self.stdin, self.stdout, self.stderr):
            os.set_blocking(descriptor, False)

    # -- the pipes -----------------------------------------------------------------------------------------------

    def read(self) -> bytes | None:
        """What it wrote to its output since: None when there is nothing now, empty at the end."""
        return _read(self.stdout)

    def hear(self) -> bool:
        """Read what it wrote to its errors since; False at the end."""
        said = _read(self.stderr)
        if said:
            self._keep(said)
        return said != b""

    def write(self, content: bytes | memoryview) -> int:
        """Write some of ``content``; how much of it went into the pipe.

        Raises:
            BrokenPipeError: when it reads no more.
        """
        try:
            return os.write(self.stdin, content[:_PIPE])
        except BlockingIOError:
            return 0

    def end_input(self) -> None:
        """Tell it that nothing more comes."""
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()

    # -- its end -------------------------------------------------------------------------------------------------

    def has_ended(self) -> bool:
        """Whether it ended. It is not waited for, so that its number still stands for its group."""
        if self._process.returncode is not None:
            return True
        if not hasattr(os, "waitid"):  # macOS before Python 3.13
            return self._process.poll() is not None
        try:
            return os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        except ChildProcessError:  # somebody else waited for it
            return True

    def ends_within(self, seconds: float) -> bool:
        """Whether it ended, waiting for it so long."""
        until = time.monotonic() + seconds
        while not self.has_ended():
            if time.monotonic() >= until:
                return False
            time.sleep(_TICK)
        return True

    def end(self, *, politely: bool = False) -> None:
        """End it and all of its group, and close the pipes. May be called twice.

        Args:
            politely: end its input first, upon which a program that has read everything ends by itself.
        """
        if self._owner != os.getpid() or self._over:  # a fork of the process that started it must not end it
            return
        self._over = True
        try:
            if politely:
                self.end_input()
                self.ends_within(GRACE)
            self._signal(signal.SIGTERM)
            self.ends_within(GRACE)
        finally:  # also when a second Ctrl-C cuts the waiting short
            self._finish()

    def _finish(self) -> None:
        # Its children too, if it left any: until it is waited for, no other group can have this number.
        self._signal(signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_KILLED)
        for _ in range(_LEFT_OVER):  # a child that was not reached may go on writing
            if not self.hear():
                break
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def how_it_ended(self) -> str:
        """Its exit code or signal, in words. Only after :meth:`end`."""
        code = self._process.returncode
        if code is None:
            return "could not be ended"
        if code >= 0:
            return f"ended with exit code {code}"
        try:
            return f"was killed by signal {-code} ({signal.Signals(-code).name})"
        except ValueError:
            return f"was killed by signal {-code}"

    @property
    def exit_code(self) -> int | None:
        """Its exit code, negative for a signal; None before :meth:`end`."""
        return self._process.returncode

    def last_words(self, lines: int = 2) -> str:
        """The end of what it wrote to its standard error, as part of a sentence; empty when it wrote nothing."""
        text = self._tail.decode("utf-8", "replace").splitlines()
        last = [line.strip() for line in text if line.strip()][-lines:]
        return f"; its standard error ends: {' | '.join(visible(line, 300) for line in last)}" if last else ""

    def _keep(self, said: bytes) -> None:
        self._tail += said
        del self._tail[:-_TAIL]

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)


def _read(descriptor: int) -> bytes | None:
    try:
        return os.read(descriptor, _PIPE)
    except BlockingIOError:
        return None
