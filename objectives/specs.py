"""Objectives from the specs that they give, and from the short form that people write into a TOML file."""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from featviz.checks import did_you_mean, finite, integer
from featviz.errors import FeatvizError, InvalidConfig
from featviz.objectives.constraint import Constraint, constraint
from featviz.objectives.objective import Objective
from featviz.objectives.pareto import Pareto
from featviz.objectives.penalty import Penalty
from featviz.objectives.registered import OBJECTIVES
from featviz.objectives.term import Term
from featviz.protocols import Box, ScoreFunction
from featviz.text import shown, visible

__all__ = ["objective_from_spec"]


def objective_from_spec(spec: Mapping[str, Any], boxes: Sequence[Box]) -> ScoreFunction:
    """The objective that ``spec`` describes.

    Args:
        spec: either what ``Objective.spec()`` gives, ``{"terms": [{"kind": "margin", "output": "3", "weight": 1.0,
            "box": 0}], "penalties": [...]}``, where ``weight`` (1) and ``box`` (0) may be left out; or, for a single
            box, the short form ``{"margin": "3", "penalties": {"total_variation": 0.1}}`` of a kind with the name of
            the output. Penalties are a list of ``{"kind": ..., "weight": ..., **options}`` or a table of weights by
            kind. Several objectives at once are ``{"pareto": [...]}``, a list of such tables, of which one with only
            ``penalty`` stands for a penalty.
        boxes: the boxes that ``box`` counts in.

    Raises:
        InvalidConfig: for an entry that is missing, unknown, or of a wrong type.
        OutputNotFound: when a box has no such output.
        NameNotFound: when there is no such kind.
    """
    if not isinstance(spec, Mapping):
        raise InvalidConfig(f"an objective must be a table, but it is {shown(spec)}.")
    if not boxes:
        raise InvalidConfig("an objective needs at least one box.")
    if "pareto" in spec:
        _check_keys("several objectives at once", spec, {"pareto"})
        return _pareto(spec["pareto"], boxes)
    return _objective(spec, boxes)


def _objective(spec: Mapping[str, Any], boxes: Sequence[Box]) -> Objective:
    """One objective: a sum of terms, less penalties, with constraints."""
    if "terms" in spec:
        _check_keys("an objective with terms", spec, {"terms", "penalties", "constraints"})
        terms = [_term(entry, boxes) for entry in _list("terms", spec["terms"])]
        if not terms:
            raise InvalidConfig("terms must hold at least one term, but it is empty.")
    else:
        terms = [_short(spec, boxes)]
    constraints = [_constraint(entry, boxes) for entry in _list("constraints", spec.get("constraints", []))]
    return Objective(terms, _penalties(spec.get("penalties", [])), constraints)


def _pareto(entries: Any, boxes: Sequence[Box]) -> Pareto:
    parts: list[Any] = []
    for entry in _list("pareto", entries):
        if not isinstance(entry, Mapping) or "pareto" in entry:
            raise InvalidConfig(f"an entry of pareto must be a table of one objective, but it is {shown(entry)}.")
        parts += _penalties([entry["penalty"]]) if set(entry) == {"penalty"} else [_objective(entry, boxes)]
    try:
        return Pareto(parts)
    except FeatvizError as error:
        raise InvalidConfig(f"objective: {error}") from error


def _short(spec: Mapping[str, Any], boxes: Sequence[Box]) -> Term:
    kinds = [key for key in spec if key not in {"penalties", "constraints"}]
    if len(kinds) != 1:
        given = ", ".join(repr(visible(kind, 40)) for kind in kinds) or "none"
        raise InvalidConfig(
            f"an objective in the short form has one kind, such as maximise = 'person', but this has {given}. "
            "For several, write them into a list called terms."
        )
    (kind,) = kinds
    known = {*OBJECTIVES.names(), "terms", "penalties", "constraints", "pareto"}
    if kind not in known and ":" not in kind:
        raise InvalidConfig(
            f"an objective has no entry {visible(kind)!r}. It takes: {', '.join(sorted(known))}."
            f"{did_you_mean(kind, known)}"
        )
    cls = OBJECTIVES.get(kind)
    if len(boxes) != 1 and getattr(cls, "takes", "") != "boxes":
        raise InvalidConfig(f"the short form of an objective is for one box, but there are {len(boxes)}. Use terms.")
    if getattr(cls, "takes", "") == "nothing":
        raise InvalidConfig(f"{visible(kind)} says nothing of a box, so it is one of several terms. Use terms.")
    return _term({"kind": kind, getattr(cls, "short", "output"): spec[kind]}, boxes)


