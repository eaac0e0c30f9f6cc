"""What came of a batch of evaluations."""

from collections.abc import Sequence
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

    @classmethod
    def mean(cls, outcomes: "Sequence[Outcome]") -> "Outcome":
        """The means over several outcomes of the same n inputs, each over those that did not fail."""
        ok = np.array([outcome.statuses for outcome in outcomes]) == 0
        all_scores = np.where(ok, np.array([outcome.scores for outcome in outcomes]), 0.0)
        all_outputs = np.where(ok[:, :, None], np.array([outcome.outputs for outcome in outcomes]), 0.0)
        any_ok, counts = ok.any(axis=0), np.maximum(ok.sum(axis=0), 1)
        first = outcomes[0]
        return cls(
            np.where(any_ok[:, None], all_outputs.sum(axis=0) / counts[:, None], first.outputs),
            np.where(any_ok, all_scores.sum(axis=0) / counts, np.nan),
            np.where(any_ok, 0, first.statuses).astype(np.uint8),
            {row: reason for row, reason in first.reasons.items() if not any_ok[row]},
        )

    def __len__(self) -> int:
        return len(self.scores)
