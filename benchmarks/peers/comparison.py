"""Runs every method on every problem at equal budgets, and prints one row a method."""

import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from _table import print_table
from numpy.typing import NDArray

from peers.recorder import Recorder

__all__ = ["FIRST_SEED", "Mean", "Method", "Result", "compare", "print_results"]

Array = NDArray[np.float64]

# Defaults may be chosen on seeds below this one.
FIRST_SEED = 1000


class Problem(Protocol):
    """What is read here of a problem of either kind."""

    @property
    def name(self) -> str:
        """For tables."""

    @property
    def score(self) -> Callable[[NDArray[Any]], Array]:
        """Scores of rows."""

    @property
    def maximum(self) -> float:
        """The known optimum."""


P = TypeVar("P", bound=Problem)


@dataclass(frozen=True)
class Method(Generic[P]):
    """A way to search.

    Attributes:
        search: called with a problem, the recorder to ask, and a seed.
        most: the most queries, where its cost permits no more.
        runs: the most runs, likewise.
    """

    search: Callable[[P, Recorder, int], None]
    most: int = 10**9
    runs: int = 10**9


@dataclass(frozen=True, eq=False)
class Mean(Generic[P]):
    """Problems that are searched each by itself, with equal queries and the same seed; their mean figure is reported.

    Attributes:
        parts: the problems.
    """

    parts: tuple[P, ...]


@dataclass(frozen=True, eq=False)
class Result:
    """What one method reached.

    Attributes:
        best: what is reported of the best scores, shape (runs, checkpoints); NaN where the method was not run.
        seconds: of all runs, the function's own time included.
        queries: of all runs.
        error: why the method failed, empty if it did not.
    """

    best: Array
    seconds: float
    queries: int
    error: str = ""

    def runs_above(self, least: float) -> list[int | None]:
        """Runs that reached ``least`` within each checkpoint; None where not run."""
        counts = (self.best >= least).sum(axis=0)
        return [None if np.isnan(column).all() else int(n) for column, n in zip(self.best.T, counts, strict=True)]

    def row(self, statistic: Callable[[Array], float]) -> list[float | None]:
        """A statistic over the runs, for each checkpoint; None where not run."""
        return [None if np.isnan(column).all() else float(statistic(column)) for column in self.best.T]

    def report(self) -> dict[str, object]:
        """For the line of JSON: medians and means by checkpoint, runs, and the error if there was one."""
        figures = {"median": self.row(np.median), "mean": self.row(np.mean), "runs": len(self.best)}
        return figures | ({"error": self.error} if self.error else {})


def compare(
    methods: Mapping[str, Method[P]],
    problems: Sequence[P | Mean[P]],
    checkpoints: Sequence[int],
    first_seed: int = FIRST_SEED,
) -> dict[str, Result]:
    """Run each method on each problem; the seed of the i-th is ``first_seed`` + i."""
    return {name: _measure(method, problems, checkpoints, first_seed) for name, method in methods.items()}


def _measure(method: Method[P], problems: Sequence[P | Mean[P]], checkpoints: Sequence[int], first_seed: int) -> Result:
    runs = min(len(problems), method.runs)
    best, queries, error = np.full((runs, len(checkpoints)), np.nan), 0, ""
    start = time.perf_counter()
    for i, problem in enumerate(problems[:runs]):
        parts = problem.parts if isinstance(problem, Mean) else (problem,)
        noise = float(getattr(problem, "noise", 0.0))
        most = min(checkpoints[-1], method.most)
        recorders = [Recorder(part.score, most, noise=noise, seed=first_seed + i) for part in parts]
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                for part, recorder in zip(parts, recorders, strict=True):
                    method.search(part, recorder, first_seed + i)
        except Exception as raised:  # noqa: BLE001  a peer that fails is a row of the table
            error = f"{type(raised).__name__}: {raised}".split("\n", 1)[0][:60]
            break
        found = [_figures(part, np.array(r.best(checkpoints))) for part, r in zip(parts, recorders, strict=True)]
        best[i] = np.mean(found, axis=0)
        queries += sum(recorder.queries for recorder in recorders)
    return Result(best, time.perf_counter() - start, queries, error)


def _figures(problem: Problem, best: Array) -> Array:
    """What is reported of best scores: the problem's own figure, else the fraction of a known maximum."""
    figure: Callable[[Array], Array] | None = getattr(problem, "figure", None)
    if figure is not None:
        return figure(best)
    return best if np.isnan(problem.maximum) else best / problem.maximum


def print_results(
    title: str, results: Mapping[str, Result], checkpoints: Sequence[int], reached: float | None = None
) -> None:
    """Print medians at the checkpoints, then least, most and mean at the last one that the method was run to.

    With ``reached``, also how many runs reached that value within each of the last two checkpoints.
    """
    columns = ["method", *(f"{c:,}" for c in checkpoints), "least", "most", "mean", "runs"]
    columns += [f"≥ {reached:g} at {c:,}" for c in checkpoints[-2:]] if reached is not None else []
    rows: list[list[object]] = []
    for name, result in results.items():
        row: list[object] = [name, *result.row(np.median)]
        for statistic in (np.min, np.max, np.mean):
            known = [value for value in result.row(statistic) if value is not None]
            row.append(known[-1] if known else None)
        row.append(len(result.best))
        # Sums of floats may end one rounding below the maximum.
        row += result.runs_above(reached - 1e-9)[-2:] if reached is not None else []
        per_query = 1e6 * result.seconds / result.queries if result.queries else None
        rows.append([*row, per_query, result.error])
    print_table(title, [*columns, "µs a query", "failed"], rows)
