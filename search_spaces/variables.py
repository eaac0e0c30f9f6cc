"""``Variable``, what a space is made of, and ``Real``, the plainest one.

A variable owns some genes of the latent and turns them, a batch at a time, into values that the author of a space finds
convenient. A new kind of variable needs the members of :class:`Variable` and nothing else.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from featviz import checks
from featviz.errors import InvalidArgument, SpaceError
from featviz.latent import MAX_GENES, LatentDescription, Latents
from featviz.protocols import Spec

__all__ = ["Real", "Variable", "count_of", "dimensions", "shape_of", "shaped_spec", "snapped", "whole_batch"]


@runtime_checkable
class Variable(Protocol):
    """A named part of a space."""

    @property
    def latent(self) -> LatentDescription:
        """Its genes, in the order in which it reads them."""

    def values(self, latents: Latents) -> Any:
        """A batch of n values of n latents, which it does not change."""

    def genes(self, values: Any) -> Latents:
        """The inverse of ``values``: latents that stand for these values, or for the nearest possible ones."""

    def spec(self) -> Spec | None:
        """What rebuilds it (``{"type": ..., **options}``), or None when that cannot be written down."""


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
        size = dimensions(self.shape)
        return f"Real({size[0] if len(size) == 1 else size or ''})"

    @cached_property
    def latent(self) -> LatentDescription:
        """One real gene a value."""
        return LatentDescription(count_of(self.shape))

    def values(self, latents: Latents) -> NDArray[np.float64]:
        """The genes, as float64 of shape (n, *shape)."""
        return latents.real.reshape(len(latents), *dimensions(self.shape))

    def genes(self, values: Any) -> Latents:
        """The values of shape (n, *shape), a row each.

        Raises:
            SpaceError: if the shape is another, or a value is not finite.
        """
        return Latents.of_real(whole_batch(values, self.shape))

    def spec(self) -> Spec:
        """The shape."""
        return shaped_spec("Real", self.shape)


def snapped(variable: Variable) -> Callable[[Latents], Latents]:
    """The ``canonical`` of a variable in steps: of all genes that stand for a value, those that ``genes`` gives."""
    return partial(_snapped, variable)


def whole_batch(values: Any, shape: int | Sequence[int]) -> NDArray[np.float64]:
    """Values of shape (n, *shape) as finite float64 numbers of shape (n, count).

    Raises:
        SpaceError: if the shape is another, or a value is not finite or no number.
    """
    try:
        found = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise SpaceError(f"expected numbers of shape (n, *{dimensions(shape)}), but some are no numbers.") from None
    if found.ndim == 0 or found.shape[1:] != dimensions(shape):
        raise SpaceError(f"expected values of shape (n, *{dimensions(shape)}), but they have shape {found.shape}.")
    if not np.isfinite(found).all():
        raise SpaceError("real values must be finite, but some are NaN or infinite.")
    return found.reshape(len(found), count_of(shape))


def shape_of(shape: Any) -> tuple[int, ...]:
    """``shape`` as a tuple of positive whole numbers with a product of at most ``MAX_GENES``."""
    given = tuple(shape) if isinstance(shape, Sequence) and not isinstance(shape, str) else (shape,)
    checked = tuple(checks.integer("each number in shape", size, 1) for size in given)
    if count_of(checked) > MAX_GENES:
        raise InvalidArgument(f"a variable may have {MAX_GENES:,} values at most, but its shape is {checked}.")
    return checked


def shaped_spec(kind: str, shape: int | Sequence[int], **options: Any) -> Spec:
    """A spec with these options, and the shape where there is one."""
    size = list(dimensions(shape))
    return {"type": kind, **options, **({"shape": size} if size else {})}


def dimensions(shape: int | Sequence[int]) -> tuple[int, ...]:
    """A shape as a tuple."""
    return (shape,) if isinstance(shape, int) else tuple(shape)


def count_of(shape: int | Sequence[int]) -> int:
    """The number of values of a shape."""
    # Python's integers, since a product of int64 could wrap round to a small number.
    count = 1
    for size in dimensions(shape):
        count *= size
    return count


def _snapped(variable: Variable, latents: Latents) -> Latents:
    return variable.genes(variable.values(latents))
