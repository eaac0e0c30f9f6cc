"""The client of a box: many requests side by side, tried again where that helps, within what may be spent."""

import asyncio
import email.utils
import math
import ssl
import time
import weakref
from collections.abc import Generator, Sequence
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, NoReturn

from featviz.black_boxes.http.addresses import is_loopback, without_query
from featviz.black_boxes.http.background import background_loop, run_in_background
from featviz.black_boxes.http.messages import Question, Reply, Trouble, said
from featviz.black_boxes.http.options import SendingOptions
from featviz.black_boxes.http.secrets import LogFilter, Secret
from featviz.black_boxes.http.sending import Attempt, Failed, attempt
from featviz.errors import BoxError, BoxTimeout, BoxUnavailable, MissingDependency, RequestFailed, WrongType
from featviz.version import VERSION

__all__ = ["HttpClient"]

# These say that an input, or the batch that holds it, is not to the service's taste.
_ABOUT_INPUT = frozenset({400, 413, 422})
_ABOUT_ACCESS = frozenset({401, 403, 407})
_LATER = frozenset({408, 425, 429})
_SLOW_DOWN = frozenset({429, 503})
# Nobody answers a knock: that ends a run, where a slow answer costs an input. So it has to be noticed first.
_CONNECT_SECONDS, _CONNECT_SHARE = 10.0, 0.8


