"""Tokenizers of every make: what they call things, what they add and refuse, and which of their tokens are none."""

import itertools

import numpy as np
import pytest
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

import featviz as fv
from featviz.errors import InvalidArgument, SpaceError, WrongType
from featviz.search_spaces.tokens.tokenizers import Words, codec_of, pieces

TEXTS = ["the cat sat on the mat", "a cat looked and sat", "the mats and the cats"]


def trained(model, trainer, pre_tokenizer, decoder, **options):
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizer, decoder
    tokenizer.train_from_iterator(TEXTS, trainer(vocab_size=60, show_progress=False, **options))
    return tokenizer


def byte_level():
    pre = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer, tokenizer.decoder = pre, decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=290, special_tokens=["<|end|>"], initial_alphabet=alphabet)
    tokenizer.train_from_iterator(TEXTS, trainer)
    return tokenizer


def word_pieces():
    options = {"special_tokens": ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]}
    split = pre_tokenizers.BertPreTokenizer()
    tokenizer = trained(
        models.WordPiece(unk_token="[UNK]"), trainers.WordPieceTrainer, split, decoders.WordPiece(), **options
    )
    tokenizer.normalizer = normalizers.BertNormalizer()
    around = [("[CLS]", 2), ("[SEP]", 3)]
    tokenizer.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=around)
    return tokenizer


def unigrams():
    options = {"special_tokens": ["<unk>"], "unk_token": "<unk>"}
    return trained(
        models.Unigram(), trainers.UnigramTrainer, pre_tokenizers.Metaspace(), decoders.Metaspace(), **options
    )


class Transformers:
    """What a slow tokenizer of transformers looks like: it puts special tokens around a text unless told otherwise."""

    all_special_ids = (0, 1)

    def get_vocab(self):
        return {"[CLS]": 0, "[SEP]": 1, "x": 2, "y": 3}

    def encode(self, text, add_special_tokens=True):
        ids = ["01xy".index(c) for c in text]
        return [0, *ids, 1] if add_special_tokens else ids

    def decode(self, ids):
        return "".join("01xy"[i] for i in ids)


class Fast:
    """What a fast tokenizer of transformers looks like: one of ``tokenizers`` inside, and more special tokens."""

    def __init__(self, inside, special):
        self.backend_tokenizer, self.all_special_ids = inside, special

    def encode(self, text):
        raise AssertionError("the one inside does whole batches")

    decode = encode


class TikToken:
    """What an encoding of tiktoken looks like: gaps in its numbers, batches of its own, refusal of special text."""

    n_vocab = 8
    special_tokens_set = {"<|end|>"}

    def encode_single_token(self, text):
        return {"<|end|>": 7}[text]

    def encode(self, text, *, allowed_special=(), disallowed_special="all"):
        if disallowed_special == "all" and "<|end|>" in text:
            raise ValueError("special token in text")
        return [self.names.index(c) for c in text]

    def encode_batch(self, texts):
        raise AssertionError("takes other arguments than that of tokenizers")

    decode_batch = encode_batch
    names = "<|end>"

    def decode(self, ids):
        if any(i == 6 for i in ids):
            raise KeyError("no token 6")
        return "".join("<|end|>" if i == 7 else self.names[i] for i in ids)


class SentencePiece:
    """What a processor of sentencepiece looks like: sizes and names are methods."""

    def vocab_size(self):
        return 5

    def id_to_piece(self, i):
        return ["<unk>", "<s>", "</s>", "\u2581x", "y"][i]

    def is_control(self, i):
        return i in (1, 2)

    def unk_id(self):
        return 0

    def is_unknown(self, i):
        return i == 0

    def encode(self, text):
        return [{" ": 0, "x": 3, "y": 4}[c] for c in text.replace(" x", "x")]

    def decode(self, ids):
        return "".join(["?", "", "", " x", "y"][i] for i in ids).removeprefix(" ")


def drawn(space, n=100):
    return space.sample(np.random.default_rng(0), n)


@pytest.mark.parametrize(("make", "special"), [(byte_level, 1), (word_pieces, 4), (unigrams, 1)])
def test_every_model_of_tokenizers_gives_texts_that_come_back(make, special):
    tokenizer = make()
    space = fv.TokenSpace.from_tokenizer(tokenizer, 4, examples=TEXTS)
    texts = drawn(space)
    encoded = [tokenizer.encode(text, add_special_tokens=False) for text in texts]
    assert {len(found.ids) for found in encoded} == {4}
    assert min(i for found in encoded for i in found.ids) >= special
    assert space.encode_inputs(texts).digest() == space.latent.sample(np.random.default_rng(0), 100).digest()


def test_padding_and_truncation_of_a_tokenizer_are_left_out_and_left_alone():
    tokenizer = word_pieces()
    plain = drawn(fv.TokenSpace.from_tokenizer(tokenizer, 6, examples=TEXTS))
    tokenizer.enable_padding(length=32)
    tokenizer.enable_truncation(4)
    assert drawn(fv.TokenSpace.from_tokenizer(tokenizer, 6, examples=TEXTS)) == plain
    assert len(tokenizer.encode("the cat").ids) == 32


def test_transformers():
    space = fv.TokenSpace.from_tokenizer(Transformers(), 4)
    assert {c for text in drawn(space) for c in text} == {"x", "y"}
    inside = word_pieces()
    unwanted = inside.token_to_id("the")
    fast = fv.TokenSpace.from_tokenizer(Fast(inside, [0, unwanted]), 4, examples=TEXTS)
    assert not any("the" in text.split() for text in drawn(fast))


