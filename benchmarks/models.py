"""The two model families of the parity benchmark, with exact input gradients for the white-box optimum.

Both classify the 8 x 8 digits that come with scikit-learn, enlarged to 28 x 28; nothing is downloaded. Their
outputs are the ten logits (the numbers before the softmax).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

__all__ = ["CONVNET_PATH", "SIDE", "ConvNet", "Mlp", "Model", "digits", "trained_mlp", "white_box_optimum"]

SIDE = 28
CLASSES = 10
KERNEL, STRIDE, PADDING = 5, 2, 2
CONVNET_PATH = Path(__file__).parent / "data" / "digits_convnet.onnx"

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Digits:
    """Training and test pictures, float64 of shape (n, 784) in [0, 1], with their labels."""

    train: Array
    train_labels: NDArray[np.int64]
    test: Array
    test_labels: NDArray[np.int64]


@cache
def digits() -> Digits:
    """The digits enlarged to 28 x 28 by linear interpolation; every fifth one is for testing."""
    from scipy.ndimage import zoom
    from sklearn.datasets import load_digits

    data = load_digits()
    pictures = np.clip(zoom(data.images / 16.0, (1, SIDE / 8, SIDE / 8), order=1), 0, 1).reshape(-1, SIDE * SIDE)
    labels = data.target.astype(np.int64)
    test = np.arange(len(labels)) % 5 == 0
    return Digits(pictures[~test], labels[~test], pictures[test], labels[test])


class Model(Protocol):
    """A classifier with ten logits and their exact gradient with respect to the picture."""

    name: str

    def logits(self, x: Array) -> Array:
        """Logits of shape (n, 10) for pictures of shape (n, 784)."""

    def gradient(self, x: Array, label: int) -> Array:
        """The gradient, shape (n, 784), of logit ``label`` at each picture."""


class Mlp:
    """scikit-learn's ``MLPClassifier`` with one hidden layer of ReLU units."""

    name = "mlp"

    def __init__(self, data: Digits, hidden: int = 128) -> None:
        from sklearn.neural_network import MLPClassifier

        model = MLPClassifier((hidden,), random_state=0, max_iter=300).fit(data.train, data.train_labels)
        (self._w1, self._w2), (self._b1, self._b2) = model.coefs_, model.intercepts_

    def logits(self, x: Array) -> Array:
        """As in :class:`Model`."""
        logits: Array = np.maximum(x @ self._w1 + self._b1, 0) @ self._w2 + self._b2
        return logits

    def gradient(self, x: Array, label: int) -> Array:
        """As in :class:`Model`."""
        active = (x @ self._w1 + self._b1) > 0
        gradient: Array = (active * self._w2[:, label]) @ self._w1.T
        return gradient


@cache
def trained_mlp() -> Mlp:
    """The perceptron trained on the digits, once a process."""
    return Mlp(digits())


def patches(x: Array) -> Array:
    """im2col: (n, h, w, c) -> (n, h/2, w/2, c * 25), the padded 5 x 5 windows at a stride of 2."""
    padded = np.pad(x, ((0, 0), (PADDING, PADDING), (PADDING, PADDING), (0, 0)))
    windows = sliding_window_view(padded, (KERNEL, KERNEL), axis=(1, 2))[:, ::STRIDE, ::STRIDE]
    return windows.reshape(*windows.shape[:3], -1)


