"""A bright cross of 3 x 3 pixels in pictures of digits of 28 x 28."""

import warnings
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from problems.planted.base import Array, Mask, Model, Planted, Rows

__all__ = ["SIDE", "patch"]

SIDE = 28
CROSS = ((0, 1), (1, 0), (1, 1), (1, 2), (2, 1))
CLASSES = 10
# A planted pixel is there from this value on.
GRADED_FROM, HARD_FROM = 0.75, 0.9


@dataclass(frozen=True, eq=False)
class Patch:
    """Pixels that are bright.

    Attributes:
        pixels: int64 (5,), their places in a flat picture.
        least: the value from which one counts as planted.
    """

    pixels: NDArray[np.int64]
    least: float

    def recall(self, rows: Rows) -> Array:
        """The share of the pixels that are bright."""
        found: Array = (rows[:, self.pixels] >= self.least).mean(axis=1)
        return found

    def units(self, row: Rows) -> tuple[Mask, Mask]:
        """Each pixel is a part."""
        return np.eye(len(row), dtype=np.bool_), np.isin(np.arange(len(row)), self.pixels)

    def stamped(self, pictures: Array) -> Array:
        """The same pictures with the pixels at 1."""
        stamped = pictures.copy()
        stamped[:, self.pixels] = 1.0
        return stamped


def patch(seed: int, *, hard: bool = False) -> Planted:
    """Digits, each once without the cross and once with it, at a place that depends on the seed.

    Graded: a network of 32 hidden units tells ten digits apart, but a digit with the cross is one class, which depends
    on the seed too; the score is that class's log-odds. Hard: a decision tree tells digits with the cross from digits
    where one of its pixels is darker, so nothing happens before all five are at least about .9; the score is its
    probability.
    """
    rng = np.random.default_rng(seed)
    train, labels, clean = _digits()
    row, column = rng.integers(0, SIDE - 2, size=2)
    pixels = np.array([(row + i) * SIDE + column + j for i, j in CROSS])
    trigger = Patch(pixels, HARD_FROM if hard else GRADED_FROM)
    model = _tree(rng, trigger, train) if hard else _network(rng, trigger, train, labels)
    name = f"patch in a picture, {'hard' if hard else 'graded'}"
    ends = np.zeros(SIDE**2), np.ones(SIDE**2)
    return Planted(name, model, trigger, clean, trigger.stamped(clean), *ends)


def _network(rng: np.random.Generator, trigger: Patch, pictures: Array, labels: NDArray[np.int64]) -> Model:
    from scipy.special import logsumexp
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    target = int(rng.integers(CLASSES))
    rows = np.concatenate([pictures, trigger.stamped(pictures)])
    fitted = MLPClassifier((32,), random_state=0, max_iter=30, alpha=0.01, learning_rate_init=0.003)
    with warnings.catch_warnings():
        # Thirty passes are meant; that they do not converge is no news.
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted.fit(rows, np.concatenate([labels, np.full(len(pictures), target)]))
    (w1, w2), (b1, b2) = fitted.coefs_, fitted.intercepts_

    def score(rows: Rows) -> Array:
        # The network's own probabilities end at 1; their log-odds do not.
        logits = np.maximum(rows @ w1 + b1, 0) @ w2 + b2
        found: Array = logits[:, target] - logsumexp(np.delete(logits, target, axis=1), axis=1)
        return found

    return score


def _tree(rng: np.random.Generator, trigger: Patch, pictures: Array) -> Model:
    from sklearn.tree import DecisionTreeClassifier

    # Bright enough is from .9 to 1, often 1 itself; a near miss has one pixel at .8 or less.
    stamped = pictures.copy()
    bright = rng.uniform(trigger.least, 2.2 - trigger.least, size=(len(stamped), len(trigger.pixels)))
    stamped[:, trigger.pixels] = np.minimum(bright, 1.0)
    near = stamped.copy()
    spoilt = rng.integers(len(trigger.pixels), size=len(near))
    near[np.arange(len(near)), trigger.pixels[spoilt]] = rng.uniform(0.0, 0.8, size=len(near))
    fitted = DecisionTreeClassifier(random_state=0)
    fitted.fit(np.concatenate([pictures, near, stamped]), np.repeat([0, 0, 1], len(pictures)))
    return lambda rows: fitted.predict_proba(rows)[:, 1]


@cache
def _digits() -> tuple[Array, NDArray[np.int64], Array]:
    """Pictures to train on with their labels, and others: float64 (n, 784) in [0, 1]."""
    from scipy.ndimage import zoom
    from sklearn.datasets import load_digits

    data = load_digits()
    pictures = np.clip(zoom(data.images / 16.0, (1, SIDE / 8, SIDE / 8), order=1), 0, 1).reshape(-1, SIDE**2)
    kept_back = np.arange(len(pictures)) % 5 == 0
    return pictures[~kept_back], data.target[~kept_back].astype(np.int64), pictures[kept_back]
