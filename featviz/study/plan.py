"""What a search asks for next, and when it ends."""

from dataclasses import dataclass

from featviz.storage import Phase
from featviz.study.history import Records
from featviz.study.settings import Settings

__all__ = ["Next", "Plan"]


@dataclass(frozen=True)
class Next:
    """What is to be evaluated next: at most ``most`` inputs for a phase and a restart."""

    phase: Phase
    restart: int
    most: int


class Plan:
    """The order of a search: reference inputs, then the restarts, then the random baseline.

    Args:
        settings: what was asked for now.
        first_budget: the budget that the run was made with. Restarts share that one, and optimisers plan for it, so
            that a run that goes on to a larger budget repeats what it did before; the last restart takes the rest.
        references: how many reference inputs the run begins with.
    """

    def __init__(self, settings: Settings, first_budget: int, references: int) -> None:
        self.settings = settings
        self._first_budget = first_budget
        self._references = references

    def end_of(self, restart: int) -> int:
        """The evaluations at which a restart ends in the run as it was made."""
        return self._first_budget * (restart + 1) // self.settings.restarts

    def budget_of(self, restart: int) -> int:
        """The evaluations that the optimiser of a restart may plan for."""
        return max(1, self.end_of(restart) - (self.end_of(restart - 1) if restart else 0))

    def time_is_up(self, seconds: float) -> bool:
        """Whether a run that has taken so long has to end."""
        return self.settings.max_seconds is not None and seconds >= self.settings.max_seconds

    def next(self, records: Records, best: float) -> Next | None:
        """What comes next, or None at the end; time apart."""
        settings = self.settings
        referred, searched = records.count(Phase.REFERENCE), records.count(Phase.SEARCH)
        spent = referred + searched
        if spent < settings.budget and not self.target_reached(best):
            if not searched and referred < self._references:
                return Next(Phase.REFERENCE, 0, min(self._references, settings.budget) - referred)
            restart = self._restart_at(spent)
            end = settings.budget if restart == settings.restarts - 1 else self.end_of(restart)
            return Next(Phase.SEARCH, restart, min(end, settings.budget) - spent)
        left = settings.baseline - records.count(Phase.BASELINE)
        return Next(Phase.BASELINE, 0, left) if left > 0 else None

    def target_reached(self, best: float) -> bool:
        """Whether the best score of the search is as high as was asked for."""
        return self.settings.target is not None and best >= self.settings.target

    def why_ended(self, records: Records, best: float) -> str:
        """The reason why :meth:`next` gives None, in words."""
        if self.target_reached(best):
            return f"the target {self.settings.target:g} was reached"
        if records.count(Phase.SEARCH, Phase.REFERENCE) >= self.settings.budget:
            return "the budget is spent"
        return "the time is up"

    def _restart_at(self, spent: int) -> int:
        last = self.settings.restarts - 1
        restart = max(0, min(last, spent * self.settings.restarts // self._first_budget - 1))
        while restart < last and self.end_of(restart) <= spent:
            restart += 1
        return restart
