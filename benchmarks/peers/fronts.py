"""Ways to search for a front: featviz, NSGA-II of optuna and of pymoo, random search."""

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from problems.fronts import TwoGoals

from featviz.latent import Latents
from featviz.optimisers import make_optimiser
from featviz.optimisers._credit import Credit
from featviz.optimisers.nsga2 import Nsga2

__all__ = ["optuna_nsga2", "ours", "ours_with_sbx", "pymoo_nsga2", "random_search"]

Array = NDArray[np.float64]

POPULATION = 50
# Where the libraries search a real gene, whose prior is standard normal. ZDT in its own variables, from 0 to 1, went
# worse for them.
BOUNDS = (-3.0, 3.0)


def ours(problem: TwoGoals, budget: int, seed: int) -> Array:
    """Featviz's NSGA-II as ``"auto"`` makes it."""
    return _run(make_optimiser("auto", problem.latent, seed=seed, budget=budget, goals=2).optimiser, problem, budget)


def ours_with_sbx(problem: TwoGoals, budget: int, seed: int) -> Array | None:
    """The same with simulated binary crossover and polynomial mutation in place of all operators; real genes only."""
    return None if problem.latent.options else _run(_Sbx(problem.latent, seed=seed), problem, budget)


def random_search(problem: TwoGoals, budget: int, seed: int) -> Array:
    """Draws from the prior."""
    return problem.values(problem.latent.sample(np.random.default_rng(seed), budget))


def optuna_nsga2(problem: TwoGoals, budget: int, seed: int) -> Array:
    """Optuna's NSGAIISampler, one suggestion a gene."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.simplefilter("ignore")
    sampler = optuna.samplers.NSGAIISampler(population_size=POPULATION, seed=seed)
    study = optuna.create_study(directions=["maximize", "maximize"], sampler=sampler)
    found: list[Array] = []

    def objective(trial: Any) -> tuple[float, float]:
        genes = np.array([[trial.suggest_float(f"r{i}", *BOUNDS) for i in range(problem.latent.real)]])
        chosen = [trial.suggest_categorical(f"c{i}", list(range(k))) for i, k in enumerate(problem.latent.options)]
        latents = Latents(genes.reshape(1, -1), np.array([chosen], dtype=np.int64).reshape(1, -1))
        found.append(problem.values(latents)[0])
        return float(found[-1][0]), float(found[-1][1])

    study.optimize(objective, n_trials=budget)
    return np.array(found)


def pymoo_nsga2(problem: TwoGoals, budget: int, seed: int) -> Array:
    """Pymoo's NSGA2: its defaults, whole numbers for options, its first population drawn from the prior."""
    from pymoo.algorithms.moo.nsga2 import NSGA2
    from pymoo.core.problem import Problem
    from pymoo.operators.crossover.sbx import SBX
    from pymoo.operators.mutation.pm import PM
    from pymoo.operators.repair.rounding import RoundingRepair
    from pymoo.optimize import minimize

    latent, found = problem.latent, []
    whole = bool(latent.options)
    first = latent.sample(np.random.default_rng(seed), POPULATION)

    class Pymoo(Problem):  # type: ignore[misc]  # without types
        def __init__(self) -> None:
            if whole:
                super().__init__(n_var=len(latent.options), n_obj=2, xl=0, xu=np.array(latent.options) - 1, vtype=int)
            else:
                super().__init__(n_var=latent.real, n_obj=2, xl=BOUNDS[0], xu=BOUNDS[1])

        def _evaluate(self, x: Array, out: dict[str, Array], *_: Any, **__: Any) -> None:
            real = np.empty((len(x), 0)) if whole else np.asarray(x, dtype=np.float64)
            latents = Latents(real, np.asarray(x, dtype=np.int64) if whole else np.empty((len(x), 0), dtype=np.int64))
            found.append(problem.values(latents))
            out["F"] = -found[-1]

    options: dict[str, Any] = {}
    if whole:
        options = {
            "sampling": first.categorical,
            "crossover": SBX(prob=1.0, eta=3.0, vtype=float, repair=RoundingRepair()),
            "mutation": PM(prob=1.0, eta=3.0, vtype=float, repair=RoundingRepair()),
        }
    elif not problem.even:
        options = {"sampling": np.clip(first.real, *BOUNDS)}
    minimize(Pymoo(), NSGA2(pop_size=POPULATION, **options), ("n_eval", budget), seed=seed, verbose=False)
    return np.concatenate(found)[:budget]


def _run(optimiser: Any, problem: TwoGoals, budget: int) -> Array:
    found: list[Array] = []
    left = budget
    while left:
        asked = optimiser.ask(min(optimiser.batch_size, left))
        found.append(problem.values(asked))
        optimiser.tell(asked, found[-1])
        left -= len(asked)
    return np.concatenate(found)


class _Sbx(Nsga2):
    """NSGA-II with the real-coded operators of Deb et al. 2002: SBX (eta 15) and polynomial mutation (eta 20)."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        variation = self._variation
        variation.names, variation.weights, variation.crosses = ["sbx"], [1.0], [False]
        variation._operators, variation.step_operator = [_sbx], -2
        self._credit = Credit(variation.weights, 0.5, 400.0)


def _sbx(parents: Latents, mates: Latents, rng: np.random.Generator) -> Latents:
    n, genes = parents.real.shape
    u = rng.random((n, genes))
    beta = np.where(u < 0.5, 2 * u, 1 / (2 * (1 - u))) ** (1 / 16) * rng.choice([-1.0, 1.0], size=(n, genes))
    child = ((1 + beta) * parents.real + (1 - beta) * mates.real) / 2
    crossed = (rng.random((n, genes)) < 0.5) & (rng.random((n, 1)) < 0.9)
    child = np.where(crossed, child, parents.real)
    u = rng.random((n, genes))
    step = np.where(u < 0.5, (2 * u) ** (1 / 21) - 1, 1 - (2 * (1 - u)) ** (1 / 21))
    # The range of a gene, six standard deviations of the prior, scales the step.
    child = child + np.where(rng.random((n, genes)) < 1 / genes, 6 * step, 0.0)
    return Latents(child, parents.categorical.copy(), parents.records.copy())
