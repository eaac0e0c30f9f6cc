"""The inputs of an ONNX model: which part of a batch each takes, and in which form."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.batches import described
from featviz.black_boxes.layouts import arrange, cast, check_layout, choose_layout
from featviz.checks import did_you_mean
from featviz.errors import BoxError
from featviz.onnx_sessions import ONNX_DTYPES
from featviz.text import shown, visible

__all__ = ["OnnxInput", "fixed_batch", "parts_of"]

_TEXT = "tensor(string)"


@dataclass(frozen=True)
class OnnxInput:
    """One input of a model.

    Args:
        name: as in the file.
        dtype: of the array; None for text.
        dims: the sizes of its axes after the first; None where the file leaves one open.
        batch: the size of its first axis where the file fixes it.
    """

    name: str
    dtype: np.dtype[Any] | None
    dims: tuple[int | None, ...]
    batch: int | None

    @classmethod
    def of(cls, given: Any, label: str) -> "OnnxInput":
        """From what onnxruntime tells of an input.

        Raises:
            BoxError: when it is neither a tensor of numbers nor one of text, or has no axis for a batch.
        """
        if given.type not in ONNX_DTYPES and given.type != _TEXT:
            raise BoxError(
                f"the input {visible(given.name)!r} of {label} is a {given.type}, neither numbers nor text. "
                "Wrap it in a function that makes that of a batch, and pass the function to black_box."
            )
        if not given.shape:
            raise BoxError(f"the input {visible(given.name)!r} of {label} has no axis for a batch.")
        sizes = [size if isinstance(size, int) else None for size in given.shape]
        dtype = None if given.type == _TEXT else np.dtype(ONNX_DTYPES[given.type])
        return cls(given.name, dtype, tuple(sizes[1:]), sizes[0])

    def array(self, part: Any, layout: str | None, label: str) -> NDArray[Any]:
        """A part of a batch, of n entries, in the form of this input.

        Raises:
            BoxError: when it does not fit.
        """
        if self.dtype is None:
            return self._texts(part, label)
        if hasattr(part, "to_numpy"):  # a data frame or a column of one
            part = part.to_numpy()
        if not isinstance(part, np.ndarray):
            raise BoxError(
                f"{label} takes arrays, but the batch is a {type(part).__name__}. "
                "Pass preprocess= a function that makes an array of it."
            )
        if part.ndim == 1 and len(self.dims) == 1 and self.dims[0] in (1, None):
            part = part[:, None]
        if layout is None:
            layout = choose_layout(part, self.dims, label)
        else:
            check_layout(part, self.dims, layout, label)
        return np.ascontiguousarray(cast(arrange(part, layout), self.dtype, label))

    def zeros(self, rows: int) -> NDArray[Any]:
        """``rows`` inputs of zeros, or of empty text."""
        shape = (rows, *(1 if size is None else size for size in self.dims))
        return np.full(shape, "", dtype=object) if self.dtype is None else np.zeros(shape, dtype=self.dtype)

    def _texts(self, part: Any, label: str) -> NDArray[Any]:
        texts = np.asarray(part, dtype=object)
        wrong = [one for one in texts.ravel()[:1000] if not isinstance(one, str)]
        if wrong or texts.ndim == 0:
            raise BoxError(
                f"the input {visible(self.name)!r} of {label} takes text, but the batch holds "
                f"{shown(wrong[0]) if wrong else described(part)}. Pass preprocess= a function that makes text of it."
            )
        if texts.ndim == 1:
            return texts.reshape(len(texts), *[1] * len(self.dims))
        return texts.reshape(len(texts)) if not self.dims and texts.size == len(texts) else texts


def fixed_batch(inputs: Sequence[OnnxInput], label: str) -> int | None:
    """The number of rows that a model always takes, or None for any."""
    sizes = sorted({one.batch for one in inputs if one.batch is not None})
    if len(sizes) > 1:
        raise BoxError(
            f"the inputs of {label} take batches of {' and of '.join(map(str, sizes))} rows, so that no batch fits "
            "them all. Wrap it in a function of the batch, and pass that to black_box."
        )
    return sizes[0] if sizes else None


def parts_of(batch: Any, inputs: Sequence[OnnxInput], label: str) -> list[Any]:
    """The part of ``batch`` for each input: of a dict or data frame by name, of a tuple by position."""
    if isinstance(batch, Mapping) or (len(inputs) > 1 and hasattr(batch, "columns")):
        keys = list(batch if isinstance(batch, Mapping) else batch.columns)
        for one in inputs:
            if one.name not in keys:
                listed = ", ".join(visible(key, 40) for key in keys[:20])
                raise BoxError(
                    f"{label} takes an input {visible(one.name)!r}, which the batch does not have. It has: {listed}."
                    f"{did_you_mean(one.name, [str(key) for key in keys])} Name the parts of the space as the model "
                    f"does: {_listed(inputs)}."
                )
        return [batch[one.name] for one in inputs]
    if isinstance(batch, tuple):
        if len(batch) != len(inputs):
            raise BoxError(
                f"{label} takes {len(inputs)} inputs ({_listed(inputs)}), but the batch has {len(batch)} parts."
            )
        return list(batch)
    if len(inputs) == 1:
        return [batch]
    raise BoxError(
        f"{label} takes {len(inputs)} inputs ({_listed(inputs)}), but the batch is {described(batch)}. Use a DictSpace "
        "with these names, a TupleSpace in this order, or preprocess= a function that makes a dict."
    )


def _listed(inputs: Sequence[OnnxInput]) -> str:
    return ", ".join(visible(one.name, 40) for one in inputs[:20])
