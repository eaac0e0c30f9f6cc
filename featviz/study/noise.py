"""Noisy boxes: telling that a box is one, and finding out which of the inputs that did well are good.

All of it is decided from the stored evaluations, so that a resumed run decides the same.

- **Checks.** The best input so far is asked for again after the first batch, and when a tenth and a half of the budget
  are spent. Where the answer differs, the box is noisy. That costs a box of which nothing is known three evaluations.
- **Gauge.** An input of a noisy box is asked for eight times, to see how noisy it is. An optimiser that has a method
  ``expect_noise`` is told: evolution strategies then learn from larger generations and take longer steps.
- **Recommendations.** The best observed score of a noisy box is the luckiest, and the input that got it seldom the
  best. What an evolution strategy knows is in the mean of its distribution, which was never evaluated: with a noisy
  box it is, at the end of each restart.
- **Targets.** An input that has reached the target is asked for again four times. When the mean is as high, it is asked
  for four times more, and the search is over if the mean of all still is.
- **Rounds.** A tenth of the budget is kept for asking again for the candidates, the best observed inputs and the
  recommended ones: all of them a few times, then the better half twice as often, and so on (successive halving:
  Jamieson & Talwalkar 2016, "Non-stochastic best arm identification and hyperparameter optimization"). The observed
  scores by which candidates were chosen do not count, since that choice has biased them.
"""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from featviz.evaluation import Status
from featviz.protocols import ScoreFunction
from featviz.storage import BatchRecord, Phase
from featviz.study.history import Records
from featviz.study.settings import Settings

__all__ = ["CHECKS", "NoisePolicy", "noise_policy"]

Ids = NDArray[np.int64]

# Shares of the budget after which the best input is asked for again; 0 stands for the first batch.
CHECKS = (0.0, 0.1, 0.5)
# Budgets below which nothing is asked again unasked: each question is dear there.
_LEAST_CHECKED = 50
# Repeats of one input by which the noise is gauged, and the budget for each of them.
_GAUGE, _A_REPEAT = 8, 50
# The share of the budget that is kept for the rounds, and the evaluations for one candidate to begin with.
_RESERVE = 0.1
_A_CANDIDATE = 10
_MOST_CANDIDATES = 32
# Repeats of an input that has reached the target, before the search is believed to be over.
_CHALLENGE = 4
# Of the random baseline: inputs that are asked for again, and how often.
_BASELINE_CANDIDATES, _BASELINE_REPEATS = 4, 8
# Answers that differ by less than these parts, of the largest output and of the spread of the scores, are the same:
# libraries sum in another order for a batch of another size.
_ROUNDING, _OF_SPREAD = 1e-4, 1e-2
_LEAST_ROUNDING = 1e-6


