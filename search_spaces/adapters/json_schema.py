"""``from_json_schema``: the space of JSON values that fit a JSON schema."""

import json
import math
import re
import string
import warnings
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from featviz import checks
from featviz.batches import unstack
from featviz.errors import FeatvizError, FeatvizWarning, InvalidArgument, WrongType
from featviz.latent import MAX_GENES
from featviz.protocols import Spec
from featviz.search_spaces.adapters.converted import Converted
from featviz.search_spaces.adapters.json_keywords import check_values
from featviz.search_spaces.adapters.json_merging import NoneFitsError, bare, disjoint, merged, without
from featviz.search_spaces.adapters.json_numbers import number_part
from featviz.search_spaces.adapters.json_validation import ANNOTATIONS, FAMILIES, fits, json_key
from featviz.search_spaces.adapters.json_values import Checked, JsonArray, JsonObject, plain
from featviz.search_spaces.adapters.texts import AlphabetText
from featviz.search_spaces.choices import Choice
from featviz.search_spaces.composites import Constant, ListSpace, OneOf
from featviz.search_spaces.composites.parts import part_of
from featviz.search_spaces.records import from_regex
from featviz.text import shown, visible

__all__ = ["JsonSpace", "from_json_schema"]

_TYPES = ("null", "boolean", "integer", "number", "string", "array", "object")
_READ = {"$ref", "type", "enum", "const", "oneOf", "anyOf", "allOf", *(k for some in FAMILIES.values() for k in some)}
# Letters of a text, as many as a list may have elements.
_LONGEST = 1_000_000
# The parts that a schema unfolds into; one that stands in itself in several places grows with each level.
_MOST_PARTS = 50_000
_LETTERS = string.ascii_letters + string.digits + " "


class JsonSpace(Converted):
    """JSON values that fit a JSON schema; made by :func:`from_json_schema`.

    A batch is a list of n values of Python's own types: dict, list, str, int, float, bool, None.
    """

    def __init__(
        self,
        schema: Mapping[str, Any] | str,
        *,
        max_depth: int = 3,
        max_items: int = 8,
        max_letters: int = 16,
        alphabet: str = _LETTERS,
    ) -> None:
        self._given: dict[str, Any] = {
            "max_depth": checks.integer("max_depth", max_depth, 0, 20),
            "max_items": checks.integer("max_items", max_items, 1),
            "max_letters": checks.integer("max_letters", max_letters, 1),
            "alphabet": _text("alphabet", alphabet),
        }
        self._schema = _read(schema)
        try:
            compiler = _Compiler(self._schema, **self._given)
            found = compiler.part(self._schema, "#")
        except NoneFitsError as error:
            raise InvalidArgument(f"no value fits the schema: {error}.") from None
        except RecursionError:
            raise InvalidArgument("the schema is nested too deeply.") from None
        if isinstance(found, Constant):
            raise InvalidArgument(f"only {shown(found.value)} fits the schema: there is nothing to search.")
        self._part = part_of("schema", found)
        self.variables = {"value": self._part.given}

    def _to_form(self, inputs: Any) -> list[Any]:
        return [plain(value) for value in unstack(inputs)]

    def _from_form(self, inputs: Any) -> list[Any]:
        return unstack(inputs)

    def spec(self) -> Spec:
        """The schema as JSON text, and the limits."""
        return {"type": self._kind, "schema": json.dumps(self._schema), **self._given}

    def __repr__(self) -> str:
        return f"from_json_schema({visible(json.dumps(self._schema), 100)})"


def from_json_schema(
    schema: Mapping[str, Any] | str,
    *,
    max_depth: int = 3,
    max_items: int = 8,
    max_letters: int = 16,
    alphabet: str = _LETTERS,
) -> JsonSpace:
    """The space of JSON values that fit a JSON schema; each of them does.

    It reads types, ``enum``, ``const``, ranges, ``multipleOf``, lengths, ``properties``, ``required``, ``items``,
    ``prefixItems``, ``uniqueItems``, ``oneOf``, ``anyOf``, ``allOf`` (where its parts name different things) and local
    ``$ref``. Objects get the properties that the schema names and no others; a value of any kind at all
    becomes null, a truth value, a number or a text. Numbers without bounds are drawn around 0 as
    :class:`~featviz.search_spaces.adapters.BoundedArray` says.
    A ``format`` is not kept, and a warning says so.

    Args:
        schema: the schema, as a dict or as JSON text.
        max_depth: how often a rule may stand within itself.
        max_items: the most items of an array beyond ``minItems``, where the schema has no ``maxItems``.
        max_letters: the most letters of a text beyond ``minLength``, where the schema has no ``maxLength``.
        alphabet: the letters of texts that have no ``pattern``.

    Raises:
        WrongType: if it is no schema.
        InvalidArgument: for keywords that restrict values in ways that are not read (``not``, ``if``, ...), unknown
            ones, references to other files, rules that cannot end, and schemas that no value or one value fits.
    """
    limits = {"max_depth": max_depth, "max_items": max_items, "max_letters": max_letters}
    return JsonSpace(schema, **limits, alphabet=alphabet)


