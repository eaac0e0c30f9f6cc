"""Keys come from the environment, go into one header, and appear nowhere else."""

import json
import logging
import os
import re
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn, Self
from urllib.parse import quote

from featviz.errors import BoxUnavailable, InvalidArgument, WrongType
from featviz.text import shown, visible

__all__ = ["LogFilter", "Secret", "check_fields", "check_headers", "looks_secret"]

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,199}")
_SECRET_WORDS = frozenset({"auth", "cookie", "credential", "credentials", "passwd", "pwd", "session", "sig"})
_SECRET_ENDINGS = ("authorization", "key", "password", "secret", "signature", "token")
_SECRET_FIELDS = frozenset(
    {"accesstoken", "apikey", "apitoken", "authorization", "authtoken", "bearertoken", "clientsecret", "password"}
)
_SCHEMES = ("basic ", "bearer ")
# A shorter one may be part of an honest answer, in which it is then left alone. Messages never hold it.
_LONG_ENOUGH = 8
_LOGGERS = ("httpx", *(f"httpcore.{part}" for part in ("connection", "http11", "http2", "proxy", "socks")))


class Secret:
    """A key out of an environment variable. Its value is in no repr, and it is neither copied nor pickled.

    Args:
        variable: the name of the environment variable.
        header: the header that carries it. "Authorization" gets ``Bearer`` and the key, any other the key alone.

    Raises:
        BoxUnavailable: when the variable is not set, or holds what no header can carry.
    """

    __slots__ = ("_forms", "_value", "header", "variable")

    def __init__(self, variable: Any, header: Any = "Authorization") -> None:
        if not isinstance(variable, str) or not _VARIABLE.fullmatch(variable):
            # What is not the name of a variable may be the key itself, and is not shown.
            raise InvalidArgument(
                "key_env must be the name of an environment variable that holds the key, such as 'OPENAI_API_KEY', "
                "but what came is no such name. Never write the key itself into code."
            )
        if not isinstance(header, str) or not _HEADER_NAME.fullmatch(header):
            raise InvalidArgument(f"key_header must be the name of a header, but it is {shown(header)}.")
        value = os.environ.get(variable, "").strip()
        if not value:
            raise BoxUnavailable(f"the environment variable {variable} (key_env=) is not set. Set it to the key.")
        if not value.isascii() or not value.isprintable():
            raise BoxUnavailable(f"the environment variable {variable} (key_env=) holds what no header can carry.")
        self.variable = variable
        self.header = header
        self._value = value
        # As it is, as JSON may write it, and as an address does.
        forms = {value, json.dumps(value)[1:-1], value.replace("/", "\\/"), quote(value), quote(value, safe="")}
        self._forms = sorted(forms, key=len, reverse=True)

    def header_value(self) -> str:
        """What the header holds."""
        return f"Bearer {self._value}" if self.header.lower() == "authorization" else self._value

    def redacted(self, text: str) -> str:
        """``text`` without the key."""
        for form in self._forms:
            text = text.replace(form, f"[{self.variable}]")
        return text

    def redacted_bytes(self, body: bytes) -> bytes:
        """``body`` without the key, unless that is so short that it may be there by chance."""
        if len(self._value) < _LONG_ENOUGH:
            return body
        for form in self._forms:
            body = body.replace(form.encode(), f"[{self.variable}]".encode())
        # JSON may escape any character, and may be written in UTF-16.
        return self._redacted_json(body) if b"\\" in body or b"\0" in body else body

    def _redacted_json(self, body: bytes) -> bytes:
        try:
            text = json.dumps(json.loads(body), ensure_ascii=False)
        except (ValueError, RecursionError):
            return body
        clean = self.redacted(text)
        return body if clean == text else clean.encode("utf-8", "surrogatepass")

    def __repr__(self) -> str:
        return f"<key from {self.variable}>"

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: Mapping[int, Any]) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        raise WrongType("a key is not pickled: rebuild the box from its spec, with the key in the environment there.")


class LogFilter(logging.Filter):
    """Takes a key out of what httpx and httpcore log: the headers of an answer may repeat it."""

    def __init__(self, secret: Secret) -> None:
        super().__init__()
        self._secret = secret

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, without the key."""
        text = record.getMessage()
        clean = self._secret.redacted(text)
        if clean != text:
            record.msg, record.args = clean, ()
        return True

    def install(self) -> None:
        """Begin."""
        for name in _LOGGERS:
            logging.getLogger(name).addFilter(self)

    def remove(self) -> None:
        """End."""
        for name in _LOGGERS:
            logging.getLogger(name).removeFilter(self)


def looks_secret(name: str) -> bool:
    """Whether a header or a parameter of this name usually carries a secret: ``api_key``, ``X-Auth-Token``, ``sig``."""
    words = [word for word in re.split(r"[^a-z0-9]+", name.lower()) if word]
    if words == ["code"]:  # the key of a function on Azure; ``lang_code`` is none
        return True
    return bool(words) and (not _SECRET_WORDS.isdisjoint(words) or words[-1].endswith(_SECRET_ENDINGS))


def check_headers(headers: Any) -> dict[str, str]:
    """Headers that are sent with every request, none of which may be a secret.

    Raises:
        WrongType, InvalidArgument: for anything else. A value is never shown.
    """
    if not isinstance(headers, Mapping):
        raise WrongType(f"headers must be a table of names and texts, but it is a {type(headers).__name__}.")
    for name, value in headers.items():
        if not isinstance(name, str) or not _HEADER_NAME.fullmatch(name):
            raise InvalidArgument("headers must have names of letters, digits and hyphens; one has not.")
        if not isinstance(value, str) or not value.isascii() or not value.isprintable():
            raise InvalidArgument(f"the header {visible(name)} must hold printable ASCII text.")
        if looks_secret(name) or value.lower().startswith(_SCHEMES):
            raise InvalidArgument(
                f"the header {visible(name)} looks like a secret, which must not be written into code or a run. Put "
                f"it into an environment variable and pass key_env='ITS_NAME', key_header={visible(name)!r}."
            )
    return dict(headers)


def check_fields(document: Any) -> None:
    """Refuse a request's fields that hold a secret, such as ``{"api_key": "..."}``; the value is not shown."""
    for name, value in _fields(document):
        bare = re.sub(r"[^a-z]", "", str(name).lower())
        if bare in _SECRET_FIELDS and isinstance(value, str) and value and "{input" not in value:
            raise InvalidArgument(
                f"the field {visible(name)!r} of the request looks like a secret, which must not be written into code "
                "or a run. Services take it as a header: pass key_env= and key_header=."
            )


def _fields(document: Any) -> Iterable[tuple[Any, Any]]:
    pending = [document]
    while pending:
        part = pending.pop()
        if isinstance(part, Mapping):
            yield from part.items()
            pending.extend(part.values())
        elif isinstance(part, list | tuple):
            pending.extend(part)
