"""Tree ensembles whose exact maximum is known: how near a search comes.

    python benchmarks/ensembles.py [--quick] [--help]

Three ensembles trained on data sets that come with scikit-learn (see ``problems/ensembles.py``). A figure is the best
score so far divided by the maximum over the box of the training data's column ranges, which integer programming proves:
medians over the seeds, and the least, most and mean at the end. featviz searches a ``TabularSpace`` learnt from the
training rows, and one that knows the ranges only. The peers know the box, one of them the training rows
too; "best training row" shows what these hold already.
"""

from collections.abc import Iterator

import pandas as pd
from ours import featviz
from peers.comparison import Method
from peers.effort import Effort, run_benchmark
from peers.real import (
    RealProblem,
    best_example,
    catcma,
    cma_diagonal,
    cma_from_examples,
    nevergrad,
    optuna,
    random_search,
)
from peers.verdicts import Comparison
from problems.ensembles import ENSEMBLES, Ensemble

import featviz as fv

CHECKPOINTS = (250, 500, 1_000, 2_000)
REACHED = 0.995


def learnt(problem: RealProblem) -> fv.TabularSpace:
    return fv.TabularSpace.from_dataframe(_frame(problem))


def declared(problem: RealProblem) -> fv.TabularSpace:
    names = _frame(problem).columns
    ranges = zip(problem.lower.tolist(), problem.upper.tolist(), strict=True)
    return fv.TabularSpace({name: fv.Uniform(*ends) for name, ends in zip(names, ranges, strict=True)})


def _frame(problem: RealProblem) -> pd.DataFrame:
    return pd.DataFrame(problem.examples, columns=[f"x{i}" for i in range(len(problem.lower))])


METHODS: dict[str, Method[RealProblem]] = {
    "featviz": Method(featviz(learnt, pd.DataFrame.to_numpy)),
    "featviz, ranges only": Method(featviz(declared, pd.DataFrame.to_numpy)),
    "best training row": Method(best_example),
    "random": Method(random_search),
    "cma, diagonal": Method(cma_diagonal),
    "cma, diagonal, from the best of 100 rows": Method(cma_from_examples),
    "cmaes:CatCMAwM": Method(catcma),
    "nevergrad:DE": Method(nevergrad("DE", 30)),
    "nevergrad:TwoPointsDE": Method(nevergrad("TwoPointsDE", 30)),
    "nevergrad:OnePlusOne": Method(nevergrad("OnePlusOne")),
    "nevergrad:PSO": Method(nevergrad("PSO", 40)),
    "nevergrad:NGOpt": Method(nevergrad("NGOpt"), runs=2),
    "optuna:TPE": Method(optuna("TPE"), most=500, runs=2),
    "optuna:CMA": Method(optuna("CMA"), most=500, runs=3),
}
QUICK = tuple(METHODS)[:8]


def problem(ensemble: Ensemble) -> RealProblem:
    lower, upper = ensemble.bounds.T
    maximum = ensemble.maximum().value
    return RealProblem(ensemble.name, lower, upper, ensemble.score, maximum, ensemble.frame.to_numpy())


def comparisons(effort: Effort) -> Iterator[Comparison]:
    for make in ENSEMBLES:
        searched = problem(make())
        title = f"{searched.name}: best score / exact maximum ({searched.maximum:.6g}) after so many queries"
        yield effort.compare(
            "ensembles",
            title,
            METHODS,
            [searched] * effort.seeds,
            CHECKPOINTS,
            quick=QUICK,
            reached=REACHED,
            yardsticks=("best training row",),
        )


if __name__ == "__main__":
    run_benchmark(__doc__, {"ensembles": comparisons})