class _Compiler:
    """Turns a schema into parts of a space. ``at`` is where in the schema a part stands, for messages."""

    def __init__(self, root: Any, max_depth: int, max_items: int, max_letters: int, alphabet: str) -> None:
        self._root = root
        self._depth, self._items, self._letters, self._alphabet = max_depth, max_items, max_letters, alphabet
        self._open: list[str] = []
        self._parts = 0
        # References to what was checked.
        self._checked: set[str] = set()
        check_values(root, "#")

    def part(self, schema: Any, at: str) -> Any:  # noqa: PLR0911  one return a kind of schema
        """The space, variable or constant of the values that fit ``schema``."""
        self._parts += 1
        if self._parts > _MOST_PARTS:
            raise InvalidArgument(f"the schema unfolds into more than {_MOST_PARTS:,} parts: make max_depth smaller.")
        if schema is True:
            schema = {}
        if schema is False:
            raise NoneFitsError(f"nothing is allowed at {visible(at)}")
        if not isinstance(schema, Mapping):
            raise WrongType(
                f"the schema at {visible(at)} must be an object or a truth value, but it is {shown(schema)}."
            )
        _check_keywords(schema, at)
        if "$ref" in schema:
            return self._referred(schema, at)
        if "allOf" in schema:
            return self.part(merged([without(schema, "allOf"), *map(self._flat, schema["allOf"])], at), at)
        if "const" in schema or "enum" in schema:
            return self._listed(schema, at)
        if "oneOf" in schema or "anyOf" in schema:
            return self._alternatives(schema, at)
        types = _types(schema, at)
        if len(types) > 1:
            return _one_of(list(self._each([({**schema, "type": kind}, at) for kind in types])), at)
        makers = {"array": self._array, "object": self._object, "string": self._string}
        kind = types[0]
        if kind in makers:
            return makers[kind](schema, at)
        if kind == "null":
            return Constant(None)
        return Choice([False, True]) if kind == "boolean" else number_part(schema, at, whole=kind == "integer")

    def resolve(self, reference: str) -> Any:
        """What a local reference points to."""
        if not isinstance(reference, str) or not (reference == "#" or reference.startswith("#/")):
            raise InvalidArgument(f"only references within the schema are followed, but one is {shown(reference)}.")
        found = self._root
        for step in reference.split("/")[1:]:
            name = unquote(step).replace("~1", "/").replace("~0", "~")
            if isinstance(found, Mapping) and name in found:
                found = found[name]
            elif isinstance(found, list) and name.isdigit() and int(name) < len(found):
                found = found[int(name)]
            else:
                raise InvalidArgument(f"the schema has nothing at {visible(reference)}.")
        if reference not in self._checked:
            check_values(found, reference)
            self._checked.add(reference)
        return found

    def _referred(self, schema: Mapping[str, Any], at: str) -> Any:
        reference = schema["$ref"]
        target = self.resolve(reference)
        if self._open.count(reference) > self._depth:
            raise NoneFitsError(f"{visible(reference)} stands within itself more than max_depth={self._depth} times")
        more = {name: value for name, value in schema.items() if name != "$ref" and name not in ANNOTATIONS}
        self._open.append(reference)
        try:
            return self.part(merged([self._flat(target), more], at) if more else target, reference)
        finally:
            self._open.pop()

    def _flat(self, schema: Any) -> Any:
        """A schema with its reference followed, to be merged with others."""
        seen: set[str] = set()
        while isinstance(schema, Mapping) and "$ref" in schema and schema["$ref"] not in seen:
            seen.add(schema["$ref"])
            more = {name: value for name, value in schema.items() if name != "$ref" and name not in ANNOTATIONS}
            target = self.resolve(schema["$ref"])
            schema = merged([target, more], schema["$ref"]) if more else target
        return schema

    def _each(self, schemas: list[tuple[Any, str]]) -> Iterator[Any]:
        """The parts of those schemas that some value fits."""
        for schema, at in schemas:
            try:
                yield self.part(schema, at)
            except NoneFitsError:
                continue

    def _listed(self, schema: Mapping[str, Any], at: str) -> Any:
        given = [schema["const"]] if "const" in schema else schema["enum"]
        if not isinstance(given, list) or not given:
            raise InvalidArgument(f"enum must be a list of values at {visible(at)}, but it is {shown(given)}.")
        distinct = {json_key(value): value for value in reversed(given)}
        values = [value for value in reversed(distinct.values()) if fits(value, schema, self.resolve)]
        if not values:
            raise NoneFitsError(f"none of the values listed at {visible(at)} fits the rest of the schema")
        if len(values) == 1:
            return Constant(values[0])
        kinds = {type(value) for value in values}
        if kinds <= {str} or kinds <= {int} or kinds <= {float}:
            return Choice(values)
        return OneOf([Constant(value) for value in values])

    def _alternatives(self, schema: Mapping[str, Any], at: str) -> Any:
        key = "oneOf" if "oneOf" in schema else "anyOf"
        rest = without(schema, key)
        if "anyOf" in rest:
            raise InvalidArgument(f"oneOf and anyOf side by side cannot be searched, but both are at {visible(at)}.")
        branches = [self._flat(branch) for branch in _list_of_schemas(schema[key], key, at)]
        whole = [branch if bare(rest) else merged([rest, branch], at) for branch in branches]
        # Followed through their references, so that a rule within itself is counted.
        given = [b if bare(rest) else w for b, w in zip(schema[key], whole, strict=True)]
        found = list(self._each([(part, f"{at}/{key}/{i}") for i, part in enumerate(given)]))
        made = _one_of(found, at)
        if key == "anyOf" or disjoint(whole):
            return made
        if isinstance(made, Constant):
            if not fits(made.value, schema, self.resolve):
                raise NoneFitsError(f"the only value at {visible(at)} fits several of its alternatives")
            return made
        return Checked(made, lambda value: fits(value, {"oneOf": schema["oneOf"]}, self.resolve))

    def _string(self, schema: Mapping[str, Any], at: str) -> Any:
        shortest = checks.integer("minLength", schema.get("minLength", 0), 0)
        longest = checks.integer("maxLength", schema.get("maxLength", shortest + self._letters), 0)
        if "format" in schema:
            warnings.warn(
                f"the format {visible(schema['format'], 40)!r} at {visible(at)} is not kept: any text will do.",
                FeatvizWarning,
                stacklevel=2,
            )
        if longest < shortest:
            raise NoneFitsError(f"minLength is above maxLength at {visible(at)}")
        if "pattern" in schema:
            return _of_pattern(schema["pattern"], shortest, longest, at)
        letters = "".join(dict.fromkeys(self._alphabet))
        if shortest > _LONGEST:
            raise InvalidArgument(f"minLength at {visible(at)} is {shortest:,}, but {_LONGEST:,} letters are the most.")
        if longest == 0 or (len(letters) == 1 and longest == shortest):
            return Constant(letters[:1] * longest)
        return AlphabetText(letters, shortest, longest)

    def _array(self, schema: Mapping[str, Any], at: str) -> Any:
        items = schema.get("items", True)
        first, rest = (items, schema.get("additionalItems", True)) if isinstance(items, list) else ([], items)
        first = schema.get("prefixItems", first)
        shortest = checks.integer("minItems", schema.get("minItems", 0), 0)
        beyond = 0 if first and "items" not in schema else self._items
        longest = checks.integer("maxItems", schema.get("maxItems", max(shortest, len(first)) + beyond), 0)
        if longest < shortest:
            raise NoneFitsError(f"minItems is above maxItems at {visible(at)}")
        ahead = [self.part(part, f"{at}/prefixItems/{i}") for i, part in enumerate(first[:longest])]
        behind = self._items_behind(rest, max(0, shortest - len(ahead)), longest - len(ahead), at)
        if not ahead:
            made = behind
        elif all(isinstance(part, Constant) for part in [*ahead, behind]):
            made = Constant([*(part.value for part in ahead), *behind.value])
        else:
            made = JsonArray(ahead, behind)
        if not schema.get("uniqueItems"):
            return made
        if isinstance(made, Constant):
            if len(set(map(json_key, made.value))) < len(made.value):
                raise NoneFitsError(f"the only array at {visible(at)} has equal items")
            return made
        return Checked(made, lambda value: len(set(map(json_key, value))) == len(value))

    def _items_behind(self, schema: Any, shortest: int, longest: int, at: str) -> Any:
        if longest <= 0:
            return Constant([])
        try:
            item = self.part(schema, f"{at}/items")
        except NoneFitsError:
            if shortest:
                raise
            return Constant([])
        if not isinstance(item, Constant):
            return ListSpace(item, shortest, longest)
        if (longest - shortest + 1) * longest > MAX_GENES:
            raise InvalidArgument(f"arrays of one value alone at {visible(at)} may have some 3,000 items at most.")
        return _one_of([Constant([item.value] * k) for k in range(shortest, longest + 1)], at)

    def _object(self, schema: Mapping[str, Any], at: str) -> Any:
        properties, required = schema.get("properties", {}), list(schema.get("required", []))
        if not isinstance(properties, Mapping):
            raise WrongType(f"properties must be an object at {visible(at)}, but it is {shown(properties)}.")
        for pattern in schema.get("patternProperties", {}):
            hit = next((n for n in [*properties, *required] if re.search(pattern, n)), None)
            if hit is not None:
                raise InvalidArgument(
                    f"patternProperties at {visible(at)} holds for {visible(hit)!r}: this is not read."
                )
        other = schema.get("additionalProperties", True)
        parts, optional = {}, []
        for name in dict.fromkeys([*properties, *required]):
            try:
                parts[name] = self.part(properties.get(name, other), f"{at}/properties/{name}")
            except NoneFitsError:
                if name in required:
                    raise
            else:
                optional += [] if name in required else [name]
        fewest, most = schema.get("minProperties", 0), schema.get("maxProperties", math.inf)
        if len(parts) < fewest:
            raise InvalidArgument(f"minProperties at {visible(at)} asks for properties that the schema does not name.")
        # As many of the optional properties as are needed are always there, the first ones.
        optional = optional[max(0, fewest - (len(parts) - len(optional))) :]
        if len(parts) > most:
            left = len(parts) - len(optional)
            if left > most:
                raise NoneFitsError(f"more properties are required at {visible(at)} than maxProperties allows")
            dropped, optional = optional[int(most) - left :], optional[: int(most) - left]
            parts = {name: part for name, part in parts.items() if name not in dropped}
        if not optional and all(isinstance(part, Constant) for part in parts.values()):
            return Constant({name: part.value for name, part in parts.items()})
        return JsonObject(parts, optional)


