"""What a service may use up, and what it has used."""

import math
import threading
from dataclasses import dataclass, field
from typing import Any

from featviz.checks import finite, integer
from featviz.errors import BoxBudgetSpent

__all__ = ["Spending"]

_TOKEN_FIELDS = {
    "input_tokens": ("prompt_tokens", "input_tokens"),
    "output_tokens": ("completion_tokens", "output_tokens"),
}


@dataclass
class Spending:
    """Counts requests and their cost, and stops before a limit is passed.

    Args:
        max_requests: the most requests that are sent, attempts that fail included; None for any number.
        max_cost: the most that they may cost, in any currency; None for any sum. What tokens cost is known after the
            answer, so the last answers may pass it by what they cost.
        cost_per_request: what one costs, whatever comes of it.
        cost_per_input_token: what a token of a prompt costs, where the service tells how many there were.
        cost_per_output_token: what a token of an answer costs.
    """

    max_requests: int | None = None
    max_cost: float | None = None
    cost_per_request: float = 0.0
    cost_per_input_token: float = 0.0
    cost_per_output_token: float = 0.0
    counts: dict[str, float] = field(
        default_factory=lambda: dict.fromkeys(
            ("requests", "retries", "bytes_sent", "bytes_received", "seconds_waited", "cost"), 0.0
        )
    )

    # Answers are read by the thread that asked, and requests sent by the background loop.
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __post_init__(self) -> None:
        if self.max_requests is not None:
            self.max_requests = integer("max_requests", self.max_requests, 1)
        if self.max_cost is not None:
            self.max_cost = finite("max_cost", self.max_cost, 0.0)
        for name in ("cost_per_request", "cost_per_input_token", "cost_per_output_token"):
            setattr(self, name, finite(name, getattr(self, name), 0.0))

    def require(self, requests: int) -> None:
        """Raise :class:`BoxBudgetSpent` unless ``requests`` more can be paid for: before a batch that would be lost."""
        sent = int(self.counts["requests"])
        if self.max_requests is not None and sent + requests > self.max_requests:
            raise BoxBudgetSpent(
                f"{sent:,} of max_requests={self.max_requests:,} requests were sent, and {_more(requests)} would pass "
                "that. Resume the run with a larger max_requests to go on."
            )
        cost = self.counts["cost"]
        if self.max_cost is None:
            return
        # A sum of many prices is a little off: ten times 0.1 is less than 1.
        spent = cost + requests * self.cost_per_request > self.max_cost + 1e-9 * max(self.max_cost, 1.0)
        if spent or (cost >= self.max_cost and self.cost_per_input_token + self.cost_per_output_token > 0):
            raise BoxBudgetSpent(
                f"{cost:g} of max_cost={self.max_cost:g} is spent, and {_more(requests)} would pass that. "
                "Resume the run with a larger max_cost to go on."
            )

    def take(self, sent: int) -> None:
        """Enter a request of ``sent`` bytes that is about to be sent, or raise :class:`BoxBudgetSpent`."""
        self.require(1)
        self.add("requests", 1)
        self.add("bytes_sent", sent)
        self.add("cost", self.cost_per_request)

    def add(self, name: str, amount: float) -> None:
        """Enter ``amount`` more of something."""
        with self._lock:
            self.counts[name] = self.counts.get(name, 0.0) + amount

    def count_tokens(self, document: Any) -> None:
        """Enter the tokens that the ``usage`` of an answer tells of."""
        usage = document.get("usage") if isinstance(document, dict) else None
        if not isinstance(usage, dict):
            return
        for name, fields in _TOKEN_FIELDS.items():
            count = next((usage[field] for field in fields if _is_count(usage.get(field))), 0)
            self.add(name, count)
            self.add("cost", count * getattr(self, f"cost_per_{name.removesuffix('s')}"))


def _more(requests: int) -> str:
    return "one more" if requests == 1 else f"{requests:,} more"


def _is_count(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and 0 <= value < 1e12
