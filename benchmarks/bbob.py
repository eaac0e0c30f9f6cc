"""Functions of real variables with a known optimum: what the optimisers are worth where no decoder helps.

    python benchmarks/bbob.py [--quick] [--help]

Eight BBOB functions (see ``problems/bbob.py``) in 10 and 40 variables, and the two separable ones in 784, another
instance for each seed. The peers search [-5, 5]^d; featviz numbers with a normal prior, as wide as their first step,
and in a row of its own numbers within [-5, 5]. A figure is minus the decimal logarithm of the distance to the best
value (8 at most): 2 means that .01 is missing, and one more is ten times nearer.
"""

from collections.abc import Iterator, Mapping

import numpy as np
from ours import featviz
from peers.comparison import Method
from peers.effort import Effort, run_benchmark
from peers.real import (
    RealProblem,
    catcma,
    cma_diagonal,
    cma_full,
    nevergrad,
    optuna,
    random_search,
    scipy_differential_evolution,
    scipy_dual_annealing,
)
from peers.verdicts import Comparison
from problems.bbob import FUNCTIONS, HALF_WIDTH, Bbob

import featviz as fv

SEPARABLE = ("sphere", "ellipsoid, separable")
NEAREST = 1e-8


class Reals(fv.Space):
    """Vectors of so many numbers, each with a standard deviation of half the half width: the peers' first step too."""

    def __init__(self, dimensions: int) -> None:
        self.variables = {"x": fv.Real(shape=dimensions)}

    def decode(self, values: Mapping[str, np.ndarray]) -> np.ndarray:
        """The numbers."""
        return HALF_WIDTH / 2 * values["x"]


class Box(fv.Space):
    """Vectors of so many numbers within [-5, 5], each as likely as the others."""

    def __init__(self, dimensions: int) -> None:
        self.variables = {"x": fv.Uniform(-HALF_WIDTH, HALF_WIDTH, shape=dimensions)}

    def decode(self, values: Mapping[str, np.ndarray]) -> np.ndarray:
        """The numbers themselves."""
        return values["x"]


def reals(problem: RealProblem) -> Reals:
    return Reals(len(problem.lower))


def box(problem: RealProblem) -> Box:
    return Box(len(problem.lower))


METHODS: dict[str, Method[RealProblem]] = {
    "featviz": Method(featviz(reals)),
    "featviz, sep-cma": Method(featviz(reals, optimiser="sep-cma")),
    "featviz, full-cma": Method(featviz(reals, optimiser="full-cma")),
    "featviz, bounded": Method(featviz(box)),
    "random": Method(random_search),
    "cma": Method(cma_full),
    "cma, diagonal": Method(cma_diagonal),
    "cmaes:CatCMAwM": Method(catcma, most=2_000, runs=3),
    "nevergrad:CMA": Method(nevergrad("CMA"), most=2_000, runs=5),
    "nevergrad:DE": Method(nevergrad("DE", 30), most=2_000, runs=5),
    "nevergrad:NGOpt": Method(nevergrad("NGOpt"), most=2_000, runs=3),
    "scipy:differential evolution": Method(scipy_differential_evolution),
    "scipy:dual annealing": Method(scipy_dual_annealing),
}
QUICK = tuple(METHODS)[:7]
# optuna takes milliseconds a query and variable.
FEW = {
    **METHODS,
    "optuna:TPE": Method(optuna("TPE"), most=500, runs=3),
    "optuna:CMA": Method(optuna("CMA"), most=500, runs=5),
}
# With 784 variables a full covariance is hopeless, and NGOpt makes no progress (benchmarks/parity.py).
MANY = {
    name: METHODS[name]
    for name in ("featviz", "featviz, bounded", "random", "cma, diagonal", "nevergrad:CMA", "nevergrad:DE")
}

SIZES = (
    (10, tuple(FUNCTIONS), (500, 2_000, 10_000), FEW),
    (40, tuple(FUNCTIONS), (500, 2_000, 10_000), METHODS),
    (784, SEPARABLE, (2_000, 10_000), MANY),
)


def problem(name: str, dimensions: int, seed: int) -> RealProblem:
    ends = np.full(dimensions, HALF_WIDTH)
    return RealProblem(name, -ends, ends, Bbob(name, dimensions, seed), 0.0, figure=nearness)


def nearness(best: np.ndarray) -> np.ndarray:
    """Minus the decimal logarithm of what is missing of the maximum 0."""
    figures: np.ndarray = -np.log10(NEAREST - best)
    return figures


def comparisons(effort: Effort) -> Iterator[Comparison]:
    for dimensions, names, checkpoints, methods in SIZES:
        for name in names:
            problems = [problem(name, dimensions, seed) for seed in effort.each_seed()]
            title = f"{name}, {dimensions} variables: -log10 of what is missing after so many queries"
            yield effort.compare("bbob", title, methods, problems, checkpoints, quick=QUICK)


if __name__ == "__main__":
    run_benchmark(__doc__, {"bbob": comparisons})
