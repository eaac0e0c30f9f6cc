"""Properties of token spaces of any form: what comes back, what stays inside, what adds up."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import featviz as fv
from featviz.errors import FeatvizError
from featviz.latent import Latents
from featviz.search_spaces import space_from_spec
from featviz.search_spaces.tokens.bigrams import Chain
from featviz.search_spaces.tokens.tokenizers import Words

texts = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=4)
vocabularies = st.lists(texts, min_size=4, max_size=12, unique=True)


@st.composite
def spaces(draw):
    words = draw(vocabularies)
    ids = st.integers(0, len(words) - 1)
    length = draw(st.integers(1, 6))
    least = draw(st.one_of(st.none(), st.integers(1, length)))
    options = {
        "prefix": draw(st.lists(ids, max_size=3)),
        "suffix": draw(st.lists(ids, max_size=3)),
        "banned": draw(st.lists(ids, max_size=2)),
        "examples": draw(st.one_of(st.none(), st.lists(st.lists(ids, min_size=4, max_size=8), min_size=1, max_size=5))),
        "as_text": draw(st.booleans()),
        "separator": draw(st.sampled_from([" ", "", "|", "--"])),
    }
    try:
        return fv.TokenSpace(words, length, min_length=least, **options)
    except FeatvizError as error:  # examples that hold banned tokens only, or a suffix that ends in padding
        assert "examples hold none" in str(error) or "suffix ends" in str(error)  # noqa: PT017
        return fv.TokenSpace(words, length)


def sampled(space, n=20):
    """Latents, or None where hardly any sequence of such tokens comes back from its text."""
    try:
        return space.latent.sample(np.random.default_rng(0), n)
    except FeatvizError as error:
        assert "next to nothing" in str(error)  # noqa: PT017
        return None


@settings(max_examples=80, deadline=None)
@given(spaces())
def test_what_is_decoded_is_encoded_as_it_was(space):
    latents = sampled(space)
    if latents is None:
        return
    want = space.latent.canonical(latents) if space.latent.canonical else latents
    inputs = space.decode_latents(latents)
    assert space.encode_inputs(inputs).digest() == want.digest()
    assert (np.diag(space.distance(inputs, inputs)) == 0).all()
    rebuilt = space_from_spec(space.spec())
    again = rebuilt.decode_latents(rebuilt.latent.sample(np.random.default_rng(0), 20))
    assert list(map(str, again)) == list(map(str, inputs))


@settings(max_examples=80, deadline=None)
@given(spaces(), st.integers(0, 2**32 - 1))
def test_moves_stay_inside_and_leave_their_arguments(space, seed):
    latents = sampled(space)
    if latents is None:
        return
    rng = np.random.default_rng(seed)
    mates = latents[::-1]
    before = latents.digest(), mates.digest()
    for move in space.latent.moves:
        children = move.propose(latents, mates, rng)
        space.latent.check(children)
        assert len(children) == len(latents)
        assert np.isfinite(space.latent.log_prior(children)).all()
        assert (latents.digest(), mates.digest()) == before


@settings(max_examples=60, deadline=None)
@given(spaces(), st.data())
def test_masked_tokens_are_those_of_the_fill(space, data):
    latents = sampled(space)
    if latents is None:
        return
    inputs = space.decode_latents(latents)
    x = inputs[0]
    units = space.units(x)
    k = len(units)
    masks = np.array(data.draw(st.lists(st.lists(st.booleans(), min_size=k, max_size=k), min_size=20, max_size=20)))
    same = space.apply(x, units, np.ones_like(masks), inputs)
    assert list(map(str, same)) == [str(x)] * 20
    values = space.values(latents)["tokens"]
    if "length" not in space.variables and not isinstance(x, str):
        got = space.values(space.encode_inputs(space.apply(x, units, masks, inputs)))["tokens"]
        np.testing.assert_array_equal(got, np.where(masks, values[0], values))


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.text("ab|-", min_size=1, max_size=3), min_size=2, max_size=5, unique=True),
    st.text("ab|-", max_size=3),
    st.data(),
)
def test_words_that_say_that_they_are_exact_are(tokens, separator, data):
    words = Words(tokens, separator)
    if words.exact:
        row = np.array(data.draw(st.lists(st.integers(0, len(tokens) - 1), min_size=1, max_size=8)))
        assert words.encode(words.decode([row]))[0].tolist() == row.tolist()


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 6), st.data())
def test_densities_of_a_chain_add_up(options, data):
    ids = st.integers(0, options - 1)
    examples = data.draw(st.lists(st.lists(ids, min_size=1, max_size=6), min_size=1, max_size=4))
    behind, before = data.draw(st.integers(-1, options - 1)), data.draw(st.integers(-1, options - 1))
    chain = Chain([np.array(row) for row in examples], options, behind, before)
    every = np.array([[a, b, c] for a in range(options) for b in range(options) for c in range(options)])
    p = np.exp(chain.log_density(every))
    assert abs(p.sum() - 1) < 1e-9
    for at, marginal in enumerate(chain.marginals(3)):
        np.testing.assert_allclose(np.bincount(every[:, at], weights=p, minlength=options), marginal, atol=1e-9)
    left, right = np.array([[-1, a] for a in range(options)]).T
    drawn = chain.between(left, right, np.random.default_rng(0))
    assert ((drawn >= 0) & (drawn < options)).all()


def test_the_canonical_form_is_one_for_equal_texts():
    space = fv.TokenSpace(["a", "b", "c"], 3, min_length=1, as_text=True)
    every = np.array([[n, a, b, c] for n in range(3) for a in range(3) for b in range(3) for c in range(3)])
    latents = Latents(np.empty((len(every), 0)), every)
    keys = space.latent.canonical(latents).keys()
    assert len(set(keys)) == len(set(space.decode_latents(latents))) == 3 + 9 + 27
