"""Weights of ranks, with equal ones for equal scores."""

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["rank_weights"]

Array = NDArray[np.float64]


def rank_weights(ranked: Array, scored: int) -> Array:
    """Weights, shape (n,), of which the positive ones sum to 1: ln((n + 1) / 2) - ln(rank) for the better half.

    Args:
        ranked: n scores, the best first; those without a score last.
        scored: how many have a score.

    Rows of equal scores share the mean of their weights, so that their order does not matter (Ollivier et al. 2017,
    "Information-geometric optimization algorithms", section 2.2).
    """
    n = len(ranked)
    weights = np.maximum(0.0, math.log((n + 1) / 2) - np.log(np.arange(1, n + 1)))
    weights[scored:] = 0.0
    if not scored:
        return weights
    if not weights[0]:  # one row, which teaches as it is
        weights[0] = 1.0
    begins = np.flatnonzero(np.concatenate([[True], ranked[1:scored] != ranked[: scored - 1]]))
    counts = np.diff(begins, append=scored)
    means = np.add.reduceat(weights[:scored], begins) / counts
    weights[:scored] = np.repeat(means, counts)
    weights /= weights.sum()
    return weights
