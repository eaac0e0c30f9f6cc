"""A run: the result of a search. Reading one needs neither the box nor the optimiser."""

import os
from collections import Counter
from collections.abc import Mapping
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz import checks
from featviz.batches import take_one
from featviz.blocks import Block
from featviz.errors import InvalidArgument
from featviz.evaluation import Status
from featviz.protocols import VIOLATION, SearchSpace
from featviz.storage import BestInput, Phase, RunDirectory, RunStore, read_best, read_toml
from featviz.storage.directory import DATABASE, SPEC_FILE, find_run, is_run
from featviz.study.agreement import Agreement, agreement_of
from featviz.study.front import front_ids, goal_columns, goal_values
from featviz.study.history import SEARCHED, Candidate, History, Records
from featviz.study.notebook import run_html
from featviz.study.session import LatentReader, Session, diverse_ids, gather_latents, read_latents, read_ledger
from featviz.study.spec import check_tables, names_code
from featviz.text import visible

__all__ = ["LEFT_BEHIND", "Run", "find_runs", "load"]

# How the reason begins for which an ensemble stops a run.
LEFT_BEHIND = "left behind by the ensemble"


class Run:
    """The result of a search, finished or not. Made by :func:`featviz.search` and :func:`featviz.load`.

    Attributes:
        path: its directory, or None for a run in memory.
        spec: the tables of its ``run.toml``: space, box, objective, search, provenance.
        space: the space it searched, or None when it can only be rebuilt by the code that made the run.
        status: "finished", "interrupted" or "running".
        stop_reason: why it ended, in words.
        output_names: the names of the outputs of its boxes.
        reproducible: False when it was once continued "warm" and so differs from an uninterrupted run.
        ledger: what the boxes were asked, over all sessions: inputs sent ("inputs") and spared because an equal one was
            answered ("cached"), calls, seconds, and what the boxes themselves count, such as requests and cost.
    """

    def __init__(
        self,
        *,
        path: Path | None,
        spec: dict[str, Any],
        space: SearchSpace | None,
        records: Records,
        read_latents: LatentReader,
        output_names: tuple[str, ...],
        status: str,
        stop_reason: str,
        reproducible: bool = True,
        ledger: Mapping[str, float] | None = None,
    ) -> None:
        self.path, self.spec, self.space = path, spec, space
        self.output_names, self.status, self.stop_reason = output_names, status, stop_reason
        self.reproducible = reproducible
        self.ledger = dict(ledger or {})
        self._records, self._read_latents = records, read_latents

    @classmethod
    def of_session(
        cls,
        session: Session,
        space: SearchSpace,
        records: Records,
        verdict: tuple[str, str],
        asked: Mapping[str, float],
    ) -> "Run":
        """The run that a study is making or has made."""
        return cls(
            path=session.path,
            spec=session.spec,
            space=space,
            records=Records(records.batches),
            read_latents=session.read_latents,
            output_names=session.store.outputs,
            status=verdict[0],
            stop_reason=verdict[1],
            reproducible=session.reproducible,
            ledger=session.asked_in_all(asked),
        )

    # -- results -------------------------------------------------------------------------------------------------

    @cached_property
    def best(self) -> Candidate:
        """The input with the highest score. Of several objectives at once, that is the one with the highest first one.

        Raises:
            InvalidArgument: when no evaluation of the search has a score.
        """
        found = self.top(1)
        if not found:
            raise InvalidArgument(f"the run has no scored evaluation yet, so it has no best input.{self._nearest()}")
        return found[0]

    def top(self, k: int, diverse: bool = False) -> list[Candidate]:
        """The ``k`` best inputs, best first; fewer when the run has fewer.

        Args:
            k: how many at most.
            diverse: whether to give inputs that lie at least as far apart as random ones do. The first is the best
                either way; a single search may have no second. Without the space, those stored with the run are given.
        """
        count = checks.integer("k", k, 0)
        if not diverse:
            return self._candidates(self._ranked[:count])
        if self.space is None:
            return self._candidates(
                np.array([e.id for e in self._stored if e.role == "diverse"][:count], dtype=np.int64)
            )
        return self._candidates(diverse_ids(self.space, self._records, self._read_latents, count)[:count])

    @cached_property
    def front(self) -> list[Candidate]:
        """The inputs that no other input of the search beats in every objective, the first objective rising.

        An input is on the front when no other one is at least as good in all objectives and better in one (the random
        baseline apart); of inputs with equal values the first one found stands for all. With one objective it is the
        best input alone. ``candidate.outputs`` holds the value of each objective by the names in ``goals``.
        """
        return self._candidates(front_ids(self._records, self._goal_columns))

    @property
    def goals(self) -> tuple[str, ...]:
        """The formulas of the objectives where there are several at once; empty where there is one."""
        return tuple(self.output_names[column] for column in self._goal_columns)

    @property
    def values(self) -> NDArray[np.float64]:
        """The value of each objective of every evaluation by id, float64 (n, m), the baseline included; NaN as scores.

        With one objective the scores, as a column.
        """
        return goal_values(self._records, self._goal_columns)

    @cached_property
    def baseline_best(self) -> Candidate | None:
        """The best of the random inputs, or None when the run has none."""
        ids = self._records.ranked(self._baseline_ids)[:1]
        return next(iter(self._candidates(ids)), None)

    def candidate(self, id: int) -> Candidate:  # noqa: A002  the name of the attribute it is found by
        """The input with this ``Candidate.id``, which the gallery and ``featviz show`` print too."""
        if not self._records.count():
            raise InvalidArgument("the run has no evaluation yet.")
        return self._candidates(np.array([checks.integer("id", id, 0, self._records.count() - 1)]))[0]

    def telling_outputs(self, candidate: Candidate) -> list[tuple[str, float]]:
        """The outputs of a candidate: those that the objective names, the largest, the violations of constraints."""
        objective = self.spec.get("objective")
        terms = objective.get("terms", []) if isinstance(objective, dict) else []
        named = set(self.goals) | {name for term in terms if isinstance(term, dict) for name in _names_in(term)}
        provenance = self.spec.get("provenance")
        boxes = provenance.get("boxes") if isinstance(provenance, dict) else None
        several = isinstance(boxes, list) and len(boxes) > 1  # their outputs are called "box/output"

        def order(item: tuple[str, float]) -> tuple[bool, bool, float]:
            name, value = item
            said = name in named or (several and any(name.endswith(f"/{one}") for one in named))
            return name.startswith(VIOLATION), not said, -value

        return sorted(candidate.outputs.items(), key=order)

    def render(self, candidate: Candidate) -> list[Block]:
        """A candidate as typed blocks; empty when neither its input nor its rendering was kept."""
        if self.space is not None and candidate.input is not None:
            return self.space.render(candidate.input)
        return next((list(e.blocks) for e in self._stored if e.id == candidate.id), [])

    # -- how it went ---------------------------------------------------------------------------------------------

    @cached_property
    def history(self) -> History:
        """Best so far against the evaluations of the search, reference inputs included, as observed at first."""
        return self._history(self._search_ids)

    @cached_property
    def baseline(self) -> History | None:
        """Best so far of the random inputs; None when the run has none."""
        return self._history(self._baseline_ids) if len(self._baseline_ids) else None

    @cached_property
    def restart_histories(self) -> list[History]:
        """Best so far of each restart, against its own evaluations."""
        ids = self._records.of_phase(Phase.SEARCH)
        restarts = self._records.restarts[ids]
        return [self._history(ids[restarts == restart]) for restart in np.unique(restarts)]

    @property
    def is_halved(self) -> bool:
        """Whether its restarts took turns, and the worse ones were stopped before the others."""
        return self.spec["search"].get("halving") is True

    @property
    def was_left_behind(self) -> bool:
        """Whether it was stopped by an ensemble, for the better of other members; it can be resumed alone."""
        return self.status == "interrupted" and self.stop_reason.startswith(LEFT_BEHIND)

    @cached_property
    def agreement(self) -> Agreement | None:
        """How far the restarts found the same; None with fewer than two that have a score, or several objectives."""
        if self._goal_columns:
            return None
        found = agreement_of(self._records, self._decoded, self.space, self.is_halved)
        return found if len(found.restarts) > 1 else None

    @property
    def evaluations(self) -> int:
        """Evaluations made by the search: reference inputs, failed ones and repeats included, the baseline not."""
        again = self._records.count(Phase.CHECK, Phase.RECOMMENDED, Phase.CONFIRM)
        replicates = self.spec["search"].get("replicates", 1)
        return self._records.count(Phase.SEARCH, Phase.REFERENCE) * int(replicates) + again

    @property
    def noise(self) -> float | None:
        """The standard deviation of a score around its mean, from inputs asked for again; None where none were."""
        return self._records.noise

    @property
    def seconds(self) -> float:
        """Wall time of the run, over all its sessions."""
        return self._records.batches[-1].seconds if self._records.batches else 0.0

    @property
    def failures(self) -> dict[str, int]:
        """How many evaluations failed, by status."""
        found = Counter(int(status) for status in self._records.statuses if status)
        names = {int(status): status.label for status in Status}
        return {names.get(code, f"status {code}"): count for code, count in sorted(found.items())}

    @property
    def failure_reasons(self) -> dict[str, int]:
        """How often each reason of failure was met, the most frequent first."""
        return dict(Counter(r for b in self._records.batches for r in b.reasons.values()).most_common())

    @property
    def scores(self) -> NDArray[np.float64]:
        """The score of every evaluation by id, float64 (n,), the baseline included; NaN where one failed."""
        return self._records.scores.copy()

    @property
    def name(self) -> str:
        """The name of its directory, or "run in memory"."""
        return self.path.absolute().name if self.path is not None else "run in memory"

    def __repr__(self) -> str:
        best = f", best {self.best.score_text}" if len(self._ranked) else ""
        return f"<Run {visible(self.name)}: {self.status}, {self.evaluations:,} evaluations{best}>"

    def _repr_html_(self) -> str:
        return run_html(self)

    # -- inside --------------------------------------------------------------------------------------------------

    @cached_property
    def _ranked(self) -> NDArray[np.int64]:
        return self._records.ranked(self._search_ids)

    @cached_property
    def _goal_columns(self) -> list[int]:
        return goal_columns(self.spec, self.output_names)

    @cached_property
    def _stored(self) -> list[BestInput]:
        return [] if self.path is None else read_best(self.path)

    def _nearest(self) -> str:
        """Of a run whose evaluations all break constraints, the one that breaks them least, in words."""
        ids = self._search_ids
        broken = ids[self._records.statuses[ids] == Status.INFEASIBLE]
        columns = [at for at, name in enumerate(self.output_names) if name.startswith(VIOLATION)]
        if not len(broken) or not columns:
            return ""
        over = np.stack([record.outputs[at][columns] for record, at in map(self._records.locate, map(int, broken))])
        total = over.sum(axis=1)  # NaN where the space itself ruled an input out
        if np.isnan(total).all():
            return ""
        nearest = int(np.nanargmin(total))
        record, _ = self._records.locate(int(broken[nearest]))
        most = int(np.argmax(over[nearest]))
        what = self.output_names[columns[most]].removeprefix(VIOLATION)
        return (
            f" Every input breaks a constraint. Nearest comes evaluation {self._order(record.phase, broken[nearest])}, "
            f"which breaks {visible(what, 300)} by {over[nearest, most]:.4g}. Loosen the constraint, or give the "
            "search a larger budget."
        )

    def _order(self, phase: Phase, evaluation: int) -> int:
        baseline = phase is Phase.BASELINE
        ids = self._baseline_ids if baseline else self._search_ids
        return int(np.searchsorted(ids, evaluation)) + 1

    @cached_property
    def _search_ids(self) -> NDArray[np.int64]:
        return self._records.of_phase(*SEARCHED)

    @cached_property
    def _baseline_ids(self) -> NDArray[np.int64]:
        return self._records.of_phase(Phase.BASELINE)

    def _history(self, ids: NDArray[np.int64]) -> History:
        return History.of(self._records.scores[ids])

    def _decoded(self, ids: NDArray[np.int64]) -> Any:
        """The inputs of evaluations, a batch; None without the space."""
        latents = gather_latents(self._read_latents, self._records, ids)
        return None if self.space is None else self.space.decode_latents(latents)

    def _candidates(self, ids: NDArray[np.int64]) -> list[Candidate]:
        if not len(ids):
            return []
        latents = gather_latents(self._read_latents, self._records, ids)
        inputs = None if self.space is None else self.space.decode_latents(latents)
        kept = {} if inputs is not None else {entry.id: entry.input for entry in self._stored}
        found = []
        for row, evaluation in enumerate(int(i) for i in ids):
            record, _ = self._records.locate(evaluation)
            x = kept.get(evaluation) if inputs is None else take_one(inputs, row)
            outputs = dict(zip(self.output_names, map(float, self._records.outputs_of(evaluation)), strict=True))
            found.append(
                Candidate(
                    id=evaluation,
                    evaluation=self._order(record.phase, evaluation),
                    score=self._records.score_of(evaluation),
                    outputs=outputs,
                    input=x,
                    latents=latents[row : row + 1],
                    **self._records.repeats_of(evaluation),
                )
            )
        return found


