"""Texts from regular expressions and grammars."""

import re

import numpy as np
import pytest

import featviz as fv
from featviz.errors import InvalidArgument, WrongType

PATTERNS = [
    r"", r"^$", r"abc", r".*", r"[^\d\s]{3}", r"abc|abd|xyz", r"(\d{1,3}\.){3}\d{1,3}", r"((a|b)*c?)*",
    r"[\w\-]+(,[\w]+)*", r"(?i)[a-z_]\w*?@(?P<h>x|y)+\.(com|org){2,3}$", r"(?i:abc)d", r"a*+b", r"(?>c|cd)e",
    r"\bfoo\b", r"\s\S\W\D", r"(?s:.)x", r"(?x) a b  # a comment", r"[а-яё]+", r"x{0}y?", r"\A[\]\-^]+\Z", r"(?:)",
]  # fmt: skip


@pytest.mark.parametrize("pattern", PATTERNS)
def test_every_text_matches_and_none_is_too_long(pattern):
    space = fv.from_regex(pattern, 20)
    rng = np.random.default_rng(0)
    latents = space.latent.sample(rng, 100)
    for move in (None, *space.latent.moves):
        children = latents if move is None else move.propose(latents, latents[::-1], rng)
        if move is not None and space.latent.feasible is not None:
            children = children[space.latent.feasible(children)]
        for text in space.decode_latents(children):
            assert re.fullmatch(pattern, text)
            assert len(text) <= 20


def test_the_whole_language_is_within_reach():
    texts = fv.from_regex("a?(b|cd){0,2}[ef]").sample(np.random.default_rng(0), 2_000)
    assert set(texts) == {
        a + middle + e for a in ("", "a") for e in "ef" for middle in ("", "b", "cd", "bb", "bcd", "cdb", "cdcd")
    }


def test_the_longest_text_is_within_reach():
    assert max(map(len, fv.from_regex("a*b*", 6).sample(np.random.default_rng(0), 300))) == 6


def test_the_alphabet_is_what_a_dot_stands_for():
    texts = fv.from_regex("..[^a]", alphabet="abc").sample(np.random.default_rng(0), 300)
    assert {c for text in texts for c in text} == {"a", "b", "c"}
    assert {text[2] for text in texts} == {"b", "c"}
    assert fv.from_regex(".", alphabet="ab").spec()["alphabet"] == "ab"


@pytest.mark.parametrize(
    ("pattern", "options", "error", "says"),
    [
        (r"(a)\1", {}, InvalidArgument, "reference to a group"),
        (r"(?=a)b", {}, InvalidArgument, "look-ahead"),
        (r"(?<!a)b", {}, InvalidArgument, "look-ahead or look-behind"),
        (r"(a)?(?(1)b|c)", {}, InvalidArgument, "condition on a group"),
        ("(", {}, InvalidArgument, "no regular expression"),
        ("a{70}", {}, InvalidArgument, "70 characters"),
        ("a", {"max_length": -1}, InvalidArgument, "max_length"),
        ("a", {"max_length": 10**9}, InvalidArgument, "max_length"),
        (r"[^ -~]", {}, InvalidArgument, "alphabet"),
        ("[\x00-\U0010ffff]" * 50, {}, InvalidArgument, "more than 2,000,000 characters"),
        (r"[^a]\D\W" * 100, {"alphabet": "".join(map(chr, range(100_000)))}, InvalidArgument, "narrower"),
        (3, {}, WrongType, "must be text"),
        (b"a", {}, WrongType, "must be text"),
    ],
)
def test_patterns_that_cannot_be_written_out_are_refused(pattern, options, error, says):
    with pytest.raises(error, match=says):
        fv.from_regex(pattern, **options)


SUM = {"sum": ["<term>", "<term> + <sum>"], "term": ["<digit>", "(<sum>)"], "digit": list("0123456789")}


