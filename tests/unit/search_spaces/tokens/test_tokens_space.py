"""Token spaces: templates, lengths, bans, texts, tokenizers, saliency by place, and what is refused."""

import itertools
import tomllib

import numpy as np
import pytest
import tomli_w
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

import featviz as fv
from featviz.errors import FeatvizError, InvalidArgument, SpaceError
from featviz.latent import Latents
from featviz.search_spaces import space_from_spec

WORDS = ["the", "cat", "sat", "on", "a", "mat", "and", "looked"]
TEXTS = ["the cat sat on the mat", "a cat looked and sat", "the mat and the cat"]


def drawn(space, n=200, seed=0):
    return space.sample(np.random.default_rng(seed), n)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    tokenizer = Tokenizer(models.BPE(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(TEXTS, trainers.BpeTrainer(vocab_size=60, special_tokens=["[UNK]", "[PAD]"]))
    path = tmp_path_factory.mktemp("tokenizer") / "tokenizer.json"
    tokenizer.save(str(path))
    return str(path)


class Spelling:
    """A tokenizer that nobody knows: letters, of which 'b' is written 'p' and so never comes back."""

    n_vocab = 4

    def decode(self, ids):
        return "".join("aapc"[i] if i != 1 else "p" for i in ids)

    def encode(self, text):
        return ["a?pc".index(c) for c in text]


def test_ids_and_texts_say_the_same():
    ids, texts = fv.TokenSpace(WORDS, 5), fv.TokenSpace(WORDS, 5, as_text=True)
    found = drawn(ids)
    assert (found.dtype, found.shape) == (np.int64, (200, 5))
    assert [" ".join(WORDS[i] for i in row) for row in found] == drawn(texts)
    assert fv.TokenSpace(WORDS, 5).spec() == space_from_spec(ids.spec()).spec()


def test_the_template_stands_around_what_is_searched():
    space = fv.TokenSpace(WORDS, 2, prefix="the cat", suffix=["and", 5], banned=["mat", 0], as_text=True)
    for text in drawn(space):
        words = text.split()
        assert words[:2] == ["the", "cat"]
        assert words[4:] == ["and", "mat"]
        assert not {"mat", "the"} & set(words[2:4])
    with pytest.raises(SpaceError, match="prefix and the suffix"):
        space.encode_inputs(["a cat sat on and mat"])
    with pytest.raises(SpaceError, match="'mat' may not be chosen"):
        space.encode_inputs(["the cat mat on and mat"])
    with pytest.raises(SpaceError, match="expected 2 tokens"):
        space.encode_inputs(["the cat on and mat"])


def test_lengths_vary_and_rows_are_filled_up():
    space = fv.TokenSpace([*WORDS, "<pad>"], 6, min_length=2, prefix=[0], suffix=[3])
    rows = drawn(space, 2_000)
    assert rows.shape == (2_000, 8)
    lengths = (rows != 8).sum(axis=1) - 2
    assert np.bincount(lengths, minlength=7)[2:].min() > 300
    assert set(np.unique(lengths)) == set(range(2, 7))
    for row, length in zip(rows, lengths, strict=True):
        assert row[length + 1] == 3
        assert (row[length + 2 :] == 8).all()
    # Without a token for it, what is no token.
    assert (drawn(fv.TokenSpace(9, 5, min_length=1)) == -1).any()
    texts = drawn(fv.TokenSpace(WORDS, 6, min_length=1, as_text=True))
    assert {len(text.split()) for text in texts} == set(range(1, 7))


def test_neutral_tokens_have_one_form():
    space = fv.TokenSpace(WORDS, 6, min_length=1)
    latents = space.latent.sample(np.random.default_rng(0), 50)
    reduced = space.latent.canonical(latents)
    np.testing.assert_array_equal(space.decode_latents(latents), space.decode_latents(reduced))
    assert reduced.digest() == space.encode_inputs(space.decode_latents(latents)).digest()


def test_learnt_sequences_look_like_their_examples():
    space = fv.TokenSpace(WORDS, 6, examples=TEXTS, as_text=True)
    pairs = {pair for text in TEXTS for pair in itertools.pairwise(text.split())}

    def likeness(texts):
        found = [pair for text in texts for pair in itertools.pairwise(text.split())]
        return np.mean([pair in pairs for pair in found])

    assert likeness(drawn(space)) > 2 * likeness(drawn(fv.TokenSpace(WORDS, 6, as_text=True)))
    density = space.latent.log_prior(space.encode_inputs(["the cat sat on the mat", "mat mat on looked looked a"]))
    assert density[0] > density[1] + 5


def test_moves_keep_to_what_was_learnt():
    chain = np.array([[(i + 1) % 8, (i + 3) % 8] for i in range(8)])
    rng = np.random.default_rng(0)
    examples = [[0] for _ in range(300)]
    for row in examples:
        for _ in range(19):
            row.append(int(rng.choice(chain[row[-1]])))
    space = fv.TokenSpace(8, 12, examples=examples)
    parents = space.latent.sample(rng, 400)
    move = next(m for m in space.latent.moves if m.name == "substitution")
    children = move.propose(parents, parents, rng)
    changed = (children.categorical != parents.categorical).sum(axis=1)
    assert changed.max() == 1
    after = children.categorical
    good = np.array([[b in chain[a] for a, b in itertools.pairwise(row)] for row in after])
    assert good.mean() > 0.95


def test_banned_pieces_of_text_do_not_occur():
    space = fv.TokenSpace(["ca", "t", "dog", "C"], 4, as_text=True, separator="", banned_text=["cat"])
    texts = drawn(space, 300)
    assert not any("cat" in text.lower() for text in texts)
    assert any("dog" in text for text in texts)


def test_a_tokenizer_file_gives_texts_that_come_back(file):
    space = fv.TokenSpace(file, 6, as_text=True, examples=TEXTS)
    tokenizer = Tokenizer.from_file(file)
    latents = space.latent.sample(np.random.default_rng(0), 60)
    for text in space.decode_latents(latents):
        assert len(tokenizer.encode(text, add_special_tokens=False).ids) == 6
        assert "[UNK]" not in text
    # Without the filter some would not.
    free = fv.TokenSpace(file, 6)
    rows = drawn(free, 100).tolist()
    again = [tokenizer.encode(tokenizer.decode(row), add_special_tokens=False).ids for row in rows]
    assert sum(a == b for a, b in zip(rows, again, strict=True)) < 98
    rebuilt = space_from_spec(space.spec())
    assert rebuilt.decode_latents(latents) == space.decode_latents(latents)


def test_another_file_of_the_same_name_is_noticed(file):
    spec = fv.TokenSpace(file, 3).spec()
    with pytest.raises(SpaceError, match="another tokenizer"):
        space_from_spec({**spec, "sha256": "0" * 64})


def test_any_object_with_encode_and_decode_will_do():
    space = fv.TokenSpace.from_tokenizer(Spelling(), 5)
    texts = drawn(space)
    # Token 1 is written like token 2, and so is never chosen.
    assert all(len(text) == 5 for text in texts)
    latents = space.latent.sample(np.random.default_rng(0), 100)
    assert 1 not in space.values(latents)["tokens"]
    assert space.spec() is None


def test_units_are_places_and_are_replaced_one_by_one():
    space = fv.TokenSpace(WORDS, 4, min_length=2, prefix=["the"], as_text=True)
    x = "the cat sat on"
    units = space.units(x)
    assert units == ("1: cat", "2: sat", "3: on")
    masks = np.array([[True, False, True], [False, True, False]])
    assert space.apply(x, units, masks, ["the a a a", "the mat and"]) == ["the cat a on", "the mat sat mat"]
    with pytest.raises(SpaceError, match="expected a mask of 3"):
        space.apply(x, units, masks[:, 1:], ["the a a a", "the mat and"])


def test_blocks_show_what_is_searched():
    tokens, text = fv.TokenSpace(WORDS, 2, prefix=["the"], as_text=True).render("the cat sat")
    assert tokens.tokens == ("the", "cat", "sat")
    assert tokens.changed == (False, True, True)
    assert tokens.caption == "what is searched, in its fixed template"
    assert fv.TokenSpace(WORDS, 2).render(np.array([0, 1]))[0].caption == ""
    assert text.text == "the cat sat"


def test_distance_counts_places():
    space = fv.TokenSpace(WORDS, 3, min_length=2, as_text=True)
    found = space.distance(["a cat sat", "a cat"], ["a cat sat", "a mat"])
    np.testing.assert_allclose(found, [[0, 2 / 3], [1 / 3, 1 / 3]])


def test_a_trigger_is_found_that_random_search_does_not_find():
    trigger = np.array([3, 14, 15, 9])

    def longest(rows):
        score = np.zeros(len(rows))
        for at in range(rows.shape[1] - 3):
            score = np.maximum(score, (rows[:, at : at + 4] == trigger).sum(axis=1))
        return score

    box = fv.black_box(longest, name="trigger")
    run = fv.search(fv.TokenSpace(100, 12), fv.maximise(box), budget=4_000, baseline=4_000, progress="none")
    assert run.best.score == 4
    assert run.baseline_best.score < 4
    why = fv.saliency(fv.TokenSpace(100, 12), fv.maximise(box), run.best, budget=400)
    assert {name.split(": ")[1] for name, _ in why.ranking[:4]} == {"3", "14", "15", "9"}


HOSTILE = [
    "</script><script>alert(1)</script>",
    "{{7*7}}",
    "\u202eevil",
    "\x00",
    "\ud800",
    "\x1b[31m",
    "é" * 3_000,
    "🙂",
]


def test_hostile_tokens_pass_through():
    space = fv.TokenSpace(HOSTILE, 3, as_text=True, separator="|")
    x = drawn(space, 1)[0]
    assert len(space.render(x)[0].tokens) == 3
    assert len(space.units(x)) == 3


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: fv.TokenSpace(["a", ""], 3), "empty text"),
        (lambda: fv.TokenSpace(["a", "b", "a"], 3), "twice"),
        (lambda: fv.TokenSpace(["a"], 3), "at least 2"),
        (lambda: fv.TokenSpace(["a", 3], 3), "must hold text"),
        (lambda: fv.TokenSpace(1, 3), "vocabulary"),
        (lambda: fv.TokenSpace(10**9, 3), "vocabulary"),
        (lambda: fv.TokenSpace(WORDS, 0), "length"),
        (lambda: fv.TokenSpace(WORDS, 10**9), "length"),
        (lambda: fv.TokenSpace(WORDS, 3, min_length=4), "min_length"),
        (lambda: fv.TokenSpace(WORDS, 3, min_length=0), "min_length"),
        (lambda: fv.TokenSpace(WORDS, 3, prefix="the cta"), "no token"),
        (lambda: fv.TokenSpace(WORDS, 3, prefix=["cta"]), "Did you mean 'cat'"),
        (lambda: fv.TokenSpace(WORDS, 3, banned="cat"), "list"),
        (lambda: fv.TokenSpace(WORDS, 3, banned=WORDS[1:]), "at least 2 tokens"),
        (lambda: fv.TokenSpace(WORDS, 3, banned_text=[""]), "empty text"),
        (lambda: fv.TokenSpace(WORDS, 3, prior="bigram"), "examples"),
        (lambda: fv.TokenSpace(WORDS, 3, prior="trigram"), "prior must be one of"),
        (lambda: fv.TokenSpace(WORDS, 3, examples="the cat"), "list of texts"),
        (lambda: fv.TokenSpace(WORDS, 3, examples=["dogs bark"]), "none of the tokens"),
        (lambda: fv.TokenSpace(WORDS, 3, examples=[[99]]), "outside"),
        (lambda: fv.TokenSpace(WORDS, 3, as_text="yes"), "as_text"),
        (lambda: fv.TokenSpace(WORDS, 3, pad="nothing"), "pad"),
        (lambda: fv.TokenSpace("nowhere.json", 3), "nowhere"),
        (lambda: fv.TokenSpace(object(), 3), "encode and decode"),
        (lambda: fv.TokenSpace(WORDS, 2, as_text=True).encode_inputs("the cat"), "put it in a list"),
        (lambda: fv.TokenSpace(WORDS, 2).encode_inputs([[1, 99]]), "ids from 0"),
    ],
)
def test_what_makes_no_sense_is_refused(make, message):
    with pytest.raises(FeatvizError, match=message):
        make()


