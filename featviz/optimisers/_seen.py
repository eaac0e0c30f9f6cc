"""Which latents were evaluated already, in 8 bytes each."""

from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from featviz.latent import Latents

__all__ = ["Seen", "hashes"]


def hashes(latents: Latents) -> list[int]:
    """A number of 8 bytes for each latent: equal for equal latents, and the same in every process."""
    return [int.from_bytes(blake2b(key, digest_size=8).digest(), "little") for key in latents.keys()]  # noqa: SIM118  not a mapping


class Seen:
    """A set of hashes that forgets the older half rather than grow beyond ``most``."""

    def __init__(self, most: int) -> None:
        self._most = most
        # A dict, for the order in which its keys came.
        self._hashes: dict[int, None] = {}

    def __contains__(self, value: int) -> bool:
        return value in self._hashes

    def __len__(self) -> int:
        return len(self._hashes)

    def add(self, values: list[int]) -> None:
        """Remember ``values``."""
        self._hashes.update(dict.fromkeys(values))
        if len(self._hashes) > self._most:
            self.restore(self.stored()[-(self._most // 2) :])

    def stored(self) -> NDArray[np.uint64]:
        """All of them, oldest first, shape (m,)."""
        return np.fromiter(self._hashes, dtype=np.uint64, count=len(self._hashes))

    def restore(self, stored: NDArray[np.uint64]) -> None:
        """Take back what ``stored`` gave."""
        self._hashes = dict.fromkeys(stored.tolist())
