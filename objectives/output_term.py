"""The base of the terms about one output of one box."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from featviz.checks import did_you_mean
from featviz.errors import InvalidArgument, OutputNotFound, WrongType
from featviz.objectives.part import Seen
from featviz.objectives.term import Term, checked_box
from featviz.protocols import Box, Spec
from featviz.text import shown, visible

__all__ = ["OutputTerm", "checked_output"]


class OutputTerm(Term):
    """A number of each row of a box's outputs.

    A kind of term implements :meth:`value`; where its constructor takes more than ``box`` and ``output``, it adds the
    rest to :meth:`options`.

    Args:
        box: the black box.
        output: the name of the output that it is about (a whole number is read as text). None is enough for a box with
            a single output.

    Raises:
        WrongType: when ``box`` is a bare function or model instead of a black box.
        OutputNotFound: when the box has no such output; the message lists those that it has.
    """

    takes: ClassVar[str] = "box"

    def __init__(self, box: Box, output: Any = None) -> None:
        self.box = checked_box(box)
        self.output = checked_output(self.box, output)
        self.index = self.box.outputs.index(self.output)

    @property
    def boxes(self) -> tuple[Box, ...]:
        """The one box."""
        return (self.box,)

    def measure(self, outputs: Sequence[NDArray[np.float64]], seen: Seen) -> NDArray[np.float64]:  # noqa: ARG002  it is about outputs alone
        """See :meth:`value`."""
        return self.value(outputs[0])

    @abstractmethod
    def value(self, outputs: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values of shape (n,) from the box's outputs of shape (n, k). Higher is better."""

    def options(self) -> Spec:
        """The name of the output; see :class:`Part`."""
        return {"output": self.output}

    def describe(self) -> str:
        """``"kind(box, 'output')"``."""
        kind = type(self).kind or type(self).__name__
        return f"{kind}({visible(self.box.name)}, {visible(self.output)!r})"


def checked_output(box: Box, output: Any) -> str:
    """The name of an output of ``box``; None stands for the only one.

    Raises:
        OutputNotFound: when the box has no such output; the message lists those that it has.
    """
    known = box.outputs
    if output is None:
        if len(known) == 1:
            return known[0]
        raise InvalidArgument(f"{visible(box.name)} has {len(known)} outputs, so say which one: {_listed(known)}.")
    if isinstance(output, bool | np.bool_) or not isinstance(output, str | int | np.integer):
        raise WrongType(f"output must be the name of an output, but it is {shown(output)}.")
    if str(output) not in known:
        raise OutputNotFound(
            f"{visible(box.name)} has no output {visible(output)!r}. It has: {_listed(known)}."
            f"{did_you_mean(str(output), known)}"
        )
    return str(output)


def _listed(names: tuple[str, ...]) -> str:
    shown_names = ", ".join(visible(name, 40) for name in names[:20])
    return shown_names if len(names) <= 20 else f"{shown_names}, ... ({len(names)} in all)"
