"""The members of an ensemble, and what became of them: ``Ensemble``."""

import html
import os
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from featviz import checks
from featviz.errors import InvalidArgument, InvalidConfig, RunDamaged, RunNotFound, WrongType
from featviz.protocols import SearchSpace
from featviz.storage import check_run_name, read_toml
from featviz.storage.directory import DATABASE, SPEC_FILE
from featviz.study.halving import least_budget
from featviz.study.run import load
from featviz.study.settings import MAX_BUDGET
from featviz.study.spec import FORMAT
from featviz.text import visible

if TYPE_CHECKING:
    from featviz.study.history import Candidate
    from featviz.study.run import Run

__all__ = ["ENSEMBLE_FILE", "Ensemble", "Member", "is_ensemble", "members_of", "read_ensemble"]

ENSEMBLE_FILE = "ensemble.toml"
# What a member may say for itself.
_OWN = ("batch_size", "optimiser", "optimiser_options", "references", "seed")
_MOST = 256
# Names of what makes a directory an ensemble, or a run.
_TAKEN = frozenset({ENSEMBLE_FILE, SPEC_FILE, DATABASE})


@dataclass(frozen=True)
class Member:
    """One way to search: a space, and the settings that are its own or shared."""

    name: str
    space: SearchSpace
    settings: Mapping[str, Any]


def members_of(given: Any, shared: Mapping[str, Any]) -> list[Member]:
    """The members that were given to ``search_ensemble``, checked, in their order.

    Args:
        given: by name, a space, or a pair of it and the name of an optimiser or a dict of settings.
        shared: the settings of those that say nothing else.
    """
    if not isinstance(given, Mapping):
        raise WrongType(
            'members must be a dict of spaces by name, such as {"pixels": space, "dct": other}, '
            f"but it is a {type(given).__name__}."
        )
    if not 2 <= len(given) <= _MOST:
        raise InvalidArgument(f"an ensemble needs 2 to {_MOST} members, but it has {len(given):,}.")
    members = [_member(name, value, shared) for name, value in given.items()]
    folded: dict[str, str] = {}
    for member in members:
        if (other := folded.setdefault(_folded(member.name), member.name)) != member.name:
            names = f"{visible(other, 80)!r} and {visible(member.name, 80)!r}"
            raise InvalidArgument(f"the members {names} cannot share a directory: give one of them another name.")
    return members


def _check_name(name: str) -> None:
    """Refuse what cannot name a directory beside the description of the ensemble."""
    check_run_name(name)
    if _folded(name) in _TAKEN:
        raise InvalidArgument(
            f"{visible(name, 80)!r} cannot name a member: featviz has a file of that name. Choose another."
        )


