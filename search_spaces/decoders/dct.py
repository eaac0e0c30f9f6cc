"""A cosine basis whose amplitudes fall with the frequency, and a sigmoid: the default."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from featviz import checks
from featviz.errors import InvalidArgument
from featviz.search_spaces.decoders.base import LONGEST_SPEC, SETTLED, Float32, Float64, logit, squash
from featviz.search_spaces.decoders.frequencies import (
    checked_frequencies,
    checked_mean,
    logits_of_examples,
    mean_before_sigmoid,
)
from featviz.search_spaces.decoders.statistics import Statistics, colour_matrix, learn, positive_numbers
from featviz.search_spaces.pictures import PictureShape

__all__ = ["DctDecoder"]

_DECAY_OF_ALL, _DECAY_OF_LOW = 0.3, 1.0
# Numbers in the matrix of a basis; beyond it the picture is too long for this many frequencies.
_LARGEST_BASIS = 50_000_000


class DctDecoder:
    """Genes are the coefficients of a two-dimensional cosine transform, scaled by their prior amplitude.

    A picture before the sigmoid is ``mean + colour @ (By @ (amplitude * genes) @ Bx.T)``, with By and Bx the
    orthonormal cosine bases (DCT-II): two small matrix products a picture, never one of pixels x genes. Genes
    are ordered by channel, then by vertical and horizontal frequency.

    The amplitudes fall with the frequency f as ``f ** -decay`` (preconditioning in the Fourier basis: Olah et al.
    2017, "Feature Visualization"), so that steps of one size in every gene look alike: large shapes move first.

    Args:
        shape: of the pictures.
        frequencies: how many to keep, the lowest: an int along the longer side, with the same angular resolution
            along the other, or (vertical, horizontal); when left out, 32 along the longer side or all there are.
        gain: standard deviation of the picture before the sigmoid under the prior, a root mean square over
            pixels and channels; when left out 1, or that of the examples.
        decay: the exponent; when left out .3 if every frequency is kept, else 1. With all of them, an exponent
            of 1 leaves fine detail so small a share that a search cannot use it (a convolutional net on digits
            ended at .91 of its optimum instead of .96); with few, it makes clearer shapes.
        colour: see :func:`~featviz.search_spaces.decoders.statistics.colour_matrix`.
        mean: the mean colour, a number for each channel inside (low, high); when left out the middle.
        spectrum: relative amplitudes at the frequencies 0, 1, 2, ... instead of ``decay``, linear in between.
        examples: pictures from which gain, colour, mean and spectrum are learnt, where they are left out.
    """

    OPTIONS: ClassVar[tuple[str, ...]] = ("frequencies", "gain", "decay", "colour", "mean", "spectrum", "examples")

    def __init__(
        self,
        shape: PictureShape,
        *,
        frequencies: int | Sequence[int] | None = None,
        gain: float | None = None,
        decay: float | None = None,
        colour: Any = None,
        mean: Sequence[float] | None = None,
        spectrum: Sequence[float] | None = None,
        examples: Any = None,
    ) -> None:
        if decay is not None and spectrum is not None:
            raise InvalidArgument("give decay or spectrum, not both: each says how amplitudes fall with frequency.")
        self._shape = shape
        self._kept = checked_frequencies(frequencies, shape)
        if max(self._kept[0] * shape.height, self._kept[1] * shape.width) > _LARGEST_BASIS:
            raise InvalidArgument(
                f"{max(self._kept):,} frequencies along {max(shape[:2]):,} pixels need too much memory: keep fewer."
            )
        self._by, self._bx = _basis(shape.height, self._kept[0]), _basis(shape.width, self._kept[1])
        radii = _radii(self._kept, shape)
        self._scales = np.tile(1 / np.maximum(radii, 1).ravel(), shape.channels)
        if examples is not None:
            learnt = self._learn(examples, radii)
            gain = learnt.gain if gain is None else gain
            colour = learnt.colour if colour is None else colour
            mean = learnt.mean if mean is None else mean
            spectrum = learnt.spectrum if spectrum is None and decay is None else spectrum
        self._gain = checks.finite("gain", 1.0 if gain is None else gain, 0, 1e6, exclusive=True)
        if spectrum is None:
            full = self._kept == (shape.height, shape.width)
            steepness = checks.finite(
                "decay", (_DECAY_OF_ALL if full else _DECAY_OF_LOW) if decay is None else decay, 0, 10
            )
            amplitude = np.maximum(radii, 1) ** -steepness
            self._falls: dict[str, Any] = {"decay": steepness}
        else:
            relative = positive_numbers("spectrum", spectrum)
            amplitude = np.interp(radii, np.arange(len(relative)), relative)
            self._falls = {"spectrum": relative}
        # The bases are orthonormal, so the variance of a pixel is on average sum(amplitude ** 2) / pixels.
        pixels = shape.height * shape.width
        self._amplitude: Float64 = amplitude * (self._gain * np.sqrt(pixels / np.sum(amplitude**2)))
        self._colour, self._mixing = colour_matrix(colour, shape.channels)
        self._mean = checked_mean(mean, shape)
        self._centre = mean_before_sigmoid(self._mean, shape)
        self._by32, self._bx32 = self._by.astype(np.float32), self._bx.T.astype(np.float32)
        self._amplitude32, self._mixing32 = self._amplitude.astype(np.float32), self._mixing.astype(np.float32)
        self._centre32 = self._centre.astype(np.float32)

    @property
    def genes(self) -> int:
        """Kept frequencies times channels."""
        return self._kept[0] * self._kept[1] * self._shape.channels

    @property
    def scales(self) -> Float64:
        """The wave length of each gene, relative to the longest."""
        return self._scales

    def decode(self, genes: Float64) -> Float32:
        """As in :class:`~featviz.search_spaces.decoders.Decoder`."""
        n, channels = len(genes), self._shape.channels
        # float32 takes half the time of float64 on large pictures and is off by 1e-6 at most.
        coefficients = genes.astype(np.float32).reshape(n, channels, *self._kept)
        coefficients *= self._amplitude32
        if self._colour != "none":
            # Colours are mixed before the transform, where there are fewer numbers than pixels.
            flat = coefficients.reshape(n, channels, self._kept[0] * self._kept[1])
            coefficients = (self._mixing32 @ flat).reshape(coefficients.shape)
        rows = coefficients @ self._bx32
        # The channels move to the last axis here, since the array after the next product is larger.
        rows = np.moveaxis(rows, 1, 3).reshape(n, self._kept[0], self._shape.width * channels)
        pre = (self._by32 @ rows).reshape(n, *self._shape.array)
        if self._centre.any():
            pre += self._centre32
        return squash(pre, self._shape)

    def encode(self, unit: Float64) -> Float64:
        """The exact inverse where every frequency is kept, but for values next to ``low`` and ``high``.

        Where only low frequencies are kept: the nearest picture before the sigmoid in the sense of least squares.
        """
        return self._genes_of(np.moveaxis(logit(unit), 3, 1) - self._centre[:, None, None])

    def settle(self, genes: Float64) -> Float64:
        """Genes of pictures that are clipped to ``SETTLED`` before the sigmoid: nearly the same after it.

        Where only low frequencies are kept, the nearest to that in the sense of least squares.
        """
        n = len(genes)
        coefficients = genes.reshape(n, self._shape.channels, -1) * self._amplitude.ravel()
        coefficients = (self._mixing @ coefficients).reshape(n, self._shape.channels, *self._kept)
        pre = self._by @ coefficients @ self._bx.T
        centre = self._centre[:, None, None]
        return genes + self._genes_of(np.clip(pre + centre, -SETTLED, SETTLED) - centre - pre)

    def _genes_of(self, pre: Float64) -> Float64:
        """Genes, shape (n, genes), of what differs from the mean before the sigmoid: (n, channels, height, width)."""
        coefficients = self._by.T @ pre @ self._bx
        flat = coefficients.reshape(len(pre), self._shape.channels, self._kept[0] * self._kept[1])
        independent = np.linalg.solve(self._mixing, flat).reshape(coefficients.shape)
        return (independent / self._amplitude).reshape(len(pre), self.genes)

    def options(self) -> dict[str, Any] | None:
        """Everything that was given, learnt or chosen; None where that is too much for a file."""
        matrix = 0 if isinstance(self._colour, str) else self._shape.channels**2
        if len(self._falls.get("spectrum", ())) + len(self._mean) + matrix > LONGEST_SPEC:
            return None
        options = {"frequencies": list(self._kept), "gain": self._gain, "colour": self._colour, **self._falls}
        return options | ({"mean": self._mean} if self._centre.any() else {})

    def _learn(self, examples: Any, radii: Float64) -> Statistics:
        pre = logits_of_examples(examples, self._shape)
        return learn(pre, self._by.T @ pre @ self._bx, radii, self._shape.low, self._shape.high)


def _basis(size: int, count: int) -> Float64:
    """The first ``count`` vectors of the orthonormal DCT-II of length ``size``, as columns."""
    angle = np.outer(np.arange(size) + 0.5, np.arange(count)) * (np.pi / size)
    basis = np.cos(angle) * np.sqrt(2 / size)
    basis[:, 0] = np.sqrt(1 / size)
    return np.asarray(basis, dtype=np.float64)


def _radii(kept: tuple[int, int], shape: PictureShape) -> Float64:
    """The frequency of each coefficient, in half periods along the longer side; shape (vertical, horizontal)."""
    longer = max(shape.height, shape.width)
    vertical = np.arange(kept[0])[:, None] * (longer / shape.height)
    horizontal = np.arange(kept[1])[None, :] * (longer / shape.width)
    radii: Float64 = np.hypot(vertical, horizontal)
    return radii
