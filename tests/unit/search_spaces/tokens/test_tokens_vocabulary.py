"""Vocabularies: as lists, dicts and numbers; and the tokens that people name."""

import numpy as np
import pytest
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from featviz.errors import InvalidArgument, SpaceError, WrongType
from featviz.search_spaces.tokens.vocabulary import Vocabulary

WORDS = ["the", "cat", "sat"]


def test_a_list_a_dict_and_an_array_are_the_same():
    for given in (WORDS, tuple(WORDS), np.array(WORDS), {"sat": 2, "the": 0, "cat": 1}):
        vocabulary = Vocabulary(given, " ")
        assert list(vocabulary.tokens) == WORDS
        assert vocabulary.sequence("sat the", "prefix").tolist() == [2, 0]
        assert vocabulary.names([1, 0]) == ("cat", "the")


@pytest.mark.parametrize(
    "given", [{"a": 0, "b": 2}, {"a": 0, "b": 0}, {"a": 1, "b": 2}, {"a": None, "b": 0}, {"a": "x", "b": 1}]
)
def test_a_dict_must_number_its_tokens(given):
    with pytest.raises(InvalidArgument, match="each its id"):
        Vocabulary(given, " ")


def test_numbers_stand_for_themselves():
    vocabulary = Vocabulary(12, " ")
    assert vocabulary.sequence("11 3", "prefix").tolist() == [11, 3]
    assert vocabulary.id_of(np.int64(4), "banned") == 4
    for wrong in ("4", True, 12, -1, 1.0, None):
        with pytest.raises(SpaceError, match="banned names"):
            vocabulary.id_of(wrong, "banned")
    with pytest.raises(InvalidArgument, match="between 2 and 1,000,000"):
        Vocabulary(10**7, " ")


def test_a_token_may_be_named_by_its_text():
    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0, "the": 1, "cat": 2}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    vocabulary = Vocabulary(tokenizer, " ")
    assert (
        vocabulary.id_of("cat", "banned")
        == vocabulary.id_of("Cat", "banned")
        == vocabulary.id_of(" cat", "banned")
        == 2
    )
    # What is unknown is read as one token too, but not as this one.
    with pytest.raises(SpaceError, match="Did you mean 'cat'"):
        vocabulary.id_of("cats", "banned")


def test_examples_are_parted_by_what_may_not_be_chosen():
    vocabulary = Vocabulary(["a", "b", "c", "d"], " ")
    allowed = np.array([0, 2, 3])
    found = vocabulary.sequences(["a c b d", "x a", "b b"], allowed)
    assert [part.tolist() for part in found] == [[0, 1], [2], [0]]
    found = vocabulary.sequences([[0, 1, 3], np.array([2, 2]), ["a", 3]], allowed)
    assert [part.tolist() for part in found] == [[0], [2], [1, 1], [0, 2]]


@pytest.mark.parametrize("given", [{"a", "b"}, 2.5, None, True, object(), b"ab"])
def test_what_is_no_vocabulary_is_said(given):
    with pytest.raises(WrongType, match="a vocabulary must be a list of tokens, how many there are, or a tokenizer"):
        Vocabulary(given, " ")


@pytest.mark.parametrize("hostile", ["\u202eevil", "\x1b[31m", "\x00", "\ud800", "a" * 1_000_000])
def test_unknown_text_is_shown_safely(hostile):
    for ask in (lambda v: v.sequence(hostile, "prefix"), lambda v: v.id_of(hostile, "banned")):
        for vocabulary in (Vocabulary(WORDS, " "), Vocabulary(9, " ")):
            with pytest.raises(SpaceError) as caught:
                ask(vocabulary)
            message = str(caught.value)
            assert message.isprintable()
            assert len(message) < 500
            message.encode()
