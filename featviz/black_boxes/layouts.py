"""From a batch as a space decodes it to the array that a model's file asks for: axes and dtype.

A file gives the shape of its input, with a number or nothing for each dimension. Of the ways to lay out a batch,
those whose shape fits are kept; where two remain that differ, the file does not decide and the user must.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.errors import BoxError

__all__ = ["LAYOUTS", "arrange", "cast", "check_layout", "choose_layout"]

Array = NDArray[Any]
Dims = Sequence[int | None]


def _as_is(batch: Array) -> Array:
    return batch


def _channels_first(batch: Array) -> Array:
    return np.moveaxis(batch, -1, 1)


def _without_channel(batch: Array) -> Array:
    return batch[..., 0]


def _flat(batch: Array) -> Array:
    return batch.reshape(len(batch), -1)


def _flat_channels_first(batch: Array) -> Array:
    return _flat(_channels_first(batch))


# By name: the number of axes of the batches it takes (None: any), and what it does. N inputs, L or H x W positions,
# C channels.
LAYOUTS: dict[str, tuple[int | None, Callable[[Array], Array]]] = {
    "NHWC": (4, _as_is),
    "NCHW": (4, _channels_first),
    "NHW": (4, _without_channel),
    "NLC": (3, _as_is),
    "NCL": (3, _channels_first),
    "NL": (3, _without_channel),
    "flat_channels_last": (None, _flat),
    "flat_channels_first": (None, _flat_channels_first),
    "as_is": (None, _as_is),
}


def choose_layout(batch: Array, dims: Dims, label: str) -> str:
    """The one layout in which ``batch`` fits a model's input.

    Args:
        batch: a batch of shape (n, ...).
        dims: the sizes of the model's input axes after the first; None where the file leaves one open.
        label: the model's name for messages.

    Returns:
        A name in ``LAYOUTS``.

    Raises:
        BoxError: when none fits, or two that differ do; the message names them.
    """
    return _choose(batch.shape, tuple(dims), label)


@lru_cache(maxsize=256)  # a search asks with few shapes, and often
def _choose(shape: tuple[int, ...], dims: tuple[int | None, ...], label: str) -> str:
    batch = np.broadcast_to(np.zeros(()), shape)
    wanted = f"({', '.join(['n', *('any' if d is None else str(d) for d in dims)])})"
    fitting = [name for name in LAYOUTS if _takes(name, batch) and _fits(arrange(batch, name).shape[1:], dims)]
    if not fitting:
        raise BoxError(
            f"{label} takes batches of shape {wanted}, but this one has shape {batch.shape}, which fits in no layout. "
            "Change the space's height, width or channels, or pass preprocess= a function that changes the batch."
        )
    distinct = [name for i, name in enumerate(fitting) if not any(_same(batch, name, f) for f in fitting[:i])]
    if len(distinct) > 1:
        raise BoxError(
            f"{label} takes batches of shape {wanted}, and this one of shape {batch.shape} fits as "
            f"{' and as '.join(distinct)}. Say which with layout='{distinct[0]}' or another of these."
        )
    return fitting[0]


def arrange(batch: Array, layout: str) -> Array:
    """``batch`` with its axes as ``layout`` says."""
    return LAYOUTS[layout][1](batch)


def check_layout(batch: Array, dims: Dims, layout: str, label: str) -> None:
    """Raise :class:`BoxError` unless ``batch`` fits a model's input in the ``layout`` that was asked for."""
    if not _takes(layout, batch) or not _fits(arrange(batch, layout).shape[1:], dims):
        sizes = ["n", *("any" if d is None else str(d) for d in dims)]
        raise BoxError(
            f"{label} takes batches of shape ({', '.join(sizes)}), which a batch of shape {batch.shape} does not have "
            f"in layout {layout!r}."
        )


def cast(batch: Array, dtype: np.dtype[Any], label: str) -> Array:
    """``batch`` in the dtype of a model's input.

    Floats become floats of any width. Pictures in [0, 1] become uint8 as 255 times their value, rounded, and
    clipped. Whole numbers become whole numbers where all fit, or floats.

    Raises:
        BoxError: for fractions where the model takes whole numbers other than uint8, whole numbers that the dtype
            cannot hold, and batches that hold no numbers.
    """
    if batch.dtype == dtype:
        return batch
    if batch.dtype.kind in "fiu" and dtype.kind == "f":
        with np.errstate(over="ignore"):  # what float16 cannot hold becomes infinite, and shows in the outputs
            return np.asarray(batch, dtype=dtype)
    if batch.dtype.kind == "f" and dtype == np.uint8:
        return np.asarray(np.rint(np.clip(batch, 0.0, 1.0) * 255), dtype=np.uint8)
    if batch.dtype.kind in "iu" and dtype.kind in "iu":
        limits = np.iinfo(dtype)
        if batch.size and (batch.min() < limits.min or batch.max() > limits.max):
            raise BoxError(
                f"{label} takes {dtype} from {limits.min} to {limits.max}, but the batch holds values from "
                f"{batch.min()} to {batch.max()}. Pass preprocess= a function that scales them."
            )
        return batch.astype(dtype)
    raise BoxError(
        f"{label} takes {dtype}, but the batch holds {batch.dtype}, which has no obvious place there. "
        "Pass preprocess= a function that converts it."
    )


def _takes(layout: str, batch: Array) -> bool:
    axes, move = LAYOUTS[layout]
    if axes is not None and axes != batch.ndim:
        return False
    if move is _without_channel:
        return bool(batch.shape[-1] == 1)
    if move in (_flat, _flat_channels_first):
        return batch.ndim > 2
    return not (layout == "as_is" and batch.ndim in (3, 4))  # which have names of their own for it


def _fits(shape: tuple[int, ...], dims: Dims) -> bool:
    return len(shape) == len(dims) and all(d is None or d == s for s, d in zip(shape, dims, strict=True))


def _same(batch: Array, a: str, b: str) -> bool:
    """Whether two layouts give the same numbers in the same places for every batch of this shape."""
    marks = np.arange(batch[:1].size).reshape(batch[:1].shape)
    return np.array_equal(arrange(marks, a), arrange(marks, b))
