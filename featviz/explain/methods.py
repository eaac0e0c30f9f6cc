"""Saliency methods: which masks to ask about, and how the scores become one value a unit.

A method sees masks (True where a unit is kept) and scores, never inputs, so one serves every space.
"""

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from featviz import checks

__all__ = ["METHODS", "Fit", "Method", "choose"]

Masks = NDArray[np.bool_]
Float64 = NDArray[np.float64]

# The penalty of the ridge, relative to the number of masks: small enough to shrink nothing that repeats.
_PENALTY = 1e-3


class Fit(NamedTuple):
    """What a method made of the scores.

    Args:
        values: float64 (k,): what each unit adds to the score.
        errors: float64 (k,): their standard errors; NaN where they cannot be told.
        explained: the part of the variance of the scores that a sum of the values explains (R squared), or NaN.
    """

    values: Float64
    errors: Float64
    explained: float


class Method(Protocol):
    """A way to choose masks and to read their scores."""

    def design(self, rng: np.random.Generator, units: int, budget: int) -> Masks:
        """At most ``budget`` masks of shape (m, units)."""

    def fit(self, masks: Masks, scores: Float64) -> Fit:
        """Values from the finite ``scores`` of the masks that were answered."""


class Occlusion:
    """Hide one unit at a time, as often as the budget allows (Zeiler & Fergus 2014).

    Blind to parts that repeat others.
    """

    def design(self, rng: np.random.Generator, units: int, budget: int) -> Masks:  # noqa: ARG002  nothing is drawn
        """The whole input and each unit left out, in turn, until the budget is spent."""
        turns = max(1, budget // (units + 1))
        one = np.vstack([np.ones((1, units), dtype=np.bool_), ~np.eye(units, dtype=np.bool_)])
        return np.tile(one, (turns, 1))

    def fit(self, masks: Masks, scores: Float64) -> Fit:
        """The mean of the whole input less the mean without the unit."""
        hidden = ~masks
        whole = scores[~hidden.any(axis=1)].mean()
        counts = hidden.sum(axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            without = hidden.T @ scores / counts
            spread = hidden.T @ scores**2 / counts - without**2
            errors = np.sqrt(np.maximum(spread, 0) / np.maximum(counts - 1, 0))
        return Fit(whole - without, np.where(counts > 1, errors, np.nan), np.nan)


class Ridge:
    """A linear model of the scores over random masks that keep half of the units (Ribeiro et al. 2016, "LIME").

    With all units alike in size this is the cheapest of the additive methods, and as good as Shapley values where the
    score is a sum. Blind to parts that only matter together.
    """

    def design(self, rng: np.random.Generator, units: int, budget: int) -> Masks:
        """Random masks in opposite pairs, which cancels interactions of even order; the first keeps everything."""
        half = rng.random(((budget + 1) // 2, units)) < 0.5
        half[0] = True
        masks = np.empty((2 * len(half), units), dtype=np.bool_)
        masks[0::2], masks[1::2] = half, ~half
        return masks[:budget]

    def fit(self, masks: Masks, scores: Float64) -> Fit:
        """Least squares with a small penalty; errors from the residuals."""
        m, k = masks.shape
        x = masks - masks.mean(axis=0)
        y = scores - scores.mean()
        gram = x.T @ x + _PENALTY * m * np.eye(k)
        values = np.linalg.solve(gram, x.T @ y)
        residual = y - x @ values
        total = float(y @ y)
        explained = 1 - float(residual @ residual) / total if total > 0 else np.nan
        if m <= k + 1:
            return Fit(values, np.full(k, np.nan), explained)
        variance = float(residual @ residual) / (m - k - 1)
        errors = np.sqrt(variance * np.diag(np.linalg.inv(gram)))
        return Fit(values, errors, explained)


METHODS: dict[str, Method] = {"occlusion": Occlusion(), "ridge": Ridge()}


def choose(name: str, units: int, budget: int) -> tuple[str, str]:
    """The method called ``name`` or, for "auto", one for so many units and evaluations; and why."""
    if name != "auto":
        return checks.one_of("method", name, ("auto", *METHODS)), "asked for by name"
    if budget >= 2 * units + 2:
        return "ridge", f"{budget:,} evaluations are enough to tell {units:,} units apart by random masks"
    return "occlusion", f"{budget:,} evaluations are too few for random masks of {units:,} units"
