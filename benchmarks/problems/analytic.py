"""Three functions that papers on expensive functions use, each turned or moved for each seed; the maximum is 0.

Branin (2 variables) and Hartmann (6) are those of Picheny, Wagner & Ginsbourger 2013, "A benchmark of kriging-based
infill criteria"; Ackley (10) is that of Ackley 1987. All are minus the distance to the best value.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["ANALYTIC", "Analytic"]

Array = NDArray[np.float64]

HARTMANN_A = (
    (10.0, 3.0, 17.0, 3.5, 1.7, 8.0),
    (0.05, 10.0, 17.0, 0.1, 8.0, 14.0),
    (3.0, 3.5, 1.7, 10.0, 17.0, 8.0),
    (17.0, 8.0, 0.05, 10.0, 0.1, 14.0),
)
HARTMANN_P = (
    (0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886),
    (0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991),
    (0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650),
    (0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381),
)
HARTMANN_ALPHA = (1.0, 1.2, 3.0, 3.2)


@dataclass(frozen=True, eq=False)
class Analytic:
    """A function on the unit cube.

    Attributes:
        dimensions: how many variables.
        function: float64 (n, d) in [0, 1] -> float64 (n,), at most 0.
        optimum: where it is greatest, float64 (d,).
    """

    dimensions: int
    function: Callable[[Array], Array]
    optimum: Array

    def placed(self, seed: int) -> "Analytic":
        """The same with its variables in another order, some of them mirrored."""
        rng = np.random.default_rng(seed)
        order, mirrored = rng.permutation(self.dimensions), rng.random(self.dimensions) < 0.5

        def function(rows: Array) -> Array:
            return self.function(np.where(mirrored, 1 - rows, rows)[:, order])

        optimum = np.empty(self.dimensions)
        optimum[order] = self.optimum
        return Analytic(self.dimensions, function, np.where(mirrored, 1 - optimum, optimum))


def branin(seed: int) -> Analytic:
    """Branin, with three maxima of one height."""

    def function(rows: Array) -> Array:
        x, y = 15 * rows[:, 0] - 5, 15 * rows[:, 1]
        bowl = y - 5.1 / (4 * np.pi**2) * x**2 + 5 / np.pi * x - 6
        return -(bowl**2 + 10 * (1 - 1 / (8 * np.pi)) * np.cos(x) + 10) + 0.39788735772973816

    return Analytic(2, function, np.array([(np.pi + 5) / 15, 2.275 / 15])).placed(seed)


def hartmann(seed: int) -> Analytic:
    """Hartmann in 6 variables, with six local maxima."""
    a, p, alpha = np.array(HARTMANN_A), np.array(HARTMANN_P), np.array(HARTMANN_ALPHA)

    def function(rows: Array) -> Array:
        found: Array = np.exp(-(a * (rows[:, None] - p) ** 2).sum(axis=2)) @ alpha - 3.32236801141551
        return found

    optimum = np.array([0.20168952, 0.15001069, 0.47687398, 0.27533243, 0.31165162, 0.65730054])
    return Analytic(6, function, optimum).placed(seed)


def ackley(seed: int) -> Analytic:
    """Ackley in 10 variables on [-32.768, 32.768], moved; its optimum lies in the middle three fifths."""
    optimum = np.random.default_rng(seed).uniform(0.2, 0.8, size=10)

    def function(rows: Array) -> Array:
        x = 65.536 * (rows - optimum)
        far = -20 * np.exp(-0.2 * np.sqrt((x**2).mean(axis=1)))
        found: Array = -(far - np.exp(np.cos(2 * np.pi * x).mean(axis=1)) + 20 + np.e)
        return found

    return Analytic(10, function, optimum)


# Called with a seed.
ANALYTIC: dict[str, Callable[[int], Analytic]] = {"Branin": branin, "Hartmann 6": hartmann, "Ackley 10": ackley}
