"""How much of a benchmark to run, from the command line, and what was found in earlier runs of it."""

import argparse
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from _table import print_json, print_table

from peers.comparison import FIRST_SEED, Mean, Method, P, Result, compare, print_results
from peers.verdicts import OURS, Comparison, Target, table, targets_table

__all__ = ["Comparisons", "Effort", "run_benchmark"]

SEEDS, QUICK_SEEDS = 10, 3
VERDICT_COLUMNS = ("family", "problem", "queries", "featviz", "best opponent", "reached", "seeds", "verdict")
TARGET_COLUMNS = ("family", "problem", "queries", "method", "asked for", "found", "reached")

Stored = Mapping[str, Mapping[str, Mapping[str, Mapping[str, Any]]]]


@dataclass(frozen=True)
class Effort:
    """How much of a benchmark to run.

    Attributes:
        quick: few seeds, and only methods that cost microseconds.
        only: run methods whose names hold one of these; all when empty.
        opponents: leave out the rows of featviz, which change with it (for ``--save``, and ``--reuse`` later).
        first_seed: of the first run.
        seeds: how many runs a problem; by default 3 when quick and 10 when not.
        most: queries of a run; checkpoints beyond are left out, and where all are, this is the only one.
        known: figures of earlier runs by family, title and method. A method that is found there is not run again,
            except for the rows of featviz itself.
    """

    quick: bool = False
    only: tuple[str, ...] = ()
    opponents: bool = False
    first_seed: int = FIRST_SEED
    seeds: int = SEEDS
    most: int = 10**9
    known: Stored = field(default_factory=dict)

    def each_seed(self) -> range:
        """The seeds of the runs."""
        return range(self.first_seed, self.first_seed + self.seeds)

    def compare(
        self,
        family: str,
        title: str,
        methods: Mapping[str, Method[P]],
        problems: Sequence[P | Mean[P]],
        checkpoints: Sequence[int],
        *,
        quick: Iterable[str],
        reached: float | None = None,
        yardsticks: Iterable[str] = (),
        targets: Iterable[Target] = (),
    ) -> Comparison:
        """Run the methods, or take what is known of them, and say what they reached.

        Args:
            family: of the suite.
            title: the problem, and what the figures are.
            methods: all ways to search.
            problems: one for each seed.
            checkpoints: queries at which the best so far is noted.
            quick: the methods that a quick run is made with.
            reached: the value that counts as solved.
            yardsticks: methods that no user could pick instead.
            targets: what was asked for.
        """
        checkpoints = tuple(c for c in checkpoints if c <= self.most) or (self.most,)
        wanted = [name for name in methods if self.wants(name) and (not self.quick or name in set(quick))]
        stored = {
            name: result
            for name, figures in self.known.get(family, {}).get(title, {}).items()
            if (result := _from_json(figures)).best.shape[1:] == (len(checkpoints),)
        }
        results: dict[str, Result] = {}
        for name in methods:
            if name in wanted and (name.startswith(OURS) or name not in stored):
                results |= compare({name: methods[name]}, problems, checkpoints, self.first_seed)
            elif name in stored:
                results[name] = stored[name]
        asked, beside = tuple(targets), tuple(yardsticks)
        return Comparison(family, title, checkpoints, results, reached, beside, targets=asked)

    def wants(self, name: str) -> bool:
        """Whether a method is asked for."""
        if self.opponents and name.startswith(OURS):
            return False
        return not self.only or any(part in name for part in self.only)


Comparisons = Callable[[Effort], Iterator[Comparison]]


def run_benchmark(description: str, benchmarks: Mapping[str, Comparisons]) -> None:
    """The command line of one benchmark or several: runs them, prints their tables, and how featviz stands in each."""
    parser = argparse.ArgumentParser(description=description.split("\n", 1)[0])
    parser.add_argument("--quick", action="store_true", help="three seeds, and only methods that cost microseconds")
    parser.add_argument("--only", nargs="+", default=[], metavar="METHOD", help="methods whose names hold one of these")
    parser.add_argument("--opponents", action="store_true", help="without the rows of featviz")
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED, help="0 to choose constants (%(default)s)")
    parser.add_argument("--seeds", type=int, help=f"runs of each problem; default: {SEEDS}, or {QUICK_SEEDS} if quick")
    parser.add_argument("--most", type=int, default=10**9, metavar="QUERIES", help="of any run, to try things out")
    parser.add_argument("--reuse", nargs="+", default=[], metavar="FILE", help="take opponents' figures from these")
    parser.add_argument("--save", metavar="FILE", help="write all figures there, for --reuse")
    if len(benchmarks) > 1:
        parser.add_argument("--families", nargs="+", choices=benchmarks, default=list(benchmarks))
    options = parser.parse_args()
    effort = Effort(
        quick=options.quick,
        only=tuple(options.only),
        opponents=options.opponents,
        first_seed=options.first_seed,
        seeds=options.seeds or (QUICK_SEEDS if options.quick else SEEDS),
        most=options.most,
        known=_read(options.reuse),
    )
    found: list[Comparison] = []
    for name in getattr(options, "families", benchmarks):
        for comparison in benchmarks[name](effort):
            print_results(comparison.title, comparison.results, comparison.checkpoints, comparison.reached)
            found.append(comparison)
            if options.save:
                _write(Path(options.save), found)
    rows, asked = table(found), targets_table(found)
    if asked:
        print_table("What was asked for", TARGET_COLUMNS, asked)
    if rows:
        print_table("featviz beside its best opponent: medians, equal queries, equal seeds", VERDICT_COLUMNS, rows)
    print_json(_report(found, rows, asked, effort))


def _report(
    found: Sequence[Comparison],
    rows: Sequence[Sequence[object]],
    asked: Sequence[Sequence[object]],
    effort: Effort,
) -> dict[str, object]:
    counts = {words: sum(row[-1] == words for row in rows) for words in ("first", "within the spread", "behind")}
    figures: dict[str, dict[str, object]] = {}
    for one in found:
        methods = {name: result.report() for name, result in one.results.items()}
        figures.setdefault(one.family, {})[one.title] = {"checkpoints": list(one.checkpoints), "methods": methods}
    return {
        "seeds": effort.seeds,
        "first_seed": effort.first_seed,
        "verdicts": counts,
        "targets": [dict(zip(TARGET_COLUMNS, row, strict=True)) for row in asked],
        "families": figures,
    }


def _read(files: Sequence[str]) -> Stored:
    known: dict[str, dict[str, dict[str, Any]]] = {}
    for file in files:
        for family, problems in json.loads(Path(file).read_text("utf-8")).items():
            for title, methods in problems.items():
                known.setdefault(family, {}).setdefault(title, {}).update(methods)
    return known


def _write(file: Path, found: Sequence[Comparison]) -> None:
    families: dict[str, dict[str, object]] = {}
    for one in found:
        families.setdefault(one.family, {})[one.title] = {name: _to_json(r) for name, r in one.results.items()}
    file.write_text(json.dumps(families), "utf-8")


def _to_json(result: Result) -> dict[str, object]:
    best = [[None if np.isnan(value) else value for value in row] for row in result.best.tolist()]
    return {"best": best, "seconds": result.seconds, "queries": result.queries, "error": result.error}


def _from_json(stored: Mapping[str, Any]) -> Result:
    best = np.array(stored["best"], dtype=np.float64)  # None becomes NaN
    return Result(best, float(stored["seconds"]), int(stored["queries"]), str(stored["error"]))
