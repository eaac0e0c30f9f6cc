"""A decoder of the user's own, for instance a generator network."""

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from featviz import checks
from featviz.errors import InvalidArgument, SpaceError, WrongType
from featviz.latent import MAX_GENES
from featviz.search_spaces.decoders.base import Float32, Float64, as_pictures
from featviz.search_spaces.pictures import PictureShape

__all__ = ["CustomDecoder"]


class CustomDecoder:
    """Calls a function, and checks what it returns.

    Args:
        shape: of the pictures.
        function: takes a float64 array of shape (n, genes), standard normal under the prior, and returns an
            array of shape (n, height, width, channels), or (n, height, width) for a single channel: floats,
            which are clipped to [low, high], or uint8, which is scaled to it. Where it has an attribute
            ``encode``, a function from such pictures to genes, a search can start from real pictures.
        genes: how many it takes.
    """

    OPTIONS: ClassVar[tuple[str, ...]] = ("genes",)

    def __init__(self, shape: PictureShape, function: Callable[[Float64], Any], *, genes: int | None = None) -> None:
        if not callable(function):
            raise WrongType(f"a decoder must be a function, but it is a {type(function).__name__}.")
        if genes is None:
            raise InvalidArgument("a decoder of your own needs genes=: the number of genes that it takes.")
        self._shape = shape
        self._function = function
        self._genes = checks.integer("genes", genes, 1, MAX_GENES)

    @property
    def genes(self) -> int:
        """The number that was declared."""
        return self._genes

    def decode(self, genes: Float64) -> Float32:
        """As in :class:`~featviz.search_spaces.decoders.Decoder`.

        Raises:
            SpaceError: if the function returned another shape, what are not numbers, or NaN.
        """
        # A copy, so that a function that writes to its argument changes nothing but that.
        return as_pictures(np.asarray(self._function(genes.copy())), len(genes), self._shape)

    def encode(self, unit: Float64) -> Float64:
        """What the function's own ``encode`` returns for pictures in [low, high].

        Raises:
            SpaceError: if it has none, or returned another shape.
        """
        inverse = getattr(self._function, "encode", None)
        if not callable(inverse):
            raise SpaceError(
                "this decoder cannot start from given pictures: give the decoder an attribute encode, "
                "a function from pictures (n, height, width, channels) to genes (n, genes)."
            )
        pictures = (self._shape.low + (self._shape.high - self._shape.low) * unit).astype(np.float32)
        genes = np.asarray(inverse(pictures), dtype=np.float64)
        if genes.shape != (len(unit), self._genes):
            raise SpaceError(f"encode must return shape {(len(unit), self._genes)}, but it returned {genes.shape}.")
        return genes

    def options(self) -> dict[str, Any]:
        """The number of genes; the function is described by whoever named it."""
        return {"genes": self._genes}
