"""The study: one search, batch by batch, owned by the caller."""

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from featviz import checks
from featviz.batches import batch_length, described
from featviz.errors import (
    FailureBudgetExceeded,
    FeatvizError,
    InvalidArgument,
    SpaceError,
    StopSearch,
    WrongType,
)
from featviz.evaluation import Evaluator, FailureBudget, Outcome
from featviz.latent import Latents
from featviz.protocols import ScoreFunction, SearchSpace
from featviz.random import Streams
from featviz.storage import BatchRecord, Phase
from featviz.study.asked import Asked
from featviz.study.exchange import count_in, read_told
from featviz.study.history import SEARCHED, Records
from featviz.study.noise import NoisePolicy, noise_policy
from featviz.study.plan import Next, Plan
from featviz.study.progress import Callback, Progress, make_reporter, progress_of, said_choice
from featviz.study.remarks import remark_on
from featviz.study.run import Run
from featviz.study.same_box import check_boxes, recall
from featviz.study.searcher import Searcher, make_searcher
from featviz.study.session import Session
from featviz.study.settings import Settings, check_parts

__all__ = ["Study"]

_BASELINE_STREAM = 0x62617365
_BASELINE_BATCH = 64
# Seconds between two stored states of the optimiser: bounds what a resumed run must replay.
_STATE_SECONDS = 2.0


