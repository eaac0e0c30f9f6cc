"""The base of every black box: a name, named outputs, and one float64 row an input."""

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from featviz.batches import batch_length, take
from featviz.black_boxes.answers import as_outputs
from featviz.checks import integer, unique_names
from featviz.errors import RowsFailed, WrongType
from featviz.protocols import Spec
from featviz.text import shown, visible

__all__ = ["BlackBox", "Preprocess"]

# A batch of inputs to a batch of what the thing itself takes.
Preprocess = Callable[[Any], Any]

_MAX_BATCH = 1_000_000


class BlackBox(ABC):
    """Something that turns a batch of inputs into named numbers, and tells nothing else about itself.

    A kind of black box implements :meth:`answer`; what it answers may have any of the forms that
    :func:`~featviz.black_boxes.answers.as_outputs` reads. The other methods have defaults; each is overridden where a
    kind has something to say there.

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
        self._noisy: bool | None = None
        self._max_batch: int | None = None

    @property
    def name(self) -> str:
        """A short label for people."""
        return self._name

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of the k outputs."""
        return self._outputs

    @property
    def noisy(self) -> bool | None:
        """Whether equal inputs get different answers; None when nobody has said.

        A box that is not known to be noisy is asked about an input once, and its answer is used again for an equal one.
        """
        return self._noisy

    @property
    def draws_alike(self) -> bool:
        """Of a noisy box, whether chance is the same for all inputs of a batch, so that it ranks them fairly."""
        return False

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
        if self._max_batch is not None and n > self._max_batch:
            return self._in_parts(inputs, n, self._max_batch)
        given = inputs if self._preprocess is None else self._preprocess(inputs)
        return as_outputs(self.answer(given), n, self._outputs)

    @abstractmethod
    def answer(self, inputs: Any) -> Any:
        """What the thing answers to a batch of at least one input, in any form that ``as_outputs`` reads.

        Where some inputs fail and others do not, raise :class:`~featviz.errors.RowsFailed`, so that nothing is asked
        again; :func:`~featviz.black_boxes.answers.rows_of` does it. ``TimeoutError`` is recorded as a time-out,
        :class:`~featviz.errors.ProcessDied` as a dead worker, and :class:`~featviz.errors.BoxError` ends the search.
        """

    def begin_batch(self, key: int) -> None:  # noqa: B027  most kinds have nothing to do here
        """Called before each batch of a search, with a number that is the same when the batch is asked for again.

        For boxes that draw random numbers: drawn from ``key`` they are the same after a resume.
        """

    def keep_in(self, folder: Path) -> None:  # noqa: B027  most kinds have nothing to do here
        """Called with the directory of a run before its first batch, for boxes that keep files of their own."""

    def usage(self) -> Mapping[str, float]:
        """What was used up since the box was made: ``{"requests": 12, "cost": 0.3}``. Added to the run's ledger."""
        return {}

    def provenance(self) -> Mapping[str, str]:
        """What identifies the thing that answers: versions and checksums, recorded with a run. Never a secret."""
        return {}

    def close(self) -> None:  # noqa: B027  most kinds have nothing to do here
        """Let go of what the box holds: processes, connections. It may be asked again, and then opens them anew."""

    def spec(self) -> Spec | None:
        """What :func:`~featviz.black_boxes.box_from_spec` rebuilds this box from, or None when nothing can."""
        return copy.deepcopy(self._spec)

    def with_spec(self, spec: Spec | None) -> Self:
        """The same box with ``spec`` as the description that rebuilds it."""
        box = copy.copy(self)
        box._spec = copy.deepcopy(spec)
        return box

    def configured(self, *, noisy: Any = None, max_batch: Any = None) -> Self:
        """The same box with what can be said of any kind.

        Args:
            noisy: whether equal inputs get different answers. True: answers are never used again for an equal input.
            max_batch: the most inputs that it is given at a time; a larger batch is given in parts.
        """
        if noisy is not None and not isinstance(noisy, bool):
            raise WrongType(f"noisy must be True or False, but it is {shown(noisy)}.")
        box = copy.copy(self)
        box._noisy = self._noisy if noisy is None else noisy
        box._max_batch = self._max_batch if max_batch is None else integer("max_batch", max_batch, 1, _MAX_BATCH)
        return box

    def _in_parts(self, inputs: Any, n: int, size: int) -> NDArray[np.float64]:
        outputs = np.full((n, len(self._outputs)), np.nan)
        errors: dict[int, Exception] = {}
        for start in range(0, n, size):
            rows = slice(start, min(start + size, n))
            try:
                outputs[rows] = self(take(inputs, rows))
            except RowsFailed as error:
                outputs[rows] = error.outputs
                errors |= {start + row: cause for row, cause in error.errors.items()}
        if errors:
            raise RowsFailed(f"{len(errors)} of {n} inputs failed.", outputs, errors)
        return outputs

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        names = ", ".join(visible(name, 40) for name in self._outputs[:10])
        more = f", ... {len(self._outputs)} in all" if len(self._outputs) > 10 else ""
        return f"<{type(self).__name__} {visible(self._name)}: {names}{more}>"
