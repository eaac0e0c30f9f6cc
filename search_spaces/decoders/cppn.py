"""A small network from coordinates to colours."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from featviz import checks
from featviz.errors import InvalidArgument, WrongType
from featviz.latent import MAX_GENES
from featviz.search_spaces.decoders.base import Float32, Float64, no_inverse, squash
from featviz.search_spaces.pictures import PictureShape
from featviz.text import shown

__all__ = ["CppnDecoder"]

# x, y, distance from the centre, and 1.
_INPUTS = 4
# Before an activation values are cut off here: tanh and the bell are flat to float32 by then, and no depth overflows.
_LARGEST = 8.0
# Values of one layer that are worked on at a time; they stay in the cache.
_AT_ONCE = 1 << 17
# Standard deviations of the weights under the prior, over the root of how many are summed; see CppnDecoder.
_FIRST, _BIAS = 3.0, 1.0


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
    """Genes are the weights of a compositional pattern-producing network (Stanley 2007, "Compositional pattern
    producing networks: A novel abstraction of development").

    The network is asked at every pixel: x and y (from -1 to 1 along the longer side), the distance r from the centre,
    and 1, through ``layers`` layers of ``hidden`` units to one number a channel, then the sigmoid. The topology is
    fixed, unlike in the paper, and the units of a layer take turns at the ``activations``. Pictures have as much
    detail as the weights make, at any size, and the number of genes does not depend on the size.

    There is no sine among the activations unless it is asked for: its stripes raise the scores of many models in
    pictures that show nothing.

    Args:
        shape: of the pictures.
        hidden: units of a layer; 16 when left out.
        layers: hidden layers; 3 when left out.
        activations: of "tanh", "gaussian", "abs", "identity", "relu", "sigmoid" and "sine"; the first three when left
            out.
        gain: standard deviation of the last weights under the prior; 3 when left out. More means more contrast.
    """

    OPTIONS: ClassVar[tuple[str, ...]] = ("hidden", "layers", "activations", "gain")

    def __init__(
        self,
        shape: PictureShape,
        *,
        hidden: int | None = None,
        layers: int | None = None,
        activations: Sequence[str] | None = None,
        gain: float | None = None,
    ) -> None:
        self._shape = shape
        self._hidden = checks.integer("hidden", 16 if hidden is None else hidden, 1, 1024)
        self._layers = checks.integer("layers", 3 if layers is None else layers, 1, 16)
        self._activations = _checked_activations(_DEFAULT if activations is None else activations)
        self._gain = checks.finite("gain", 3.0 if gain is None else gain, 0, 1e6, exclusive=True)
        if self.genes > MAX_GENES:
            raise InvalidArgument(f"a network of {self.genes:,} weights has too many genes: take fewer hidden units.")
        self._coordinates = _coordinates(shape)
        self._parts = _parts(self._hidden, self._activations)

    @property
    def genes(self) -> int:
        """Weights and biases: (4 + (layers - 1) (hidden + 1)) hidden + (hidden + 1) channels."""
        deeper = (self._layers - 1) * (self._hidden + 1) * self._hidden
        return _INPUTS * self._hidden + deeper + (self._hidden + 1) * self._shape.channels

    def decode(self, genes: Float64) -> Float32:
        """As in :class:`~featviz.search_spaces.decoders.Decoder`."""
        n, channels = len(genes), self._shape.channels
        weights = self._weights(genes.astype(np.float32))
        pixels = self._coordinates.shape[1]
        pre = np.empty((n, channels, pixels), dtype=np.float32)
        step = max(16, _AT_ONCE // max(1, n * self._hidden))
        for start in range(0, pixels, step):
            at = slice(start, start + step)
            values: Float32 = self._coordinates[:, at]
            for i, (matrix, bias) in enumerate(weights):
                values = matrix @ values
                if bias is not None:
                    values += bias
                if i < self._layers:
                    self._activate(values)
            pre[:, :, at] = values
        return squash(np.moveaxis(pre, 1, 2).reshape(n, *self._shape.array), self._shape)

    def encode(self, unit: Float64) -> Float64:  # noqa: ARG002  there is no way back
        """Raise :class:`~featviz.errors.SpaceError`: no weights are known for a given picture."""
        raise no_inverse("cppn")

    def options(self) -> dict[str, Any]:
        """The network's size, its activations and the gain."""
        names = list(self._activations)
        return {"hidden": self._hidden, "layers": self._layers, "activations": names, "gain": self._gain}

    def _weights(self, genes: Float32) -> list[tuple[Float32, Float32 | None]]:
        """For each layer its matrix, shape (n, units, inputs), and its biases, shape (n, units, 1).

        The first layer's bias is its weight of the input 1. Activations are about 1 in size, so that a sum over
        ``hidden`` of them with weights of deviation s / sqrt(hidden) deviates by about s.
        """
        n, hidden, channels = len(genes), self._hidden, self._shape.channels
        first = _INPUTS * hidden
        spread = np.array([_FIRST, _FIRST, _FIRST, _FIRST * _BIAS], dtype=np.float32) / np.float32(np.sqrt(2))
        weights: list[tuple[Float32, Float32 | None]] = [(genes[:, :first].reshape(n, hidden, _INPUTS) * spread, None)]
        start = first
        for layer in range(self._layers):
            last = layer == self._layers - 1
            units = channels if last else hidden
            size = self._gain if last else _FIRST
            part = genes[:, start : start + units * (hidden + 1)].reshape(n, units, hidden + 1)
            start += units * (hidden + 1)
            matrix = part[:, :, :hidden] * np.float32(size / np.sqrt(hidden))
            weights.append((matrix, part[:, :, hidden:] * np.float32(_BIAS)))
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