def _folded(name: str) -> str:
    """Equal for names that some file systems do not tell apart: by capitals, or by how accents are written."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _member(name: Any, value: Any, shared: Mapping[str, Any]) -> Member:
    if not isinstance(name, str):
        raise WrongType(f"the name of a member must be text, but it is a {type(name).__name__}.")
    _check_name(name)
    shown = visible(name, 80)
    if isinstance(value, SearchSpace) and not isinstance(value, type):
        return Member(name, value, dict(shared))
    pair = tuple(value) if isinstance(value, tuple | list) else ()
    if len(pair) != 2 or not isinstance(pair[0], SearchSpace) or not isinstance(pair[1], str | Mapping):
        raise WrongType(
            f"the member {shown!r} must be a space, or a pair of a space and the name of an optimiser or a dict of "
            f"settings, but it is a {'class' if isinstance(value, type) else type(value).__name__}."
        )
    own = {"optimiser": pair[1]} if isinstance(pair[1], str) else dict(pair[1])
    for key in own:
        if key not in _OWN:
            raise InvalidArgument(
                f"the member {shown!r} has an unknown setting {visible(str(key), 60)!r}. A member may set "
                f"{', '.join(_OWN)}; the rest is for all.{checks.did_you_mean(key, _OWN)}"
            )
    if "optimiser" in own and "optimiser_options" not in own:
        # Options are for the optimiser that they were given for.
        own["optimiser_options"] = None
    return Member(name, pair[0], {**shared, **own})


class Ensemble:
    """What :func:`featviz.search_ensemble` found. ``print`` it for a table of the members.

    Attributes:
        runs: the run of each member by its name. One that was left behind is "interrupted": it can be resumed alone.
        path: the directory that holds them, or None.
        budget: evaluations that all of them together may have made.
    """

    def __init__(self, runs: Mapping[str, "Run"], budget: int, path: Path | None = None) -> None:
        self.runs, self.budget, self.path = dict(runs), budget, path

    @classmethod
    def load(cls, path: str | os.PathLike[str], spaces: Mapping[str, SearchSpace] | None = None) -> "Ensemble":
        """The ensemble in a directory, finished or not; as :func:`featviz.load`, nothing that it names is imported.

        Args:
            path: the directory.
            spaces: by the names of the members, the spaces of those that are not rebuilt.

        Raises:
            RunNotFound: when there is no ensemble.
        """
        where = Path(path)
        if not is_ensemble(where):
            raise RunNotFound(f"there is no ensemble in {visible(str(where), 300)} (it holds no {ENSEMBLE_FILE}).")
        names, budget = read_ensemble(where)
        given = spaces or {}
        return cls({name: load(where / name, space=given.get(name)) for name in names}, budget, where)

    @cached_property
    def winner(self) -> str:
        """The name of the member that found the best input.

        Of noisy boxes, scores that are means of repeats come before those that were observed once.

        Raises:
            InvalidArgument: when no evaluation has a score.
        """
        scored = {name: run.best for name, run in self.runs.items() if len(run.history)}
        if not scored:
            raise InvalidArgument("no member of the ensemble has a scored evaluation, so there is no best input.")
        noisy = any(run.noise is not None for run in self.runs.values())
        return max(scored, key=lambda name: (noisy and scored[name].replicates > 0, scored[name].score))

    @property
    def best(self) -> "Candidate":
        """The best input of all members, that of the member ``winner``."""
        return self.runs[self.winner].best

    @property
    def evaluations(self) -> int:
        """Evaluations that all members made, random baselines apart."""
        return sum(run.evaluations for run in self.runs.values())

    def __repr__(self) -> str:
        scored = any(len(run.history) for run in self.runs.values())
        best = f", best {self.best.score_text} by {visible(self.winner, 80)}" if scored else ""
        return f"<Ensemble of {len(self.runs)}: {self.evaluations:,} evaluations{best}>"

    def __str__(self) -> str:
        rows = [("member", "evaluations", "best score", "optimiser"), *self._rows()]
        widths = [max(len(row[at]) for row in rows) for at in range(4)]
        return "\n".join(f"{a:<{widths[0]}}  {b:>{widths[1]}}  {c:>{widths[2]}}  {d}".rstrip() for a, b, c, d in rows)

    def _repr_html_(self) -> str:
        heads = "".join(f"<th>{name}</th>" for name in ("member", "evaluations", "best score", "optimiser"))
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in self._rows()
        )
        table = f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"
        scored = any(len(run.history) for run in self.runs.values())
        return table + (self.runs[self.winner]._repr_html_() if scored else "")

    def _rows(self) -> list[tuple[str, str, str, str]]:
        return [
            (
                visible(name, 80),
                f"{run.evaluations:,}",
                run.best.score_text if len(run.history) else "-",
                visible(str(run.spec["provenance"]["optimiser"]), 80),
            )
            for name, run in self.runs.items()
        ]


def is_ensemble(folder: Path) -> bool:
    """Whether a folder holds an ensemble."""
    return (folder / ENSEMBLE_FILE).is_file()


def read_ensemble(folder: Path) -> tuple[tuple[str, ...], int]:
    """The names of the members of the ensemble in a folder, and the budget that it was made with.

    Raises:
        RunDamaged: when its description is not one.
    """
    described = read_toml(folder / ENSEMBLE_FILE)
    where = visible(str(folder / ENSEMBLE_FILE), 300)
    if described.get("format", FORMAT) != FORMAT:
        raise InvalidConfig(
            f"{where} has format {visible(described['format'], 60)}; this featviz reads format {FORMAT}."
        )
    table = described.get("ensemble")
    names, budget = (table.get("members"), table.get("budget")) if isinstance(table, Mapping) else (None, None)
    named = isinstance(names, list) and all(isinstance(name, str) for name in names)
    if not isinstance(names, list) or not named or type(budget) is not int or budget < 1:
        raise RunDamaged(f"{where} does not name the members and their budget.")
    for name in names:
        # Names are paths below the folder.
        _check_name(name)
    if len({_folded(name) for name in names}) < len(names) or not 2 <= len(names) <= _MOST:
        raise RunDamaged(f"{where} must name 2 to {_MOST} different members, but it names {len(names):,}.")
    if not least_budget(len(names)) <= budget <= MAX_BUDGET:
        raise RunDamaged(
            f"{where} must say a budget of {least_budget(len(names)):,} to {MAX_BUDGET:,} evaluations for "
            f"{len(names):,} members, but it says {visible(str(budget), 40)}."
        )
    return tuple(names), budget
