"""Fronts of two objectives: the hypervolume that is dominated after equally many evaluations, by method.

    python benchmarks/fronts.py [--quick] [--budget 2000] [--seeds 5] [--only digits] [--without optuna]

"ours" is what ``optimiser="auto"`` picks; "ours, SBX" the same with the real-coded operators of the first NSGA-II in
place of the genetic algorithm's; optuna and pymoo are their NSGA-II with the same population of 50, pymoo's started
from the prior or evenly, whichever was better for it. pymoo is left out where it is not installed. For each method the
median, the smallest and the largest hypervolume over the seeds, and seconds a run (model included). Of ZDT the true
front's volume is known.
"""

import argparse
import importlib.util
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from _table import print_json, print_table
from peers.fronts import optuna_nsga2, ours, ours_with_sbx, pymoo_nsga2, random_search
from problems.fronts import TwoGoals, digits, words, zdt

from featviz.hypervolume import hypervolume

METHODS: dict[str, Callable[[TwoGoals, int, int], Any]] = {
    "ours": ours,
    "ours, SBX": ours_with_sbx,
    "pymoo": pymoo_nsga2,
    "optuna": optuna_nsga2,
    "random": random_search,
}
CASES: dict[str, Callable[[], TwoGoals]] = {
    "zdt1": lambda: zdt(1),
    "zdt2": lambda: zdt(2),
    "zdt3": lambda: zdt(3),
    "digits": digits,
    "words": words,
}


def measure(problem: TwoGoals, method: str, budget: int, seeds: int) -> dict[str, Any] | None:
    """Hypervolumes and seconds of a method over the seeds; None where it does not apply."""
    volumes, seconds = [], []
    for seed in range(seeds):
        began = time.perf_counter()
        values = METHODS[method](problem, budget, seed)
        if values is None:
            return None
        seconds.append(time.perf_counter() - began)
        if len(values) != budget:
            raise SystemExit(f"{method} made {len(values)} evaluations of {problem.name} in place of {budget}.")
        volumes.append(hypervolume(np.asarray(values), problem.reference))
    return {"volumes": volumes, "seconds": statistics.median(seconds)}


def main() -> None:
    """Run the cases and print a table of each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--budget", type=int, default=2_000)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--only", choices=list(CASES), nargs="*", default=list(CASES))
    parser.add_argument("--without", choices=list(METHODS), nargs="*", default=[])
    parser.add_argument("--quick", action="store_true", help="300 evaluations, 2 seeds, without optuna")
    args = parser.parse_args()
    if args.quick:
        args.budget, args.seeds, args.without = 300, 2, [*args.without, "optuna"]
    if importlib.util.find_spec("pymoo") is None:
        args.without.append("pymoo")
    result: dict[str, Any] = {"budget": args.budget, "seeds": args.seeds}
    for case in args.only:
        problem = CASES[case]()
        rows: list[list[Any]] = []
        for method in METHODS:
            found = None if method in args.without else measure(problem, method, args.budget, args.seeds)
            if found is not None:
                volumes = found["volumes"]
                rows.append([method, statistics.median(volumes), min(volumes), max(volumes), found["seconds"]])
                result[f"{case} {method}"] = found
        if problem.best is not None:
            rows.append(["true front", problem.best, None, None, None])
        title = f"{problem.name}: hypervolume after {args.budget:,} evaluations, {args.seeds} seeds"
        print_table(title, ["method", "median", "least", "most", "s a run"], rows)
    print_json(result)


if __name__ == "__main__":
    main()
