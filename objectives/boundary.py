"""The boundary between two outputs."""

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from featviz.errors import InvalidArgument
from featviz.objectives.box_term import BoxTerm
from featviz.objectives.objective import Objective
from featviz.objectives.output_term import checked_output
from featviz.protocols import Box, Spec
from featviz.text import visible

__all__ = ["Boundary", "boundary"]


class Boundary(BoxTerm):
    """Two outputs that are equal and above all others; see :func:`boundary`."""

    kind: ClassVar[str] = "boundary"
    short: ClassVar[str] = "outputs"

    def __init__(self, box: Box, outputs: Any) -> None:
        super().__init__(box)
        if not isinstance(outputs, list | tuple) or len(outputs) != 2:
            raise InvalidArgument("a boundary lies between two outputs.")
        first, second = (checked_output(self.box, output) for output in outputs)
        if first == second:
            raise InvalidArgument(f"a boundary lies between two outputs, and both are {visible(first)!r}.")
        self.outputs = (first, second)
        self._places = [box.outputs.index(first), box.outputs.index(second)]
        self._others = [i for i in range(len(box.outputs)) if i not in self._places]

    def options(self) -> Spec:
        """The two outputs."""
        return {"outputs": list(self.outputs)}

    def describe(self) -> str:
        """``"boundary(box, 'a', 'b')"``."""
        first, second = self.outputs
        return f"boundary({visible(self.box.name)}, {visible(first)!r}, {visible(second)!r})"

    def value(self, outputs: NDArray[np.float64]) -> NDArray[np.float64]:
        """Shape (n,)."""
        first, second = (outputs[:, place] for place in self._places)
        apart = np.abs(first - second)
        if not self._others:
            return -apart
        return np.asarray((first + second) / 2 - apart - outputs[:, self._others].max(axis=1))


def boundary(box: Box, first: Any, second: Any) -> Objective:
    """The objective that a box wavers between two outputs and rules out the others.

    For outputs a and b it is ``(a + b) / 2 - |a - b| - max(others)``: above 0 only where they lie, on average, further
    above every other output than they lie apart. A box with these two outputs only has the score ``-|a - b|``. A larger
    weight of the difference makes a ridge that searches climb badly (measured on digits); where it must be small, add
    a constraint: ``.subject_to(fv.maximise(box, a) - fv.maximise(box, b), at_least=-0.1, at_most=0.1)``.

    Args:
        box: a black box with at least two outputs, best logits, decision values or log-probabilities.
        first: the name of an output.
        second: the name of another one.

    Raises:
        WrongType: when ``box`` is not a black box.
        OutputNotFound: when it has no such output.
        InvalidArgument: when both are the same.
    """
    return Objective([Boundary(box, [first, second])])