class HttpClient:
    """Sends requests over connections that stay open, on the background loop.

    Args:
        url: where questions will go; what is needed for it depends on that.
        options: how.
        secret: the key to send, if any.
    """

    def __init__(self, url: str, options: SendingOptions, secret: Secret | None) -> None:
        try:
            import httpx  # noqa: F401, PLC0415  optional, and slow to import
        except ImportError as error:
            raise MissingDependency(
                "a service is asked with httpx, which is not installed. Install it: pip install 'featviz[http]'"
            ) from error
        self.spending = options.spending()
        self._options = options
        self._secret = secret
        self._use_proxies = options.trust_env and not is_loopback(url)
        # The list of authorities takes 0.1 s to read, and is needed where there may be a certificate.
        self._encrypted = self._use_proxies or url[:6].lower() == "https:"
        self._open: tuple[asyncio.AbstractEventLoop, Any, asyncio.Semaphore] | None = None
        if secret is not None:
            log_filter = LogFilter(secret)
            log_filter.install()
            weakref.finalize(self, log_filter.remove)

    def ask(self, questions: Sequence[Question], retries: int | None = None) -> list[Reply | Trouble]:
        """Each question's answer, or what came of it, in their order.

        Args:
            questions: the requests.
            retries: instead of the client's own.

        Raises:
            BoxUnavailable: when the service cannot be reached, lets nobody in, or asks to be left alone for too long.
            BoxBudgetSpent: when what is left does not pay for all of them. None was sent then.
            BoxError: for an address with nothing behind it, and a redirect that is not followed.
        """
        self.spending.require(len(questions))
        return run_in_background(
            self._ask(questions, self._options.retries if retries is None else min(retries, self._options.retries))
        )

    def ask_once(self, question: Question) -> Reply | Trouble:
        """One question, without trying again."""
        return self.ask([question], retries=0)[0]

    def count_tokens(self, document: Any) -> None:
        """Enter the tokens that an answer tells of."""
        self.spending.count_tokens(document)

    def close(self) -> None:
        """Close the connections. The next question opens them anew."""
        if self._open is None:
            return
        loop, client, _ = self._open
        self._open = None
        if loop is background_loop():
            run_in_background(client.aclose())

    def clean(self, text: str) -> str:
        """``text`` without the key."""
        return text if self._secret is None else self._secret.redacted(text)

    def __reduce__(self) -> NoReturn:
        raise WrongType(
            "a black box that asks a service is not pickled: rebuild it from its spec() where it is needed."
        )

    async def _ask(self, questions: Sequence[Question], retries: int) -> list[Reply | Trouble]:
        tasks = [asyncio.ensure_future(self._persist(question, retries)) for question in questions]
        try:
            return list(await asyncio.gather(*tasks))
        except BaseException:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            raise

    async def _persist(self, question: Question, retries: int) -> Reply | Trouble:
        """Send a question until it is answered, or nothing more is to be tried."""
        client, slots = self._connections()
        how = Attempt(client, self._options.timeout, self._options.max_answer_bytes, self._secret, self.spending)
        async with slots:  # also while waiting, so that a service that is overrun gets fewer requests
            for tried in range(retries + 1):
                self.spending.take(len(question.body or b""))
                outcome = await attempt(how, question)
                if not self._is_worth_another(outcome) or tried == retries:
                    break
                self.spending.add("retries", 1)
                await self._wait(question, outcome, tried)
        return self._verdict(question, outcome)

    def _is_worth_another(self, outcome: Reply | Failed) -> bool:
        if isinstance(outcome, Failed):
            return outcome.again
        return outcome.status in _LATER or outcome.status >= 500

    async def _wait(self, question: Question, outcome: Reply | Failed, tried: int) -> None:
        seconds = min(self._options.backoff * 2.0**tried, self._options.max_wait)
        if isinstance(outcome, Reply):
            wanted = _retry_after(outcome.headers.get("retry-after", ""))
            if wanted > self._options.max_wait:
                raise BoxUnavailable(
                    f"{without_query(question.url)} answered with HTTP {outcome.status} and asks to be left alone for "
                    f"{wanted:,.0f} s, more than max_wait={self._options.max_wait:g}: {self.clean(said(outcome))}. "
                    "Resume the run later, or pass a longer max_wait."
                )
            seconds = max(seconds, wanted)
        self.spending.add("seconds_waited", seconds)
        await asyncio.sleep(seconds)

    def _verdict(self, question: Question, outcome: Reply | Failed) -> Reply | Trouble:
        where = without_query(question.url)
        if isinstance(outcome, Failed):
            if isinstance(outcome.error, BoxError):
                raise outcome.error
            return Trouble(outcome.error, outcome.about_input)
        if 200 <= outcome.status < 300:
            return outcome
        happened = f"{where} answered with HTTP {outcome.status}: {self.clean(said(outcome))}"
        if outcome.status in _ABOUT_ACCESS:
            raise BoxUnavailable(f"{happened}. {self._access_hint()}")
        if outcome.status == 429:
            raise BoxUnavailable(
                f"{happened}. It still says so after {self._options.retries} retries; resume the run later."
            )
        if outcome.status == 408:
            return Trouble(BoxTimeout(happened), about_input=True)
        if outcome.status in _ABOUT_INPUT or outcome.status >= 500:
            # 500 is what many services answer to an input that their model chokes on; 502 to 504 are never that.
            return Trouble(RequestFailed(happened), outcome.status in _ABOUT_INPUT or outcome.status == 500)
        raise BoxError(f"{happened.rstrip('.')}. Is the address right, and protocol= what is spoken there?")

    def _access_hint(self) -> str:
        if self._secret is None:
            return "It may want a key: put it into an environment variable and pass key_env= with its name."
        return f"Is the key in {self._secret.variable} the right one, and {self._secret.header} the header for it?"

    def _connections(self) -> tuple[Any, asyncio.Semaphore]:
        """The ``httpx.AsyncClient``, and the slots for requests."""
        loop = asyncio.get_running_loop()
        if self._open is None or self._open[0] is not loop:  # another loop: this process was forked
            client = self._new_client()
            self._open = (loop, client, asyncio.Semaphore(self._options.concurrency))
            weakref.finalize(self, _close_later, loop, client).atexit = False
        return self._open[1], self._open[2]

    def _new_client(self) -> Any:
        import httpx  # noqa: PLC0415  optional, and slow to import

        try:
            return httpx.AsyncClient(
                auth=None if self._secret is None else _auth(self._secret),
                headers={"User-Agent": f"featviz/{VERSION}", "Accept-Encoding": "gzip", **self._options.headers},
                # No cookies: what is answered depends on what is asked, not on what was asked before.
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
                # The rest of the deadline is kept by whoever sends.
                timeout=httpx.Timeout(None, connect=min(_CONNECT_SECONDS, _CONNECT_SHARE * self._options.timeout)),
                limits=httpx.Limits(
                    max_connections=self._options.concurrency, max_keepalive_connections=self._options.concurrency
                ),
                # One without authorities trusts no certificate at all.
                verify=httpx.create_ssl_context() if self._encrypted else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
                trust_env=self._use_proxies,
                follow_redirects=False,
            )
        except (ValueError, OSError, httpx.InvalidURL) as error:
            # The message may hold the address of a proxy, and that a password.
            kind = type(error).__name__
        raise BoxUnavailable(
            f"no client can be made ({kind}). Do HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, SSL_CERT_FILE and SSL_CERT_DIR in "
            "the environment hold what they should?"
        )


def _close_later(loop: asyncio.AbstractEventLoop, client: Any) -> None:
    """Close the connections of a box that nobody has any more, without waiting."""
    if loop is background_loop():
        asyncio.run_coroutine_threadsafe(client.aclose(), loop)


def _auth(secret: Secret) -> Any:
    """What adds the key to a request at the last moment, so that no table of headers holds it."""
    import httpx  # noqa: PLC0415  optional, and slow to import

    class Key(httpx.Auth):
        def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
            request.headers[secret.header] = secret.header_value()
            yield request

    return Key()


def _retry_after(text: str) -> float:
    """Seconds that ``Retry-After`` asks for: a number or a date; 0 for what is neither."""
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(text).timestamp() - time.time()
        except (ValueError, TypeError, OverflowError):
            return 0.0
    return 0.0 if math.isnan(seconds) else max(seconds, 0.0)
