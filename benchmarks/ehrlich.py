"""Sequences with motifs and forbidden transitions, of known maximum 1: how many instances a search solves.

    python benchmarks/ehrlich.py [--quick] [--help]

Ehrlich functions (see ``problems/ehrlich.py``), ten random instances of each size. Everyone may draw from the chain
that the motifs come from, starts from the same number of its samples, and gets -0.1 for an infeasible sequence; every
query counts. A figure is the best value so far: medians over the instances, and the least, most and mean at the end.

featviz learns its prior from 1,000 unscored samples of the chain; a row without them says what that is worth.

Methods that cost milliseconds a query get fewer queries and instances; the columns say how many.
"""

from collections.abc import Iterator

import numpy as np
from ours import featviz
from peers.comparison import Method
from peers.discrete import (
    DiscreteProblem,
    best_of_design,
    catcma,
    greedy,
    nevergrad,
    optuna_tpe,
    prior_sampling,
)
from peers.effort import Effort, run_benchmark
from peers.verdicts import Comparison
from problems.ehrlich import Ehrlich

import featviz as fv

# States, length, motifs, states a motif.
SIZES = ((20, 15, 2, 5), (32, 32, 4, 4))
CHECKPOINTS = (500, 1_000, 2_000, 5_000, 10_000)

# Samples of the chain, unscored, from which featviz learns what sequences are like.
EXAMPLES = 1_000


def learnt(problem: DiscreteProblem) -> fv.TokenSpace:
    rng = np.random.default_rng(0)
    return fv.TokenSpace(problem.options[0], len(problem.options), examples=list(problem.prior(rng, EXAMPLES)))


def unlearnt(problem: DiscreteProblem) -> fv.TokenSpace:
    return fv.TokenSpace(problem.options[0], len(problem.options))


METHODS: dict[str, Method[DiscreteProblem]] = {
    "featviz": Method(featviz(learnt)),
    "featviz, without examples": Method(featviz(unlearnt)),
    "best of the initial design": Method(best_of_design),
    "prior sampling only": Method(prior_sampling),
    "greedy one-token mutation": Method(greedy),
    "cmaes:CatCMAwM": Method(catcma),
    "nevergrad:DiscreteOnePlusOne": Method(nevergrad("DiscreteOnePlusOne")),
    "nevergrad:PortfolioDiscreteOnePlusOne": Method(nevergrad("PortfolioDiscreteOnePlusOne")),
    "nevergrad:DiscreteDE": Method(nevergrad("DiscreteDE", 30)),
    "nevergrad:DiscreteLengler, TransitionChoice": Method(
        nevergrad("DiscreteLenglerOnePlusOne", transitions=True), most=2_000, runs=3
    ),
    "optuna:TPE": Method(optuna_tpe, most=1_000, runs=2),
}
QUICK = tuple(METHODS)[:6]


def problem(size: tuple[int, int, int, int], seed: int) -> DiscreteProblem:
    function = Ehrlich(*size, seed=seed)
    options = (function.states,) * function.length
    return DiscreteProblem(f"Ehrlich{size}", options, function, function.sample_chain, 1.0)


def comparisons(effort: Effort) -> Iterator[Comparison]:
    for size in SIZES:
        problems = [problem(size, seed) for seed in effort.each_seed()]
        states, length, motifs, motif_length = size
        title = (
            f"Ehrlich, {states} states, length {length}, {motifs} motifs of {motif_length}: "
            "best value (maximum 1) after so many queries"
        )
        yield effort.compare(
            "ehrlich",
            title,
            METHODS,
            problems,
            CHECKPOINTS,
            quick=QUICK,
            reached=1.0,
            yardsticks=("best of the initial design",),
        )


if __name__ == "__main__":
    run_benchmark(__doc__, {"ehrlich": comparisons})
