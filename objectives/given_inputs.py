"""Inputs that are given to an objective: in the form of the space's batches, written into specs, told apart."""

import hashlib
from typing import Any

import numpy as np

from featviz.batches import batch_length, stack
from featviz.digests import input_digests
from featviz.errors import InvalidArgument, WrongType
from featviz.text import shown

__all__ = ["GivenInputs", "label_of"]

# A run's description stays readable, and small enough to be read again.
_MOST_WRITTEN = 20_000


class GivenInputs:
    """A batch of inputs that an objective compares others with.

    Args:
        given: a batch as the space decodes it; a run, for its nine best inputs; one of its candidates or a list of
            them; or one input.
        what: what it is called in messages.

    Raises:
        InvalidArgument: when there is none.
        WrongType: when it is nothing that holds inputs.
    """

    def __init__(self, given: Any, what: str) -> None:
        self._what = what
        self._given = _inputs_of(given, what)

    def batch(self, like: Any) -> Any:
        """The inputs as a batch of the form of ``like``, a batch of the space.

        Raises:
            InvalidArgument: when they are inputs of another space.
        """
        try:
            found = _as_batch(self._given, like)
        except (TypeError, ValueError, KeyError):
            found = None
        if found is None or not batch_length(found):
            raise InvalidArgument(f"{self._what} must hold inputs of the space that is searched, as it decodes them.")
        return found

    def written(self) -> Any:
        """The inputs as lists, tables, text and numbers, or None when they are too many or cannot be written down."""
        return _written(self._given)

    def label(self) -> str:
        """Six characters that differ for other inputs, or nothing where these cannot be told apart."""
        if (written := self.written()) is not None:  # the same once it is rebuilt from there
            return label_of(repr(written).encode())
        try:
            digests = input_digests(self._given)
        except (TypeError, ValueError):
            return ""
        return "" if digests is None else label_of(b"".join(digests))


def label_of(content: bytes) -> str:
    """Six characters that differ for other contents."""
    return hashlib.sha256(content).hexdigest()[:6]


def _inputs_of(given: Any, what: str) -> Any:
    is_frame = hasattr(given, "iloc")  # whose columns are attributes, under any name
    if not is_frame and callable(getattr(given, "top", None)):  # a run
        given = given.top(9)
    if not is_frame and hasattr(given, "input"):
        given = [given]
    if isinstance(given, list | tuple) and given and all(hasattr(x, "input") and not hasattr(x, "iloc") for x in given):
        given = stack([one.input for one in given])
    if given is None or isinstance(given, int | float | bool) or callable(given):
        raise WrongType(f"{what} must be inputs of the space, or a run, but it is {shown(given)}.")
    if isinstance(given, list | tuple | dict | np.ndarray) and len(given) == 0:
        raise InvalidArgument(f"{what} must hold at least one input, but it is empty.")
    return given


def _as_batch(given: Any, like: Any) -> Any:
    if hasattr(like, "iloc"):
        if isinstance(given, dict):
            given = [given]
        return given if hasattr(given, "iloc") else type(like)(list(given))
    if isinstance(like, dict):
        return {name: _as_batch(given[name], part) for name, part in like.items()}
    if isinstance(like, tuple):
        return tuple(_as_batch(one, part) for one, part in zip(given, like, strict=True))
    if isinstance(like, np.ndarray):
        rows = np.asarray(given, dtype=like.dtype)
        rows = rows[None] if rows.ndim == like.ndim - 1 else rows
        return rows if rows.ndim == like.ndim and rows.shape[1:] == like.shape[1:] else None
    if isinstance(given, list) and len(like) and all(type(one) is type(like[0]) for one in given):
        return given
    return [given] if len(like) and type(given) is type(like[0]) else list(given)


def _written(given: Any) -> Any:
    if isinstance(given, np.ndarray | np.generic):
        return given.tolist() if given.dtype.kind in "biuf" and given.size <= _MOST_WRITTEN else None
    if hasattr(given, "iloc") and hasattr(given, "columns"):
        given = given.to_dict("records")
    if isinstance(given, dict):
        parts = {name: _written(part) for name, part in given.items()}
        plain = all(isinstance(name, str) for name in parts) and not any(part is None for part in parts.values())
        return parts if plain else None
    if isinstance(given, list | tuple):
        entries = [_written(one) for one in given[: _MOST_WRITTEN + 1]]
        return None if len(entries) > _MOST_WRITTEN or any(one is None for one in entries) else entries
    missing = isinstance(given, float) and np.isnan(given)
    return given if isinstance(given, str | int | float | bool) and not missing else None
