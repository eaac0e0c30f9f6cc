"""The outputs of an ONNX model: how many numbers an input each holds, and what they are called."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.checks import did_you_mean
from featviz.errors import BoxError
from featviz.onnx_sessions import ONNX_DTYPES
from featviz.text import visible

__all__ = ["OnnxOutput", "outputs_of"]

# A list of one table an input, from class to probability: what skl2onnx makes of a classifier by default.
_MAPS = ("seq(map(int64,tensor(float)))", "seq(map(string,tensor(float)))")


@dataclass(frozen=True)
class OnnxOutput:
    """One output of a model that holds a row of numbers an input.

    Args:
        name: as in the file.
        width: how many numbers an input; None where the file leaves it open.
        whole: whether they are whole numbers.
        maps: whether each input gets a table from key to number.
        keys: of the tables, in the order of the columns; empty until they are known.
    """

    name: str
    width: int | None
    whole: bool = False
    maps: bool = False
    keys: tuple[Any, ...] = ()

    @classmethod
    def of(cls, given: Any, batch: int | None, label: str) -> "OnnxOutput":
        """From what onnxruntime tells of an output.

        Args:
            given: the output.
            batch: the number of rows that the model always takes, or None.
            label: the model's name for messages.

        Raises:
            BoxError: when it does not hold a row of numbers an input.
        """
        if given.type in _MAPS:
            return cls(given.name, None, maps=True)
        if given.type not in ONNX_DTYPES:
            raise BoxError(
                f"the output {visible(given.name)!r} of {label} is a {given.type}, not a tensor of numbers. "
                "Say another with output='...'."
            )
        width = _width(list(given.shape), given.name, batch, label)
        return cls(given.name, width, whole=np.dtype(ONNX_DTYPES[given.type]).kind != "f")

    def names(self, *, alone: bool) -> list[str]:
        """The names of its columns: the keys, or numbers; after its own name and a slash where it is not ``alone``."""
        width = len(self.keys) if self.maps else self.width or 0
        if width == 1 and not self.maps:
            return [self.name]
        labels = [str(key) for key in self.keys] if self.maps else [str(i) for i in range(width)]
        return labels if alone else [f"{self.name}/{label}" for label in labels]

    def rows(self, value: Any, n: int) -> NDArray[np.float64]:
        """What the session gave for n inputs, as float64 of shape (n, width)."""
        if self.maps:
            return np.array([[row[key] for key in self.keys] for row in value], dtype=np.float64)
        rows = np.asarray(value)
        if self.width is not None and rows.size == n * self.width:
            rows = rows.reshape(n, self.width)  # axes of length 1 after the columns, or none before them
        return rows.astype(np.float64)


def outputs_of(session: Any, wanted: str | None, batch: int | None, label: str) -> list[OnnxOutput]:
    """The outputs to read: the one that is ``wanted``, or all that hold a row of numbers an input.

    Without ``wanted``, text and maps of pictures are left out, and whole numbers (the class that was chosen) where
    another output holds fractions.

    Raises:
        BoxError: when there is none, or the wanted one cannot be read.
    """
    known = {one.name: one for one in session.get_outputs()}
    if wanted is not None:
        if wanted not in known:
            listed = ", ".join(visible(name, 40) for name in known)
            raise BoxError(f"{label} has no output {visible(wanted)!r}. It has: {listed}.{did_you_mean(wanted, known)}")
        return [OnnxOutput.of(known[wanted], batch, label)]
    found: list[OnnxOutput] = []
    refused: list[BoxError] = []
    for one in known.values():
        try:
            found.append(OnnxOutput.of(one, batch, label))
        except BoxError as error:
            refused.append(error)
    if not found:
        raise refused[0]
    return [one for one in found if not one.whole] or found


def _width(shape: Sequence[Any], name: str, batch: int | None, label: str) -> int | None:
    if len(shape) == 1 and batch == 1 and isinstance(shape[0], int):
        return int(shape[0])  # one input and no axis for it
    sizes = [size for size in shape[1:] if size != 1]
    if len(sizes) > 1:
        raise BoxError(
            f"the output {visible(name)!r} of {label} is a map of shape {list(shape)}, and a black "
            "box answers with one row of numbers. Wrap the model in a function that picks or averages them."
        )
    return None if any(not isinstance(size, int) for size in sizes) else int(math.prod(sizes))
