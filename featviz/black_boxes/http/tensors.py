"""Tensors of the Open Inference Protocol: what a model's metadata declares, and batches that fit it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.batches import described
from featviz.black_boxes.http.json_values import is_frame
from featviz.black_boxes.http.protocol import expected
from featviz.black_boxes.layouts import arrange, cast, check_layout, choose_layout
from featviz.errors import AnswerShapeError, AnswerTypeError, BoxError
from featviz.text import shown, visible

__all__ = ["Declared", "Tensor", "declared", "tensor_of", "values_of"]

_DTYPES = {
    "BOOL": np.bool_,
    "UINT8": np.uint8,
    "UINT16": np.uint16,
    "UINT32": np.uint32,
    "UINT64": np.uint64,
    "INT8": np.int8,
    "INT16": np.int16,
    "INT32": np.int32,
    "INT64": np.int64,
    "FP16": np.float16,
    "FP32": np.float32,
    "FP64": np.float64,
}
_NUMERIC = frozenset(_DTYPES) - {"BOOL"}
# What an undeclared input is sent as.
_NAMES = {np.dtype(dtype): name for name, dtype in _DTYPES.items()}
_TEXT = "BYTES"


@dataclass(frozen=True)
class Declared:
    """A tensor as a model's metadata declares it.

    Args:
        name: its name.
        datatype: such as "FP32" or "BYTES"; "" when it is not declared.
        dims: the sizes of its axes, the batch's first, None for one left open; None when they are not declared.
    """

    name: str
    datatype: str
    dims: tuple[int | None, ...] | None

    @property
    def is_numeric(self) -> bool:
        """Whether it holds numbers, or does not say."""
        return self.datatype in _NUMERIC or not self.datatype

    @property
    def is_text(self) -> bool:
        """Whether it holds texts."""
        return self.datatype == _TEXT

    @property
    def batch(self) -> int | None:
        """The fixed number of inputs in a batch, or None."""
        return self.dims[0] if self.dims else None

    def width(self, label: str) -> int | None:
        """How many numbers an input it holds, or None when that is left open."""
        if self.dims is None:
            return None
        sizes = [size for size in self.dims[1:] if size != 1]
        if len(sizes) > 1:
            raise BoxError(
                f"the output {visible(self.name)!r} of {label} is a map of shape {_shape(self.dims)}, and a black box "
                "answers with one row of numbers. Name another output with output='...', or serve one that averages."
            )
        return math.prod(size for size in sizes if size is not None) if None not in sizes else None


@dataclass(frozen=True)
class Tensor:
    """A tensor to send.

    Args:
        name: which input it is.
        datatype: such as "FP32".
        values: its n rows.
    """

    name: str
    datatype: str
    values: NDArray[Any]

    def filled_up(self, n: int) -> "Tensor":
        """The same with copies of its last row, so that it has n."""
        copies = np.repeat(self.values[-1:], n - len(self.values), axis=0)
        return Tensor(self.name, self.datatype, np.concatenate([self.values, copies]))

    def written(self, *, binary: bool) -> tuple[dict[str, Any], bytes]:
        """What goes into the JSON of a request, and the bytes that follow it: none where the JSON holds the numbers."""
        head = {"name": self.name, "shape": list(self.values.shape), "datatype": self.datatype}
        if not binary or self.datatype == _TEXT:
            return {**head, "data": self.values.ravel().tolist()}, b""
        little = self.values.astype(self.values.dtype.newbyteorder("<"), copy=False)
        raw = np.ascontiguousarray(little).tobytes()
        return {**head, "parameters": {"binary_data_size": len(raw)}}, raw


def declared(entry: Any, label: str) -> Declared:
    """A tensor out of the metadata ``{"name": ..., "datatype": ..., "shape": [...]}``."""
    name = entry.get("name") if isinstance(entry, Mapping) else None
    if not isinstance(name, str) or not name:
        raise BoxError(f"the metadata of {label} declares a tensor without a name: {shown(entry)}.")
    datatype, shape = entry.get("datatype"), entry.get("shape")
    known = isinstance(shape, list) and shape and all(isinstance(size, int) for size in shape)
    dims = tuple(size if size >= 0 else None for size in shape) if known else None
    return Declared(name, datatype if isinstance(datatype, str) else "", dims)


def tensor_of(batch: Any, wanted: Declared, layout: str | None, label: str) -> Tensor:
    """A batch as a tensor of a request.

    Args:
        batch: an array, a list of texts or numbers, or a data frame or a column of one.
        wanted: the input.
        layout: see :class:`OnnxBox`; None chooses.
        label: the model, for messages.

    Raises:
        BoxError: when the batch does not fit.
    """
    where = f"the input {visible(wanted.name)!r} of {label}"
    array = _array(batch, where)
    if array.dtype.kind == "U" or wanted.is_text:
        return _texts(array, wanted, where)
    if wanted.dims is not None and not (array.ndim == 1 and len(wanted.dims) == 1):
        dims = wanted.dims[1:]
        if array.ndim == 1:  # a column of numbers for [n, 1]
            array = array[:, None]
        if layout is None:
            layout = choose_layout(array, dims, where)
        else:
            check_layout(array, dims, layout, where)
    if layout is not None and array.ndim > 1:
        array = arrange(array, layout)
    dtype = np.dtype(_DTYPES[wanted.datatype]) if wanted.datatype in _DTYPES else array.dtype
    if dtype not in _NAMES:
        raise BoxError(f"{where} takes {visible(wanted.datatype) or 'numbers'}, which has no place for {dtype}.")
    return Tensor(wanted.name, _NAMES[dtype], cast(array, dtype, where))


def values_of(tensor: Mapping[str, Any], n: int) -> Any:
    """The numbers of an answer's tensor as an array of shape (n, ...), or as nested lists where some are none.

    Raises:
        AnswerShapeError, AnswerTypeError: when they are not as many as the tensor's shape says, or not n rows.
    """
    name = visible(tensor.get("name", ""), 60)
    shape, data = expected(tensor, "shape", list), expected(tensor, "data", list)
    if not all(isinstance(size, int) and size >= 0 for size in shape):
        raise AnswerTypeError(f"the shape of the output {name!r} must hold whole numbers, but it is {shown(shape)}.")
    flat = _flat(data)
    if len(flat) != math.prod(shape):
        raise AnswerShapeError(f"the output {name!r} has shape {shape} and {len(flat):,} numbers, which do not fit it.")
    if not flat or (shape[0] if shape else 1) != n:
        raise AnswerShapeError(f"the output {name!r} has shape {shape}, which is no row for each of {n} inputs.")
    if set(map(type, flat)) <= {int, float}:
        try:
            return np.array(flat, dtype=np.float64).reshape(n, -1)
        except OverflowError:  # such as 10**400, for as_outputs to judge
            pass
    width = len(flat) // n
    return [flat[start : start + width] for start in range(0, len(flat), width)]


def _array(batch: Any, where: str) -> NDArray[Any]:
    if is_frame(batch):
        kinds = {dtype.kind for dtype in batch.dtypes}
        if not kinds <= set("fiub"):
            raise BoxError(
                f"{where} is one tensor, and the data frame has columns that are not numbers. "
                "Pass preprocess= a function that encodes them."
            )
        return np.asarray(batch.to_numpy())
    if hasattr(batch, "to_numpy"):  # a column of a data frame
        values = batch.to_numpy()
        return values if values.dtype.kind in "fiub" else np.array([str(value) for value in values.tolist()])
    array = batch if isinstance(batch, np.ndarray) else _listed(batch, where)
    if array.dtype.kind not in "fiubU":
        raise BoxError(f"{where} takes numbers or texts, but what came is {described(batch)}.")
    return array


def _listed(batch: Any, where: str) -> NDArray[Any]:
    try:
        array = np.asarray(batch)
    except ValueError:
        array = np.asarray(None)
    if array.ndim == 0:
        raise BoxError(f"{where} takes an array or a list of equal rows, but what came is {described(batch)}.")
    return array


def _texts(array: NDArray[Any], wanted: Declared, where: str) -> Tensor:
    if array.dtype.kind != "U" or not (wanted.is_text or not wanted.datatype):
        takes = "texts" if wanted.is_text else visible(wanted.datatype)
        came = "texts" if array.dtype.kind == "U" else str(array.dtype)
        raise BoxError(f"{where} takes {takes}, but the batch holds {came}. Pass preprocess= to convert it.")
    if array.ndim == 1 and wanted.dims is not None and len(wanted.dims) == 2 and wanted.dims[1] in {1, None}:
        array = array[:, None]
    return Tensor(wanted.name, _TEXT, array)


def _flat(data: list[Any]) -> list[Any]:
    """The elements of a tensor, which may come flat or nested."""
    while data and isinstance(data[0], list):
        data = [value for row in data for value in (row if isinstance(row, list) else [row])]
    return data


def _shape(dims: tuple[int | None, ...]) -> str:
    return f"({', '.join('any' if size is None else str(size) for size in dims)})"
