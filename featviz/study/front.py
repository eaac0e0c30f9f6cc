"""The front of a run: what it found that nothing else it found beats in every objective."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from featviz.dominance import non_dominated
from featviz.protocols import ScoreFunction
from featviz.storage import Phase
from featviz.study.history import Records

if TYPE_CHECKING:
    from featviz.study.history import Candidate
    from featviz.study.run import Run

__all__ = ["FRONT", "front_ids", "goal_columns", "goal_names", "goal_values", "spread", "spread_front"]

# The role, among the best inputs of a run, of those on its front; and how many are kept.
FRONT = "front"


def goal_names(objective: ScoreFunction | None) -> list[str]:
    """What the values of the objectives are recorded as, where there are several; empty where there is one."""
    return [] if objective is None or objective.goals == 1 else list(objective.recorded[: objective.goals])


def goal_columns(spec: Mapping[str, Any], outputs: Sequence[str]) -> list[int]:
    """Where the values of several objectives stand among the stored outputs of a run; empty where there is one.

    A description that does not fit the outputs, such as a doctored one, counts as one of a single objective.
    """
    names = spec.get("provenance", {}).get("objectives", [])
    if not isinstance(names, list) or len(names) < 2 or not all(name in outputs for name in names):
        return []
    return [list(outputs).index(name) for name in names]


def goal_values(records: Records, columns: Sequence[int]) -> NDArray[np.float64]:
    """The value of each objective of every evaluation by id, float64 (n, m); NaN where one has no score."""
    if not columns:
        return records.scores[:, None].copy()
    if not records.batches:
        return np.empty((0, len(columns)))
    values = np.concatenate([batch.outputs[:, list(columns)] for batch in records.batches])
    values[np.isnan(records.scores)] = np.nan
    return values


def front_ids(records: Records, columns: Sequence[int]) -> NDArray[np.int64]:
    """The ids of what nothing else in the search dominates, the first objective rising; of equal ones the first."""
    ids = records.of_phase(Phase.SEARCH, Phase.REFERENCE)
    values = goal_values(records, columns)[ids]
    scored = ~np.isnan(values).any(axis=1)
    ids, values = ids[scored], values[scored]
    best = non_dominated(values)
    ids, values = ids[best], values[best]
    # np.unique sorts by the first objective, then the second, and names the first of equal rows.
    return ids[np.unique(values, axis=0, return_index=True)[1]] if len(ids) else ids


def spread(values: NDArray[np.float64], k: int) -> NDArray[np.intp]:
    """At most ``k`` rows that lie far apart, in their order: the first, the last, then each time the one farthest off.

    Gonzalez 1985, "Clustering to minimize the maximum intercluster distance", with every column scaled to its range.

    Args:
        values: float64 (n, m), finite.
        k: how many.
    """
    n = len(values)
    if n <= k:
        return np.arange(n)
    # Scaled before anything is subtracted, since the range of the largest numbers is infinite.
    size = np.maximum(np.abs(values).max(axis=0), np.finfo(np.float64).tiny)
    scaled = values / size
    width = np.ptp(scaled, axis=0)
    scaled = scaled / np.where(width > 0, width, 1.0)
    chosen = [n - 1, 0][:k]
    nearest = np.min([((scaled - scaled[i]) ** 2).sum(axis=1) for i in chosen], axis=0) if chosen else np.zeros(n)
    while len(chosen) < k:
        chosen.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, ((scaled - scaled[chosen[-1]]) ** 2).sum(axis=1))
    return np.unique(chosen)


def spread_front(run: "Run", k: int) -> list["Candidate"]:
    """At most ``k`` candidates from one end of a run's front to the other that can be shown.

    Without its space those are taken that were stored with the run.
    """
    front = run.front
    if run.space is None:
        front = [candidate for candidate in front if run.render(candidate)]
    values = run.values[[candidate.id for candidate in front]]
    return [front[i] for i in spread(values, k)]
