"""Calls into libraries that use global state: random numbers, warnings and loggers stay the user's own."""

import logging
import random
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

__all__ = ["ForeignCalls"]

# Global random state belongs to the process, so two searches in two threads must take turns.
_TURN = threading.RLock()


class ForeignCalls:
    """Gives a library its own global random state for the length of a call, and keeps it quiet.

    Args:
        seed: of the state that the library finds, 0 to 2**32 - 1.
        logger: the name of the library's logger; only errors pass it during a call.
    """

    def __init__(self, seed: int, logger: str) -> None:
        self._numpy = np.random.RandomState(seed).get_state()
        self._python = random.Random(seed).getstate()  # noqa: S311  not for secrets
        self._logger = logging.getLogger(logger)

    @contextmanager
    def running(self) -> Iterator[None]:
        """The context in which the library is imported, built and called."""
        with _TURN, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            level = self._logger.level
            users_numpy = np.random.get_state()  # noqa: NPY002  saved to be restored
            users_python = random.getstate()
            self._logger.setLevel(logging.ERROR)
            np.random.set_state(self._numpy)  # noqa: NPY002  the library's own
            random.setstate(self._python)
            try:
                yield
            finally:
                self._numpy = np.random.get_state()  # noqa: NPY002  kept for the next call
                self._python = random.getstate()
                np.random.set_state(users_numpy)  # noqa: NPY002  as the user left it
                random.setstate(users_python)
                # A library that is imported in this call sets its own level, which then stands.
                if self._logger.level == logging.ERROR:
                    self._logger.setLevel(level)
