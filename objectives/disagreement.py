"""How far apart the answers of several boxes lie."""

import copy
from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from featviz.checks import one_of
from featviz.errors import InvalidArgument, WrongType
from featviz.objectives.entropy import entropy_of
from featviz.objectives.objective import Objective
from featviz.objectives.output_term import checked_output
from featviz.objectives.part import Seen
from featviz.objectives.scales import SCALES, as_probabilities, log_probabilities
from featviz.objectives.term import Term, checked_box
from featviz.protocols import Box, Spec
from featviz.text import shown, visible

__all__ = ["Disagreement", "disagreement"]

_MEASURES = ("range", "deviation")


class Disagreement(Term):
    """How far apart the answers of several boxes lie; see :func:`disagreement`."""

    kind: ClassVar[str] = "disagreement"
    takes: ClassVar[str] = "boxes"

    def __init__(
        self,
        boxes: Sequence[Box],
        output: Any = None,
        *,
        scale: str = "raw",
        signed: bool = False,
        measure: str = "range",
    ) -> None:
        self._boxes = tuple(checked_box(box) for box in boxes)
        if len(self._boxes) < 2 or len({id(box) for box in self._boxes}) < len(self._boxes):
            raise InvalidArgument("disagreement is between two or more different boxes.")
        self.scale = one_of("scale", scale, ("raw", *SCALES))
        self.statistic = one_of("measure", measure, _MEASURES)
        if not isinstance(signed, bool):
            raise WrongType(f"signed must be True or False, but it is {shown(signed)}.")
        self.signed = signed
        alone = all(len(box.outputs) == 1 for box in self._boxes)
        self.output = None if output is None else checked_output(self._boxes[0], output)
        if output is None and not alone:
            self._columns = self._matched()
            self.whole = True
        else:
            names = [checked_output(box, output) for box in self._boxes]
            self._columns = [[box.outputs.index(name)] for box, name in zip(self._boxes, names, strict=True)]
            self.whole = False
        if signed and (self.whole or len(self._boxes) != 2):
            raise InvalidArgument("signed=True is for one output of two boxes: how much larger the first one's is.")
        if self.whole and scale == "raw":
            raise InvalidArgument(
                "say which output the boxes should disagree about (output=...); or, for all of them, on what scale "
                "they answer: scale='logits' (decision values and log-probabilities too), 'log' or 'probability'."
            )

    @property
    def boxes(self) -> tuple[Box, ...]:
        """The boxes, in the order given."""
        return self._boxes

    def _on(self, boxes: Sequence[Box]) -> Self:
        term = copy.copy(self)
        term._boxes = tuple(boxes)
        return term

    def options(self) -> Spec:
        """What is not the default."""
        given: Spec = {} if self.output is None else {"output": self.output}
        if self.scale != "raw":
            given["scale"] = self.scale
        if self.signed:
            given["signed"] = True
        if self.statistic != "range":
            given["measure"] = self.statistic
        return given

    def describe(self) -> str:
        """``"disagreement(a, b, 'output')"``."""
        parts = [visible(box.name) for box in self._boxes]
        for name, value in self.options().items():
            parts.append(repr(visible(value)) if name == "output" else f"{name}={value!r}")
        return f"disagreement({', '.join(parts)})"

    def measure(self, outputs: Sequence[NDArray[np.float64]], seen: Seen) -> NDArray[np.float64]:  # noqa: ARG002  it is about outputs alone
        """Values of shape (n,) from the outputs of all boxes."""
        if self.scale != "raw":
            outputs = [_probabilities(some, self.scale, box) for some, box in zip(outputs, self._boxes, strict=True)]
        of_boxes = np.stack([some[:, columns] for some, columns in zip(outputs, self._columns, strict=True)])
        if self.whole:  # (boxes, n, k)
            mean = entropy_of(of_boxes.mean(axis=0))
            return np.asarray(np.maximum(mean - np.mean([entropy_of(p) for p in of_boxes], axis=0), 0.0))
        values = of_boxes[:, :, 0]
        if self.signed:
            return np.asarray(values[0] - values[1])
        return np.asarray(np.ptp(values, axis=0) if self.statistic == "range" else values.std(axis=0))

    def _matched(self) -> list[list[int]]:
        """The columns of each box in the order of the first one's outputs."""
        first = self._boxes[0]
        for box in self._boxes[1:]:
            if odd := sorted(set(first.outputs) ^ set(box.outputs)):
                raise InvalidArgument(
                    f"{visible(first.name)} and {visible(box.name)} have different outputs, so their distributions "
                    f"cannot be compared: only one of them has {visible(odd[0])!r}. Say about which output they "
                    "should disagree: output=..."
                )
        return [[box.outputs.index(name) for name in first.outputs] for box in self._boxes]


def disagreement(
    *boxes_and_output: Any, output: Any = None, scale: str = "raw", signed: bool = False, measure: str = "range"
) -> Objective:
    """The objective that boxes give different answers to one input.

    ::

        fv.disagreement(svm, forest, "3")                       # |difference| of the output "3"
        fv.disagreement(svm, forest, "3", signed=True)          # the SVM's above the forest's
        fv.disagreement([a, b, c], "3", scale="logits")         # largest less smallest probability
        fv.disagreement(svm, forest, scale="logits")            # over all classes: Jensen-Shannon divergence

    An input on which two trained models differ shows what one has learnt and the other not (Wang & Simoncelli 2008,
    "Maximum differentiation (MAD) competition"; for deep models Golan et al. 2020, "Controversial stimuli").

    Args:
        *boxes_and_output: two or more black boxes, or a list of them; behind them the output, if it is not given by
            name. Without one the boxes' only outputs are compared, or their whole distributions, in the order of
            their names: the Jensen-Shannon divergence (Lin 1991), in nats, from 0 to log(number of boxes).
        output: the name of an output that all boxes have.
        scale: ``"raw"`` compares the outputs as they are, which needs boxes that answer on one scale. ``"logits"``,
            ``"log"`` and ``"probability"`` say on which scale all boxes answer, and compare probabilities: of boxes
            with several outputs each row is normalised to sum 1.
        signed: the first box's output less the second one's, in place of its absolute value.
        measure: among more than two ``"range"``, the largest less the smallest, or ``"deviation"``, the standard
            deviation.

    Raises:
        WrongType: for what is not a black box.
        OutputNotFound: when a box has no such output.
        InvalidArgument: for fewer than two boxes, boxes with other outputs, or options that do not go together.
    """
    boxes, rest = _split(boxes_and_output)
    if len(rest) > 1 or (rest and output is not None):
        raise InvalidArgument("disagreement is about one output: disagreement(a, b, output).")
    named = rest[0] if rest else output
    return Objective([Disagreement(boxes, named, scale=scale, signed=signed, measure=measure)])


def _probabilities(outputs: NDArray[np.float64], scale: str, box: Box) -> NDArray[np.float64]:
    if outputs.shape[1] == 1:  # of one class, and the rest has no output
        return np.exp(log_probabilities(outputs, scale, box.name))
    return as_probabilities(outputs, scale, box.name)


def _split(given: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    boxes: list[Any] = []
    for at, one in enumerate(given):
        if isinstance(one, list | tuple):
            boxes.extend(one)
        elif isinstance(one, str | int | float | np.generic):
            return boxes, list(given[at:])
        else:
            boxes.append(one)
    return boxes, []
