"""What the decoders of pictures have in common: their members, and the sigmoid."""

from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from featviz.search_spaces.pictures import PictureShape

__all__ = ["Decoder", "Float32", "Float64", "logit", "squash"]

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]

# Half a grey level of an 8-bit picture: black and white stay black and white, and their genes stay moderate.
_MARGIN = 1 / 512


class Decoder(Protocol):
    """Turns genes into pictures and, where it can, pictures into genes."""

    # The keyword arguments of ``ImageSpace`` that this decoder takes.
    OPTIONS: ClassVar[tuple[str, ...]]

    @property
    def genes(self) -> int:
        """The number of real genes."""

    def decode(self, genes: Float64) -> Float32:
        """Pictures, float32 of shape (n, height, width, channels) in [low, high], of genes of shape (n, genes)."""

    def encode(self, unit: Float64) -> Float64:
        """Genes, shape (n, genes), of pictures of shape (n, height, width, channels) in [0, 1]."""

    def options(self) -> dict[str, Any] | None:
        """What makes the same decoder again, of what TOML can hold, or None where that is too much."""


def squash(pre: Float32, shape: PictureShape) -> Float32:
    """The logistic sigmoid of ``pre``, scaled to [low, high], in place."""
    # 1 / (1 + exp(-x)) = (1 + tanh(x / 2)) / 2, which cannot overflow.
    pre *= np.float32(0.5)
    np.tanh(pre, out=pre)
    pre *= np.float32((shape.high - shape.low) / 2)
    pre += np.float32((shape.high + shape.low) / 2)
    return np.clip(pre, np.float32(shape.low), np.float32(shape.high), out=pre)


def logit(unit: Float64) -> Float64:
    """The inverse of the sigmoid, for values in [0, 1]; those next to 0 and 1 are moved inside first."""
    inside = np.clip(unit, _MARGIN, 1 - _MARGIN)
    logits: Float64 = np.log(inside / (1 - inside))
    return logits
