"""``run.toml`` and its objects: describing a search in tables, and building one from them.

The same tables are a run's description and a user's configuration, so ``featviz run RUN/run.toml`` repeats a run.
"""

import datetime as dt
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from featviz import checks
from featviz.errors import InvalidConfig, RunDamaged, RunMismatch
from featviz.protocols import Box, ScoreFunction, SearchSpace, Spec
from featviz.storage import is_writable
from featviz.study.fingerprint import fingerprint_of
from featviz.study.front import goal_names
from featviz.study.settings import MAX_REPLICATES, Settings
from featviz.text import visible, without_address
from featviz.version import VERSION

__all__ = [
    "FORMAT",
    "Search",
    "build_search",
    "check_same",
    "check_tables",
    "describe_search",
    "is_rebuildable",
    "names_code",
]

FORMAT = 1
# Options of boxes that a run may be resumed with other values of: a budget that is spent must be raised to go on.
_LIMITS = frozenset(
    {
        "backoff",
        "concurrency",
        "cost_per_input_token",
        "cost_per_output_token",
        "cost_per_request",
        "key_env",
        "key_header",
        "max_answer_bytes",
        "max_cost",
        "max_requests",
        "max_wait",
        "retries",
        "timeout",
        "trust_env",
    }
)
_TABLES = ("featviz", "format", "space", "box", "boxes", "objective", "search", "provenance")
_SETTINGS = tuple(f.name for f in fields(Settings))
# Which of a search's settings decide what is asked; the others only decide when it ends.
_IDENTITY = ("optimiser", "optimiser_options", "seed", "restarts", "halving", "batch_size", "noise", "replicates")
_PACKAGES = (
    "featviz",
    "numpy",
    "scipy",
    "nevergrad",
    "optuna",
    "cma",
    "scikit-learn",
    "pandas",
    "opencv-python-headless",
    "onnxruntime",
)


@dataclass(frozen=True, eq=False)
class Search:
    """A search built from tables: pass ``space``, ``objective`` and ``**arguments`` to ``fv.search``."""

    space: SearchSpace
    objective: ScoreFunction
    arguments: dict[str, Any]


def describe_search(
    space: SearchSpace, objective: ScoreFunction | None, settings: Settings, chosen: str, why: str
) -> dict[str, Any]:
    """The tables of ``run.toml``. A part that cannot be written down is left out and named in words."""
    tables: dict[str, Any] = {"featviz": _version("featviz"), "format": FORMAT}
    boxes = () if objective is None else objective.boxes
    parts: dict[str, Any] = {"space": space.spec(), "objective": None if objective is None else objective.spec()}
    specs = [box.spec() for box in boxes]
    if len(specs) == 1:
        parts["box"] = specs[0]
    elif specs and all(spec is not None for spec in specs):
        parts["boxes"] = specs
    tables |= {name: part for name, part in parts.items() if part is not None and is_writable(part)}
    tables["search"] = settings.table()
    tables["provenance"] = {
        "created": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "space": visible(without_address(repr(space)), 500),
        "space_fingerprint": "" if "space" in tables else fingerprint_of(space),
        "boxes": [visible(box.name) for box in boxes],
        "answered_by": [_provenance(box) for box in boxes],
        "objective": "scores told by the caller" if objective is None else visible(objective.describe(), 1000),
        **({"objectives": names} if (names := goal_names(objective)) else {}),
        "optimiser": chosen,
        "why": why,
        "rebuildable": is_rebuildable(tables),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "command": visible(" ".join(sys.argv[:1]), 300),
        "versions": {name: v for name in _PACKAGES if (v := _version(name))},
    }
    return tables


def _provenance(box: Box) -> dict[str, str]:
    """What a box says of the thing that answers, safe to show."""
    tell = getattr(box, "provenance", None)
    return {} if tell is None else {visible(key, 60): visible(value, 300) for key, value in tell().items()}


def is_rebuildable(tables: Mapping[str, Any]) -> bool:
    """Whether space, boxes and objective can all be built again from ``tables``."""
    return "space" in tables and "objective" in tables and ("box" in tables or "boxes" in tables)


def names_code(spec: Any) -> bool:
    """Whether a spec names code to import (``"package.module:Name"``) anywhere; reading a run never follows it."""
    from featviz.registry import is_import_path  # noqa: PLC0415  keeps the module's imports to what building needs

    if isinstance(spec, str):
        return is_import_path(spec)
    if isinstance(spec, Mapping):
        return any(names_code(v) for v in spec.values())
    return isinstance(spec, Sequence) and any(names_code(v) for v in spec)


