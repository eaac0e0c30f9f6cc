"""Scores as they are told: checked once, and turned into losses where a wrapped library minimises."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.errors import InvalidArgument, WrongType
from featviz.protocols import BELOW_ALL

__all__ = ["Losses", "checked_scores", "checked_values"]

# Far beyond any real score and still safe to add and to square in the libraries (nevergrad clips at 5e20 itself).
_LARGEST = 1e20


def checked_scores(scores: Any, n: int) -> NDArray[np.float64]:
    """``scores`` as a float64 array of shape (n,), not copied when it is one.

    Raises:
        WrongType: when they are not real numbers.
        InvalidArgument: when there is not one score for each of the n latents.
    """
    array = _numbers(scores)
    if array.shape != (n,):
        hint = " Of several objectives only the optimiser 'nsga2' learns." if array.ndim == 2 else ""
        raise InvalidArgument(
            f"expected scores of shape ({n},), one a latent, but they have shape {array.shape}.{hint}"
        )
    return array


def checked_values(scores: Any, n: int) -> NDArray[np.float64]:
    """``scores`` of one objective or several as a float64 array of shape (n, m), not copied when it is one.

    Raises:
        WrongType: when they are not real numbers.
        InvalidArgument: when there is not one row for each of the n latents.
    """
    array = _numbers(scores)
    if array.ndim not in (1, 2) or len(array) != n or array.shape[1:] == (0,):
        raise InvalidArgument(
            f"expected scores of shape ({n},), or ({n}, m) for m objectives, but they have shape {array.shape}."
        )
    return array.reshape(n, -1) if n else array.reshape(0, array.shape[1] if array.ndim == 2 else 1)


def _numbers(scores: Any) -> NDArray[np.float64]:
    array = np.asarray(scores)
    if array.dtype == np.float64:
        return array
    if array.dtype.kind not in "fiu":
        raise WrongType(f"scores must be real numbers, but they have dtype {array.dtype}.")
    return array.astype(np.float64)


class Losses:
    """Turns scores into finite losses, lower is better, for libraries that minimise.

    A score of NaN or -inf becomes a loss worse than every loss told so far, by a tenth of their range, so that it
    ranks last and does not swamp a library that fits a model of the values. What breaks constraints, which is told as
    -1e200 to -2e200, lies between the two, in its order.
    """

    def __init__(self) -> None:
        self._best = np.inf
        self._worst = -np.inf

    def of(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Losses of shape (n,), all finite, for scores of shape (n,)."""
        losses = np.clip(-scores, -_LARGEST, _LARGEST)
        scored = scores > -BELOW_ALL
        if scored.any():
            self._best = min(self._best, float(losses[scored].min()))
            self._worst = max(self._worst, float(losses[scored].max()))
        if not scored.all():
            worst, margin = self._worst, 0.1 * (self._worst - self._best) + 1e-6 * abs(self._worst) + 1e-12
            if not np.isfinite(worst):
                # Nothing has a score yet: the scale is unknown, so losses up to the largest that there is.
                worst, margin = 0.0, _LARGEST
            without = scores[~scored]
            broken = np.clip(-without / BELOW_ALL - 1, 0.0, 1.0)  # 1 for -inf too, and NaN for NaN
            part = np.where(without > -np.inf, 0.25 + 0.5 * broken, 1.0)
            losses[~scored] = np.minimum(worst + margin * part, _LARGEST)
        return losses
