"""Spaces made from Gymnasium spaces and JSON schemas: the contract, and whether inputs fit what they were made from."""

import json
import warnings

import numpy as np
import pytest
from gymnasium import spaces
from jsonschema import Draft202012Validator

import featviz as fv
from featviz.batches import take_one
from featviz.search_spaces.adapters.json_validation import fits
from featviz.testing._inputs import same as alike
from featviz.testing.spaces import SpaceContract

INF = np.inf
DEEP = spaces.OneOf([spaces.Discrete(3), spaces.Sequence(spaces.Box(0, 9, (), int))])

GYMNASIUM = {
    "box": spaces.Box(-1, 1, (3,)),
    "box of float64": spaces.Box(
        np.array([-1.0, -np.inf, 2, -np.inf]), np.array([1, 3.0, np.inf, np.inf]), dtype=np.float64
    ),
    "box with the largest bounds": spaces.Box(-np.finfo(np.float32).max, np.finfo(np.float32).max, (2, 2)),
    "box of one number": spaces.Box(0, 5, ()),
    "box with a constant": spaces.Box(np.array([0, 2], np.float32), np.array([1, 2], np.float32)),
    "box of int8": spaces.Box(-128, 127, (4,), np.int8),
    "box of int64": spaces.Box(-(2**62), 2**62, (3,), np.int64),
    "box of half-bounded int32": spaces.Box(np.array([-5, -(2**31)]), np.array([2**31 - 1, 9]), dtype=np.int32),
    "bytes": spaces.Box(0, 255, (5, 4), np.uint8),
    "picture": spaces.Box(0, 255, (12, 10, 3), np.uint8),
    "discrete": spaces.Discrete(5),
    "discrete from -2": spaces.Discrete(3, start=-2),
    "discrete of very many": spaces.Discrete(1_000_000),
    "multi-discrete": spaces.MultiDiscrete([3, 1, 7]),
    "multi-discrete with two axes": spaces.MultiDiscrete(np.array([[2, 3], [4, 5]])),
    "multi-binary": spaces.MultiBinary((2, 3)),
    "text": spaces.Text(6),
    "text of one letter": spaces.Text(min_length=1, max_length=4, charset="x"),
    "text of one length": spaces.Text(min_length=3, max_length=3, charset="abc"),
    "dict": spaces.Dict({"position": spaces.Box(-1, 1, (2,)), "door": spaces.Discrete(4), "one": spaces.Discrete(1)}),
    "tuple": spaces.Tuple([spaces.Discrete(2), spaces.Text(3), spaces.MultiBinary(2)]),
    "sequence": spaces.Sequence(spaces.Box(0, 1, (2,))),
    "sequence of dicts": spaces.Sequence(spaces.Dict({"a": spaces.Discrete(3), "b": spaces.Text(2)})),
    "stacked sequence": spaces.Sequence(spaces.Box(0, 1, (2,)), stack=True),
    "stacked sequence of choices": spaces.Sequence(spaces.Discrete(4), stack=True),
    "stacked sequence of dicts": spaces.Sequence(
        spaces.Dict({"a": spaces.Discrete(3), "b": spaces.Box(0, 1, (2,))}), stack=True
    ),
    "graph": spaces.Graph(spaces.Box(-1, 1, (3,)), spaces.Discrete(4)),
    "graph of nodes": spaces.Graph(spaces.Discrete(4), None),
    "one of three": spaces.OneOf([spaces.Box(0, 1, (2,)), spaces.Discrete(3), spaces.Discrete(1)]),
    "four deep": spaces.Dict(
        {
            "team": spaces.Sequence(
                spaces.Tuple(
                    [spaces.Text(4), spaces.OneOf([spaces.Discrete(3), spaces.Sequence(spaces.Box(0, 9, (), int))])]
                )
            ),
            "map": spaces.Box(0, 255, (8, 8, 1), np.uint8),
        }
    ),
}


@pytest.mark.parametrize("name", GYMNASIUM)
class TestGymnasium(SpaceContract):
    @pytest.fixture
    def space(self, name):
        return fv.from_gymnasium(GYMNASIUM[name])

    def test_other_process(self, space, name):
        if name in {"graph", "dict"}:
            super().test_other_process(space)

    def test_encode(self, space, name):
        if name not in {"picture", "four deep"}:
            super().test_encode(space)
            return
        # A value next to the bounds is moved inside by 1/512 of the range, which can be the next whole number.
        picture = spaces.Box(0, 255, (12, 10, 3), np.uint8)
        space = fv.from_gymnasium(picture)
        batch = space.sample(np.random.default_rng(0), 4)
        again = space.decode_latents(space.encode_inputs(batch))
        assert np.abs(again.astype(int) - batch).max() <= 1

    def test_inputs_are_members(self, space, name):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Gymnasium warns of a number in place of an array of shape ()
            rng = np.random.default_rng(1)
            batch = space.sample(rng, 60)
            members = [GYMNASIUM[name].contains(take_one(batch, row)) for row in range(60)]
        assert all(members)

    def test_extreme_latents_are_members(self, space, name):
        rng = np.random.default_rng(2)
        latents = space.latent.sample(rng, 20)
        latents.real[:10] = 40.0
        latents.real[10:] = -40.0
        batch = space.decode_latents(latents)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert all(GYMNASIUM[name].contains(take_one(batch, row)) for row in range(20))

    def test_moves_give_members(self, space, name):
        rng = np.random.default_rng(3)
        for move in space.latent.moves:
            batch = space.decode_latents(move.propose(space.latent.sample(rng, 9), space.latent.sample(rng, 9), rng))
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                assert all(GYMNASIUM[name].contains(take_one(batch, row)) for row in range(9))

    def test_saliency_parts(self, space):
        rng = np.random.default_rng(2)
        latents, fill = space.latent.sample(rng, 3), space.latent.sample(rng, 4)
        batch = space.decode_latents(latents)
        for row in range(3):
            units = space.units(take_one(batch, row))
            assert units
            kept = space.apply(latents[row : row + 1], units, np.ones((4, len(units)), dtype=bool), fill)
            assert alike(kept, space.decode_latents(latents[[row] * 4]))


