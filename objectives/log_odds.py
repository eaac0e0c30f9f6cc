"""The log-odds of an output."""

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from featviz.objectives.objective import Objective
from featviz.objectives.output_term import OutputTerm
from featviz.objectives.scales import as_logits, checked_scale, log_of_rest, log_probabilities, refuse_probabilities
from featviz.protocols import Box, Spec

__all__ = ["LogOdds", "log_odds"]


class LogOdds(OutputTerm):
    """log p - log(1 - p) of one output; see :func:`log_odds`."""

    kind: ClassVar[str] = "log_odds"

    def __init__(self, box: Box, output: Any = None, *, scale: str = "logits") -> None:
        super().__init__(box, output)
        self.scale = checked_scale(scale)

    def options(self) -> Spec:
        """The output, and the scale where it is not the default."""
        return super().options() | ({} if self.scale == "logits" else {"scale": self.scale})

    def value(self, outputs: NDArray[np.float64]) -> NDArray[np.float64]:
        """Shape (n,), between -691 and 691 for probabilities."""
        own = outputs[:, self.index]
        if self.scale != "logits":
            log_p = log_probabilities(outputs[:, [self.index]], self.scale, self.box.name)[:, 0]
            return log_p - log_of_rest(log_p)
        if outputs.shape[1] == 1:
            return own
        refuse_probabilities(outputs, self.box.name)
        outputs = as_logits(outputs)
        own = outputs[:, self.index]
        others = np.delete(outputs, self.index, axis=1)
        top = others.max(axis=1)
        return np.asarray(own - top - np.log(np.exp(others - top[:, None]).sum(axis=1)))


def log_odds(box: Box, output: Any = None, *, scale: str = "logits") -> Objective:
    """The objective that ``output`` is probable: log p - log(1 - p), which does not saturate as p does.

    Args:
        box: a black box.
        output: the name of one of its outputs; may be left out when it has only one.
        scale: on what scale the box answers. ``"logits"``, the default, is for logits and decision values, and for
            log-probabilities of classes that exclude each other: p is the softmax over all outputs, and the log-odds
            are exact however near p is to 1 (a single output counts as the log-odds itself). ``"probability"`` and
            ``"log"`` take p or log p from this output alone, so they fit labels that do not exclude each other; a p of
            1 in float64 counts as 691.

    Raises:
        WrongType: when ``box`` is not a black box.
        OutputNotFound: when it has no such output.
        InvalidArgument: for another scale; and during a search, when the box answers with what is no probability.
    """
    return Objective([LogOdds(box, output, scale=scale)])
