"""What a run looked at: the evaluations in order, the best so far, and single candidates."""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.latent import Latents
from featviz.storage import BatchRecord, Phase

__all__ = ["SEARCHED", "Candidate", "History", "Records"]

# The phases in which a search meets inputs for the first time.
SEARCHED = (Phase.SEARCH, Phase.REFERENCE, Phase.RECOMMENDED)
# Deviations of repeats, relative to the scores, that are no noise: the order of a sum changes with the batch size.
_ROUNDING = 1e-6
# What is worked out from all batches, and is another after the next one.
_KEPT = ("scores", "statuses", "phases", "restarts", "firsts", "again", "last_round", "_last_rounds", "_last_scores")


@dataclass(frozen=True, eq=False, repr=False)
class Candidate:
    """One evaluated input.

    Args:
        id: its number in the run, from 0 in the order of evaluation.
        evaluation: the how-many-th evaluation of the search (or of the random baseline) it was, from 1: where it lies
            on the curve of the best so far.
        score: its score; higher is better.
        outputs: what the boxes answered, by name of the output.
        input: the decoded input itself (one, not a batch); None when it was not kept and cannot be decoded.
        latents: its latent, a batch of one; None when it was not read.
        replicates: how often it was asked for again, because the box is noisy; the score is the mean of these then,
            without the first, by which it was chosen.
        standard_error: of that mean; None where it was not asked for again.
    """

    id: int
    evaluation: int
    score: float
    outputs: dict[str, float]
    input: Any
    latents: Latents | None
    replicates: int = 0
    standard_error: float | None = None

    @property
    def score_text(self) -> str:
        """The score for people: ``"3.21 ± 0.05 (8 re-evaluations)"`` of a noisy box."""
        certainty = self.certainty
        return f"{self.score:.4g} {certainty}" if certainty else f"{self.score:.6g}"

    @property
    def certainty(self) -> str:
        """What is behind the score of a noisy box, for people: ``"± 0.05 (8 re-evaluations)"``; empty otherwise."""
        if not self.replicates:
            return ""
        times = f"({self.replicates:,} re-evaluation{'' if self.replicates == 1 else 's'})"
        return times if self.standard_error is None else f"± {self.standard_error:.2g} {times}"

    def __repr__(self) -> str:
        kind = f"array of shape {self.input.shape}" if hasattr(self.input, "shape") else type(self.input).__name__
        return f"<Candidate {self.id}: score {self.score_text}, input {kind}>"


@dataclass(frozen=True, eq=False, repr=False)
class History:
    """The best score so far against evaluations, as a step function.

    Args:
        evaluations: int64 (m,), rising: the evaluations at which the best improved, and the last one.
        best: float64 (m,): the best score from there on.
    """

    evaluations: NDArray[np.int64]
    best: NDArray[np.float64]

    @classmethod
    def of(cls, scores: NDArray[np.float64]) -> "History":
        """The history of ``scores`` in their order; NaN where an evaluation failed."""
        so_far = np.fmax.accumulate(scores) if len(scores) else scores
        scored = np.flatnonzero(~np.isnan(so_far))
        if not len(scored):
            return cls(np.empty(0, dtype=np.int64), np.empty(0))
        risen = scored[np.flatnonzero(np.diff(so_far[scored], prepend=-np.inf) > 0)]
        steps = np.union1d(risen, [len(scores) - 1])
        return cls(steps.astype(np.int64) + 1, so_far[steps])

    def at(self, evaluations: int) -> float:
        """The best score within the first ``evaluations``; NaN when nothing had scored by then."""
        step = int(np.searchsorted(self.evaluations, evaluations, side="right")) - 1
        return float(self.best[step]) if step >= 0 else float("nan")

    def __len__(self) -> int:
        return len(self.evaluations)

    def __repr__(self) -> str:
        if not len(self):
            return "<History: nothing has a score>"
        return f"<History: {self.best[0]:.6g} to {self.best[-1]:.6g} in {self.evaluations[-1]:,} evaluations>"


