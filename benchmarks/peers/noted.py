"""How many queries a search takes until it has all there is to find."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from _table import print_table

from peers.comparison import Method
from peers.recorder import Recorder

__all__ = ["Noted", "print_times"]


class Noted:
    """A search that notes after how many queries it first reached the maximum of its problem.

    Attributes:
        queries: one for each run; None where it did not get there.
    """

    def __init__(self, search: Callable[[Any, Recorder, int], None]) -> None:
        self._search = search
        self.queries: list[int | None] = []

    def __call__(self, problem: Any, recorder: Recorder, seed: int) -> None:
        """Search, and note."""
        self._search(problem, recorder, seed)
        self.queries.append(recorder.first(problem.maximum))


def print_times(title: str, methods: Mapping[str, Method[Any]], expected: Mapping[str, float]) -> None:
    """Print the queries of those methods that were run and note them, and their means as multiples of what is expected.

    Args:
        title: of the table.
        methods: whose searches may be :class:`Noted`.
        expected: queries that theory expects of each of these.
    """
    columns = ["method", "median", "fewest", "most", "mean", "solved", "runs"]
    columns += [f"/ {name} expected" for name in expected]
    rows: list[list[object]] = [
        [f"{name}, expected", None, None, None, mean, None, None, *(mean / other for other in expected.values())]
        for name, mean in expected.items()
    ]
    for name, method in methods.items():
        noted = method.search
        if not isinstance(noted, Noted) or not noted.queries:
            continue
        times = np.array([np.inf if q is None else q for q in noted.queries])
        # A mean of those that got there would flatter a method that often does not.
        figures = [float(f(times)) for f in (np.median, np.min, np.max, np.mean)]
        known = [figure if np.isfinite(figure) else None for figure in figures]
        ratios = [None if known[-1] is None else known[-1] / mean for mean in expected.values()]
        rows.append([name, *known, int(np.isfinite(times).sum()), len(times), *ratios])
    print_table(title, columns, rows)
