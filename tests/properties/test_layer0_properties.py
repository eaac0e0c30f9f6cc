"""Properties of layer 0 that hold for whatever Hypothesis thinks of."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from featviz import checks
from featviz.batches import batch_length, concatenate, take
from featviz.errors import FeatvizError, InvalidArgument, WrongType
from featviz.latent import LatentDescription, Latents
from featviz.random import Streams
from featviz.registry import is_import_path
from featviz.text import first_line, visible

# Lone surrogates included: they come from file names and broken encodings.
any_text = st.text(st.characters(), max_size=60)
tricky_text = st.text(
    st.sampled_from("a🦊猫\u200d\ufe0f\ufe0e\u202e\u200b\x1b\n\u2028\ud800\u3164\U000e0100\u0301\\"), max_size=30
)
anything = st.one_of(
    any_text, st.integers(), st.floats(), st.booleans(), st.none(), st.complex_numbers(), st.binary(max_size=8),
    st.fractions(), st.decimals(), st.lists(st.integers(), max_size=3), st.sets(st.text(max_size=3), max_size=3),
    st.sampled_from([10**400, -(10**5000), np.float16(2), np.int8(3), np.array(1), np.array([]), np.nan, object()]),
)  # fmt: skip


@st.composite
def descriptions(draw):
    real = draw(st.integers(0, 4))
    options = tuple(draw(st.lists(st.integers(2, 5), min_size=0 if real else 1, max_size=3)))
    weights = [np.array(draw(st.lists(st.integers(0, 9), min_size=k, max_size=k)), dtype=float) for k in options]
    assume(all(w.sum() > 0 for w in weights))
    return LatentDescription(real, options, tuple(w / w.sum() for w in weights))


@st.composite
def latents(draw, min_rows=0, min_genes=0):
    n, real = draw(st.integers(min_rows, 4)), draw(st.integers(min_genes, 4))
    shape = (n, draw(st.integers(min_genes, 3)))
    return Latents(
        draw(hnp.arrays(np.float64, (n, real), elements=st.floats(width=64))),
        draw(hnp.arrays(np.int64, shape, elements=st.integers(0, 9))),
    )


class TestText:
    @given(st.one_of(any_text, tricky_text))
    @settings(max_examples=300)
    def test_visible_text_is_one_line_that_can_be_encoded_and_stays_as_it_is(self, text):
        shown = visible(text)
        assert len(shown.splitlines()) <= 1
        shown.encode("utf-8")
        assert visible(shown, 10**6) == shown
        # Spaces other than " " and joined emoji are not "printable" for Python; nothing else is left over.
        assert all(c.isprintable() or c.isspace() or c == "\u200d" for c in shown)

    @given(st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=200))
    def test_plain_ascii_is_left_alone(self, text):
        assert visible(text) == text

    @given(st.text(max_size=50), st.integers(0, 60))
    def test_no_more_characters_are_kept_than_allowed(self, text, limit):
        shown = visible(text, limit)
        assert len(shown) <= 10 * limit + len("… (50 characters)")
        assert ("… (" in shown) >= (len(text) > limit)

    @given(st.one_of(any_text, tricky_text))
    def test_the_first_line_of_an_error_is_one_line(self, text):
        line = first_line(ValueError(text))
        assert line.startswith("ValueError")
        assert len(line.splitlines()) == 1
        line.encode()


class TestChecks:
    @given(st.integers(), st.integers(), st.integers())
    def test_integers_within_limits_are_accepted_and_no_others(self, value, low, high):
        assume(low <= high)
        if low <= value <= high:
            assert checks.integer("n", value, low, high) == value
        else:
            with pytest.raises(InvalidArgument, match=r"^n must be between"):
                checks.integer("n", value, low, high)

    @given(st.floats())
    def test_floats_are_integers_when_they_are_whole(self, value):
        if math.isfinite(value) and value == math.floor(value):
            assert checks.integer("n", value, -(10**400)) == value
        else:
            with pytest.raises(InvalidArgument, match=r"^n must be a whole number"):
                checks.integer("n", value, -(10**400))

    @given(anything)
    @settings(max_examples=300)
    def test_anything_is_accepted_or_refused_in_words(self, value):
        checked = [
            lambda: checks.integer("it", value, 1),
            lambda: checks.integer("it", value, -3, 3),
            lambda: checks.finite("it", value, 0, 1),
            lambda: checks.finite("it", value, exclusive=True),
            lambda: checks.seed(value),
            lambda: checks.one_of("it", value, ["a", "b"]),
            lambda: checks.unique_names("it", value),
            lambda: checks.unique_names("it", [value]),
        ]
        for check in checked:
            try:
                check()
            except (InvalidArgument, WrongType) as error:
                message = str(error)
                assert message.startswith(("it must ", "seed must "))
                assert len(message) < 400
                assert len(message.splitlines()) == 1
                message.encode()

    @given(st.floats(allow_nan=False), st.floats(allow_nan=False), st.floats(allow_nan=False))
    def test_finite_keeps_to_its_limits(self, value, low, high):
        try:
            assert checks.finite("x", value, low, high) == value
        except InvalidArgument:
            assert not (math.isfinite(value) and low <= value <= high)
        else:
            assert low <= value <= high

    @given(st.lists(st.text(min_size=1, max_size=5), min_size=1, max_size=6))
    def test_labels_are_kept_as_they_are_or_refused_as_twice_there(self, labels):
        if len(set(labels)) == len(labels):
            assert checks.unique_names("outputs", labels) == tuple(labels)
        else:
            with pytest.raises(InvalidArgument, match="is there twice"):
                checks.unique_names("outputs", labels)

    @given(anything, st.lists(any_text, max_size=5))
    def test_a_suggestion_is_empty_or_a_known_name(self, name, known):
        said = checks.did_you_mean(name, known)
        assert said == "" or said in {f" Did you mean {visible(k)!r}?" for k in known}

    @given(st.text(min_size=3, max_size=20), st.lists(st.text(max_size=20), max_size=5))
    def test_a_name_in_the_wrong_case_is_found(self, name, others):
        assume(name.swapcase().lower() == name.lower())  # not so for a few letters
        assert checks.did_you_mean(name.swapcase(), [name, *others]) != ""


class TestLatents:
    @given(latents(min_rows=1, min_genes=1), st.data())
    def test_the_digest_changes_with_any_bit(self, batch, data):
        part = data.draw(st.sampled_from(["real", "categorical"]))
        changed = batch.copy()
        raw = getattr(changed, part).reshape(-1).view(np.uint64)
        where = data.draw(st.integers(0, raw.size - 1))
        raw[where] ^= np.uint64(1) << np.uint64(data.draw(st.integers(0, 63)))
        assert changed.digest() != batch.digest()

    @given(latents())
    def test_the_digest_is_of_the_values(self, batch):
        assert batch.digest() == batch.copy().digest()

    @given(latents(min_rows=2, min_genes=1))
    def test_the_digest_knows_the_order_of_rows(self, batch):
        turned = batch[::-1]
        same = (
            batch.real.tobytes() == turned.real.tobytes()
            and batch.categorical.tobytes() == turned.categorical.tobytes()
        )
        assert (batch.digest() == turned.digest()) == same

    @given(latents(), st.integers(0, 4))
    def test_concatenating_undoes_slicing(self, batch, cut):
        assert Latents.concatenate([batch[:cut], batch[cut:]]).digest() == batch.digest()

    @given(descriptions(), st.integers(0, 20), st.integers(0, 2**32))
    def test_samples_fit_and_are_possible(self, description, n, seed):
        drawn = description.sample(np.random.default_rng(seed), n)
        description.check(drawn)
        assert len(drawn) == n
        assert np.isfinite(description.log_prior(drawn)).all()

    @given(descriptions(), st.integers(0, 2**32))
    def test_samples_come_from_the_generator_alone(self, description, seed):
        first, second = (description.sample(np.random.default_rng(seed), 5) for _ in range(2))
        assert first.digest() == second.digest()

    @given(descriptions(), st.integers(0, 2**32))
    def test_the_log_prior_of_a_row_does_not_depend_on_its_batch(self, description, seed):
        drawn = description.sample(np.random.default_rng(seed), 4)
        together = description.log_prior(drawn)
        np.testing.assert_allclose(together, [description.log_prior(row)[0] for row in drawn], rtol=1e-12)
        np.testing.assert_array_equal(description.log_prior(drawn[::-1]), together[::-1])

    @given(
        st.integers(-2, 3),
        st.lists(st.integers(-1, 3), max_size=3),
        st.lists(hnp.arrays(float, st.integers(0, 3)), max_size=3),
    )
    def test_a_description_is_made_or_refused_in_words(self, real, options, probabilities):
        try:
            made = LatentDescription(real, tuple(options), tuple(probabilities))
        except FeatvizError:
            return
        assert made.genes == real + len(options)
        made.check(made.sample(np.random.default_rng(0), 3))


class TestStreams:
    @given(
        st.integers(0, 2**64 - 1),
        st.lists(st.integers(0, 2**64 - 1), max_size=3),
        st.lists(st.integers(0, 2**70), min_size=1),
    )
    def test_the_same_whatever_the_order(self, seed, key, indices):
        streams = Streams(seed, *key)
        there = {i: streams.at(i).bytes(8) for i in indices}
        assert {i: streams.at(i).bytes(8) for i in reversed(indices)} == there
        assert len(set(there.values())) == len(there)

    @given(
        st.lists(st.one_of(st.integers(0, 3), st.integers(0, 2**64 - 1), st.just(2**32)), min_size=1, max_size=4),
        st.lists(st.one_of(st.integers(0, 3), st.integers(0, 2**64 - 1), st.just(2**32)), min_size=1, max_size=4),
    )
    def test_different_for_different_keys(self, one, other):
        same = Streams(*one).at(1).bytes(16) == Streams(*other).at(1).bytes(16)
        assert same == (one == other)


class TestBatches:
    @given(st.lists(st.integers(), min_size=1, max_size=8), st.data())
    def test_rows_of_lists_arrays_and_nests_agree(self, values, data):
        rows = data.draw(st.lists(st.integers(-len(values), len(values) - 1), max_size=6))
        nest = {"list": list(values), "pair": (np.array(values, dtype=object), list(values))}
        taken = take(nest, rows)
        expected = [values[i] for i in rows]
        assert taken["list"] == taken["pair"][1] == list(taken["pair"][0]) == expected
        assert batch_length(taken) == len(rows)
        assert concatenate([taken, taken])["list"] == expected * 2


class TestImportPaths:
    @given(st.one_of(any_text, st.text("ab.:()_1", max_size=15)))
    def test_what_is_recognised_is_made_of_identifiers(self, text):
        if is_import_path(text):
            module, _, attribute = text.partition(":")
            parts = [*module.split("."), *attribute.removesuffix("()").split(".")]
            assert all(part.isidentifier() for part in parts)
