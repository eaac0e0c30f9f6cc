"""The two simple searches of bits whose expected run times are known, and when a search first reached the maximum."""

from collections.abc import Callable
from typing import Any

import numpy as np

from peers.discrete import DiscreteProblem
from peers.recorder import Recorder

__all__ = ["Noted", "local_search", "one_plus_one"]

Search = Callable[[DiscreteProblem, Recorder, int], None]


def local_search(problem: DiscreteProblem, recorder: Recorder, seed: int) -> None:
    """Randomised local search: flip one random bit of the best so far, keep what is not worse."""
    rng = np.random.default_rng(seed)
    n = len(problem.options)
    _climb(recorder, rng, n, lambda: np.arange(n) == rng.integers(n))


def one_plus_one(problem: DiscreteProblem, recorder: Recorder, seed: int) -> None:
    """The (1+1) EA: flip each bit of the best so far with probability 1/n, keep what is not worse."""
    rng = np.random.default_rng(seed)
    n = len(problem.options)
    _climb(recorder, rng, n, lambda: rng.random(n) < 1 / n)


def _climb(recorder: Recorder, rng: np.random.Generator, n: int, flips: Callable[[], Any]) -> None:
    best = rng.integers(2, size=n)
    value = recorder(best[None])[0]
    while recorder.left() > 0:
        child = best ^ flips()
        score = recorder(child[None])[0]
        if score >= value:
            best, value = child, score


class Noted:
    """A search that notes after how many queries it first reached the maximum of its problem.

    Attributes:
        queries: one for each run; None where it did not get there.
    """

    def __init__(self, search: Search) -> None:
        self._search = search
        self.queries: list[int | None] = []

    def __call__(self, problem: DiscreteProblem, recorder: Recorder, seed: int) -> None:
        """Search, and note."""
        self._search(problem, recorder, seed)
        self.queries.append(recorder.first(problem.maximum))
