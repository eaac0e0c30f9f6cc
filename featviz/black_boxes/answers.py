"""What a black box answered, as float64 rows: one place decides what counts as a number."""

import math
import numbers
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.errors import AnswerShapeError, AnswerTypeError, RowsFailed
from featviz.text import first_line, shown, visible

__all__ = ["as_outputs", "rows_of"]

Outputs = NDArray[np.float64]
_NUMBER_KINDS = "fiu"


def as_outputs(answer: Any, n: int, names: Sequence[str]) -> Outputs:
    """The answer to n inputs as one row of k = ``len(names)`` numbers each.

    Numbers are Python's and numpy's real ones, of any width: what is too large for float64 becomes infinite, which
    is for the caller to judge. Truth values, complex numbers, text, None and objects are not numbers: a ``True``
    taken for 1.0 would be a score that nobody gave.

    Args:
        answer: an array, list, tuple, data frame or anything with ``__array__`` of shape (n, k); of shape (n,) where
            k is 1; of shape (k,), or a single number where k is 1 too, where n is 1; or a mapping from each of
            the names to its n numbers (what else it holds is ignored).
        n: the number of inputs that were asked.
        names: the k names of the outputs.

    Returns:
        float64 array of shape (n, k). It may share memory with ``answer``.

    Raises:
        AnswerShapeError: when the number of rows or columns is another one, or a name is missing.
        AnswerTypeError: when nothing in the answer is a number.
        RowsFailed: when some rows, and not all, hold what is not a number or have another length.
    """
    if isinstance(answer, np.ndarray) and answer.dtype == np.float64 and answer.shape == (n, len(names)):
        return np.ma.filled(answer, np.nan) if isinstance(answer, np.ma.MaskedArray) else answer
    columns = getattr(answer, "columns", None)
    if columns is not None and set(names) <= set(columns):  # a data frame, whose columns may stand in another order
        answer = {name: answer[name].to_numpy() for name in names}
    if isinstance(answer, Mapping):
        return _from_columns(answer, n, names)
    if isinstance(answer, list | tuple):
        return _from_list(answer, n, names)
    if not isinstance(answer, np.ndarray):
        answer = _to_array(answer)
    if answer.dtype.kind == "O" and answer.ndim:
        return _from_list(answer.tolist(), n, names)
    return _shaped(_numbers(answer), n, len(names))


def rows_of(rows: Sequence[Any], errors: Mapping[int, Exception], names: Sequence[str]) -> Outputs:
    """One row of ``len(names)`` numbers for each of ``rows``, which were answered one by one.

    Args:
        rows: what was answered for each input: k numbers, a single one where k is 1, or a mapping by name.
        errors: what went wrong already, by row; the entry in ``rows`` is not looked at.
        names: the k names of the outputs.

    Returns:
        float64 array of shape (n, k).

    Raises:
        RowsFailed: when any row failed, with the outputs of the others.
    """
    failed = dict(errors)
    outputs = np.full((len(rows), len(names)), np.nan)
    for i, row in enumerate(rows):
        if i in failed:
            continue
        try:
            outputs[i] = _from_columns(row, 1, names)[0] if isinstance(row, Mapping) else _row(row, len(names))
        except (AnswerShapeError, AnswerTypeError) as error:
            failed[i] = error
    _raise_if_any(outputs, failed)
    return outputs


def _from_columns(answer: Mapping[Any, Any], n: int, names: Sequence[str]) -> Outputs:
    outputs = np.full((n, len(names)), np.nan)
    failed: dict[int, Exception] = {}
    for column, name in enumerate(names):
        if name not in answer:
            had = ", ".join(repr(visible(key, 40)) for key in list(answer)[:10]) or "nothing"
            raise AnswerShapeError(f"the answer has no {visible(name)!r}; it has {had}. Every output must be there.")
        try:
            outputs[:, column] = as_outputs(answer[name], n, (name,))[:, 0]
        except RowsFailed as error:
            if n == 1:  # the mapping is the answer to one input: its error says more than "1 of 1 failed"
                raise error.errors[0] from None
            outputs[:, column] = error.outputs[:, 0]
            failed |= error.errors
    _raise_if_any(outputs, failed)
    return outputs


def _from_list(answer: Sequence[Any], n: int, names: Sequence[str]) -> Outputs:
    k = len(names)
    if set(map(type, answer)) <= {float, int, np.float64, np.float32}:
        # No row is looked at on its own here. An int that no float64 can hold is left to the slow path.
        try:
            return _shaped(np.asarray(answer, dtype=np.float64), n, k)
        except OverflowError:
            pass
    if len(answer) != n:
        if n == 1 and len(answer) == k:
            return rows_of([answer], {}, names)
        raise AnswerShapeError(_expected(n, k, f"a {type(answer).__name__} of {len(answer)} entries"))
    return rows_of(answer, {}, names)


def _to_array(answer: Any) -> NDArray[Any]:
    if isinstance(answer, numbers.Number | str | bytes) or answer is None or not hasattr(answer, "__array__"):
        return np.asarray(_number(answer))
    return np.asarray(answer)


def _row(value: Any, k: int) -> Outputs:
    if isinstance(value, list | tuple):
        array = np.array([_number(v) for v in value], dtype=np.float64)
    elif isinstance(value, numbers.Number | str | bytes) or not hasattr(value, "__array__"):
        array = np.asarray(_number(value))
    else:
        raw = np.asarray(value)
        array = np.array([_number(v) for v in raw.ravel()]) if raw.dtype.kind == "O" else _numbers(raw)
    return _shaped(array, 1, k).reshape(k)


def _number(value: Any) -> float:
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Real):
        raise AnswerTypeError(f"expected a real number, but the answer is {shown(value)}. Return floats.")
    number: Any = value
    try:
        return float(number)
    except OverflowError:  # such as 10**400: too large, and so infinite for the judge of the answer
        return math.inf if number > 0 else -math.inf


def _numbers(array: NDArray[Any]) -> Outputs:
    if array.dtype.kind not in _NUMBER_KINDS:
        example = shown(array.flat[0]) if array.size else "nothing"
        raise AnswerTypeError(
            f"expected real numbers, but the answer is an array of dtype {array.dtype}, such as {example}. "
            "Return floats."
        )
    if isinstance(array, np.ma.MaskedArray):
        array = np.ma.filled(array.astype(np.float64), np.nan)
    with np.errstate(over="ignore"):  # a long double that float64 cannot hold becomes infinite
        return array.astype(np.float64, copy=False)


def _shaped(array: Outputs, n: int, k: int) -> Outputs:
    fits = array.shape == (n, k) or (k == 1 and array.shape == (n,)) or (n == 1 and array.shape == (k,))
    if fits or (n == k == 1 and array.shape == ()):
        return array.reshape(n, k)
    raise AnswerShapeError(_expected(n, k, f"shape {array.shape}"))


def _expected(n: int, k: int, came: str) -> str:
    rows = "1 row" if n == 1 else f"{n} rows"
    columns = "1 number" if k == 1 else f"{k} numbers"
    return f"expected {rows} of {columns}, shape ({n}, {k}), but the answer has {came}."


def _raise_if_any(outputs: Outputs, failed: dict[int, Exception]) -> None:
    if not failed:
        return
    outputs[_indices(failed)] = np.nan
    row = min(failed)
    raise RowsFailed(
        f"{len(failed)} of {len(outputs)} inputs failed; the first is row {row}: {first_line(failed[row])}",
        outputs,
        failed,
    )


def _indices(rows: Iterable[int]) -> NDArray[np.intp]:
    return np.fromiter(rows, dtype=np.intp)
