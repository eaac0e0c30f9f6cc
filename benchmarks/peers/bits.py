"""The two simple searches of bits whose expected run times are known."""

from collections.abc import Callable
from typing import Any

import numpy as np

from peers.discrete import DiscreteProblem
from peers.recorder import Recorder

__all__ = ["local_search", "one_plus_one"]


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
