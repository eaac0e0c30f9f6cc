"""Random convolutions + logistic regression on series of 128 points, with a planted segment.

The features are those of Dempster et al. 2020, "ROCKET": of each random kernel the largest response and the share of
positive ones, of the series at mean 0 and deviation 1; so neither its level nor its amplitude counts.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

__all__ = ["LENGTH", "SeriesClassifier", "series_classifier"]

Array = NDArray[np.float64]

LENGTH = 128
KERNEL, DILATIONS, KERNELS_EACH = 9, (1, 2, 4), 30
SEGMENT = 24


@dataclass(frozen=True, eq=False)
class SeriesClassifier:
    """A classifier of series.

    Attributes:
        examples: training series, float64 (n, 128).
        labels: bool (n,), whether the segment was planted.
        segment: float64 (24,), the pattern that was planted.
        kernels: by dilation, float64 (9, kernels each).
        biases: by dilation, float64 (kernels each,).
        model: the fitted scaler and logistic regression of the features.
    """

    examples: Array
    labels: NDArray[np.bool_]
    segment: Array
    kernels: tuple[Array, ...]
    biases: tuple[Array, ...]
    model: Any

    def __call__(self, series: NDArray[np.floating]) -> Array:
        """Log-odds, float64 (n,), of series (n, 128)."""
        features = _features(np.asarray(series, dtype=np.float64), self.kernels, self.biases)
        scores: Array = self.model.decision_function(features)
        return scores


def series_classifier(seed: int = 0, examples: int = 600) -> SeriesClassifier:
    """Draw autocorrelated noise, plant a rising and falling oscillation in half of it, and fit the classifier."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(examples, LENGTH))
    for t in range(1, LENGTH):
        noise[:, t] = 0.7 * noise[:, t - 1] + np.sqrt(1 - 0.49) * noise[:, t]
    steps = np.arange(SEGMENT)
    segment = 1.5 * np.hanning(SEGMENT) * np.sin(2 * np.pi * steps / rng.uniform(5, 8))
    labels = rng.random(examples) < 0.5
    places = rng.integers(0, LENGTH - SEGMENT + 1, size=labels.sum())
    rows = noise.copy()
    rows[np.flatnonzero(labels)[:, None], places[:, None] + steps] += segment
    kernels = tuple(rng.normal(size=(KERNEL, KERNELS_EACH)) for _ in DILATIONS)
    kernels = tuple(k - k.mean(axis=0) for k in kernels)
    biases = tuple(rng.uniform(-1, 1, size=KERNELS_EACH) for _ in DILATIONS)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=1.0, max_iter=2_000))
    model.fit(_features(rows, kernels, biases), labels)
    return SeriesClassifier(rows, labels, segment, kernels, biases, model)


def _features(series: Array, kernels: tuple[Array, ...], biases: tuple[Array, ...]) -> Array:
    """float64 (n, 2 * kernels): the largest response and the share of positive ones, of every kernel."""
    deviation = series.std(axis=1, keepdims=True)
    series = (series - series.mean(axis=1, keepdims=True)) / np.where(deviation > 0, deviation, 1.0)
    parts = []
    for dilation, kernel, bias in zip(DILATIONS, kernels, biases, strict=True):
        windows = sliding_window_view(series, (KERNEL - 1) * dilation + 1, axis=1)[..., ::dilation]
        responses = windows @ kernel + bias
        parts += [responses.max(axis=1), (responses > 0).mean(axis=1)]
    return np.concatenate(parts, axis=1)
