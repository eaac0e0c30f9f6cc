"""JSON schemas put together, and whether several exclude each other."""

from collections.abc import Mapping
from typing import Any

from featviz.errors import InvalidArgument
from featviz.search_spaces.adapters.json_validation import ANNOTATIONS, type_of
from featviz.text import visible

__all__ = ["NoneFitsError", "bare", "disjoint", "merged", "without"]

_LARGER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_SMALLER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")


class NoneFitsError(Exception):
    """No value fits a part of the schema, or none that ends within the depth."""


def without(schema: Mapping[str, Any], key: str) -> dict[str, Any]:
    """A copy of a schema that lacks one keyword."""
    return {name: value for name, value in schema.items() if name != key}


def bare(schema: Mapping[str, Any]) -> bool:
    """Whether a schema restricts nothing."""
    return all(name in ANNOTATIONS for name in schema)


def merged(schemas: list[Any], at: str) -> Any:
    """One schema that holds where all of several do.

    Raises:
        InvalidArgument: where two restrict the same thing in different ways.
    """
    if any(schema is False for schema in schemas):
        return False
    named = [set(schema.get("properties", {})) for schema in schemas if isinstance(schema, Mapping)]
    closed = any(
        schema.get("additionalProperties", True) is not True for schema in schemas if isinstance(schema, Mapping)
    )
    if closed and len([names for names in named if names]) > 1:
        raise InvalidArgument(
            f"additionalProperties with properties in several places is not read, as at {visible(at)}."
        )
    whole: dict[str, Any] = {}
    for schema in schemas:
        for key, value in ({} if schema is True else schema).items():
            if key in ANNOTATIONS or key not in whole or whole[key] == value:
                whole[key] = value
            elif key == "required":
                whole[key] = list(dict.fromkeys([*whole[key], *value]))
            elif key == "properties" and all(whole[key][n] == value[n] for n in value if n in whole[key]):
                whole[key] = {**whole[key], **value}
            elif key in _LARGER or key in _SMALLER:
                whole[key] = max(whole[key], value) if key in _LARGER else min(whole[key], value)
            else:
                raise InvalidArgument(f"{visible(key)!r} is restricted in two ways at {visible(at)}: write it as one.")
    return whole


def disjoint(schemas: list[Any]) -> bool:
    """Whether no value fits two of several schemas, as far as their types and listed values say."""
    kinds: list[set[str]] = []
    for schema in schemas:
        if not isinstance(schema, Mapping):
            return False
        listed = schema.get("enum", [schema["const"]] if "const" in schema else None)
        named = schema.get("type")
        if listed is not None:
            types = {type_of(value) for value in listed}
        elif named is not None:
            types = {named} if isinstance(named, str) else set(named)
        else:
            return False
        kinds.append(types | ({"integer"} if "number" in types else set()))
    return sum(map(len, kinds)) == len(set().union(*kinds))
