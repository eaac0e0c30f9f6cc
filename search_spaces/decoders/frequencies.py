"""Which frequencies of a picture are kept, and what a mean colour is before the sigmoid."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from featviz import checks
from featviz.errors import InvalidArgument, WrongType
from featviz.search_spaces.decoders.base import Float64, logit
from featviz.search_spaces.pictures import PictureShape, to_unit

__all__ = ["checked_frequencies", "checked_mean", "logits_of_examples", "mean_before_sigmoid"]

_MOST_FREQUENCIES = 32


def checked_frequencies(given: Any, shape: PictureShape) -> tuple[int, int]:
    """How many frequencies to keep, (vertical, horizontal), the flat one among them; in half periods.

    Args:
        given: one number along the longer side, with the same angular resolution along the other; both numbers; or
            None for 32 along the longer side or all there are.
        shape: of the pictures.
    """
    sides = shape.height, shape.width
    longer = max(sides)
    if given is None:
        given = min(longer, _MOST_FREQUENCIES)
    if isinstance(given, Sequence | np.ndarray) and not isinstance(given, str):
        if len(given) != 2:
            raise InvalidArgument(f"frequencies must be one number or (vertical, horizontal), but it has {len(given)}.")
        names = "frequencies[0] (vertical)", "frequencies[1] (horizontal)"
        kept = [checks.integer(name, value, 1, side) for name, value, side in zip(names, given, sides, strict=True)]
    else:
        along = checks.integer("frequencies", given, 1, longer)
        kept = [max(1, round(along * side / longer)) for side in sides]
    return kept[0], kept[1]


def checked_mean(mean: Any, shape: PictureShape) -> list[float]:
    """A mean colour, a number for each channel inside (low, high); the middle where it is None."""
    if mean is None:
        return [(shape.low + shape.high) / 2] * shape.channels
    if isinstance(mean, str) or not isinstance(mean, Sequence | np.ndarray):
        raise WrongType(f"mean must be a list of {shape.channels} numbers, but it is a {type(mean).__name__}.")
    if len(mean) != shape.channels:
        raise InvalidArgument(f"mean must have {shape.channels} numbers, one a channel, but it has {len(mean)}.")
    name = "each number in mean"
    return [checks.finite(name, value, shape.low, shape.high, exclusive=True) for value in np.asarray(mean).tolist()]


def mean_before_sigmoid(mean: list[float], shape: PictureShape) -> Float64:
    """The logits, shape (channels,), of a mean colour."""
    unit = (np.array(mean) - shape.low) / (shape.high - shape.low)
    return logit(unit)


def logits_of_examples(examples: Any, shape: PictureShape) -> Float64:
    """Example pictures before the sigmoid, shape (n, channels, height, width), n at least 1.

    Raises:
        SpaceError: if they have another size, or values outside the range.
        InvalidArgument: if there are none.
    """
    unit = to_unit(examples, shape)
    if not len(unit):
        raise InvalidArgument("examples must hold at least one picture, but they are empty.")
    return np.moveaxis(logit(unit), 3, 1)
