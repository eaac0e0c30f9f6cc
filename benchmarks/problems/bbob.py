"""Eight of the BBOB functions, in any number of variables, each seed with its own optimum and rotations.

Hansen, Finck, Ros & Auger 2009, "Real-Parameter Black-Box Optimization Benchmarking 2009: Noiseless Functions
Definitions" (f1, f2, f9, f10, f12, f14, f15, f17). Two liberties: the optimum of every function lies anywhere in
[-4, 4]^d, f9's too, and there is no penalty outside of [-5, 5]^d, where nobody asks.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["FUNCTIONS", "HALF_WIDTH", "Bbob"]

Array = NDArray[np.float64]

HALF_WIDTH = 5.0
_OPTIMUM_WITHIN = 4.0


@dataclass(frozen=True, eq=False)
class _Instance:
    """What a function of d variables is made of besides its formula.

    Attributes:
        optimum: float64 (d,).
        r: a random rotation, float64 (d, d).
        q: another one.
    """

    optimum: Array
    r: Array
    q: Array

    @property
    def grades(self) -> Array:
        """0 to 1 in d equal steps."""
        return np.linspace(0.0, 1.0, len(self.optimum))


class Bbob:
    """Minus the value of a function, to be maximised; 0 at the optimum.

    Args:
        name: one of ``FUNCTIONS``.
        dimensions: at least 2.
        seed: of the optimum and the rotations. Functions that need none get none, so that many variables are cheap.
    """

    def __init__(self, name: str, dimensions: int, seed: int) -> None:
        self._formula, rotated = FUNCTIONS[name]
        rng = np.random.default_rng([seed, dimensions, list(FUNCTIONS).index(name)])
        optimum = rng.uniform(-_OPTIMUM_WITHIN, _OPTIMUM_WITHIN, dimensions)
        nothing = np.empty((0, 0))
        r, q = (_rotation(rng, dimensions) if rotated else nothing for _ in range(2))
        self._instance = _Instance(optimum, r, q)

    @property
    def optimum(self) -> Array:
        """Where the maximum lies, float64 (d,)."""
        return self._instance.optimum

    def __call__(self, rows: Array) -> Array:
        """Scores, float64 (n,), of rows of shape (n, d)."""
        return -self._formula(np.asarray(rows, dtype=np.float64) - self._instance.optimum, self._instance)


def _rotation(rng: np.random.Generator, d: int) -> Array:
    q, r = np.linalg.qr(rng.standard_normal((d, d)))
    rotation: Array = q * np.sign(np.diag(r))
    return rotation


def _oscillated(x: Array) -> Array:
    """T_osz: small bumps at every scale."""
    logs = np.log(np.abs(x), out=np.zeros_like(x), where=x != 0)
    bumps = np.where(x > 0, np.sin(10.0 * logs) + np.sin(7.9 * logs), np.sin(5.5 * logs) + np.sin(3.1 * logs))
    bent: Array = np.sign(x) * np.exp(logs + 0.049 * bumps)
    return bent


def _skewed(x: Array, beta: float, grades: Array) -> Array:
    """T_asy: steeper on one side of the optimum."""
    positive = np.maximum(x, 0.0)
    skewed: Array = np.where(x > 0, positive ** (1 + beta * grades * np.sqrt(positive)), x)
    return skewed


def _sphere(x: Array, _: _Instance) -> Array:
    return np.einsum("ij,ij->i", x, x)


def _ellipsoid(x: Array, made: _Instance) -> Array:
    z = _oscillated(x)
    return np.einsum("ij,ij,j->i", z, z, 10.0 ** (6 * made.grades))


def _rotated_ellipsoid(x: Array, made: _Instance) -> Array:
    return _ellipsoid(x @ made.r.T, made)


def _rosenbrock(x: Array, made: _Instance) -> Array:
    z = max(1.0, np.sqrt(x.shape[1]) / 8) * (x @ made.r.T) + 1
    valley: Array = (100 * (z[:, :-1] ** 2 - z[:, 1:]) ** 2 + (z[:, :-1] - 1) ** 2).sum(axis=1)
    return valley


def _bent_cigar(x: Array, made: _Instance) -> Array:
    z = _skewed(x @ made.r.T, 0.5, made.grades) @ made.r.T
    cigar: Array = z[:, 0] ** 2 + 1e6 * np.square(z[:, 1:]).sum(axis=1)
    return cigar


def _different_powers(x: Array, made: _Instance) -> Array:
    powers: Array = np.sqrt((np.abs(x @ made.r.T) ** (2 + 4 * made.grades)).sum(axis=1))
    return powers


def _rastrigin(x: Array, made: _Instance) -> Array:
    z = _skewed(_oscillated(x @ made.r.T), 0.2, made.grades) @ made.q.T
    z = (z * 10.0 ** (made.grades / 2)) @ made.r.T
    valleys: Array = 10 * (x.shape[1] - np.cos(2 * np.pi * z).sum(axis=1)) + np.square(z).sum(axis=1)
    return valleys


def _schaffers(x: Array, made: _Instance) -> Array:
    z = _skewed(x @ made.r.T, 0.5, made.grades) @ made.q.T
    z = z * 10.0 ** (made.grades / 2)
    s = np.sqrt(z[:, :-1] ** 2 + z[:, 1:] ** 2)
    waves: Array = np.square((np.sqrt(s) * (1 + np.sin(50 * s**0.2) ** 2)).mean(axis=1))
    return waves


# Name -> formula of rows relative to the optimum, and whether it needs rotations.
FUNCTIONS: dict[str, tuple[Callable[[Array, _Instance], Array], bool]] = {
    "sphere": (_sphere, False),
    "ellipsoid, separable": (_ellipsoid, False),
    "ellipsoid, rotated": (_rotated_ellipsoid, True),
    "Rosenbrock, rotated": (_rosenbrock, True),
    "bent cigar": (_bent_cigar, True),
    "different powers": (_different_powers, True),
    "Rastrigin, rotated": (_rastrigin, True),
    "Schaffer F7": (_schaffers, True),
}