def _text(name: str, given: Any) -> str:
    if not isinstance(given, str):
        raise WrongType(f"{name} must be text, but it is {shown(given)}.")
    return given


def _read(schema: Any) -> Any:
    if isinstance(schema, str):
        try:
            schema = json.loads(schema)
        except (ValueError, RecursionError) as error:
            raise InvalidArgument(f"the schema is no JSON: {visible(error)}.") from None
    if not isinstance(schema, Mapping):
        raise WrongType(f"a schema must be a dict such as {{'type': 'object', ...}}, but it is {shown(schema)}.")
    try:
        # A copy, which nobody else can change, with nothing in it but JSON.
        return json.loads(json.dumps(schema, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidArgument(f"a schema must hold nothing but JSON values: {visible(error)}.") from None


def _check_keywords(schema: Mapping[str, Any], at: str) -> None:
    for keyword in schema:
        if keyword not in _READ and keyword not in ANNOTATIONS and not keyword.startswith("x-"):
            raise InvalidArgument(
                f"the keyword {visible(keyword, 60)!r} at {visible(at)} is not read, and what it restricts would be "
                f"ignored.{checks.did_you_mean(keyword, _READ)} Leave it out if the other keywords will do."
            )


def _types(schema: Mapping[str, Any], at: str) -> list[str]:
    named = schema.get("type")
    if named is None:
        # Without a type the keywords of a family hold for its values only, and all others fit too: one family will do.
        found = [kind for kind, keywords in FAMILIES.items() if any(key in schema for key in keywords)]
        return found[:1] or ["null", "boolean", "number", "string"]
    types = [named] if isinstance(named, str) else named
    if not isinstance(types, list) or not types or not all(isinstance(kind, str) for kind in types):
        raise WrongType(f"type at {visible(at)} must be a name or a list of names, but it is {shown(named)}.")
    return list(dict.fromkeys(checks.one_of(f"type at {visible(at)}", kind, _TYPES) for kind in types))


def _of_pattern(pattern: Any, shortest: int, longest: int, at: str) -> Any:
    """Texts of which the whole matches; a schema asks for a match anywhere in them, so all of these fit."""
    try:
        found = from_regex(pattern, longest)
    except FeatvizError as error:
        raise InvalidArgument(f"the pattern at {visible(at)} cannot be written out: {error}") from error
    return Checked(found, lambda text: len(text) >= shortest) if shortest else found


def _one_of(parts: list[Any], at: str) -> Any:
    if not parts:
        raise NoneFitsError(f"none of the alternatives at {visible(at)} can be met")
    return parts[0] if len(parts) == 1 else OneOf(parts)


def _list_of_schemas(given: Any, key: str, at: str) -> list[Any]:
    if not isinstance(given, list) or not given:
        raise WrongType(f"{key} at {visible(at)} must be a list of schemas, but it is {shown(given)}.")
    return given
