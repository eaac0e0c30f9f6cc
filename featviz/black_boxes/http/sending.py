"""One attempt at one request, within a deadline and a limit on the size of the answer, whatever the service does."""

import asyncio
import ssl
import zlib
from dataclasses import dataclass
from typing import Any

from featviz.black_boxes.http.addresses import redirected, without_query
from featviz.black_boxes.http.messages import Question, Reply
from featviz.black_boxes.http.secrets import Secret
from featviz.black_boxes.http.spending import Spending
from featviz.errors import BoxError, BoxTimeout, BoxUnavailable, RequestFailed
from featviz.text import visible

__all__ = ["Attempt", "Failed", "attempt"]

_MAX_REDIRECTS = 5
# A 301 or 302 to the same service is a slash too few; a 303 asks for another question to be put.
_REDIRECTS = frozenset({301, 302, 307, 308})
_GZIP_OR_ZLIB = 47  # zlib's window bits: 15, and 32 to tell the two apart


@dataclass(frozen=True)
class Failed:
    """An attempt without an answer.

    Args:
        error: what happened.
        again: whether to try once more: the connection failed, which says nothing about the request.
        about_input: whether another input might get an answer.
    """

    error: Exception
    again: bool
    about_input: bool


@dataclass(frozen=True)
class Attempt:
    """How requests are sent.

    Args:
        client: an ``httpx.AsyncClient`` that follows no redirects.
        timeout: seconds from sending a request to the last byte of its answer.
        max_bytes: the most bytes of an answer, decompressed.
        secret: the key that the client sends, to be taken out of answers.
        spending: where bytes are counted.
    """

    client: Any
    timeout: float
    max_bytes: int
    secret: Secret | None
    spending: Spending


async def attempt(how: Attempt, question: Question) -> Reply | Failed:
    """The answer to ``question``, or why there is none.

    Raises:
        BoxError: for a redirect that is not followed. Nothing else: an exception of the client holds the request, and
            with it the key, so it ends here.
    """
    import httpx  # noqa: PLC0415  optional, and slow to import

    try:
        # One deadline for all of it. httpx's own time-outs begin anew with every byte that comes.
        async with asyncio.timeout(how.timeout):
            return await _exchange(how, question)
    except TimeoutError:
        error = BoxTimeout(f"{without_query(question.url)} gave no answer within timeout={how.timeout:g} s.")
        return Failed(error, again=False, about_input=True)
    except _BadBody as bad:
        error_of_body = RequestFailed(f"{without_query(question.url)}: {bad}")
        return Failed(error_of_body, again=False, about_input=bad.about_input)
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as failed:
        return _unreachable(question, failed, how.secret)
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError) as failed:
        reason = _reason(failed, how.secret)
        broken = RequestFailed(f"{without_query(question.url)} broke off before it had answered: {reason}")
        # A service may fall over an input, so the input is not cleared of it.
        return Failed(broken, again=True, about_input=True)


class _BadBody(Exception):
    """The body of an answer cannot be read."""

    def __init__(self, message: str, *, about_input: bool) -> None:
        super().__init__(message)
        self.about_input = about_input


async def _exchange(how: Attempt, question: Question) -> Reply:
    url = question.url
    for _ in range(_MAX_REDIRECTS + 1):
        request = how.client.build_request(question.method, url, content=question.body, headers=dict(question.headers))
        response = await how.client.send(request, stream=True)
        try:
            location = response.headers.get("location")
            if not 300 <= response.status_code < 400:
                headers = {name.lower(): _clean(value, how.secret) for name, value in response.headers.items()}
                return Reply(response.status_code, headers, await _body(how, response))
        finally:
            await response.aclose()
        if response.status_code not in _REDIRECTS or location is None:
            here = _clean(without_query(url), how.secret)  # one that it redirected to may hold the key
            raise BoxError(f"{here} answered with HTTP {response.status_code}, which is no answer.")
        try:
            url = redirected(url, location)
        except BoxError as error:  # the address may hold the key
            raise BoxError(_clean(str(error), how.secret)) from None
    raise BoxError(f"{without_query(question.url)} redirects more than {_MAX_REDIRECTS} times. Is its address right?")


async def _body(how: Attempt, response: Any) -> bytes:
    encoding = response.headers.get("content-encoding", "").strip().lower()
    if encoding not in {"", "identity", "gzip", "x-gzip", "deflate"}:
        # Another name is not shown: a header may repeat the key, in other letters.
        name = encoding if encoding in {"br", "compress", "zstd"} else "something else"
        raise _BadBody(f"the answer is compressed as {name}, unasked.", about_input=False)
    decoder = None if encoding in {"", "identity"} else zlib.decompressobj(_GZIP_OR_ZLIB)
    too_large = f"the answer is larger than max_answer_bytes={how.max_bytes:,}"
    parts: list[bytes] = []
    size = 0
    async for chunk in response.aiter_raw():
        how.spending.add("bytes_received", len(chunk))
        if decoder is not None and decoder.eof:
            # zlib would keep all that still comes, and copy it each time.
            raise _BadBody("the answer goes on behind its compressed data.", about_input=False)
        try:
            # Never more than one byte too many: a kilobyte may hold a megabyte of zeros.
            part = chunk if decoder is None else decoder.decompress(chunk, how.max_bytes - size + 1)
        except zlib.error:
            raise _BadBody(f"the answer is not {visible(encoding, 40)}, as it says.", about_input=False) from None
        size += len(part)
        if size > how.max_bytes:
            came = "" if decoder is None else ", decompressed"
            raise _BadBody(f"{too_large}{came}. Ask for fewer inputs at a time with max_batch=.", about_input=True)
        parts.append(part)
    if decoder is not None and size and not decoder.eof:
        raise _BadBody("the answer ends in the middle of its compressed data.", about_input=False)
    body = b"".join(parts)
    return body if how.secret is None else how.secret.redacted_bytes(body)


def _unreachable(question: Question, error: Exception, secret: Secret | None) -> Failed:
    where = without_query(question.url)
    if _is_certificate(error):
        return Failed(
            BoxUnavailable(
                f"{where} has a certificate that is not trusted: {_reason(error, secret)}. Certificates are always "
                "checked; for one of your own authority set SSL_CERT_FILE to its file."
            ),
            again=False,
            about_input=False,
        )
    message = f"{where} cannot be reached: {_reason(error, secret)}. Is it running, and is the address right?"
    return Failed(BoxUnavailable(message), again=True, about_input=False)


def _is_certificate(error: BaseException | None) -> bool:
    seen = 0
    while error is not None and seen < 10:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error, seen = error.__cause__ or error.__context__, seen + 1
    return False


def _reason(error: Exception, secret: Secret | None) -> str:
    text = _clean(str(error), secret).strip()
    return f"{type(error).__name__}: {visible(text, 200).rstrip('.')}" if text else type(error).__name__


def _clean(text: str, secret: Secret | None) -> str:
    return text if secret is None else secret.redacted(text)
