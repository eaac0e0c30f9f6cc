"""Whether the keywords of a JSON schema have values of the types that JSON Schema gives them."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from featviz import checks
from featviz.errors import InvalidArgument, WrongType
from featviz.text import first_line, shown, visible

__all__ = ["check_values"]


def check_values(schema: Any, at: str) -> None:
    """Check a schema and those within it; what references point to is left out.

    Raises:
        WrongType, InvalidArgument: naming the keyword and where it stands.
    """
    if isinstance(schema, bool):
        return
    if not isinstance(schema, Mapping):
        raise WrongType(f"the schema at {visible(at)} must be an object or a truth value, but it is {shown(schema)}.")
    for keyword, value in schema.items():
        if keyword in _CHECKS:
            _CHECKS[keyword](f"{keyword} at {visible(at)}", value)
    for inner, step in _within(schema):
        check_values(inner, f"{at}/{step}")


def _within(schema: Mapping[str, Any]) -> Iterator[tuple[Any, str]]:
    for keyword in ("allOf", "anyOf", "oneOf", "prefixItems", "items"):
        if isinstance(schema.get(keyword), list):
            yield from ((inner, f"{keyword}/{place}") for place, inner in enumerate(schema[keyword]))
    for keyword in ("properties", "patternProperties"):
        yield from ((inner, f"{keyword}/{name}") for name, inner in schema.get(keyword, {}).items())
    for keyword in ("items", "additionalItems", "additionalProperties"):
        if keyword in schema and not isinstance(schema[keyword], list):
            yield schema[keyword], keyword


def _count(what: str, value: Any) -> None:
    checks.integer(what, value, 0)


def _number(what: str, value: Any) -> None:
    checks.finite(what, value)


def _step(what: str, value: Any) -> None:
    checks.finite(what, value, 0, exclusive=True)


def _list(what: str, value: Any) -> None:
    if not isinstance(value, list):
        raise WrongType(f"{what} must be a list, but it is {shown(value)}.")


def _texts(what: str, value: Any) -> None:
    _list(what, value)
    for one in value:
        if not isinstance(one, str):
            raise WrongType(f"{what} must hold names, but it holds {shown(one)}.")


def _table(what: str, value: Any) -> None:
    if not isinstance(value, Mapping):
        raise WrongType(f"{what} must be an object, but it is {shown(value)}.")


def _patterns(what: str, value: Any) -> None:
    _table(what, value)
    for one in value:
        _pattern(what, one)


def _pattern(what: str, value: Any) -> None:
    if not isinstance(value, str):
        raise WrongType(f"{what} must be text, but it is {shown(value)}.")
    try:
        re.compile(value)
    except (re.error, OverflowError, RecursionError) as error:
        raise InvalidArgument(
            f"the {what} holds {visible(value, 80)!r}, which is no regular expression: {first_line(error)}."
        ) from None


_CHECKS: dict[str, Callable[[str, Any], None]] = {
    **dict.fromkeys(["minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"], _count),
    **dict.fromkeys(["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"], _number),
    **dict.fromkeys(["allOf", "anyOf", "oneOf", "prefixItems", "enum"], _list),
    "multipleOf": _step,
    "required": _texts,
    "properties": _table,
    "patternProperties": _patterns,
    "pattern": _pattern,
}
