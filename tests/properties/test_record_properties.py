"""What holds for any function of ``draw``: functions are made up by Hypothesis."""

import json

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import featviz as fv

NAMES = st.sampled_from(["a", "b", "c"])
LEAVES = st.one_of(
    st.tuples(st.just("real"), NAMES),
    st.tuples(st.just("uniform"), NAMES, st.floats(-10, 0), st.floats(0, 10)),
    st.tuples(st.just("integer"), NAMES, st.integers(-5, 0), st.integers(0, 5)),
    st.tuples(st.just("choice"), NAMES, st.sampled_from(["x", "xy", "xyz"])),
    st.tuples(st.just("boolean"), NAMES, st.floats(0, 1)),
    st.tuples(st.just("permutation"), NAMES, st.integers(0, 4)),
)
PLANS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.tuples(st.just("list"), NAMES, st.lists(inner, max_size=2), st.integers(0, 2), st.integers(2, 4)),
        st.tuples(st.just("optional"), NAMES, st.lists(inner, max_size=2)),
        st.tuples(st.just("one_of"), NAMES, st.lists(inner, min_size=1, max_size=3)),
    ),
    max_leaves=8,
)


def follow(plan, draw):
    """What a plan draws."""
    kind, name, *rest = plan
    if kind == "list":
        parts, low, high = rest
        return draw.list(name, lambda d: [follow(p, d) for p in parts], low, high)
    if kind == "optional":
        return draw.optional(name, lambda d: [follow(p, d) for p in rest[0]])
    if kind == "one_of":
        return draw.one_of(name, *((lambda d, p=p: follow(p, d)) for p in rest[0]))
    return getattr(draw, kind)(name, *rest)


@settings(max_examples=60, deadline=None)
@given(st.lists(PLANS, min_size=1, max_size=4), st.integers(0, 2**32))
def test_records_replay_and_moves_make_records(plans, seed):
    space = fv.RecordSpace(lambda draw: [follow(plan, draw) for plan in plans])
    rng = np.random.default_rng(seed)
    latents = space.latent.sample(rng, 4)
    for move in space.latent.moves:
        inputs = space.decode_latents(latents)
        assert space.decode_latents(space.from_json(space.to_json(latents))) == inputs
        assert np.isfinite(space.latent.log_prior(latents)).all()
        latents = move.propose(latents, latents[::-1], rng)
    for record in latents.records[:, 0]:
        assert len({path for path, _ in record}) == len(record)
        assert tuple((p, v) for p, v in json.loads(json.dumps(record))) == record


@settings(max_examples=60, deadline=None)
@given(st.lists(PLANS, min_size=1, max_size=4), st.integers(0, 2**32))
def test_hiding_nothing_and_hiding_all(plans, seed):
    space = fv.RecordSpace(lambda draw: [follow(plan, draw) for plan in plans])
    latents = space.latent.sample(np.random.default_rng(seed), 2)
    x, fill = latents[:1], latents[1:]
    units = space.units(x)
    none, every = np.ones((1, len(units)), dtype=bool), np.zeros((1, len(units)), dtype=bool)
    assert space.apply(x, units, none, fill) == space.decode_latents(x)
    assert space.apply(x, units, every, fill) == space.decode_latents(fill)
