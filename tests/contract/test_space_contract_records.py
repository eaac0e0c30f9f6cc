"""Spaces of any shape against the contract: nested, conditional, recursive, constrained, texts, and fixed views."""

import dataclasses

import numpy as np
import pytest

import featviz as fv
from featviz.testing.spaces import SpaceContract


@fv.space
def melody(draw):
    """A tempo and a few notes."""
    return {
        "tempo": draw.integer("tempo", 60, 180),
        "notes": draw.list("note", lambda d: (d.choice("pitch", "CDEFGAB"), d.choice("length", [1, 2, 4])), 4, 12),
    }


@fv.space
def every_kind(draw):
    """One of each."""
    return (
        draw.real("real"),
        draw.uniform("uniform", -2, 3),
        draw.log_uniform("log", 1e-3, 10),
        draw.integer("integer", -1, 1),
        draw.choice("choice", ["a", None, (1, 2)], [0.5, 0.3, 0.2]),
        draw.boolean("boolean", 0.3),
        draw.permutation("order", "wxyz"),
        draw.scope("scope").uniform("uniform", 0, 1),
    )


def circle(draw):
    return {"radius": draw.log_uniform("radius", 0.1, 10)}


def square(draw):
    return {"side": draw.uniform("side", 0, 5), "tilt": draw.optional("tilt", lambda d: d.uniform("angle", 0, 90))}


@fv.space
def drawing(draw):
    """Branches within a list, and the same name twice."""
    shapes = draw.list("shape", lambda d: d.one_of("kind", circle, square), 0, 5)
    return [draw.choice("ink", "krgb"), draw.choice("ink", "krgb"), *shapes]


@fv.space
def tables(draw):
    """Lists of lists."""
    return draw.list("row", lambda d: d.list("cell", lambda c: c.integer("v", 0, 9), 0, 4), 1, 4)


@dataclasses.dataclass
class Tree:
    value: int
    children: list


def _tree(draw, depth):
    count = 0 if depth == 0 else 3
    return Tree(draw.integer("value", 0, 5), draw.list("child", lambda d: _tree(d, depth - 1), 0, count))


@fv.space
def trees(draw):
    """Objects, recursively."""
    return _tree(draw, 3)


def _sum_is_even(x):
    return sum(x) % 2 == 0


even = fv.space(lambda draw: draw.list("x", lambda d: d.integer("v", 0, 9), 1, 5), name="even", valid=_sum_is_even)


class Low(fv.Space):
    """A fixed-shape space with a constraint, to be nested."""

    variables = {"level": fv.Uniform(0, 1, shape=2), "label": fv.Choice("ab")}

    def decode(self, values):
        return np.column_stack([values["level"], values["label"]])

    def valid(self, inputs):
        return inputs[:, 0] < 0.3


LOW, PICTURE = Low(), fv.ImageSpace(4, 5)


@fv.space
def captioned(draw):
    """Other spaces inside."""
    return {
        "picture": draw.space("picture", PICTURE),
        "low": [draw.space("low", LOW), draw.space("low", LOW)],
        "even": draw.optional("even", lambda d: d.space("numbers", even), 0.8),
    }


def _loud(x):
    return f"{x['tempo']}!"


def _far(a, b):
    return np.abs(np.array([x["tempo"] for x in a])[:, None] - np.array([y["tempo"] for y in b])[None, :])


shown = fv.space(render=lambda x: [fv.TextBlock(_loud(x))], distance=_far)(melody)


class Beside(fv.Space):
    """A space of any shape as a variable of one with a fixed shape."""

    variables = {"song": melody, "volume": fv.Uniform(0, 1), "shape": drawing}

    def decode(self, values):
        parts = zip(values["song"], values["volume"].tolist(), values["shape"], strict=True)
        return [{"song": song, "volume": volume, "shape": shape} for song, volume, shape in parts]

    def distance(self, a, b):
        return melody.distance([x["song"] for x in a], [y["song"] for y in b])


EXPRESSION = {"sum": ["<term>", "<term> + <sum>"], "term": ["<digit>", "(<sum>)"], "digit": list("0123456789")}

CATALOGUE = {
    "melody": lambda: melody,
    "every kind": lambda: every_kind,
    "drawing": lambda: drawing,
    "lists of lists": lambda: tables,
    "trees": lambda: trees,
    "constraint": lambda: even,
    "nested spaces": lambda: captioned,
    "own render and distance": lambda: shown,
    "fixed view": every_kind.fixed,
    "address": lambda: fv.from_regex(r"(?P<user>[a-z]\w*)@(?:[a-z]+\.)+(com|org)", 40),
    "time": lambda: fv.from_regex(r"([01]\d|2[0-3]):[0-5]\d"),
    "anchored, any case": lambda: fv.from_regex(r"(?i)^ab*[^x-z]+?$", max_length=8, alphabet="abcXYZ"),
    "expression": lambda: fv.from_grammar(EXPRESSION, "sum", max_depth=6),
    "beside others": Beside,
}


@pytest.mark.parametrize("name", CATALOGUE)
class TestRecords(SpaceContract):
    @pytest.fixture
    def space(self, name):
        return CATALOGUE[name]()

    # One process for each space would take most of the suite's time; a few kinds stand for all.
    def test_other_process(self, space, name):
        if name in {"melody", "nested spaces", "address", "expression", "fixed view"}:
            assert space.spec() is not None
            super().test_other_process(space)


def test_what_can_be_written_down():
    rebuildable = {name for name in CATALOGUE if CATALOGUE[name]().spec() is not None}
    assert set(CATALOGUE) - rebuildable == {"constraint", "own render and distance"}
