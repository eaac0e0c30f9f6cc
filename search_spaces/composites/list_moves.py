"""Moves on lists: insert, delete, duplicate, swap and move elements, cross lists over, and move within an element.

All but the last are one gather: a bank holds the slots of the parent, those of its mate, and one freshly drawn element;
a move says which of them stands in each slot of the child. What leaves a list goes behind its end.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from featviz.latent import Latents, Move
from featviz.search_spaces.composites.slots import Slots

__all__ = ["list_moves"]

Places = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class _Draw:
    """What a move is chosen from: ``at`` (n, count) are the places in the bank that a child holds, ``length`` (n,)."""

    at: Places
    length: Places
    of_mate: Places
    slots: Slots
    rng: np.random.Generator

    def place(self, length: Places) -> Places:
        """A random place in a list of each length; 0 where it is empty."""
        return np.floor(self.rng.random(len(length)) * length).astype(np.int64)

    def source(self) -> Places:
        """Where in the bank to take an element from: half the time the mate's, else the fresh one."""
        count = self.slots.count
        fresh = (self.rng.random(len(self.length)) < 0.5) | (self.of_mate == 0)
        return np.where(fresh, 2 * count, count + self.place(self.of_mate))


def list_moves(slots: Slots) -> tuple[Move, ...]:
    """The moves of a list, and those of its element at a random place."""
    found = [_gathered("replace an element", _replace, slots, 0.5)]
    if slots.lengths:
        found += [
            _gathered("insert an element", _insert, slots),
            _gathered("delete an element", _delete, slots),
            _gathered("duplicate an element", _duplicate, slots, 0.5),
        ]
    if slots.count > 1:
        found += [
            _gathered("swap two elements", _swap, slots, 0.5),
            _gathered("move an element", _move, slots, 0.5),
            _gathered("exchange tails", _tails, slots, 0.5),
            _gathered("exchange elements", _elements, slots, 0.5),
        ]
    return (*found, *(_at_an_element(move, slots) for move in slots.element.moves))


def _gathered(name: str, choose: Callable[[_Draw], tuple[Places, Places]], slots: Slots, weight: float = 1.0) -> Move:
    """A move that says which elements of the bank a child holds, shape (n, count), and how long it is."""

    def propose(parents: Latents, mates: Latents, rng: np.random.Generator) -> Latents:
        n, count = len(parents), slots.count
        own = np.tile(np.arange(count), (n, 1))
        at, length = choose(_Draw(own, slots.length_of(parents), slots.length_of(mates), slots, rng))
        # The bank as one batch: all slots of all parents, then of all mates, then a fresh one for each row.
        fresh = slots.element.sample(rng, n) if (at == 2 * count).any() else slots.flat(parents)[:n]
        bank = Latents.concatenate([slots.flat(parents), slots.flat(mates), fresh])
        row = np.arange(n)[:, None]
        index = np.where(at < count, row * count + at, (n - 1) * count + row * count + at)
        index = np.where(at == 2 * count, 2 * n * count + row, index)
        return slots.whole(length, bank[index.ravel()])

    return Move(name, propose, weight)


def _at_an_element(move: Move, slots: Slots) -> Move:
    """A move of an element, made at a random place of each list; a list without any gets its like."""

    def propose(parents: Latents, mates: Latents, rng: np.random.Generator) -> Latents:
        n, count = len(parents), slots.count
        length, of_mate = slots.length_of(parents), slots.length_of(mates)
        at = np.arange(n) * count + np.floor(rng.random(n) * length).astype(np.int64)
        other = np.arange(n) * count + np.floor(rng.random(n) * of_mate).astype(np.int64)
        flat = slots.flat(parents).copy()
        moved = move.propose(flat[at], slots.flat(mates)[other], rng)
        flat.real[at], flat.categorical[at], flat.records[at] = moved.real, moved.categorical, moved.records
        return slots.whole(length, flat)

    return Move(move.name, propose, move.weight)


def _replace(draw: _Draw) -> tuple[Places, Places]:
    at = draw.at.copy()
    place, rows = draw.place(draw.length), np.arange(len(draw.length))
    at[rows, place] = np.where(draw.length > 0, draw.source(), at[rows, place])
    return at, draw.length


def _insert(draw: _Draw) -> tuple[Places, Places]:
    """An element at a random place; in a list that is full one of its elements gives way."""
    full = draw.length == draw.slots.count
    place = draw.place(draw.length + 1 - full)[:, None]
    source = draw.source()[:, None]
    own = np.arange(draw.slots.count)
    inserted = np.where(own > place, own - 1, own)
    at = np.where(own == place, source, np.where(full[:, None], draw.at, inserted))
    return at, draw.length + ~full


def _delete(draw: _Draw) -> tuple[Places, Places]:
    """Not from a list as short as can be: there an element moves to the end."""
    place = draw.place(draw.length)[:, None]
    length = np.maximum(draw.length - 1, draw.slots.shortest)
    return _taken_to(draw.at, place, np.maximum(draw.length - 1, 0)[:, None]), length


def _duplicate(draw: _Draw) -> tuple[Places, Places]:
    """A copy of an element behind it; in a list that is full it takes the place of the next."""
    place = draw.place(draw.length)[:, None]
    own = np.arange(draw.slots.count)
    full = (draw.length == draw.slots.count)[:, None]
    copied = np.where(own > place, np.where(full & (own > place + 1), own, own - 1), own)
    there = (draw.length > 0)[:, None]
    return np.where(there, copied, draw.at), np.minimum(draw.length + there[:, 0], draw.slots.count)


def _swap(draw: _Draw) -> tuple[Places, Places]:
    at, rows = draw.at.copy(), np.arange(len(draw.length))
    first, second = draw.place(draw.length), draw.place(draw.length)
    at[rows, first], at[rows, second] = draw.at[rows, second], draw.at[rows, first]
    return at, draw.length


def _move(draw: _Draw) -> tuple[Places, Places]:
    first, second = draw.place(draw.length)[:, None], draw.place(draw.length)[:, None]
    return _taken_to(draw.at, first, second), draw.length


def _tails(draw: _Draw) -> tuple[Places, Places]:
    """The head of the parent and the tail of the mate, cut at one place or, half the time, each at its own."""
    count = draw.slots.count
    cut = draw.place(draw.length + 1)
    aligned = draw.rng.random(len(cut)) < 0.5
    from_place = np.where(aligned, np.minimum(cut, draw.of_mate), draw.place(draw.of_mate + 1))
    length = np.clip(cut + draw.of_mate - from_place, draw.slots.shortest, count)
    own = np.arange(count)
    theirs = own - cut[:, None] + from_place[:, None]
    # Where the mate has no more the parent's own genes stay.
    at = np.where((own >= cut[:, None]) & (theirs < draw.of_mate[:, None]), count + theirs, draw.at)
    return at, length


def _elements(draw: _Draw) -> tuple[Places, Places]:
    """Each element of the parent or, as likely, the mate's at the same place."""
    own = np.arange(draw.slots.count)
    both = own < np.minimum(draw.length, draw.of_mate)[:, None]
    theirs = both & (draw.rng.random(draw.at.shape) < 0.5)
    return np.where(theirs, draw.slots.count + own, draw.at), draw.length


def _taken_to(at: Places, first: Places, second: Places) -> Places:
    """What stands at ``first`` at ``second``, and all between them one place nearer to ``first``."""
    own = np.arange(at.shape[1])
    towards = np.where((own >= first) & (own < second), own + 1, own)
    back = np.where((own > second) & (own <= first), own - 1, own)
    between = np.where(first <= second, towards, back)
    return np.where(own == second, first, between)
