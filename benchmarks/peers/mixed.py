"""Ways to search rows of numbers, whole numbers and categories: as a box that is rounded, or as optuna has it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from peers.real import RealProblem, optuna_sampler
from peers.recorder import Recorder

__all__ = ["MixedProblem", "optuna"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class MixedProblem(RealProblem):
    """A box whose score rounds down all variables but the first.

    Attributes:
        integers: how many variables are whole numbers; they stand before the categories.
        options: how many options each category has, whose code is the variable; they stand last.
    """

    integers: int = 0
    options: tuple[int, ...] = ()


def optuna(sampler: str) -> Callable[[MixedProblem, Recorder, int], None]:
    """A sampler of optuna, each variable of its own kind."""

    def search(problem: MixedProblem, recorder: Recorder, seed: int) -> None:
        import optuna as library

        library.logging.set_verbosity(library.logging.ERROR)
        made = library.distributions
        domains: dict[str, library.distributions.BaseDistribution] = {}
        d, categories = len(problem.lower), len(problem.options)
        for i, (low, high) in enumerate(zip(problem.lower.tolist(), problem.upper.tolist(), strict=True)):
            if i >= d - categories:
                domains[f"x{i}"] = made.CategoricalDistribution(range(problem.options[i - d + categories]))
            elif i >= d - categories - problem.integers:
                domains[f"x{i}"] = made.IntDistribution(int(low), int(np.floor(high)))
            else:
                domains[f"x{i}"] = made.FloatDistribution(low, high)
        study = library.create_study(sampler=optuna_sampler(sampler, seed, d), direction="maximize")
        while recorder.left() > 0:
            trial = study.ask(domains)
            study.tell(trial, float(recorder(np.array([[float(trial.params[name]) for name in domains]]))[0]))

    return search
