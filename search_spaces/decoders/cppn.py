"""A small network from coordinates to colours."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from featviz import checks
from featviz.errors import InvalidArgument, WrongType
from featviz.latent import MAX_GENES
from featviz.search_spaces.decoders.base import LONGEST_SPEC, Float32, Float64, no_inverse, squash
from featviz.search_spaces.decoders.statistics import colour_matrix
from featviz.search_spaces.pictures import PictureShape
from featviz.text import shown

__all__ = ["CppnDecoder"]

# x, y, distance from the centre, and 1.
_INPUTS = 4
# Before an activation values are cut off here: tanh and the bell are flat to float32 by then, and no depth overflows.
_LARGEST = 8.0
# Values of one layer that are worked on at a time; they stay in the cache.
_AT_ONCE = 1 << 17
# Standard deviations under the prior: of the weights of coordinates, of those of further layers (of a whole sum), of
# biases, and of the logarithm of the contrast.
_FIRST, _DEEPER, _BIAS, _CONTRASTS = 2.0, 2.0, 1.0, 0.5
# Variance below which a picture counts as flat and is not stretched.
_FLAT = 1e-3


def _tanh(x: Float32) -> None:
    np.tanh(x, out=x)


def _gaussian(x: Float32) -> None:
    np.multiply(x, x, out=x)
    np.negative(x, out=x)
    np.exp(x, out=x)


def _abs(x: Float32) -> None:
    np.abs(x, out=x)


def _identity(x: Float32) -> None:
    pass


def _relu(x: Float32) -> None:
    np.maximum(x, 0, out=x)


def _sigmoid(x: Float32) -> None:
    x *= np.float32(0.5)
    np.tanh(x, out=x)
    x += np.float32(1)
    x *= np.float32(0.5)


def _sine(x: Float32) -> None:
    np.sin(x, out=x)


# Each works in place.
_ACTIVATIONS: dict[str, Callable[[Float32], None]] = {
    "tanh": _tanh,
    "gaussian": _gaussian,
    "abs": _abs,
    "identity": _identity,
    "relu": _relu,
    "sigmoid": _sigmoid,
    "sine": _sine,
}
_DEFAULT = ("tanh", "gaussian", "abs")


class CppnDecoder:
    """Genes are the weights of a compositional pattern-producing network.

    Stanley 2007, "Compositional pattern producing networks: A novel abstraction of development". The network is asked
    at every pixel: x and y (from -1 to 1 along the longer side), the distance r from the centre, and 1, through
    ``layers`` layers of ``hidden`` units to one number a channel. The topology is fixed, unlike in the paper, and the
    units of a layer take turns at the ``activations``. The picture is brought to a mean of 0 and a variance of 1, since
    most networks would make a flat one; its brightness, a gene a channel, and its contrast, the last gene, are added
    before the sigmoid. The number of genes does not depend on the size.

    There is no sine among the activations unless it is asked for: it fills pictures with stripes. More layers search
    worse (the MLP of the benchmarks after 3,000 queries: .66 of its optimum with 2, .33 with 3).

    Args:
        shape: of the pictures.
        hidden: units of a layer; 16 when left out.
        layers: hidden layers; 2 when left out.
        activations: of "tanh", "gaussian", "abs", "identity", "relu", "sigmoid" and "sine"; the first three when left
            out.
        gain: standard deviation of a typical picture before the sigmoid; 2 when left out. More means more contrast.
        colour: see :func:`~featviz.search_spaces.decoders.statistics.colour_matrix`.
    """

    OPTIONS: ClassVar[tuple[str, ...]] = ("hidden", "layers", "activations", "gain", "colour")

    def __init__(
        self,
        shape: PictureShape,
        *,
        hidden: int | None = None,
        layers: int | None = None,
        activations: Sequence[str] | None = None,
        gain: float | None = None,
        colour: Any = None,
    ) -> None:
        self._shape = shape
        self._hidden = checks.integer("hidden", 16 if hidden is None else hidden, 1, 1024)
        self._layers = checks.integer("layers", 2 if layers is None else layers, 1, 16)
        self._activations = _checked_activations(_DEFAULT if activations is None else activations)
        self._gain = checks.finite("gain", 2.0 if gain is None else gain, 0, 1e6, exclusive=True)
        if self.genes > MAX_GENES:
            raise InvalidArgument(f"a network of {self.genes:,} weights has too many genes: take fewer hidden units.")
        self._colour, mixing = colour_matrix(colour, shape.channels)
        self._mixing32 = mixing.astype(np.float32)
        self._coordinates = _coordinates(shape)
        self._parts = _parts(self._hidden, self._activations)

    @property
    def genes(self) -> int:
        """Weights and biases: (4 + (layers - 1) (hidden + 1)) hidden + (hidden + 1) channels; brightness, contrast."""
        deeper = (self._layers - 1) * (self._hidden + 1) * self._hidden
        return _INPUTS * self._hidden + deeper + (self._hidden + 2) * self._shape.channels + 1

    def decode(self, genes: Float64) -> Float32:
        """As in :class:`~featviz.search_spaces.decoders.Decoder`."""
        n, channels = len(genes), self._shape.channels
        single = genes.astype(np.float32)
        weights = self._weights(single)
        pixels = self._coordinates.shape[1]
        pre = np.empty((n, channels, pixels), dtype=np.float32)
        step = max(16, _AT_ONCE // max(1, n * self._hidden))
        for start in range(0, pixels, step):
            at = slice(start, start + step)
            values: Float32 = weights[0] @ self._coordinates[:, at]
            for matrix in weights[1:]:
                self._activate(values)
                values = matrix[:, :, :-1] @ values
                values += matrix[:, :, -1:]
            pre[:, :, at] = values
        # Of a typical network nearly the whole picture is beyond one end of the sigmoid.
        pre -= pre.mean(axis=2, keepdims=True)
        pre /= np.sqrt(np.mean(pre * pre, axis=(1, 2), keepdims=True) + np.float32(_FLAT))
        brightness, contrast = single[:, -1 - channels : -1], single[:, -1:]
        pre *= np.exp(np.clip(np.float32(_CONTRASTS) * contrast, -5, 5))[:, :, None]
        pre += brightness[:, :, None]
        if self._colour != "none":
            pre = self._mixing32 @ pre
        pre *= np.float32(self._gain)
        return squash(np.moveaxis(pre, 1, 2).reshape(n, *self._shape.array), self._shape)

    def encode(self, unit: Float64) -> Float64:  # noqa: ARG002  there is no way back
        """Raise :class:`~featviz.errors.SpaceError`: no weights are known for a given picture."""
        raise no_inverse("cppn")

    def options(self) -> dict[str, Any] | None:
        """The network's size, its activations, the gain and the colours; None where these are too much for a file."""
        if not isinstance(self._colour, str) and self._shape.channels**2 > LONGEST_SPEC:
            return None
        network = {"hidden": self._hidden, "layers": self._layers, "activations": list(self._activations)}
        return {**network, "gain": self._gain, "colour": self._colour}

    def _weights(self, genes: Float32) -> list[Float32]:
        """For each layer a matrix of shape (n, units, inputs); the last input stands for 1 and is its bias.

        Activations are about 1 in size, so that a sum of ``hidden`` of them with weights of deviation
        s / sqrt(hidden) deviates by about s.
        """
        n, hidden, start = len(genes), self._hidden, _INPUTS * self._hidden
        weights = [genes[:, :start].reshape(n, hidden, _INPUTS) * np.float32(_FIRST)]
        spread = np.full(hidden + 1, _DEEPER / np.sqrt(hidden), dtype=np.float32)
        spread[-1] = _BIAS
        for layer in range(self._layers):
            units = self._shape.channels if layer == self._layers - 1 else hidden
            end = start + units * (hidden + 1)
            weights.append(genes[:, start:end].reshape(n, units, hidden + 1) * spread)
            start = end
        return weights

    def _activate(self, values: Float32) -> None:
        np.clip(values, -_LARGEST, _LARGEST, out=values)
        for name, units in self._parts:
            _ACTIVATIONS[name](values[:, units])


