"""Ways to search unbounded numbers, the genes of somebody's space: pycma's diagonal CMA-ES, and spherical CMA."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = ["cma_of_genes", "spherical_cma"]

Array = NDArray[np.float64]
Ask = Callable[[Array], Array]

POPULATION, PARENTS, TURN = 40, 20, 1.5
FIRST_ANGLE, LAST_ANGLE = 50.0, 7.33


def cma_of_genes(
    ask: Ask, left: Callable[[], int], genes: int, seed: int, *, population: int | None = None, step: float = 1.0
) -> tuple[Array, Array]:
    """Search from zero with separable CMA-ES, while questions for a whole generation are left.

    Args:
        ask: rows (n, genes) -> scores (n,), higher is better.
        left: questions that are left.
        genes: their number.
        seed: of the samples.
        population: rows of a generation; by default pycma's own choice.
        step: the first standard deviation.

    Returns:
        The best row observed, and the mean; both of shape (genes,).
    """
    import cma

    options = {"CMA_diagonal": True, "seed": seed + 1, "verbose": -9}
    strategy = cma.CMAEvolutionStrategy(
        np.zeros(genes), step, options | ({"popsize": population} if population is not None else {})
    )
    while left() >= strategy.popsize:
        asked = strategy.ask()
        strategy.tell(asked, list(-ask(np.array(asked))))
    return np.array(strategy.result.xbest), np.array(strategy.result.xfavorite)


def spherical_cma(
    ask: Ask, left: Callable[[], int], genes: int, norm: float, seed: int, budget: int
) -> tuple[Array, Array]:
    """Search a sphere as Wang & Ponce (GECCO 2022) did; plain numpy, written from the paper, independent of featviz.

    40 rows about a base point, the better 20 recombined, 1.5 times as far along the great circle. The exploration angle
    falls from 50 to 7.33 degrees, exponentially over ``budget`` / 40 generations. The base point is asked for too, as
    in the authors' program, and counts.

    Args:
        ask: rows (n, genes) -> scores (n,), higher is better.
        left: questions that are left.
        genes: their number.
        norm: of all rows.
        seed: of the samples.
        budget: questions for which the angle is planned.

    Returns:
        The best row observed, and the last base point; both of shape (genes,).
    """
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((POPULATION, genes))
    rows *= norm / np.linalg.norm(rows, axis=1, keepdims=True)
    scores = ask(rows)
    best, top = rows[scores.argmax()], scores.max()
    base = _onto_sphere(_weights(POPULATION, POPULATION // 2) @ rows[np.argsort(-scores)], norm)
    schedule = np.geomspace(FIRST_ANGLE, LAST_ANGLE, budget // POPULATION)
    for degrees in schedule:
        if left() < POPULATION + 1:
            break
        tangents = rng.standard_normal((POPULATION, genes))
        tangents -= np.outer(tangents @ base, base) / norm**2
        lengths = np.linalg.norm(tangents, axis=1, keepdims=True)
        angles = lengths * np.radians(degrees) / np.sqrt(genes)
        rows = np.cos(angles) * base + np.sin(angles) * norm * tangents / lengths
        asked = np.concatenate([base[None], rows])
        scores = ask(asked)
        if scores.max() > top:
            best, top = asked[scores.argmax()], scores.max()
        recombined = _onto_sphere(_weights(POPULATION, PARENTS) @ rows[np.argsort(-scores[1:])], norm)
        base = _great_circle(base, recombined, TURN)
    return best, base


def _weights(rows: int, parents: int) -> Array:
    """Of ranks: ln(parents + 1/2) - ln(rank) for parents, 0 for others, with sum 1."""
    weights = np.zeros(rows)
    weights[:parents] = np.log(parents + 0.5) - np.log(np.arange(1, parents + 1))
    found: Array = weights / weights.sum()
    return found


def _onto_sphere(point: Array, norm: float) -> Array:
    return point * (norm / np.linalg.norm(point))


def _great_circle(start: Array, end: Array, part: float) -> Array:
    """The point so many times as far from ``start`` as ``end`` is (spherical interpolation)."""
    angle = np.arccos(np.clip(start @ end / (np.linalg.norm(start) * np.linalg.norm(end)), -1, 1))
    if angle == 0:
        return start
    point: Array = (np.sin((1 - part) * angle) * start + np.sin(part * angle) * end) / np.sin(angle)
    return point
