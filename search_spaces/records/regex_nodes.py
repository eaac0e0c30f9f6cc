"""The parts of a regular expression, each of which writes a text that matches it."""

from dataclasses import dataclass
from typing import Protocol

from featviz.search_spaces.records.draws import Draw

__all__ = ["Branches", "Characters", "Group", "Node", "Nothing", "Repeats", "Room", "Sequence"]


@dataclass
class Room:
    """How many characters beyond the shortest text may still be written."""

    left: int


class Node(Protocol):
    """A part of an expression."""

    @property
    def least(self) -> int:
        """The length of its shortest text."""

    def write(self, draw: Draw, room: Room) -> str:
        """A text that matches, at most ``room.left`` longer than the shortest; what it takes is subtracted."""


@dataclass(frozen=True)
class Nothing:
    """What takes no character: an anchor, an empty expression."""

    least: int = 0

    def write(self, draw: Draw, room: Room) -> str:  # noqa: ARG002  nothing to draw
        """The empty text."""
        return ""


@dataclass(frozen=True)
class Characters:
    """One of some characters."""

    characters: str
    name: str
    least: int = 1

    def write(self, draw: Draw, room: Room) -> str:  # noqa: ARG002  one character fits always
        """One character."""
        return self.characters if len(self.characters) == 1 else draw.choice(self.name, self.characters)


@dataclass(frozen=True)
class Sequence:
    """Parts one after another."""

    parts: tuple[Node, ...]

    @property
    def least(self) -> int:
        """The sum over the parts."""
        return sum(part.least for part in self.parts)

    def write(self, draw: Draw, room: Room) -> str:
        """The texts of all parts."""
        return "".join([part.write(draw, room) for part in self.parts])


@dataclass(frozen=True)
class Branches:
    """One of several parts."""

    parts: tuple[Node, ...]
    name: str

    @property
    def least(self) -> int:
        """That of the shortest part."""
        return min(part.least for part in self.parts)

    def write(self, draw: Draw, room: Room) -> str:
        """The text of one part, of those that there is room for."""
        fits = [part.least - self.least <= room.left for part in self.parts]
        # All parts keep their places, so that a record means the same wherever it has room.
        p = None if all(fits) else [ok / sum(fits) for ok in fits]
        case, inside = draw.branch(self.name, len(self.parts), p)
        room.left -= self.parts[case].least - self.least
        return self.parts[case].write(inside, room)


@dataclass(frozen=True)
class Repeats:
    """A part several times; ``high`` is None where only the room ends it."""

    part: Node
    low: int
    high: int | None
    name: str

    @property
    def least(self) -> int:
        """That of the fewest repeats."""
        return self.low * self.part.least

    def write(self, draw: Draw, room: Room) -> str:
        """The texts of all repeats, as a list."""
        more = room.left // max(1, self.part.least)
        high = self.low + (more if self.high is None else min(more, self.high - self.low))
        elements = draw.elements(self.name, self.low, high)
        room.left -= (len(elements) - self.low) * self.part.least
        return "".join([self.part.write(element, room) for element in elements])


@dataclass(frozen=True)
class Group:
    """A part under the name of its group."""

    part: Node
    name: str

    @property
    def least(self) -> int:
        """The part's."""
        return self.part.least

    def write(self, draw: Draw, room: Room) -> str:
        """The part's text."""
        return self.part.write(draw.scope(self.name), room)
