"""Choosing a few candidates that are both good and unlike one another."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = ["choose_diverse"]


def choose_diverse(
    scores: NDArray[np.float64], distances: Callable[[int], NDArray[np.float64]], k: int, least: float = 0.0
) -> list[int]:
    """Indices of ``k`` candidates, the best one first.

    Each further one has the largest product of its quality (its score, scaled to [0, 1] over the pool) and its
    distance to the nearest candidate already chosen: greedy farthest-point selection (Gonzalez 1985) weighted by
    quality.

    Args:
        scores: float64 (n,), all finite.
        distances: gives the distances, float64 (n,), of one candidate to all of them.
        k: how many; fewer come back when there are fewer candidates, or none that is far enough.
        least: the smallest distance of a further candidate to those chosen before.
    """
    span = float(scores.max() - scores.min()) if len(scores) else 0.0
    quality = (scores - scores.min()) / span if span > 0 else np.ones(len(scores))
    chosen: list[int] = []
    nearest = np.full(len(scores), np.inf)
    merit = quality.copy()
    for _ in range(min(k, len(scores))):
        pick = int(np.argmax(merit))
        chosen.append(pick)
        nearest = np.minimum(nearest, distances(pick))
        merit = np.where(nearest < least, -1.0, quality * nearest)
        merit[chosen] = -1.0
        if not (merit >= 0).any():
            break
    return chosen
