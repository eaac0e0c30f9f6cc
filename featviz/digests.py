"""Digests of inputs, of which equal ones of one space have the same in every process, and checksums of files."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.batches import batch_length

__all__ = ["file_sha256", "input_digests"]

_SIZE = 16
_DEEPEST = 50


def input_digests(batch: Any) -> list[bytes] | None:
    """16 bytes for each of the n inputs of a batch, or None where they cannot be told apart by their values.

    They can for arrays of numbers or text, data frames, lists of text, numbers, and dicts, lists and tuples of these,
    and batches that are dicts or tuples of such parts; not for other objects. -0.0 and 0.0 are two inputs. All
    batches compared must be of one space: the type of an array has no part in its digests.
    """
    if not batch_length(batch):
        return []
    try:
        return _digests(batch)
    except (TypeError, RecursionError):
        return None


def file_sha256(path: Path) -> str:
    """The SHA-256 checksum of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _digests(batch: Any) -> list[bytes]:
    if isinstance(batch, dict):
        return _joined([_digests(part) for part in batch.values()])
    if isinstance(batch, tuple):
        return _joined([_digests(part) for part in batch])
    if hasattr(batch, "iloc") and hasattr(batch, "columns"):
        return _frame_digests(batch)
    if isinstance(batch, np.ndarray) and batch.dtype.kind in "biufcUS":
        return _array_digests(batch)
    if isinstance(batch, list) or (isinstance(batch, np.ndarray) and batch.dtype.kind == "O"):
        return [_digest(_plain(one)) for one in batch]
    raise TypeError(f"a {type(batch).__name__} has no digest")


def _array_digests(batch: NDArray[Any]) -> list[bytes]:
    # Cut as bytes: rows of an array take a third longer (measured on pictures of 28 x 28).
    content, sha256 = batch.tobytes(), hashlib.sha256
    width = len(content) // len(batch)
    if not width:
        return [b""] * len(batch)
    # The hardware of today has instructions for SHA-256: three times the speed of BLAKE2 (measured).
    return [sha256(content[start : start + width]).digest()[:_SIZE] for start in range(0, len(content), width)]


def _frame_digests(frame: Any) -> list[bytes]:
    columns = [_column_digests(frame.iloc[:, position]) for position in range(frame.shape[1])]
    return _joined(columns) if columns else [b""] * len(frame)


def _column_digests(column: Any) -> list[bytes]:
    if isinstance(column.dtype, np.dtype) and column.dtype.kind in "biufcmM":
        return _array_digests(column.to_numpy())
    if hasattr(column, "cat"):
        digests = [*(_digest(_plain(one)) for one in column.cat.categories.tolist()), b"missing"]
        return [digests[code] for code in column.cat.codes.tolist()]
    if column.dtype == object:
        # The hashes of pandas take 1, 1.0, True and "1" in one column for the same, and "a" and "a\0" too.
        return [_digest(_plain(value)) for value in column]
    return _hashed(column)


def _hashed(column: Any) -> list[bytes]:
    """Of a column of one of pandas' own types, such as whole numbers some of which are missing."""
    from pandas.util import hash_pandas_object  # noqa: PLC0415  only a caller that has data frames has pandas

    # Two passes with different keys: 64 bits alone would meet by chance in long runs.
    halves = [
        hash_pandas_object(column, index=False, hash_key=key).to_numpy()
        for key in ("featviz---first-", "featviz--second-")
    ]
    return [row.tobytes() for row in np.column_stack(halves)]


def _joined(parts: list[list[bytes]]) -> list[bytes]:
    return [_digest(b"".join(row)) for row in zip(*parts, strict=True)]


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()[:_SIZE]


def _plain(value: Any, depth: int = 0) -> bytes:
    """The value with its type and length, so that no two values give the same bytes."""
    if depth > _DEEPEST:
        raise TypeError("the input is nested too deeply")
    kind = type(value).__name__.encode()
    if isinstance(value, str):
        content = value.encode("utf-8", "surrogatepass")
    elif value is None or isinstance(value, bool | int | float | complex | np.generic):
        content = repr(value).encode()
    elif isinstance(value, np.ndarray) and value.dtype.kind in "biufcUS":
        content = f"{value.dtype.str}{value.shape}".encode() + np.ascontiguousarray(value).tobytes()
    elif type(value) in (list, tuple):
        content = b"".join(_plain(part, depth + 1) for part in value)
    elif type(value) is dict:
        content = b"".join(_plain(key, depth + 1) + _plain(part, depth + 1) for key, part in value.items())
    else:
        raise TypeError(f"a {type(value).__name__} has no digest")
    return b"%s %d:%s" % (kind, len(content), content)
