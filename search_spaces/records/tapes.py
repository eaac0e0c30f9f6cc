"""Where the choices of a function of ``draw`` come from, and where they are kept.

A ``Tape`` hands out a value for each choice and keeps it under its path. ``Replay`` hands out those of a record, in
their order, and refuses what does not fit; ``Completion`` uses what it is given where that fits, and draws the rest.
"""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from featviz.errors import LatentShapeError, SpaceError
from featviz.latent import LatentDescription, Latents, Record
from featviz.search_spaces.records.domains import Domain, Value
from featviz.text import shown, visible

__all__ = ["MAX_CHOICES", "Completion", "Edit", "Replay", "Tape"]

# More is a function that calls itself without an end.
MAX_CHOICES = 100_000
# Names and list elements of one input, also of choices with one possible value, which are not kept.
_MOST_STEPS = 1_000_000

# Why a record may not fit.
_PURE = "The record is of another space, or the function depends on something else than what it draws."

# What becomes of one value: the domain, the value, and a generator for a new value.
Edit = Callable[[Domain, Value, np.random.Generator], Value]


class Tape:
    """Hands out and keeps the values of choices.

    Attributes:
        taken: the value of each path, in the order in which they were drawn.
        domains: the domain of each path.
        joint: for each nested space whose genes depend on each other: its description, its latent and their paths.
    """

    def __init__(self) -> None:
        self.taken: dict[str, Value] = {}
        self.domains: dict[str, Domain] = {}
        self.joint: list[tuple[LatentDescription, Latents, tuple[str, ...]]] = []
        self._claimed: dict[str, int] = {}
        self._steps = 0

    @property
    def record(self) -> Record:
        """Every choice so far."""
        return tuple(self.taken.items())

    def claim(self, path: str) -> str:
        """``path``, or with ``#2`` and so on after it where it has been claimed before."""
        self.count_steps(1)
        count = self._claimed.get(path, 0) + 1
        self._claimed[path] = count
        return path if count == 1 else f"{path}#{count}"

    def count_steps(self, count: int) -> None:
        """Count names and elements.

        Raises:
            SpaceError: when there are so many that the input would hardly ever be done.
        """
        self._steps += count
        if self._steps > _MOST_STEPS:
            raise SpaceError(f"one input takes more than {_MOST_STEPS:,} steps: does the function call itself forever?")

    def choose(self, path: str, domain: Domain) -> Value:
        """The value of a choice whose ``path`` is claimed. Where there is only one value, none is kept."""
        if domain.only is not None:
            return domain.only
        value = self._value(path, domain)
        self.taken[path] = value
        self.domains[path] = domain
        if len(self.taken) > MAX_CHOICES:
            raise SpaceError(f"one input has more than {MAX_CHOICES:,} choices: does the function call itself forever?")
        return value

    def log_density(self) -> float:
        """Of all choices so far, under the prior."""
        total = sum(domain.log_density(self.taken[path]) for path, domain in self.domains.items())
        for description, latents, paths in self.joint:
            total += float(description.log_prior(latents)[0])
            total -= sum(self.domains[path].log_density(self.taken[path]) for path in paths if path in self.taken)
        return total

    @abstractmethod
    def _value(self, path: str, domain: Domain) -> Value:
        """The value for a choice."""


class Replay(Tape):
    """The choices of a record, each at its place; anything else is an error.

    Args:
        record: what to replay.
        where: its name, for messages.
    """

    def __init__(self, record: Any, where: str) -> None:
        super().__init__()
        if not isinstance(record, tuple):
            raise LatentShapeError(f"{where} must be a tuple of names with numbers, but it is {shown(record)}.")
        self._record, self._where = record, where

    def finish(self) -> None:
        """Raise :class:`LatentShapeError` unless every choice was asked for."""
        done = len(self.taken)
        if done < len(self._record):
            raise LatentShapeError(
                f"{self._where} does not fit: the function drew all it needs after {done} choices, but the record "
                f"has {len(self._record)}; the next is {visible(self._record[done][0], 80)!r}. {_PURE}"
            )

    def _value(self, path: str, domain: Domain) -> Value:
        place = len(self.taken)
        if place == len(self._record):
            raise LatentShapeError(
                f"{self._where} does not fit: it ends after {place} choices, but the function draws {visible(path)!r}. "
                f"{_PURE}"
            )
        try:
            recorded, value = self._record[place]
        except (TypeError, ValueError):
            raise LatentShapeError(
                f"{self._where}: choice {place} must be a name with a number, but it is {shown(self._record[place])}."
            ) from None
        if recorded != path:
            raise LatentShapeError(
                f"{self._where} does not fit: as choice {place} the function draws {visible(path, 80)!r}, but the "
                f"record has {visible(recorded, 80)!r}. Was the function changed since?"
            )
        if not domain.contains(value):
            raise LatentShapeError(
                f"{self._where} does not fit: {visible(path, 80)!r} is {shown(value)}, which is not in {domain}."
            )
        fits: Value = value
        return fits


class Completion(Tape):
    """Values that are given, where they fit, and draws from the prior elsewhere.

    Args:
        values: by path.
        rng: what to draw with.
        edits: by path, what becomes of a given value.
    """

    def __init__(
        self, values: Mapping[str, Value], rng: np.random.Generator, edits: Mapping[str, Edit] | None = None
    ) -> None:
        super().__init__()
        self.rng = rng
        self._values = values
        self._edits = edits or {}
        self._fallback: dict[str, Value] = {}
        self._ignoring = 0

    def knows(self, path: str) -> bool:
        """Whether a value for ``path`` is given."""
        return not self._ignoring and path in self._values

    def fall_back_on(self, values: Mapping[str, Value]) -> None:
        """Take these values where none is given, in place of draws."""
        self._fallback.update(values)

    @property
    def mark(self) -> tuple[int, int, int, int]:
        """How far the tape is, for :meth:`rewind`."""
        return len(self.taken), len(self._claimed), len(self.joint), self._steps

    def rewind(self, mark: tuple[int, int, int, int]) -> None:
        """Forget what was taken since ``mark``."""
        self._steps = mark[3]
        for kept, length in ((self.taken, mark[0]), (self.domains, mark[0]), (self._claimed, mark[1])):
            while len(kept) > length:
                kept.popitem()
        del self.joint[mark[2] :]

    def fresh(self, make: Callable[[], Any]) -> Any:
        """What ``make`` returns, with every value in it drawn and none of those given used."""
        self._ignoring += 1
        try:
            return make()
        finally:
            self._ignoring -= 1

    def _value(self, path: str, domain: Domain) -> Value:
        known = None if self._ignoring else self._values.get(path)
        if known is not None and not domain.contains(known):
            known = domain.fitted(known)
        if known is None:
            drawn = self._fallback.pop(path, None)
            return domain.draw(self.rng) if drawn is None or not domain.contains(drawn) else drawn
        edit = self._edits.get(path)
        return known if edit is None else edit(domain, known, self.rng)
