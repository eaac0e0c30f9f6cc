"""Time series: how near a search comes to a hidden template, and how far it drives a classifier.

    python benchmarks/series.py [--quick]

Matched filters of 256 points (see ``problems/matched_filters.py``), maximum 1: a smooth template, a chirp and a sharp
one, another instance for each seed. Then the log-odds of a classifier of 128 points (``problems/series.py``), for which
no maximum is known. A figure is the best score so far: medians over the seeds, and the least, most and mean at the end.

featviz searches a ``TimeSeriesSpace`` without examples, as it picks by itself, and two ways that it would not pick. The
peers search the raw points. Values lie in [-3, 3] for all.
"""

import argparse

import numpy as np
from _table import print_json
from ours import featviz
from peers.comparison import FIRST_SEED, Method, compare, print_results
from peers.real import RealProblem, catcma, cma_diagonal, nevergrad, optuna_tpe, random_search
from problems.matched_filters import TEMPLATES, MatchedFilter
from problems.series import LENGTH, series_classifier

import featviz as fv

CHECKPOINTS = (500, 2_000, 8_000)
SEEDS, QUICK_SEEDS = 10, 3
RANGE = 3.0
REACHED = 0.99


def raw(problem: RealProblem) -> fv.TimeSeriesSpace:
    return fv.TimeSeriesSpace(len(problem.lower), low=-RANGE, high=RANGE, decoder="raw")


def cosines(problem: RealProblem) -> fv.TimeSeriesSpace:
    return fv.TimeSeriesSpace(len(problem.lower), low=-RANGE, high=RANGE)


def rows(inputs: np.ndarray) -> np.ndarray:
    return inputs[:, :, 0]


METHODS: dict[str, Method[RealProblem]] = {
    "featviz": Method(featviz(cosines, rows)),
    "featviz, all frequencies at once": Method(featviz(cosines, rows, "sep-cma")),
    "featviz, raw values": Method(featviz(raw, rows)),
    "random": Method(random_search),
    "cma, diagonal": Method(cma_diagonal),
    "nevergrad:CMA": Method(nevergrad("CMA"), runs=3),
    "nevergrad:DE": Method(nevergrad("DE", 30), runs=3),
    "nevergrad:OnePlusOne": Method(nevergrad("OnePlusOne"), runs=3),
    "cmaes:CatCMAwM": Method(catcma, most=2_000, runs=2),
    "optuna:TPE": Method(optuna_tpe, most=500, runs=1),
}
QUICK = tuple(METHODS)[:5]


def matched_filter(kind: str, seed: int) -> RealProblem:
    function = MatchedFilter(kind, seed)
    return RealProblem(kind, *_box(function.length), function, 1.0)


def classifier() -> RealProblem:
    model = series_classifier()
    return RealProblem("classifier of 128 points", *_box(LENGTH), model, np.nan, model.examples)


def _box(length: int) -> tuple[np.ndarray, np.ndarray]:
    return np.full(length, -RANGE), np.full(length, RANGE)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--quick", action="store_true", help="three seeds, and only methods that cost microseconds")
    quick = parser.parse_args().quick
    methods = {name: METHODS[name] for name in (QUICK if quick else METHODS)}
    seeds = QUICK_SEEDS if quick else SEEDS
    report: dict[str, object] = {"benchmark": "series", "seeds": seeds, "checkpoints": list(CHECKPOINTS)}
    for kind in TEMPLATES:
        results = compare(methods, [matched_filter(kind, FIRST_SEED + i) for i in range(seeds)], CHECKPOINTS)
        title = f"matched filter, {kind}: best score (maximum 1) after so many queries"
        print_results(title, results, CHECKPOINTS, reached=REACHED)
        report[kind] = {name: result.report() for name, result in results.items()}
    searched = classifier()
    results = compare(methods, [searched] * seeds, CHECKPOINTS)
    print_results(f"{searched.name}: best log-odds after so many queries", results, CHECKPOINTS)
    report[searched.name] = {name: result.report() for name, result in results.items()}
    print_json(report)


if __name__ == "__main__":
    main()
