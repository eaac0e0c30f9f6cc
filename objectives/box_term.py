"""The base of the terms about the outputs of one box."""

import copy
from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from featviz.objectives.part import Seen
from featviz.objectives.term import Term, checked_box
from featviz.protocols import Box

__all__ = ["BoxTerm"]


class BoxTerm(Term):
    """A number of each row of a box's outputs; what is about one of them derives from OutputTerm.

    A kind of term implements :meth:`value` and :meth:`describe`, and :meth:`options` where its constructor takes more
    than ``box``.

    Args:
        box: the black box.

    Raises:
        WrongType: when ``box`` is a bare function or model instead of a black box.
    """

    takes: ClassVar[str] = "box"

    def __init__(self, box: Box) -> None:
        self.box = checked_box(box)

    @property
    def boxes(self) -> tuple[Box, ...]:
        """The one box."""
        return (self.box,)

    def _on(self, boxes: Sequence[Box]) -> Self:
        term = copy.copy(self)
        term.box = boxes[0]
        return term

    def measure(self, outputs: Sequence[NDArray[np.float64]], seen: Seen) -> NDArray[np.float64]:  # noqa: ARG002  it is about outputs alone
        """See :meth:`value`."""
        return self.value(outputs[0])

    @abstractmethod
    def value(self, outputs: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values of shape (n,) from the box's outputs of shape (n, k). Higher is better."""
