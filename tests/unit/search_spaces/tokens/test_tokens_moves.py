"""Moves on tokens: each does what it says in every row, reaches all it may reach, and leaves the rest."""

import numpy as np
import pytest

from featviz.latent import Latents
from featviz.search_spaces.tokens.moves import SequenceMoves

POSITIONS, OPTIONS = 6, 50


def fill(left, right, rng):
    """A filler that can be told apart: options of the sequences are below 50."""
    return np.full(len(left), 100) + np.maximum(left, 0) * 0


def made(least):
    return {move.name: move for move in SequenceMoves(POSITIONS, least, fill).moves()}


def batch(rng, n, least):
    tokens = rng.integers(OPTIONS, size=(n, POSITIONS))
    lengths = rng.integers(POSITIONS - least + 1, size=(n, 1))
    genes = tokens if least == POSITIONS else np.hstack([lengths, tokens])
    return Latents(np.empty((n, 0)), genes)


def rows(latents, least):
    """Each row's tokens up to its end, as lists."""
    tokens = latents.categorical[:, -POSITIONS:]
    lengths = latents.categorical[:, 0] + least if least < POSITIONS else np.full(len(tokens), POSITIONS)
    return [row[:length].tolist() for row, length in zip(tokens, lengths, strict=True)]


def tried(name, least, n=600):
    rng = np.random.default_rng(4)
    parents, mates = batch(rng, n, least), batch(rng, n, least)
    before = parents.digest(), mates.digest()
    children = made(least)[name].propose(parents, mates, rng)
    assert (parents.digest(), mates.digest()) == before
    assert len(children) == n
    return list(zip(rows(parents, least), rows(mates, least), rows(children, least), strict=True))


LENGTHS = pytest.mark.parametrize("least", [POSITIONS, 1, 3])


@LENGTHS
def test_a_substitution_fills_one_place(least):
    places = set()
    for parent, _, child in tried("substitution", least):
        changed = [i for i, (a, b) in enumerate(zip(parent, child, strict=True)) if a != b]
        assert len(changed) == 1
        assert child[changed[0]] == 100
        places.add(changed[0])
    assert places == set(range(POSITIONS))


@LENGTHS
def test_a_swap_exchanges_two(least):
    pairs = set()
    for parent, _, child in tried("swap", least):
        assert sorted(parent) == sorted(child)
        changed = [i for i, (a, b) in enumerate(zip(parent, child, strict=True)) if a != b]
        if changed:
            assert len(changed) == 2
            pairs.add(tuple(changed))
    assert pairs == {(i, j) for i in range(POSITIONS) for j in range(i + 1, POSITIONS)}


def shifts(parent):
    """Every sequence that moving one block can make, itself left out."""
    found = set()
    n = len(parent)
    for start in range(n):
        for end in range(start + 1, n + 1):
            block, rest = parent[start:end], parent[:start] + parent[end:]
            found |= {tuple(rest[:at] + block + rest[at:]) for at in range(len(rest) + 1)}
    return found


@LENGTHS
def test_a_shift_moves_a_block(least):
    seen = set()
    for parent, _, child in tried("block shift", least, 6_000):
        assert tuple(child) in shifts(parent)
        if len(set(parent)) == len(parent) == POSITIONS:
            assert child != parent
            seen.add(tuple(parent.index(token) for token in child))
    assert seen == shifts(list(range(POSITIONS))) - {tuple(range(POSITIONS))}


@LENGTHS
def test_a_transplant_is_a_window_of_the_mate(least):
    targets = set()
    for parent, mate, child in tried("transplant", least):
        assert len(child) == len(parent)
        changed = [i for i, (a, b) in enumerate(zip(parent, child, strict=True)) if a != b]
        if not changed:
            continue
        first, last = changed[0], changed[-1]
        window = child[first : last + 1]
        assert any(mate[at : at + len(window)] == window for at in range(len(mate)))
        targets.add(first)
    assert targets == set(range(POSITIONS))


@LENGTHS
def test_an_insertion_moves_the_rest_on(least):
    places = set()
    for parent, _, child in tried("insertion", least):
        at = child.index(100)
        places.add(at)
        want = [*parent[:at], 100, *parent[at:]]
        assert child == want[: min(len(parent) + 1, POSITIONS)]
    assert places == set(range(POSITIONS))


@LENGTHS
def test_a_deletion_closes_up(least):
    places = set()
    for parent, _, child in tried("deletion", least):
        shorter = len(parent) > least
        kept = child if shorter else child[:-1]
        assert shorter or child[-1] == 100
        options = [i for i in range(len(parent)) if parent[:i] + parent[i + 1 :] == kept]
        assert options
        places.update(options)
    assert places == set(range(POSITIONS))


def test_a_single_place_can_only_be_substituted():
    assert [move.name for move in SequenceMoves(1, 1, fill).moves()] == ["substitution"]
