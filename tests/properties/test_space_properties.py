"""Properties of image spaces of any size and option."""

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import featviz as fv
from featviz.latent import Latents
from featviz.search_spaces import space_from_spec

SIDES = st.integers(1, 24)


@st.composite
def spaces(draw):
    height, width, channels = draw(SIDES), draw(SIDES), draw(st.integers(1, 4))
    low = draw(st.floats(-300, 300))
    options = {"low": low, "high": low + draw(st.floats(0.5, 500)), "gain": draw(st.floats(0.1, 1))}
    if draw(st.booleans()):
        return fv.ImageSpace(height, width, channels, decoder="pixels", **options)
    if draw(st.booleans()):
        options["frequencies"] = (draw(st.integers(1, height)), draw(st.integers(1, width)))
    if draw(st.booleans()):
        options["decay"] = draw(st.floats(0, 3))
    return fv.ImageSpace(height, width, channels, **options)


@settings(max_examples=60, deadline=None)
@given(spaces(), st.integers(0, 4), st.floats(0, 1e9), st.integers(0, 2**32))
def test_any_genes_give_pictures_in_range(space, n, scale, seed):
    latents = space.latent.sample(np.random.default_rng(seed), n)
    pictures = space.decode_latents(Latents.of_real(latents.real * scale))
    assert pictures.shape == (n, space.height, space.width, space.channels)
    assert pictures.dtype == np.float32
    assert (pictures >= np.float32(space.low)).all()
    assert (pictures <= np.float32(space.high)).all()


@settings(max_examples=60, deadline=None)
@given(spaces(), st.integers(0, 2**32))
def test_encode_inverts_decode(space, seed):
    pictures = space.sample(np.random.default_rng(seed), 3)
    again = space.decode_latents(space.encode_inputs(pictures))
    unit = (pictures.astype(np.float64) - space.low) / (space.high - space.low)
    # Only values nearer to a bound than 1/512 of the range are moved inside.
    assume(unit.min() > 1 / 512 and unit.max() < 511 / 512)
    assert np.abs(again - pictures).max() <= (space.high - space.low) * 1e-3


@settings(max_examples=40, deadline=None)
@given(spaces(), st.integers(0, 2**32))
def test_a_space_from_its_spec_is_the_same(space, seed):
    again = space_from_spec(space.spec())
    assert again.spec() == space.spec()
    a, b = (s.sample(np.random.default_rng(seed), 2) for s in (space, again))
    np.testing.assert_array_equal(a, b)


@settings(max_examples=40, deadline=None)
@given(spaces(), st.integers(0, 2**32))
def test_bytes_pass_through_render(space, seed):
    pictures = space.sample(np.random.default_rng(seed), 1)
    (block,) = space.render(pictures[0])
    away = block.pixels / 255 * (space.high - space.low) + space.low - pictures[0]
    assert np.abs(away).max() <= (space.high - space.low) * (0.5 / 255 + 1e-5)
