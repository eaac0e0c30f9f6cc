"""``http_box``: a black box of an address."""

import re
import warnings
from collections.abc import Mapping
from typing import Any

from featviz.black_boxes.base import Preprocess
from featviz.black_boxes.http.addresses import checked_url, is_plain, without_query
from featviz.black_boxes.http.box import HttpBox
from featviz.black_boxes.http.client import HttpClient
from featviz.black_boxes.http.options import SendingOptions
from featviz.black_boxes.http.protocol import WireProtocol
from featviz.black_boxes.http.secrets import Secret
from featviz.checks import one_of, option_names, unique_names
from featviz.errors import BoxError, FeatvizWarning, InvalidArgument
from featviz.protocols import Spec
from featviz.registry import import_object, import_path

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
# What other clients call the key itself.
_KEY_NAMES = frozenset({"api_key", "apikey", "api_token", "key", "token", "bearer", "auth"})


def http_box(
    url: str,
    *,
    protocol: str | None = None,
    outputs: Any = None,
    name: str | None = None,
    preprocess: Preprocess | None = None,
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
        **options: keys, time-outs, retries and budgets are explained at :class:`SendingOptions`, and what the protocol
            takes at :class:`OpenInference`, :class:`Mlflow`, :class:`Completions` and :class:`JsonTemplate`.

    Raises:
        InvalidArgument: for a secret in the address or the headers, which is not shown, and other arguments.
        BoxUnavailable: when the service cannot be reached or lets nobody in; when ``key_env`` is not set.
        BoxError: when it does not speak the protocol.
        MissingDependency: when httpx is not installed.
    """
    url = checked_url(url)
    chosen = _protocol_of(url, protocol, options)
    where, own = PROTOCOLS[chosen]
    for key in sorted(_KEY_NAMES.intersection(options)):
        raise InvalidArgument(
            f"a service has no option {key!r}. Put the key into an environment variable and pass the name of that: "
            "key_env='API_KEY'."
        )
    option_names(f"a service that speaks {chosen!r}", options, {*own, *SendingOptions.names()})
    sending = SendingOptions(**{name: value for name, value in options.items() if name not in own})
    secret = None if sending.key_env is None else Secret(sending.key_env, sending.key_header)
    if secret is not None and is_plain(url):
        warnings.warn(
            f"the key in {secret.variable} goes to {without_query(url)} unencrypted. Use https:// where there is one.",
            FeatvizWarning,
            stacklevel=2,
        )
    client = HttpClient(url, sending, secret)
    names = None if outputs is None else unique_names("outputs", outputs)
    make = import_object(f"featviz.black_boxes.http.{where}")
    spoken: WireProtocol = make(url, client, outputs=names, **{n: v for n, v in options.items() if n in own})
    spec: Spec = {"from": url, "protocol": chosen, "outputs": None if names is None else list(names), "name": name}
    path = None if preprocess is None else import_path(preprocess)
    spec |= {**sending.spec(), **spoken.options(), "preprocess": path}
    findable = preprocess is None or path is not None
    return HttpBox(
        url,
        spoken,
        client,
        name=name if name is not None else without_query(url).partition("://")[2].rstrip("/"),
        preprocess=preprocess,
        spec={entry: value for entry, value in spec.items() if value is not None} if findable else None,
    )


def _protocol_of(url: str, given: Any, options: Mapping[str, Any]) -> str:
    if given is not None:
        return one_of("protocol", given, PROTOCOLS)
    path = without_query(url)
    found = next((name for pattern, name in _PATHS if pattern.search(path)), None)
    if "request" in options or found is None:
        if "request" in options:
            return "json"
        known = {option for _, own in PROTOCOLS.values() for option in own} | {*SendingOptions.names()}
        option_names("a service", options, known)  # a misspelt request= is told as such
        if options.keys() & {"continuation", "template"}:
            raise BoxError(
                f"{path} is not the address of a language model: it ends in /v1/completions or /v1/chat/completions."
            )
        raise BoxError(
            f"{path} does not show what is spoken there. Pass protocol='open-inference', 'mlflow' or 'openai', or for "
            "anything else that takes JSON request={...} and answer='...'."
        )
    return found
