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

# As plain numbers: a hundred members of an enumeration, made for each batch, were a fifth of a fast search.
_FAULTS = frozenset(int(status) for status in Status if status.is_fault)


class FailureBudget:
    """Stops a search when too many of its last evaluations failed.

    Infeasible and cancelled evaluations are not failures: a hard space may have more infeasible inputs than others.

    Args:
        window: how many evaluations are looked back at.
        share: the share of failures among them that is still borne.
        minimum: evaluations that must have been seen before any judgement.

    A study begins each session with a new one, on purpose: whoever resumes a run that it stopped has mended the cause,
    and the failures of before would stop it again.
    """

    def __init__(self, window: int = 100, share: float = 0.5, minimum: int = 20) -> None:
        self._share = finite("share", share, 0.0, 1.0)
        self._minimum = integer("minimum", minimum, 1)
        self._window = integer("window", window, 1)
        self._last: deque[tuple[int, str]] = deque()
        self._faults = 0

    def add(self, statuses: NDArray[np.integer[Any]], reasons: Mapping[int, str] | None = None) -> None:
        """Take note of a batch of evaluations in their order, then judge.

        Args:
            statuses: shape (n,).
            reasons: why, by row, for those that failed; without them a message names only the status.

        Raises:
            FailureBudgetExceeded: when more than ``share`` of the last ``window`` failed; names the most common reason.
        """
        known = reasons or {}
        codes = statuses.tolist()
        for row in range(max(len(codes) - self._window, 0), len(codes)):
            if len(self._last) == self._window:
                self._faults -= self._last.popleft()[0] in _FAULTS
            self._last.append((codes[row], known.get(row, "")))
            self._faults += codes[row] in _FAULTS
        seen = len(self._last)
        if seen >= self._minimum and self._faults > self._share * seen:
            raise FailureBudgetExceeded(self._verdict())

    def _verdict(self) -> str:
        faults = [(code, reason) for code, reason in self._last if code in _FAULTS]
        # By status first: the reasons of one fault may differ by the number of a row.
        status, count = Counter(code for code, _ in faults).most_common(1)[0]
        reason = Counter(reason for code, reason in faults if code == status).most_common(1)[0][0]
        such = f", such as: {visible(reason, 400)}" if reason else ""
        return (
            f"{len(faults)} of the last {len(self._last)} evaluations failed, {count} of them with status "
            f"'{Status(status).label}'{such}\n"
            "Mend the black box or the space; a run with out= is kept and can be resumed."
        )
