"""An output that comes near a value."""

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from featviz.checks import finite
from featviz.objectives.objective import Objective
from featviz.objectives.output_term import OutputTerm
from featviz.protocols import Box, Spec
from featviz.text import visible

__all__ = ["TargetValue", "target_value"]


class TargetValue(OutputTerm):
    """Minus the distance of an output from a value; see :func:`target_value`."""

    kind: ClassVar[str] = "target_value"

    def __init__(self, box: Box, output: Any = None, *, value: float, tolerance: float = 0.0) -> None:
        super().__init__(box, output)
        self.target = finite("value", value)
        self.tolerance = finite("tolerance", tolerance, 0.0)

    def options(self) -> Spec:
        """The output, the value, and the tolerance where there is one."""
        extra = {"tolerance": self.tolerance} if self.tolerance else {}
        return super().options() | {"value": self.target} | extra

    def describe(self) -> str:
        """``"target_value(box, 'output', 0.5)"``."""
        extra = f", tolerance={self.tolerance:g}" if self.tolerance else ""
        return f"target_value({visible(self.box.name)}, {visible(self.output)!r}, {self.target:g}{extra})"

    def value(self, outputs: NDArray[np.float64]) -> NDArray[np.float64]:
        """Shape (n,), at most 0."""
        return -np.maximum(np.abs(outputs[:, self.index] - self.target) - self.tolerance, 0.0)


def target_value(box: Box, output: Any, value: float, *, tolerance: float = 0.0) -> Objective:
    """The objective that ``output`` comes near ``value``: minus their absolute difference, 0 at best.

    With a decision value and 0 it looks for the boundary of a classifier of two classes; see :func:`boundary` for one
    of several outputs.

    Args:
        box: a black box.
        output: the name of one of its outputs, or None when it has only one.
        value: what the output should be.
        tolerance: a difference that counts as none.

    Raises:
        WrongType: when ``box`` is not a black box.
        OutputNotFound: when it has no such output.
        InvalidArgument: when ``value`` is not finite, or the tolerance is below 0.
    """
    return Objective([TargetValue(box, output, value=value, tolerance=tolerance)])