def test_texts_that_can_hardly_come_back_are_said():
    class Upper(Spelling):
        def decode(self, ids):
            return super().decode(ids).upper()

        def encode(self, text):
            return [0]

    space = fv.TokenSpace.from_tokenizer(Upper(), 5)
    with pytest.raises(SpaceError, match="constraints leave next to nothing"):
        drawn(space, 1)
    assert issubclass(InvalidArgument, FeatvizError)


def test_what_is_learnt_knows_the_template():
    words = ["new", "york", "city", "old", "town", "hall", "<pad>"]
    examples = ["new york city hall", "old town hall", "old town"] * 30
    plain = fv.TokenSpace(words, 2, examples=examples, as_text=True)
    behind = fv.TokenSpace(words, 2, examples=examples, as_text=True, prefix="new")
    assert np.mean([text.startswith("york") for text in drawn(plain)]) < 0.1
    assert np.mean([text.startswith("new york") for text in drawn(behind)]) > 0.9
    # And what stands before the suffix is chosen to fit it: only "york city hall", "old town hall" make sense.
    before = fv.TokenSpace(words, 1, examples=examples, suffix="hall", prefix="york")
    parents = before.latent.sample(np.random.default_rng(0), 600)
    (substitution,) = before.latent.moves
    children = substitution.propose(parents, parents, np.random.default_rng(1)).categorical
    assert (children == words.index("city")).mean() > 0.95
    # Lengths and banned neighbours leave the description whole.
    space = fv.TokenSpace(words, 3, min_length=1, examples=examples, prefix=["new"], suffix=["hall"], banned=["new"])
    assert space.latent.probabilities[1].sum() == pytest.approx(1)


