"""Whether the restarts of a run found the same: how high each came, and how far apart their best inputs lie.

Where restarts end equally high with the same input, that input is likely to be an optimum of the box and no accident of
one search. Where they end equally high with different inputs, any one of them is only an example of what the box looks
for. Where they end at different heights, most of them were caught in local optima or were not done.

The best of many noisy scores is a lucky one. So the restarts of a noisy box are compared by what was asked for again
alone, and what differs by no more than chance counts as equally high.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.errors import SpaceError
from featviz.protocols import SearchSpace
from featviz.storage import Phase
from featviz.study.history import Records
from featviz.study.session import typical_distance

__all__ = ["Agreement", "agreement_of"]

# A restart ends as high as the best one when it made this part of its gain.
_AS_HIGH = 0.98
# Parts of the distance between random inputs up to which inputs are called the same, and alike, and from which on they
# are called different. Neighbouring optima of one bowl can be as near to each other as .2 to .5.
_SAME, _ALIKE, _DIFFERENT = 0.1, 0.5, 0.8
# Standard errors of a difference up to which it is chance.
_BY_CHANCE = 2.0
# Evaluations of the longest restart for each of the shortest, from which on their ends are not compared.
_UNEQUAL = 2


@dataclass(frozen=True, eq=False, repr=False)
class Agreement:
    """How far the restarts of a run found the same; ``str`` of it is a sentence for people.

    Args:
        restarts: int64 (k,): the numbers of the restarts that have a score.
        evaluations: int64 (k,): inputs that each evaluated.
        scores: float64 (k,): the best score of each; of a noisy box the mean of repeats, where there are some.
        ids: int64 (k,): the candidates with these scores; see ``run.candidate``.
        gains: float64 (k,): each best score's place between where the restarts began (the median score of their first
            batches: 0) and the highest of them (1). All 1 where all are equal.
        replicates: int64 (k,): how often the input with this score was asked for again, since the box is noisy.
        errors: float64 (k,): the standard errors of the scores; 0 where the box is not noisy, NaN where it is and the
            input was never asked for again.
        began_alike: whether some restarts began at the same reference input.
        distances: float64 (k, k): how far apart the best inputs lie, as a part of the median distance between two
            random inputs of the space. None where the space is not at hand, or has no distance.
        halved: whether the worse restarts were to be stopped before the others.
    """

    restarts: NDArray[np.int64]
    evaluations: NDArray[np.int64]
    scores: NDArray[np.float64]
    ids: NDArray[np.int64]
    gains: NDArray[np.float64]
    replicates: NDArray[np.int64]
    errors: NDArray[np.float64]
    began_alike: bool
    distances: NDArray[np.float64] | None
    halved: bool = False

    @property
    def as_high(self) -> NDArray[np.bool_]:
        """Which restarts ended as high as the best one: with at least 98% of its gain, or lower by chance; bool (k,).

        By chance is by at most two standard errors of the difference.
        """
        best = int(self.scores.argmax())
        chance = _BY_CHANCE * np.hypot(self.errors, self.errors[best])
        return np.asarray((self.gains >= _AS_HIGH) | (self.scores[best] - self.scores <= chance))

    @property
    def is_noisy(self) -> bool:
        """Whether the box is noisy, as far as the run found out."""
        return bool((self.errors != 0).any())

    @property
    def is_comparable(self) -> bool:
        """Whether the restarts can be compared.

        They made about as many evaluations (not so where they were halved), and none is known by a lucky score alone.
        """
        return self._made_as_many and not np.isnan(self.errors).any()

    @property
    def _made_as_many(self) -> bool:
        return bool(self.evaluations.max() <= _UNEQUAL * self.evaluations.min())

    @property
    def distance(self) -> float | None:
        """The median distance, as in ``distances``, between the best inputs of two restarts that ended as high.

        None where there are no two, or no distances.
        """
        chosen = np.flatnonzero(self.as_high)
        if self.distances is None or len(chosen) < 2:
            return None
        return float(np.median(self.distances[np.ix_(chosen, chosen)][np.triu_indices(len(chosen), 1)]))

    def __str__(self) -> str:
        count, high = len(self.restarts), int(np.count_nonzero(self.as_high))
        if not self._made_as_many:
            return self._said_of_unequal(count)
        if not self.is_comparable:
            lucky = int(np.count_nonzero(np.isnan(self.errors)))
            return (
                f"The box is noisy, and the best inputs of {lucky:,} of {count:,} restarts were never asked for again: "
                "their scores are the luckiest ones, so where they ended says little about whether they agree."
            )
        chance = ", or lie below it by no more than the noise explains" if self.is_noisy else ""
        if high == 1:
            return (
                f"One of {count:,} restarts ended higher than all others, none of which made {_AS_HIGH:.0%} of its "
                "gain: they ended in other optima, or were not done. More restarts, or a larger budget, may find more."
            )
        head = f"All {count:,}" if high == count else f"{high:,} of {count:,}"
        measure = f"at least {_AS_HIGH:.0%} of what the best one gained{chance}"
        alike = ". Some began at the same reference input, which is reason enough to end alike"
        said = _said_of_inputs(self.distance)
        return f"{head} restarts ended equally high ({measure}){said}{alike if self.began_alike else ''}."

    def _said_of_unequal(self, count: int) -> str:
        made = f"{self.evaluations.min():,} to {self.evaluations.max():,} evaluations"
        if self.halved:
            return (
                f"The {count:,} restarts were halved: the better ones went on, the others were stopped early. They "
                f"made {made}, so where they stand says little about whether they agree."
            )
        return f"The {count:,} restarts made {made}, so where they ended says little about whether they agree."

    def __repr__(self) -> str:
        return f"<Agreement: {self}>"


def _said_of_inputs(apart: float | None) -> str:
    """The end of a sentence about restarts that ended as high, by the distance between their inputs."""
    if apart is None:
        return "; nothing says how far apart their best inputs lie"
    measured = f"{apart:.2f} times as far apart as random inputs"
    if apart <= _SAME:
        return f", with nearly the same input ({measured}): this looks like one optimum"
    if apart <= _ALIKE:
        return f", with inputs that are alike ({measured}): one kind of input, or neighbouring optima"
    if apart < _DIFFERENT:
        return f", with inputs that are partly alike ({measured})"
    return f", with inputs that differ ({measured}): several different inputs score as high"


def agreement_of(
    records: Records,
    decode: Callable[[NDArray[np.int64]], Any],
    space: SearchSpace | None,
    halved: bool = False,
) -> Agreement:
    """How far the restarts of a run agree; with no restart in it where none has a score.

    Args:
        records: the evaluations of the run.
        decode: gives the inputs of evaluations, a batch, from their ids.
        space: of the run, where it is at hand.
        halved: whether the restarts were halved.
    """
    searched = records.of_phase(Phase.SEARCH)
    ids = records.of_phase(Phase.SEARCH, Phase.RECOMMENDED)
    owners = records.restarts
    best = {int(r): records.ranked(ids[owners[ids] == r])[:1] for r in np.unique(owners[searched])}
    restarts = np.array([r for r, found in best.items() if len(found)], dtype=np.int64)
    chosen = np.array([best[r][0] for r in restarts.tolist()], dtype=np.int64)
    scores = np.array([records.score_of(i) for i in chosen.tolist()], dtype=np.float64)
    made = np.array([np.count_nonzero(owners[searched] == r) for r in restarts], dtype=np.int64)
    gains = _gains(records, scores) if len(scores) else scores.copy()
    replicates, errors = _certainty(records, chosen)
    references = len(records.ranked(records.of_phase(Phase.REFERENCE)))
    alike = 0 < references < len(restarts)
    distances = _distances(chosen, decode, space)
    return Agreement(restarts, made, scores, chosen, gains, replicates, errors, alike, distances, halved)


def _certainty(records: Records, ids: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """How often candidates were asked for again, and the standard errors of their scores.

    By the noise of all that was asked for again: that of two answers alone may be next to nothing by chance.
    """
    replicates = np.array([records.repeats_of(i).get("replicates", 0) for i in ids.tolist()], dtype=np.int64)
    if (noise := records.noise) is None:
        return replicates, np.zeros(len(ids))
    return replicates, np.where(replicates > 0, noise / np.sqrt(np.maximum(replicates, 1)), np.nan)


def _gains(records: Records, scores: NDArray[np.float64]) -> NDArray[np.float64]:
    first = {record.restart: record.scores for record in reversed(records.batches_of(Phase.SEARCH))}
    began = np.concatenate(list(first.values()))
    # Halved, for the span of the largest numbers is infinite, and so is the sum of two of them.
    start = float(np.nanmedian(began / 2)) if not np.isnan(began).all() else float(scores.min()) / 2
    span = float(scores.max()) / 2 - start
    if not span > 0:
        return np.where(scores == scores.max(), 1.0, 0.0)
    return np.asarray((scores / 2 - start) / span)


def _distances(
    ids: NDArray[np.int64], decode: Callable[[NDArray[np.int64]], Any], space: SearchSpace | None
) -> NDArray[np.float64] | None:
    if space is None or len(ids) < 2:
        return None
    try:
        typical = typical_distance(space)
        inputs = decode(ids)
        between = np.asarray(space.distance(inputs, inputs), dtype=np.float64)
    except SpaceError:
        # A space need not know how far apart its inputs are.
        return None
    return between / typical if typical > 0 else None
