"""Tree ensembles whose exact maximum is known: how near a search comes.

    python benchmarks/ensembles.py [--quick]

Three ensembles trained on data sets that come with scikit-learn (see ``problems/ensembles.py``). A figure is the best
score so far divided by the maximum over the box of the training data's column ranges, which integer programming proves:
medians over the seeds, and the least, most and mean at the end. featviz searches a ``TabularSpace`` learnt from the
training rows, and one that knows the ranges only. The peers know the box, one of them the training rows
too; "best training row" shows what these hold already.
"""

import argparse

import pandas as pd
from _table import print_json
from ours import featviz
from peers.comparison import Method, compare, print_results
from peers.real import (
    RealProblem,
    best_example,
    catcma,
    cma_diagonal,
    cma_from_examples,
    nevergrad,
    optuna_tpe,
    random_search,
)
from problems.ensembles import ENSEMBLES, Ensemble

import featviz as fv

CHECKPOINTS = (250, 500, 1_000, 2_000)
SEEDS, QUICK_SEEDS = 10, 3
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
    "optuna:TPE": Method(optuna_tpe, most=500, runs=2),
}
QUICK = tuple(METHODS)[:8]


def problem(ensemble: Ensemble) -> RealProblem:
    lower, upper = ensemble.bounds.T
    maximum = ensemble.maximum().value
    return RealProblem(ensemble.name, lower, upper, ensemble.score, maximum, ensemble.frame.to_numpy())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--quick", action="store_true", help="three seeds, and only methods that cost microseconds")
    quick = parser.parse_args().quick
    methods = {name: METHODS[name] for name in (QUICK if quick else METHODS)}
    seeds = QUICK_SEEDS if quick else SEEDS
    report: dict[str, object] = {"benchmark": "ensembles", "seeds": seeds, "checkpoints": list(CHECKPOINTS)}
    for make in ENSEMBLES:
        searched = problem(make())
        results = compare(methods, [searched] * seeds, CHECKPOINTS)
        title = f"{searched.name}: best score / exact maximum ({searched.maximum:.6g}) after so many queries"
        print_results(title, results, CHECKPOINTS, reached=REACHED)
        report[searched.name] = {"maximum": searched.maximum} | {name: r.report() for name, r in results.items()}
    print_json(report)


if __name__ == "__main__":
    main()
