"""The studies of an ensemble, taking turns."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from featviz import checks
from featviz.errors import FeatvizError, InvalidArgument, RunExists, RunMismatch, StopSearch
from featviz.protocols import ScoreFunction
from featviz.storage import BatchRecord, Phase, RunStore, check_run_path, is_run, write_toml
from featviz.storage.directory import DATABASE
from featviz.study.halving import Race, Schedule, least_budget
from featviz.study.history import SEARCHED
from featviz.study.members import ENSEMBLE_FILE, Ensemble, Member, read_ensemble
from featviz.study.progress import Callback, Progress, said_choice
from featviz.study.run import LEFT_BEHIND
from featviz.study.settings import MAX_BUDGET, MAX_REPLICATES, check_parts
from featviz.study.spec import FORMAT
from featviz.study.study import Study
from featviz.text import visible
from featviz.version import VERSION

__all__ = ["Team"]

_COUNTED = (Phase.SEARCH, Phase.REFERENCE)
_FREE = (Phase.BASELINE, Phase.BASELINE_CONFIRM)


class Team:
    """One study a member, and the race that says whose turn it is.

    Every study may spend what the last member gets; those that are left behind stop before. What they did is read from
    their stored evaluations, so that a race that was interrupted goes on as if it had not been.

    Args:
        members: who takes part.
        objective: what all of them maximise.
        budget: evaluations of all of them together.
        out: the directory for theirs; None to keep everything in memory.
        resume: whether to go on with what ``out`` holds.
        callbacks: called with the progress of all after every batch.
        common: settings of every study.
    """

    def __init__(
        self,
        members: Sequence[Member],
        objective: ScoreFunction,
        *,
        budget: int,
        out: str | os.PathLike[str] | None,
        resume: bool,
        callbacks: Sequence[Callback],
        **common: Any,
    ) -> None:
        self._members, self._objective, self._callbacks = members, objective, tuple(callbacks)
        budget = checks.integer("budget", budget, 1, MAX_BUDGET)
        check_parts(members[0].space, objective, callbacks, resume)
        if not isinstance(resume, bool):
            raise InvalidArgument(f"an ensemble's resume must be True or False, but it is {resume!r}.")
        _check_race(len(members), objective, budget, common["replicates"])
        self._budget = budget
        self._path = None if out is None else _folder(out, resume)
        first = self._first_budget(budget)
        self._race = Race(Schedule(len(members), first), int(common["replicates"]))
        self._share = self._race.schedule.last_share
        if self._path is not None:
            # An argument that cannot be used leaves no directory behind.
            for member in members:
                self._study(member, None, common)
        self._studies: list[Study] = []
        try:
            for member in members:
                self._studies.append(self._study(member, self._path, common))
                self._catch_up(len(self._studies) - 1)
            if self._path is not None and not (self._path / ENSEMBLE_FILE).exists():
                names = [member.name for member in members]
                tables = {"featviz": VERSION, "format": FORMAT, "ensemble": {"members": names, "budget": budget}}
                write_toml(self._path / ENSEMBLE_FILE, tables)
        except BaseException as error:
            self.close_after(error)
            raise
        self._stopped, self._seconds = "", 0.0
        self._best = float(np.fmax.reduce([study.records.best(*SEARCHED) for study in self._studies]))

    def step(self) -> Progress | None:
        """Evaluate one batch of the member whose turn it is; None at the end."""
        at = self._turn()
        if at is None:
            return None
        study = self._studies[at]
        before = study.spent
        size = study.settings.batch_size or 1
        room = size if self._race.is_decided or study.target_reached else self._race.left(at)
        with _told_of(self._members[at]):
            made = study.step(max(1, min(size, room // study.settings.replicates or 1)))
        self._race.add(at, study.spent - before, _best_of(study, study.records.batches[-1]))
        progress = self._progress_after(at, made)
        try:
            for callback in self._callbacks:
                callback(progress)
        except StopSearch as stop:
            self._stopped = f"stopped by a callback{': ' if str(stop) else ''}{stop}"
        return progress

    @property
    def choices(self) -> list[str]:
        """What "auto" picked for the members that left it to it, and why: a line for each optimiser and reason."""
        members: dict[tuple[str, str], list[str]] = {}
        for member, study in zip(self._members, self._studies, strict=True):
            if study.choice is not None:
                members.setdefault(study.choice, []).append(member.name)
        return [said_choice(name, why, of) for (name, why), of in members.items()]

    def close(self, reason: str = "") -> Ensemble:
        """Close every member's run."""
        runs, first = {}, None
        for member, study in zip(self._members, self._studies, strict=False):
            why = reason or self._stopped or f"{LEFT_BEHIND} after {study.spent:,} evaluations"
            try:
                runs[member.name] = study.close(why)
            except FeatvizError as error:
                first = first or error
        if first is not None:
            raise first
        return Ensemble(runs, self._budget, self._path)

    def close_after(self, error: BaseException) -> None:
        """Close every member's run after an error, which is raised by the caller."""
        user = isinstance(error, KeyboardInterrupt)
        try:
            self.close("interrupted by the user" if user else f"ended by {type(error).__name__}")
        except FeatvizError as second:
            error.add_note(f"Besides, the ensemble could not be closed cleanly: {second}")

    # -- inside --------------------------------------------------------------------------------------------------

    def _turn(self) -> int | None:
        """The member that is next: one that has reached the target, to prove it and be done, or whose turn it is."""
        if self._stopped:
            return None
        reached = [at for at, study in enumerate(self._studies) if study.target_reached]
        at = reached[0] if reached else self._race.next()
        return None if self._studies[at].done else at

    def _study(self, member: Member, folder: Path | None, common: Mapping[str, Any]) -> Study:
        with _told_of(member):
            return Study(
                member.space,
                self._objective,
                # What is added to the budget later is for the last member, whichever it turns out to be.
                budget=self._share + self._budget - self._race.schedule.budget,
                out=None if folder is None else folder / member.name,
                **member.settings,
                **common,
            )

    def _catch_up(self, at: int) -> None:
        """Tell the race what a member did before."""
        study = self._studies[at]
        for record in study.records.batches:
            each = study.settings.replicates if record.phase in _COUNTED else record.phase not in _FREE
            self._race.add(at, len(record) * int(each), _best_of(study, record))

    def _first_budget(self, budget: int) -> int:
        """The budget that the ensemble in the folder was made with, or this one."""
        if self._path is None:
            return budget
        if not (self._path / ENSEMBLE_FILE).exists():
            for run in (self._path / member.name for member in self._members):
                if is_run(run) and not RunStore.holds_no_batch(run / DATABASE):
                    raise RunExists(
                        f"{visible(str(run), 300)} holds a run that no ensemble made; choose another directory for "
                        "the ensemble."
                    )
            return budget
        names, first = read_ensemble(self._path)
        here = tuple(member.name for member in self._members)
        if names != here:
            raise RunMismatch(
                f"{visible(str(self._path), 300)} holds an ensemble of other members: "
                f"{', '.join(visible(n, 60) for n in names)}. Choose another directory."
            )
        if budget < first:
            raise InvalidArgument(
                f"the ensemble in {visible(str(self._path), 300)} was made with a budget of {first:,}, so it cannot be "
                f"given one of {budget:,}: it has planned for more."
            )
        return first

    def _progress_after(self, at: int, made: Progress) -> Progress:
        if made.phase.startswith("baseline"):
            return made
        self._best = float(np.fmax(self._best, made.best_score))
        # Each member has a clock of its own, and they were not begun at one moment.
        self._seconds = max(self._seconds, made.seconds)
        return Progress(
            phase=made.phase,
            evaluations=sum(study.spent for study in self._studies),
            budget=self._budget,
            best_score=self._best,
            seconds=self._seconds,
            failures=sum(study.records.failures for study in self._studies),
            restart=at,
            part=self._members[at].name,
        )


