"""Time series: how near a search comes to a hidden template, and how far it drives a classifier.

    python benchmarks/series.py [--quick] [--help]

Matched filters of 256 points (see ``problems/matched_filters.py``), maximum 1: a smooth template, a chirp and a sharp
one, another instance for each seed. Then the log-odds of a classifier of 128 points (``problems/series.py``), for which
no maximum is known. A figure is the best score so far: medians over the seeds, and the least, most and mean at the end.

featviz searches a ``TimeSeriesSpace`` without examples, as it picks by itself, and two ways that it would not pick. The
peers search the raw points. Values lie in [-3, 3] for all.
"""

from collections.abc import Iterator

import numpy as np
from ours import featviz
from peers.comparison import Method
from peers.effort import Effort, run_benchmark
from peers.real import RealProblem, catcma, cma_diagonal, nevergrad, optuna, random_search
from peers.verdicts import Comparison
from problems.matched_filters import TEMPLATES, MatchedFilter
from problems.series import LENGTH, series_classifier

import featviz as fv

CHECKPOINTS = (500, 2_000, 8_000)
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
    "optuna:TPE": Method(optuna("TPE"), most=500, runs=1),
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


def comparisons(effort: Effort) -> Iterator[Comparison]:
    for kind in TEMPLATES:
        problems = [matched_filter(kind, seed) for seed in effort.each_seed()]
        title = f"matched filter, {kind}: best score (maximum 1) after so many queries"
        yield effort.compare("series", title, METHODS, problems, CHECKPOINTS, quick=QUICK, reached=REACHED)
    searched = classifier()
    title = f"{searched.name}: best log-odds after so many queries"
    yield effort.compare("series", title, METHODS, [searched] * effort.seeds, CHECKPOINTS, quick=QUICK)


if __name__ == "__main__":
    run_benchmark(__doc__, {"series": comparisons})