TREE = {
    "$defs": {
        "tree": {
            "type": "object",
            "properties": {
                "v": {"type": "integer", "minimum": 0, "maximum": 9},
                "children": {"type": "array", "items": {"$ref": "#/$defs/tree"}, "maxItems": 2},
            },
            "required": ["v"],
        }
    },
    "$ref": "#/$defs/tree",
}
SHAPES = {
    "oneOf": [
        {
            "type": "object",
            "properties": {"kind": {"const": "circle"}, "r": {"type": "number", "exclusiveMinimum": 0}},
            "required": ["kind", "r"],
            "additionalProperties": False,
        },
        {
            "type": "object",
            "properties": {"kind": {"const": "box"}, "w": {"type": "number", "minimum": 0}},
            "required": ["kind", "w"],
            "additionalProperties": False,
        },
    ]
}
SCHEMAS = {
    "integer in a range": {"type": "integer", "minimum": 3, "maximum": 17},
    "integer without bounds": {"type": "integer"},
    "integer above": {"type": "integer", "exclusiveMinimum": 5},
    "number": {"type": "number", "minimum": -1, "exclusiveMaximum": 2.5},
    "number without bounds": {"type": "number"},
    "multiples": {"type": "number", "multipleOf": 0.1, "minimum": 0, "maximum": 1},
    "whole multiples": {"type": "integer", "multipleOf": 7, "minimum": -20},
    "boolean": {"type": "boolean"},
    "text": {"type": "string", "minLength": 2, "maxLength": 5},
    "text of a pattern": {"type": "string", "pattern": "^[a-z]{2,4}-[0-9]+$", "minLength": 6, "maxLength": 9},
    "text or null": {"type": ["string", "null"]},
    "enum": {"enum": ["a", "b", "c"]},
    "enum of all kinds": {"enum": [1, True, None, "x", [1, 2], {"a": 1}, 1.5]},
    "enum that must fit": {"enum": [1, 2, "x", 30], "type": "integer", "maximum": 10},
    "array": {"type": "array", "items": {"type": "number", "minimum": 0, "maximum": 1}, "minItems": 1, "maxItems": 4},
    "array of anything": {"type": "array"},
    "unique": {"type": "array", "items": {"enum": ["a", "b", "c", "d"]}, "uniqueItems": True, "maxItems": 3},
    "prefix": {"type": "array", "prefixItems": [{"type": "integer"}, {"const": "x"}], "items": {"type": "boolean"}},
    "prefix alone": {"type": "array", "prefixItems": [{"enum": [1, 2]}, {"type": "string"}], "items": False},
    "object": {
        "type": "object",
        "properties": {
            "name": {"type": "string", "maxLength": 4},
            "age": {"type": "integer", "minimum": 0},
            "tags": {"type": "array", "items": {"enum": ["x", "y"]}},
            "version": {"const": 3},
        },
        "required": ["name", "version"],
    },
    "object of few": {"properties": {n: {"type": "boolean"} for n in "abcd"}, "minProperties": 2, "maxProperties": 3},
    "tree": TREE,
    "shapes": SHAPES,
    "any of": {"anyOf": [{"type": "integer", "maximum": 3}, {"type": "number", "minimum": 2}]},
    "one of what overlaps": {
        "oneOf": [{"type": "integer", "minimum": 0, "maximum": 9}, {"type": "integer", "minimum": 5, "maximum": 20}]
    },
    "all of": {
        "allOf": [
            {"properties": {"a": {"type": "boolean"}}, "required": ["a"]},
            {"properties": {"b": {"type": "string"}}},
        ],
        "type": "object",
    },
    "alternatives with a common part": {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
        "oneOf": [{"required": ["a"]}, {"required": ["b"]}],
    },
    "anything": {},
}


def check_fits(value, schema):
    json.loads(json.dumps(value, allow_nan=False))
    root = schema

    def resolve(reference):
        found = root
        for step in reference.split("/")[1:]:
            found = found[step]
        return found

    return fits(value, schema, resolve)


@pytest.mark.parametrize("name", SCHEMAS)
class TestJsonSchema(SpaceContract):
    @pytest.fixture
    def space(self, name):
        return fv.from_json_schema(SCHEMAS[name])

    def test_other_process(self, space, name):
        if name in {"object", "tree"}:
            super().test_other_process(space)

    def test_inputs_fit(self, space, name):
        rng = np.random.default_rng(1)
        batch = space.sample(rng, 200)
        assert all(check_fits(value, SCHEMAS[name]) for value in batch)
        if name == "multiples":
            return  # jsonschema divides floats, for which 0.6 is no multiple of 0.1
        validator = Draft202012Validator(SCHEMAS[name])
        for value in batch:
            validator.validate(value)

    def test_moves_and_far_genes_fit(self, space, name):
        rng = np.random.default_rng(3)
        latents = space.latent.sample(rng, 30)
        far = latents.copy()
        far.real[:15], far.real[15:] = 40.0, -40.0
        found = [far, *(move.propose(latents, latents[::-1], rng) for move in space.latent.moves)]
        for some in found:
            valid = slice(None) if space.latent.feasible is None else space.latent.feasible(some)
            assert all(check_fits(value, SCHEMAS[name]) for value in space.decode_latents(some[valid]))
