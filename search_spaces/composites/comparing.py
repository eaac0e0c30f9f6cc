"""Single inputs of any type: whether two are the same, and a short text for one."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.text import visible

__all__ = ["same_input", "text_of"]

_MOST_NUMBERS = 12
_MOST_TEXT = 200


def same_input(a: Any, b: Any, tolerance: float = 0.0) -> bool:
    """Whether two single inputs are equal, and of one kind: 1 is neither True nor 1.0.

    Args:
        a: an input as :func:`~featviz.batches.take_one` gives it, or a part of one.
        b: another.
        tolerance: what two floats may differ by, relative to the larger one, or to 1.
    """
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same_input(a[name], b[name], tolerance) for name in a)
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        of_one_type = isinstance(a, list) == isinstance(b, list)
        return of_one_type and len(a) == len(b) and all(map(same_input, a, b, [tolerance] * len(a)))
    if hasattr(a, "iloc") or hasattr(b, "iloc"):
        return type(a) is type(b) and bool(a.reset_index(drop=True).equals(b.reset_index(drop=True)))
    if _is_numeric(a) and _is_numeric(b):
        return _same_numbers(np.asarray(a), np.asarray(b), tolerance)
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a.shape == b.shape and all(map(same_input, a.ravel().tolist(), b.ravel().tolist()))
    return not (_is_numeric(a) or _is_numeric(b)) and bool(a == b)


def text_of(value: Any) -> str:
    """One line for a reader: numbers to six digits, of a large array its shape and mean."""
    if value is None:
        return "none"
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, np.ndarray):
        if value.size <= _MOST_NUMBERS:
            return text_of(value.tolist())
        shape = " x ".join(map(str, value.shape))
        return f"{shape} values" + (f" around {value.mean():.4g}" if value.dtype.kind in "biuf" else "")
    if isinstance(value, list | tuple) and len(value) <= _MOST_NUMBERS:
        return f"[{', '.join(map(text_of, value))}]"
    return visible(value, _MOST_TEXT)


def _same_numbers(a: NDArray[Any], b: NDArray[Any], tolerance: float) -> bool:
    if a.shape != b.shape or _kind(a) != _kind(b):
        return False
    if _kind(a) != "f":
        return bool((a == b).all())
    scale = np.maximum(1.0, np.maximum(np.abs(a), np.abs(b)))
    return bool(((np.abs(a - b) <= tolerance * scale) | (a == b)).all())


def _is_numeric(value: Any) -> bool:
    if isinstance(value, np.ndarray | np.generic):
        return value.dtype.kind in "biuf"
    return isinstance(value, bool | int | float)


def _kind(array: NDArray[Any]) -> str:
    # Signed and unsigned whole numbers are one kind; a number and a truth value are not.
    kind: str = array.dtype.kind
    return "i" if kind == "u" else kind
