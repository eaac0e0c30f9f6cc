"""What pictures of a kind look like: their colours, their spectrum, their contrast, measured or well known."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from featviz import checks
from featviz.errors import InvalidArgument, WrongType
from featviz.search_spaces.decoders.base import Float64

__all__ = ["Statistics", "colour_matrix", "learn", "learn_colours", "positive_numbers", "rings"]

# Square root of the covariance of RGB in the pictures of ImageNet, as Lucid has it (lucid/optvis/param/color.py;
# Olah et al. 2017, "Feature Visualization"). Columns: brightness, and two differences of colour.
_NATURAL = ((0.26, 0.09, 0.02), (0.27, 0.00, -0.05), (0.27, -0.09, 0.03))
# Learnt standard deviations, of colours and of frequencies, are at least this part of the largest, so that every
# picture can be reached.
_COLOUR_FLOOR, _SPECTRUM_FLOOR = 0.03, 0.003


class Statistics(NamedTuple):
    """What was learnt from pictures, as ``DctDecoder`` takes it: plain lists of numbers."""

    gain: float
    colour: list[list[float]]
    mean: list[float]
    spectrum: list[float]


def colour_matrix(colour: Any, channels: int) -> tuple[Any, Float64]:
    """``colour`` made plain, and the matrix that turns independent channels into correlated ones.

    Args:
        colour: ``"natural"`` (3 channels only), ``"none"``, a matrix of channels x channels numbers, or None for
            ``"natural"`` with 3 channels and ``"none"`` with any other number.
        channels: how many there are.

    Returns:
        The name or nested list that ``spec`` writes down, and a float64 matrix scaled so that independent
        channels of variance 1 become channels of variance 1 on average.
    """
    if colour is None:
        colour = "natural" if channels == 3 else "none"
    if isinstance(colour, str):
        checks.one_of("colour", colour, ("natural", "none"))
        if colour == "natural" and channels != 3:
            raise InvalidArgument(f"colour 'natural' is for 3 channels (RGB), but there are {channels}.")
        plain, matrix = colour, np.array(_NATURAL) if colour == "natural" else np.eye(channels)
    else:
        try:
            matrix = np.array(colour, dtype=np.float64)
        except (TypeError, ValueError):
            raise WrongType("colour must be 'natural', 'none' or a matrix of numbers.") from None
        if matrix.shape != (channels, channels):
            raise InvalidArgument(f"colour must be a {channels} x {channels} matrix, but its shape is {matrix.shape}.")
        if not np.isfinite(matrix).all() or np.linalg.cond(matrix) > 1e6:
            raise InvalidArgument("colour must be an invertible matrix of finite numbers, or not every colour exists.")
        plain = matrix.tolist()
    return plain, matrix * np.sqrt(channels / np.sum(matrix**2))


def positive_numbers(name: str, values: Any) -> list[float]:
    """``values`` as a list of at least one positive number."""
    if isinstance(values, str) or not isinstance(values, Sequence | np.ndarray):
        raise WrongType(f"{name} must be a list of numbers, but it is a {type(values).__name__}.")
    numbers = [
        checks.finite(f"each number in {name}", float(v) if isinstance(v, np.number) else v, 0, 1e30, exclusive=True)
        for v in values
    ]
    if not numbers:
        raise InvalidArgument(f"{name} must hold at least one number, but it is empty.")
    return numbers


def learn(logits: Float64, coefficients: Float64, radii: Float64, low: float, high: float) -> Statistics:
    """The statistics of pictures before the sigmoid.

    Args:
        logits: shape (n, channels, height, width).
        coefficients: their cosine coefficients, shape (n, channels, fy, fx).
        radii: the frequency of each coefficient, shape (fy, fx).
        low: the value that a sigmoid of 0 stands for.
        high: the value that a sigmoid of 1 stands for.

    Returns:
        ``spectrum[k]`` is the root mean square of the coefficients with frequencies of k - 1/2 to k + 1/2.
    """
    centre, root = learn_colours(logits)
    centred = coefficients.copy()
    centred[:, :, 0, 0] -= centre * np.sqrt(logits.shape[2] * logits.shape[3])
    power = (centred**2).mean(axis=(0, 1))
    return Statistics(
        gain=float(np.sqrt(power.sum() / (logits.shape[2] * logits.shape[3]))),
        colour=root.tolist(),
        mean=(low + (high - low) / (1 + np.exp(-centre))).tolist(),
        spectrum=rings(power, radii),
    )


def learn_colours(logits: Float64) -> tuple[Float64, Float64]:
    """The mean of pictures before the sigmoid, and how their channels go together.

    Args:
        logits: shape (n, channels, height, width).

    Returns:
        The mean, shape (channels,), and the symmetric root of the covariance, shape (channels, channels).

    Raises:
        InvalidArgument: if there is one flat colour only.
    """
    channels = logits.shape[1]
    centre = logits.mean(axis=(0, 2, 3))
    pixels = (logits - centre[:, None, None]).swapaxes(0, 1).reshape(channels, -1)
    values, vectors = np.linalg.eigh(pixels @ pixels.T / pixels.shape[1])
    if values[-1] <= 0:
        raise InvalidArgument("the examples are all of one flat colour: nothing can be learnt from them.")
    # The symmetric root is unique, unlike that of a factorisation with columns of either sign.
    return centre, (vectors * np.sqrt(np.maximum(values, _COLOUR_FLOOR**2 * values[-1]))) @ vectors.T


def rings(power: Float64, radii: Float64) -> list[float]:
    """The root of the mean ``power`` of the coefficients with ``radii`` of k - 1/2 to k + 1/2, for each k from 0."""
    ring = np.rint(radii).astype(np.intp).ravel()
    count = np.bincount(ring)
    present = np.flatnonzero(count)
    amplitude = np.sqrt(np.bincount(ring, power.ravel())[present] / count[present])
    whole = np.interp(np.arange(len(count)), present, amplitude)
    if len(whole) > 1:
        # A few pictures of one brightness say nothing about brightness.
        whole[0] = max(whole[0], whole[1])
    spectrum: list[float] = np.maximum(whole, _SPECTRUM_FLOOR * whole.max()).tolist()
    return spectrum
