"""The phases of a Fourier transform whose magnitudes are fixed."""

from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from featviz import checks
from featviz.errors import InvalidArgument
from featviz.search_spaces.decoders.base import LONGEST_SPEC, Float32, Float64, logit, squash
from featviz.search_spaces.decoders.frequencies import (
    checked_frequencies,
    checked_mean,
    logits_of_examples,
    mean_before_sigmoid,
)
from featviz.search_spaces.decoders.statistics import colour_matrix, learn_colours, positive_numbers, rings
from featviz.search_spaces.pictures import PictureShape

__all__ = ["PhaseDecoder"]

# A search cannot raise the contrast, so it starts with more than that of other decoders.
_GAIN, _DECAY = 2.0, 1.0
# How often saturated values are filled in; see encode.
_ROUNDS = 30


class _Bins(NamedTuple):
    """The frequencies that carry genes: their places in an array of shape (height, columns), ravelled.

    A real picture has F(-f) = conj(F(f)). Where both lie in the half plane that ``irfft`` reads (in its first column,
    and in its last one for an even width) only one is ``free`` and the other is its ``mirror``. A frequency that is its
    own mirror is real.
    """

    free: NDArray[np.intp]
    real: NDArray[np.bool_]
    source: NDArray[np.intp]
    mirror: NDArray[np.intp]
    columns: int


class _Learnt(NamedTuple):
    gain: float
    colour: list[list[float]]
    mean: list[float]
    spectrum: list[list[float]]