def load(path: str | os.PathLike[str], *, space: SearchSpace | None = None) -> Run:
    """The run in a directory. It may be finished, interrupted, or be written at this moment.

    Nothing that the run's files name is imported or opened: a space of your own, or one with a tokenizer or a generator
    in a file, is not rebuilt, and its inputs come from what was stored with the run (the best ones, where a file can
    hold them, and their renderings) unless you pass ``space``.

    Args:
        path: the directory of the run.
        space: the space that the run searched, for one that is not rebuilt.

    Raises:
        RunNotFound: when there is no run.
        RunDamaged: when its files are not what was written.
    """
    where = find_run(path)
    spec = read_toml(where / SPEC_FILE)
    check_tables(spec, str(where / SPEC_FILE))
    store = RunStore.open(where / DATABASE, writable=False)
    try:
        records = Records(store.records())
        status, reason, outputs = store.meta("status", "running"), store.meta("stop_reason"), store.outputs
        reproducible, ledger = store.meta("reproducible", "yes") == "yes", read_ledger(store)
    finally:
        store.close()
    if status == "running" and not RunDirectory.is_locked(where):
        status, reason = "interrupted", "the process that made it ended"

    return Run(
        path=where,
        spec=spec,
        space=space if space is not None else _space_of(spec),
        records=records,
        read_latents=partial(read_latents, where / DATABASE),
        output_names=outputs,
        status=status,
        stop_reason=reason,
        reproducible=reproducible,
        ledger=ledger,
    )


