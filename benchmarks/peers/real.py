"""Ways to search a box of real numbers: random, and the libraries as their users would call them."""

import contextlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

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
    "optuna",
    "optuna_sampler",
    "random_search",
    "scipy_differential_evolution",
    "scipy_dual_annealing",
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
        noise: standard deviation of the noise that methods meet; the true score of what they report counts then.
    """

    name: str
    lower: Array
    upper: Array
    score: Callable[[Array], Array]
    maximum: float
    examples: Array | None = None
    figure: Callable[[Array], Array] | None = None
    noise: float = 0.0

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
        if recorder.noise:
            recorder.recommend(problem.scaled(np.asarray(optimiser.result.xfavorite))[None])
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
        if recorder.noise:
            recorder.recommend(problem.scaled(np.asarray(optimiser.provide_recommendation().value))[None])

    return search


def optuna(sampler: str) -> Callable[[RealProblem, Recorder, int], None]:
    """A sampler of optuna, one float a number: "TPE", "CMA", or "GP", which needs torch."""

    def search(problem: RealProblem, recorder: Recorder, seed: int) -> None:
        import optuna as library

        library.logging.set_verbosity(library.logging.ERROR)
        made = optuna_sampler(sampler, seed, len(problem.lower))
        study = library.create_study(sampler=made, direction="maximize")
        domains: dict[str, library.distributions.BaseDistribution] = {
            f"x{i}": library.distributions.FloatDistribution(0.0, 1.0) for i in range(len(problem.lower))
        }
        while recorder.left() > 0:
            trial = study.ask(domains)
            row = np.array([[trial.params[name] for name in domains]])
            study.tell(trial, float(recorder(problem.scaled(row))[0]))

    return search


def optuna_sampler(name: str, seed: int, dimensions: int) -> Any:
    """The sampler; CMA without a full covariance where there are more than 100 numbers.

    Raises:
        ImportError: without what the sampler needs.
    """
    import optuna as library

    if name == "TPE":
        return library.samplers.TPESampler(seed=seed)
    if name == "CMA":
        separable = dimensions > 100
        return library.samplers.CmaEsSampler(seed=seed, use_separable_cma=separable, warn_independent_sampling=False)
    if importlib.util.find_spec("torch") is None:
        raise ImportError("torch is not installed")
    return library.samplers.GPSampler(seed=seed)


class _SpentError(Exception):
    """Raised to stop a library that cannot be told to ask so many times and no more."""


def scipy_differential_evolution(problem: RealProblem, recorder: Recorder, seed: int) -> None:
    """Differential evolution of scipy without the local search at its end; fewer members where queries are few."""
    from scipy.optimize import differential_evolution

    # Few queries do not pay for 15 members a variable, the default.
    members = min(15, max(recorder.left() // (4 * len(problem.lower)), 1))
    _scipy(
        problem,
        recorder,
        seed,
        lambda f, ends, rng: differential_evolution(f, ends, rng=rng, popsize=members, polish=False),
    )


def scipy_dual_annealing(problem: RealProblem, recorder: Recorder, seed: int) -> None:
    """Dual annealing of scipy with its own settings."""
    from scipy.optimize import dual_annealing

    _scipy(problem, recorder, seed, lambda f, ends, rng: dual_annealing(f, ends, rng=rng))


def _scipy(
    problem: RealProblem,
    recorder: Recorder,
    seed: int,
    minimise: Callable[[Callable[[Array], float], list[tuple[float, float]], np.random.Generator], object],
) -> None:
    """Runs again from the start where it has converged, until the budget is spent; not a query more is asked."""

    def loss(unit: Array) -> float:
        if not recorder.left():
            raise _SpentError
        return -float(recorder(problem.scaled(np.asarray(unit)[None]))[0])

    rng = np.random.default_rng(seed)
    with contextlib.suppress(_SpentError):
        while recorder.left() > 0:
            minimise(loss, [(0.0, 1.0)] * len(problem.lower), rng)


def catcma(problem: RealProblem, recorder: Recorder, seed: int) -> None:
    """CatCMA with margin, with its own start and step size; of real numbers alone it is a CMA-ES."""
    from cmaes import CatCMAwM

    optimiser = CatCMAwM(x_space=[[0.0, 1.0]] * len(problem.lower), seed=seed)
    while recorder.left() > 0:
        asked = [optimiser.ask() for _ in range(optimiser.population_size)]
        scores = recorder(problem.scaled(np.array([s.x for s in asked])))
        optimiser.tell(list(zip(asked, (-scores).tolist(), strict=True)))
