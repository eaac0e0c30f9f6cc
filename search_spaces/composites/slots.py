"""The genes of a list: one for its length, and those of each place in it."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from featviz.latent import LatentDescription, Latents

__all__ = ["Slots", "SlotsPrior"]

T = TypeVar("T", bound=np.generic)


class Slots:
    """Reads and writes the latents of lists.

    Args:
        element: the description of one element.
        shortest: the fewest elements.
        count: the most, and the number of slots.

    The genes of a kind stand slot by slot; in front of the categorical ones is the one for the length, where lists have
    several.
    """

    def __init__(self, element: LatentDescription, shortest: int, count: int) -> None:
        self.element, self.shortest, self.count = element, shortest, count
        self.lengths: tuple[int, ...] = (count - shortest + 1,) if shortest < count else ()

    def length_of(self, latents: Latents) -> NDArray[np.int64]:
        """The length of each list, shape (n,)."""
        if not self.lengths:
            return np.full(len(latents), self.count, dtype=np.int64)
        return latents.categorical[:, 0] + self.shortest

    def active(self, length: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which slots belong to the lists, shape (n, count)."""
        found: NDArray[np.bool_] = np.arange(self.count) < length[:, None]
        return found

    def flat(self, latents: Latents) -> Latents:
        """The latents of all slots of all lists, n * count of them, list by list."""
        n, k = len(latents) * self.count, len(self.lengths)
        return Latents(
            _in_rows(latents.real, n, self.element.real),
            _in_rows(latents.categorical[:, k:], n, len(self.element.options)),
            _in_rows(latents.records, n, self.element.records),
        )

    def whole(self, length: NDArray[np.int64], flat: Latents) -> Latents:
        """The latents of lists, from their lengths and all of their slots."""
        n, element = len(length), self.element
        chosen = _in_rows(flat.categorical, n, len(element.options) * self.count)
        if self.lengths:
            chosen = np.hstack([(length - self.shortest)[:, None], chosen])
        real = _in_rows(flat.real, n, element.real * self.count)
        return Latents(real, chosen, _in_rows(flat.records, n, element.records * self.count))


class SlotsPrior:
    """The prior of a list whose elements have a joint prior or constraints of their own."""

    def __init__(self, slots: Slots) -> None:
        self._slots = slots

    def sample(self, rng: np.random.Generator, n: int) -> Latents:
        """``n`` latents: each slot drawn from the prior of an element, also those behind the end of a list."""
        slots = self._slots
        length = rng.integers(slots.shortest, slots.count, size=n, endpoint=True)
        return slots.whole(length, slots.element.sample(rng, n * slots.count))

    def log_density(self, latents: Latents) -> NDArray[np.float64]:
        """The sum over all slots and the length, shape (n,)."""
        slots = self._slots
        each = slots.element.log_prior(slots.flat(latents)).reshape(len(latents), slots.count)
        of_length = float(np.log(slots.lengths[0])) if slots.lengths else 0.0
        total: NDArray[np.float64] = each.sum(axis=1) - of_length
        return total


def _in_rows(array: NDArray[T], n: int, width: int) -> NDArray[T]:
    """The same numbers in the same order, shape (n, width)."""
    return np.ascontiguousarray(array).reshape(n, width)
