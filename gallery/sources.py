"""Which runs a gallery shows: folders are searched, and what cannot be read is kept as such."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from featviz.errors import RunNotFound, WrongType
from featviz.text import first_line, visible

if TYPE_CHECKING:
    from featviz.study import Candidate, Run

__all__ = ["Entry", "Runs", "comparable_random", "ensemble_of", "first", "is_random", "part", "read_runs"]

Runs = "Run | str | os.PathLike[str] | Iterable[Run | str | os.PathLike[str]]"


@dataclass(frozen=True)
class Entry:
    """A run of the gallery: the run, or the reason why there is none."""

    name: str
    run: "Run | None"
    error: str = ""


def read_runs(runs: Any) -> list[Entry]:
    """The runs that ``runs`` stands for, in a fixed order.

    Args:
        runs: a Run, a run directory, a folder of run directories, or an iterable of those.

    Raises:
        RunNotFound: when there is not one run.
        WrongType: for anything else.
    """
    if isinstance(runs, str | os.PathLike) or _is_run(runs):
        things: list[Any] = [runs]
    elif isinstance(runs, Iterable) and not isinstance(runs, bytes | Mapping):
        things = list(runs)
    else:
        raise _wrong_type(runs)
    entries = [entry for thing in things for entry in _entries(thing)]
    if not entries:
        raise RunNotFound("there is no run to show: the list is empty. Give a folder of runs, or a run.")
    return sorted(entries, key=_order)


def comparable_random(run: "Run", entries: Iterable[Entry]) -> "Run | None":
    """The longest random search among ``entries`` over the same space, box and objective as ``run``."""
    same = [
        entry.run
        for entry in entries
        if entry.run is not None
        and entry.run is not run
        and is_random(entry.run)
        and first(entry.run) is not None
        and all(entry.run.spec.get(key) == run.spec.get(key) for key in ("space", "objective", "box", "boxes"))
    ]
    # Without a description of box and space, equal specs mean nothing: both are absent.
    if run.spec.get("space") is None or not (run.spec.get("box") or run.spec.get("boxes")):
        return None
    return max(same, key=lambda other: other.evaluations, default=None)


def first(run: "Run") -> "Candidate | None":
    """The best candidate of ``run``; None when no evaluation has a score."""
    return next(iter(run.top(1)), None)


def is_random(run: "Run") -> bool:
    """Whether ``run`` was itself random search."""
    return "random" in {part(run, "search").get("optimiser"), part(run, "provenance").get("optimiser")}


def ensemble_of(run: "Run") -> str:
    """The name of the directory of the ensemble that ``run`` is a member of; "" where it is none."""
    if run.path is None:
        return ""
    from featviz.study.members import is_ensemble  # noqa: PLC0415  see _entries

    folder = run.path.absolute().parent
    return folder.name if is_ensemble(folder) else ""


def part(run: "Run", key: str) -> dict[str, Any]:
    """A table of the run's spec; empty when there is none."""
    value = run.spec.get(key)
    return value if isinstance(value, dict) else {}


def _is_run(thing: Any) -> bool:
    return hasattr(thing, "spec") and hasattr(thing, "render")


def _wrong_type(thing: Any) -> WrongType:
    return WrongType(
        "runs must be a folder of runs, a run directory, a Run, or a list of those, "
        f"but there is an object of type {type(thing).__name__}."
    )


def _entries(thing: Any) -> list[Entry]:
    if _is_run(thing):
        return [Entry(thing.name, thing)]
    if not isinstance(thing, str | os.PathLike):
        raise _wrong_type(thing)
    # The study loads the storage layer: a gallery of runs in memory does not need it.
    from featviz.study import find_runs  # noqa: PLC0415

    folder = Path(thing)
    if not folder.is_dir():
        raise RunNotFound(f"there is no folder {visible(folder)}. Give a folder of runs, or a run directory.")
    found = [folder] if (folder / "run.toml").exists() else find_runs(folder)
    if not found:
        raise RunNotFound(
            f"there is no run in {visible(folder)}. Give the folder that was out= of featviz.search, or the one above."
        )
    return [_read(path) for path in found]


def _read(path: Path) -> Entry:
    from featviz.study import load  # noqa: PLC0415  see above

    try:
        return Entry(path.name, load(path))
    except Exception as error:  # noqa: BLE001  damaged files fail in any way, and cost only their own card
        return Entry(path.name, None, first_line(error))


def _order(entry: Entry) -> tuple[bool, str, str, str, str]:
    if entry.run is None:
        return (True, "", "", "", entry.name)
    provenance = part(entry.run, "provenance")
    created, objective = str(provenance.get("created", "")), str(provenance.get("objective", ""))
    return (False, str(provenance.get("boxes", "")), objective, created, entry.name)
