"""Addresses: which are taken, and where a service may send a request on to."""

import ipaddress
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit, urlunsplit

from featviz.black_boxes.http.secrets import looks_secret
from featviz.errors import BoxError, InvalidArgument
from featviz.text import visible

__all__ = ["checked_url", "is_loopback", "is_plain", "redirected", "without_query"]

_PORTS = {"http": 80, "https": 443}


def checked_url(url: Any) -> str:
    """``url`` without its fragment.

    Raises:
        InvalidArgument: when it is no address, or holds a password or a key. Neither it nor they are shown.
    """
    problem = "it is not of the form https://host:port/path"
    try:
        parts = urlsplit(url)
        good = parts.scheme.lower() in _PORTS and bool(parts.hostname) and parts.port != 0
    except (ValueError, TypeError, AttributeError):
        good = False
    if not good or any(character.isspace() or not character.isprintable() for character in url):
        raise InvalidArgument(f"the address of a service cannot be used: {problem}.")
    if parts.username is not None or parts.password is not None:
        raise InvalidArgument(
            "the address of a service holds a user name or a password (https://user:password@host), which would be "
            "written into logs and runs. Leave it out, put the key into an environment variable and pass key_env=."
        )
    for name, _ in parse_qsl(parts.query, keep_blank_values=True):
        if looks_secret(name):
            raise InvalidArgument(
                f"the address of a service holds a secret, the parameter {visible(name, 40)!r}, which would be written "
                "into logs and runs. Leave it out, put the key into an environment variable and pass key_env= (and "
                "key_header= where the service does not take it as 'Authorization: Bearer')."
            )
    return str(urlunsplit(parts._replace(fragment="")))


def is_loopback(url: str) -> bool:
    """Whether the address is one of this machine."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_plain(url: str) -> bool:
    """Whether what is sent to the address can be read on the way."""
    return urlsplit(url).scheme.lower() == "http" and not is_loopback(url)


def without_query(url: str) -> str:
    """The address for a message or a log: no user, query or fragment, which may hold what was not meant for it."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", f":{parts.port}" if parts.port else ""
    except ValueError:
        return "an address that cannot be read"
    host = f"[{host}]" if ":" in host else host
    return visible(urlunsplit((parts.scheme, host + port, parts.path, "", "")))


def redirected(url: str, location: str) -> str:
    """Where an answer of ``url`` sends the request on to.

    The same host, port and scheme is followed, and nothing else: a request carries a key, and inputs that are nobody
    else's business. A way from http to https is not taken either, since the address that is given would go on sending
    the first request in the open.

    Raises:
        BoxError: for any other target.
    """
    here = without_query(url)
    try:
        target = urljoin(url, location)
        there = _origin(target)
        has_user = urlsplit(target).username is not None
    except ValueError:
        raise BoxError(f"{here} redirects to an address that cannot be read.") from None
    if has_user or there != _origin(url):
        raise BoxError(
            f"{here} redirects to {without_query(target)}, on another host, port or scheme. The request, which may "
            "carry a key, is not sent there. If that is the service, pass its address."
        )
    return target


def _origin(url: str) -> tuple[str, str, int]:
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    return scheme, (parts.hostname or "").lower(), parts.port or _PORTS.get(scheme, 0)
