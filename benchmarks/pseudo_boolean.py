"""OneMax and LeadingOnes: evaluations to the optimum, beside the exact expectations of theory.

    python benchmarks/pseudo_boolean.py [--quick] [--help]

n bits with a hidden string, another for each seed (see ``problems/pseudo_boolean.py``). The first table of each
problem is of evaluations to the optimum: medians and means over the seeds, how many seeds got there, and the mean
divided by what theory expects of the (1+1) evolutionary algorithm with rate 1/n and of randomised local search, both of
which are run too, as a check. The second is of the best value so far, divided by n.

Every method starts from random strings. These functions are easy, and say whether the operators of a search waste
queries; local search is hard to beat on them, and lost on anything with local optima.
"""

from collections.abc import Iterator, Mapping

import numpy as np
from ours import featviz
from peers.bits import local_search, one_plus_one
from peers.comparison import Method
from peers.discrete import DiscreteProblem, catcma, nevergrad
from peers.effort import Effort, run_benchmark
from peers.noted import Noted, print_times
from peers.verdicts import Comparison
from problems.pseudo_boolean import (
    LeadingOnes,
    OneMax,
    leading_ones_ea,
    leading_ones_rls,
    one_max_ea,
    one_max_rls,
)

import featviz as fv

# The problem, bits, and what is expected of the (1+1) EA and of local search.
PROBLEMS = (
    (OneMax, 100, one_max_ea, one_max_rls),
    (LeadingOnes, 50, leading_ones_ea, leading_ones_rls),
)
# Queries at which the best so far is noted, in parts of what is expected of the (1+1) EA.
PARTS = (0.25, 0.5, 1.0, 2.0, 3.0)


class Bits(fv.Space):
    """n independent bits."""

    def __init__(self, n: int) -> None:
        self.variables = {"bits": fv.Choice(2, shape=n)}

    def decode(self, values: Mapping[str, np.ndarray]) -> np.ndarray:
        """Bits, int64 (rows, n)."""
        return values["bits"]


def space(problem: DiscreteProblem) -> Bits:
    return Bits(len(problem.options))


def methods() -> dict[str, Method[DiscreteProblem]]:
    searches = {
        "featviz": featviz(space),
        "featviz, ga": featviz(space, optimiser="ga"),
        "featviz, catcma": featviz(space, optimiser="catcma"),
        "(1+1) EA": one_plus_one,
        "local search": local_search,
        "cmaes:CatCMAwM": catcma,
        "nevergrad:DiscreteOnePlusOne": nevergrad("DiscreteOnePlusOne"),
        "nevergrad:DiscreteOnePlusOne, TransitionChoice": nevergrad("DiscreteOnePlusOne", transitions=True),
    }
    # Of what costs ten times as much, fewer runs.
    return {name: Method(Noted(search), runs=3 if "Transition" in name else 10**9) for name, search in searches.items()}


QUICK = ("featviz", "featviz, ga", "featviz, catcma", "(1+1) EA", "local search")


def problem(function: OneMax | LeadingOnes) -> DiscreteProblem:
    n = len(function.target)
    return DiscreteProblem(
        type(function).__name__, (2,) * n, function, lambda rng, rows: rng.integers(2, size=(rows, n)), float(n)
    )


def comparisons(effort: Effort) -> Iterator[Comparison]:
    for kind, n, of_ea, of_local_search in PROBLEMS:
        problems = [problem(kind(n, seed)) for seed in effort.each_seed()]
        expected = {"(1+1) EA": of_ea(n), "local search": of_local_search(n)}
        run = methods()
        comparison = effort.compare(
            "pseudo-boolean",
            f"{kind.__name__}, {n} bits: best value / {n} after so many queries",
            run,
            problems,
            tuple(round(part * of_ea(n)) for part in PARTS),
            quick=QUICK,
            reached=1.0,
        )
        print_times(f"{kind.__name__}, {n} bits: evaluations to the optimum", run, expected)
        yield comparison


if __name__ == "__main__":
    run_benchmark(__doc__, {"pseudo-boolean": comparisons})
