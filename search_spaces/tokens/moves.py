"""Moves on sequences of tokens: each changes all rows of a batch at once.

A sequence stands in the last ``positions`` categorical genes; where lengths vary, the gene before them holds the
length, less the least. What stands behind the end of a sequence is left as it is.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from featviz.latent import Latents, Move

__all__ = ["Filler", "SequenceMoves"]

Int64 = NDArray[np.int64]

# Draws an option for a place between a left and a right neighbour, -1 where there is none; all int64 (n,).
Filler = Callable[[Int64, Int64, np.random.Generator], Int64]


@dataclass(frozen=True)
class SequenceMoves:
    """Makes the moves of a space of sequences.

    Args:
        positions: genes of the sequence, at least 1.
        least: the least length; equal to ``positions`` where the length is fixed.
        filler: draws an option that fits between two neighbours.
    """

    positions: int
    least: int
    filler: Filler

    def moves(self) -> tuple[Move, ...]:
        """All of them, with their weights."""
        found = [Move("substitution", self._move(self._substituted), 1.0)]
        if self.positions == 1:
            return tuple(found)
        found += [
            Move("swap", self._move(self._swapped), 0.3),
            Move("block shift", self._move(self._shifted), 1.0),
            Move("transplant", self._move(self._transplanted), 1.0),
            Move("insertion", self._move(self._inserted), 0.5),
            Move("deletion", self._move(self._deleted), 0.5),
        ]
        return tuple(found)

    def _move(self, change: "Change") -> Callable[[Latents, Latents, np.random.Generator], Latents]:
        def propose(parents: Latents, mates: Latents, rng: np.random.Generator) -> Latents:
            tokens, lengths = self._read(parents)
            others, their_lengths = self._read(mates)
            tokens, lengths = change(tokens, lengths, others, their_lengths, rng)
            children = parents.copy()
            if self.least < self.positions:
                children.categorical[:, 0] = lengths - self.least
            children.categorical[:, -self.positions :] = tokens
            return children

        return propose

    def _read(self, latents: Latents) -> tuple[Int64, Int64]:
        """Options, a copy of shape (n, positions), and lengths (n,)."""
        tokens = latents.categorical[:, -self.positions :].copy()
        if self.least == self.positions:
            return tokens, np.full(len(tokens), self.positions)
        return tokens, latents.categorical[:, 0] + self.least

    def _substituted(
        self, tokens: Int64, lengths: Int64, _others: Int64, _their: Int64, rng: np.random.Generator
    ) -> tuple[Int64, Int64]:
        """One token becomes another that fits between its neighbours."""
        at = rng.integers(lengths) if len(lengths) else lengths
        return self._fill(tokens, lengths, at, rng), lengths

    def _swapped(
        self, tokens: Int64, lengths: Int64, _others: Int64, _their: Int64, rng: np.random.Generator
    ) -> tuple[Int64, Int64]:
        """Two tokens change places."""
        rows = np.arange(len(tokens))
        i = (rng.random(len(tokens)) * lengths).astype(np.int64)
        j = (i + 1 + (rng.random(len(tokens)) * (lengths - 1)).astype(np.int64)) % np.maximum(lengths, 1)
        tokens[rows, i], tokens[rows, j] = tokens[rows, j], tokens[rows, i]
        return tokens, lengths

    def _shifted(
        self, tokens: Int64, lengths: Int64, _others: Int64, _their: Int64, rng: np.random.Generator
    ) -> tuple[Int64, Int64]:
        """A block of tokens moves to another place; those between close up."""
        n = len(tokens)
        width = 1 + (rng.random(n) * (lengths - 1)).astype(np.int64)
        room = lengths - width
        source = (rng.random(n) * (room + 1)).astype(np.int64)
        # Any of the other places, if there is one.
        target = (source + 1 + (rng.random(n) * room).astype(np.int64)) % (room + 1)
        at = np.arange(self.positions)
        in_block = (at >= target[:, None]) & (at < (target + width)[:, None])
        from_block = at - target[:, None] + source[:, None]
        # The others in their order: the k-th of them, skipping the block where it stood.
        rank = np.where(at < target[:, None], at, at - width[:, None])
        from_rest = rank + np.where(rank >= source[:, None], width[:, None], 0)
        taken = np.where(in_block, from_block, from_rest)
        taken = np.where(at < lengths[:, None], taken, at)
        return np.take_along_axis(tokens, taken, axis=1), lengths

    def _transplanted(
        self, tokens: Int64, lengths: Int64, others: Int64, their: Int64, rng: np.random.Generator
    ) -> tuple[Int64, Int64]:
        """A window of the mate, written over the same place, or half the time over any other."""
        n = len(tokens)
        most = np.minimum(lengths, their)
        width = 1 + (rng.random(n) * most).astype(np.int64)
        width = np.minimum(width, most)
        source = (rng.random(n) * (their - width + 1)).astype(np.int64)
        free = (rng.random(n) * (lengths - width + 1)).astype(np.int64)
        same = (rng.random(n) < 0.5) & (source + width <= lengths)
        target = np.where(same, source, free)
        at = np.arange(self.positions)
        inside = (at >= target[:, None]) & (at < (target + width)[:, None])
        place = np.clip(at - target[:, None] + source[:, None], 0, self.positions - 1)
        return np.where(inside, np.take_along_axis(others, place, axis=1), tokens), lengths

    def _inserted(
        self, tokens: Int64, lengths: Int64, _others: Int64, _their: Int64, rng: np.random.Generator
    ) -> tuple[Int64, Int64]:
        """A new token; those behind it move on, and at the greatest length the last one is lost."""
        longer = np.minimum(lengths + 1, self.positions)
        at = (rng.random(len(tokens)) * longer).astype(np.int64)
        place = np.arange(self.positions)
        moved = np.take_along_axis(tokens, place - (place > at[:, None]), axis=1)
        inside = place < longer[:, None]
        tokens = np.where(inside, moved, tokens)
        return self._fill(tokens, longer, at, rng), longer

    def _deleted(
        self, tokens: Int64, lengths: Int64, _others: Int64, _their: Int64, rng: np.random.Generator
    ) -> tuple[Int64, Int64]:
        """A token is lost and those behind it close up; at the least length a new one comes in at the end."""
        shorter = np.maximum(lengths - 1, self.least)
        at = (rng.random(len(tokens)) * lengths).astype(np.int64)
        place = np.arange(self.positions)
        source = np.minimum(place + (place >= at[:, None]), self.positions - 1)
        moved = np.where(place < (lengths - 1)[:, None], np.take_along_axis(tokens, source, axis=1), tokens)
        filled = self._fill(moved, shorter, np.maximum(shorter - 1, 0), rng)
        return np.where((shorter == lengths)[:, None], filled, moved), shorter

    def _fill(self, tokens: Int64, lengths: Int64, at: Int64, rng: np.random.Generator) -> Int64:
        """``tokens`` with a new one at ``at`` in each row."""
        rows = np.arange(len(tokens))
        left = np.where(at > 0, tokens[rows, np.maximum(at - 1, 0)], -1)
        right = np.where(at + 1 < lengths, tokens[rows, np.minimum(at + 1, self.positions - 1)], -1)
        filled = tokens.copy()
        filled[rows, at] = self.filler(left, right, rng)
        return filled


Change = Callable[[Int64, Int64, Int64, Int64, np.random.Generator], tuple[Int64, Int64]]
