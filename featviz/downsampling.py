"""A long line as few points that look the same: the lowest and the highest value of each stretch."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["min_max"]


def min_max(values: NDArray[np.floating], most: int) -> NDArray[np.int64]:
    """Positions of at most ``most`` of ``values`` that keep every peak; the first and the last are among them.

    The series is cut into stretches of one length, and of each its minimum and its maximum are kept, so that a spike
    of one sample is drawn at its full height.

    Args:
        values: shape (n,), finite, n at least 1.
        most: at least 4.

    Returns:
        int64 array of shape (m,), increasing, m <= max(most, n).
    """
    n = len(values)
    if n <= most:
        return np.arange(n, dtype=np.int64)
    size = -(-n // ((most - 2) // 2))
    stretches = -(-n // size)
    # The last stretch is filled up with copies of the last value: they lie behind it, and the first of equals is found.
    padded = np.concatenate([values, np.full(stretches * size - n, values[-1])]).reshape(stretches, size)
    starts = np.arange(stretches, dtype=np.int64) * size
    ends = np.array([0, n - 1], dtype=np.int64)
    return np.unique(np.concatenate([starts + padded.argmin(axis=1), starts + padded.argmax(axis=1), ends]))
