"""The Python and the command that make a run again, written from its spec.

A spec may come from someone else's file: values are written as literals and names are checked, so that no text in
it can become code.
"""

import keyword
import math
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from featviz.text import visible

__all__ = ["Snippet", "snippet"]

_WIDTH = 100
# A longer description, such as one that holds learnt statistics, is read from the run directory instead.
_LONGEST_LITERAL = 1_500
_DEFAULTS = {"optimiser": "auto", "restarts": 1, "baseline": 0, "seed": None}
# Types of spaces that have a public constructor of the same name and options.
_SPACES = ("ImageSpace", "TimeSeriesSpace", "TokenSpace")
_TERMS = ("maximise", "minimise", "margin", "log_odds", "target_value")
_PENALTIES = ("total_variation", "roughness")
# What ``fv.black_box`` takes as it stands; another entry, such as the hash of a file, is checked by box_from_spec.
_BOX_OPTIONS = frozenset(
    {"from", "outputs", "name", "per_input", "method", "preprocess", "layout", "output", "threads"}
)


@dataclass(frozen=True)
class Snippet:
    """How to make a run again; what is not possible is empty, and ``note`` says why."""

    python: str
    command: str
    note: str = ""


class _CannotWriteError(Exception):
    """A spec holds something that cannot be written as Python; the message says what, for the reader."""


def snippet(spec: Mapping[str, Any], directory: str | None) -> Snippet:
    """How to make a run again.

    Args:
        spec: the tables of its ``run.toml``.
        directory: its directory as it is typed in commands, foreign text; None for a run in memory.
    """
    provenance = spec.get("provenance")
    if not isinstance(provenance, Mapping) or provenance.get("rebuildable") is not True:
        return Snippet(
            "",
            "",
            "This run was made with objects that its files cannot describe, such as a function typed into a shell. "
            "Run the script that made it once more; the seed and the settings are listed below.",
        )
    command = "" if directory is None else f"featviz run {shlex.quote(_typed(directory) + '/run.toml')}"
    try:
        return Snippet(_Program(spec, _typed(directory or "")).text(), command)
    except _CannotWriteError as error:
        return Snippet("", command, f"There is no Python for this run: {error}.")


class _Program:
    """The lines of a snippet, and the imports that they turn out to need."""

    def __init__(self, spec: Mapping[str, Any], directory: str) -> None:
        self._spec = spec
        self._directory = directory
        self._imports: set[str] = set()
        self._reads_tables = False

    def text(self) -> str:
        """The whole program."""
        space = self._space(_table(self._spec, "space"))
        boxes = [_table(self._spec, "box")] if "box" in self._spec else self._spec.get("boxes")
        if not isinstance(boxes, list) or not boxes:
            raise _CannotWriteError("its black box is not described")
        names = ["box"] if len(boxes) == 1 else [f"box_{i}" for i in range(1, len(boxes) + 1)]
        body = [_assign("space", *space)]
        body += [_assign(name, *self._box(box, i)) for i, (name, box) in enumerate(zip(names, boxes, strict=True))]
        body.append(self._objective(_table(self._spec, "objective"), names))
        body.append(_assign("run", "fv.search", ["space", "objective", *_settings(_table(self._spec, "search"))]))
        head = ["import featviz as fv", *sorted(self._imports)]
        if self._reads_tables:
            head = ["import tomllib", "from pathlib import Path", "", *head]
            path = _literal(f"{self._directory}/run.toml")
            body.insert(0, f'tables = tomllib.loads(Path({path}).read_text(encoding="utf-8"))')
        return "\n".join([*head, "", *body, "print(run.best.score)"]) + "\n"

    def _space(self, spec: Mapping[str, Any]) -> tuple[str, list[str]]:
        options = {key: value for key, value in spec.items() if key != "type"}
        kind = spec.get("type")
        if kind in _SPACES and _is_short(options):
            return f"fv.{kind}", _keywords(options)
        return self._from_spec("space", "search_spaces", spec, 'tables["space"]', [])

    def _box(self, spec: Mapping[str, Any], i: int) -> tuple[str, list[str]]:
        if isinstance(spec.get("from"), str) and set(spec) <= _BOX_OPTIONS and _is_short(spec):
            return "fv.black_box", [_literal(spec["from"]), *_keywords({k: v for k, v in spec.items() if k != "from"})]
        where = 'tables["box"]' if "box" in self._spec else f'tables["boxes"][{i}]'
        return self._from_spec("box", "black_boxes", spec, where, [])

    def _objective(self, spec: Mapping[str, Any], boxes: list[str]) -> str:
        formula = _formula(spec, boxes)
        if formula:
            return f"objective = {formula}"
        call = self._from_spec("objective", "objectives", spec, 'tables["objective"]', [f"[{', '.join(boxes)}]"])
        return _assign("objective", *call)

    def _from_spec(
        self, what: str, package: str, spec: Mapping[str, Any], where: str, more: list[str]
    ) -> tuple[str, list[str]]:
        """The call that builds any part from its spec, given as a literal, or read from the run when it is long."""
        self._imports.add(f"from featviz.{package} import {what}_from_spec")
        short = _is_short(spec)
        self._reads_tables |= not short
        return f"{what}_from_spec", [_literal(spec) if short else where, *more]


