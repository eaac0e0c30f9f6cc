"""Requests, answers and troubles, and what a service said about them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from featviz.errors import AnswerTypeError
from featviz.text import visible

__all__ = ["Question", "Reply", "Trouble", "encoded", "parsed", "said"]

_ERROR_FIELDS = ("error", "message", "detail", "msg", "title", "reason")


@dataclass(frozen=True)
class Question:
    """A request.

    Args:
        method: "GET", "POST" or "PUT".
        url: where to.
        body: JSON, or None.
        headers: further headers.
    """

    method: str
    url: str
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Reply:
    """A complete answer.

    Args:
        status: 200 and so on.
        headers: names in lower case.
        body: decompressed, and without the key.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Trouble:
    """A request that got no answer that can be used, once nothing more is tried.

    Args:
        error: what to record for the inputs that were asked about.
        about_input: whether another input might get an answer, so that it pays to find the one at fault.
    """

    error: Exception
    about_input: bool


def encoded(document: Any) -> bytes:
    """``document`` as JSON.

    Raises:
        ValueError: for NaN and infinity, which JSON does not have.
        TypeError: for an object that JSON cannot hold.
    """
    try:
        return json.dumps(document, allow_nan=False, separators=(",", ":")).encode()
    except ValueError:
        raise ValueError(
            "an input holds NaN or infinity, which JSON cannot carry. Pass preprocess= a function that replaces them."
        ) from None


def parsed(reply: Reply) -> Any:
    """The JSON that was answered. NaN and infinity are read, since many services write them against the standard.

    Raises:
        AnswerTypeError: when it is not JSON; the message shows how it begins.
    """
    try:
        return json.loads(reply.body)
    except (ValueError, RecursionError):
        kind = visible(reply.headers.get("content-type", "no content type"), 60)
        hint = " Is this the address of the service, or of a page about it?" if "html" in kind else ""
        raise AnswerTypeError(f"expected JSON, but the answer ({kind}) is {_beginning(reply.body)}.{hint}") from None


def said(reply: Reply) -> str:
    """What an answer says is wrong, in one safe line: the usual fields of a JSON error, or how the body begins."""
    try:
        found = _error_text(json.loads(reply.body))
    except (ValueError, RecursionError):
        found = None
    return visible(" ".join(found.split()), 300) if found else _beginning(reply.body)


def _error_text(document: Any) -> str | None:
    for _ in range(4):  # {"error": {"message": "..."}}, {"detail": [{"msg": "..."}]}
        if isinstance(document, str):
            return document.strip() or None
        if isinstance(document, list) and document:
            document = document[0]
        elif isinstance(document, Mapping):
            document = next((document[name] for name in _ERROR_FIELDS if document.get(name)), None)
        else:
            return None
    return None


def _beginning(body: bytes) -> str:
    text = " ".join(body[:2000].decode("utf-8", "replace").split())
    return f"'{visible(text, 120)}'" if text else "empty"
