"""How the cost of a search grows: with the number of genes, and with the number of evaluations up to a million.

    python benchmarks/scaling.py [--quick] [--write FILE]

Microseconds of processor time an evaluation for ask + tell of an objective that is next to free, each optimiser with
its own population. By genes: medians of several turns. By evaluations: 64 genes (64 categorical ones of 8 options for
the genetic algorithm and CatCMA), the mean over the evaluations since the mark before, and the memory that the
optimiser holds at each mark (as Python's own counter has it, in a second run). What keeps every candidate is stopped
where it takes too long.

``--write`` draws both as curves: the picture in docs/optimisers.md.
"""

import argparse
import time
import tracemalloc
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
from _curves import Curve, Panel, draw
from _table import print_json, print_table
from numpy.typing import NDArray

from featviz.errors import FeatvizError, InvalidArgument
from featviz.latent import LatentDescription
from featviz.optimisers import make_optimiser
from featviz.protocols import Optimiser

GENES = (16, 64, 256, 1_024, 4_096, 12_288)
MARKS = (1_000, 10_000, 100_000, 1_000_000)
TURNS = 5
# Seconds that one stretch between two marks may take; then the curve ends.
MOST_SECONDS = 60.0
REAL, OPTIONS = LatentDescription(64), LatentDescription(0, (8,) * 64)

# Name -> most genes, most evaluations, the latent of the second part.
OPTIMISERS: dict[str, tuple[int, int, LatentDescription]] = {
    "sep-cma": (12_288, 1_000_000, REAL),
    "snes": (12_288, 1_000_000, REAL),
    "lm-ma-es": (12_288, 1_000_000, REAL),
    "full-cma": (256, 1_000_000, REAL),
    "ga": (4_096, 1_000_000, OPTIONS),
    "catcma": (4_096, 1_000_000, OPTIONS),
    "turbo": (64, 1_000, REAL),
    "cma": (256, 100_000, REAL),
    "nevergrad:CMA": (256, 10_000, REAL),
    "nevergrad:DE": (1_024, 10_000, REAL),
    "optuna:TPE": (64, 1_000, REAL),
}
QUICK = ("sep-cma", "ga", "nevergrad:DE")

Array = NDArray[np.float64]
# Of the seconds since the mark before and the evaluations made in them.
Measure = Callable[[float, int], float]


def trivial(rows: Array, chosen: NDArray[np.int64]) -> Array:
    """Scores without a direction, next to free: no search converges or runs off while it is timed."""
    first = rows[:, 0] if rows.shape[1] else 1e-3 * chosen.sum(axis=1) + 1e-6 * chosen[:, 0]
    return first * 1e6 % 1.0


def by_genes(name: str, genes: int) -> float | None:
    """Median µs an evaluation with so many genes; None where the optimiser cannot."""
    try:
        optimiser = _made(name, LatentDescription(genes), 100_000)
        _evaluations(optimiser, optimiser.batch_size)
        each = max(_seconds(optimiser, optimiser.batch_size), 1e-9)
        evaluations = max(1, min(500, int(0.05 / each))) * optimiser.batch_size
        turns = [_seconds(optimiser, evaluations) for _ in range(TURNS if each < 1 else 1)]
    except FeatvizError as error:
        print(f"  {name} with {genes:,} genes: {str(error)[:100]}")
        return None
    return float(np.median(turns)) / evaluations * 1e6


def by_evaluations(name: str, most: int, latent: LatentDescription) -> tuple[list[float | None], list[float | None]]:
    """µs an evaluation since the mark before, and MB held at each mark; None beyond what the optimiser was run to."""
    costs = _to_marks(name, most, latent, lambda seconds, evaluations: seconds / evaluations * 1e6)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        # The counter makes Python code several times slower.
        held = _to_marks(name, most, latent, lambda *_: (tracemalloc.get_traced_memory()[0] - before) / 1e6)
    finally:
        tracemalloc.stop()
    return costs, held


def _made(name: str, latent: LatentDescription, budget: int) -> Optimiser:
    try:
        # The objective has no direction, so restarts would come, and with them other populations.
        return make_optimiser(name, latent, budget=budget, restart_when_stuck=False).optimiser
    except InvalidArgument:
        return make_optimiser(name, latent, budget=budget).optimiser


def _to_marks(name: str, most: int, latent: LatentDescription, measure: Measure) -> list[float | None]:
    optimiser = _made(name, latent, most)
    found: list[float | None] = [None] * len(MARKS)
    done = 0
    for place, mark in enumerate(MARKS):
        if mark > most:
            break
        seconds = _seconds(optimiser, mark - done, MOST_SECONDS)
        if seconds is None:
            break
        found[place] = measure(seconds, mark - done)
        done = mark
    return found


def _seconds(optimiser: Optimiser, evaluations: int, most: float = np.inf) -> float | None:
    began = time.process_time()
    done = 0
    while done < evaluations:
        done += _evaluations(optimiser, min(optimiser.batch_size, evaluations - done))
        if time.process_time() - began > most:
            return None
    return time.process_time() - began


def _evaluations(optimiser: Optimiser, n: int) -> int:
    asked = optimiser.ask(n)
    optimiser.tell(asked, trivial(asked.real, asked.categorical))
    return n


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--quick", action="store_true", help="three optimisers, and no million")
    parser.add_argument("--write", metavar="FILE", help="draw the curves as SVG")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    names = QUICK if options.quick else tuple(OPTIMISERS)
    most_of = {name: min(OPTIMISERS[name][1], 10_000 if options.quick else MARKS[-1]) for name in names}
    genes = {name: [by_genes(name, d) if d <= OPTIMISERS[name][0] else None for d in GENES] for name in names}
    print_table("µs an evaluation by genes", ["optimiser", *map(str, GENES)], [[n, *genes[n]] for n in names])
    found = {name: by_evaluations(name, most_of[name], OPTIMISERS[name][2]) for name in names}
    marks = [f"{mark:,}" for mark in MARKS]
    print_table("µs an evaluation by evaluations", ["optimiser", *marks], [[n, *found[n][0]] for n in names])
    print_table("MB held", ["optimiser", *marks], [[n, *found[n][1]] for n in names])
    if options.write:
        left = Panel("genes", "µs an evaluation", [Curve(n, GENES, genes[n]) for n in names])
        right = Panel("evaluations so far (64 genes)", "", [Curve(n, MARKS, found[n][0]) for n in names])
        Path(options.write).write_text(draw([left, right]), "utf-8")
    report = {n: {"by_genes": genes[n], "by_evaluations": found[n][0], "mb": found[n][1]} for n in names}
    print_json({"benchmark": "scaling", "genes": list(GENES), "marks": list(MARKS), "optimisers": report})


if __name__ == "__main__":
    main()
