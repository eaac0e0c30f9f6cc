"""Spaces from Gymnasium spaces and JSON schemas: the form of batches, what is drawn, and what is refused."""

import sys

import numpy as np
import pytest
from gymnasium import spaces

import featviz as fv
from featviz.errors import FeatvizWarning, InvalidArgument, SpaceError, WrongType
from featviz.optimisers import make_optimiser
from featviz.search_spaces.adapters import AlphabetText, BoundedArray, ChoiceArray
from featviz.search_spaces.adapters.json_validation import fits

PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer", "minimum": 0, "maximum": 120}},
    "required": ["name"],
}


def rng(seed=0):
    return np.random.default_rng(seed)


def test_boxes_are_arrays_of_their_type():
    assert fv.from_gymnasium(spaces.Box(-1, 1, (3,), np.float16)).sample(rng(), 5).dtype == np.float16
    assert fv.from_gymnasium(spaces.MultiBinary(4)).sample(rng(), 5).dtype == np.int8
    assert fv.from_gymnasium(spaces.Box(0, 255, (9, 9, 3), np.uint8)).sample(rng(), 5).dtype == np.uint8
    assert fv.from_gymnasium(spaces.Discrete(3)).sample(rng(), 5).shape == (5,)


def test_numbers_follow_the_priors_of_their_bounds():
    space = BoundedArray([0, 1, -np.inf, -np.inf], [2, np.inf, 3, np.inf], 4)
    drawn = space.sample(rng(), 20_000)
    assert np.abs(drawn.mean(axis=0) - [1, 2, 2, 0]).max() < 0.05
    assert np.abs(drawn.std(axis=0) - [2 / np.sqrt(12), 1, 1, 1]).max() < 0.05
    whole = BoundedArray(3, 6, 1, "int32").sample(rng(), 20_000).ravel()
    assert np.abs(np.bincount(whole, minlength=7)[3:] / 20_000 - 0.25).max() < 0.02


def test_all_values_of_a_choice_are_drawn():
    drawn = ChoiceArray([2, 1, 3], start=[0, 5, -1], shape=3).sample(rng(), 200)
    assert [sorted(set(column)) for column in drawn.T] == [[0, 1], [5], [-1, 0, 1]]


def test_texts_have_letters_of_the_alphabet():
    drawn = AlphabetText("ab", 0, 3).sample(rng(), 200)
    assert {len(text) for text in drawn} == {0, 1, 2, 3}
    assert set("".join(drawn)) == {"a", "b"}
    with pytest.raises(SpaceError, match="no option"):
        AlphabetText("ab", 0, 3).encode_inputs(["abc"])


@pytest.mark.parametrize(
    ("make", "error", "says"),
    [
        (lambda: fv.from_gymnasium(3), WrongType, "Gymnasium space"),
        (lambda: fv.from_gymnasium(spaces.Discrete(1)), InvalidArgument, "nothing to search"),
        (lambda: fv.from_gymnasium(spaces.Dict({})), InvalidArgument, "nothing to search"),
        (lambda: fv.from_gymnasium(spaces.Discrete(2), max_length=0), InvalidArgument, "max_length"),
        (lambda: fv.from_gymnasium(spaces.Sequence(spaces.Discrete(1))), InvalidArgument, "one value"),
        (lambda: BoundedArray(2, 1), InvalidArgument, "above high"),
        (lambda: BoundedArray(np.nan, 1), InvalidArgument, "NaN"),
        (lambda: BoundedArray([0, 1], 3, 3), InvalidArgument, "shape"),
        (lambda: BoundedArray(0, 1, 3, "text"), WrongType, "dtype"),
        (lambda: BoundedArray(0, 1, 3, "bool"), WrongType, "dtype"),
        (lambda: ChoiceArray(0), InvalidArgument, "at least 1"),
        (lambda: ChoiceArray(1), InvalidArgument, "nothing to search"),
        (lambda: AlphabetText("", 0, 3), WrongType, "alphabet"),
        (lambda: AlphabetText("a", 3, 3), InvalidArgument, "nothing to search"),
        (lambda: AlphabetText("ab", 3, 2), InvalidArgument, "min_length"),
    ],
)
def test_what_cannot_be_a_space_is_refused(make, error, says):
    with pytest.raises(error, match=says):
        make()


def test_a_space_of_an_unknown_kind_is_refused():
    class Odd(spaces.Space):
        pass

    with pytest.raises(InvalidArgument, match=r"Odd.*Known are: Box"):
        fv.from_gymnasium(Odd())


def test_importing_featviz_does_not_import_gymnasium():
    import subprocess

    code = "import sys, featviz as fv; fv.DictSpace, fv.from_gymnasium; print('gymnasium' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"


