"""One gene a value, squashed by a sigmoid."""

from typing import Any, ClassVar

import numpy as np

from featviz import checks
from featviz.search_spaces.decoders.base import SETTLED, Float32, Float64, logit, squash
from featviz.search_spaces.pictures import PictureShape

__all__ = ["PixelDecoder"]


class PixelDecoder:
    """``low + (high - low) * sigmoid(gain * gene)`` for each value of the picture.

    Args:
        shape: of the pictures.
        gain: standard deviation of a value before the sigmoid under the prior; 1 when left out.
    """

    OPTIONS: ClassVar[tuple[str, ...]] = ("gain",)

    def __init__(self, shape: PictureShape, *, gain: float | None = None) -> None:
        self._shape = shape
        self._gain = checks.finite("gain", 1.0 if gain is None else gain, 0, 1e6, exclusive=True)

    @property
    def genes(self) -> int:
        """The number of values of a picture."""
        return self._shape.height * self._shape.width * self._shape.channels

    def decode(self, genes: Float64) -> Float32:
        """As in :class:`~featviz.search_spaces.decoders.Decoder`."""
        pre = (genes * self._gain).astype(np.float32)
        return squash(pre.reshape(len(genes), *self._shape.array), self._shape)

    def encode(self, unit: Float64) -> Float64:
        """The exact inverse, but for values next to ``low`` and ``high``."""
        return logit(unit).reshape(len(unit), self.genes) / self._gain

    def settle(self, genes: Float64) -> Float64:
        """Genes of values that are clipped to ``SETTLED`` before the sigmoid: nearly the same after it."""
        return np.clip(genes, -SETTLED / self._gain, SETTLED / self._gain)

    def options(self) -> dict[str, Any]:
        """The gain."""
        return {"gain": self._gain}
