"""The share of an input that differs from a reference."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from featviz.checks import finite
from featviz.errors import InvalidArgument, WrongType
from featviz.objectives.changes import Changes
from featviz.objectives.given_inputs import GivenInputs, label_of
from featviz.objectives.penalty import Penalty
from featviz.protocols import Spec

__all__ = ["Sparsity", "sparsity"]


class Sparsity(Penalty):
    """The share of the parts of an input that differ from a reference; see :func:`sparsity`."""

    kind: ClassVar[str] = "sparsity"

    def __init__(self, reference: Any, *, tolerance: float = 0.0, missing: Sequence[str] = ()) -> None:
        self.tolerance = finite("tolerance", tolerance, 0.0)
        # Rows of a table are compared by their columns' types, which Changes knows of.
        is_row = isinstance(reference, dict) or hasattr(reference, "iloc")
        self._row = Changes(reference, missing=missing) if is_row else None
        self._reference = GivenInputs(reference, "reference")

    def options(self) -> Spec:
        """The reference, and the tolerance where there is one."""
        own = {"reference": self._reference.written()} if self._row is None else self._row.options()
        return own | ({"tolerance": self.tolerance} if self.tolerance else {})

    def spec(self) -> Spec | None:
        """As of every part; None when the reference cannot be written down, or is large."""
        return None if self.options()["reference"] is None else super().spec()

    def describe(self) -> str:
        """``"sparsity(reference 3f2a91)"``; another reference has another label."""
        label = self._reference.label() if self._row is None else label_of(repr(self._row.options()).encode())
        more = f", tolerance={self.tolerance:g}" if self.tolerance else ""
        return f"sparsity(reference{f' {label}' if label else ''}{more})"

    def value(self, inputs: Any) -> NDArray[np.float64]:
        """Shape (n,), from 0 to 1.

        Raises:
            WrongType: when the inputs are no arrays, rows of a table, or texts.
            InvalidArgument: when the reference is no single input of their form.
        """
        if self._row is not None:
            return self._row.value(inputs) / len(self._row.columns)
        reference = self._reference.batch(inputs)
        if len(reference) != 1:
            raise InvalidArgument(f"the reference of sparsity must be one input, but it holds {len(reference):,}.")
        if isinstance(inputs, np.ndarray) and inputs.dtype.kind in "biuf":
            return self._of_arrays(inputs, reference[0])
        if isinstance(inputs, list) and all(isinstance(text, str) for text in inputs):
            return _of_texts(inputs, reference[0])
        raise WrongType(
            "sparsity is for pictures, series, rows of ids, texts and rows of a table, but the inputs are a "
            f"{type(inputs).__name__}. Use featviz.distance_to(reference)."
        )

    def _of_arrays(self, inputs: NDArray[Any], reference: NDArray[Any]) -> NDArray[np.float64]:
        apart = inputs != reference
        if inputs.dtype.kind == "f":
            apart = np.abs(inputs - reference) > self.tolerance
        if inputs.ndim > 2:  # the channels of a pixel or a moment are one part
            apart = apart.any(axis=-1)
        return np.asarray(apart.reshape(len(inputs), -1).mean(axis=1))


def sparsity(reference: Any, *, tolerance: float = 0.0) -> Sparsity:
    """The penalty on the share of an input that differs from a reference, from 0 to 1.

    What counts as a part: a pixel or a moment of a series (of all channels), a position of a row of ids, a word at its
    place in a text, a column that the reference names. :func:`changes` counts columns instead of their share. Few
    changes make a counterfactual that people can follow (Wachter, Mittelstadt & Russell 2017); how far each goes is for
    :func:`distance_to`.

    Args:
        reference: one input of the space as it decodes it, or a candidate of a run; of a table also a dict or a Series.
        tolerance: how much two numbers of pictures or series may differ and count as the same; such spaces hardly ever
            decode to exactly the same number, so give one there.

    Raises:
        WrongType: when the reference is no input.
        InvalidArgument: for a tolerance below 0; and during a search, when the reference does not fit the space.
    """
    if hasattr(reference, "input") and not hasattr(reference, "iloc"):  # a candidate, and no table
        reference = reference.input
    return Sparsity(reference, tolerance=tolerance)


def _of_texts(texts: list[str], reference: str) -> NDArray[np.float64]:
    words = [text.split() for text in texts]
    wanted = reference.split()
    width = max(len(wanted), *map(len, words), 1)
    # Words as numbers, behind the end of a text -1; so the rows are compared at once.
    known: dict[str, int] = {}
    rows = np.full((len(texts) + 1, width), -1, dtype=np.int64)
    for row, text in zip(rows, [*words, wanted], strict=True):
        row[: len(text)] = [known.setdefault(word, len(known)) for word in text]
    longer = np.maximum((rows[:-1] >= 0).sum(axis=1), len(wanted))
    return np.asarray((rows[:-1] != rows[-1]).sum(axis=1) / np.maximum(longer, 1))
