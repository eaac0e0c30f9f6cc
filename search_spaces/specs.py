"""Spaces by name, and spaces from a description."""

import inspect
from collections.abc import Mapping
from typing import Any

from featviz import checks
from featviz.errors import InvalidArgument, WrongType
from featviz.protocols import SearchSpace
from featviz.registry import Registry, import_object
from featviz.text import visible

__all__ = ["SEARCH_SPACES", "VARIABLES", "opens_file", "part_from_spec", "space_from_spec"]

SEARCH_SPACES = Registry(
    "search space",
    "featviz.search_spaces",
    {
        "FixedShape": "featviz.search_spaces.records:FixedShape",
        "ImageSpace": "featviz.search_spaces.image:ImageSpace",
        "TabularSpace": "featviz.search_spaces.tables.space:TabularSpace",
        "TimeSeriesSpace": "featviz.search_spaces.series:TimeSeriesSpace",
        "TokenSpace": "featviz.search_spaces.tokens:TokenSpace",
        "DictSpace": "featviz.search_spaces.composites:DictSpace",
        "ListSpace": "featviz.search_spaces.composites:ListSpace",
        "OneOf": "featviz.search_spaces.composites:OneOf",
        "Optional": "featviz.search_spaces.composites:Optional",
        "TupleSpace": "featviz.search_spaces.composites:TupleSpace",
        "from_grammar": "featviz.search_spaces.records:from_grammar",
        "from_regex": "featviz.search_spaces.records:from_regex",
    },
)

# The variables and constants that a spec may name besides spaces.
VARIABLES = {
    "Boolean": "featviz.search_spaces.tables.levels:Boolean",
    "Choice": "featviz.search_spaces.choices:Choice",
    "Date": "featviz.search_spaces.tables.dates:Date",
    "Constant": "featviz.search_spaces.composites:Constant",
    "Integer": "featviz.search_spaces.quantities:Integer",
    "LogUniform": "featviz.search_spaces.quantities:LogUniform",
    "Nullable": "featviz.search_spaces.tables.wrapped:Nullable",
    "Ordered": "featviz.search_spaces.tables.levels:Ordered",
    "Permutation": "featviz.search_spaces.choices:Permutation",
    "Quantiles": "featviz.search_spaces.tables.quantiles:Quantiles",
    "Real": "featviz.search_spaces.variables:Real",
    "Rounded": "featviz.search_spaces.tables.wrapped:Rounded",
    "Uniform": "featviz.search_spaces.quantities:Uniform",
}


def part_from_spec(spec: Any) -> Any:
    """The variable or space that ``spec`` describes, for spaces made of parts; what is none is given back as it is.

    Raises:
        As :func:`space_from_spec`.
    """
    if not isinstance(spec, Mapping) or "type" not in spec:
        return spec
    if spec["type"] not in VARIABLES:
        return space_from_spec(spec)
    found = import_object(VARIABLES[spec["type"]])
    options = {str(name): value for name, value in spec.items() if name != "type"}
    _check_arguments(spec["type"], found, options)
    return found(**options)


def space_from_spec(spec: Mapping[str, Any]) -> SearchSpace:
    """The space that ``spec`` describes, such as ``{"type": "ImageSpace", "height": 28, "width": 28}``.

    Args:
        spec: ``type`` is a registered name or ``"package.module:Name"``, of a class, of a function that makes
            a space, or of a space; the other entries are its arguments.

    Raises:
        NameNotFound: if there is no such space.
        InvalidArgument: if an argument is unknown or missing, or cannot be used.
        WrongType: if the spec is no table, or what was found is no space.
    """
    if not isinstance(spec, Mapping):
        raise WrongType(f"a space must be a table such as {{'type': 'ImageSpace', ...}}, but it is {visible(spec)}.")
    options = {str(name): value for name, value in spec.items() if name != "type"}
    name = spec.get("type")
    if not isinstance(name, str):
        raise InvalidArgument(f"a space needs a type: one of {', '.join(SEARCH_SPACES.names())}, or 'module:Name'.")
    found = SEARCH_SPACES.get(name)
    if isinstance(found, SearchSpace) and not isinstance(found, type):
        checks.option_names(f"the space {visible(name)!r}", options, ())
        return found
    if not callable(found):
        raise WrongType(f"{visible(name)!r} is neither a search space nor a class of them: it is {visible(found)}.")
    _check_arguments(name, found, options)
    space = found(**options)
    if not isinstance(space, SearchSpace):
        raise WrongType(f"{visible(name)!r} made a {type(space).__name__}, which is no search space: see fv.Space.")
    return space


def opens_file(spec: Any) -> bool:
    """Whether making the space that ``spec`` describes opens a file that it names: a tokenizer, or a generator."""
    if isinstance(spec, list):
        return any(map(opens_file, spec))
    if not isinstance(spec, Mapping):
        return False
    kind, decoder = spec.get("type"), spec.get("decoder")
    tokenizer = kind == "TokenSpace" and isinstance(spec.get("vocabulary"), str)
    generator = kind == "ImageSpace" and isinstance(decoder, str) and decoder.lower().endswith(".onnx")
    return tokenizer or generator or any(map(opens_file, spec.values()))


def _check_arguments(name: str, make: Any, options: Mapping[str, Any]) -> None:
    try:
        parameters = inspect.signature(make).parameters.values()
    except ValueError:  # some classes written in C have no signature to check against
        return
    if not any(p.kind is p.VAR_KEYWORD for p in parameters):
        checks.option_names(visible(name), options, [p.name for p in parameters if p.kind is not p.VAR_POSITIONAL])
    required = [p.name for p in parameters if p.default is p.empty and p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
    missing = [needed for needed in required if needed not in options]
    if missing:
        raise InvalidArgument(
            f"{visible(name)} needs {', '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not there."
        )
