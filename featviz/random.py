"""Random numbers keyed by (seed, purpose, generation), so that no generator state is ever saved."""

import numpy as np

__all__ = ["Streams"]

# The step of numpy's ``PCG64.jumped``: the golden ratio times 2**128. Streams a power of two apart would
# share their low bits.
_JUMP = 210306068529402873165736369884012333109
_PERIOD = 1 << 128


class Streams:
    """Independent random generators, one for each whole number.

    ``Streams(seed, *key).at(i)`` is the same stream in every process and after any interruption. A stream costs
    about 2 µs, since one bit generator is moved instead of a new one being made.

    Args:
        seed: the user's seed, 0 to 2**64 - 1.
        key: further non-negative whole numbers, such as the number of a restart, that separate purposes.
    """

    def __init__(self, seed: int, *key: int) -> None:
        words = [seed & 0xFFFFFFFF, seed >> 32, *key]
        self._bits = np.random.PCG64(np.random.SeedSequence(words))
        self._start = self._bits.state
        self._generator = np.random.Generator(self._bits)

    def at(self, index: int) -> np.random.Generator:
        """The generator of stream ``index``, at its beginning. It is valid until the next call of ``at``."""
        self._bits.state = self._start
        self._bits.advance(index * _JUMP % _PERIOD)
        return self._generator
