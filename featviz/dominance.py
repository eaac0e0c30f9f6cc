"""Which of several rows of values are better than which, when each column is to be large: Pareto dominance.

A row dominates another when it is nowhere smaller and somewhere larger. Everything here is batched.
"""

import numpy as np
from numpy.typing import NDArray

from featviz.errors import InvalidArgument

__all__ = ["crowding", "non_dominated", "ranks"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

# Rows whose dominance over each other is held as one matrix: 16 MB.
_WHOLE = 4096
# Comparisons made at a time where it is not.
_AT_ONCE = 1 << 22


def non_dominated(values: Array) -> Mask:
    """Which rows no other row dominates, bool (n,).

    Equal rows do not dominate each other. Two columns take O(n log n); more are sifted in blocks.

    Args:
        values: float64 (n, m), without NaN; each column is better when larger.
    """
    values = _checked(values)
    if values.shape[1] == 1:
        return np.asarray(values[:, 0] == values[:, 0].max(initial=-np.inf))
    return _by_staircase(values) if values.shape[1] == 2 else _by_sifting(values)


def ranks(values: Array, enough: int | None = None) -> NDArray[np.int64]:
    """The front of each row, int64 (n,): 0 for what nothing dominates, 1 for what only those dominate, and so on.

    Deb, Pratap, Agarwal & Meyarivan 2002, "A fast and elitist multiobjective genetic algorithm: NSGA-II", section
    III-A; the counts of dominating rows are sums over a matrix here, so there is no loop over rows.

    Args:
        values: float64 (n, m), without NaN; each column is better when larger.
        enough: stop after the front with which so many rows have a rank; the others all get the next one.
    """
    values = _checked(values)
    n = len(values)
    enough = n if enough is None else min(enough, n)
    found = np.full(n, -1, dtype=np.int64)
    if values.shape[1] == 1:
        found[:] = np.unique(-values[:, 0], return_inverse=True)[1].reshape(n)
        return found
    rank, ranked = 0, 0
    matrix = _dominates(values, values) if n <= _WHOLE else None
    better = None if matrix is None else matrix.sum(axis=0, dtype=np.int64)
    while ranked < enough:
        left = np.flatnonzero(found < 0)
        if matrix is None or better is None:
            front = left[non_dominated(values[left])]
        else:
            front = left[better[left] == 0]
            better -= matrix[front].sum(axis=0, dtype=np.int64)
        found[front] = rank
        rank += 1
        ranked += len(front)
    found[found < 0] = rank
    return found


def crowding(values: Array, fronts: NDArray[np.int64]) -> Array:
    """How far the neighbours of each row within its front lie apart, float64 (n,); infinite at the ends of a front.

    The crowding distance of Deb et al. 2002, section III-B: for each column the gap between the next larger and the
    next smaller row, over the range of the front, summed over the columns. Of equal rows the first one counts.

    Args:
        values: float64 (n, m), finite.
        fronts: int64 (n,), as :func:`ranks` gives it.
    """
    values = _checked(values)
    n, m = values.shape
    distance = np.zeros(n)
    if not n:
        return distance
    for column in range(m):
        order = np.lexsort((values[:, column], fronts))
        value, front = values[order, column], fronts[order]
        begins = np.append(True, front[1:] != front[:-1])
        ends = np.append(begins[1:], True)
        group = np.cumsum(begins) - 1
        span = (value[ends] - value[begins])[group]
        gap = np.append(value[1:], value[-1:]) - np.append(value[:1], value[:-1])
        with np.errstate(invalid="ignore", divide="ignore"):
            part = np.where(span > 0, gap / span, 0.0)
        # The ends of a front without any width are not worth more than what lies between them.
        part[(begins | ends) & (span > 0)] = np.inf
        # A front of one row has no neighbours to be crowded by.
        part[begins & ends] = np.inf
        distance[order] += part
    return distance


def _by_staircase(values: Array) -> Mask:
    """Two columns: from the largest first value on, only what rises in the second one stays."""
    order = np.lexsort((-values[:, 1], -values[:, 0]))
    first, second = values[order, 0], values[order, 1]
    # The best second value among rows with a strictly larger first one, and among those with the same.
    so_far = np.maximum.accumulate(second) if len(second) else second
    begins = np.flatnonzero(np.append(True, first[1:] != first[:-1])) if len(first) else np.empty(0, dtype=np.intp)
    group = np.repeat(np.arange(len(begins)), np.diff(np.append(begins, len(first))))
    before = np.where(begins > 0, so_far[np.maximum(begins - 1, 0)], -np.inf)[group]
    top = second[begins][group]
    mask = np.empty(len(values), dtype=np.bool_)
    # At the very beginning nothing comes before, also where the second value is -inf.
    mask[order] = (second == top) & ((second > before) | (group == 0))
    return mask


def _by_sifting(values: Array) -> Mask:
    """Any number of columns: blocks of rows, best sums first, against what is left of the blocks before."""
    n = len(values)
    # Scaled by rank, so that no column drowns another and nothing overflows; a dominating row has a larger sum.
    places = np.stack([np.unique(column, return_inverse=True)[1].reshape(n) for column in values.T], axis=1)
    order = np.argsort(-places.sum(axis=1), kind="stable")
    kept = np.empty(0, dtype=np.intp)
    begin = 0
    while begin < n:
        size = max(64, min(1024, _AT_ONCE // max(1, len(kept))))
        block = order[begin : begin + size]
        block = block[~_dominated_by(values[block], values[kept])]
        block = block[~_dominated_by(values[block], values[block])]
        kept = np.concatenate([kept, block])
        begin += size
    mask = np.zeros(n, dtype=np.bool_)
    mask[kept] = True
    return mask


def _dominated_by(rows: Array, others: Array) -> Mask:
    """Which of ``rows`` any of ``others`` dominates."""
    found = np.zeros(len(rows), dtype=np.bool_)
    size = max(1, _AT_ONCE // max(1, len(rows)))
    for begin in range(0, len(others), size):
        found |= _dominates(others[begin : begin + size], rows).any(axis=0)
    return found


def _dominates(a: Array, b: Array) -> Mask:
    """Whether row i of ``a`` dominates row j of ``b``, bool (len(a), len(b))."""
    nowhere_smaller = np.ones((len(a), len(b)), dtype=np.bool_)
    somewhere_larger = np.zeros((len(a), len(b)), dtype=np.bool_)
    for column in range(a.shape[1]):
        mine, theirs = a[:, column, None], b[None, :, column]
        nowhere_smaller &= mine >= theirs
        somewhere_larger |= mine > theirs
    return nowhere_smaller & somewhere_larger


def _checked(values: Array) -> Array:
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 2 or values.shape[1] < 1:
        raise InvalidArgument(f"values must have shape (n, m), a column an objective, but they have {values.shape}.")
    if np.isnan(values).any():
        raise InvalidArgument("values must not be NaN: leave out what has no value.")
    return values
