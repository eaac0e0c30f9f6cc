"""Ways to search a box of real numbers: random, and the libraries as their users would call them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from peers.recorder import Recorder

__all__ = [
    "RealProblem",
    "best_example",
    "catcma",
    "cma_diagonal",
    "cma_from_examples",
    "cma_full",
    "nevergrad",
    "optuna_tpe",
    "random_search",
]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RealProblem:
    """Maximise a function of d numbers within bounds.

    Attributes:
        name: for tables.
        lower: float64 (d,).
        upper: float64 (d,).
        score: float64 (n, d) -> float64 (n,), finite.
        maximum: the known optimum, NaN where none is known.
        examples: float64 (m, d), natural inputs; none by default.
        figure: what is reported of best scores, higher is better; by default their fraction of the maximum.
    """

    name: str
    lower: Array
    upper: Array
    score: Callable[[Array], Array]
    maximum: float
    examples: Array | None = None
    figure: Callable[[Array], Array] | None = None

    def scaled(self, unit: Array) -> Array:
        """Rows within the bounds of rows in [0, 1]."""
        return self.lower + unit * (self.upper - self.lower)


def best_example(problem: RealProblem, recorder: Recorder, seed: int) -> None:
    """The best natural input, and no search: what a search must add to."""
    rows = problem.examples
    if rows is None:
        raise ValueError(f"{problem.name} has no examples")
    recorder(np.random.default_rng(seed).permutation(rows))


def random_search(problem: RealProblem, recorder: Recorder, seed: int) -> None:
    """Uniform in the box."""
    rng = np.random.default_rng(seed)
    while recorder.left() > 0:
        recorder(problem.scaled(rng.random((min(500, recorder.left()), len(problem.lower)))))


def cma_diagonal(problem: RealProblem, recorder: Recorder, seed: int) -> None:
    """Separable CMA-ES of pycma with its own bounds, from the middle of the box; restarted when it has converged."""
    _cma(problem, recorder, seed, np.full(len(problem.lower), 0.5))


def cma_from_examples(problem: RealProblem, recorder: Recorder, seed: int) -> None:
    """The same from the best of 100 natural inputs, whose queries count."""
    if problem.examples is None:
        raise ValueError(f"{problem.name} has no examples")
    rows = np.random.default_rng(seed).permutation(problem.examples)[:100]
    best = rows[recorder(rows).argmax()]
    _cma(problem, recorder, seed, (best - problem.lower) / (problem.upper - problem.lower))


def cma_full(problem: RealProblem, recorder: Recorder, seed: int) -> None:
    """CMA-ES of pycma with its own bounds and a full covariance, from the middle; restarted when it has converged."""
    _cma(problem, recorder, seed, np.full(len(problem.lower), 0.5), diagonal=False)


def _cma(problem: RealProblem, recorder: Recorder, seed: int, start: Array, *, diagonal: bool = True) -> None:
    import cma

    restarts, rng = 0, np.random.default_rng(seed)
    while recorder.left() > 0:
        options = {"CMA_diagonal": diagonal, "bounds": [0, 1], "seed": seed + 7919 * restarts + 1, "verbose": -9}
        optimiser = cma.CMAEvolutionStrategy(start, 0.25, options)
        while recorder.left() > 0 and not optimiser.stop():
            asked = optimiser.ask()
            optimiser.tell(asked, list(-recorder(problem.scaled(np.array(asked)))))
        restarts, start = restarts + 1, rng.random(len(start))


def nevergrad(algorithm: str, workers: int = 1) -> Callable[[RealProblem, Recorder, int], None]:
    """A nevergrad optimiser on one flat array."""

    def search(problem: RealProblem, recorder: Recorder, seed: int) -> None:
        import nevergrad as ng

        array = ng.p.Array(init=np.full(len(problem.lower), 0.5), lower=0.0, upper=1.0)
        array.random_state = np.random.RandomState(seed)
        optimiser = ng.optimizers.registry[algorithm](array, budget=recorder.left(), num_workers=workers)
        while recorder.left() > 0:
            asked = [optimiser.ask() for _ in range(min(workers, recorder.left()))]
            scores = recorder(problem.scaled(np.array([c.value for c in asked])))
            for candidate, score in zip(asked, scores.tolist(), strict=True):
                optimiser.tell(candidate, -score)

    return search


def optuna_tpe(problem: RealProblem, recorder: Recorder, seed: int) -> None:
    """TPE of optuna, one float a number."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed), direction="maximize")
    domains: dict[str, optuna.distributions.BaseDistribution] = {
        f"x{i}": optuna.distributions.FloatDistribution(0.0, 1.0) for i in range(len(problem.lower))
    }
    while recorder.left() > 0:
        trial = study.ask(domains)
        row = np.array([[trial.params[name] for name in domains]])
        study.tell(trial, float(recorder(problem.scaled(row))[0]))


def catcma(problem: RealProblem, recorder: Recorder, seed: int) -> None:
    """CatCMA with margin, with its own start and step size; of real numbers alone it is a CMA-ES."""
    from cmaes import CatCMAwM

    optimiser = CatCMAwM(x_space=[[0.0, 1.0]] * len(problem.lower), seed=seed)
    while recorder.left() > 0:
        asked = [optimiser.ask() for _ in range(optimiser.population_size)]
        scores = recorder(problem.scaled(np.array([s.x for s in asked])))
        optimiser.tell(list(zip(asked, (-scores).tolist(), strict=True)))
