"""Strengths from comparisons: the model of Bradley and Terry (1952), regularised.

P(i is preferred to j) = 1 / (1 + exp(s_j - s_i)). "No difference" counts as half a preference for each. Candidates that
won or lost everything would be infinitely strong or weak; so the strengths of a batch are taken to be normal around a
level of the batch, and the level around that of the batch before: the search moves the level, and a newcomer is not
drawn back to where the search began.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Comparison", "fit_strengths"]

# Standard deviations of a candidate around its batch's level, and of that level around the one before. Wide ones: with
# 1.5 and 1.5, a candidate that beat everyone was drawn below the one that it beat (simulated raters, ten batches of 8).
SPREAD = 4.0
STEP = 3.0
_ITERATIONS = 60
_ENOUGH = 1e-10


@dataclass(frozen=True)
class Comparison:
    """One comparison.

    Args:
        first: a key.
        second: another one.
        value: 1.0 when the first was preferred, 0.0 the second, 0.5 neither.
    """

    first: str
    second: str
    value: float


def fit_strengths(
    keys: Sequence[str], comparisons: Sequence[Comparison], known: dict[str, float], level: float | None
) -> dict[str, float]:
    """The most probable strengths of the candidates ``keys``.

    Args:
        keys: the n candidates, distinct.
        comparisons: between two of them, or one of them and a known one.
        known: strengths that stay as they are.
        level: the level of the batch before; None for the first batch, whose level is 0 and is the origin of the scale.

    Returns:
        A strength for each key, in natural units: a difference of 1 is a preference of 73 in 100.
    """
    n = len(keys)
    place = {key: i for i, key in enumerate(keys)}
    names = [*keys, *(key for key in known if key not in place)]
    index = {key: i for i, key in enumerate(names)}
    first = np.array([index[c.first] for c in comparisons], dtype=np.intp)
    second = np.array([index[c.second] for c in comparisons], dtype=np.intp)
    value = np.array([c.value for c in comparisons], dtype=np.float64)
    s = np.array([*[level or 0.0] * n, *(known[name] for name in names[n:])], dtype=np.float64)
    prior = _precision(n, 0.0 if level is None else STEP)
    centre = level or 0.0
    for _ in range(_ITERATIONS):
        p = 1 / (1 + np.exp(np.clip(s[second] - s[first], -500, 500)))
        gradient = np.zeros(len(names))
        np.add.at(gradient, first, value - p)
        np.add.at(gradient, second, p - value)
        weight = p * (1 - p)
        hessian = np.zeros((len(names), len(names)))
        np.add.at(hessian, (first, first), weight)
        np.add.at(hessian, (second, second), weight)
        np.add.at(hessian, (first, second), -weight)
        np.add.at(hessian, (second, first), -weight)
        step = np.linalg.solve(hessian[:n, :n] + prior, gradient[:n] - prior @ (s[:n] - centre))
        # Newton's step on a concave function; cut, since far from the top it may overshoot.
        s[:n] += np.clip(step, -2, 2)
        if np.max(np.abs(step), initial=0.0) < _ENOUGH:
            break
    return {key: float(s[i]) for i, key in enumerate(keys)}


def _precision(n: int, step: float) -> NDArray[np.float64]:
    """The inverse of SPREAD² I + step² 1 1ᵀ, the covariance of n strengths around an uncertain level."""
    within = SPREAD**2
    shared = step**2 / (within + n * step**2)
    precision: NDArray[np.float64] = (np.eye(n) - shared) / within
    return precision
