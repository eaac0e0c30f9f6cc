"""Expensive boxes: what is found within 60 and within 200 queries, when each may cost a minute.

    python benchmarks/expensive.py [--quick] [--help]

Each budget is a run of its own, since methods plan for it. A figure is what is said with its title; medians over the
seeds, and the least, most and mean.

- Pictures: the margin of a digit's logit over the best other, by an MLP and a convolutional net (``models.py``), as a
  fraction of the best margin of a real digit; another digit for each seed. The peers search the pixels.
- Tables: the tree ensembles of ``problems/ensembles.py`` and ``problems/mixed.py``, as a fraction of the exact maximum.
  All know the ranges only; a row of featviz knows training rows too.
- Tokens: the log-odds of ``problems/tokens.py``.
- Series: the matched filters of ``problems/matched_filters.py``, maximum 1.
- Control: the mean reward a step of a policy of six numbers that swings up a pendulum.
- Branin, Hartmann and Ackley (``problems/analytic.py``): minus the decimal logarithm of what is missing, 8 at most.
- Noisy: some of these with normal noise, its standard deviation a twentieth and a quarter of the range of the scores.
  The figure is the true score of the one input that a method reports at its end: featviz ``run.best``, pycma its mean
  or what it observed the highest score of, nevergrad its recommendation, the others what they observed the highest
  score of.

optuna's Gaussian process needs torch. Methods that cost much more than a millisecond a query get fewer seeds where
there are many variables; the columns say how many.
"""

import importlib.util
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from ensembles import declared, learnt
from models import CLASSES, SIDE, ConvNet, Model, digits, trained_mlp
from ours import featviz, pictures, pixels
from peers import discrete, mixed, real
from peers.comparison import Method
from peers.effort import Effort, run_benchmark
from peers.recorder import Recorder
from peers.verdicts import Comparison
from problems.analytic import ANALYTIC
from problems.ensembles import ENSEMBLES
from problems.matched_filters import MatchedFilter
from problems.mixed import CATEGORIES, COUNT_MOST, INTEGERS, NUMBERS, Mixed
from problems.mixed import mixed as mixed_table
from problems.pendulum import PARAMETERS, Pendulum
from problems.tokens import tokens

import featviz as fv
from featviz.optimisers.making import OPTIMISERS

BUDGETS = (60, 200)
FILTERS = ("smooth", "sharp")
RANGE = 3.0
NEAREST = 1e-8
# Optimisers of featviz that are run by name beside "auto", where there are such; and those that take every gene.
NAMED = ("turbo", "sep-cma", "cma", "ga")
NAMED_FOR_ALL = ("turbo", "ga")
# Noise, relative to the range of the scores, and that range, of the highest and of random inputs.
NOISES = (0.05, 0.25)
RANGES = {"Hartmann 6": 3.32, "Ackley 10": 22.0}
TABLE_SAMPLES = 5_000
NOISY_OPPONENTS = ("random", "cma, diagonal", "nevergrad:NGOpt", "optuna:TPE")
# From so many variables on, the slow ones are run on few seeds.
MANY, FEW_RUNS = 100, 2
QUICK = ("featviz", "random", "cma, diagonal", "nevergrad:OnePlusOne", "scipy:differential evolution")

Problems = Callable[[int], Any]


class Box(fv.Space):
    """All vectors within bounds, as a user would write it down."""

    def __init__(self, problem: real.RealProblem) -> None:
        self.variables = {f"x{i}": fv.Uniform(*ends) for i, ends in enumerate(zip(*_ends(problem), strict=True))}

    def decode(self, values: Mapping[str, np.ndarray]) -> np.ndarray:
        """The numbers themselves."""
        return np.stack(list(values.values()), axis=1)


def _ends(problem: real.RealProblem) -> tuple[list[float], list[float]]:
    return problem.lower.tolist(), problem.upper.tolist()


