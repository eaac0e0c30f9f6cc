"""An event loop on a thread of its own, so that requests run side by side whatever thread or loop the caller is in."""

import asyncio
import os
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

__all__ = ["background_loop", "run_in_background"]

T = TypeVar("T")

_lock = threading.Lock()
_running: list[asyncio.AbstractEventLoop] = []


def background_loop() -> asyncio.AbstractEventLoop:
    """The loop that all HTTP boxes of this process share. It is started when it is first asked for."""
    with _lock:
        if not _running:
            loop = asyncio.new_event_loop()
            # A daemon: a request that hangs does not keep the interpreter from ending.
            threading.Thread(target=loop.run_forever, name="featviz-http", daemon=True).start()
            _running.append(loop)
        return _running[0]


def run_in_background(coroutine: Coroutine[Any, Any, T]) -> T:
    """What ``coroutine`` returns, run on the background loop. An interrupted caller cancels it."""
    future = asyncio.run_coroutine_threadsafe(coroutine, background_loop())
    try:
        return future.result()
    except BaseException:
        future.cancel()
        raise


def _forget() -> None:
    # A forked child has the loop and not its thread. The lock may have been held by a thread that is gone.
    global _lock  # noqa: PLW0603  the one place that replaces it
    _lock = threading.Lock()
    _running.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
