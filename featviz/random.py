"""Random numbers keyed by (seed, purpose, generation), so that no generator state is ever saved."""

from operator import index as whole

import numpy as np

__all__ = ["Streams"]

# The step of numpy's ``PCG64.jumped``: 2**128 times (golden ratio - 1), so that the beginnings of any N streams
# lie at least 2**126 / N draws apart. It is odd: steps of a power of two would share the low bits.
_JUMP = 210306068529402873165736369884012333109
_PERIOD = 1 << 128


class Streams:
    """Independent random generators, one for each whole number.

    ``Streams(seed, *key).at(i)`` is the same stream in every process and after any interruption. A stream costs
    about 2 µs, since one bit generator is moved instead of a new one being made: O'Neill 2014, "PCG: A Family of
    Simple Fast Space-Efficient Statistically Good Algorithms for Random Number Generation".

    Args:
        seed: the user's seed, 0 to 2**64 - 1.
        key: further whole numbers, 0 to 2**64 - 1, such as the number of a restart, that separate purposes. Keys of
            different lengths differ too.
    """

    def __init__(self, seed: int, *key: int) -> None:
        # SeedSequence pads with zeros and cuts numbers in words of 32 bits: (5,), (5, 0) and (5, 0, 0) would be one
        # stream without the length, (5, 2**32) and (5, 0, 1) without two words a number.
        words = [len(key)]
        for number in (seed, *key):
            words += [whole(number) & 0xFFFFFFFF, whole(number) >> 32]
        self._bits = np.random.PCG64(np.random.SeedSequence(words))
        self._start = self._bits.state
        self._generator = np.random.Generator(self._bits)

    def at(self, index: int) -> np.random.Generator:
        """The generator of stream ``index``, at its beginning. It is valid until the next call of ``at``."""
        # The state holds the unused half of the last 64-bit draw too, and is set whole.
        self._bits.state = self._start
        self._bits.advance(whole(index) * _JUMP % _PERIOD)
        return self._generator