def test_tiktoken():
    space = fv.TokenSpace.from_tokenizer(TikToken(), 7)
    assert {c for text in drawn(space, 300) for c in text} == set("<|end>")
    # A text that happens to spell a special token is a text like others.
    assert space.encode_inputs(["<|end|>"]).categorical.tolist() == [[0, 1, 2, 3, 4, 1, 5]]
    with pytest.raises(SpaceError, match="'<6>' may not be chosen"):
        fv.TokenSpace.from_tokenizer(TikToken(), 2, as_text=False).encode_inputs([[6, 0]])


def test_sentencepiece():
    space = fv.TokenSpace.from_tokenizer(SentencePiece(), 3)
    texts = drawn(space)
    assert {text for text in texts if text.startswith("x")} >= {"x x x", "xyy", "xy x"}
    assert space.units("xy x") == ("1: x", "2: y", "3: x")


def test_tokens_are_named_by_what_they_add_to_a_text():
    for tokenizer in (byte_level(), unigrams()):
        codec = codec_of(tokenizer)
        (ids,) = codec.encode(["the cat"])
        named = pieces(codec, ids.tolist())
        assert "".join(named[i] for i in ids.tolist()).strip() == "the cat"
    codec = codec_of(word_pieces())
    the, inner = codec.tokens.index("the"), next(i for i, t in enumerate(codec.tokens) if t.startswith("##"))
    assert pieces(codec, [the, inner, 1, -1]) == {
        the: " the", inner: codec.tokens[inner][2:], 1: "[UNK]", -1: "<unknown>",
    }  # fmt: skip
    # Half a character shows nothing, so its name has to do.
    codec = codec_of(byte_level())
    half = codec.encode(["é"])[0].tolist()
    assert pieces(codec, half) == {i: codec.tokens[i] for i in half}


def test_gaps_in_the_numbers_are_never_chosen():
    tokenizer = Tokenizer(models.WordLevel({"a": 0, "?": 3, "b": 5, "c": 9}, unk_token="?"))
    assert set(np.unique(drawn(fv.TokenSpace(tokenizer, 4)))) == {0, 5, 9}


@pytest.mark.parametrize("make", [word_pieces, SentencePiece])
def test_unknown_text_is_no_token(make):
    unknown = "z" if make is word_pieces else " "
    with pytest.raises(SpaceError, match="no token"):
        fv.TokenSpace.from_tokenizer(make(), 2, prefix=unknown)
    with pytest.raises(SpaceError, match="'<unknown>' may not be chosen"):
        fv.TokenSpace.from_tokenizer(make(), 1).encode_inputs([unknown])


def test_special_tokens_are_never_chosen():
    tokenizer = word_pieces()
    tokenizer.add_special_tokens([AddedToken("<mask>", special=True)])
    tokenizer.add_tokens([AddedToken("newword", special=False)])
    mask, new = tokenizer.token_to_id("<mask>"), tokenizer.token_to_id("newword")
    found = np.unique(drawn(fv.TokenSpace(tokenizer, 20), 200))
    assert found.min() == 4
    assert mask not in found
    assert new in found


@pytest.mark.parametrize("separator", [" ", "--", "-", "ab", "aba", ", ", ""])
def test_words_are_exact_only_where_every_sequence_comes_back(separator):
    for tokens in (["a", "b"], ["a", "-b"], ["b", "ab", "a"], ["xa", "y"], ["a,", "b"], ["ba", "a"]):
        words = Words(tokens, separator)
        rows = [np.array(row) for k in (1, 2, 3, 4) for row in itertools.product(range(len(tokens)), repeat=k)]
        again = words.encode(words.decode(rows))
        assert not words.exact or all(np.array_equal(a, b) for a, b in zip(rows, again, strict=True))
    assert Words(["x", "y"], separator).exact == (separator not in ("--", "aba"))


class Lost:
    n_vocab = 3

    def encode(self, text):
        return [0]

    def decode(self, ids):
        return b"bytes" if len(ids) > 1 else "a"


def test_what_is_no_tokenizer_is_refused(tmp_path):
    with pytest.raises(WrongType, match="decode must return text"):
        drawn(fv.TokenSpace.from_tokenizer(Lost(), 4), 1)

    class Sizeless:
        encode = decode = len

    with pytest.raises(InvalidArgument, match="how many tokens"):
        fv.TokenSpace.from_tokenizer(Sizeless(), 4)
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(InvalidArgument, match=r"is no tokenizer\.json"):
        fv.TokenSpace(tmp_path / "tokenizer.json", 4)
    with pytest.raises(InvalidArgument, match="cannot read"):
        fv.TokenSpace("a\0b", 4)
    with pytest.raises(InvalidArgument, match="cannot read"):
        fv.TokenSpace(tmp_path, 4)
    with pytest.raises(InvalidArgument, match="the vocabulary is none"):
        fv.TokenSpace(["a", "b"], 4, sha256="0" * 64)


def test_a_path_is_kept_in_the_description(tmp_path):
    path = tmp_path / "tokenizer.json"
    word_pieces().save(str(path))
    spec = fv.TokenSpace(path, 4).spec()
    assert spec["vocabulary"] == str(path)
    path.write_text(path.read_text().replace("cat", "dog"))
    with pytest.raises(SpaceError, match="another tokenizer"):
        fv.TokenSpace(path, 4, sha256=spec["sha256"])
