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
    ranks last and does not swamp a library that fits a model of the values. What breaks a constraint is told as a
    number far below any score (:data:`~featviz.protocols.BELOW_ALL`): its loss lies between the worst one and that,
    higher the more it breaks.
    """

    def __init__(self) -> None:
        self._best = np.inf
        self._worst = -np.inf

    def of(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Losses of shape (n,), all finite, for scores of shape (n,)."""
        losses = np.clip(-scores, -_LARGEST, _LARGEST)
        scored = scores > -BELOW_ALL / 2
        if scored.any():
            self._best = min(self._best, float(losses[scored].min()))
            self._worst = max(self._worst, float(losses[scored].max()))
        if not scored.all():
            # Nothing has a score yet: the scale is unknown, so the largest loss there is.
            known = np.isfinite(self._worst)
            margin = 0.1 * (self._worst - self._best) + 1e-6 * abs(self._worst) + 1e-12 if known else 0.0
            last = min(self._worst + margin, _LARGEST) if known else _LARGEST
            losses[~scored] = last
            broken = np.isfinite(scores) & ~scored
            least = self._worst if known else 0.5 * _LARGEST
            share = np.clip(0.1 + 0.8 * (-scores[broken] / BELOW_ALL - 1), 0.1, 0.9)
            losses[broken] = least + (last - least) * share
        return losses