def test_the_prior_with_a_template_has_the_declared_marginals():
    space = fv.TokenSpace(WORDS, 3, examples=TEXTS, prefix="the", suffix="mat")
    latents = space.latent.sample(np.random.default_rng(0), 40_000)
    for gene, p in enumerate(space.latent.probabilities):
        np.testing.assert_allclose(np.bincount(latents.categorical[:, gene], minlength=8) / 40_000, p, atol=0.012)
    every = np.array(list(itertools.product(range(8), repeat=3)))
    whole = Latents(np.empty((len(every), 0)), every)
    assert np.exp(space.latent.log_prior(whole)).sum() == pytest.approx(1)


def test_banned_text_is_found_across_the_template_and_left_in_it():
    letters = ["c", "a", "t", "d"]
    space = fv.TokenSpace(letters, 2, prefix=["c"], suffix=["t"], separator="", banned_text=["CAT", "tt"], as_text=True)
    texts = set(drawn(space, 600))
    every = {f"c{a}{b}t" for a in letters for b in letters}
    assert texts == {text for text in every if "cat" not in text and "tt" not in text}
    # What the prefix says itself cannot be helped, but said once more it is.
    again = fv.TokenSpace(["ca", "t", "d"], 2, prefix=["ca", "t"], separator="", banned_text=["cat"], as_text=True)
    assert set(drawn(again, 300)) == {"cat" + a + b for a in ("ca", "t", "d") for b in ("ca", "t", "d")} - {"catcat"}


