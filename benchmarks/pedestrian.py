"""Does the main job work? OpenCV's pedestrian detector, default options, 12,000 queries, five seeds.

Target: a median decision value of at least 12.5, while the best of as many random pictures stays below 0.
No default was chosen on these seeds.
"""

import argparse
import time

import numpy as np
from _table import print_json, print_table

import featviz as fv
from featviz.demo.models import WINDOW, pedestrian

BUDGET = 12_000
MARKS = (500, 2_000, 4_000, 8_000, 12_000)
SEEDS = (1000, 1001, 1002, 1003, 1004)
TARGET = 12.5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one seed")
    parser.add_argument("--out", help="keep the runs in this folder")
    options = parser.parse_args()
    seeds = SEEDS[:1] if options.quick else SEEDS
    height, width = WINDOW
    rows, finals, randoms = [], [], []
    for seed in seeds:
        started = time.perf_counter()
        run = fv.search(
            fv.ImageSpace(height, width),
            fv.maximise(pedestrian(), "person"),
            budget=BUDGET,
            baseline=BUDGET,
            seed=seed,
            out=f"{options.out}/seed-{seed}" if options.out else None,
            progress="none",
        )
        random = run.baseline_best
        finals.append(run.best.score)
        randoms.append(float("nan") if random is None else random.score)
        rows.append([seed, *(run.history.at(mark) for mark in MARKS), randoms[-1], time.perf_counter() - started])
    rows.append(["median", *np.median([row[1:] for row in rows], axis=0)])
    columns = ["seed", *(f"at {mark:,}" for mark in MARKS), f"best of {BUDGET:,} random", "seconds"]
    print_table("HOG + linear SVM pedestrian detector: decision value of the best picture", columns, rows)
    print_json(
        {
            "benchmark": "pedestrian",
            "seeds": list(seeds),
            "median": float(np.median(finals)),
            "spread": [min(finals), max(finals)],
            "random_best": max(randoms),
            "target": TARGET,
            "reached": bool(np.median(finals) >= TARGET and max(randoms) < 0),
        }
    )


if __name__ == "__main__":
    main()
