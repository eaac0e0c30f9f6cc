"""Nested spaces of any kind: what must hold for all of them."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import featviz as fv
from featviz.batches import stack, take_one, unstack
from featviz.search_spaces import space_from_spec
from featviz.search_spaces.composites.comparing import same_input
from featviz.testing._inputs import near
from featviz.testing._inputs import same as alike

leaves = st.sampled_from(
    [
        fv.Uniform(0, 1),
        fv.Integer(-3, 9),
        fv.Choice(["a", "b", "c"]),
        fv.Choice(4),
        fv.Real(2),
        fv.ImageSpace(3, 2),
        fv.Permutation(3),
        fv.LogUniform(1, 100),
    ]
)
few = st.integers(0, 2)
parts = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.dictionaries(st.sampled_from(["x", "y.z", "z"]), inner, min_size=1, max_size=3).map(fv.DictSpace),
        st.lists(inner, min_size=1, max_size=3).map(fv.TupleSpace),
        st.tuples(inner, st.integers(0, 2), st.integers(0, 2)).map(
            lambda t: fv.ListSpace(t[0], t[1], max(1, t[1] + t[2]))
        ),
        st.lists(inner, min_size=2, max_size=3).map(fv.OneOf),
        inner.map(fv.Optional),
    ),
    max_leaves=6,
)
spaces = parts.map(lambda part: fv.TupleSpace([part]))


@settings(max_examples=60, deadline=None)
@given(spaces, st.integers(0, 1000))
def test_decode_encode_and_specs(space, seed):
    latents = space.latent.sample(np.random.default_rng(seed), 6)
    batch = space.decode_latents(latents)
    again = space.decode_latents(space.encode_inputs(batch))
    assert all(len(a) == len(b) for a, b in zip(unstack(again), unstack(batch), strict=True))
    assert alike(space_from_spec(space.spec()).decode_latents(latents), batch)
    if space.latent.canonical is not None:
        assert alike(space.decode_latents(space.latent.canonical(latents)), batch)
    distances = space.distance(batch, batch)
    assert np.isfinite(distances).all()
    assert (np.diag(distances) == 0).all()


@settings(max_examples=60, deadline=None)
@given(spaces, st.integers(0, 1000))
def test_stacked_single_inputs_are_unstacked_to_thealike(space, seed):
    batch = space.sample(np.random.default_rng(seed), 4)
    rows = [take_one(batch, row) for row in range(4)]
    assert all(same_input(a, b) for a, b in zip(unstack(stack(rows)), rows, strict=True))
    assert all(same_input(a, b) for a, b in zip(unstack(batch), rows, strict=True))


@settings(max_examples=60, deadline=None)
@given(spaces, st.integers(0, 1000))
def test_saliency_keeps_what_is_not_hidden(space, seed):
    rng = np.random.default_rng(seed)
    latents, fill = space.latent.sample(rng, 1), space.latent.sample(rng, 3)
    x = take_one(space.decode_latents(latents), 0)
    units = space.units(x)
    assert len(set(units)) == len(units) > 0
    made = space.apply(latents, units, np.ones((3, len(units)), dtype=bool), fill)
    assert near(made, space.decode_latents(latents[[0, 0, 0]]))
    # One part at a time: whatever changes stands behind its path.
    hidden = ~np.eye(len(units), dtype=bool)[:4]
    for unit, row in zip(units, unstack(space.apply(latents, units, hidden, fill[:1])), strict=False):
        leaf = unit.removesuffix(".(whole)")
        assert all(path.startswith(leaf) or leaf.startswith(path) for path, _, _ in space.differences(x, row))


@settings(max_examples=60, deadline=None)
@given(spaces, st.integers(0, 1000))
def test_moves_stay_in_the_space_and_change_no_argument(space, seed):
    rng = np.random.default_rng(seed)
    parents, mates = space.latent.sample(rng, 5), space.latent.sample(rng, 5)
    before = parents.digest(), mates.digest()
    for move in space.latent.moves:
        children = move.propose(parents, mates, rng)
        space.latent.check(children)
        space.decode_latents(children)
        assert (parents.digest(), mates.digest()) == before