def test_json_values_are_of_plain_types():
    batch = fv.from_json_schema({**PERSON, "required": ["name", "age"]}).sample(rng(), 20)
    assert type(batch) is list
    assert all(type(value) is dict and type(value["age"]) is int and type(value["name"]) is str for value in batch)


def test_optional_properties_are_absent_half_the_time():
    batch = fv.from_json_schema(PERSON).sample(rng(), 1_000)
    assert 0.4 < np.mean(["age" in value for value in batch]) < 0.6
    assert all("name" in value for value in batch)


def test_json_paths_and_differences():
    space = fv.from_json_schema(PERSON)
    a, b = {"name": "x", "age": 3}, {"name": "y"}
    assert space.units(a) == ("name.0", "age")
    assert space.differences(a, b) == [("name", "x", "y"), ("age", "3", "-")]
    assert space.render(b)[0].rows == (("name", "y"),)


def test_recursion_ends_at_the_depth():
    tree = {
        "$defs": {"t": {"type": "object", "properties": {"t": {"$ref": "#/$defs/t"}, "v": {"type": "boolean"}}}},
        "$ref": "#/$defs/t",
    }

    def depth(value):
        return 1 + (depth(value["t"]) if "t" in value else 0)

    for most in (0, 2):
        drawn = fv.from_json_schema(tree, max_depth=most).sample(rng(), 400)
        assert max(map(depth, drawn)) == most + 1


def test_a_format_is_not_kept_and_a_warning_says_so():
    with pytest.warns(FeatvizWarning, match="'date'.*not kept"):
        fv.from_json_schema({"type": "string", "format": "date"})


@pytest.mark.parametrize(
    ("schema", "says"),
    [
        ({"not": {"type": "null"}}, "'not' at # is not read"),
        ({"type": "integer", "minimun": 3}, "Did you mean 'minimum'"),
        ({"if": {}, "then": {}}, "'if'"),
        ({"type": "array", "contains": {}}, "'contains'"),
        ({"type": "number", "minimum": 3, "maximum": 2}, "no number"),
        ({"type": "integer", "minimum": 3, "maximum": 2}, "no multiple"),
        ({"type": "integer", "exclusiveMinimum": 3, "exclusiveMaximum": 4}, "no multiple"),
        ({"type": "number", "multipleOf": 0}, "multipleOf"),
        ({"type": "string", "minLength": 3, "maxLength": 2}, "minLength is above"),
        ({"type": "string", "pattern": "(?=a)b"}, "the pattern at #"),
        ({"type": "string", "pattern": "("}, "the pattern at #"),
        ({"type": "object", "required": ["a"], "additionalProperties": False}, "nothing is allowed"),
        ({"type": "object", "properties": {"ab": {}}, "patternProperties": {"^a": {}}}, "patternProperties"),
        ({"type": "object", "properties": {"a": {}}, "minProperties": 2}, "minProperties"),
        ({"const": 3}, "only 3"),
        ({"type": "null"}, "nothing to search"),
        ({"enum": []}, "enum must be"),
        ({"enum": ["a"], "type": "integer"}, "none of the values"),
        ({"type": "colour"}, "type at #"),
        ({"$ref": "other.json#/a"}, "within the schema"),
        ({"$ref": "#/a"}, "nothing at #/a"),
        ({"$ref": "#"}, "max_depth=3"),
        (
            {
                "$defs": {"a": {"type": "object", "properties": {"a": {"$ref": "#/$defs/a"}}, "required": ["a"]}},
                "$ref": "#/$defs/a",
            },
            "max_depth=3",
        ),
        ({"allOf": [{"type": "string"}, {"type": "integer"}]}, "two ways"),
        ({"oneOf": []}, "list of schemas"),
        ({"type": "integer", "minimum": float("nan")}, "JSON values"),
        ("{", "no JSON"),
    ],
)
def test_schemas_that_cannot_be_kept_are_refused(schema, says):
    with (
        pytest.raises(InvalidArgument, match=says)
        if says != "list of schemas"
        else pytest.raises(WrongType, match=says)
    ):
        fv.from_json_schema(schema)


