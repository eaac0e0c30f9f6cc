"""MAP-Elites whose cells are the outputs of a classifier, in plain numpy."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = ["map_elites"]

Array = NDArray[np.float64]


def map_elites(
    scores: Callable[[Array], Array],
    genes: int,
    budget: int,
    rng: np.random.Generator,
    *,
    enough: float,
    initial: int = 100,
    batch: int = 32,
    iso: float = 0.1,
    line: float = 0.2,
) -> Array:
    """One elite for each output, until every one of them scores ``enough`` or the budget is spent.

    A child is a parent, plus normal noise, plus a normal multiple of the way to another elite (the iso + line operator:
    Vassiliades & Mouret 2018, "Discovering the elite hypervolume by leveraging interspecies correlation"). It enters
    every cell whose elite it beats, not only that of its highest output: with the latter one class of ten was found
    after 100,000 evaluations.

    Args:
        scores: rows (n, genes) in [0, 1] -> (n, cells), higher is better.
        genes: numbers of a row.
        budget: the most rows that are asked.
        rng: where all chance comes from.
        enough: the score at which a cell is done.
        initial: rows drawn uniformly first.
        batch: children at a time.
        iso: standard deviation of the noise.
        line: standard deviation of the multiple.

    Returns:
        The best score of each cell, shape (cells,).
    """
    rows = rng.random((min(initial, budget), genes))
    found = scores(rows)
    asked = len(rows)
    best: Array = found.max(axis=0)
    elites = rows[found.argmax(axis=0)]
    while best.min() < enough and asked < budget:
        n = min(batch, budget - asked)
        parents, others = elites[rng.integers(len(elites), size=(2, n))]
        rows = parents + iso * rng.standard_normal((n, genes)) + line * rng.standard_normal((n, 1)) * (others - parents)
        rows = np.clip(rows, 0, 1)
        found = scores(rows)
        asked += n
        better = found.max(axis=0) > best
        elites[better] = rows[found.argmax(axis=0)][better]
        np.maximum(best, found.max(axis=0), out=best)
    return best