def check_same(stored: Mapping[str, Any], asked: Mapping[str, Any], where: str) -> None:
    """Refuse to go on unless both tables describe the same questions to the same boxes.

    Raises:
        RunMismatch: when they do not.
        RunDamaged: when an optimiser is named that the search cannot have been made by.
    """
    differing = [f"[{part}]" for part in ("space", "objective") if stored.get(part) != asked.get(part)]
    differing += [
        f"[{part}]" for part in ("box", "boxes") if _asked_for(stored.get(part)) != _asked_for(asked.get(part))
    ]
    for name in _IDENTITY:
        old, new = stored["search"].get(name), asked["search"].get(name)
        if old != new:
            differing.append(f"{name} (there {visible(old, 60)}, here {visible(new, 60)})")
    for name in ("space", "objective", "boxes"):
        if stored["provenance"].get(name) != asked["provenance"].get(name):
            differing.append(name)
    prints = stored["provenance"].get("space_fingerprint"), asked["provenance"].get("space_fingerprint")
    if all(prints) and prints[0] != prints[1]:
        differing.append("the inputs that its space makes of the same genes")
    if differing:
        raise RunMismatch(
            f"{where} holds a run of another search: it differs in {', '.join(dict.fromkeys(differing))}. "
            "Choose another directory, or ask for the same search to go on with it."
        )
    # "auto" picks none from a module of its own: whoever edits a file must not choose what is imported.
    wanted, chosen = asked["search"]["optimiser"], stored["provenance"]["optimiser"]
    if chosen != wanted and (wanted != "auto" or ":" in chosen):
        raise RunDamaged(
            f"{where} was searched by {visible(wanted, 60)!r}, but names {visible(chosen, 60)!r} as the optimiser in "
            "[provenance]. Put run.toml back from a copy."
        )


def _asked_for(part: Any) -> Any:
    """The specs of boxes without the options that say what an answer may cost and never what it is."""
    if isinstance(part, Mapping):
        return {name: _asked_for(value) for name, value in part.items() if name not in _LIMITS}
    return [_asked_for(spec) for spec in part] if isinstance(part, list) else part


def check_tables(tables: Mapping[str, Any], where: str) -> None:
    """Raise :class:`RunDamaged` unless the tables that every run has are there."""
    for name in ("search", "provenance"):
        if not isinstance(tables.get(name), Mapping):
            raise RunDamaged(f"{visible(where, 300)} has no table [{name}].")
    replicates = tables["search"].get("replicates", 1)
    if not isinstance(replicates, int) or isinstance(replicates, bool) or not 1 <= replicates <= MAX_REPLICATES:
        raise RunDamaged(f"{visible(where, 300)} says replicates = {visible(replicates, 60)} in [search].")
    for name in ("objective", "optimiser"):
        if not isinstance(tables["provenance"].get(name), str):
            raise RunDamaged(f"{visible(where, 300)} does not name the {name} in [provenance].")


def build_search(tables: Mapping[str, Any], where: str) -> Search:
    """Space, objective and arguments from the tables of a configuration or a run.

    Raises:
        InvalidConfig: for unknown keys, missing tables and wrong types, naming the table.
    """
    _known(tables, _TABLES, where)
    if tables.get("format", FORMAT) != FORMAT:
        raise InvalidConfig(f"{where} has format {visible(tables['format'])}; this featviz reads format {FORMAT}.")
    for name in ("space", "objective", "search"):
        if not isinstance(tables.get(name), Mapping):
            raise InvalidConfig(f"{where} needs a table [{name}].{_rebuild_hint(tables)}")
    # Layers below never meet each other; here is where they are put together.
    from featviz.black_boxes import box_from_spec  # noqa: PLC0415
    from featviz.objectives import objective_from_spec  # noqa: PLC0415
    from featviz.search_spaces import space_from_spec  # noqa: PLC0415

    space: SearchSpace = space_from_spec(dict(tables["space"]))
    boxes: list[Box] = [box_from_spec(dict(spec)) for spec in _box_specs(tables, where)]
    objective: ScoreFunction = objective_from_spec(dict(tables["objective"]), boxes)
    arguments = dict(tables["search"])
    _known(arguments, (*_SETTINGS, "out"), f"[search] in {where}")
    if "budget" not in arguments:
        raise InvalidConfig(f"[search] in {where} needs a budget, for instance: budget = 10_000.")
    return Search(space, objective, arguments)


def _box_specs(tables: Mapping[str, Any], where: str) -> list[Spec]:
    if ("box" in tables) == ("boxes" in tables):
        raise InvalidConfig(f"{where} needs a table [box], or several [[boxes]].{_rebuild_hint(tables)}")
    specs = [tables["box"]] if "box" in tables else tables["boxes"]
    if not isinstance(specs, list) or not specs or not all(isinstance(spec, Mapping) for spec in specs):
        raise InvalidConfig(f"{where} must give each box as a table: [box], or several [[boxes]].")
    return [dict(spec) for spec in specs]


def _rebuild_hint(tables: Mapping[str, Any]) -> str:
    provenance = tables.get("provenance")
    if not isinstance(provenance, Mapping) or provenance.get("rebuildable") is not False:
        return ""
    return (
        " The run was made with an object that only lives in a script; run that script again with the same out= "
        "to go on with it."
    )


def _known(table: Mapping[str, Any], known: Sequence[str], where: str) -> None:
    for key in table:
        if key not in known:
            raise InvalidConfig(
                f"{where} has an unknown key {visible(key)!r}. Known are: {', '.join(known)}."
                f"{checks.did_you_mean(key, known)}"
            )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        # featviz itself may be run from a checkout that is not installed.
        return VERSION if package == "featviz" else ""
