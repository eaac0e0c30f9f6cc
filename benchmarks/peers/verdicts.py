"""Whether featviz was first: its row beside those of its opponents, at equal queries and on equal seeds."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from peers.comparison import Result

__all__ = ["OURS", "Comparison", "Target", "Verdict", "table", "targets_table", "verdicts"]

# The row of featviz as a user gets it; rows that begin with it are other ways to use featviz, and no opponents.
OURS = "featviz"


@dataclass(frozen=True)
class Target:
    """What was asked for: the least median, or the figure below which the highest run stays.

    Attributes:
        queries: the checkpoint.
        value: that is compared with.
        method: of whom it was asked.
        below: whether all figures are to lie below the value, instead of a median that reaches it.
    """

    queries: int
    value: float
    method: str = OURS
    below: bool = False


@dataclass(frozen=True, eq=False)
class Comparison:
    """What several methods reached on one problem, or on one kind of problem with another instance for each seed.

    Attributes:
        family: of the suite, for instance "ehrlich".
        title: the problem, and what the figures are.
        checkpoints: queries at which the best so far was noted.
        results: one for each method.
        reached: the value that counts as solved; None where none does.
        yardsticks: methods that no user could pick instead (what is known beforehand, what gradients reach).
        judged: whether the figures say which method is better.
        targets: what was asked for.
    """

    family: str
    title: str
    checkpoints: tuple[int, ...]
    results: Mapping[str, Result]
    reached: float | None = None
    yardsticks: tuple[str, ...] = ()
    judged: bool = True
    targets: tuple[Target, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """featviz beside its best opponent within so many queries.

    Attributes:
        queries: of the checkpoint.
        ours: the median of featviz over the seeds that the opponent was run on.
        rival: the best opponent's name; empty where none was run so far.
        theirs: its median.
        runs: seeds that both were run on.
        words: "first", "within the spread" or "behind".
    """

    queries: int
    ours: float
    rival: str
    theirs: float
    runs: int
    words: str


def verdicts(comparison: Comparison) -> Iterator[Verdict]:
    """One for each checkpoint that featviz was run to.

    "first": the median of featviz is no lower than the best opponent's. "within the spread": it is lower, and reaches
    the opponent's lower quartile, or the opponent's median lies below featviz's upper quartile.
    """
    ours = comparison.results.get(OURS)
    if ours is None or not comparison.judged:
        return
    for column, queries in enumerate(comparison.checkpoints):
        mine = ours.best[:, column]
        if np.isnan(mine).any():
            continue
        yield _beside_the_best(comparison, mine, column, queries)


def _beside_the_best(comparison: Comparison, mine: np.ndarray, column: int, queries: int) -> Verdict:
    """The opponent with the greatest lead (or the smallest arrears) on the seeds that it was run on."""
    found: list[tuple[float, str, np.ndarray]] = []
    for name, result in comparison.results.items():
        theirs = result.best[:, column]
        if name.startswith(OURS) or name in comparison.yardsticks or not len(theirs) or np.isnan(theirs).any():
            continue
        lead = float(np.median(theirs) - np.median(mine[: len(theirs)]))
        found.append((lead, name, theirs))
    if not found:
        return Verdict(queries, float(np.median(mine)), "", np.nan, len(mine), "first")
    lead, name, theirs = max(found, key=lambda one: one[0])
    same = mine[: len(theirs)]
    # Sums of floats may differ in their last digits where both found the maximum.
    if lead <= 1e-9 * max(1.0, abs(float(np.median(theirs)))):
        words = "first"
    elif np.median(same) >= np.quantile(theirs, 0.25) or np.median(theirs) <= np.quantile(same, 0.75):
        words = "within the spread"
    else:
        words = "behind"
    return Verdict(queries, float(np.median(same)), name, float(np.median(theirs)), len(theirs), words)


def table(comparisons: Sequence[Comparison]) -> list[list[object]]:
    """Rows for a table: family, problem, queries, featviz, the best opponent, its figure, seeds, verdict."""
    rows: list[list[object]] = []
    for comparison in comparisons:
        problem = comparison.title.split(":", 1)[0]
        for one in verdicts(comparison):
            theirs = None if np.isnan(one.theirs) else one.theirs
            rows.append(
                [comparison.family, problem, f"{one.queries:,}", one.ours, one.rival, theirs, one.runs, one.words]
            )
    return rows


def targets_table(comparisons: Sequence[Comparison]) -> list[list[object]]:
    """Rows for a table: family, problem, queries, method, what was asked for, what was found, whether it is reached.

    Nothing is said of what was not run.
    """
    rows: list[list[object]] = []
    for comparison in comparisons:
        problem = comparison.title.split(":", 1)[0]
        for target in comparison.targets:
            result = comparison.results.get(target.method)
            if result is None or target.queries not in comparison.checkpoints:
                continue
            figures = result.best[:, comparison.checkpoints.index(target.queries)]
            if np.isnan(figures).any():
                continue
            found = float(figures.max() if target.below else np.median(figures))
            reached = found < target.value if target.below else found >= target.value
            asked = f"{'all <' if target.below else 'median ≥'} {target.value:g}"
            rows.append(
                [
                    comparison.family,
                    problem,
                    f"{target.queries:,}",
                    target.method,
                    asked,
                    found,
                    "reached" if reached else "not reached",
                ]
            )
    return rows
