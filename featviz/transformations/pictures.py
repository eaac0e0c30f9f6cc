"""Pictures moved, scaled and rotated."""

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from featviz.checks import finite, integer
from featviz.errors import InvalidArgument
from featviz.protocols import Spec
from featviz.transformations.arrays import array_of
from featviz.transformations.base import Transformation

__all__ = ["Jitter", "Rotation", "Scaling", "jitter", "rotation", "scaling"]

Floats = NDArray[np.float64]


class Jitter(Transformation):
    """Pictures moved by whole pixels; see :func:`jitter`."""

    kind: ClassVar[str] = "jitter"

    def __init__(self, pixels: int) -> None:
        self.pixels = integer("pixels", pixels, 0, 10_000)

    def options(self) -> Spec:
        """The largest distance."""
        return {"pixels": self.pixels}

    def __call__(self, inputs: Any, rng: np.random.Generator) -> Any:
        """The pictures, moved."""
        pictures = _pictures(inputs, "jitter")
        down, right = rng.integers(-self.pixels, self.pixels + 1, size=2)
        height, width = pictures.shape[1:3]
        rows = np.clip(np.arange(height) - down, 0, height - 1)
        columns = np.clip(np.arange(width) - right, 0, width - 1)
        return pictures[:, rows[:, None], columns]


class Scaling(Transformation):
    """Pictures enlarged or shrunk about their centre; see :func:`scaling`."""

    kind: ClassVar[str] = "scaling"

    def __init__(self, low: float, high: float) -> None:
        self.low, self.high = finite("low", low, 0.01, 100.0), finite("high", high, 0.01, 100.0)
        if self.low > self.high:
            raise InvalidArgument(f"low must not be above high, but they are {low!r} and {high!r}.")

    def options(self) -> Spec:
        """The smallest and the largest factor."""
        return {"low": self.low, "high": self.high}

    def __call__(self, inputs: Any, rng: np.random.Generator) -> Any:
        """The pictures, scaled."""
        pictures = _pictures(inputs, "scaling")
        factor = np.exp(rng.uniform(np.log(self.low), np.log(self.high)))
        return _warped(pictures, np.eye(2) / factor)


class Rotation(Transformation):
    """Pictures turned about their centre; see :func:`rotation`."""

    kind: ClassVar[str] = "rotation"

    def __init__(self, degrees: float) -> None:
        self.degrees = finite("degrees", degrees, 0.0, 180.0)

    def options(self) -> Spec:
        """The largest angle."""
        return {"degrees": self.degrees}

    def __call__(self, inputs: Any, rng: np.random.Generator) -> Any:
        """The pictures, turned."""
        pictures = _pictures(inputs, "rotation")
        angle = np.deg2rad(rng.uniform(-self.degrees, self.degrees))
        turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        return _warped(pictures, turn)


def jitter(pixels: int) -> Jitter:
    """Pictures moved up or down and left or right by up to ``pixels`` whole pixels each; the border is repeated.

    Mordvintsev, Olah & Tyka 2015, "Inceptionism"; Olah, Mordvintsev & Schubert 2017, "Feature Visualization", on what
    such transformations do for pictures.

    Args:
        pixels: the largest distance, at least 0.
    """
    return Jitter(pixels)


def scaling(low: float, high: float) -> Scaling:
    """Pictures scaled about their centre by a factor from ``low`` to ``high``, log-uniform; the border is repeated.

    Args:
        low: the smallest factor, such as 0.9.
        high: the largest, such as 1.1.
    """
    return Scaling(low, high)


def rotation(degrees: float) -> Rotation:
    """Pictures turned about their centre by up to ``degrees`` either way; the border is repeated.

    Args:
        degrees: the largest angle, from 0 to 180.
    """
    return Rotation(degrees)


def _pictures(inputs: Any, what: str) -> NDArray[Any]:
    return array_of(inputs, (4,), f"{what} is for pictures, arrays of shape (n, height, width, channels)")


def _warped(pictures: NDArray[Any], matrix: Floats) -> NDArray[Any]:
    """Pictures of which each pixel is taken from ``matrix`` times its place about the centre, bilinearly."""
    height, width = pictures.shape[1:3]
    centre = (np.array([height, width]) - 1) / 2
    places = np.stack(np.meshgrid(np.arange(height), np.arange(width), indexing="ij"), axis=-1)
    source = (places - centre) @ matrix.T + centre
    source = np.clip(source, 0.0, np.array([height, width]) - 1.0)
    first = np.floor(source).astype(np.intp)
    second = np.minimum(first + 1, np.array([height, width]) - 1)
    down, right = np.moveaxis(source - first, -1, 0)[..., None]
    (top, left), (bottom, end) = np.moveaxis(first, -1, 0), np.moveaxis(second, -1, 0)
    upper = pictures[:, top, left] * (1 - right) + pictures[:, top, end] * right
    lower = pictures[:, bottom, left] * (1 - right) + pictures[:, bottom, end] * right
    mixed: NDArray[Any] = upper * (1 - down) + lower * down
    return (mixed if pictures.dtype.kind == "f" else np.round(mixed)).astype(pictures.dtype)
