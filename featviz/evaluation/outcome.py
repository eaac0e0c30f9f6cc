"""What came of a batch of evaluations."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Outcome"]


@dataclass(frozen=True, eq=False)
class Outcome:
    """What came of n evaluations. A failed one has a status and a reason, and never a number.

    Args:
        outputs: float64 array of shape (n, K), the outputs of all boxes side by side; NaN in rows that failed.
        scores: float64 array of shape (n,), higher is better; NaN in rows that failed, finite in the others.
        statuses: uint8 array of shape (n,) of :class:`~featviz.evaluation.Status` codes.
        reasons: for each row that failed, why, in one line that is safe to show.
    """

    outputs: NDArray[np.float64]
    scores: NDArray[np.float64]
    statuses: NDArray[np.uint8]
    reasons: dict[int, str]

    def __len__(self) -> int:
        return len(self.scores)
