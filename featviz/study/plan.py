"""What a search asks for next, and when it ends."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from featviz.storage import Phase
from featviz.study.history import Records
from featviz.study.noise import NoisePolicy
from featviz.study.settings import Settings

__all__ = ["Next", "Plan"]

Ids = NDArray[np.int64]


@dataclass(frozen=True)
class Next:
    """What is to be evaluated next: at most ``most`` inputs for a phase and a restart."""

    phase: Phase
    restart: int
    most: int
    again: Ids | None = None  # the evaluations to repeat, in phases that repeat some


class Plan:
    """The order of a search: reference inputs, the restarts, candidates asked for again, then the random baseline.

    Args:
        settings: what was asked for now.
        first_budget: the budget that the run was made with. Restarts share that one, and optimisers plan for it, so
            that a run that goes on to a larger budget repeats what it did before; the last restart takes the rest.
        references: how many reference inputs the run begins with.
        noise: what is asked again, of a box that is or may be noisy; None when nothing is.
    """

    def __init__(
        self, settings: Settings, first_budget: int, references: int, noise: NoisePolicy | None = None
    ) -> None:
        self.settings = settings
        self._first_budget = first_budget
        self._references = references
        self._noise = noise

    def end_of(self, restart: int) -> int:
        """The evaluations at which a restart ends in the run as it was made."""
        return self._first_budget * (restart + 1) // self.settings.restarts

    def budget_of(self, restart: int) -> int:
        """The inputs that the optimiser of a restart may plan for, each evaluated as often as there are replicates."""
        own = self.end_of(restart) - (self.end_of(restart - 1) if restart else 0)
        return max(1, own // self.settings.replicates)

    def time_is_up(self, seconds: float) -> bool:
        """Whether a run that has taken so long has to end."""
        return self.settings.max_seconds is not None and seconds >= self.settings.max_seconds

    def spent(self, records: Records) -> int:
        """The evaluations that the search has made, those of inputs asked for again included."""
        own = records.count(Phase.SEARCH, Phase.REFERENCE) * self.settings.replicates
        return own + records.count(Phase.CHECK, Phase.RECOMMENDED, Phase.CONFIRM)

    def is_noisy(self, records: Records) -> bool:
        """Whether a box is noisy, as far as it is known."""
        return self._noise is not None and self._noise.is_noisy(records)

    def expected_noise(self, records: Records) -> tuple[int, float] | None:
        """The batch from which on it is known how noisy the box is, and how noisy; see the policy."""
        return None if self._noise is None else self._noise.expected(records)

    def next(self, records: Records, best: float) -> Next | None:
        """What comes next, or None at the end; time apart."""
        settings, noise = self.settings, self._noise
        if (following := self._before_the_end(records, settings.budget - self.spent(records), best)) is not None:
            return following
        left = settings.baseline - records.count(Phase.BASELINE)
        if left > 0:
            return Next(Phase.BASELINE, 0, left)
        if noise is not None and len(again := noise.baseline_due(records)):
            return Next(Phase.BASELINE_CONFIRM, 0, len(again), noise.at_once(again))
        return None

    def target_reached(self, records: Records, best: float) -> bool:
        """Whether the best score of the search is as high as was asked for; of a noisy box, and is so again."""
        target = self.settings.target
        if target is None or not best >= target:
            return False
        return not self.is_noisy(records) or (self._noise is not None and self._noise.reached(records, target))

    def why_ended(self, records: Records, best: float) -> str:
        """The reason why :meth:`next` gives None, in words."""
        if self.target_reached(records, best):
            return f"the target {self.settings.target:g} was reached"
        return "the budget is spent" if self._is_spent(records) else "the time is up"

    def _is_spent(self, records: Records) -> bool:
        left = self.settings.budget - self.spent(records)
        return left <= 0 or (self._searching(records, left) is None)

    def _before_the_end(self, records: Records, left: int, best: float) -> Next | None:
        """The next batch that counts for the budget, of which so much is left; None when there is none."""
        noise = self._noise
        if left <= 0:
            return None
        if self.target_reached(records, best):
            return None if noise is None else self._to_prove(noise, records, left)
        if noise is not None and len(again := self._to_check(noise, records, self.spent(records), best)):
            return Next(Phase.CHECK, 0, left, noise.at_once(again))
        if (following := self._searching(records, left)) is not None:
            return following
        if noise is not None and len(again := noise.round_due(records)):
            return Next(Phase.CONFIRM, 0, left, noise.at_once(again))
        return None

    def _to_prove(self, noise: NoisePolicy, records: Records, left: int) -> Next | None:
        """What is asked again before a target that was reached is believed to be."""
        if not records.count(Phase.CHECK):  # within the first batch, before it is known whether the box is noisy
            again = noise.check_due(records, self.spent(records))
            return Next(Phase.CHECK, 0, left, again) if len(again) else None
        again = noise.proof_due(records, self.settings.target)
        return Next(Phase.CONFIRM, 0, left, noise.at_once(again)) if len(again) else None

    def _to_check(self, noise: NoisePolicy, records: Records, spent: int, best: float) -> Ids:
        target = self.settings.target
        if target is not None and best >= target and noise.is_noisy(records):
            challenger = noise.challenge_due(records, target)
            if len(challenger):
                return challenger
        return noise.check_due(records, spent)

    def _searching(self, records: Records, left: int) -> Next | None:
        """The next batch of the search itself; None when the rest of the budget is for the rounds."""
        settings, each = self.settings, self.settings.replicates
        referred, searched = records.count(Phase.REFERENCE), records.count(Phase.SEARCH)
        if not searched and referred < self._references:
            return Next(Phase.REFERENCE, 0, max(1, min(self._references - referred, left // each)))
        begun = records.batches_of(Phase.SEARCH)[-1].restart if searched else 0
        restart = self._restart_at(self._in_search(records))
        if restart > begun and self._recommends_at(records, begun):
            return Next(Phase.RECOMMENDED, begun, 1)
        kept = 0 if self._noise is None else self._noise.reserve(records)
        made = records.since_search(Phase.RECOMMENDED) + records.since_search(Phase.CONFIRM)
        if left <= kept - made:
            return Next(Phase.RECOMMENDED, begun, 1) if self._recommends_at(records, begun) else None
        end = settings.budget if restart == settings.restarts - 1 else self.end_of(restart)
        most = min(end - self._in_search(records), left - kept) // each
        return Next(Phase.SEARCH, restart, most) if most > 0 else None

    def _in_search(self, records: Records) -> int:
        """Evaluations that count for the restarts: all but those at the end."""
        return self.spent(records) - records.count(Phase.RECOMMENDED, Phase.CONFIRM)

    def _recommends_at(self, records: Records, restart: int) -> bool:
        if self._noise is None or not self._noise.recommends or not self._noise.reserve(records):
            return False
        searched = records.batches_of(Phase.SEARCH)
        recommended = [b.batch for b in records.batches_of(Phase.RECOMMENDED) if b.restart == restart]
        return bool(searched) and not any(batch > searched[-1].batch for batch in recommended)

    def _restart_at(self, spent: int) -> int:
        last = self.settings.restarts - 1
        restart = max(0, min(last, spent * self.settings.restarts // self._first_budget - 1))
        # What is left of a restart may be too little for the replicates of one input.
        while restart < last and self.end_of(restart) - spent < self.settings.replicates:
            restart += 1
        return restart
