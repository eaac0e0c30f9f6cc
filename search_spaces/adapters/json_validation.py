"""Whether a JSON value fits a JSON schema, for the keywords that :mod:`json_schema` reads."""

import json
import math
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

__all__ = ["ANNOTATIONS", "FAMILIES", "fits", "json_key", "type_of"]

# What says nothing about which values fit.
ANNOTATIONS = frozenset(
    [
        "$anchor",
        "$comment",
        "$defs",
        "$id",
        "$schema",
        "contentEncoding",
        "contentMediaType",
        "default",
        "definitions",
        "deprecated",
        "description",
        "discriminator",
        "examples",
        "externalDocs",
        "format",
        "nullable",
        "readOnly",
        "title",
        "writeOnly",
        "xml",
    ]
)
# The keywords that restrict values of one type.
FAMILIES = {
    "object": ("properties", "required", "additionalProperties", "minProperties", "maxProperties", "patternProperties"),
    "array": ("items", "prefixItems", "additionalItems", "minItems", "maxItems", "uniqueItems"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    "string": ("pattern", "minLength", "maxLength"),
}

Resolve = Callable[[str], Any]


def type_of(value: Any) -> str:
    """The JSON type of a value; "integer" for every whole number."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "integer" if math.isfinite(value) and value == int(value) else "number"
    return "string" if isinstance(value, str) else "array" if isinstance(value, list) else "object"


def json_key(value: Any) -> str:
    """Text that is equal for values that JSON calls equal: 1 and 1.0, objects in any order; not 1 and true."""
    return json.dumps(_comparable(value), sort_keys=True)


def fits(value: Any, schema: Any, resolve: Resolve) -> bool:  # noqa: PLR0911  one return a keyword
    """Whether ``value`` fits ``schema``; ``resolve`` gives what a ``$ref`` points to."""
    if isinstance(schema, bool):
        return schema
    kind = type_of(value)
    named = schema.get("type")
    types = [named] if isinstance(named, str) else named
    if types is not None and kind not in types and not (kind == "integer" and "number" in types):
        return False
    if "const" in schema and json_key(value) != json_key(schema["const"]):
        return False
    if "enum" in schema and json_key(value) not in set(map(json_key, schema["enum"])):
        return False
    if "$ref" in schema and not fits(value, resolve(schema["$ref"]), resolve):
        return False
    if not all(fits(value, part, resolve) for part in schema.get("allOf", ())):
        return False
    if "anyOf" in schema and not any(fits(value, part, resolve) for part in schema["anyOf"]):
        return False
    if "oneOf" in schema and sum(fits(value, part, resolve) for part in schema["oneOf"]) != 1:
        return False
    family = {"integer": "number"}.get(kind, kind)
    return family not in _CHECKS or _CHECKS[family](value, schema, resolve)


def _fits_number(value: Any, schema: Mapping[str, Any], resolve: Resolve) -> bool:  # noqa: ARG001  all checks take it
    low, high = schema.get("minimum", -math.inf), schema.get("maximum", math.inf)
    above, below = schema.get("exclusiveMinimum", -math.inf), schema.get("exclusiveMaximum", math.inf)
    if not (low <= value <= high and above < value < below):
        return False
    step = schema.get("multipleOf")
    return step is None or Decimal(str(value)) % Decimal(str(step)) == 0


def _fits_string(value: str, schema: Mapping[str, Any], resolve: Resolve) -> bool:  # noqa: ARG001  as above
    if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", math.inf):
        return False
    return "pattern" not in schema or re.search(schema["pattern"], value) is not None


def _fits_array(value: list[Any], schema: Mapping[str, Any], resolve: Resolve) -> bool:
    if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", math.inf):
        return False
    if schema.get("uniqueItems") and len(set(map(json_key, value))) < len(value):
        return False
    items = schema.get("items", True)
    prefix, rest = (items, schema.get("additionalItems", True)) if isinstance(items, list) else ([], items)
    prefix = schema.get("prefixItems", prefix)
    ahead = zip(value, prefix, strict=False)
    behind = value[len(prefix) :]
    return all(fits(x, part, resolve) for x, part in ahead) and all(fits(x, rest, resolve) for x in behind)


def _fits_object(value: Mapping[str, Any], schema: Mapping[str, Any], resolve: Resolve) -> bool:
    if not schema.get("minProperties", 0) <= len(value) <= schema.get("maxProperties", math.inf):
        return False
    properties, other = schema.get("properties", {}), schema.get("additionalProperties", True)
    patterns = schema.get("patternProperties", {})
    if any(name not in value for name in schema.get("required", ())):
        return False
    for name, part in value.items():
        rules = [properties[name]] if name in properties else []
        rules += [rule for pattern, rule in patterns.items() if re.search(pattern, name)]
        if not all(fits(part, rule, resolve) for rule in rules or [other]):
            return False
    return True


_CHECKS: dict[str, Callable[[Any, Mapping[str, Any], Resolve], bool]] = {
    "number": _fits_number,
    "string": _fits_string,
    "array": _fits_array,
    "object": _fits_object,
}


def _comparable(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _comparable(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_comparable(part) for part in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
