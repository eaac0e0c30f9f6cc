"""The options that every service takes, whatever is spoken there."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from featviz.black_boxes.http.secrets import check_headers
from featviz.black_boxes.http.spending import Spending
from featviz.checks import finite, integer
from featviz.errors import WrongType
from featviz.protocols import Spec
from featviz.text import shown

__all__ = ["SendingOptions"]

_MAX_SECONDS = 86_400.0
_MAX_BYTES = 2**40
_MONEY = ("max_requests", "max_cost", "cost_per_request", "cost_per_input_token", "cost_per_output_token")


@dataclass(frozen=True)
class SendingOptions:
    """How requests are sent, and what they may cost.

    Args:
        key_env: the name of the environment variable that holds the key, if one is needed.
        key_header: the header that the key goes into; "Authorization" gets ``Bearer`` before it.
        headers: further headers, none of them secret.
        timeout: seconds from sending a request to the last byte of its answer, whatever comes between.
        retries: how often a request is sent again after a failed connection, HTTP 408, 425, 429 or 5xx.
        backoff: seconds before the first of them; twice as long before each further one, at most ``max_wait``.
        max_wait: the longest pause, in seconds. A service that asks for a longer one (``Retry-After``) ends the run.
        concurrency: the most requests that are under way at once.
        max_answer_bytes: the most bytes of an answer, decompressed; 64 MiB by default.
        trust_env: whether proxies that the environment names (``HTTPS_PROXY`` and others) are used. An address of
            this machine is never asked through one.
        max_requests: the most requests, retries and those that make the box included; the run ends before one more.
        max_cost: the most that they may cost, in any currency.
        cost_per_request: the price of a request, whatever comes of it.
        cost_per_input_token: the price of a token that is sent, where the service counts them.
        cost_per_output_token: the price of a token that is answered.
    """

    key_env: str | None = None
    key_header: str = "Authorization"
    headers: Mapping[str, str] = field(default_factory=dict)
    timeout: float = 60.0
    retries: int = 4
    backoff: float = 0.5
    max_wait: float = 60.0
    concurrency: int = 8
    max_answer_bytes: int = 2**26
    trust_env: bool = True
    max_requests: int | None = None
    max_cost: float | None = None
    cost_per_request: float = 0.0
    cost_per_input_token: float = 0.0
    cost_per_output_token: float = 0.0

    def __post_init__(self) -> None:
        # As Python's own numbers, which a spec can hold.
        checked = {
            "timeout": finite("timeout", self.timeout, 0.0, _MAX_SECONDS, exclusive=True),
            "backoff": finite("backoff", self.backoff, 0.0, _MAX_SECONDS),
            "max_wait": finite("max_wait", self.max_wait, 0.0, _MAX_SECONDS),
            "retries": integer("retries", self.retries, 0, 100),
            "concurrency": integer("concurrency", self.concurrency, 1, 1024),
            "max_answer_bytes": integer("max_answer_bytes", self.max_answer_bytes, 1, _MAX_BYTES),
            "headers": check_headers(self.headers),
        }
        account = self.spending()
        checked |= {name: getattr(account, name) for name in _MONEY}
        for name, value in checked.items():
            object.__setattr__(self, name, value)
        if not isinstance(self.trust_env, bool):
            raise WrongType(f"trust_env must be True or False, but it is {shown(self.trust_env)}.")

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """The names of the options."""
        return tuple(option.name for option in fields(cls))

    def spending(self) -> Spending:
        """An account with nothing spent yet."""
        return Spending(**{name: getattr(self, name) for name in _MONEY})

    def spec(self) -> Spec:
        """Those that are not as they are by default."""
        given: dict[str, Any] = {name: getattr(self, name) for name in self.names()}
        return {name: value for name, value in given.items() if value != getattr(_DEFAULT, name)}


_DEFAULT = SendingOptions()
