"""What an input costs: µs a decoded input at batch 64 by kind of input, beside other ways to make the same at random.

    python benchmarks/spaces.py [--turns 21] [--only table]

featviz draws latents from the prior of a space ("sample") and decodes them ("decode"): a search pays the second for
every input, the first for a few. nevergrad samples a parameter and reads its value, optuna asks a study in memory with
its random sampler and suggests, ConfigSpace and gymnasium sample. They make one input after another; where featviz
gives one data frame or array for the batch they do so in the end. All in one process, the ways taken in turn, each turn
with a seed of its own, and the medians kept. "times" is how many times as long as featviz a way takes.
"""

import argparse
import statistics
import time
import warnings
from dataclasses import dataclass, field
from typing import Any

from _table import print_json, print_table
from sampling.cases import CASES
from sampling.ways import BATCH, FEATVIZ, Case, Way

# Many short turns, so that a neighbour's load falls on all alike.
TURNS = 21
# Seconds after which a way has no more turns, but at least so many.
MOST_SECONDS, LEAST_TURNS = 1.0, 3
# Target of the project, against each way of these libraries in these cases.
LEAST_RATIO, SLOWER, ASKED = 20.0, ("nevergrad", "optuna"), ("tokens", "table")


@dataclass
class Timed:
    """Of one way: seconds of each step in each turn, and why there are none."""

    way: Way
    turns: list[list[float]] = field(default_factory=list)
    failure: str = ""

    def turn(self, seed: int) -> None:
        """Prepare, and time the steps."""
        try:
            value, taken = None, []
            for step in self.way.prepare(seed):
                began = time.process_time()
                value = step(value)
                taken.append(time.process_time() - began)
            self.turns.append(taken)
        except Exception as error:  # noqa: BLE001  whatever a peer raises is its result
            self.failure = f"{type(error).__name__}: {' '.join(str(error).split())[:80]}"

    def goes_on(self) -> bool:
        """Whether there is time for another turn."""
        spent = sum(sum(taken) for taken in self.turns)
        return not self.failure and (len(self.turns) < LEAST_TURNS or spent < MOST_SECONDS)

    def micros(self) -> list[float]:
        """Median µs an input of each step, and of all together."""
        steps = [statistics.median(taken) for taken in zip(*self.turns, strict=True)]
        whole = statistics.median(map(sum, self.turns))
        return [seconds / self.way.inputs * 1e6 for seconds in (*steps, whole)]


def measure(case: Case, turns: int) -> list[Timed]:
    """All ways of a case, in turn."""
    ways = [Timed(way) for way in case.ways]
    for timed in ways:
        timed.turn(0)  # imports, caches, first touches
        timed.turns.clear()
    for seed in range(1, turns + 1):
        for timed in ways:
            if timed.goes_on():
                timed.turn(seed)
    return ways


def rows_of(case: Case, ways: list[Timed]) -> list[list[Any]]:
    """Rows of the table: featviz's ways and the others' by their time, then what failed or is lacking."""
    found = {timed.way.name: timed.micros() for timed in ways if not timed.failure}
    own = found[ways[0].way.name][-1] if ways[0].way.name in found else None
    rows: list[list[Any]] = []
    for name, (*steps, whole) in sorted(found.items(), key=lambda item: (not item[0].startswith(FEATVIZ), item[1][-1])):
        parts = steps if len(steps) > 1 else [None, None]
        rows.append([name, *parts, whole, None if own is None else whole / own, ""])
    lacking = {timed.way.name: timed.failure for timed in ways if timed.failure} | dict(case.lacking)
    return rows + [[name, None, None, None, None, why] for name, why in lacking.items()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=TURNS)
    parser.add_argument("--only", default="", help="only cases with this in their name")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    columns = ["way", "sample", "decode", "µs an input", "times", "note"]
    asked: dict[str, dict[str, float | None]] = {}
    own: dict[str, dict[str, float]] = {}
    for case in (case for case in CASES if options.only in case.name):
        ways = measure(case, options.turns)
        rows = rows_of(case, ways)
        print_table(f"{case.name}: µs an input, batches of {BATCH}", columns, rows)
        if not ways[0].failure:
            sample, decode, whole = ways[0].micros()
            own[case.name] = {"sample": round(sample, 2), "decode": round(decode, 2), "whole": round(whole, 2)}
        if case.name.split(",")[0] in ASKED:
            asked[case.name] = {row[0]: row[4] for row in rows if row[0].split(",")[0] in SLOWER}
    print_json(
        {
            "benchmark": "spaces",
            "featviz_us": own,
            "times": {name: {way: r and round(r, 1) for way, r in ratios.items()} for name, ratios in asked.items()},
            "holds": all(r is not None and r >= LEAST_RATIO for ratios in asked.values() for r in ratios.values()),
        }
    )


if __name__ == "__main__":
    main()
