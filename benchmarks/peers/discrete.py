"""Ways to search sequences of options: three baselines in plain numpy, and the libraries.

All start from the same knowledge: samples of the prior. The libraries are given the best of an initial design, or all
of it where they take it, and its queries count.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from peers.recorder import Recorder

__all__ = ["DiscreteProblem", "best_of_design", "catcma", "greedy", "nevergrad", "optuna_tpe", "prior_sampling"]

Array = NDArray[np.float64]
Rows = NDArray[np.int64]

# The initial design, where the budget is at least four times as large.
DESIGN = 50


@dataclass(frozen=True, eq=False)
class DiscreteProblem:
    """Maximise a function of L genes.

    Attributes:
        name: for tables.
        options: how many options each gene has, length L.
        score: int64 (n, L) -> float64 (n,), finite.
        prior: draws int64 (n, L) from what is known beforehand.
        maximum: the known optimum.
    """

    name: str
    options: tuple[int, ...]
    score: Callable[[Rows], Array]
    prior: Callable[[np.random.Generator, int], Rows]
    maximum: float


def prior_sampling(problem: DiscreteProblem, recorder: Recorder, seed: int) -> None:
    """Draw from the prior only."""
    rng = np.random.default_rng(seed)
    while recorder.left() > 0:
        recorder(problem.prior(rng, min(500, recorder.left())))


def best_of_design(problem: DiscreteProblem, recorder: Recorder, seed: int) -> None:
    """The initial design that the others start from, and nothing after it: what a search must add to."""
    _design(problem, recorder, np.random.default_rng(seed))


def greedy(problem: DiscreteProblem, recorder: Recorder, seed: int) -> None:
    """Directed evolution: set one gene of the best so far to another option, keep what is not worse."""
    rng = np.random.default_rng(seed)
    options = np.array(problem.options)
    rows, scores = _design(problem, recorder, rng)
    best, value = rows[scores.argmax()], scores.max()
    while recorder.left() > 0:
        child = best.copy()
        gene = rng.integers(len(options))
        child[gene] = (child[gene] + rng.integers(1, options[gene])) % options[gene]
        score = recorder(child[None])[0]
        if score >= value:
            best, value = child, score


def nevergrad(
    algorithm: str, workers: int = 1, transitions: bool = False
) -> Callable[[DiscreteProblem, Recorder, int], None]:
    """A nevergrad optimiser on one array of integers, or on a ``TransitionChoice``, which costs ten times as much.

    ``TransitionChoice`` needs as many options at every gene. ``Choice`` is left out: in trials of 1,500 queries it cost
    3 to 5 ms a query and did not improve on the initial design.
    """

    def search(problem: DiscreteProblem, recorder: Recorder, seed: int) -> None:
        import nevergrad as ng

        rows, scores = _design(problem, recorder, np.random.default_rng(seed))
        if transitions:
            if len(set(problem.options)) > 1:
                raise ValueError("TransitionChoice needs as many options at every gene")
            space = ng.p.TransitionChoice(range(problem.options[0]), repetitions=len(problem.options))
        else:
            most = np.array(problem.options) - 1.0
            start = rows[scores.argmax()].astype(float)
            space = ng.p.Array(init=start, lower=0.0 * most, upper=most).set_integer_casting()
        space.random_state = np.random.RandomState(seed)
        optimiser = ng.optimizers.registry[algorithm](space, budget=recorder.left(), num_workers=workers)
        # The best of the design are asked again and count again: DE reads no scores of inputs that it did not ask for.
        for row in rows[np.argsort(-scores)[: max(workers // 2, 1)]]:
            optimiser.suggest(tuple(row.tolist()) if transitions else row.astype(float))
        while recorder.left() > 0:
            asked = [optimiser.ask() for _ in range(min(workers, recorder.left()))]
            told = recorder(np.array([c.value for c in asked]).astype(np.int64))
            for candidate, score in zip(asked, told.tolist(), strict=True):
                optimiser.tell(candidate, -score)

    return search


def optuna_tpe(problem: DiscreteProblem, recorder: Recorder, seed: int) -> None:
    """TPE of optuna, every gene a categorical; it is told the initial design."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed), direction="maximize")
    names = [f"g{i}" for i in range(len(problem.options))]
    domains: dict[str, optuna.distributions.BaseDistribution] = {
        name: optuna.distributions.CategoricalDistribution(range(size))
        for name, size in zip(names, problem.options, strict=True)
    }
    rows, scores = _design(problem, recorder, np.random.default_rng(seed))
    for row, score in zip(rows.tolist(), scores.tolist(), strict=True):
        params = dict(zip(names, row, strict=True))
        study.add_trial(optuna.trial.create_trial(params=params, distributions=domains, value=score))
    while recorder.left() > 0:
        trial = study.ask(domains)
        row = np.array([[trial.params[name] for name in names]])
        study.tell(trial, float(recorder(row)[0]))


def catcma(problem: DiscreteProblem, recorder: Recorder, seed: int) -> None:
    """CatCMA with margin; its distribution starts as half of the initial design's frequencies, half uniform."""
    from cmaes import CatCMAwM

    rows, _ = _design(problem, recorder, np.random.default_rng(seed))
    options = np.array(problem.options)
    start = np.zeros((len(options), options.max()))
    for gene, size in enumerate(options):
        start[gene, :size] = 0.5 * np.bincount(rows[:, gene], minlength=size) / len(rows) + 0.5 / size
    optimiser = CatCMAwM(c_space=options.tolist(), cat_param=start, seed=seed)
    while recorder.left() > 0:
        asked = [optimiser.ask() for _ in range(optimiser.population_size)]
        scores = recorder(np.array([s.c.argmax(axis=1) for s in asked]))
        optimiser.tell(list(zip(asked, (-scores).tolist(), strict=True)))


def _design(problem: DiscreteProblem, recorder: Recorder, rng: np.random.Generator) -> tuple[Rows, Array]:
    """Up to ``DESIGN`` samples of the prior and their scores; they count."""
    rows = problem.prior(rng, min(DESIGN, max(recorder.left() // 4, 1)))
    return rows, recorder(rows)
