"""The base of every black box: a name, named outputs, and one float64 row an input."""

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from featviz.batches import batch_length
from featviz.black_boxes.answers import as_outputs
from featviz.checks import unique_names
from featviz.errors import WrongType
from featviz.protocols import Spec
from featviz.text import shown, visible

__all__ = ["BlackBox", "Preprocess"]

# A batch of inputs to a batch of what the thing itself takes.
Preprocess = Callable[[Any], Any]


class BlackBox(ABC):
    """Something that turns a batch of inputs into named numbers, and tells nothing else about itself.

    A kind of black box implements :meth:`answer`; what it answers may have any of the forms that
    :func:`~featviz.black_boxes.answers.as_outputs` reads.

    Args:
        name: a short label for people.
        outputs: the k names of the outputs.
        preprocess: a function from a batch of inputs to what :meth:`answer` is given, such as a change of scale.
    """

    def __init__(self, *, name: str, outputs: Any, preprocess: Preprocess | None = None) -> None:
        self._name = unique_names("name", [name])[0]
        self._outputs = unique_names("outputs", outputs)
        if preprocess is not None and not callable(preprocess):
            raise WrongType(f"preprocess must be a function of a batch, but it is {shown(preprocess)}.")
        self._preprocess = preprocess
        self._spec: Spec | None = None

    @property
    def name(self) -> str:
        """A short label for people."""
        return self._name

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of the k outputs."""
        return self._outputs

    def __call__(self, inputs: Any) -> NDArray[np.float64]:
        """The outputs for a batch of inputs, as the thing answers: they may hold NaN and infinity.

        Args:
            inputs: n inputs, in the form that the space decodes them to.

        Returns:
            float64 array of shape (n, k). An empty batch is answered without asking.

        Raises:
            BoxError: when the box can take no input of this form.
            AnswerShapeError, AnswerTypeError, RowsFailed: when the answer is not n rows of k numbers.
            Exception: whatever the thing itself raises.
        """
        n = batch_length(inputs)
        if n == 0:
            return np.empty((0, len(self._outputs)))
        given = inputs if self._preprocess is None else self._preprocess(inputs)
        return as_outputs(self.answer(given), n, self._outputs)

    @abstractmethod
    def answer(self, inputs: Any) -> Any:
        """What the thing answers to a batch of at least one input, in any form that ``as_outputs`` reads."""

    def spec(self) -> Spec | None:
        """What :func:`~featviz.black_boxes.box_from_spec` rebuilds this box from, or None when nothing can."""
        return copy.deepcopy(self._spec)

    def with_spec(self, spec: Spec | None) -> Self:
        """The same box with ``spec`` as the description that rebuilds it."""
        box = copy.copy(self)
        box._spec = copy.deepcopy(spec)
        return box

    def __repr__(self) -> str:
        names = ", ".join(visible(name, 40) for name in self._outputs[:10])
        more = f", ... {len(self._outputs)} in all" if len(self._outputs) > 10 else ""
        return f"<{type(self).__name__} {visible(self._name)}: {names}{more}>"
