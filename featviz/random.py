"""Random numbers keyed by (seed, purpose, generation), so that no generator state is ever saved."""

import hashlib
from operator import index as whole
from typing import Any

import numpy as np

__all__ = ["Streams"]

# Numbers of streams have 16 bytes; a negative or larger one is refused.
_INDEX_BYTES = 16


class Streams:
    """Independent random generators, one for each whole number.

    ``Streams(seed, *key).at(i)`` is the same stream in every process and after any interruption. The generator is
    SFC64 (Doty-Humphrey 2010, "PractRand"), which draws normal numbers faster than numpy's other ones; each stream
    begins where a hash of its key says, among 2**192 beginnings, and its counter keeps it from repeating within 2**64
    draws. A stream costs about 5 µs, since one bit generator is moved instead of a new one being made.

    Args:
        seed: the user's seed, 0 to 2**64 - 1.
        key: further whole numbers, 0 to 2**64 - 1, such as the number of a restart, that separate purposes. Keys of
            different lengths differ too.
    """

    def __init__(self, seed: int, *key: int) -> None:
        words = b"".join(_word(number) for number in (seed, *key))
        self._hash = hashlib.blake2b(words, digest_size=24, person=b"featviz streams", salt=_word(len(key)))
        self._bits = np.random.SFC64(0)
        self._words = np.ones(4, dtype=np.uint64)  # the last one is the counter
        # The state holds the unused half of the last 64-bit draw too, and is set whole.
        self._state: Any = {"bit_generator": "SFC64", "state": {"state": self._words}, "has_uint32": 0, "uinteger": 0}
        self._generator = np.random.Generator(self._bits)

    def at(self, index: int) -> np.random.Generator:
        """The generator of stream ``index``, at its beginning. It is valid until the next call of ``at``."""
        begins = self._hash.copy()
        begins.update(whole(index).to_bytes(_INDEX_BYTES, "little"))
        self._words[:3] = np.frombuffer(begins.digest(), dtype="<u8")
        self._bits.state = self._state
        return self._generator


def _word(number: int) -> bytes:
    number = whole(number)
    if not 0 <= number < 1 << 64:
        raise ValueError(f"seeds and keys are non-negative whole numbers below 2**64, but one is {number}")
    return number.to_bytes(8, "little")
