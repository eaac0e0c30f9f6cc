"""Progress for people: a bar on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from featviz import checks
from featviz.storage import Phase
from featviz.study.history import Records
from featviz.study.settings import Settings
from featviz.text import visible

__all__ = ["Callback", "Progress", "Reporter", "make_reporter", "progress_of", "said_choice"]

_LINE_SECONDS = 10.0


@dataclass(frozen=True)
class Progress:
    """Where a search stands after a batch; what callbacks are given.

    Args:
        phase: "reference", "search", "check" (an input asked for again, to learn how noisy the box is), "recommended"
            or "confirm" (what did best in a noisy box), "baseline" or "baseline confirm".
        evaluations: made in this phase so far (reference inputs count as part of the search).
        budget: evaluations that this phase will make at most.
        best_score: best score of this phase so far (reference inputs count as search); NaN before the first one.
        seconds: wall time of the run so far, over all its sessions.
        failures: failed evaluations so far.
        restart: the restart that the batch belonged to; of an ensemble the number of the member.
        part: of several restarts or members the one that the batch belonged to, in words; "" where there is one.
    """

    phase: str
    evaluations: int
    budget: int
    best_score: float
    seconds: float
    failures: int
    restart: int
    part: str = ""


Callback = Callable[[Progress], object]


def progress_of(records: Records, settings: Settings, restart: int, spent: int, best: float) -> Progress:
    """Where a search stands after the last batch of ``records``.

    Args:
        records: of the search.
        settings: of the search.
        restart: the one that the batch belonged to.
        spent: evaluations that count for the budget.
        best: the best score of the search; NaN before the first one.
    """
    last, restarts = records.batches[-1], settings.restarts
    baseline = last.phase in (Phase.BASELINE, Phase.BASELINE_CONFIRM)
    return Progress(
        phase=last.phase.name.lower().replace("_", " "),
        evaluations=records.count(Phase.BASELINE) if baseline else spent,
        budget=settings.baseline if baseline else settings.budget,
        best_score=records.best(Phase.BASELINE) if baseline else best,
        seconds=last.seconds,
        failures=records.failures,
        restart=restart,
        part="" if baseline or restarts == 1 else f"restart {restart + 1:,} of {restarts:,}",
    )


class Reporter(Protocol):
    """Shows progress."""

    def say(self, text: str) -> None:
        """A line for people, before the first batch."""

    def show(self, progress: Progress) -> None:
        """Called after every batch."""

    def close(self) -> None:
        """Called once at the end, also after an error."""


class _Silent:
    def say(self, text: str) -> None:
        """Say nothing."""

    def show(self, progress: Progress) -> None:
        """Show nothing."""

    def close(self) -> None:
        """Nothing to close."""


class _Lines:
    """A line at the beginning of each phase, every ten seconds, and at its end."""

    def __init__(self) -> None:
        self._phase = ""
        self._last = 0.0

    def say(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    def show(self, progress: Progress) -> None:
        now, phase = time.monotonic(), _phase(progress)
        ended = progress.evaluations >= progress.budget
        if phase == self._phase and not ended and now - self._last < _LINE_SECONDS:
            return
        self._phase, self._last = phase, now
        print(_line(progress), file=sys.stderr, flush=True)

    def close(self) -> None:
        """Nothing to close."""


class _Bar:
    """One tqdm bar a phase."""

    def __init__(self) -> None:
        self._phase = ""
        self._bar: Any = None

    def say(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    def show(self, progress: Progress) -> None:
        if (phase := _phase(progress)) != self._phase:
            from tqdm import tqdm  # noqa: PLC0415  only a terminal needs it

            self.close()
            self._phase = phase
            self._bar = tqdm(total=progress.budget, desc=phase, unit="eval", dynamic_ncols=True, file=sys.stderr)
        self._bar.set_postfix_str(_facts(progress), refresh=False)
        self._bar.update(progress.evaluations - self._bar.n)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()


def make_reporter(progress: str | bool) -> Reporter:
    """The reporter for an argument ``progress``: "auto", "bar", "lines", "none", True (auto) or False (none)."""
    if isinstance(progress, bool):
        progress = "auto" if progress else "none"
    kind = checks.one_of("progress", progress, ("auto", "bar", "lines", "none"))
    if kind == "auto":
        kind = "bar" if sys.stderr.isatty() else "lines"
    reporters: dict[str, type[Reporter]] = {"bar": _Bar, "lines": _Lines, "none": _Silent}
    return reporters[kind]()


def said_choice(optimiser: str, why: str, members: Sequence[str] = ()) -> str:
    """What "auto" picked, and why, as a line; ``members`` of an ensemble are named."""
    of = f" for {', '.join(visible(name, 40) for name in members)}" if members else ""
    return f"auto picks {visible(optimiser, 80)}{of}: {visible(why, 500)}"


def _phase(progress: Progress) -> str:
    """The name of the phase for people: an input asked for again now and then does not interrupt the search."""
    return "search" if progress.phase == "check" else progress.phase


def _facts(progress: Progress) -> str:
    failed = f", {progress.failures:,} failed" if progress.failures else ""
    part = f"{visible(progress.part, 40)}, " if progress.part else ""
    return f"{part}best {progress.best_score:.4g}{failed}"


def _line(progress: Progress) -> str:
    share = 100 * progress.evaluations / progress.budget
    return (
        f"{_phase(progress)}: {progress.evaluations:,} of {progress.budget:,} evaluations ({share:.0f}%), "
        f"{_facts(progress)}, {progress.seconds:.1f} s"
    )
