"""The ledger: every question to a box is counted."""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from featviz.evaluation.status import Status

__all__ = ["Ledger"]


@dataclass
class Ledger:
    """What the boxes were asked, and how it went.

    Args:
        inputs: inputs sent to boxes; an input sent to two boxes, or sent again to find which of a batch fails, counts
            each time, and one sent to a robust box counts once a draw.
        calls: calls of boxes.
        seconds: wall-clock seconds spent in them.
        cached: inputs that were not sent, since an equal one had been answered.
        usage: what the boxes say that they used up: requests, retries, cost.
        failures: evaluations that failed, by status.
    """

    inputs: int = 0
    calls: int = 0
    seconds: float = 0.0
    cached: int = 0
    usage: dict[str, float] = field(default_factory=dict)
    failures: Counter[Status] = field(default_factory=Counter)

    def count_call(self, inputs: int, seconds: float) -> None:
        """Enter a call of a box with a batch of ``inputs`` that took ``seconds``."""
        self.inputs += inputs
        self.calls += 1
        self.seconds += seconds

    def count_failures(self, statuses: NDArray[np.uint8]) -> None:
        """Enter those of ``statuses`` that are not OK."""
        for code, count in enumerate(np.bincount(statuses)):
            if code != Status.OK and count:
                self.failures[Status(code)] += int(count)

    def totals(self) -> dict[str, int | float]:
        """Inputs sent and spared, calls and seconds, and what the boxes used up, for storing with a run."""
        own = {"inputs": self.inputs, "calls": self.calls, "seconds": self.seconds, "cached": self.cached}
        return own | {name: amount for name, amount in self.usage.items() if name not in own}
