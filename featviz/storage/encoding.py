"""Optimiser states as JSON with arrays, and checksums over what is stored. No pickle, nothing executed."""

import base64
import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from featviz.errors import RunDamaged, WrongType

__all__ = ["UNREADABLE", "checksum", "decode_state", "encode_state"]

# What parsing and converting values of a doctored file may raise.
UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError, EOFError)
_ARRAY = "__array__"
_DTYPES = frozenset({"<f8", "<f4", "<i8", "<i4", "|u1", "|b1", "<u8"})


def encode_state(state: Mapping[str, Any]) -> str:
    """``state`` as JSON. Arrays are kept bit for bit; floats likewise, infinities and NaN included."""
    return json.dumps(_pack(dict(state)), allow_nan=True, separators=(",", ":"))


def decode_state(text: str) -> dict[str, Any]:
    """The state that :func:`encode_state` wrote.

    Raises:
        RunDamaged: when ``text`` is not such a state.
    """
    try:
        state = _unpack(json.loads(text))
    except UNREADABLE as error:
        raise RunDamaged(f"a stored optimiser state cannot be read: {error}") from error
    if not isinstance(state, dict):
        raise RunDamaged("a stored optimiser state is not a table.")
    return state


def checksum(*parts: bytes) -> bytes:
    """16 bytes over ``parts``, their lengths included."""
    h = hashlib.blake2b(digest_size=16)
    for part in parts:
        h.update(len(part).to_bytes(8, "little"))
        h.update(part)
    return h.digest()


def _pack(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        little = np.ascontiguousarray(value, dtype=value.dtype.newbyteorder("<"))
        if little.dtype.str not in _DTYPES:
            raise WrongType(f"an optimiser state may hold arrays of numbers, but one has dtype {value.dtype}.")
        return {_ARRAY: [little.dtype.str, list(value.shape), base64.b64encode(little.tobytes()).decode("ascii")]}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        return {str(k): _pack(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_pack(v) for v in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise WrongType(f"an optimiser state must be arrays and JSON values, but it holds a {type(value).__name__}.")


def _unpack(value: Any) -> Any:
    if isinstance(value, list):
        return [_unpack(v) for v in value]
    if not isinstance(value, dict):
        return value
    if set(value) != {_ARRAY}:
        return {k: _unpack(v) for k, v in value.items()}
    dtype, shape, data = value[_ARRAY]
    if dtype not in _DTYPES:
        raise ValueError(f"unknown array type {dtype!r}")
    raw = base64.b64decode(data, validate=True)
    if len(raw) != math.prod(shape) * np.dtype(dtype).itemsize:
        raise ValueError("an array has the wrong length")
    return np.frombuffer(raw, dtype=dtype).reshape(shape).copy()