@pytest.mark.parametrize(
    ("schema", "says"),
    [
        ({"type": "object", "required": 5}, "required at # must be a list"),
        ({"type": "object", "required": [1]}, "required at # must hold names"),
        ({"type": "object", "minProperties": "x", "properties": {"a": True}}, "minProperties at # must be a whole"),
        ({"type": "object", "patternProperties": [1], "required": ["a"]}, "patternProperties at # must be an object"),
        ({"type": "array", "prefixItems": {"a": 1}}, "prefixItems at # must be a list"),
        ({"allOf": 3}, "allOf at # must be a list"),
        ({"allOf": [3]}, "schema at #/allOf/0 must be"),
        ({"allOf": [{"minimum": "a"}, {"minimum": 3}]}, "minimum at #/allOf/0 must be a number"),
        ({"minimum": 0, "anyOf": [3, {"type": "integer"}]}, "schema at #/anyOf/0"),
        ({"enum": [1, 2], "minimum": "x"}, "minimum at # must be a number"),
        ({"enum": [[1], [2]], "items": 3}, "schema at #/items"),
        ({"enum": [1, 2], "allOf": [{"$ref": "#/$defs/a"}], "$defs": {"a": {"maximum": []}}}, "maximum at #/\\$defs/a"),
    ],
)
def test_keywords_of_another_type_are_named(schema, says):
    with pytest.raises(WrongType, match=says):
        fv.from_json_schema(schema)


SELF = {"type": "object", "properties": {name: {"$ref": "#"} for name in "abcdefgh"}}


@pytest.mark.parametrize(
    ("schema", "options", "says"),
    [
        ({"enum": ["a", "b"], "pattern": "("}, {}, "the pattern at #"),
        ({"type": "object", "patternProperties": {"(": True}, "required": ["a"]}, {}, "no regular expression"),
        ({"enum": [1, 2], "multipleOf": 0}, {}, "multipleOf at #"),
        (SELF, {"max_depth": 20}, "more than 50,000 parts"),
        ({"type": "array", "items": {"const": 1}, "maxItems": 10**9}, {}, "arrays of one value"),
        ({"type": "string", "minLength": 10**9}, {}, "minLength at #"),
        ({"type": "string", "maxLength": 10**9}, {}, "max_length must be"),
        ({"type": "string", "maxLength": 10**9}, {"alphabet": "a"}, "texts of one letter"),
        ({"type": "string", "maxLength": 10**9, "minLength": 10**9}, {"alphabet": "a"}, "minLength at #"),
        ('{"items":' * 100_000, {}, "no JSON"),
    ],
)
def test_schemas_of_too_much_are_refused_at_once(schema, options, says):
    with pytest.raises(InvalidArgument, match=says):
        fv.from_json_schema(schema, **options)


@pytest.mark.parametrize("schema", [3, None, [], True, {"properties": 3}, {"type": 3}, {"items": 3}])
def test_what_is_no_schema_is_refused(schema):
    with pytest.raises(WrongType):
        fv.from_json_schema(schema)


def test_a_hostile_name_is_shown_safely():
    with pytest.raises(InvalidArgument) as error:
        fv.from_json_schema({"type": "object", "properties": {"a\u202e": {"\u202eif": 1}}})
    assert "\u202e" not in str(error.value)


@pytest.mark.parametrize(
    ("value", "schema", "holds"),
    [
        (True, {"type": "integer"}, False),
        (1.0, {"type": "integer"}, True),
        (1, {"const": 1.0}, True),
        (1, {"const": True}, False),
        (0.3, {"multipleOf": 0.1}, True),
        (0.35, {"multipleOf": 0.1}, False),
        ([1, 1.0], {"uniqueItems": True}, False),
        ([1, True], {"uniqueItems": True}, True),
        ({"a": 1}, {"additionalProperties": False}, False),
        (5, {"oneOf": [{"minimum": 3}, {"maximum": 9}]}, False),
        ("abc", {"pattern": "b"}, True),
        ([1, "x"], {"prefixItems": [{"type": "integer"}], "items": False}, False),
    ],
)
def test_the_check_of_a_value(value, schema, holds):
    assert fits(value, schema, lambda _: {}) is holds


def test_whole_numbers_in_a_box_are_searched_in_steps_and_none_twice():
    box = fv.from_gymnasium(spaces.Box(0, 3, (4,), np.int8))
    assert box.latent.stepwise
    assert not fv.from_gymnasium(spaces.Box(0, 3, (4,))).latent.stepwise
    made = make_optimiser("auto", box.latent)
    assert made.name == "ga"
    asked = []
    for _ in range(8):
        latents = made.optimiser.ask(20)
        asked += map(bytes, box.decode_latents(latents))
        made.optimiser.tell(latents, np.arange(20.0))
    assert len(set(asked)) == len(asked) == 160


def test_whole_numbers_without_bounds_or_in_wide_ones_keep_their_genes():
    for low, high in ((0, np.inf), (-np.inf, np.inf), (-(2**40), 2**40)):
        assert BoundedArray(low, high, (3,), "int64").latent.canonical is None
