"""The base of the terms about one output of one box."""

from typing import Any

import numpy as np

from featviz.checks import did_you_mean
from featviz.errors import InvalidArgument, OutputNotFound, WrongType
from featviz.objectives.box_term import BoxTerm
from featviz.protocols import Box, Spec
from featviz.text import is_number, shown, visible

__all__ = ["OutputTerm", "checked_output"]


class OutputTerm(BoxTerm):
    """A number of each row of a box's outputs.

    A kind of term implements :meth:`value`; where its constructor takes more than ``box`` and ``output``, it adds the
    rest to :meth:`options`.

    Args:
        box: the black box.
        output: the name of the output that it is about, or the number or truth value that it writes. None is enough for
            a box with a single output.

    Raises:
        WrongType: when ``box`` is a bare function or model instead of a black box.
        OutputNotFound: when the box has no such output; the message lists those that it has.
    """

    def __init__(self, box: Box, output: Any = None) -> None:
        super().__init__(box)
        self.output = checked_output(self.box, output)
        self.index = self.box.outputs.index(self.output)

    def options(self) -> Spec:
        """The name of the output; see :class:`Part`."""
        return {"output": self.output}

    def describe(self) -> str:
        """``"kind(box, 'output')"``."""
        kind = type(self).kind or type(self).__name__
        return f"{kind}({visible(self.box.name)}, {visible(self.output)!r})"


def checked_output(box: Box, output: Any) -> str:
    """The name of an output of ``box``; None stands for the only one.

    Names made from classes are text: a number stands for the name that writes it, ``1`` for "1" or else for "1.0", and
    a truth value for "True" or "False".

    Raises:
        WrongType: when it is neither text nor a number.
        OutputNotFound: when the box has no such output; the message lists those that it has.
    """
    known = box.outputs
    if output is None:
        if len(known) == 1:
            return known[0]
        raise InvalidArgument(f"{visible(box.name)} has {len(known)} outputs, so say which one: {_listed(known)}.")
    if not isinstance(output, str | bool | int | float | np.bool_ | np.integer | np.floating):
        raise WrongType(f"output must be the name of an output, but it is {shown(output)}.")
    name = str(output)
    if name in known:
        return name
    equal = _of_equal_value(name, known)
    if equal and not isinstance(output, str):
        return equal
    hint = f" Did you mean {visible(equal)!r}?" if equal else did_you_mean(name, known)
    if known == ("output",):  # what a box without outputs= is taken to have
        hint = f" Where the black box is made, name all that it gives: outputs=[{visible(output)!r}, ...]."
    raise OutputNotFound(f"{visible(box.name)} has no output {visible(output)!r}. It has: {_listed(known)}.{hint}")


def _of_equal_value(name: str, known: tuple[str, ...]) -> str:
    """The only one of ``known`` that writes the number of ``name`` in another way; empty when there is none."""
    if not is_number(name):
        return ""
    equal = [other for other in known if is_number(other) and float(other) == float(name)]
    return equal[0] if len(equal) == 1 else ""


def _listed(names: tuple[str, ...]) -> str:
    shown_names = ", ".join(visible(name, 40) for name in names[:20])
    return shown_names if len(names) <= 20 else f"{shown_names}, ... ({len(names)} in all)"
