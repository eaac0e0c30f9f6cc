"""What the decoders of pictures have in common: their members, the sigmoid, and what they refuse."""

from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from featviz.errors import SpaceError
from featviz.search_spaces.pictures import PictureShape
from featviz.text import visible

__all__ = ["LONGEST_SPEC", "SETTLED", "Decoder", "Float32", "Float64", "as_pictures", "logit", "no_inverse", "squash"]

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]

# More learnt numbers than this do not belong in a file for people.
LONGEST_SPEC = 4096
# Half a grey level of an 8-bit picture: black and white stay black and white, and their genes stay moderate.
_MARGIN = 1 / 512
# Before the sigmoid: .047 or .953 of the range after it. A search that has driven its pixels far beyond cannot change
# its mind about the wrong ones. From 2 to 4 made no difference on digits, and 6 was worse than none.
SETTLED = 3.0


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


def as_pictures(found: NDArray[Any], n: int, shape: PictureShape) -> Float32:
    """What somebody else's decoder returned for n rows, checked.

    Args:
        found: shape (n, height, width, channels), or (n, height, width) for a single channel: floats, which are
            clipped to [low, high], or uint8, which is scaled to it.
        n: the number of rows that it was asked for.
        shape: what they must have.

    Raises:
        SpaceError: if it has another shape, or holds what are not numbers, or NaN.
    """
    if found.dtype.kind not in "fui" or (found.dtype.kind != "f" and found.dtype != np.uint8):
        raise SpaceError(f"the decoder must return floats or uint8, but it returned {visible(found.dtype)}.")
    want = (n, *shape.array)
    if shape.channels == 1 and found.shape == want[:3]:
        found = found[..., None]
    if found.shape != want:
        first = want[0], want[3], want[1], want[2]
        hint = " Move the channels to the last axis." if found.shape == first else ""
        raise SpaceError(f"the decoder must return shape {want}, but it returned {found.shape}.{hint}")
    low, high = shape.low, shape.high
    if found.dtype == np.uint8:
        found = low + (high - low) / 255 * found
    if np.isnan(found).any():
        raise SpaceError("the decoder returned NaN. Check it with genes from numpy's standard_normal.")
    # Bounds that float32 can hold, so that rounding cannot step over them.
    pictures: Float32 = np.clip(found, np.float32(low), np.float32(high)).astype(np.float32)
    return pictures


def no_inverse(name: str) -> SpaceError:
    """The error of a decoder that has no way back from pictures to genes."""
    return SpaceError(
        f"the decoder {name!r} cannot start from given pictures: it has no encode. Use decoder='dct', 'phase' or "
        "'pixels', or a function with an attribute encode."
    )
