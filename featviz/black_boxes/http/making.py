"""``http_box``: a black box of an address."""

import re
import warnings
from collections.abc import Mapping
from typing import Any

from featviz.black_boxes.base import Preprocess
from featviz.black_boxes.http.addresses import checked_url, is_loopback, is_plain, without_query
from featviz.black_boxes.http.box import HttpBox
from featviz.black_boxes.http.client import HttpClient
from featviz.black_boxes.http.secrets import Secret, check_headers
from featviz.black_boxes.http.spending import Spending
from featviz.checks import one_of, option_names, unique_names
from featviz.errors import BoxError, FeatvizWarning, WrongType
from featviz.protocols import Spec
from featviz.registry import import_object, import_path
from featviz.text import shown

__all__ = ["PROTOCOLS", "http_box"]

# By name: the class, and the options that it takes.
PROTOCOLS = {
    "open-inference": ("open_inference:OpenInference", ("output", "layout")),
    "mlflow": ("mlflow:Mlflow", ("params",)),
    "openai": (
        "completions:Completions",
        ("continuation", "template", "model", "by", "samples", "temperature", "system", "parameters"),
    ),
    "json": ("templates:JsonTemplate", ("request", "answer", "method")),
}
# Tried in this order on the path of an address.
_PATHS = (
    (re.compile(r"/v2/models/[^/]+(/versions/[^/]+)?(/infer)?/?$"), "open-inference"),
    (re.compile(r"/invocations/?$"), "mlflow"),
    (re.compile(r"/completions/?$"), "openai"),
)


def http_box(
    url: str,
    *,
    protocol: str | None = None,
    outputs: Any = None,
    name: str | None = None,
    preprocess: Preprocess | None = None,
    key_env: str | None = None,
    key_header: str = "Authorization",
    headers: Mapping[str, str] | None = None,
    timeout: float = 60.0,
    retries: int = 4,
    backoff: float = 0.5,
    max_wait: float = 60.0,
    concurrency: int = 8,
    max_answer_bytes: int = 2**26,
    trust_env: bool = True,
    max_requests: int | None = None,
    max_cost: float | None = None,
    cost_per_request: float = 0.0,
    cost_per_input_token: float = 0.0,
    cost_per_output_token: float = 0.0,
    **options: Any,
) -> HttpBox:
    """A service as a black box.

    Args:
        url: its address, without any secret.
        protocol: "open-inference" (the default for an address that ends in ``/v2/models/NAME``), "mlflow" (for one
            that ends in ``/invocations``), "openai" (``/completions``) or "json" (where ``request=`` is given).
        outputs: the k names of the outputs, where the service does not tell them.
        name: a label; host and path by default.
        preprocess: applied to the batch first.
        key_env: the name of the environment variable that holds the key.
        key_header: the header that the key goes into; "Authorization" gets ``Bearer`` before it.
        headers: further headers, none of them secret.
        timeout: seconds from sending a request to the last byte of its answer, whatever comes between.
        retries: how often a request is sent again after a failed connection, HTTP 408, 425, 429 or 5xx.
        backoff: seconds before the first of them, doubled each time.
        max_wait: the longest pause, in seconds; a service that asks for a longer one (``Retry-After``) ends the run.
        concurrency: the most requests at once.
        max_answer_bytes: the most bytes of an answer, decompressed; 64 MiB by default.
        trust_env: whether proxies named in the environment are used. Never for addresses of this machine.
        max_requests: the most requests, retries and those that make the box included; the run ends before one more.
        max_cost: the most that they may cost, in any currency.
        cost_per_request: the price of a request.
        cost_per_input_token: the price of a token that is sent, where the service counts them.
        cost_per_output_token: the price of a token that is answered.
        **options: by protocol; see :class:`OpenInference`, :class:`Mlflow`, :class:`Completions` and
            :class:`JsonTemplate`.

    Raises:
        InvalidArgument: for a secret in the address or the headers, which is not shown, and other arguments.
        BoxUnavailable: when the service cannot be reached or lets nobody in; when ``key_env`` is not set.
        BoxError: when it does not speak the protocol.
        MissingDependency: when httpx is not installed.
    """
    url = checked_url(url)
    chosen = _protocol_of(url, protocol, options)
    where, known = PROTOCOLS[chosen]
    option_names(f"a service that speaks {chosen!r}", options, known)
    if not isinstance(trust_env, bool):
        raise WrongType(f"trust_env must be True or False, but it is {shown(trust_env)}.")
    secret = None if key_env is None else Secret(key_env, key_header)
    if secret is not None and is_plain(url):
        warnings.warn(
            f"the key in {secret.variable} goes to {without_query(url)} unencrypted. Use https:// where there is one.",
            FeatvizWarning,
            stacklevel=2,
        )
    fixed: Spec = {
        "timeout": timeout,
        "retries": retries,
        "backoff": backoff,
        "max_wait": max_wait,
        "concurrency": concurrency,
        "max_answer_bytes": max_answer_bytes,
    }
    budget: Spec = {
        "max_requests": max_requests,
        "max_cost": max_cost,
        "cost_per_request": cost_per_request,
        "cost_per_input_token": cost_per_input_token,
        "cost_per_output_token": cost_per_output_token,
    }
    sent = {} if headers is None else check_headers(headers)
    client = HttpClient(
        secret=secret,
        headers=sent,
        use_proxies=trust_env and not is_loopback(url),
        spending=Spending(**budget),
        **fixed,
    )
    names = None if outputs is None else unique_names("outputs", outputs)
    spoken = import_object(f"featviz.black_boxes.http.{where}")(url, client, outputs=names, **options)
    given = {"outputs": None if names is None else list(names), "name": name, "headers": sent or None}
    key = {"key_env": key_env, "key_header": key_header if secret is not None else None}
    spec = {"from": url, "protocol": chosen, **given, **key, "trust_env": trust_env, **fixed, **budget}
    box_spec = _spec({**spec, **spoken.options()}, preprocess)
    label = name if name is not None else without_query(url).partition("://")[2].rstrip("/")
    return HttpBox(url, spoken, client, name=label, preprocess=preprocess, spec=box_spec)


_DEFAULTS: Mapping[str, Any] = http_box.__kwdefaults__ or {}


def _protocol_of(url: str, given: Any, options: Mapping[str, Any]) -> str:
    if given is not None:
        return one_of("protocol", given, PROTOCOLS)
    path = without_query(url)
    found = next((name for pattern, name in _PATHS if pattern.search(path)), None)
    if "request" in options or found is None:
        if "request" in options:
            return "json"
        raise BoxError(
            f"{path} does not show what is spoken there. Pass protocol='open-inference', 'mlflow' or 'openai', or for "
            "anything else that takes JSON request={...} and answer='...'."
        )
    return found


def _spec(spec: Spec, preprocess: Preprocess | None) -> Spec | None:
    """``spec`` without what is as it is by default; None when ``preprocess`` cannot be found again."""
    if preprocess is not None:
        spec["preprocess"] = import_path(preprocess)
        if spec["preprocess"] is None:
            return None
    return {
        option: value
        for option, value in spec.items()
        if value is not None and (option not in _DEFAULTS or value != _DEFAULTS[option] or option == "protocol")
    }
