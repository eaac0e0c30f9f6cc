"""Batches of inputs of any type, compared: what the contracts of spaces rest on."""

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.batches import take_one
from featviz.errors import FeatvizError, SpaceError
from featviz.latent import Latents
from featviz.protocols import SearchSpace
from featviz.text import without_address

__all__ = ["ROWS", "digest", "drawn", "encoded", "expect", "near", "one", "same"]

# Inputs of the batches that are looked at.
ROWS = 5
# What float32 arithmetic may differ by between a batch and one of its rows, relative to the largest value.
_ROUNDING = 1e-6
_PLAIN = (str, int, float, np.generic)


def expect(holds: bool, message: str) -> None:
    """Raise :class:`SpaceError` unless ``holds``."""
    if not holds:
        raise SpaceError(message)


def drawn(space: SearchSpace, seed: int = 0, n: int = ROWS) -> Latents:
    """A few latents from the prior."""
    return space.latent.sample(np.random.default_rng(seed), n)


def encoded(space: SearchSpace, batch: Any) -> Latents | None:
    """The latents of inputs, None where the space cannot tell them and says so."""
    try:
        return space.encode_inputs(batch)
    except FeatvizError as error:
        if "encode" not in str(error):
            raise SpaceError("a space that cannot encode must say how to give it an encode.") from error
        return None


def one(batch: Any) -> Any:
    """The first input, as a renderer is given it."""
    return take_one(batch, 0)


def digest(batch: Any) -> str:
    """A digest of every value in a batch, the same in every process."""
    h = hashlib.blake2b(digest_size=16)
    for leaf in _leaves(batch):
        array = np.asarray(leaf)
        h.update(f"{array.dtype}{array.shape}".encode())
        # Surrogates have no bytes in UTF-8, and are text all the same.
        content = repr(array.tolist()).encode("utf-8", "backslashreplace")
        h.update(content if array.dtype == object else np.ascontiguousarray(array).tobytes())
    return h.hexdigest()


def same(a: Any, b: Any) -> bool:
    """Whether two batches are equal to the last bit."""
    return digest(a) == digest(b)


def near(a: Any, b: Any, tolerance: float = _ROUNDING) -> bool:
    """Whether two batches are equal but for rounding, relative to the largest value of each part."""
    first, second = _leaves(a), _leaves(b)
    if len(first) != len(second):
        return False
    return all(_near_arrays(np.asarray(x), np.asarray(y), tolerance) for x, y in zip(first, second, strict=True))


def _leaves(batch: Any) -> list[Any]:
    """The arrays of a batch, with what tells apart batches of other shapes."""
    if isinstance(batch, dict):
        names = sorted(batch, key=repr)
        return [repr(names), *(leaf for name in names for leaf in _leaves(batch[name]))]
    if isinstance(batch, list) and len(set(map(type, batch))) == 1 and isinstance(batch[0], _PLAIN):
        # As objects texts keep the zeros at their ends, which numpy's own texts lose, and large whole numbers fit.
        return [np.array(batch, dtype=object if isinstance(batch[0], str | int) else None)]
    if isinstance(batch, list | tuple):
        # Inputs of any shape, each with parts of its own; their number belongs to what is compared.
        return [len(batch), *(leaf for x in batch for leaf in _leaves(x))]
    if hasattr(batch, "dtypes") and hasattr(batch, "columns"):
        # A frame as a whole would be an array of objects, in which numbers had to be equal to the last bit.
        return [np.array(list(map(str, batch.columns))), *(batch[name].to_numpy() for name in batch.columns)]
    return [_leaf(batch)]


def _leaf(x: Any) -> Any:
    if isinstance(x, np.ndarray | np.generic | str | int | float):
        return x
    if hasattr(x, "to_numpy"):
        return x.to_numpy()
    if isinstance(x, set | frozenset):
        return repr(sorted(map(repr, x)))
    return without_address(repr(x))


def _near_arrays(a: NDArray[Any], b: NDArray[Any], tolerance: float) -> bool:
    if a.shape != b.shape or a.dtype != b.dtype or a.dtype.kind not in "fc":
        return digest(a) == digest(b)
    largest = max(1.0, float(np.abs(b).max(initial=0, where=np.isfinite(b))))
    return bool(np.allclose(a, b, rtol=0, atol=tolerance * largest, equal_nan=True))
