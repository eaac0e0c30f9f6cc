"""Moves of rows: what each changes, what it leaves, and that it reaches all that the columns can be."""

import numpy as np
import pandas as pd

import featviz as fv
from featviz.latent import Latents

COLUMNS = {
    "age": fv.Integer(18, 30),
    "x": fv.Uniform(0, 1),
    "size": fv.Ordered(["s", "m", "l"], [0.1, 0.8, 0.1]),
    "colour": fv.Choice(list("rgby"), [0.7, 0.1, 0.1, 0.1]),
    "on": fv.Boolean(0.1),
    "debt": fv.Nullable(fv.Rounded(fv.Uniform(0, 5), 0.5), 0.2),
    "day": fv.Date("2020-01-01", "2020-01-09"),
}
ROW = {"age": 20, "x": 0.5, "size": "m", "colour": "r", "on": False, "debt": None, "day": "2020-01-03"}
SPACE = fv.TabularSpace(COLUMNS, reference=ROW)
RESAMPLE, BORROW, STEP, BACK = SPACE.latent.moves


def drawn(seed, n=2_000):
    return SPACE.latent.sample(np.random.default_rng(seed), n)


def changed(parents, children):
    """Which columns differ in each row, shape (n, columns)."""
    a, b = SPACE.decode_latents(parents), SPACE.decode_latents(children)
    return np.column_stack(
        [(a[c] != b[c]).to_numpy(dtype=bool, na_value=True) & ~(a[c].isna() & b[c].isna()) for c in a]
    )


def test_resampling_changes_one_column_at_most_and_any():
    parents = drawn(0)
    flags = changed(parents, RESAMPLE.propose(parents, drawn(1), np.random.default_rng(2)))
    assert flags.sum(axis=1).max() == 1
    assert flags.any(axis=0).all()


def test_resampling_reaches_every_value():
    parents = SPACE.encode_inputs(SPACE.reference)[np.zeros(20_000, dtype=int)]
    children = SPACE.decode_latents(RESAMPLE.propose(parents, parents, np.random.default_rng(0)))
    assert set(children.age) == set(range(18, 31))
    assert set(children["size"]) == {"s", "m", "l"}
    assert set(children.colour) == set("rgby")
    assert set(children.on) == {False, True}
    assert children.debt.isna().any()
    assert children.debt.notna().any()
    assert len(set(children.day)) == 9
    assert children.x.min() < 0.01
    assert children.x.max() > 0.99


def test_resampling_follows_what_the_others_say():
    space = fv.TabularSpace({"a": fv.Real(), "b": fv.Real()}, correlation=[[1], [0.95, 1]])
    parents = Latents.of_real(np.tile([[2.0, -2.0]], (4_000, 1)))
    children = space.latent.moves[0].propose(parents, parents, np.random.default_rng(0)).real
    moved = children[:, 1] != -2.0
    assert 0.4 < moved.mean() < 0.6
    assert abs(children[moved, 1].mean() - 1.9) < 0.05
    assert abs(children[moved, 1].std() - np.sqrt(1 - 0.95**2)) < 0.03


def test_borrowed_columns_are_those_of_the_mate():
    parents, mates = drawn(0), drawn(1)
    children = BORROW.propose(parents, mates, np.random.default_rng(2))
    from_mate = children.real == mates.real
    assert (from_mate | (children.real == parents.real)).all()
    a, b, c = (SPACE.decode_latents(each) for each in (parents, mates, children))
    for name in COLUMNS:
        same = [(c[name] == each[name]) | (c[name].isna() & each[name].isna()) for each in (a, b)]
        assert (same[0] | same[1]).all()
    share = from_mate.mean()
    assert 0.2 < share < 0.5
    # A column that may be missing goes as a whole: the value with the gap.
    debt = list(COLUMNS).index("debt")
    took_gene = children.real[:, 3] == mates.real[:, 3]
    took_gap = children.categorical[:, 2] == mates.categorical[:, 2]
    assert debt == 5
    assert (took_gap | ~took_gene).all()


def test_a_step_goes_to_the_next_value():
    parents = drawn(0, 6_000)
    children = STEP.propose(parents, parents, np.random.default_rng(1))
    a, b = SPACE.decode_latents(parents), SPACE.decode_latents(children)
    moved = changed(parents, children)
    # Only a value that is missing can change unseen.
    assert (moved.sum(axis=1) == 1).mean() > 0.95
    assert set((b.age - a.age).unique()) == {-1, 0, 1}
    both = a.debt.notna() & b.debt.notna()
    assert set((b.debt - a.debt)[both].unique()) == {-0.5, 0.0, 0.5}
    assert set((b.day - a.day).dt.days.unique()) == {-1, 0, 1}
    assert set((b["size"].cat.codes - a["size"].cat.codes).unique()) == {-1, 0, 1}
    assert 0 < (b.x - a.x).abs().max() < 0.03
    colours = pd.crosstab(a.colour, b.colour)
    assert (colours.to_numpy() > 0).all()
    # At the lower end the way up is taken.
    assert (b.age[(a.age == 18) & moved[:, 0]] == 19).all()


def test_going_back_brings_rows_nearer_to_the_reference():
    parents = drawn(0)
    children = BACK.propose(parents, parents, np.random.default_rng(1))
    before, after = (SPACE.changed(SPACE.decode_latents(each)) for each in (parents, children))
    assert not (after & ~before).any()
    assert before.sum() - after.sum() > 0.8 * len(parents)
    assert (before & ~after).any(axis=0).all()
    start = SPACE.encode_inputs(SPACE.reference)
    assert BACK.propose(start, start, np.random.default_rng(0)).digest() == start.digest()


def test_without_a_reference_there_is_no_way_back():
    assert len(fv.TabularSpace(COLUMNS).latent.moves) == 3


def test_at_least_one_column_is_borrowed():
    space = fv.TabularSpace({name: fv.Real() for name in "abcdefgh"})
    parents, mates = (space.latent.sample(np.random.default_rng(seed), 3_000) for seed in (0, 1))
    children = space.latent.moves[1].propose(parents, mates, np.random.default_rng(2))
    taken = (children.real == mates.real).sum(axis=1)
    assert taken.min() == 1
    assert taken.max() >= 6
