"""Moves on records: what each changes, and that a valid record comes of it."""

import numpy as np
import pytest

import featviz as fv
from featviz.latent import Latents


@fv.space
def words(draw):
    """A length that is recorded, and elements that can be told apart."""
    return draw.list("word", lambda d: (d.integer("key", 0, 10**6), d.choice("tag", "ab")), 2, 8)


@fv.space
def pair(draw):
    return draw.uniform("x", 0, 1), draw.one_of("branch", lambda d: d.real("y"), lambda d: d.choice("z", "abc"))


def moved(space, name, parents, mates, seed=0):
    (move,) = [move for move in space.latent.moves if move.name == name]
    children = move.propose(parents, mates, np.random.default_rng(seed))
    space.latent.check(children)
    return list(zip(*(space.decode_latents(x) for x in (parents, mates, children)), strict=True))


@pytest.fixture(scope="module")
def batches():
    latents = words.latent.sample(np.random.default_rng(1), 300)
    return latents[:150], latents[150:]


def test_no_child_is_its_parent(batches):
    for move in words.latent.moves:
        for parent, _, child in moved(words, move.name, *batches):
            # Two runs of elements that are swapped may be the same ones.
            assert child != parent or move.name in {"swap", "shift a block", "duplicate"}


def test_change_changes_one_choice(batches):
    for parent, _, child in moved(words, "change a choice", *batches):
        kept = [a == b for a, b in zip(parent, child, strict=False)]
        assert kept.count(False) + (len(parent) != len(child)) == 1


def test_insert_keeps_every_element_while_there_is_room(batches):
    for parent, _, child in moved(words, "insert", *batches):
        assert len(child) == min(len(parent) + 1, 8)
        if len(parent) < 8:
            assert any(child[:i] + child[i + 1 :] == parent for i in range(len(child)))


def test_delete_takes_one_element(batches):
    for parent, _, child in moved(words, "delete", *batches):
        if len(parent) > 2:
            assert any(parent[:i] + parent[i + 1 :] == child for i in range(len(parent)))
        else:
            assert len(child) == 2


def test_swap_and_shift_keep_the_elements(batches):
    for name in ("swap", "shift a block"):
        for parent, _, child in moved(words, name, *batches):
            assert sorted(parent) == sorted(child) or sum(a != b for a, b in zip(parent, child, strict=False)) <= 1


def test_duplicate_repeats_what_is_there(batches):
    repeated = [
        len(set(child)) < len(child) for parent, _, child in moved(words, "duplicate", *batches) if len(parent) < 8
    ]
    assert np.mean(repeated) > 0.9


def test_splice_takes_the_beginning_of_one_and_the_end_of_the_other(batches):
    for parent, mate, child in moved(words, "splice lists", *batches):
        ends = [i for i in range(len(child) + 1) if child[:i] == parent[:i] and set(child[i:]) <= set(mate)]
        # A child that is too short is filled up, and one like its parent is changed in one choice.
        assert ends or len(child) == 2 or sum(a != b for a, b in zip(parent, child, strict=False)) <= 1


def test_transplant_brings_whole_elements(batches):
    brought = [set(child) & set(mate) for _, mate, child in moved(words, "transplant an element", *batches)]
    assert np.mean([bool(elements) for elements in brought]) > 0.9


def test_crossover_takes_from_nobody_else(batches):
    for name in ("exchange a part", "mix"):
        foreign = 0
        for parent, mate, child in moved(words, name, *batches):
            values = {key for key, _ in (*parent, *mate)}
            foreign += sum(key not in values for key, _ in child)
        # Only what neither has is drawn: elements beyond both, where the length came from the longer one.
        assert foreign < 60


def test_graft_puts_a_part_in_another_place(batches):
    elsewhere = 0
    for parent, mate, child in moved(words, "graft", *batches):
        elsewhere += any(c in mate and c not in parent and mate.index(c) != i for i, c in enumerate(child))
    assert elsewhere > 20


def test_another_branch_is_completed_by_draws():
    parents = Latents.of_records([(("x", 0.5), ("branch", 0), ("branch/case0/y", 1.5))] * 200)
    children = [child for _, _, child in moved(pair, "change a choice", parents, parents)]
    assert {child[1] for child in children if isinstance(child[1], str)} == {"a", "b", "c"}
    assert all(child[0] == 0.5 for child in children if isinstance(child[1], str))


def test_steps_of_numbers_are_small_more_often_than_not():
    parents = Latents.of_records([(("x", 0.5), ("branch", 1), ("branch/case1/z", 0))] * 400)
    steps = np.abs([child[0] - 0.5 for _, _, child in moved(pair, "step", parents, parents) if child[0] != 0.5])
    assert len(steps) > 80
    assert np.median(steps) < 0.02
    assert steps.max() > 0.1


def test_nothing_to_change_is_left_as_it_is():
    space = fv.RecordSpace(lambda draw: draw.integer("only", 1, 1))
    parents = space.latent.sample(np.random.default_rng(0), 3)
    for move in space.latent.moves:
        assert move.propose(parents, parents, np.random.default_rng(0)).digest() == parents.digest()