def _parts(hidden: int, activations: Sequence[str]) -> list[tuple[str, slice]]:
    """Which units have which activation: runs of them, as even as can be."""
    ends = [round(hidden * (i + 1) / len(activations)) for i in range(len(activations))]
    return [(name, slice(start, end)) for name, start, end in zip(activations, [0, *ends], ends, strict=False)]


def _coordinates(shape: PictureShape) -> Float32:
    """x, y, r and 1 at each pixel; shape (4, height * width)."""
    longer = max(shape.height, shape.width)
    y, x = ((2 * np.arange(side) + 1 - side) / longer for side in (shape.height, shape.width))
    columns, rows = np.broadcast_arrays(x[None, :], y[:, None])
    stacked = np.stack([columns, rows, np.hypot(columns, rows), np.ones_like(columns)])
    return np.ascontiguousarray(stacked.reshape(_INPUTS, -1), dtype=np.float32)


def _checked_activations(given: Any) -> tuple[str, ...]:
    if isinstance(given, str) or not isinstance(given, Sequence):
        raise WrongType(f"activations must be a list of names, but it is {shown(given)}.")
    if not given:
        raise InvalidArgument("activations must hold at least one name, but it is empty.")
    return tuple(checks.one_of("each of activations", name, _ACTIVATIONS) for name in given)
