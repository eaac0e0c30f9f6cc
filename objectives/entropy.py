"""How undecided a box is."""

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from featviz.errors import InvalidArgument
from featviz.objectives.box_term import BoxTerm
from featviz.objectives.objective import Objective
from featviz.objectives.scales import as_probabilities, checked_scale
from featviz.protocols import Box, Spec
from featviz.text import visible

__all__ = ["Entropy", "entropy", "entropy_of"]


class Entropy(BoxTerm):
    """The entropy of a box's outputs; see :func:`entropy`."""

    kind: ClassVar[str] = "entropy"
    short: ClassVar[str] = "scale"

    def __init__(self, box: Box, *, scale: str = "logits") -> None:
        super().__init__(box)
        self.scale = checked_scale(scale)
        if len(box.outputs) < 2:
            raise InvalidArgument(
                f"entropy is of a distribution over outputs, and {visible(box.name)} has only "
                f"{visible(box.outputs[0])!r}. Where it decides between two classes, "
                "featviz.target_value(box, None, 0) (or 0.5) looks for what it cannot decide."
            )

    def options(self) -> Spec:
        """The scale, where it is not the default."""
        return {} if self.scale == "logits" else {"scale": self.scale}

    def describe(self) -> str:
        """``"entropy(box)"``."""
        return f"entropy({visible(self.box.name)}{'' if self.scale == 'logits' else f', scale={self.scale!r}'})"

    def value(self, outputs: NDArray[np.float64]) -> NDArray[np.float64]:
        """Shape (n,), in nats: from 0 to log k."""
        return entropy_of(as_probabilities(outputs, self.scale, self.box.name))


def entropy_of(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """The entropies in nats, shape (n,), of distributions of shape (n, k)."""
    return np.asarray(-(p * np.log(np.where(p > 0, p, 1.0))).sum(axis=1))


def entropy(box: Box, *, scale: str = "logits") -> Objective:
    """The objective that the box is undecided between its outputs: the entropy of its probabilities, in nats.

    Shannon 1948; as what a model should be asked about next Lewis & Gale 1994, "A sequential algorithm for training
    text classifiers". It is 0 where one output is certain and log k where all k are equally likely.

    Args:
        box: a black box with at least two outputs that are classes of which one is right.
        scale: ``"logits"`` (the softmax of the outputs is taken, which fits decision values and log-probabilities too),
            ``"log"`` or ``"probability"``.

    Raises:
        WrongType: when ``box`` is not a black box.
        InvalidArgument: when it has one output; and during a search, when it answers with what is no probability.
    """
    return Objective([Entropy(box, scale=scale)])