def test_the_template_may_hold_the_padding_but_not_end_in_it():
    space = fv.TokenSpace(
        [*WORDS, "<pad>"], 3, min_length=1, prefix=["<pad>", "cat"], suffix=["<pad>", "sat"], as_text=True
    )
    latents = space.latent.sample(np.random.default_rng(0), 50)
    texts = space.decode_latents(latents)
    assert all(text.startswith("<pad> cat ") and text.endswith(" <pad> sat") for text in texts)
    assert space.encode_inputs(texts).digest() == space.latent.canonical(latents).digest()
    with pytest.raises(InvalidArgument, match="suffix ends with"):
        fv.TokenSpace([*WORDS, "<pad>"], 3, min_length=1, suffix=["<pad>"])


def test_nothing_is_encoded_and_compared_as_nothing():
    for space in (fv.TokenSpace(WORDS, 3, prefix=["cat"]), fv.TokenSpace(WORDS, 3, min_length=1, as_text=True)):
        assert len(space.encode_inputs([])) == 0
        assert space.distance([], drawn(space, 2)).shape == (0, 2)


def test_texts_from_elsewhere_can_be_shown_and_compared():
    space = fv.TokenSpace(WORDS, 3, as_text=True)
    tokens, text = space.render("the dog sat on the mat")
    assert tokens.tokens == ("the", "<unknown>", "sat", "on", "the", "mat")
    assert text.text == "the dog sat on the mat"
    assert space.units("the dog")[1] == "2: <unknown>"
    np.testing.assert_allclose(space.distance(["the cat sat on"], ["the cat sat", "dog"]), [[1 / 4, 1]])
    with pytest.raises(SpaceError, match="'<unknown>' may not be chosen"):
        space.encode_inputs(["the dog sat"])