def test_texts_of_a_grammar_can_be_parsed():
    space = fv.from_grammar(SUM, "sum", max_depth=7)
    rng = np.random.default_rng(0)
    latents = space.latent.sample(rng, 100)
    for move in space.latent.moves:
        latents = move.propose(latents, latents[::-1], rng)
        for text in space.decode_latents(latents):
            assert eval(text) >= 0
    assert max(map(len, space.decode_latents(latents))) > 5


def test_depth_is_kept():
    deep = {"a": ["x", "(<a>)"]}
    for depth in (1, 2, 5):
        texts = set(fv.from_grammar(deep, "a", depth).sample(np.random.default_rng(0), 300))
        assert texts == {"(" * i + "x" + ")" * i for i in range(depth)}


def test_text_that_only_looks_like_a_rule():
    space = fv.from_grammar({"page": "<lt>b><word></b> < 3 > 2", "lt": ["<"], "word": ["w", ""]}, "page")
    assert set(space.sample(np.random.default_rng(0), 50)) == {"<b>w</b> < 3 > 2", "<b></b> < 3 > 2"}


@pytest.mark.parametrize(
    ("rules", "start", "error", "says"),
    [
        ({"a": ["<b>"]}, "a", InvalidArgument, "needs a rule 'b'"),
        ({"item": ["<itm>"]}, "item", InvalidArgument, "Did you mean 'item'"),
        ({"a": ["<a>x"]}, "a", InvalidArgument, "can never end"),
        ({"a": ["x", "<b>"], "b": ["<c>"], "c": ["<b>"]}, "a", InvalidArgument, "can never end"),
        ({"a": []}, "a", InvalidArgument, "no alternative"),
        ({"a": ["x"]}, "b", InvalidArgument, "no rule 'b'"),
        ({"a": ["x"]}, ["a"], InvalidArgument, "no rule"),
        ({"a": ["<b>"], "b": ["<c>"], "c": ["<d>"], "d": ["x"]}, "a", InvalidArgument, "max_depth"),
        ({"1": ["x"]}, "1", InvalidArgument, "cannot be called"),
        ({"a": [1]}, "a", WrongType, "list of texts"),
        ({}, "a", WrongType, "dict of names"),
        (["x"], "a", WrongType, "dict of names"),
    ],
)
def test_grammars_that_cannot_be_written_out_are_refused(rules, start, error, says):
    with pytest.raises(error, match=says):
        fv.from_grammar(rules, start, max_depth=3)


def test_a_text_that_grows_without_measure_is_stopped():
    doubling = fv.from_grammar({"a": ["<b><b>"], "b": ["<c><c>"], "c": ["x" * 400_000]}, "a")
    with pytest.raises(fv.errors.SpaceError, match="1,000,000 characters"):
        doubling.sample(np.random.default_rng(0), 1)


@pytest.mark.parametrize("pattern", ["(((){999}){999}){999}", "(((a{0}){999}){999}){999}", "((a?){999}){999}"])
def test_repeats_of_what_takes_no_room_are_stopped(pattern):
    with pytest.raises(fv.errors.SpaceError, match="1,000,000 steps"):
        fv.from_regex(pattern).sample(np.random.default_rng(0), 1)


def test_a_grammar_that_doubles_nothing_is_stopped():
    rules = {"r0": "", **{f"r{i}": f"<r{i - 1}><r{i - 1}>" for i in range(1, 60)}}
    with pytest.raises(fv.errors.SpaceError, match="1,000,000 steps"):
        fv.from_grammar(rules, "r59", max_depth=100).sample(np.random.default_rng(0), 1)


def test_a_long_chain_of_rules_is_read_at_once():
    chain = {f"r{i}": f"<r{i - 1}>" for i in range(1, 20_000)} | {"r0": "x", "s": ["<r19999>", "(<r150>)"]}
    with pytest.raises(InvalidArgument, match="20,000 rules within each other"):
        fv.from_grammar(chain, "r19999", max_depth=200)
    assert fv.from_grammar(chain, "s", max_depth=200).sample(np.random.default_rng(0), 2) == ["(x)", "(x)"]