@dataclass(frozen=True)
class NoisePolicy:
    """What is asked again, and when.

    Args:
        budget: evaluations of the search.
        first_budget: those that the run was made with, of which the checks take their time.
        known: True for a box that is noisy, False for one that is not, or when nothing is to be asked again; None when
            it is to be found out.
        recommends: whether the optimiser recommends an input at its end.
        alike: whether all inputs of a batch meet the same chance, as those of a robust box do. Then a batch ranks its
            inputs as if there were no noise, and asking twice for an input in one batch tells nothing.
    """

    budget: int
    first_budget: int
    known: bool | None
    recommends: bool
    alike: bool = False
    _verdicts: dict[int, bool] = field(default_factory=dict, repr=False)
    _levels: dict[int, tuple[int, float] | None] = field(default_factory=dict, repr=False)
    _chosen: dict[tuple[int, int, int], Ids] = field(default_factory=dict, repr=False)

    def is_noisy(self, records: Records) -> bool:
        """Whether the box is noisy, as far as the evaluations tell."""
        if self.known is not None:
            return self.known
        made = records.count(Phase.CHECK)
        if made not in self._verdicts:
            self._verdicts[made] = any(self._differs(records, check) for check in records.batches_of(Phase.CHECK))
        return self._verdicts[made]

    def at_once(self, again: Ids) -> Ids:
        """Those of the evaluations to repeat that can go into one batch, the first ones."""
        if not self.alike or len(np.unique(again)) == len(again):
            return again
        seen: set[int] = set()
        for place, one in enumerate(again.tolist()):
            if one in seen:
                return again[:place]
            seen.add(one)
        return again

    def check_due(self, records: Records, spent: int) -> Ids:
        """The input to ask for again now, to find out whether the box is noisy; none when it is not time."""
        made = records.count(Phase.CHECK)
        if self.is_noisy(records):
            return self._gauge_due(records)
        if self.known is not None or self.budget < _LEAST_CHECKED or made >= len(CHECKS) or not spent:
            return _NONE
        # Beyond the second, checks are not worth it in a short search.
        due = spent >= CHECKS[made] * self.first_budget and (made == 0 or self.budget >= _LEAST_CHECKED * 4)
        if not due:
            return _NONE
        return records.observed(records.of_phase(Phase.SEARCH, Phase.REFERENCE))[:1]

    def expected(self, records: Records) -> tuple[int, float] | None:
        """The batch from which on it is known how noisy the box is, and the standard deviation of its noise.

        That is relative to the scores: to those of the batch in which the input that was gauged was met first, to their
        spread or to its own score, whichever is smaller. None as long as it is not known.
        """
        made = records.count(Phase.CHECK)
        if made not in self._levels:
            self._levels[made] = self._gauged(records)
        return self._levels[made]

    def _gauged(self, records: Records) -> tuple[int, float] | None:
        checks = records.batches_of(Phase.CHECK)
        if self.alike or not self.is_noisy(records) or not checks:
            return None
        found: list[float] = []
        input_ = self._gauge(records)
        for record in checks:
            if record.originals is not None:
                found += record.scores[record.originals == input_].tolist()
            if len(found) >= self._repeats:
                scores = np.array(found)[np.isfinite(found)]
                first, at = records.locate(input_)
                scale = min(_spread(first.scores), abs(float(first.scores[at])))
                level = float(np.std(scores, ddof=1)) / max(scale, 1e-300) if len(scores) > 1 else 0.0
                return record.batch + 1, level
        return None

    @property
    def _repeats(self) -> int:
        # By the budget that the run was made with: on to a larger one, the level must come out as before.
        return min(_GAUGE, max(2, self.first_budget // _A_REPEAT))

    def _gauge(self, records: Records) -> int:
        """The input by which the noise is gauged: the first one that answered differently, or was asked for again.

        Once it is chosen it stays, whatever is checked later.
        """
        checks = records.batches_of(Phase.CHECK)
        if self.known:
            differing = checks[0]
        else:
            differing = next((record for record in checks if self._differs(records, record)), checks[0])
        return -1 if differing.originals is None else int(differing.originals[0])

    def _gauge_due(self, records: Records) -> Ids:
        if self.alike or self.budget < _LEAST_CHECKED or self.expected(records) is not None:
            return _NONE
        if not records.count(Phase.CHECK):
            best = records.observed(records.of_phase(Phase.SEARCH, Phase.REFERENCE))[:1]
            return np.repeat(best, self._repeats)
        input_ = self._gauge(records)
        made = int(np.count_nonzero(records.originals(Phase.CHECK) == input_))
        return np.full(self._repeats - made, input_, dtype=np.int64)

    def reserve(self, records: Records) -> int:
        """Evaluations to keep for the rounds."""
        if not self.is_noisy(records) or self.budget < _LEAST_CHECKED:
            return 0
        return max(4, round(_RESERVE * self.budget))

    def challenge_due(self, records: Records, target: float) -> Ids:
        """The input that has reached the target, as often as it is to be asked for again; none when there is none."""
        found = records.of_phase(Phase.SEARCH, Phase.REFERENCE)
        for challenger in records.observed(found[records.scores[found] >= target]).tolist():
            missing = _CHALLENGE - len(records.again.get(challenger, ()))
            if missing > 0:
                return np.full(missing, challenger, dtype=np.int64)
        return _NONE

    def reached(self, records: Records, target: float) -> bool:
        """Whether the mean of an input that was asked for again is as high as the target."""
        return any(len(again) >= _CHALLENGE and float(np.mean(again)) >= target for again in records.again.values())

    def proof_due(self, records: Records, target: float | None) -> Ids:
        """The input whose mean is as high as the target, as often as it is still to be asked for again at the end.

        Being as high as that chose it, so that its score is the mean of further repeats too. When they bring it below
        the target, the search goes on.
        """
        if target is None or not self.is_noisy(records):
            return _NONE
        means = {i: float(np.mean(again)) for i, again in records.again.items() if len(again) >= _CHALLENGE}
        proven = [i for i, mean in means.items() if mean >= target]
        if not proven:
            return _NONE
        best = max(proven, key=lambda i: (means[i], -i))
        return np.full(max(0, _CHALLENGE - int(np.count_nonzero(records.last_round == best))), best, dtype=np.int64)

    def round_due(self, records: Records) -> Ids:
        """What is still to be asked again in the present round, an id for each evaluation; none at the end."""
        # After a search that went on, the rounds of before are over.
        done = records.last_round[: records.since_search(Phase.CONFIRM)]
        reserve = self.reserve(records) - records.since_search(Phase.RECOMMENDED)
        candidates = self._candidates(records, reserve)
        if not len(candidates):
            return _NONE
        rounds = max(1, math.ceil(math.log2(len(candidates))))
        begun = 0
        for number in range(rounds):
            left, each = reserve - begun, max(1, round(reserve / rounds / len(candidates)))
            wanted = np.resize(candidates, min(left, each * len(candidates)) if number < rounds - 1 else left)
            made = len(done) - begun
            if made < len(wanted):
                return wanted[made:]
            begun += len(wanted)
            if number < rounds - 1:
                means = records.round_means(candidates, done[:begun])
                order = np.argsort(-np.where(np.isnan(means), -np.inf, means), kind="stable")
                candidates = candidates[order[: (len(candidates) + 1) // 2]]
        return _NONE

    def baseline_due(self, records: Records) -> Ids:
        """Which random inputs are still to be asked for again, so that the evidence is as fair as the result."""
        if not self.is_noisy(records) or not records.count(Phase.BASELINE):
            return _NONE
        best = records.observed(records.of_phase(Phase.BASELINE))[:_BASELINE_CANDIDATES]
        return np.tile(best, _BASELINE_REPEATS)[records.count(Phase.BASELINE_CONFIRM) :]

    def _candidates(self, records: Records, reserve: int) -> Ids:
        count = min(_MOST_CANDIDATES, max(2, reserve // _A_CANDIDATE))
        if reserve < 2:
            return _NONE
        known = count, records.count(Phase.SEARCH, Phase.REFERENCE), records.count(Phase.RECOMMENDED)
        if known not in self._chosen:
            recommended = records.of_phase(Phase.RECOMMENDED)
            recommended = recommended[~np.isnan(records.scores[recommended])][:count]
            observed = records.observed(records.of_phase(Phase.SEARCH, Phase.REFERENCE))
            self._chosen[known] = np.concatenate([recommended, observed[: count - len(recommended)]])
        return self._chosen[known]

    def _differs(self, records: Records, record: BatchRecord) -> bool:
        return any(self._row_differs(records, record, row) for row in range(len(record)))

    def _row_differs(self, records: Records, record: BatchRecord, row: int) -> bool:
        if record.originals is None or record.statuses[row] != Status.OK:
            return False
        first, at = records.locate(int(record.originals[row]))
        change = np.abs(record.outputs[row] - first.outputs[at])
        scale = max(float(np.abs(first.outputs).max(initial=0.0, where=np.isfinite(first.outputs))), 1e-300)
        spread = _spread(first.scores)
        largest = float(change.max(initial=0.0))  # without boxes there are no outputs
        score_change = abs(float(record.scores[row] - first.scores[at]))
        return largest > _ROUNDING * scale or (largest > _LEAST_ROUNDING * scale and score_change > _OF_SPREAD * spread)


def _spread(scores: NDArray[np.float64]) -> float:
    scored = scores[~np.isnan(scores)]
    return float(np.ptp(scored)) if len(scored) > 1 else math.inf


_NONE: Ids = np.empty(0, dtype=np.int64)


def noise_policy(
    objective: ScoreFunction | None, settings: Settings, first_budget: int, noisy: bool | None, recommends: bool
) -> NoisePolicy | None:
    """What a search asks again; None for nothing: without boxes to ask, and in a search for several goals at once.

    Args:
        objective: of the search.
        settings: of the search.
        first_budget: evaluations that the run was made with.
        noisy: True when a box says that it is noisy.
        recommends: whether the optimiser recommends an input at its end.
    """
    if objective is None or objective.goals > 1:
        return None
    known = settings.noise if isinstance(settings.noise, bool) else noisy
    if known is None and all(getattr(box, "noisy", None) is False for box in objective.boxes):
        known = False
    if known is False:
        return None
    by_chance = [box for box in objective.boxes if getattr(box, "noisy", None) is True]
    alike = bool(by_chance) and all(getattr(box, "draws_alike", False) for box in by_chance)
    return NoisePolicy(settings.budget, first_budget, known, recommends, alike)
