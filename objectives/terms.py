"""The built-in objectives: an output, its opposite, and its margin over the others."""

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from featviz.errors import InvalidArgument
from featviz.objectives.objective import Objective
from featviz.objectives.output_term import OutputTerm
from featviz.protocols import Box
from featviz.text import visible

__all__ = ["Margin", "Maximise", "Minimise", "margin", "maximise", "minimise"]


class Maximise(OutputTerm):
    """The output itself."""

    kind: ClassVar[str] = "maximise"

    def value(self, outputs: NDArray[np.float64]) -> NDArray[np.float64]:
        """Shape (n,): the column of the output."""
        return outputs[:, self.index]


class Minimise(OutputTerm):
    """The output with its sign turned, since a score is better when it is higher."""

    kind: ClassVar[str] = "minimise"

    def value(self, outputs: NDArray[np.float64]) -> NDArray[np.float64]:
        """Shape (n,): minus the column of the output."""
        return -outputs[:, self.index]


class Margin(OutputTerm):
    """The output less the largest of the other outputs: above 0 where it is the box's answer."""

    kind: ClassVar[str] = "margin"

    def __init__(self, box: Box, output: Any = None) -> None:
        super().__init__(box, output)
        if len(box.outputs) < 2:
            raise InvalidArgument(
                f"a margin is over the other outputs, and {visible(box.name)} has only {visible(self.output)!r}. "
                "Use maximise."
            )

    def value(self, outputs: NDArray[np.float64]) -> NDArray[np.float64]:
        """Shape (n,); NaN where any output of the row is NaN."""
        others = outputs.copy()
        others[:, self.index] = -np.inf
        return np.asarray(outputs[:, self.index] - others.max(axis=1))


def maximise(box: Box, output: Any = None) -> Objective:
    """The objective of a large ``output`` of ``box``.

    Args:
        box: a black box.
        output: the name of one of its outputs; may be left out when it has only one.

    Raises:
        WrongType: when ``box`` is not a black box.
        OutputNotFound: when it has no such output.
    """
    return Objective([Maximise(box, output)])


def minimise(box: Box, output: Any = None) -> Objective:
    """The objective of a small ``output`` of ``box``; its score is minus the output. Arguments as :func:`maximise`."""
    return Objective([Minimise(box, output)])


def margin(box: Box, output: Any = None) -> Objective:
    """The objective that ``output`` lies far above every other output of ``box``.

    Prefer it to a probability, which saturates, and to a lone logit, which may rise together with the others.

    Args:
        box: a black box with at least two outputs, best decision values, logits or log-probabilities.
        output: the name of one of them.

    Raises:
        WrongType: when ``box`` is not a black box.
        OutputNotFound: when it has no such output.
        InvalidArgument: when it has only one.
    """
    return Objective([Margin(box, output)])