def _term(entry: Any, boxes: Sequence[Box]) -> Term:
    cls, weight, options = _part(entry, Term, {"box": {"box", "output"}, "boxes": {"boxes"}, "nothing": set()})
    if cls.takes == "nothing":
        term: Term = _made(cls, **options)
    elif cls.takes == "boxes":
        places = _list("boxes", options.pop("boxes", list(range(len(boxes)))))
        term = _made(cls, [boxes[_number("boxes", integer, place, 0, len(boxes) - 1)] for place in places], **options)
    else:
        place = _number("box", integer, options.pop("box", 0), 0, len(boxes) - 1)
        term = _made(cls, boxes[place], **options)
    return term.weighted(weight)


def _constraint(entry: Any, boxes: Sequence[Box]) -> Constraint:
    if not isinstance(entry, Mapping) or ("penalty" in entry) == ("objective" in entry):
        raise InvalidConfig(f"a constraint must be a table with a penalty or an objective, but it is {shown(entry)}.")
    _check_keys("a constraint", entry, {"penalty", "objective", "at_least", "at_most"})
    quantity: Any
    if "penalty" in entry:
        (quantity,) = _penalties([entry["penalty"]])
    else:
        quantity = _objective(entry["objective"], boxes)
    try:
        return constraint(quantity, entry.get("at_least"), entry.get("at_most"))
    except FeatvizError as error:
        raise InvalidConfig(f"objective: {error}") from error


def _penalties(entries: Any) -> list[Penalty]:
    if isinstance(entries, Mapping):
        entries = [{"kind": kind, "weight": weight} for kind, weight in entries.items()]
    penalties = []
    for entry in _list("penalties", entries):
        cls, weight, options = _part(entry, Penalty, {})
        penalties.append(_made(cls, **options).weighted(_number("weight", finite, weight, 0.0)))
    return penalties


def _part(entry: Any, base: type, shared: Mapping[str, set[str]]) -> tuple[Any, float, dict[str, Any]]:
    """The class, the weight and the other options of an entry; every key is known to the class."""
    what = base.__name__.lower()
    if not isinstance(entry, Mapping) or not isinstance(entry.get("kind"), str):
        raise InvalidConfig(f"a {what} must be a table with an entry 'kind', but it is {shown(entry)}.")
    cls = OBJECTIVES.get(entry["kind"])
    if not (inspect.isclass(cls) and issubclass(cls, base)):
        raise InvalidConfig(f"{visible(entry['kind'])!r} is not a {what}: it belongs elsewhere in an objective.")
    own = set(inspect.signature(cls).parameters) - {"box", "boxes"}
    known = {"kind", "weight"} | shared.get(getattr(cls, "takes", ""), set()) | own
    _check_keys(f"a {what} of kind {visible(entry['kind'])}", entry, known)
    options = {key: value for key, value in entry.items() if key not in {"kind", "weight"}}
    return cls, _number("weight", finite, entry.get("weight", 1.0)), options


def _made(cls: Any, *args: Any, **options: Any) -> Any:
    try:
        return cls(*args, **options)
    except TypeError as error:  # an option of a wrong type, or one that is missing
        raise InvalidConfig(f"objective: {error}") from error


def _number(name: str, check: Any, value: Any, *limits: Any) -> Any:
    try:
        return check(name, value, *limits)
    except FeatvizError as error:
        raise InvalidConfig(f"objective: {error}") from error


def _list(name: str, value: Any) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise InvalidConfig(f"{name} must be a list of tables, but it is {shown(value)}.")
    return list(value)


def _check_keys(what: str, given: Mapping[str, Any], known: set[str]) -> None:
    for key in given:
        if key not in known:
            raise InvalidConfig(
                f"{what} has no entry {visible(key)!r}. It takes: {', '.join(sorted(known))}.{did_you_mean(key, known)}"
            )
