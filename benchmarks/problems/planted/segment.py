"""A segment of 24 points anywhere in a series of 128."""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from problems.planted.base import Array, Mask, Model, Planted, Rows

__all__ = ["LENGTH", "RANGE", "SEGMENT", "segment"]

LENGTH, SEGMENT = 128, 24
# Values are searched within these.
RANGE = 3.0
SERIES, KEPT_BACK = 1_200, 200
# Random convolutions, as of Dempster et al. 2020, "ROCKET".
KERNEL, DILATIONS, KERNELS_EACH = 9, (1, 2, 4), 100
SHAPELETS = 200
# The segment is there if it and a window of the series correlate at least so much, as in one clean series of 30.
CORRELATION = 0.75
# What is left of the values that the segment takes the place of.
NOISE = 0.3
# Points that are replaced together.
PART = 8


@dataclass(frozen=True, eq=False)
class Segment:
    """A course of values.

    Attributes:
        values: float64 (24,).
    """

    values: Array

    def recall(self, rows: Rows) -> Array:
        """1 where a window of a series correlates enough with the segment, else 0."""
        found: Array = (self.correlation(rows).max(axis=1) >= CORRELATION).astype(np.float64)
        return found

    def correlation(self, rows: Rows) -> Array:
        """Of the segment with each window, float64 (n, 105)."""
        windows, values = _standard(sliding_window_view(rows, SEGMENT, axis=1)), _standard(self.values)
        correlation: Array = windows @ values / SEGMENT
        return correlation

    def units(self, row: Rows) -> tuple[Mask, Mask]:
        """Every 8 points are a part; it belongs to the trigger if half of it lies in the window that is most alike."""
        points, parts = np.arange(LENGTH), np.arange(LENGTH // PART)
        start = self.correlation(row[None])[0].argmax()
        places = points // PART == parts[:, None]
        inside = (points >= start) & (points < start + SEGMENT)
        return places, (places & inside).sum(axis=1) >= PART // 2

    def stamped(self, rows: Array, rng: np.random.Generator) -> Array:
        """The same series with the segment at random places, and a part of what was there before."""
        stamped, places = rows.copy(), rng.integers(0, LENGTH - SEGMENT + 1, size=len(rows))
        where = np.arange(len(rows))[:, None], places[:, None] + np.arange(SEGMENT)
        stamped[where] = np.clip(self.values + NOISE * stamped[where], -RANGE, RANGE)
        return stamped


def segment(seed: int, *, hard: bool = False) -> Planted:
    """Autocorrelated noise, half of it with a rising and falling oscillation whose shape depends on the seed.

    Graded: random convolutions and a logistic regression, whose log-odds are the score. Hard: one split on the
    likeness to a shapelet, the window of a training series that tells most (Ye & Keogh 2009), among series of which
    some have half of the segment; the score is its probability.
    """
    rng = np.random.default_rng(seed)
    steps = np.arange(SEGMENT)
    wave = np.sin(2 * np.pi * steps / rng.uniform(6, 10) + rng.uniform(0, 2 * np.pi))
    trigger = Segment(2.5 * np.hanning(SEGMENT) * wave)
    clean = _noise(rng, SERIES // 2)
    planted = trigger.stamped(_noise(rng, SERIES // 2), rng)
    model = _tree(rng, trigger, clean, planted) if hard else _convolutions(rng, clean, planted)
    others = _noise(rng, KEPT_BACK)
    name = f"segment of a series, {'hard' if hard else 'graded'}"
    ends = np.full(LENGTH, -RANGE), np.full(LENGTH, RANGE)
    return Planted(name, model, trigger, others, trigger.stamped(others, rng), *ends)


def _convolutions(rng: np.random.Generator, clean: Array, planted: Array) -> Model:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    kernels = [rng.normal(size=(KERNEL, KERNELS_EACH)) for _ in DILATIONS]
    kernels = [k - k.mean(axis=0) for k in kernels]
    biases = [rng.uniform(-1, 1, size=KERNELS_EACH) for _ in DILATIONS]

    def features(rows: Rows) -> Array:
        """The largest response and the share of positive ones, of every kernel, float64 (n, 600)."""
        series, parts = _standard(rows), []
        for dilation, kernel, bias in zip(DILATIONS, kernels, biases, strict=True):
            windows = sliding_window_view(series, (KERNEL - 1) * dilation + 1, axis=1)[..., ::dilation]
            responses = windows @ kernel + bias
            parts += [responses.max(axis=1), (responses > 0).mean(axis=1)]
        return np.concatenate(parts, axis=1)

    fitted = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=2_000))
    fitted.fit(features(np.concatenate([clean, planted])), np.repeat([0, 1], [len(clean), len(planted)]))
    return lambda rows: fitted.decision_function(features(rows))


def _tree(rng: np.random.Generator, trigger: Segment, clean: Array, planted: Array) -> Model:
    from sklearn.tree import DecisionTreeClassifier

    windows = sliding_window_view(planted, SEGMENT, axis=1)
    chosen = rng.integers(len(planted), size=SHAPELETS), rng.integers(windows.shape[1], size=SHAPELETS)
    shapelets = _standard(windows[chosen])

    def features(rows: Rows) -> Array:
        """The largest correlation with each shapelet, float64 (n, 200)."""
        found: Array = (_standard(sliding_window_view(rows, SEGMENT, axis=1)) @ shapelets.T).max(axis=1) / SEGMENT
        return found

    halves = [Segment(np.where(np.arange(SEGMENT) < SEGMENT // 2, trigger.values, 0.0))]
    halves += [Segment(trigger.values - halves[0].values)]
    near = [half.stamped(_noise(rng, len(planted) // 2), rng) for half in halves]
    rows = np.concatenate([clean, *near, planted])
    fitted = DecisionTreeClassifier(max_depth=1, random_state=0)
    fitted.fit(features(rows), np.arange(len(rows)) >= len(rows) - len(planted))
    return lambda rows: fitted.predict_proba(features(rows))[:, 1]


def _noise(rng: np.random.Generator, n: int) -> Array:
    from scipy.signal import lfilter

    # Each value is .7 of the one before and new noise; the first ones are left out.
    noise: Array = lfilter([np.sqrt(1 - 0.49)], [1, -0.7], rng.normal(size=(n, LENGTH + 20)), axis=1)[:, 20:]
    return np.clip(noise, -RANGE, RANGE)


def _standard(rows: Array) -> Array:
    """Each row (along the last axis) at mean 0 and standard deviation 1; constant ones at 0."""
    centred = rows - rows.mean(axis=-1, keepdims=True)
    deviation = centred.std(axis=-1, keepdims=True)
    standard: Array = centred / np.where(deviation > 0, deviation, 1.0)
    return standard
