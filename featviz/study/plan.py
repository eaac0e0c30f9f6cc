"""What a search asks for next, and when it ends."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from featviz.storage import Phase
from featviz.study.halving import Race, Schedule
from featviz.study.history import Records
from featviz.study.noise import NoisePolicy
from featviz.study.settings import Settings

__all__ = ["Next", "Plan", "Told"]

Ids = NDArray[np.int64]
Told = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]


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
        told: what an optimiser is told, from the scores and outputs of a batch as they are stored: restarts that are
            halved are compared by it. The scores when left out.
    """

    def __init__(
        self,
        settings: Settings,
        first_budget: int,
        references: int,
        noise: NoisePolicy | None = None,
        told: Told | None = None,
    ) -> None:
        self.settings = settings
        self._first_budget = first_budget
        self._references = references
        self._noise = noise
        self._told = told
        self._race = self._new_race() if settings.halving else None
        # The batches of the search that the race knows of.
        self._raced = 0

    def budget_of(self, restart: int) -> int:
        """The inputs that the optimiser of a restart may plan for, each evaluated as often as there are replicates.

        Where restarts are halved, each plans to be the one that is left.
        """
        if self._race is not None:
            return self._race.schedule.last_share
        own = self._end_of(restart, self._first_budget) - self._end_of(restart - 1, self._first_budget)
        return max(1, own // self.settings.replicates)

    def live(self, records: Records, restart: int) -> tuple[int, ...]:
        """The restarts that may be searched again when it is the turn of ``restart``."""
        race = self._raced_to(records)
        return (restart,) if race is None else race.live

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
            most = min(self._references - referred, left // each)
            return Next(Phase.REFERENCE, 0, most) if most else None
        begun = records.batches_of(Phase.SEARCH)[-1].restart if searched else 0
        race = self._raced_to(records)
        kept = 0 if self._noise is None else self._noise.reserve(records)
        # What is kept is taken from all restarts alike; of a run that goes on, as much as of its first budget.
        shared = self._first_budget - min(kept, self._first_budget // 10)
        restart = self._restart_at(self._in_search(records), shared) if race is None else race.next()
        if race is None and restart > begun and self._recommends_at(records, begun):
            return Next(Phase.RECOMMENDED, begun, 1)
        made = records.since_search(Phase.RECOMMENDED) + records.since_search(Phase.CONFIRM)
        if left <= kept - made:
            return Next(Phase.RECOMMENDED, begun, 1) if self._recommends_at(records, begun) else None
        if race is None:
            end = settings.budget if restart == settings.restarts - 1 else self._end_of(restart, shared)
            most = min(end - self._in_search(records), left - kept) // each
        else:
            most = (left - kept) // each
            # The last one takes all the rest, whatever else the budget was spent on and was raised to.
            most = most if race.is_decided else min(most, race.left(restart))
        return Next(Phase.SEARCH, restart, most) if most > 0 else None

    def _new_race(self) -> Race:
        settings = self.settings
        inputs = self._first_budget // settings.replicates - self._references
        return Race(Schedule(settings.restarts, inputs, settings.batch_size or 1))

    def _raced_to(self, records: Records) -> Race | None:
        """The race of the restarts as it stands after the stored batches; None where they are not halved."""
        if self._race is None:
            return None
        searched = records.batches_of(Phase.SEARCH)
        if len(searched) < self._raced:
            self._race, self._raced = self._new_race(), 0
        for record in searched[self._raced :]:
            told = record.scores if self._told is None else self._told(record.scores, record.outputs)
            self._race.add(record.restart, len(record), float(np.fmax.reduce(told, initial=np.nan)))
        self._raced = len(searched)
        return self._race

    def _in_search(self, records: Records) -> int:
        """Evaluations that count for the restarts: all but those at the end."""
        return self.spent(records) - records.count(Phase.RECOMMENDED, Phase.CONFIRM)

    def _recommends_at(self, records: Records, restart: int) -> bool:
        if self._noise is None or not self._noise.recommends or not self._noise.reserve(records):
            return False
        searched = records.batches_of(Phase.SEARCH)
        recommended = [b.batch for b in records.batches_of(Phase.RECOMMENDED) if b.restart == restart]
        return bool(searched) and not any(batch > searched[-1].batch for batch in recommended)

    def _end_of(self, restart: int, shared: int) -> int:
        """The evaluations at which a restart ends where all of them share so many."""
        return shared * (restart + 1) // self.settings.restarts

    def _restart_at(self, spent: int, shared: int) -> int:
        last = self.settings.restarts - 1
        restart = max(0, min(last, spent * self.settings.restarts // shared - 1))
        # What is left of a restart may be too little for the replicates of one input.
        while restart < last and self._end_of(restart, shared) - spent < self.settings.replicates:
            restart += 1
        return restart
