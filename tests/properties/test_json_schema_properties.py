"""JSON schemas of any kind: every value drawn fits, and no schema fails in a way of its own."""

import json

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import featviz as fv
from featviz.errors import FeatvizError
from featviz.search_spaces.adapters.json_validation import fits

small = st.integers(0, 4)
numbers = st.one_of(st.integers(-20, 20), st.sampled_from([0.5, -1.25, 7.5]))
steps = st.sampled_from([0.1, 0.25, 3])
values = st.one_of(st.none(), st.booleans(), st.integers(-3, 3), st.sampled_from(["a", "b", 1.5, [1], {"a": 1}]))
PRINCIPAL = {"n": {"type": "object", "properties": {"n": {"$ref": "#/$defs/n"}, "v": {"type": "boolean"}}}}


def some(**keywords):
    return st.fixed_dictionaries({}, optional=keywords)


def typed(kind, keywords):
    return keywords.map(lambda found: {"type": kind, **found})


simple = st.one_of(
    typed("integer", some(minimum=st.integers(-9, 9), maximum=st.integers(-9, 9), multipleOf=st.integers(1, 4))),
    typed(
        "number",
        some(
            minimum=numbers,
            exclusiveMaximum=numbers,
            exclusiveMinimum=numbers,
            multipleOf=st.sampled_from([0.1, 0.25, 3]),
        ),
    ),
    typed("string", some(minLength=small, maxLength=small)),
    st.just({"type": "boolean"}),
    st.just({"type": "null"}),
    st.just({"$ref": "#/$defs/n"}),
    st.booleans(),
    st.just({}),
    st.lists(values, min_size=1, max_size=4).map(lambda found: {"enum": found}),
    values.map(lambda found: {"const": found}),
    st.just({"type": ["integer", "string", "null"], "minimum": 2, "maxLength": 2}),
)
schemas = st.recursive(
    simple,
    lambda inner: st.one_of(
        typed("array", some(items=inner, minItems=small, maxItems=small, uniqueItems=st.booleans())),
        typed(
            "array",
            some(prefixItems=st.lists(inner, min_size=1, max_size=2), items=inner, minItems=small, maxItems=small),
        ),
        typed(
            "object",
            some(
                properties=st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
                required=st.lists(st.sampled_from("abc"), max_size=2, unique=True),
                additionalProperties=st.booleans(),
                minProperties=small,
                maxProperties=small,
            ),
        ),
        st.lists(inner, min_size=1, max_size=3).map(lambda found: {"oneOf": found}),
        st.lists(inner, min_size=1, max_size=3).map(lambda found: {"anyOf": found}),
        st.lists(inner, min_size=1, max_size=2).map(lambda found: {"allOf": found}),
    ),
    max_leaves=5,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(schemas.filter(lambda schema: isinstance(schema, dict)), st.integers(0, 100))
def test_every_value_fits(schema, seed):
    schema = {**schema, "$defs": PRINCIPAL}
    try:
        space = fv.from_json_schema(schema, max_depth=1, max_items=3, max_letters=3)
        batch = space.sample(np.random.default_rng(seed), 8)
    except FeatvizError:
        return  # nothing or one value fits, hardly any does, or it is restricted in two ways
    for value in batch:
        assert json.loads(json.dumps(value)) == value
        assert fits(value, schema, lambda _: PRINCIPAL["n"])
    for value in space.decode_latents(space.encode_inputs(batch)):
        assert fits(value, schema, lambda _: PRINCIPAL["n"])
    x = batch[0]
    assert space.units(x) is not None
    assert space.render(x)
    assert space.differences(x, x) == []
