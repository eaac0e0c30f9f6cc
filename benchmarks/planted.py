"""Planted triggers: does a search find what a model was made to answer to, and little besides?

    python benchmarks/planted.py [--quick] [--help]

Small models trained on data with a trigger in some of it (see ``problems/planted``), in four kinds of space, another
model and another place of the trigger for each seed. Three tables for each:

- objective: the best score so far divided by what the model gives to real inputs with the trigger, in the median; a
  search may find more than that, since it also changes all the rest;
- recall: how much of the trigger is in the best input so far: the share of its pixels, of its tokens in order, of its
  conditions on columns; or whether the segment is there;
- tightness: how much of what counts in that input is the trigger (``Planted.tightness``).

The graded variants give credit for a part of the trigger. The hard ones do not answer before all of it is there: what
is found there is found by luck. featviz searches its own space of each kind with its defaults. The peers search pixels,
tokens, numbers within their ranges and raw points. Nobody has examples.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from ours import featviz, pictures, pixels
from peers import discrete, real
from peers.comparison import Method
from peers.effort import Effort, run_benchmark
from peers.replay import Replayed, kept, replays
from peers.verdicts import Comparison
from problems.planted import PLANTED, Planted
from problems.planted.patch import SIDE

import featviz as fv

CHECKPOINTS = (500, 2_000, 10_000)
RECALLED = 0.95


def sequences(problem: discrete.DiscreteProblem) -> fv.TokenSpace:
    return fv.TokenSpace(problem.options[0], len(problem.options))


def table(problem: real.RealProblem) -> fv.TabularSpace:
    ends = zip(problem.lower.tolist(), problem.upper.tolist(), strict=True)
    return fv.TabularSpace({f"x{i}": fv.Uniform(low, high) for i, (low, high) in enumerate(ends)})


def series(problem: real.RealProblem) -> fv.TimeSeriesSpace:
    low, high = float(problem.lower[0]), float(problem.upper[0])
    return fv.TimeSeriesSpace(len(problem.lower), low=low, high=high)


def points(inputs: np.ndarray) -> np.ndarray:
    return inputs[:, :, 0].astype(np.float64)


def searching_numbers(space: Callable[[Any], Any], rows: Callable[[Any], Any], runs: int) -> dict[str, Method[Any]]:
    """The methods for a box of numbers; ``runs`` of those that cost milliseconds a query."""
    return {
        "featviz": Method(featviz(space, rows)),
        "random": Method(real.random_search),
        "cma, diagonal": Method(real.cma_diagonal),
        "nevergrad:CMA": Method(real.nevergrad("CMA"), runs=runs),
        "nevergrad:DE": Method(real.nevergrad("DE", 30), runs=runs),
        "nevergrad:OnePlusOne": Method(real.nevergrad("OnePlusOne"), runs=runs),
        "cmaes:CatCMAwM": Method(real.catcma, most=2_000, runs=runs),
        "optuna:TPE": Method(real.optuna("TPE"), most=500, runs=1),
    }


METHODS: dict[str, dict[str, Method[Any]]] = {
    "image": searching_numbers(pictures(SIDE, SIDE), pixels, 3),
    "tokens": {
        "featviz": Method(featviz(sequences)),
        "random": Method(discrete.prior_sampling),
        "greedy one-token mutation": Method(discrete.greedy),
        "cmaes:CatCMAwM": Method(discrete.catcma, runs=5),
        "nevergrad:DiscreteOnePlusOne": Method(discrete.nevergrad("DiscreteOnePlusOne"), runs=5),
        "nevergrad:DiscreteDE": Method(discrete.nevergrad("DiscreteDE", 30), runs=5),
        "optuna:TPE": Method(discrete.optuna_tpe, most=500, runs=2),
    },
    "table": searching_numbers(table, pd.DataFrame.to_numpy, 5),
    "series": searching_numbers(series, points, 3),
}
# CatCMAwM keeps a full covariance, which is hopeless for 784 pixels.
del METHODS["image"]["cmaes:CatCMAwM"]
QUICK = ("featviz", "random", "cma, diagonal", "greedy one-token mutation")


def problem(kind: str, planted: Planted) -> real.RealProblem | discrete.DiscreteProblem:
    """The planted model as the peers take it; a figure is a fraction of the reference."""
    reference = planted.reference()
    if kind != "tokens":
        return real.RealProblem(planted.name, planted.lower, planted.upper, planted.score, reference)
    options = tuple((planted.upper + 1).astype(int).tolist())

    def uniform(rng: np.random.Generator, n: int) -> np.ndarray:
        return rng.integers(0, options, size=(n, len(options)))

    return discrete.DiscreteProblem(planted.name, options, planted.score, uniform, reference)


def comparisons(effort: Effort) -> Iterator[Comparison]:
    for kind in PLANTED:
        for hard in (False, True):
            yield from compared(effort, kind, hard=hard)


def compared(effort: Effort, kind: str, *, hard: bool) -> Iterator[Comparison]:
    """Objective, recall and tightness of one search by each method."""
    models = [PLANTED[kind](seed, hard=hard) for seed in effort.each_seed()]
    name, methods, runs = models[0].name, METHODS[kind], {}
    yield effort.compare(
        "planted",
        f"{name}, objective: best score / that of real inputs with the trigger after so many queries",
        kept(methods, runs),
        [problem(kind, model) for model in models],
        CHECKPOINTS,
        quick=QUICK,
        reached=1.0,
    )
    recalls = [Replayed(name, runs, recall_of(model)) for model in models]
    title = f"{name}, recall: how much of the trigger is in the best input after so many queries"
    yield effort.compare("planted", title, replays(methods), recalls, CHECKPOINTS, quick=QUICK, reached=RECALLED)
    parts = [Replayed(name, runs, model.tightness) for model in models]
    title = f"{name}, tightness: how much of what counts in the best input is the trigger after so many queries"
    tightness = effort.compare("planted", title, replays(methods), parts, CHECKPOINTS, quick=QUICK)
    # Nobody searched for that.
    yield replace(tightness, judged=False)


def recall_of(model: Planted) -> Callable[[np.ndarray], float]:
    return lambda row: float(model.trigger.recall(row[None])[0])


if __name__ == "__main__":
    run_benchmark(__doc__, {"planted": comparisons})