def unpatch(columns: Array, shape: tuple[int, ...]) -> Array:
    """The transpose of :func:`patches`: adds each window back to where it was taken from."""
    n, h, w, c = shape
    padded = np.zeros((n, h + 2 * PADDING, w + 2 * PADDING, c))
    windows = columns.reshape(n, h // STRIDE, w // STRIDE, c, KERNEL, KERNEL)
    for i in range(KERNEL):
        for j in range(KERNEL):
            padded[:, i : i + h : STRIDE, j : j + w : STRIDE] += windows[..., i, j]
    return padded[:, PADDING : PADDING + h, PADDING : PADDING + w]


class ConvNet:
    """Two convolutions (5 x 5, stride 2, ReLU) and a dense layer.

    Args:
        weights: ``w1`` (25, a), ``b1`` (a,), ``w2`` (25 a, b), ``b2`` (b,), ``w3`` (49 b, 10), ``b3`` (10,).
    """

    name = "convnet"

    def __init__(self, weights: dict[str, Array]) -> None:
        self.weights = weights

    @classmethod
    def from_onnx(cls, path: Path = CONVNET_PATH) -> "ConvNet":
        """The net that ``train_convnet.py`` wrote."""
        import onnx
        from onnx import numpy_helper

        found = {t.name: numpy_helper.to_array(t).astype(np.float64) for t in onnx.load(path).graph.initializer}
        for name in ("w1", "w2"):  # (out, in, 5, 5) -> (in * 25, out)
            found[name] = found[name].reshape(len(found[name]), -1).T
        return cls({name: found[name] for name in ("w1", "b1", "w2", "b2", "w3", "b3")})

    def logits(self, x: Array) -> Array:
        """As in :class:`Model`."""
        return self.forward(x)[0]

    def forward(self, x: Array) -> tuple[Array, Callable[[Array], tuple[dict[str, Array], Array]]]:
        """Logits, and the function that turns their gradient into those of the weights and of the pictures."""
        w = self.weights
        picture = x.reshape(-1, SIDE, SIDE, 1)
        columns1 = patches(picture)
        hidden1 = np.maximum(columns1 @ w["w1"] + w["b1"], 0)
        columns2 = patches(hidden1)
        hidden2 = np.maximum(columns2 @ w["w2"] + w["b2"], 0)
        flat = hidden2.reshape(len(x), -1)

        def backward(g: Array) -> tuple[dict[str, Array], Array]:
            g2 = (g @ w["w3"].T).reshape(hidden2.shape) * (hidden2 > 0)
            g1 = unpatch(g2 @ w["w2"].T, hidden1.shape) * (hidden1 > 0)
            gradients = {
                "w1": np.tensordot(columns1, g1, ((0, 1, 2), (0, 1, 2))),
                "b1": g1.sum((0, 1, 2)),
                "w2": np.tensordot(columns2, g2, ((0, 1, 2), (0, 1, 2))),
                "b2": g2.sum((0, 1, 2)),
                "w3": flat.T @ g,
                "b3": g.sum(0),
            }
            return gradients, unpatch(g1 @ w["w1"].T, picture.shape).reshape(len(x), -1)

        return flat @ w["w3"] + w["b3"], backward

    def gradient(self, x: Array, label: int) -> Array:
        """As in :class:`Model`."""
        logits, backward = self.forward(x)
        g = np.zeros_like(logits)
        g[:, label] = 1
        return backward(g)[1]


def white_box_optimum(model: Model, label: int, starts: int = 16, steps: int = 600, seed: int = 0) -> float:
    """The highest logit ``label`` over [0, 1]^784 that projected gradient ascent finds from several starts.

    Momentum .9 on gradients scaled to a root mean square of 1; the step falls from .3 to .003. Twice the starts
    with twice the steps raise it by less than .002 of itself for every class of both models.
    """
    rng = np.random.default_rng(seed)
    x = rng.random((starts, SIDE * SIDE))
    velocity = np.zeros_like(x)
    best = -np.inf
    for step in np.geomspace(0.3, 0.003, steps):
        g = model.gradient(np.clip(x + 0.9 * velocity, 0, 1), label)
        g /= np.sqrt(np.mean(g * g, axis=1, keepdims=True)) + 1e-12
        moved = np.clip(x + 0.9 * velocity + 0.1 * step * g, 0, 1)
        velocity, x = moved - x, moved
        best = max(best, float(model.logits(x)[:, label].max()))
    return best
