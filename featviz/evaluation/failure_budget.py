"""The failure budget: a search whose evaluations mostly fail is stopped, so that its queries are not wasted."""

from collections import Counter, deque
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.checks import finite, integer
from featviz.errors import FailureBudgetExceeded
from featviz.evaluation.status import Status
from featviz.text import visible

__all__ = ["FailureBudget"]


class FailureBudget:
    """Stops a search when too many of its last evaluations failed.

    Infeasible and cancelled evaluations are not failures: a hard space may have more infeasible inputs than others.

    Args:
        window: how many evaluations are looked back at.
        share: the share of failures among them that is still borne.
        minimum: evaluations that must have been seen before any judgement.

    The state is the statuses of the last ``window`` evaluations in order, so a resumed run has the same budget after
    ``recall`` with the stored ones. Leave that out when the run was stopped by this very budget, to let it go on.
    """

    def __init__(self, window: int = 100, share: float = 0.5, minimum: int = 20) -> None:
        self._share = finite("share", share, 0.0, 1.0)
        self._minimum = integer("minimum", minimum, 1)
        self._last: deque[tuple[int, str]] = deque(maxlen=integer("window", window, 1))

    def recall(self, statuses: NDArray[np.integer[Any]], reasons: Mapping[int, str] | None = None) -> None:
        """Take note of evaluations of the past, in their order, without judging.

        Args:
            statuses: shape (n,).
            reasons: why, by row, for those that failed; without them a message names only the status.
        """
        kept = len(statuses) - (self._last.maxlen or 0)
        known = reasons or {}
        for row in range(max(kept, 0), len(statuses)):
            self._last.append((int(statuses[row]), known.get(row, "")))

    def add(self, statuses: NDArray[np.integer[Any]], reasons: Mapping[int, str] | None = None) -> None:
        """Take note of a batch of evaluations, then judge.

        Raises:
            FailureBudgetExceeded: when more than ``share`` of the last ``window`` failed; names the most common reason.
        """
        self.recall(statuses, reasons)
        faults = [(Status(code), reason) for code, reason in self._last if Status(code).is_fault]
        seen = len(self._last)
        if seen < self._minimum or len(faults) <= self._share * seen:
            return
        # By status first: the reasons of one fault may differ by the number of a row.
        status, count = Counter(status for status, _ in faults).most_common(1)[0]
        reason = Counter(reason for known, reason in faults if known is status).most_common(1)[0][0]
        such = f", such as: {visible(reason, 400)}" if reason else ""
        raise FailureBudgetExceeded(
            f"{len(faults)} of the last {seen} evaluations failed, {count} of them with status '{status.label}'{such}\n"
            "The run is kept. Mend the black box or the space, and resume."
        )
