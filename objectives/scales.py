"""On what scale a box answers, and its answers as log-probabilities."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.checks import one_of
from featviz.errors import InvalidArgument
from featviz.text import visible

__all__ = [
    "SCALES",
    "as_logits",
    "as_probabilities",
    "checked_scale",
    "log_of_rest",
    "log_probabilities",
    "refuse_probabilities",
]

Outputs = NDArray[np.float64]

# "logits" fits decision values and the log-probabilities of classes that exclude each other too: their softmax is
# what they are the logarithms of.
SCALES = ("logits", "log", "probability")

# What rounding in float32 adds to a probability of 1.
_ROUNDING = 1e-5
# The smallest probability that is told from 0; its logarithm is -690.8.
_SMALLEST = 1e-300


def checked_scale(scale: Any) -> str:
    """``scale`` when it is one of :data:`SCALES`."""
    return one_of("scale", scale, SCALES)


def log_probabilities(outputs: Outputs, scale: str, name: str) -> Outputs:
    """The logarithms of probabilities, of the shape of ``outputs`` (n, k), at most 0 and none below -691.

    Args:
        outputs: as the box gave them.
        scale: one of :data:`SCALES`. Under "logits" their softmax over the k outputs is taken; a single output is the
            logit of one probability.
        name: of the box, for the message.

    Raises:
        InvalidArgument: when the outputs cannot be of that scale.
    """
    if scale == "logits":
        refuse_probabilities(outputs, name)
        if outputs.shape[1] == 1:
            return np.asarray(-np.logaddexp(0.0, -outputs))
        outputs = as_logits(outputs)
        with np.errstate(invalid="ignore"):
            return np.maximum(outputs - _log_sum(outputs), np.log(_SMALLEST))
    if scale == "log":
        _refuse(outputs > _ROUNDING, outputs, name, "a log-probability, which is at most 0")
        return np.clip(outputs, np.log(_SMALLEST), 0.0)
    outside = (outputs < -_ROUNDING) | (outputs > 1 + _ROUNDING)
    _refuse(outside, outputs, name, "a probability, which is from 0 to 1")
    return np.asarray(np.log(np.clip(outputs, _SMALLEST, 1.0)))


def as_logits(outputs: Outputs) -> Outputs:
    """Outputs of shape (n, k) whose softmax is what the box means by them.

    Of a model with one signed value for two classes the box answers (-d, d), and d is the log-odds: the softmax of
    (-d/2, d/2) is the sigmoid of d.
    """
    if outputs.shape[1] != 2:
        return outputs
    signed = outputs[:, :1] == -outputs[:, 1:]
    return np.where(signed, 0.5 * outputs, outputs)


def refuse_probabilities(outputs: Outputs, name: str) -> None:
    """Refuse outputs that were said to be logits and can only be probabilities: each row in [0, 1] with sum 1.

    Their softmax would be nearly the same for all classes, and nobody would notice.

    Raises:
        InvalidArgument: when they are.
    """
    if outputs.shape[1] < 2 or not len(outputs) or (outputs < 0).any():
        return
    if (np.abs(outputs.sum(axis=1) - 1) <= _ROUNDING).all():
        raise InvalidArgument(
            f"the outputs of {visible(name)} are probabilities: none is below 0, and their sum is 1. Say so with "
            "scale='probability', or let the box answer with decision values or log-probabilities."
        )


def as_probabilities(outputs: Outputs, scale: str, name: str) -> Outputs:
    """The probabilities of shape (n, k), each row with sum 1, of outputs on a scale.

    Raises:
        InvalidArgument: when the outputs cannot be of that scale.
    """
    p = np.exp(log_probabilities(outputs, scale, name))
    return np.asarray(p / p.sum(axis=1, keepdims=True))


def log_of_rest(log_p: NDArray[np.float64]) -> NDArray[np.float64]:
    """log(1 - p) of log p, precise where p is near 0 and where it is near 1; never below -691."""
    rest = -np.expm1(np.minimum(log_p, 0.0))
    return np.asarray(np.log(np.maximum(rest, _SMALLEST)))


def _log_sum(outputs: Outputs) -> Outputs:
    top = outputs.max(axis=1, keepdims=True)
    return np.asarray(top + np.log(np.exp(outputs - top).sum(axis=1, keepdims=True)))


def _refuse(wrong: NDArray[np.bool_], outputs: Outputs, name: str, what: str) -> None:
    if wrong.any():
        raise InvalidArgument(
            f"an output of {visible(name)} is {outputs[wrong][0]:.6g}, which is not {what}. Say on what scale the box "
            "answers: scale='logits' (decision values, log-probabilities of exclusive classes), 'log' or 'probability'."
        )