def sequences(problem: discrete.DiscreteProblem) -> fv.TokenSpace:
    return fv.TokenSpace(problem.options[0], len(problem.options))


def series(problem: real.RealProblem) -> fv.TimeSeriesSpace:
    return fv.TimeSeriesSpace(len(problem.lower), low=-RANGE, high=RANGE)


def points(inputs: np.ndarray) -> np.ndarray:
    return inputs[:, :, 0].astype(np.float64)


def columns(problem: mixed.MixedProblem) -> fv.TabularSpace:  # noqa: ARG001  all are called with the problem
    found: dict[str, Any] = {f"x{i}": fv.Uniform(0, 1) for i in range(NUMBERS)}
    found |= {f"n{i}": fv.Integer(0, COUNT_MOST) for i in range(INTEGERS)}
    return fv.TabularSpace(found | {f"c{i}": fv.Choice(range(size)) for i, size in enumerate(CATEGORIES)})


def numbers(frame: pd.DataFrame) -> np.ndarray:
    return frame.to_numpy(dtype=np.float64)


def ours(
    space: Callable[[Any], Any], rows: Callable[[Any], np.ndarray], names: Sequence[str] = NAMED
) -> dict[str, Method[Any]]:
    """The rows of featviz: as it picks, and its optimisers by name."""
    there = [name for name in names if name in OPTIMISERS.names()]
    found = {"featviz": Method(featviz(space, rows))}
    return found | {f"featviz, {name}": Method(featviz(space, rows, name)) for name in there}


def numeric(own: Mapping[str, Method[Any]], dimensions: int) -> dict[str, Method[Any]]:
    """With the opponents on a box of numbers."""
    slow = FEW_RUNS if dimensions > MANY else 10**9
    return {
        **own,
        "random": Method(real.random_search),
        "cma, diagonal": Method(real.cma_diagonal),
        **({} if dimensions > MANY else {"cma": Method(real.cma_full)}),
        "optuna:TPE": Method(real.optuna("TPE"), runs=slow),
        "optuna:CMA": Method(real.optuna("CMA"), runs=slow),
        "optuna:GP": Method(real.optuna("GP"), runs=slow),
        "nevergrad:NGOpt": Method(real.nevergrad("NGOpt"), runs=slow),
        "nevergrad:OnePlusOne": Method(real.nevergrad("OnePlusOne")),
        "nevergrad:DE": Method(real.nevergrad("DE")),
        "scipy:differential evolution": Method(real.scipy_differential_evolution),
        "scipy:dual annealing": Method(real.scipy_dual_annealing),
    }


DISCRETE: dict[str, Method[Any]] = {
    **ours(sequences, np.asarray, NAMED_FOR_ALL),
    "random": Method(discrete.prior_sampling),
    "greedy one-token mutation": Method(discrete.greedy),
    "optuna:TPE": Method(discrete.optuna_tpe, runs=3),
    "cmaes:CatCMAwM": Method(discrete.catcma),
    "nevergrad:NGOpt": Method(discrete.nevergrad("NGOpt")),
    "nevergrad:DiscreteOnePlusOne": Method(discrete.nevergrad("DiscreteOnePlusOne")),
    "nevergrad:DiscreteDE": Method(discrete.nevergrad("DiscreteDE")),
}


def compared(
    effort: Effort, title: str, methods: Mapping[str, Method[Any]], made: Callable[[int], Any]
) -> Iterator[Comparison]:
    """One comparison for each budget; ``made`` gives the problem of a seed."""
    problems = [made(seed) for seed in effort.each_seed()]
    for budget in BUDGETS:
        quick = (*QUICK, "greedy one-token mutation")
        yield effort.compare("expensive", f"{title} after {budget} queries", methods, problems, (budget,), quick=quick)


def comparisons(effort: Effort) -> Iterator[Comparison]:
    yield from _analytic(effort)
    yield from _tables(effort)
    yield from _pictures(effort)
    yield from _others(effort)
    yield from _noisy(effort)