def _formula(spec: Mapping[str, Any], boxes: list[str]) -> str:
    """The objective as the sum that a person would write; empty when it holds what has no public name."""
    if set(spec) == {"pareto"} and isinstance(spec["pareto"], list):
        parts_of = [_part_of_front(part, boxes) for part in spec["pareto"]]
        return f"fv.pareto({', '.join(parts_of)})" if parts_of and all(parts_of) and _is_short(spec) else ""
    terms, penalties = spec.get("terms"), spec.get("penalties", [])
    if not isinstance(terms, list) or not isinstance(penalties, list) or set(spec) - {"terms", "penalties"}:
        return ""
    if not _is_short(spec):
        return ""
    parts: list[tuple[float, str]] = []
    for sign, known, entries in ((1.0, _TERMS, terms), (-1.0, _PENALTIES, penalties)):
        for entry in entries:
            if not isinstance(entry, Mapping) or entry.get("kind") not in known:
                return ""
            options = {key: value for key, value in entry.items() if key not in {"kind", "weight", "box", "output"}}
            weight, place = entry.get("weight", 1.0), entry.get("box", 0)
            if not _is_number(weight) or not isinstance(place, int) or not 0 <= place < len(boxes):
                return ""
            arguments = [boxes[place], _literal(entry.get("output"))] if known is _TERMS else []
            parts.append((sign * weight, f"fv.{entry['kind']}({', '.join([*arguments, *_keywords(options)])})"))
    text = ""
    for weight, call in parts:
        scaled = call if abs(weight) == 1 else f"{_literal(abs(weight))} * {call}"
        if text:
            text += f" {'-' if weight < 0 else '+'} {scaled}"
        else:
            text = f"{_literal(weight)} * {call}" if weight < 0 else scaled
    return text


def _part_of_front(spec: Any, boxes: list[str]) -> str:
    """One of several objectives: a sum, or a penalty."""
    if not isinstance(spec, Mapping):
        return ""
    if set(spec) != {"penalty"}:
        return "" if "pareto" in spec else _formula(spec, boxes)
    # What a sum would subtract, without the sign.
    return _formula({"terms": [], "penalties": [spec["penalty"]]}, boxes).removeprefix("-1.0 * ").removeprefix("-")


def _is_short(value: Any) -> bool:
    return len(_literal(value)) <= _LONGEST_LITERAL


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _settings(search: Mapping[str, Any]) -> list[str]:
    if not _is_short(search):
        raise _CannotWriteError("its settings are too long to print")
    kept = {k: v for k, v in search.items() if k != "out" and (k not in _DEFAULTS or v != _DEFAULTS[k])}
    return _keywords(kept)


def _table(spec: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = spec.get(key)
    if not isinstance(value, Mapping):
        raise _CannotWriteError(f"its {key} is not described")
    return value


def _keywords(options: Mapping[str, Any]) -> list[str]:
    for key in options:
        if not (isinstance(key, str) and key.isidentifier() and key.isascii() and not keyword.iskeyword(key)):
            raise _CannotWriteError(f"it has an option that is not a name, {visible(key, 60)!r}")
    return [f"{key}={_literal(value)}" for key, value in options.items()]


def _assign(name: str, function: str, arguments: list[str]) -> str:
    """``name = function(arguments)``, one argument a line when it would be too wide."""
    line = f"{name} = {function}({', '.join(arguments)})"
    if len(line) <= _WIDTH:
        return line
    return "\n".join([f"{name} = {function}(", *(f"    {argument}," for argument in arguments), ")"])


def _literal(value: Any) -> str:
    """``value`` as Python; text is escaped so that a reader sees every character of it."""
    if isinstance(value, str):
        text = repr(value)
        return f'"{text[1:-1]}"' if text[0] == "'" and '"' not in text else text
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    if value is None or isinstance(value, bool | int | float):
        return repr(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(_literal(item) for item in value)}]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_literal(key)}: {_literal(item)}" for key, item in value.items()) + "}"
    raise _CannotWriteError(f"it holds a {type(value).__name__}")


def _typed(name: str) -> str:
    """``name`` as a path that a shell takes for a path; a stand-in where it has characters that nobody can type."""
    if not name or visible(name) != name:
        return "RUN"
    return f"./{name}" if name.startswith(("-", "~")) else name
