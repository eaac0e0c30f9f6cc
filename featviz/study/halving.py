"""Successive halving: many searches are begun, and the better half goes on, until one is left with the rest.

Half of the budget is spent on choosing, in rungs that cost about the same: all contestants share the first one, the
better half of them the second, and so on, so that each rung gives a contestant about twice as much as the one before
(Jamieson & Talwalkar 2016, "Non-stochastic best arm identification and hyperparameter optimization"; the inner loop of
Li et al. 2018, "Hyperband"). What is left over goes to the last one, which gets well over half of the budget in all.

Who goes on is decided by what each contestant had reached at the end of the rung, and by nothing that came later. So it
can be told again from stored evaluations, whatever the order in which the contestants took their turns.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

__all__ = ["Race", "Schedule", "least_budget"]


def least_budget(contestants: int) -> int:
    """The evaluations that halving among so many contestants needs: twice those with one for each in each rung."""
    return 2 * sum(_live_in_rungs(contestants))


@dataclass(frozen=True)
class Schedule:
    """How a budget is shared.

    Args:
        contestants: searches that are begun.
        budget: evaluations of all of them together; at least :func:`least_budget` of them to come out even.
        step: evaluations that a contestant makes at once; a rung ends after whole steps where it is as long as one.
    """

    contestants: int
    budget: int
    step: int = 1

    @cached_property
    def ends(self) -> tuple[int, ...]:
        """The evaluations that each contestant of a rung has made at the rung's end, those before it included."""
        live = _live_in_rungs(self.contestants)
        left, end, ends = self.budget // 2, 0, []
        for rung, count in enumerate(live):
            share = max(1, left // (len(live) - rung) // count)
            share -= share % self.step if share >= self.step else 0
            left -= share * count
            end += share
            ends.append(end)
        return tuple(ends)

    @cached_property
    def last_share(self) -> int:
        """The evaluations that the last contestant makes in all: the most that any may plan for."""
        live = _live_in_rungs(self.contestants)
        before = (0, *self.ends)
        spent = sum(count * (before[rung + 1] - before[rung]) for rung, count in enumerate(live))
        return max(1, self.budget - spent + before[-1])


class Race:
    """Who is still in a race by halving, who is next, and for how long; it learns of evaluations as they are made.

    Args:
        schedule: how the budget is shared.
        unit: evaluations that can only be made together; a rung is over for a contestant with fewer left.
    """

    def __init__(self, schedule: Schedule, unit: int = 1) -> None:
        self.schedule = schedule
        self._unit = unit
        self._made = [0] * schedule.contestants
        self._best = [-math.inf] * schedule.contestants
        # The best score of each contestant at the end of each rung that it has come to.
        self._marks: list[list[float]] = [[] for _ in range(schedule.contestants)]
        self._live = tuple(range(schedule.contestants))
        self._rung = 0

    @property
    def live(self) -> tuple[int, ...]:
        """The contestants that were not left behind, by number."""
        return self._live

    @property
    def made(self) -> tuple[int, ...]:
        """The evaluations of each contestant."""
        return tuple(self._made)

    @property
    def is_decided(self) -> bool:
        """Whether one contestant is left."""
        return len(self._live) == 1

    def add(self, contestant: int, evaluations: int, best: float) -> None:
        """Note that a contestant made evaluations, the best score among them being ``best``; NaN for none.

        The evaluations of one contestant are added in their order; those of several in any order.
        """
        self._made[contestant] += evaluations
        self._best[contestant] = max(self._best[contestant], best)
        marks, ends = self._marks[contestant], self.schedule.ends
        while len(marks) < len(ends) and ends[len(marks)] - self._made[contestant] < self._unit:
            marks.append(self._best[contestant])
        while not self.is_decided and all(len(self._marks[one]) > self._rung for one in self._live):
            order = sorted(self._live, key=lambda one: -self._marks[one][self._rung])
            self._live = tuple(sorted(order[: (len(order) + 1) // 2]))
            self._rung += 1

    def next(self) -> int:
        """Whose turn it is: the one still in the race that has made the fewest evaluations, the first of several."""
        return min(self._live, key=lambda one: (self._made[one], one))

    def left(self, contestant: int) -> int:
        """The evaluations that a contestant may make before the rung ends, or to the end of the budget; 0 if it is out.

        A contestant that is through with the rung waits for the others.
        """
        if contestant not in self._live:
            return 0
        end = self.schedule.last_share if self.is_decided else self.schedule.ends[self._rung]
        left = end - self._made[contestant]
        return left if left >= self._unit else 0


def _live_in_rungs(contestants: int) -> Sequence[int]:
    """How many are in each rung: all, half of them (an odd one stays in), and so on, down to the last two."""
    live = []
    while contestants > 1:
        live.append(contestants)
        contestants = (contestants + 1) // 2
    return live