class PhaseDecoder:
    """Genes are the phases of a Fourier transform; its magnitudes are those of natural pictures, or of yours.

    Fel et al. 2023, "Unlocking Feature Visualization for Deeper Networks with MAgnitude Constrained Optimization": what
    makes a picture unnatural is mostly its magnitudes, so that a search that cannot touch them stays near to real
    pictures. It also cannot raise the contrast, nor the brightness, which is the mean's: scores are lower.

    A phase is the angle of a pair of genes. For two standard-normal genes it is uniform, it has no end at which a
    search could get stuck, and a mean that moves away from (0, 0) makes it certain little by little. (One gene a
    phase, through the normal distribution function or wrapped, found .25 and .16 where pairs found .43: the MLP of the
    benchmarks, 3,000 queries.) Genes are ordered by channel, then by frequency, pairs together.

    Magnitudes depend on the distance from frequency 0 alone, and on the channel (of the decorrelated ones; see
    ``colour``).

    Args:
        shape: of the pictures; at least two pixels.
        frequencies: how many to keep, in half periods as in ``DctDecoder``, at least 2 along one side.
        gain: standard deviation of the picture before the sigmoid, a root mean square over pixels and channels; when
            left out 2, or that of the examples.
        decay: exponent by which the magnitudes fall with the frequency; 1 when left out.
        colour: see :func:`~featviz.search_spaces.decoders.statistics.colour_matrix`.
        mean: the mean colour, a number for each channel inside (low, high); when left out the middle.
        spectrum: relative magnitudes at the frequencies of 0, 1, 2, ... half periods along the longer side, instead of
            ``decay``, linear in between: one list, or one for each channel. That of 0 is not used.
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
        spectrum: Sequence[float] | Sequence[Sequence[float]] | None = None,
        examples: Any = None,
    ) -> None:
        if decay is not None and spectrum is not None:
            raise InvalidArgument("give decay or spectrum, not both: each says how magnitudes fall with frequency.")
        self._shape = shape
        self._kept = checked_frequencies(frequencies, shape)
        self._bins = _bins(self._kept, shape)
        if not len(self._bins.free):
            raise InvalidArgument("a phase search needs at least 2 frequencies along one side: keep more.")
        if examples is not None:
            learnt = _learn(examples, shape)
            gain = learnt.gain if gain is None else gain
            colour = learnt.colour if colour is None else colour
            mean = learnt.mean if mean is None else mean
            spectrum = learnt.spectrum if spectrum is None and decay is None else spectrum
        self._gain = checks.finite("gain", _GAIN if gain is None else gain, 0, 1e6, exclusive=True)
        radii = _radii(shape)[:, : self._bins.columns].ravel()[self._bins.free]
        if spectrum is None:
            steepness = checks.finite("decay", _DECAY if decay is None else decay, 0, 10)
            relative = np.broadcast_to(np.maximum(radii, 1) ** -steepness, (shape.channels, len(radii)))
            self._falls: dict[str, Any] = {"decay": steepness}
            self._numbers = 1
        else:
            by_channel = _checked_spectrum(spectrum, shape.channels)
            relative = np.stack([np.interp(radii, np.arange(len(one)), one) for one in by_channel])
            self._numbers = sum(map(len, by_channel))
            self._falls = {"spectrum": by_channel if len(by_channel) > 1 else by_channel[0]}
        # The transform is orthonormal and every free frequency stands for its mirror too.
        weight = np.where(self._bins.real, 1.0, 2.0)
        power = np.sum(relative**2 * weight) / shape.channels
        self._magnitude: Float64 = relative * (self._gain * np.sqrt(shape.height * shape.width / power))
        self._colour, self._mixing = colour_matrix(colour, shape.channels)
        self._mean = checked_mean(mean, shape)
        self._centre = mean_before_sigmoid(self._mean, shape)
        self._magnitude32 = self._magnitude.astype(np.float32)
        self._mixing32, self._centre32 = self._mixing.astype(np.float32), self._centre.astype(np.float32)

    @property
    def genes(self) -> int:
        """Two for each kept frequency and channel."""
        return 2 * len(self._bins.free) * self._shape.channels

    def decode(self, genes: Float64) -> Float32:
        """As in :class:`~featviz.search_spaces.decoders.Decoder`."""
        return squash(self._before_sigmoid(genes), self._shape)

    def encode(self, unit: Float64) -> Float64:
        """The phases of the pictures; their magnitudes and mean colours are not kept.

        A value at ``low`` or ``high`` says of the logit only that it is at least so far out, and one pixel changes
        every phase: so such values are replaced by what the phases found so far make of them, a few times over
        (Gerchberg & Saxton 1972 recover phases in this way). What was decoded comes back.
        """
        known = np.moveaxis(logit(unit), 3, 1)
        furthest = logit(np.ones(1))[0]
        white, black = known >= furthest, known <= -furthest
        found = self._phases(known)
        for _ in range(_ROUNDS if (white | black).any() else 0):
            estimate = np.moveaxis(self._before_sigmoid(found), 3, 1)
            filled = np.where(white, np.maximum(known, estimate), known)
            found = self._phases(np.where(black, np.minimum(known, estimate), filled))
        return found

    def _before_sigmoid(self, genes: Float64) -> Float32:
        n, (height, width, channels) = len(genes), self._shape.array
        # In float64, where squares of any gene that a search could reach have room.
        pairs = genes.reshape(n, channels, len(self._bins.free), 2)
        length = np.sqrt(np.square(pairs[..., 0]) + np.square(pairs[..., 1]))
        without = length == 0
        if without.any():
            # A pair of zeros has no angle: 0 it is.
            pairs, length = np.where(without[..., None], (1.0, 0.0), pairs), np.where(without, 1.0, length)
        unit = np.empty(pairs.shape, dtype=np.float32)
        np.divide(pairs, length[..., None], out=unit, casting="same_kind")
        turned = unit.view(np.complex64)[..., 0] * self._magnitude32
        if self._bins.real.any():
            turned[..., self._bins.real] = turned[..., self._bins.real].real * np.float32(np.sqrt(2))
        if self._colour != "none":
            turned = self._mixing32 @ turned
        plane = np.zeros((n, channels, height * self._bins.columns), dtype=np.complex64)
        plane[:, :, self._bins.free] = turned
        plane[:, :, self._bins.mirror] = plane[:, :, self._bins.source].conj()
        columns = np.fft.ifft(plane.reshape(n, channels, height, self._bins.columns), axis=2, norm="ortho")
        pre = np.moveaxis(np.fft.irfft(columns, n=width, axis=3, norm="ortho"), 1, 3).astype(np.float32, order="C")
        if self._centre.any():
            pre += self._centre32
        return pre

    def _phases(self, logits: Float64) -> Float64:
        """Genes, shape (n, genes), of pictures before the sigmoid, shape (n, channels, height, width)."""
        n, channels = len(logits), self._shape.channels
        pre = logits - self._centre[:, None, None]
        flat = np.linalg.solve(self._mixing, pre.reshape(n, channels, -1)).reshape(pre.shape)
        plane = np.fft.rfft2(flat, norm="ortho")[..., : self._bins.columns]
        found = plane.reshape(n, channels, -1)[:, :, self._bins.free]
        angle = np.angle(found)
        cosine = np.clip(found.real / (np.sqrt(2) * self._magnitude), -1, 1)
        angle = np.where(self._bins.real, np.arccos(cosine), angle)
        # Genes of a root mean square of 1, as under the prior.
        pairs: Float64 = np.sqrt(2) * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
        return pairs.reshape(n, self.genes)

    def options(self) -> dict[str, Any] | None:
        """Everything that was given, learnt or chosen; None where that is too much for a file."""
        matrix = 0 if isinstance(self._colour, str) else self._shape.channels**2
        if self._numbers + len(self._mean) + matrix > LONGEST_SPEC:
            return None
        options = {"frequencies": list(self._kept), "gain": self._gain, "colour": self._colour, **self._falls}
        return options | ({"mean": self._mean} if self._centre.any() else {})


def _bins(kept: tuple[int, int], shape: PictureShape) -> _Bins:
    height, width = shape.height, shape.width
    vertical, columns = np.abs(np.fft.fftfreq(height, 1 / height)), kept[1] // 2 + 1
    row, column = np.divmod(np.arange(height * columns), columns)
    # A period has two half periods; ``kept`` counts the flat one, and with all of them the finest is whole.
    low = (2 * vertical[row] <= kept[0]) & (2 * column <= kept[1])
    mirrored = (-row % height) * columns + column
    own_half = (column == 0) | (2 * column == width)
    place = np.arange(height * columns)
    second = own_half & (mirrored < place)
    flat = place == 0
    free = place[low & ~second & ~flat]
    mirror = place[low & second]
    real = own_half[free] & (mirrored[free] == free)
    return _Bins(free, real, mirrored[mirror], mirror, columns)


def _radii(shape: PictureShape) -> Float64:
    """The frequencies of the half plane, in half periods along the longer side; shape (height, width // 2 + 1)."""
    longer = max(shape.height, shape.width)
    vertical = np.fft.fftfreq(shape.height)[:, None] * (2 * longer)
    horizontal = np.fft.rfftfreq(shape.width)[None, :] * (2 * longer)
    radii: Float64 = np.hypot(vertical, horizontal)
    return radii


def _checked_spectrum(given: Any, channels: int) -> list[list[float]]:
    if (
        isinstance(given, Sequence | np.ndarray)
        and not isinstance(given, str)
        and len(given)
        and isinstance(given[0], Sequence | np.ndarray)
    ):
        if len(given) != channels:
            raise InvalidArgument(f"spectrum must be one list, or {channels}, one a channel, but it has {len(given)}.")
        return [positive_numbers("spectrum", one) for one in given]
    return [positive_numbers("spectrum", given)]


def _learn(examples: Any, shape: PictureShape) -> _Learnt:
    logits = logits_of_examples(examples, shape)
    centre, root = learn_colours(logits)
    _, mixing = colour_matrix(root, shape.channels)
    centred = logits - centre[:, None, None]
    plain = np.linalg.solve(mixing, centred.reshape(len(logits), shape.channels, -1)).reshape(centred.shape)
    power = (np.abs(np.fft.rfft2(plain, norm="ortho")) ** 2).mean(axis=0)
    power[:, 0, 0] = 0
    if not power.any():
        raise InvalidArgument("the examples are all of flat colours: nothing can be learnt from them.")
    # The brightness of a picture is no part of its contrast.
    contrast = logits - logits.mean(axis=(2, 3), keepdims=True)
    return _Learnt(
        gain=float(np.sqrt(np.mean(contrast**2))),
        colour=root.tolist(),
        mean=(shape.low + (shape.high - shape.low) / (1 + np.exp(-centre))).tolist(),
        spectrum=[rings(one, _radii(shape)) for one in power],
    )