def find_runs(folder: str | os.PathLike[str]) -> list[Path]:
    """The run directories in a folder, by name; the folder itself when it is one. Hidden folders are left out."""
    where = Path(folder)
    if is_run(where):
        return [where]
    if not where.is_dir():
        return []
    below = (Path(base) for base, folders, _ in os.walk(where) if _prune(folders))
    return sorted(path for path in below if is_run(path))


def _names_in(term: Mapping[str, Any]) -> list[str]:
    """The outputs that a term of a described objective names."""
    several = term.get("outputs", term.get("vector", ()))
    return [name for name in (term.get("output"), *(several if isinstance(several, list | dict) else ())) if name]


def _prune(folders: list[str]) -> bool:
    folders[:] = sorted(name for name in folders if not name.startswith("."))
    return True


def _space_of(spec: dict[str, Any]) -> SearchSpace | None:
    described = spec.get("space")
    if not isinstance(described, dict):
        return None
    from featviz.search_spaces.specs import opens_file, space_from_spec  # noqa: PLC0415  not every run needs them

    try:
        if names_code(described) or opens_file(described):
            return None
        space: SearchSpace = space_from_spec(dict(described))
    except Exception:  # noqa: BLE001  a doctored description may fail in any way; what is stored can still be read
        return None
    return space
