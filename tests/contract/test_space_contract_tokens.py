"""Sequences of tokens of every kind against the contract of spaces."""

import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

import featviz as fv
from featviz.testing.spaces import SpaceContract

WORDS = ["the", "cat", "sat", "on", "a", "mat", "and", "looked", "<pad>"]
TEXTS = ["the cat sat on the mat", "a cat looked and sat", "the mat and the cat"]


def trained():
    """A byte-pair tokenizer of a few sentences: not every sequence of its tokens comes back from its text."""
    tokenizer = Tokenizer(models.BPE(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(TEXTS, trainers.BpeTrainer(vocab_size=60, special_tokens=["[UNK]", "[PAD]"]))
    return tokenizer


CATALOGUE = {
    "words": lambda: fv.TokenSpace(WORDS, 6),
    "ids": lambda: fv.TokenSpace(50, 12),
    "two tokens, one place": lambda: fv.TokenSpace(2, 1),
    "bigram": lambda: fv.TokenSpace(WORDS, 8, examples=TEXTS),
    "unigram": lambda: fv.TokenSpace(WORDS, 8, examples=TEXTS, prior="unigram"),
    "of ids, learnt": lambda: fv.TokenSpace(9, 5, examples=[[0, 1, 2, 3], [3, 2, 8]]),
    "varying": lambda: fv.TokenSpace(WORDS, 7, min_length=2),
    "varying, learnt, text": lambda: fv.TokenSpace(WORDS, 7, min_length=1, examples=TEXTS, as_text=True),
    "template": lambda: fv.TokenSpace(WORDS, 3, prefix="the cat", suffix=["and"], banned=["mat"]),
    "varying template": lambda: fv.TokenSpace(WORDS, 5, min_length=2, prefix=[0], suffix="a mat", pad="<pad>"),
    "template, learnt": lambda: fv.TokenSpace(WORDS, 4, min_length=2, prefix="the", suffix="mat", examples=TEXTS),
    "by id": lambda: fv.TokenSpace({word: i for i, word in enumerate(WORDS)}, 4, as_text=True, separator=", "),
    "text": lambda: fv.TokenSpace(WORDS, 4, as_text=True, banned_text=["cat"]),
    "letters": lambda: fv.TokenSpace(list("abcdefgh"), 10, as_text=True, separator=""),
    "syllables": lambda: fv.TokenSpace(["a", "b", "ab", "ba"], 4, as_text=True, separator=""),
    "tokenizer": lambda: fv.TokenSpace.from_tokenizer(trained(), 5),
    "tokenizer, learnt, varying": lambda: fv.TokenSpace.from_tokenizer(
        trained(), 6, min_length=2, prefix="the cat", examples=TEXTS
    ),
    "tokenizer, template": lambda: fv.TokenSpace.from_tokenizer(
        trained(), 4, prefix="the cat", suffix=" mat", banned=["on"], banned_text=["cats"], examples=TEXTS
    ),
    "tokenizer, ids": lambda: fv.TokenSpace.from_tokenizer(trained(), 5, as_text=False),
}


@pytest.mark.parametrize("name", CATALOGUE)
class TestCatalogue(SpaceContract):
    @pytest.fixture
    def space(self, name):
        return CATALOGUE[name]()

    # One process for each space would take most of the suite's time; a few kinds stand for all.
    def test_other_process(self, space, name):
        if name in {"bigram", "varying template", "text"}:
            super().test_other_process(space)
