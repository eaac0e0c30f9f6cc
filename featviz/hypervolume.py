"""Hypervolume: how much of the space of values a set of rows dominates. The usual measure of a front."""

import numpy as np
from numpy.typing import NDArray

from featviz.dominance import non_dominated
from featviz.errors import InvalidArgument

__all__ = ["hypervolume"]

Array = NDArray[np.float64]


def hypervolume(values: Array, reference: Array) -> float:
    """The volume between ``reference`` and the rows of ``values``: of all points that some row dominates.

    Zitzler & Thiele 1998, "Multiobjective optimization using evolutionary algorithms". Exact: in two dimensions a sum
    over the sorted front, in three a sum of slices along the last one, O(n^2 log n).

    Args:
        values: float64 (n, m), m from 1 to 3; each column is better when larger. Rows with NaN count for nothing.
        reference: float64 (m,): the worst point that counts. Rows not above it everywhere count for nothing.

    Raises:
        InvalidArgument: for other shapes, or infinite numbers.
    """
    values, reference = np.asarray(values, dtype=np.float64), np.asarray(reference, dtype=np.float64)
    if values.ndim != 2 or reference.shape != (values.shape[1],) or not 1 <= values.shape[1] <= 3:
        raise InvalidArgument(
            f"expected values of shape (n, m) and a reference of shape (m,), m from 1 to 3, "
            f"but they have {values.shape} and {reference.shape}."
        )
    if np.isinf(values).any() or not np.isfinite(reference).all():
        raise InvalidArgument("values and reference must be finite, for a volume without end compares nothing.")
    above = values[(values > reference).all(axis=1)] - reference
    if not len(above):
        return 0.0
    front = np.unique(above[non_dominated(above)], axis=0)
    if front.shape[1] == 1:
        return float(front.max())
    return _area(front) if front.shape[1] == 2 else _slices(front)


def _area(front: Array) -> float:
    """Of a front with rising first and so falling second values, seen from the origin."""
    return float((np.diff(front[:, 0], prepend=0.0) * front[:, 1]).sum())


def _slices(front: Array) -> float:
    """Between two neighbouring heights the area is that of all rows that reach the upper one."""
    heights = np.unique(front[:, 2])
    total = 0.0
    for height, thickness in zip(heights, np.diff(heights, prepend=0.0), strict=True):
        plane = front[front[:, 2] >= height, :2]
        total += float(thickness) * _area(np.unique(plane[non_dominated(plane)], axis=0))
    return total