def test_a_class_of_ones_own_may_rule_inputs_out():
    class Pairs(fv.TokenSpace):
        """Texts in which no word is there twice."""

        def valid(self, inputs):
            return np.array([len(set(text.split())) == len(text.split()) for text in inputs], dtype=np.bool_)

    texts = drawn(Pairs(WORDS, 3, as_text=True, banned_text=["mat"]), 300)
    assert all(len(set(text.split())) == 3 and "mat" not in text for text in texts)


def test_hostile_tokens_are_described_where_toml_can_hold_them():
    fine = [token for token in HOSTILE if token != "\ud800"]
    space = fv.TokenSpace(fine, 3, as_text=True, separator="|", banned_text=["zz\x00"])
    spec = tomllib.loads(tomli_w.dumps(space.spec()).encode().decode())
    assert drawn(space_from_spec(spec)) == drawn(space)
    assert fv.TokenSpace(HOSTILE, 3).spec() is None
    assert fv.TokenSpace(fine, 3, banned_text=["\ud800"]).spec() is None
    assert fv.TokenSpace(fine, 3, separator="\ud800").spec() is None
    assert repr(space).isprintable()


def test_the_representation_holds_no_vocabulary():
    assert repr(fv.TokenSpace(WORDS, 4)) == "TokenSpace(ids, 4 of 8 tokens, prior=uniform)"
    space = fv.TokenSpace(WORDS, 4, min_length=2, banned=["mat"], examples=TEXTS, as_text=True)
    assert repr(space) == "TokenSpace(texts, 2 to 4 of 7 tokens, prior=bigram)"


def test_long_rows_share_their_tables():
    space = fv.TokenSpace(WORDS, 400, examples=TEXTS * 20)
    assert len({id(p) for p in space.latent.probabilities}) < 100
    assert len({id(p) for p in fv.TokenSpace(1_000, 400).latent.probabilities}) == 1


def test_examples_of_other_words_are_remarked_on():
    with pytest.warns(fv.FeatvizWarning, match="3 of the 4 tokens of the examples"):
        fv.TokenSpace(WORDS, 3, examples=["The Cat sat On"])
