"""Variables: what a space is made of, each a group of genes and the values that they stand for.

A variable owns some genes of the latent and turns them, a batch at a time, into values that the author of a
space finds convenient. A new kind of variable needs the members of :class:`Variable` and nothing else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from featviz import checks
from featviz.errors import InvalidArgument, SpaceError
from featviz.latent import MAX_GENES

__all__ = ["Real", "Variable", "shape_of"]


class Variable(Protocol):
    """A named part of a space."""

    @property
    def real(self) -> int:
        """The number of real genes."""

    @property
    def options(self) -> tuple[int, ...]:
        """For each categorical gene, its number of options."""

    @property
    def probabilities(self) -> tuple[NDArray[np.float64], ...]:
        """For each categorical gene, the prior probabilities of its options."""

    def values(self, real: NDArray[np.float64], categorical: NDArray[np.int64]) -> NDArray[Any]:
        """Values of shape (n, *shape) of genes of shapes (n, real) and (n, len(options)); changes neither."""

    def genes(self, values: Any) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """The inverse of ``values``: genes that stand for these values, or for the nearest possible ones."""


@dataclass(frozen=True)
class Real:
    """Bare real genes: each value is standard normal under the prior and may be any number.

    Args:
        shape: of one value; ``()`` for a single number, an int for a vector.

    In ``decode``, ``values[name]`` is a float64 array of shape (n, *shape).
    """

    shape: int | Sequence[int] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", shape_of(self.shape))

    def __repr__(self) -> str:
        """As it is written: ``Real()``, ``Real(4)`` or ``Real((2, 3))``."""
        size = _dimensions(self.shape)
        return f"Real({size[0] if len(size) == 1 else size or ''})"

    @property
    def real(self) -> int:
        """The number of real genes."""
        return _count(self.shape)

    @property
    def options(self) -> tuple[int, ...]:
        """No categorical genes."""
        return ()

    @property
    def probabilities(self) -> tuple[NDArray[np.float64], ...]:
        """No categorical genes."""
        return ()

    def values(self, real: NDArray[np.float64], categorical: NDArray[np.int64]) -> NDArray[np.float64]:  # noqa: ARG002  has none
        """The genes, as float64 of shape (n, *shape)."""
        return real.reshape(len(real), *_dimensions(self.shape))

    def genes(self, values: Any) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """The values of shape (n, *shape), a row each.

        Raises:
            SpaceError: if the shape is another, or a value is not finite.
        """
        found = np.asarray(values, dtype=np.float64)
        if found.ndim == 0 or found.shape[1:] != self.shape:
            raise SpaceError(f"expected values of shape (n, *{self.shape}), but they have shape {found.shape}.")
        if not np.isfinite(found).all():
            raise SpaceError("real values must be finite, but some are NaN or infinite.")
        return found.reshape(len(found), self.real), np.empty((len(found), 0), dtype=np.int64)


def shape_of(shape: Any) -> tuple[int, ...]:
    """``shape`` as a tuple of positive whole numbers with a product of at most ``MAX_GENES``."""
    given = tuple(shape) if isinstance(shape, Sequence) and not isinstance(shape, str) else (shape,)
    checked = tuple(checks.integer("each number in shape", size, 1) for size in given)
    if _count(checked) > MAX_GENES:
        raise InvalidArgument(f"a variable may have {MAX_GENES:,} values at most, but its shape is {checked}.")
    return checked


def _dimensions(shape: int | Sequence[int]) -> tuple[int, ...]:
    return (shape,) if isinstance(shape, int) else tuple(shape)


def _count(shape: int | Sequence[int]) -> int:
    # Python's integers, since a product of int64 could wrap round to a small number.
    count = 1
    for size in _dimensions(shape):
        count *= size
    return count
