"""Rows that are told to an evolution strategy: ranked, in units of its distribution, foreign ones shortened."""

import math

import numpy as np
from numpy.typing import NDArray

from featviz.errors import InvalidArgument

__all__ = ["in_units", "ranking", "refuse_infinite", "shorten"]

Array = NDArray[np.float64]

# An odd number near 2**64 / 1.618: the top bits of a product with it depend on all bits of the other factor.
_SCRAMBLE = np.uint64(0x9E3779B97F4A7C15)


def shorten(z: Array, foreign: NDArray[np.bool_]) -> None:
    """Clip the lengths of the foreign ones of the rows ``z``, in units of the search distribution, in place.

    The longest is sqrt(genes) + 2 genes / (genes + 2): Hansen 2011, "Injecting external solutions into CMA-ES".
    """
    genes = z.shape[1]
    longest = math.sqrt(genes) + 2 * genes / (genes + 2)
    lengths = np.sqrt(np.einsum("ij,ij->i", z, z))
    z *= np.where(foreign, longest / np.maximum(lengths, longest), 1.0)[:, None]


def ranking(scores: Array, rows: Array) -> NDArray[np.intp]:
    """The places of n scores, the best first; NaN and -inf last.

    Equal scores are ranked by chance, and by the same chance in whatever order they come: by the scrambled bits of the
    first genes of the rows, shape (n, genes).
    """
    losses = -scores
    order = losses.argsort(kind="stable")
    # A set is several times as fast as the array functions for so few numbers.
    if losses[order[-1]] < math.inf and len(set(losses.tolist())) == len(losses):
        return order
    scrambled = np.ascontiguousarray(rows[:, 0]).view(np.uint64) * _SCRAMBLE
    return np.lexsort((scrambled, losses))


def in_units(
    rows: Array, order: NDArray[np.intp], mean: Array, steps: Array | float, foreign: NDArray[np.bool_] | None
) -> Array:
    """(x - mean) / steps of the rows, shape (n, genes), in their order as a new array; the foreign ones shortened."""
    z = rows.take(order, axis=0)
    z -= mean
    z /= steps
    if foreign is not None:
        shorten(z, foreign[order])
    return z


def refuse_infinite(number: float) -> None:
    """Raise :class:`InvalidArgument` where what was made of latents that were told is not finite."""
    if not math.isfinite(number):
        raise InvalidArgument("the latents told must be finite, but they hold NaN, infinity or huge numbers.")