def _analytic(effort: Effort) -> Iterator[Comparison]:
    for name, make in ANALYTIC.items():

        def problem(seed: int, name: str = name, make: Callable[[int], Any] = make) -> real.RealProblem:
            made = make(seed)
            d = made.dimensions
            return real.RealProblem(name, np.zeros(d), np.ones(d), made.function, 0.0, figure=nearness)

        methods = numeric(ours(Box, np.asarray), make(0).dimensions)
        yield from compared(effort, f"{name}: -log10 of what is missing", methods, problem)


def nearness(best: np.ndarray) -> np.ndarray:
    """Minus the decimal logarithm of what is missing of the maximum 0."""
    figures: np.ndarray = -np.log10(NEAREST + np.maximum(-best, 0.0))
    return figures


def _tables(effort: Effort) -> Iterator[Comparison]:
    for make in ENSEMBLES:
        ensemble = make()
        ends, rows = ensemble.bounds.T, ensemble.frame.to_numpy()
        searched = real.RealProblem(ensemble.name, *ends, ensemble.score, ensemble.maximum().value, rows)
        own = ours(declared, numbers, NAMED_FOR_ALL) | {"featviz, training rows": Method(featviz(learnt, numbers))}
        title = f"{ensemble.name}: best score / exact maximum"
        yield from compared(effort, title, numeric(own, len(ends[0])), lambda _, searched=searched: searched)
    table = mixed_table()
    searched = mixed_problem(table)
    methods = numeric(ours(columns, numbers, NAMED_FOR_ALL), len(searched.lower))
    methods |= {f"optuna:{name}": Method(mixed.optuna(name)) for name in ("TPE", "CMA", "GP")}
    title = "boosting, numbers and categories: best score / exact maximum"
    yield from compared(effort, title, methods, lambda _: searched)


def mixed_problem(table: Mixed) -> mixed.MixedProblem:
    """The table as a box; whole numbers and codes are rounded down."""
    sizes = np.array([COUNT_MOST + 1] * INTEGERS + list(CATEGORIES))
    lower = np.zeros(NUMBERS + len(sizes))
    # The upper end itself would be a number too many.
    upper = np.concatenate([np.ones(NUMBERS), sizes - 1e-9])

    def score(rows: np.ndarray) -> np.ndarray:
        return table.score_rows(np.concatenate([rows[:, :NUMBERS], np.floor(rows[:, NUMBERS:])], axis=1))

    maximum = table.maximum().value
    return mixed.MixedProblem(
        "numbers and categories", lower, upper, score, maximum, integers=INTEGERS, options=CATEGORIES
    )


def _pictures(effort: Effort) -> Iterator[Comparison]:
    data = digits()
    methods = numeric(ours(pictures(SIDE, SIDE), pixels, ("turbo", "sep-cma", "coarse-to-fine", "ga")), SIDE * SIDE)
    models: list[Model] = [trained_mlp()]
    if importlib.util.find_spec("onnx") is not None:
        models.append(ConvNet.from_onnx())
    for model in models:
        title = f"{model.name}, digits of 28 x 28: margin / that of the best real digit"
        yield from compared(effort, title, methods, lambda seed, model=model: margin(model, seed % CLASSES, data.train))


def margin(model: Model, label: int, natural: np.ndarray) -> real.RealProblem:
    """How far one logit is above the best other one; a figure is a fraction of what real digits reach."""

    def score(rows: np.ndarray) -> np.ndarray:
        logits = model.logits(rows)
        found: np.ndarray = logits[:, label] - np.delete(logits, label, axis=1).max(axis=1)
        return found

    ends = np.zeros(SIDE**2), np.ones(SIDE**2)
    return real.RealProblem(f"{model.name} {label}", *ends, score, float(score(natural).max()))