class Records:
    """The batches of a run, and their values as arrays over all evaluations."""

    def __init__(self, batches: Iterable[BatchRecord] = ()) -> None:
        self.batches: list[BatchRecord] = []
        self.failures = 0
        self._counts = dict.fromkeys(Phase, 0)
        # What is asked at every step must not take longer the longer the run is.
        self._by_phase: dict[Phase, list[BatchRecord]] = {phase: [] for phase in Phase}
        for record in batches:
            self.add(record)

    def add(self, record: BatchRecord) -> None:
        """Append one batch."""
        self.batches.append(record)
        self.failures += int(np.count_nonzero(record.statuses))
        self._counts[record.phase] += len(record)
        self._by_phase[record.phase].append(record)
        for name in _KEPT:
            self.__dict__.pop(name, None)

    def count(self, *phases: Phase) -> int:
        """The number of evaluations made in ``phases``; in all of them when none is named."""
        return sum(self._counts[phase] for phase in phases or Phase)

    @cached_property
    def scores(self) -> NDArray[np.float64]:
        """Scores of all evaluations by id; NaN where one failed."""
        return np.concatenate([b.scores for b in self.batches]) if self.batches else np.empty(0)

    @cached_property
    def statuses(self) -> NDArray[np.uint8]:
        """Statuses of all evaluations by id."""
        return np.concatenate([b.statuses for b in self.batches]) if self.batches else np.empty(0, dtype=np.uint8)

    @cached_property
    def phases(self) -> NDArray[np.int64]:
        """The phase of each evaluation by id."""
        return self._repeated([int(b.phase) for b in self.batches])

    @cached_property
    def restarts(self) -> NDArray[np.int64]:
        """The restart of each evaluation by id."""
        return self._repeated([b.restart for b in self.batches])

    @cached_property
    def firsts(self) -> NDArray[np.int64]:
        """The id of the first evaluation of each batch."""
        return np.array([b.first for b in self.batches], dtype=np.int64)

    def of_phase(self, *phases: Phase) -> NDArray[np.int64]:
        """The ids of the evaluations made in ``phases``."""
        return np.flatnonzero(np.isin(self.phases, [int(p) for p in phases]))

    def observed(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Those of ``ids`` that have a score, by the score that was observed first, best first."""
        scored = ids[~np.isnan(self.scores[ids])]
        return scored[np.argsort(-self.scores[scored], kind="stable")]

    def ranked(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Those of ``ids`` that have a score, best first; the earlier of two equal ones first.

        Where candidates were asked for again to choose among them, those that were asked for most often come first, by
        their means; behind them the others by the score that was observed.
        """
        scored = self.observed(ids)
        if not self.count(Phase.CONFIRM, Phase.BASELINE_CONFIRM):
            return scored
        asked = np.concatenate([self.last_round, self.originals(Phase.BASELINE_CONFIRM)])
        times = np.bincount(asked, minlength=self.count())[scored]
        means = self.scores[scored]
        for at in np.flatnonzero(times):
            again = self.again[int(scored[at])]
            times[at], means[at] = (times[at], again.mean()) if len(again) else (0, np.nan)
        # What was left over gave some of the last ones one repeat more.
        times[(times > 0) & (times >= times.max(initial=0) - 1)] = times.max(initial=0)
        return scored[np.lexsort((-means, -times))]

    def originals(self, phase: Phase) -> NDArray[np.int64]:
        """The ids of the evaluations that were repeated in a phase, one for each repeat, in order."""
        return self.originals_in(self._by_phase[phase])

    @staticmethod
    def originals_in(batches: Iterable[BatchRecord]) -> NDArray[np.int64]:
        """The ids of the evaluations that were repeated in some batches."""
        found = [record.originals for record in batches if record.originals is not None]
        return np.concatenate(found) if found else np.empty(0, dtype=np.int64)

    @cached_property
    def last_round(self) -> NDArray[np.int64]:
        """The ids of the candidates that were asked for again since the search last went on, one for each time."""
        return self.originals_in(self._last_rounds)

    def batches_of(self, phase: Phase) -> list[BatchRecord]:
        """The batches of a phase, in order. Not to be changed."""
        return self._by_phase[phase]

    def since_search(self, phase: Phase) -> int:
        """Evaluations made in ``phase`` since the last batch of the search."""
        searched = self._by_phase[Phase.SEARCH]
        last = searched[-1].batch if searched else -1
        return sum(len(record) for record in self._by_phase[phase] if record.batch > last)

    @cached_property
    def _last_scores(self) -> NDArray[np.float64]:
        """The scores of ``last_round``."""
        return np.concatenate([np.empty(0), *(record.scores for record in self._last_rounds)])

    @cached_property
    def _last_rounds(self) -> list[BatchRecord]:
        """The batches of the last rounds, between which the search did not go on."""
        searched, rounds = self._by_phase[Phase.SEARCH], self._by_phase[Phase.CONFIRM]
        if not rounds:
            return []
        before = bisect_left(searched, rounds[-1].batch, key=_number)
        return rounds[bisect_left(rounds, searched[before - 1].batch, key=_number) if before else 0 :]

    @cached_property
    def again(self) -> dict[int, NDArray[np.float64]]:
        """The scores of the repeats of each evaluation that was repeated, without those that failed."""
        found: dict[int, list[float]] = {}
        for record in self.batches:
            if record.originals is not None:
                for original, score in zip(record.originals.tolist(), record.scores.tolist(), strict=True):
                    found.setdefault(original, []).append(score)
        return {i: np.array([s for s in scores if not np.isnan(s)]) for i, scores in found.items()}

    def score_of(self, evaluation: int) -> float:
        """The mean of the repeats of an evaluation that was chosen among by repeats, or else its own score."""
        if not self.count(Phase.CONFIRM, Phase.BASELINE_CONFIRM):
            return float(self.scores[evaluation])
        again = self.again.get(evaluation)
        return float(self.scores[evaluation]) if again is None or not len(again) else float(np.mean(again))

    def outputs_of(self, evaluation: int) -> NDArray[np.float64]:
        """The outputs, shape (k,), that go with :meth:`score_of`: the means over the repeats, or else its own."""
        record, row = self.locate(evaluation)
        if not self.repeats_of(evaluation):
            return np.asarray(record.outputs[row])
        repeats = [b for b in self.batches if b.originals is not None]
        rows = [b.outputs[(b.originals == evaluation) & (b.statuses == 0)] for b in repeats]
        return np.asarray(np.concatenate(rows).mean(axis=0))

    def repeats_of(self, evaluation: int) -> dict[str, Any]:
        """``replicates`` and ``standard_error`` of an evaluation that was chosen among by repeats; empty for others."""
        again = self.again.get(evaluation, np.empty(0))
        if not len(again) or not self.count(Phase.CONFIRM, Phase.BASELINE_CONFIRM):
            return {}
        # From the first answer: of equal answers the mean, and so the deviation, may be off by a rounding.
        deviation = float(np.std(np.asarray(again) - again[0], ddof=1)) if len(again) > 1 else self.noise
        error = None if deviation is None else deviation / float(np.sqrt(len(again)))
        return {"replicates": len(again), "standard_error": error}

    def round_means(self, evaluations: NDArray[np.int64], confirmed: NDArray[np.int64]) -> NDArray[np.float64]:
        """The mean score of each of ``evaluations`` over the first repeats in the last rounds; NaN where none has one.

        Args:
            evaluations: their ids.
            confirmed: the originals of those repeats.
        """
        scores = self._last_scores[: len(confirmed)]
        means = np.full(len(evaluations), np.nan)
        for at, evaluation in enumerate(evaluations.tolist()):
            own = scores[confirmed == evaluation]
            if np.isfinite(own).any():
                means[at] = np.nanmean(own)
        return means

    @property
    def noise(self) -> float | None:
        """The standard deviation of a score around its mean, pooled over all repeats; None without noise."""
        groups = [scores for scores in self.again.values() if len(scores) > 1]
        if not groups:
            return None
        squares = sum(float(np.square(scores - scores.mean()).sum()) for scores in groups)
        found = float(np.sqrt(squares / sum(len(scores) - 1 for scores in groups)))
        return found if found > _ROUNDING * max(float(np.abs(scores).max()) for scores in groups) else None

    def best(self, *phases: Phase) -> float:
        """The best score of ``phases``; NaN when there is none."""
        return float(np.fmax.reduce(self.scores[self.of_phase(*phases)], initial=np.nan))

    def places(self, ids: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The batch of each of ``ids``, and its row there."""
        batches = np.searchsorted(self.firsts, ids, side="right") - 1
        return batches, ids - self.firsts[batches]

    def locate(self, evaluation: int) -> tuple[BatchRecord, int]:
        """The batch that holds an evaluation, and its row there."""
        batches, rows = self.places(np.array([evaluation]))
        return self.batches[int(batches[0])], int(rows[0])

    def _repeated(self, values: list[int]) -> NDArray[np.int64]:
        return np.repeat(np.array(values, dtype=np.int64), [len(b) for b in self.batches])


def _number(record: BatchRecord) -> int:
    return record.batch