@contextmanager
def _told_of(member: Member) -> Iterator[None]:
    """Note of an error which member it is about."""
    try:
        yield
    except Exception as error:
        error.add_note(f"This was the member {visible(member.name, 80)!r} of the ensemble.")
        raise


def _check_race(members: int, objective: ScoreFunction | None, budget: int, replicates: Any) -> None:
    """Refuse what cannot be raced before anything is made."""
    if objective is None or objective.goals > 1:
        what = "none" if objective is None else f"one of {objective.goals} scores"
        raise InvalidArgument(f"the members of an ensemble are compared by one score, but the objective is {what}.")
    least = least_budget(members) * checks.integer("replicates", replicates, 1, MAX_REPLICATES)
    if budget < least:
        raise InvalidArgument(
            f"an ensemble of {members:,} members needs a budget of at least {least:,} evaluations, but it is "
            f"{budget:,}."
        )


def _folder(out: str | os.PathLike[str], resume: bool) -> Path:
    """The directory of an ensemble; its name and place are checked as those of a run are."""
    directory = Path(out)
    if is_run(directory):
        raise RunExists(f"{visible(str(directory), 300)} holds a run; choose another directory for the ensemble.")
    if (directory / ENSEMBLE_FILE).exists() and not resume:
        raise RunExists(
            f"{visible(str(directory), 300)} holds an ensemble already; pass resume=True to go on with it, or move it "
            "away."
        )
    return check_run_path(out)


def _best_of(study: Study, record: BatchRecord) -> float:
    """The best of a batch, as optimisers are told; NaN where it says nothing about how well a member searches."""
    return float(np.fmax.reduce(study.told(record))) if record.phase is Phase.SEARCH else float("nan")