class Study:
    """A search whose loop the caller owns: ``ask`` for inputs, evaluate them, ``tell`` their outputs.

    ``fv.search`` is ``Study(...).run()``. Use a study where featviz cannot call the box: answers come from a
    laboratory, another program's loop, a queue. Close it, or use it in a ``with`` block; it can be resumed from its
    directory at any time. One study belongs to one thread.

    Args:
        space: the space of inputs to search.
        objective: what to maximise. None when ``tell`` is given scores instead of outputs.
        budget: evaluations of single inputs that the search may make, reference inputs included.
        seed: 0 to 2**64 - 1. Same seed, same result.
        optimiser: "auto", a name ("sep-cma", "snes", "cma", "random", "nevergrad:DE", "optuna:TPE", ...) or
            "package.module:Class".
        optimiser_options: keyword arguments for the optimiser.
        restarts: independent searches, one after the other, that share the budget evenly.
        halving: whether restarts take turns instead, and the better half goes on again and again until one is left
            with the rest; see :mod:`featviz.study.halving`. It takes at least two restarts, and one objective.
        query_seconds: seconds that the box takes for one input, if you know; "auto" thinks longer for a slow one.
        batch_size: inputs evaluated at a time; None for what the optimiser prefers.
        baseline: random inputs from the space's prior to evaluate besides, after the search and on top of the
            budget: the evidence that the search found more than chance does.
        references: a batch of inputs of the space to start from. They are encoded, evaluated first and counted; the
            restarts begin at the best of them.
        noise: whether equal inputs get different scores: "auto" to find out, at a cost of three evaluations unless the
            boxes say; True or False to say. With noise a tenth of the budget is kept to ask again for what did best,
            the result is chosen by the means of these answers, and a target must be reached again.
        replicates: how often each input is asked for in the search, with the mean as its score; each counts.
        out: directory of the run; None to keep everything in memory.
        resume: go on with a run that is in ``out`` already (True), refuse to (False), or go on from its best input
            when its optimiser cannot be replayed ("warm").
        target: stop when the best score reaches this.
        max_seconds: stop after this wall time of the run, over all its sessions.
        callbacks: each called with a :class:`~featviz.study.Progress` after every batch; one ends the search by
            raising :class:`featviz.StopSearch`.
        progress: "auto" (a bar on a terminal, lines elsewhere), "bar", "lines" or "none"; used by ``run``.

    Raises:
        InvalidArgument, WrongType: for arguments that cannot be used.
        RunMismatch, RunLocked: when ``out`` holds a run of another search, or another process writes to it.
    """

    _outstanding: Asked | None
    _closed_as: tuple[str, str] | None

    def __init__(
        self,
        space: SearchSpace,
        objective: ScoreFunction | None = None,
        *,
        budget: int,
        seed: int = 0,
        optimiser: str = "auto",
        optimiser_options: Mapping[str, Any] | None = None,
        restarts: int = 1,
        halving: bool = False,
        query_seconds: float | None = None,
        batch_size: int | None = None,
        baseline: int = 0,
        references: Any = None,
        noise: bool | Literal["auto"] = "auto",
        replicates: int = 1,
        out: str | os.PathLike[str] | None = None,
        resume: bool | Literal["warm"] = True,
        target: float | None = None,
        max_seconds: float | None = None,
        callbacks: Sequence[Callback] = (),
        progress: str | bool = "auto",
    ) -> None:
        sizes = budget, seed, optimiser, optimiser_options or {}, restarts, batch_size, baseline
        settings = Settings(*sizes, noise, replicates, target, max_seconds, halving, query_seconds)
        check_parts(space, objective, callbacks, resume)
        make_reporter(progress)
        self._space, self._objective, self._callbacks, self._progress = space, objective, tuple(callbacks), progress
        self._evaluator = Evaluator(objective, space)
        self._references = None if references is None else space.encode_inputs(references)
        settings.check_rungs(0 if self._references is None else len(self._references))
        # Made before anything touches the disk, so that an unusable choice leaves no directory behind.
        self._goals = 1 if objective is None else objective.goals
        made = make_searcher(optimiser, space.latent, Plan(settings, settings.budget, 0), goals=self._goals)
        self._recommends = callable(getattr(made.optimiser, "recommend", None))
        self._session = Session(
            space,
            objective,
            settings=replace(settings, batch_size=settings.batch_size or made.optimiser.batch_size),
            chosen=made.name,
            why=made.reason,
            outputs=self._evaluator.output_names,
            out=out,
            resume=bool(resume),
            planned_batch=settings.batch_size is None,
        )
        # A run that goes on keeps its batch size, whatever another budget would have it be.
        self._settings = replace(settings, batch_size=self._session.spec["search"]["batch_size"])
        try:
            self._go_on(warm=resume == "warm")
        except BaseException:
            self._session.leave()
            raise

    # -- where the search stands ---------------------------------------------------------------------------------

    @property
    def path(self) -> Path | None:
        """The directory of the run."""
        return self._session.path

    @property
    def settings(self) -> Settings:
        """The settings of the search, the batch size resolved."""
        return self._settings

    @property
    def done(self) -> bool:
        """Whether there is nothing more to ask for."""
        return self._outstanding is None and self._next() is None

    @property
    def records(self) -> Records:
        """The evaluations so far. Not to be changed."""
        return self._records

    @property
    def spent(self) -> int:
        """The evaluations so far that count for the budget."""
        return self._plan.spent(self._records)

    @property
    def target_reached(self) -> bool:
        """Whether the target was reached; that of a noisy box may turn out not to have been."""
        return self._plan.target_reached(self._records, self._best)

    def told(self, record: BatchRecord) -> NDArray[np.float64]:
        """What an optimiser is told of a stored batch, shape (n,); NaN where an evaluation failed."""
        return self._evaluator.told(record.scores, record.outputs)

    @property
    def choice(self) -> tuple[str, str] | None:
        """The optimiser that "auto" picked for this run, and why; None when one was asked for by name."""
        chosen = self._session.spec["provenance"]
        return (str(chosen.get("optimiser")), str(chosen.get("why"))) if self._settings.optimiser == "auto" else None

    @property
    def seconds(self) -> float:
        """Wall time of the run so far, over all its sessions."""
        return self._before + time.monotonic() - self._begun

    # -- ask and tell --------------------------------------------------------------------------------------------

    def ask(self, n: int | None = None) -> Asked:
        """The next batch to evaluate: the study's batch size, ``n`` when given, less at the end of the budget.

        Raises:
            InvalidArgument: when the study is done, or the batch before has not been told.
        """
        if self._outstanding is not None:
            raise InvalidArgument("tell the outputs of the batch before, then ask for the next one.")
        size = self._settings.batch_size if n is None else checks.integer("n", n, 1)
        following = self._next()
        if following is None:
            raise InvalidArgument("the study is done: its budget is spent or its target reached (study.done is True).")
        self._check_open()
        size = size or 1
        again = None if following.again is None else following.again[: min(size, following.most)]
        latents = self._latents(following, size) if again is None else self._session.latents_of(self._records, again)
        # What is stored must be what was asked, whatever the caller does with it.
        latents.freeze()
        inputs = self._space.decode_latents(latents)
        if (decoded := batch_length(inputs)) != len(latents):
            raise SpaceError(
                f"decode returned {decoded} inputs for {len(latents)} latents; it must return one for each."
            )
        first = self._records.count()
        ids = np.arange(first, first + len(latents), dtype=np.int64)
        told = self._evaluator.box_outputs
        self._outstanding = Asked(ids, inputs, latents, following.phase, following.restart, again, told)
        if following.phase is Phase.SEARCH:
            self._searcher.keep()
        return self._outstanding

    def tell(self, ids: ArrayLike, outputs: ArrayLike) -> None:
        """What the boxes answered for the batch that was asked for.

        Args:
            ids: the ids of the batch, all of them, in any order.
            outputs: shape (n, k): a row of outputs an id, in the order of the objective's boxes and their outputs;
                with no objective, the scores, shape (n,). A row with NaN is recorded as failed.
        """
        self._check_open()
        asked = self._outstanding
        if asked is None:
            raise InvalidArgument("there is no batch to tell; ask for one first.")
        answers = asked.in_order(ids, outputs)
        self._record(asked, self._evaluator.judge(asked.inputs, answers, self._valid(asked), asked.latents))

    def tell_file(self, path: str | os.PathLike[str]) -> None:
        """What a score file says about the batch that was asked for, in this session or before it was closed.

        Args:
            path: the file, or the folder of :meth:`Asked.save` with ``scores.csv`` in it.

        Raises:
            InvalidArgument: when the file is not right, naming line and column, or is about another batch.
        """
        asked = self._outstanding or self.ask(count_in(path))
        self.tell(asked.ids, read_told(asked, path))

    def step(self, n: int | None = None) -> Progress:
        """Ask for one batch (of at most ``n``), evaluate it with the objective's boxes, and tell it."""
        if self._objective is None:
            raise WrongType("a study without an objective cannot evaluate; evaluate what ask() gives and tell() it.")
        asked = self._outstanding or self.ask(n)
        return self._record(asked, self._evaluated(asked))

    # -- the whole loop ------------------------------------------------------------------------------------------

    def run(self) -> Run:
        """Evaluate until done; the run is closed and can be resumed whatever happens.

        Raises:
            FailureBudgetExceeded: when more than half of the last 100 evaluations failed.
            KeyboardInterrupt: after the run was closed.
        """
        reporter = make_reporter(self._progress)
        try:
            if self.choice is not None and not self.done:
                reporter.say(said_choice(*self.choice))
            while not self.done:
                reporter.show(self.step())
        except BaseException as error:
            self._close_after(error)
            raise
        finally:
            reporter.close()
        run = self.close()
        remark_on(self._records, run.failure_reasons)
        return run

    def result(self) -> Run:
        """The run as it stands; it can be looked at while the study goes on."""
        self._evaluator.count_usage()
        asked = self._evaluator.ledger.totals()
        return Run.of_session(self._session, self._space, self._records, self._closed_as or self._verdict(), asked)

    def close(self, reason: str = "") -> Run:
        """Write the best inputs and the state of the search, and let go of the directory. May be called twice."""
        if not self._session.closed:
            status, why = self._verdict()
            if status != "finished":
                status, why = "interrupted", reason or "it was closed before its budget was spent"
            if self._outstanding is None:
                # With a batch outstanding the state is between two generations; the last stored one serves instead.
                self._searcher.store_state()
            self._evaluator.count_usage()
            self._closed_as = status, why
            self._session.finish(self._space, self._records, self._evaluator.ledger.totals(), status, why)
        return self.result()

    def __repr__(self) -> str:
        return f"<Study: {self.spent:,} of {self._settings.budget:,} evaluations>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
        else:
            self._close_after(error)

    def _close_after(self, error: BaseException) -> None:
        user = isinstance(error, KeyboardInterrupt)
        try:
            self.close("interrupted by the user" if user else f"ended by {type(error).__name__}")
        except FeatvizError as second:
            error.add_note(f"Besides, the run could not be closed cleanly: {second}")

    # -- inside --------------------------------------------------------------------------------------------------

    def _go_on(self, *, warm: bool) -> None:
        """Take up the run where its store stands: at the beginning, or where an earlier session left it."""
        session, space = self._session, self._space
        self._records = session.records
        told = self._evaluator.told
        references = session.check_references(self._references)
        self._plan = Plan(self._settings, session.first_budget, references, self._policy(), told)
        if self._plan.is_noisy(self._records):
            self._evaluator.turn_noisy()
        self._searcher = Searcher(
            space.latent, self._plan, session, self._records, warm=warm, told=told, goals=self._goals
        )
        # A new session has a new failure budget: whoever resumes a run that it stopped has mended the cause.
        self._failure_budget = FailureBudget()
        self._outstanding = None
        # With replicates every answer is asked for anew.
        self._recalled = self._settings.replicates > 1
        self._stopped = ""
        self._closed_as = None
        self._begun = self._state_stored = time.monotonic()
        self._before = self._records.batches[-1].seconds if self._records.batches else 0.0
        self._best = self._records.best(*SEARCHED)
        # Looked at between batches only: a study that says it is not done can be asked.
        self._time_is_up = self._plan.time_is_up(self.seconds)
        if session.path is not None:
            self._evaluator.keep_in(session.path)
        if self._objective is not None:
            check_boxes(self._objective, self._evaluator, space, session, self._records)
        session.begin()

    def _policy(self) -> NoisePolicy | None:
        noisy = True if self._evaluator.noisy else None
        return noise_policy(self._objective, self._settings, self._session.first_budget, noisy, self._recommends)

    def _check_open(self) -> None:
        if self._session.closed:
            raise InvalidArgument("the study is closed; make another one with the same arguments to go on with it.")

    def _next(self) -> Next | None:
        return None if self._stopped or self._time_is_up else self._plan.next(self._records, self._best)

    def _latents(self, following: Next, size: int) -> Latents:
        if following.phase is Phase.SEARCH:
            return self._searcher.ask(following.restart, min(size, following.most))
        if following.phase is Phase.RECOMMENDED:
            return self._searcher.recommend(following.restart)
        done = self._records.count(following.phase)
        if following.phase is Phase.REFERENCE and self._references is not None:
            return self._references[done : done + min(size, following.most)]
        rng = Streams(self._settings.seed, _BASELINE_STREAM).at(done)
        return self._space.latent.sample(rng, min(max(size, _BASELINE_BATCH), following.most))

    def _valid(self, asked: Asked) -> NDArray[np.bool_] | None:
        feasible = self._space.latent.feasible
        return None if feasible is None else feasible(asked.latents)

    def _evaluated(self, asked: Asked) -> Outcome:
        """The outcome of a batch; its mean over the replicates, where there are several."""
        replicates, valid = self._settings.replicates, self._valid(asked)
        if not self._recalled:
            self._recalled = True
            recall(self._evaluator, self._space, self._session, self._records)
        times = 1 if asked.again is not None else replicates
        fresh = asked.again is not None or times > 1
        # Counted over all answers, so that no two draw the same random numbers.
        keys = [int(asked.ids[0]) * replicates + i for i in range(times)]
        outcomes = [self._evaluator.evaluate(asked.inputs, valid, asked.latents, key=k, fresh=fresh) for k in keys]
        return outcomes[0] if times == 1 else Outcome.mean(outcomes)

    def _record(self, asked: Asked, outcome: Outcome) -> Progress:
        record = BatchRecord(
            batch=len(self._records.batches),
            first=int(asked.ids[0]),
            phase=asked.phase,
            restart=asked.restart,
            seconds=self.seconds,
            statuses=outcome.statuses,
            scores=outcome.scores,
            outputs=outcome.outputs,
            reasons=outcome.reasons,
            digest=asked.latents.digest(),
            originals=asked.again,
        )
        # First of all the answers are stored; when that fails, they can be told again.
        self._session.store.append(record, asked.latents)
        self._outstanding = None
        self._records.add(record)
        if asked.phase is Phase.SEARCH:
            self._searcher.tell(asked.latents, self._evaluator.told(outcome.scores, outcome.outputs))
            if time.monotonic() - self._state_stored >= _STATE_SECONDS:
                self._searcher.store_state()
                self._state_stored = time.monotonic()
        if asked.phase in SEARCHED:
            self._best = float(np.fmax.reduce(outcome.scores, initial=self._best))
        if asked.phase is Phase.CHECK and self._plan.is_noisy(self._records):
            self._evaluator.turn_noisy()
        try:
            self._failure_budget.add(outcome.statuses, outcome.reasons)
        except FailureBudgetExceeded as error:
            raise FailureBudgetExceeded(f"{error}\nThe box was given {described(asked.inputs)}.") from None
        progress = progress_of(self._records, self._settings, asked.restart, self.spent, self._best)
        self._time_is_up = self._plan.time_is_up(progress.seconds)
        try:
            for callback in self._callbacks:
                callback(progress)
        except StopSearch as stop:
            self._stopped = f"stopped by a callback{': ' if str(stop) else ''}{stop}"
        return progress

    def _verdict(self) -> tuple[str, str]:
        """Status and reason if the study ended now."""
        if self._stopped:
            return "finished", self._stopped
        if self._outstanding is None and self._next() is None:
            return "finished", self._plan.why_ended(self._records, self._best)
        return ("interrupted" if self._session.closed else "running"), "not all of the budget is spent"
