"""Whether the restarts of a run found the same: how high each came, and how far apart their best inputs lie.

Where restarts end equally high with the same input, that input is likely to be an optimum of the box and no accident of
one search. Where they end equally high with different inputs, any one of them is only an example of what the box looks
for. Where they end at different heights, most of them were caught in local optima or were not done.
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
        distances: float64 (k, k): how far apart the best inputs lie, as a part of the median distance between two
            random inputs of the space. None where the space is not at hand, or has no distance.
    """

    restarts: NDArray[np.int64]
    evaluations: NDArray[np.int64]
    scores: NDArray[np.float64]
    ids: NDArray[np.int64]
    gains: NDArray[np.float64]
    distances: NDArray[np.float64] | None

    @property
    def as_high(self) -> NDArray[np.bool_]:
        """Which restarts ended as high as the best one: with at least 98% of its gain; bool (k,)."""
        return self.gains >= _AS_HIGH

    @property
    def is_comparable(self) -> bool:
        """Whether the restarts made about as many evaluations; not so where they were halved."""
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
        if not self.is_comparable:
            return (
                f"The {count:,} restarts made {self.evaluations.min():,} to {self.evaluations.max():,} evaluations, so "
                "where they ended says little about whether they agree."
            )
        if high == 1:
            return (
                f"None of the other restarts made {_AS_HIGH:.0%} of the gain of the best one ({count:,} in all): they "
                "ended in other optima, or were not done. More restarts, or a larger budget, may find more."
            )
        head = f"{high:,} of {count:,} restarts made at least {_AS_HIGH:.0%} of the gain of the best one"
        return f"{head}{_said_of_inputs(self.distance)}."

    def __repr__(self) -> str:
        return f"<Agreement: {self}>"


def _said_of_inputs(apart: float | None) -> str:
    """The end of a sentence about restarts that ended as high, by the distance between their inputs."""
    if apart is None:
        return "; nothing says how far apart their best inputs lie"
    measured = f"{apart:.2f} of the distance between random inputs"
    if apart <= _SAME:
        return f", with nearly the same input ({measured}): this looks like one optimum"
    if apart <= _ALIKE:
        return f", with inputs that are alike ({measured}): one kind of input, or neighbouring optima"
    if apart < _DIFFERENT:
        return f", with inputs that are partly alike ({measured})"
    return f", with inputs that differ ({measured}): several different inputs score as high"


def agreement_of(records: Records, decode: Callable[[NDArray[np.int64]], Any], space: SearchSpace | None) -> Agreement:
    """How far the restarts of a run agree; with no restart in it where none has a score.

    Args:
        records: the evaluations of the run.
        decode: gives the inputs of evaluations, a batch, from their ids.
        space: of the run, where it is at hand.
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
    return Agreement(restarts, made, scores, chosen, gains, _distances(chosen, decode, space))


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