def _others(effort: Effort) -> Iterator[Comparison]:
    for kind in FILTERS:

        def filtered(seed: int, kind: str = kind) -> real.RealProblem:
            function = MatchedFilter(kind, seed)
            ends = np.full(function.length, -RANGE), np.full(function.length, RANGE)
            return real.RealProblem(kind, *ends, function, 1.0)

        methods = numeric(ours(series, points, ("turbo", "sep-cma", "ga")), MatchedFilter(kind, 0).length)
        yield from compared(effort, f"matched filter, {kind}: best score (maximum 1)", methods, filtered)

    def policy(seed: int) -> real.RealProblem:
        end = np.full(PARAMETERS, 5.0)
        return real.RealProblem("pendulum", -end, end, Pendulum(seed), np.nan)

    title = "pendulum, 6 parameters: mean reward a step (maximum 0)"
    yield from compared(effort, title, numeric(ours(Box, np.asarray), PARAMETERS), policy)
    yield from compared(effort, "tokens: best log-odds", DISCRETE, _texts())


def _texts() -> Problems:
    model = tokens()
    options = (len(model.vocabulary),) * model.length

    def uniform(rng: np.random.Generator, n: int) -> np.ndarray:
        return rng.integers(0, options[0], size=(n, model.length))

    return lambda _: discrete.DiscreteProblem("tokens", options, model.score, uniform, np.nan)


def _noisy(effort: Effort) -> Iterator[Comparison]:
    for level in NOISES:
        for name, spread in RANGES.items():

            def placed(seed: int, name: str = name, noise: float = level * spread) -> real.RealProblem:
                made = ANALYTIC[name](seed)
                ends = np.zeros(made.dimensions), np.ones(made.dimensions)
                return real.RealProblem(name, *ends, made.function, np.nan, noise=noise)

            title = f"{name}, noise {level:g} of the range: true score of what is reported (maximum 0)"
            yield from compared(effort, title, _for_noisy(ours(Box, np.asarray)), placed)
        yield from _noisy_table(effort, level)

        def filtered(seed: int, level: float = level) -> real.RealProblem:
            function = MatchedFilter("smooth", seed)
            ends = np.full(function.length, -RANGE), np.full(function.length, RANGE)
            return real.RealProblem("smooth", *ends, function, 1.0, noise=level)

        title = f"matched filter, smooth, noise {level:g} of the range: true score of what is reported (maximum 1)"
        yield from compared(effort, title, _for_noisy(ours(series, points)), filtered)


def _noisy_table(effort: Effort, level: float) -> Iterator[Comparison]:
    ensemble = ENSEMBLES[0]()
    ends = ensemble.bounds.T
    sample = np.random.default_rng(0).uniform(*ends, size=(TABLE_SAMPLES, len(ends[0])))
    noise = level * float(np.ptp(ensemble.score(sample)))
    maximum, rows = ensemble.maximum().value, ensemble.frame.to_numpy()
    searched = real.RealProblem(ensemble.name, *ends, ensemble.score, maximum, rows, noise=noise)
    title = f"{ensemble.name}, noise {level:g} of the range: true score of what is reported / exact maximum"
    yield from compared(effort, title, _for_noisy(ours(declared, numbers, NAMED_FOR_ALL)), lambda _: searched)


def _for_noisy(own: Mapping[str, Method[Any]]) -> dict[str, Method[Any]]:
    """With the opponents that noisy problems are run with; the slow ones on few seeds."""
    found = {name: method for name, method in numeric(own, 0).items() if name in own or name in NOISY_OPPONENTS}
    for name in ("nevergrad:NGOpt", "optuna:TPE"):
        found[name] = replace(found[name], runs=FEW_RUNS)
    return found | {"cma, diagonal: best observed": Method(_best_observed)}


def _best_observed(problem: real.RealProblem, recorder: Recorder, seed: int) -> None:
    real.cma_diagonal(problem, recorder, seed)
    recorder.recommend(None)


if __name__ == "__main__":
    run_benchmark(__doc__, {"expensive": comparisons})
