"""Series that shall resemble a hidden template, wherever it lies; the maximum is 1."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = ["LENGTH", "TEMPLATES", "MatchedFilter"]

Array = NDArray[np.float64]

LENGTH = 256


class MatchedFilter:
    """The score max over lags of <template shifted, x> / |x|, with lags that wrap around.

    By the inequality of Cauchy and Schwarz at most 1, which every shifted and positively scaled template reaches; so
    neither the amplitude nor the place is given away. A series of zeros scores 0.

    Args:
        kind: "smooth", "chirp" or "sharp".
        seed: of the template's place, width and phase.
        length: number of points.
    """

    def __init__(self, kind: str, seed: int, length: int = LENGTH) -> None:
        self.kind, self.length = kind, length
        template = TEMPLATES[kind](np.random.default_rng(seed), np.arange(length) / length)
        self.template: Array = template / np.linalg.norm(template)
        self._spectrum = np.conj(np.fft.rfft(self.template))

    def __call__(self, series: NDArray[np.floating]) -> Array:
        """Scores, float64 (n,), of series (n, length)."""
        series = np.asarray(series, dtype=np.float64)
        products = np.fft.irfft(np.fft.rfft(series, axis=1) * self._spectrum, n=self.length, axis=1)
        norms = np.linalg.norm(series, axis=1)
        scores: Array = products.max(axis=1) / np.where(norms > 0, norms, 1.0)
        return scores

    def optimum(self) -> Array:
        """A series, float64 (length,), of score 1: the template itself."""
        return self.template.copy()


def smooth(rng: np.random.Generator, t: Array) -> Array:
    """Two broad bumps of opposite sign: nearly all energy below 8 cycles."""
    place, width = rng.uniform(0.25, 0.4), rng.uniform(0.06, 0.1)
    return np.exp(-(((t - place) / width) ** 2) / 2) - 0.7 * np.exp(-(((t - place - 0.3) / width) ** 2) / 2)


def chirp(rng: np.random.Generator, t: Array) -> Array:
    """A tone that rises from about 20 to about 60 cycles a window: nothing that a smooth basis holds."""
    place, phase = rng.uniform(0.4, 0.6), rng.uniform(0, 2 * np.pi)
    low, high = rng.uniform(18, 22), rng.uniform(55, 65)
    envelope = np.exp(-(((t - place) / 0.15) ** 2) / 2)
    return envelope * np.sin(2 * np.pi * (low * t + (high - low) * t**2 / 2) + phase)


def sharp(rng: np.random.Generator, t: Array) -> Array:
    """A jump that decays, then a narrow dip, as of a heart beat: all frequencies at once."""
    place, decay = rng.uniform(0.2, 0.6), rng.uniform(0.02, 0.04)
    after = np.where(t >= place, np.exp(-(t - place) / decay), 0.0)
    return after - 0.6 * np.exp(-(((t - place - 0.15) / 0.008) ** 2) / 2)


TEMPLATES: dict[str, Callable[[np.random.Generator, Array], Array]] = {
    "smooth": smooth,
    "chirp": chirp,
    "sharp": sharp,
}
