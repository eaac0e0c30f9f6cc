"""How genes become series: numbers without bounds first, which the space then squashes into its range."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from featviz import checks
from featviz.errors import InvalidArgument
from featviz.search_spaces.quantities import normal_of, quantile_of
from featviz.search_spaces.series.shapes import Float64, SeriesShape

__all__ = ["DECODERS", "FourierDecoder", "PhaseDecoder", "RawDecoder", "SeriesDecoder", "SplineDecoder"]

# Standard deviation under the prior, in half ranges before squashing. Small, since squashing bends large values and a
# search finds its amplitude by itself: matched filters of length 256 came to .80 with 1 and to .997 with .2.
_GAIN = 0.2
# The first stage of a coarse-to-fine search has so many frequencies a channel, each further one three times as many.
_FIRST_STAGE, _GROWTH = 16, 3
# Learnt amplitudes are at least this part of the largest, so that every series can be reached.
_FLOOR = 0.01
# Examples from which the mean is taken at each point of time, and not over all of them.
_FEW = 8


class SeriesDecoder(Protocol):
    """Turns genes into numbers of shape (n, length, channels) and, where it can, back."""

    # The keyword arguments of ``TimeSeriesSpace`` that this decoder takes.
    OPTIONS: ClassVar[tuple[str, ...]]
    # Whether ``encode`` is an exact inverse, so that moves may work on the series itself.
    exact: ClassVar[bool]

    @property
    def genes(self) -> int:
        """The number of real genes."""

    @property
    def stages(self) -> tuple[NDArray[np.intp], ...]:
        """Genes to search first, second and so on; see :class:`~featviz.latent.LatentDescription`."""

    def decode(self, genes: Float64) -> Float64:
        """Numbers of shape (n, length, channels) of genes of shape (n, genes)."""

    def encode(self, free: Float64) -> Float64:
        """Genes of shape (n, genes) of numbers of shape (n, length, channels)."""

    def options(self) -> dict[str, Any]:
        """What makes the same decoder again, besides the examples."""


class FourierDecoder:
    """An orthonormal cosine basis (DCT-II) with every frequency, searched from coarse to fine.

    Without examples all frequencies are equally strong (``decay`` 0) and ``gain`` is the standard deviation of a value.
    With them, means and amplitudes are those of the examples, so that prior samples look like them.

    Args:
        shape: of the series.
        examples: numbers without bounds, shape (m, length, channels), to learn from; None for none.
        gain: standard deviation of a value, in half ranges before squashing.
        decay: exponent by which amplitudes fall with the frequency; 0 for white noise, 1 for pink.
    """

    OPTIONS: ClassVar[tuple[str, ...]] = ("gain", "decay")
    exact: ClassVar[bool] = True

    def __init__(
        self,
        shape: SeriesShape,
        examples: Float64 | None = None,
        *,
        gain: float | None = None,
        decay: float | None = None,
    ) -> None:
        self._shape = shape
        self._given: dict[str, Any] = {k: v for k, v in (("gain", gain), ("decay", decay)) if v is not None}
        if examples is None or decay is not None:
            steepness = checks.finite("decay", 0.0 if decay is None else decay, 0, 10)
            amplitude = np.maximum(np.arange(shape.length), 1.0)[:, None] ** -steepness * np.ones((1, shape.channels))
        if examples is None:
            self._mean = np.zeros(shape.array)
            size = _GAIN if gain is None else checks.finite("gain", gain, 0, 1e6, exclusive=True)
        else:
            self._mean = _mean_of(examples)
            power = np.sqrt((_to_frequencies(examples - self._mean) ** 2).mean(axis=0))
            learnt = float(np.sqrt((power**2).sum() / (shape.length * shape.channels)))
            size = learnt if gain is None else checks.finite("gain", gain, 0, 1e6, exclusive=True)
            if not learnt:
                raise InvalidArgument("the examples are all flat: nothing can be learnt from them.")
            if decay is None:
                amplitude = np.maximum(power, _FLOOR * power.max())
        # The basis is orthonormal, so the variance of a value is on average sum(amplitude ** 2) / values.
        self._amplitude = amplitude * size * np.sqrt(amplitude.size / (amplitude**2).sum())

    @property
    def genes(self) -> int:
        """One for each frequency and channel; those of a frequency stand together."""
        return self._shape.length * self._shape.channels

    @property
    def stages(self) -> tuple[NDArray[np.intp], ...]:
        """The 16 lowest frequencies, then three times as many, and so on."""
        sizes, count = [], _FIRST_STAGE
        while count < self._shape.length:
            sizes.append(count)
            count *= _GROWTH
        return tuple(np.arange(size * self._shape.channels) for size in [*sizes, self._shape.length]) if sizes else ()

    def decode(self, genes: Float64) -> Float64:
        """As in :class:`SeriesDecoder`."""
        coefficients = genes.reshape(len(genes), *self._shape.array) * self._amplitude
        return _from_frequencies(coefficients) + self._mean

    def encode(self, free: Float64) -> Float64:
        """The exact inverse."""
        coefficients: Float64 = _to_frequencies(free - self._mean) / self._amplitude
        return coefficients.reshape(len(free), self.genes)

    def options(self) -> dict[str, Any]:
        """What was given."""
        return self._given


class RawDecoder:
    """One gene a value, independent of the others.

    Args:
        shape: of the series.
        examples: numbers without bounds to learn the mean and the spread of each channel from; None for none.
        gain: standard deviation of a value, in half ranges before squashing.
    """

    OPTIONS: ClassVar[tuple[str, ...]] = ("gain",)
    exact: ClassVar[bool] = True
    stages: tuple[NDArray[np.intp], ...] = ()

    def __init__(self, shape: SeriesShape, examples: Float64 | None = None, *, gain: float | None = None) -> None:
        self._shape = shape
        self._given = {} if gain is None else {"gain": checks.finite("gain", gain, 0, 1e6, exclusive=True)}
        self._mean = np.zeros(shape.array) if examples is None else _mean_of(examples)
        spread = np.full(shape.channels, _GAIN) if examples is None else (examples - self._mean).std(axis=(0, 1))
        self._spread = np.full(shape.channels, gain) if gain is not None else np.maximum(spread, 1e-6)

    @property
    def genes(self) -> int:
        """The number of values."""
        return self._shape.length * self._shape.channels

    def decode(self, genes: Float64) -> Float64:
        """As in :class:`SeriesDecoder`."""
        free: Float64 = genes.reshape(len(genes), *self._shape.array) * self._spread + self._mean
        return free

    def encode(self, free: Float64) -> Float64:
        """The exact inverse."""
        genes: Float64 = (free - self._mean) / self._spread
        return genes.reshape(len(free), self.genes)

    def options(self) -> dict[str, Any]:
        """What was given."""
        return self._given


class SplineDecoder:
    """Cubic B-splines: smooth series with few genes, each of which acts at one place.

    A fixed smooth basis misses whatever is finer than its knots: use it where series are known to be smooth.

    Args:
        shape: of the series.
        examples: taken for the mean of each channel only; None for none.
        knots: control points of a channel, at least 4; by default one for every 8 points of time.
        gain: standard deviation of a control point, in half ranges before squashing.
    """

    OPTIONS: ClassVar[tuple[str, ...]] = ("gain", "knots")
    exact: ClassVar[bool] = False
    stages: tuple[NDArray[np.intp], ...] = ()

    def __init__(
        self,
        shape: SeriesShape,
        examples: Float64 | None = None,
        *,
        gain: float | None = None,
        knots: int | None = None,
    ) -> None:
        if shape.length < 4:
            raise InvalidArgument(f"splines need at least 4 points of time, but the length is {shape.length}.")
        default = min(shape.length, max(4, round(shape.length / 8)))
        self._shape = shape
        self._knots = checks.integer("knots", default if knots is None else knots, 4, shape.length)
        self._gain = checks.finite("gain", _GAIN if gain is None else gain, 0, 1e6, exclusive=True)
        self._mean = np.zeros(shape.channels) if examples is None else examples.mean(axis=(0, 1))
        self._basis = _splines(shape.length, self._knots)

    @property
    def genes(self) -> int:
        """Control points times channels."""
        return self._knots * self._shape.channels

    def decode(self, genes: Float64) -> Float64:
        """As in :class:`SeriesDecoder`."""
        free: Float64 = self._basis @ genes.reshape(len(genes), self._knots, self._shape.channels) * self._gain
        return free + self._mean

    def encode(self, free: Float64) -> Float64:
        """The nearest splines in the sense of least squares; exact for series that are such splines."""
        points: Float64 = np.asarray(np.linalg.pinv(self._basis) @ (free - self._mean) / self._gain, dtype=np.float64)
        return points.reshape(len(free), self.genes)

    def options(self) -> dict[str, Any]:
        """Knots and gain."""
        return {"knots": self._knots, "gain": self._gain}


class PhaseDecoder:
    """The magnitudes of a spectrum stay those of the examples; genes are the phases.

    After Fel et al. 2023, "Unlocking Feature Visualization for Deeper Networks with MAgnitude Constrained
    Optimization": whatever is found has the spectrum of real series. A phase is 2 pi times the normal quantile of its
    gene, uniform under the prior.

    Args:
        shape: of the series.
        examples: numbers without bounds, shape (m, length, channels), with the spectrum; required.
    """

    OPTIONS: ClassVar[tuple[str, ...]] = ()
    exact: ClassVar[bool] = False
    stages: tuple[NDArray[np.intp], ...] = ()

    def __init__(self, shape: SeriesShape, examples: Float64 | None = None) -> None:
        if examples is None:
            raise InvalidArgument("the decoder 'phase' takes its spectrum from examples=: give some series.")
        if shape.length < 3:
            raise InvalidArgument(f"phases need at least 3 points of time, but the length is {shape.length}.")
        self._shape = shape
        self._mean = examples.mean(axis=(0, 1))
        spectrum = np.fft.rfft(examples - self._mean, axis=1)
        # Neither the mean nor, of an even length, the highest frequency has a phase.
        self._last = (shape.length - 1) // 2
        self._magnitude = np.sqrt((np.abs(spectrum) ** 2).mean(axis=0))[1 : self._last + 1]
        if not self._magnitude.any():
            raise InvalidArgument("the examples are all flat: they have no spectrum.")

    @property
    def genes(self) -> int:
        """Frequencies between the mean and the highest, times channels."""
        return self._last * self._shape.channels

    def decode(self, genes: Float64) -> Float64:
        """As in :class:`SeriesDecoder`."""
        phases = 2 * np.pi * quantile_of(genes).reshape(len(genes), self._last, self._shape.channels)
        spectrum = np.zeros((len(genes), self._shape.length // 2 + 1, self._shape.channels), dtype=np.complex128)
        spectrum[:, 1 : self._last + 1] = self._magnitude * np.exp(1j * phases)
        free: Float64 = np.fft.irfft(spectrum, n=self._shape.length, axis=1) + self._mean
        return free

    def encode(self, free: Float64) -> Float64:
        """The phases of the series; its magnitudes are not kept."""
        spectrum = np.fft.rfft(free - self._mean, axis=1)[:, 1 : self._last + 1]
        part = (np.angle(spectrum) / (2 * np.pi)) % 1.0
        return normal_of(part).reshape(len(free), self.genes)

    def options(self) -> dict[str, Any]:
        """None: the examples say everything."""
        return {}


DECODERS: Mapping[str, Callable[..., SeriesDecoder]] = {
    "fourier": FourierDecoder,
    "phase": PhaseDecoder,
    "raw": RawDecoder,
    "splines": SplineDecoder,
}


def _from_frequencies(coefficients: Float64) -> Float64:
    """Sums of cosines, orthonormal (DCT-II), over the second axis: shape (n, length, channels) both."""
    from scipy.fft import idct  # noqa: PLC0415  slow to import

    found: Float64 = idct(coefficients, axis=1, norm="ortho")
    return found


def _to_frequencies(series: Float64) -> Float64:
    """The inverse."""
    from scipy.fft import dct  # noqa: PLC0415  slow to import

    found: Float64 = dct(series, axis=1, norm="ortho")
    return found


def _mean_of(examples: Float64) -> Float64:
    """The mean at each point of time, shape (length, channels); over all of them where examples are few."""
    if len(examples) >= _FEW:
        return np.asarray(examples.mean(axis=0))
    return np.broadcast_to(examples.mean(axis=(0, 1)), examples.shape[1:]).copy()


def _splines(length: int, count: int) -> Float64:
    from scipy.interpolate import BSpline  # noqa: PLC0415  slow to import

    inner = np.linspace(0.0, 1.0, count - 2)
    knots = np.concatenate([np.zeros(3), inner, np.ones(3)])
    at = np.linspace(0.0, 1.0, length)
    basis: Float64 = BSpline.design_matrix(at, knots, 3).toarray()
    return basis
