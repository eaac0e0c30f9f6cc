"""An event loop in a thread of its own, for asynchronous functions called from code that is not."""

import asyncio
import os
import threading
import weakref
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from featviz.errors import BoxError, BoxTimeout

__all__ = ["EventLoopThread"]

# What a loop may take longer than its calls, before it counts as blocked.
_GRACE_SECONDS = 10.0


class EventLoopThread:
    """Runs coroutines on one loop that lives until it is closed.

    So a client session that the caller's functions keep survives from batch to batch, and a notebook, whose own loop is
    running already, is no obstacle.
    """

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._process = os.getpid()
        thread = threading.Thread(target=self._loop.run_forever, name="featviz event loop", daemon=True)
        thread.start()
        self._finalizer = weakref.finalize(self, _stop, self._loop, thread)

    @property
    def usable(self) -> bool:
        """Whether it still runs: not after :meth:`close`, nor in a process that was forked from this one."""
        return self._finalizer.alive and self._process == os.getpid()

    def call_each(
        self,
        function: Callable[[Any], Coroutine[Any, Any, Any]],
        things: Sequence[Any],
        *,
        concurrency: int,
        timeout: float | None,
    ) -> tuple[list[Any], dict[int, BaseException]]:
        """What ``function`` returns for each of ``things``, up to ``concurrency`` of them awaited at a time.

        Args:
            function: an asynchronous function.
            things: n arguments.
            concurrency: at least 1.
            timeout: seconds for each call, which is cancelled then; None for no limit.

        Returns:
            The n answers in the order of ``things``, None where a call failed; and by position what was raised,
            :class:`BoxTimeout` for a call that was cancelled.

        Raises:
            BoxError: when the function blocks the loop, so that nothing can be cancelled.
        """
        future = asyncio.run_coroutine_threadsafe(_gather(function, things, concurrency, timeout), self._loop)
        turns = -(-len(things) // concurrency)
        try:
            found = future.result(None if timeout is None else turns * timeout + _GRACE_SECONDS)
        except TimeoutError:
            future.cancel()
            raise BoxError(
                "the asynchronous function blocks its event loop, so that its calls cannot be cancelled. Await what "
                "it waits for (asyncio.sleep in place of time.sleep, an asynchronous client), or pass an ordinary "
                "function."
            ) from None
        except BaseException:
            future.cancel()
            raise
        answers = [None if isinstance(one, BaseException) else one for one in found]
        return answers, {i: one for i, one in enumerate(found) if isinstance(one, BaseException)}

    def close(self) -> None:
        """Cancel what still runs, and end the thread."""
        self._finalizer()


async def _gather(
    function: Callable[[Any], Coroutine[Any, Any, Any]], things: Sequence[Any], concurrency: int, timeout: float | None
) -> list[Any]:
    turn = asyncio.Semaphore(concurrency)

    async def call(thing: Any) -> Any:
        async with turn:
            limit = asyncio.timeout(timeout)
            try:
                async with limit:
                    return await function(thing)
            except TimeoutError:
                if limit.expired():
                    raise BoxTimeout(f"no answer within {timeout:g} s.") from None
                raise

    return await asyncio.gather(*(call(thing) for thing in things), return_exceptions=True)


def _stop(loop: asyncio.AbstractEventLoop, thread: threading.Thread) -> None:
    def cancel() -> None:
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.call_soon(loop.stop)

    if loop.is_closed() or not thread.is_alive():  # in a forked process the thread is not there
        return
    loop.call_soon_threadsafe(cancel)
    thread.join(timeout=2.0)
    if not thread.is_alive():
        loop.close()
