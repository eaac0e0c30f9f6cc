"""A finger print of a space that cannot be written down: by it another space in its place is noticed on resume."""

import hashlib
from typing import Any

import numpy as np

from featviz.protocols import SearchSpace
from featviz.random import Streams
from featviz.text import without_address

__all__ = ["fingerprint_of"]

_STREAM = 0x66696E67
_SAMPLES = 3


def fingerprint_of(space: SearchSpace) -> str:
    """Hexadecimal digits that change with what a few random inputs of the space are; empty where they cannot be made.

    Numbers are rounded to three digits, so that the last bits of another machine's arithmetic change nothing.
    """
    try:
        latents = space.latent.sample(Streams(0, _STREAM).at(0), _SAMPLES)
        inputs = space.decode_latents(latents)
    except Exception:  # noqa: BLE001  the search itself says what is wrong with a space
        return ""
    h = hashlib.blake2b(digest_size=8)
    _feed(h, latents.categorical)
    _feed(h, inputs)
    return h.hexdigest()


def _feed(h: Any, part: Any) -> None:
    if isinstance(part, dict):
        for name in sorted(part, key=repr):
            h.update(repr(name).encode("utf-8", "backslashreplace"))
            _feed(h, part[name])
    elif isinstance(part, list | tuple):
        h.update(f"[{len(part)}]".encode())
        for item in part:
            _feed(h, item)
    elif hasattr(part, "columns") and hasattr(part, "to_dict"):
        _feed(h, part.to_dict("list"))
    elif isinstance(part, np.ndarray) and part.dtype.kind in "fiub":
        h.update(f"{part.dtype}{part.shape}".encode())
        # Half precision has three digits.
        rounded = part.astype(np.float16) if part.dtype.kind == "f" else part
        h.update(np.ascontiguousarray(rounded).tobytes())
    elif isinstance(part, float):
        h.update(f"{part:.3g}".encode())
    else:
        h.update(without_address(repr(part)).encode("utf-8", "backslashreplace"))
