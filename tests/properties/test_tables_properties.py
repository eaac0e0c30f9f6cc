"""Properties of rows of any columns: decode, encode, specs, moves, changes."""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

import featviz as fv
from featviz.search_spaces import space_from_spec

LOWS = st.floats(-1e6, 1e6).map(lambda x: round(x, 3))
WIDTHS = st.floats(0.5, 1e6).map(lambda x: round(x, 3))
OPTIONS = st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=8), min_size=2, max_size=6, unique=True)


@st.composite
def numbers(draw):
    low = draw(LOWS)
    kind = draw(st.sampled_from(["uniform", "log", "integer", "quantiles", "real"]))
    if kind == "integer":
        return fv.Integer(int(low), int(low) + draw(st.integers(1, 10**6)))
    if kind == "log":
        return fv.LogUniform(1e-3, 1 + draw(WIDTHS))
    if kind == "quantiles":
        return fv.Quantiles.of(draw(st.lists(LOWS, min_size=2, max_size=80, unique=True)))
    if kind == "real":
        return fv.Real()
    return fv.Uniform(low, low + draw(WIDTHS))


@st.composite
def variables(draw):
    kind = draw(st.sampled_from(["number", "rounded", "choice", "ordered", "boolean", "date"]))
    variable = {
        "number": numbers(),
        "rounded": st.just(fv.Rounded(fv.Uniform(-3, 7.25), draw(st.sampled_from([0.01, 0.25, 1, 3])))),
        "choice": OPTIONS.map(fv.Choice),
        "ordered": OPTIONS.map(fv.Ordered),
        "boolean": st.floats(0.05, 0.95).map(fv.Boolean),
        "date": st.integers(1, 4000).map(lambda days: fv.Date("2000-02-28", str(np.datetime64("2000-02-28") + days))),
    }[kind]
    found = draw(variable)
    return fv.Nullable(found, draw(st.floats(0.05, 0.95))) if draw(st.booleans()) else found


SPACES = st.dictionaries(
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=10), variables(), min_size=1, max_size=6
).map(fv.TabularSpace)


@settings(max_examples=30, deadline=None)
@given(SPACES, st.integers(0, 2**32))
def test_encode_inverts_decode(space, seed):
    batch = space.sample(np.random.default_rng(seed), 8)
    again = space.decode_latents(space.encode_inputs(batch))
    pd.testing.assert_frame_equal(again, batch, rtol=1e-6, atol=1e-9)
    assert np.diag(space.distance(batch, again)).max() < 1e-6


@settings(max_examples=20, deadline=None)
@given(SPACES, st.integers(0, 2**32))
def test_a_space_from_its_spec_is_the_same(space, seed):
    again = space_from_spec(space.spec())
    a, b = (each.sample(np.random.default_rng(seed), 5) for each in (space, again))
    pd.testing.assert_frame_equal(a, b)
    assert again.spec() == space.spec()


@settings(max_examples=20, deadline=None)
@given(SPACES, st.integers(0, 2**32))
def test_moves_stay_in_the_space_and_a_reference_has_no_changes(space, seed):
    rng = np.random.default_rng(seed)
    row = space.sample(rng, 1)
    near = fv.TabularSpace({name: space.variables[name] for name in space.searched}, reference=row)
    assert near.changes(row) == {}
    latents = [near.latent.sample(rng, 6) for _ in range(2)]
    for move in near.latent.moves:
        children = near.decode_latents(move.propose(*latents, rng))
        again = near.decode_latents(near.encode_inputs(children))
        pd.testing.assert_frame_equal(again, children, rtol=1e-6, atol=1e-9)
        assert near.changed(children).shape == (6, len(near.columns))


@st.composite
def frames(draw):
    n = draw(st.integers(3, 40))
    kinds = {
        "f": st.floats(-1e9, 1e9),
        "i": st.integers(-(10**9), 10**9),
        "t": st.sampled_from(["a", "b", "", "ü"]),
        "b": st.booleans(),
        "g": st.none() | st.floats(-10, 10),
    }
    chosen = draw(st.lists(st.sampled_from(sorted(kinds)), min_size=1, max_size=5))
    return pd.DataFrame({f"{k}{i}": draw(st.lists(kinds[k], min_size=n, max_size=n)) for i, k in enumerate(chosen)})


@settings(max_examples=30, deadline=None)
@given(frames(), st.integers(0, 2**32))
def test_any_frame_gives_a_space_of_its_columns_or_a_clear_error(df, seed):
    try:
        space = fv.TabularSpace.from_dataframe(df)
    except fv.FeatvizError:
        assert df.isna().all().any() or (df.nunique() <= 1).all()
        return
    drawn = space.sample(np.random.default_rng(seed), 7)
    assert drawn.dtypes.equals(df.dtypes)
    # Each row of the data is one of the space.
    again = space.decode_latents(space.encode_inputs(df))
    pd.testing.assert_frame_equal(again, df, rtol=1e-6, atol=1e-6)
    for name in df.select_dtypes("number"):
        assert df[name].min() <= drawn[name].min() or drawn[name].isna().all()
        assert drawn[name].max() <= df[name].max() or drawn[name].isna().all()
