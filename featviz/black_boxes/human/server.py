"""The server of the rating page: this machine only, one secret address, and nothing but the desk behind it.

- It listens on 127.0.0.1. A request must name that host (or localhost) and port in ``Host``: a page elsewhere whose
  name is made to point here ("DNS rebinding") does not.
- Every path begins with a random token. A POST must besides come from the page itself: its ``Origin`` must be this
  server, and its type JSON, which no form of another site can send.
- Nothing is read from the disk but three files by name; bodies, headers and the time for them are bounded.
"""

import hmac
import json
import math
import secrets
import threading
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from featviz.black_boxes.human.desk import Desk, Refused
from featviz.black_boxes.human.pages import FILES
from featviz.errors import BoxError, StorageError
from featviz.text import first_line

__all__ = ["DeskServer"]

_HOST = "127.0.0.1"
_MOST_BYTES = 2_000
_SECONDS = 10.0
# How long a page's request for news may stay open.
_NEWS_SECONDS = 20.0
_MOST_CONNECTIONS = 64
_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_ALLOWED = "GET, HEAD, POST, OPTIONS"


class DeskServer:
    """Serves a desk until it is closed.

    Args:
        desk: what is served.
        page: the frame of the page.
        port: the port, or 0 for a free one.

    Raises:
        BoxError: when the port cannot be had.
    """

    def __init__(self, desk: Desk, page: bytes, port: int = 0) -> None:
        self.token = secrets.token_urlsafe(18)
        desk_server = self

        class Handler(_Handler):
            served = desk_server

        try:
            self._server = _Server((_HOST, port), Handler)
        except (OSError, OverflowError) as error:
            raise BoxError(
                f"the rating page cannot be opened on port {port}: {first_line(error)}. Choose another port, or 0 for "
                "any that is free."
            ) from error
        self.desk, self.page = desk, page
        # When a page last asked for news, and whether one was told that there will be no more.
        self.heard = -math.inf
        self.told = False
        self.port: int = self._server.server_address[1]
        self.hosts = frozenset({f"{_HOST}:{self.port}", f"localhost:{self.port}"})
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.1,), name="featviz-human", daemon=True
        )
        self._thread.start()

    @property
    def address(self) -> str:
        """The address of the page, its secret included."""
        return f"http://{_HOST}:{self.port}/{self.token}/"

    def close(self, patience: float = 2.0) -> None:
        """Stop. A page that is open has so many seconds to hear of it: between two questions it asks again at once."""
        until = time.monotonic() + patience
        open_page = time.monotonic() - self.heard < 2 * _NEWS_SECONDS
        while (self._server.busy or (open_page and not self.told)) and time.monotonic() < until:
            time.sleep(0.01)
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(patience)


class _Server(ThreadingHTTPServer):
    """A server with a bound on its threads, that keeps quiet about broken connections."""

    daemon_threads = True
    # Connections that wait to be taken; with the usual 5 a burst of them would keep the person out for seconds.
    request_queue_size = _MOST_CONNECTIONS
    # A second server on the same port would take the first one's requests on some systems.
    allow_reuse_port = False
    block_on_close = False

    def __init__(self, *args: Any) -> None:
        self._slots = threading.BoundedSemaphore(_MOST_CONNECTIONS)
        self._count = threading.Lock()
        self.busy = 0
        super().__init__(*args)

    def process_request(self, request: Any, client_address: Any) -> None:
        """A thread for the request, or no answer when there are too many."""
        if not self._slots.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """In the thread."""
        with self._count:
            self.busy += 1
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._count:
                self.busy -= 1
            self._slots.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that went away is no error of ours."""


class _Handler(BaseHTTPRequestHandler):
    """One request. HTTP/1.0: the connection is closed behind each, so that no state is left between two."""

    served: DeskServer
    timeout = _SECONDS
    server_version = "featviz"
    sys_version = ""

    def do_GET(self) -> None:
        """The page, its files, and the news."""
        self._serve(self._get)

    def do_HEAD(self) -> None:
        """As GET, without the body."""
        self._serve(self._get)

    def do_POST(self) -> None:
        """An answer, or one taken back."""
        self._serve(self._post)

    def do_OPTIONS(self) -> None:
        """What may be sent; nothing is allowed to other origins."""
        self._serve(self._options)

    def _refuse_method(self) -> None:
        self._serve(self._other)

    do_PUT = do_PATCH = do_DELETE = do_TRACE = do_CONNECT = _refuse_method  # noqa: N815  named by http.server

    def version_string(self) -> str:
        """No word about Python's version."""
        return self.server_version

    def log_message(self, *_: Any) -> None:
        """Nothing is logged: the token stands in every path."""

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """What the base class refuses (a malformed request, a header that is too long), as plain text."""
        self._send(code, "text/plain", f"{HTTPStatus(code).phrase}\n".encode())

    # -- routes --------------------------------------------------------------------------------------------------

    def _serve(self, respond: Any) -> None:
        try:
            self._check_host()
            respond(self._route())
        except Refused as refused:
            self._send_json(refused.status, {"error": refused.reason})
        except StorageError as error:
            self._send_json(500, {"error": first_line(error)})
        except (TimeoutError, ConnectionError):
            self.close_connection = True

    def _check_host(self) -> None:
        hosts = self.headers.get_all("Host") or []
        if len(hosts) != 1 or hosts[0].lower() not in self.served.hosts:
            raise Refused(421, "This server answers to 127.0.0.1 and localhost only.")

    def _route(self) -> str:
        """The path behind the token."""
        parts = urlsplit(self.path) if self.path.startswith("/") else urlsplit("")
        token, slash, rest = parts.path[1:].partition("/")
        if not hmac.compare_digest(token.encode("utf-8", "replace"), self.served.token.encode()):
            raise Refused(403, "This is not the address of the page: open the one that featviz printed last.")
        if not slash:
            raise Refused(404, "There is a slash missing at the end of the address.")
        return rest

    def _get(self, path: str) -> None:
        if not path:
            self._send(200, "text/html", self.served.page)
        elif path == "news":
            self._send_json(200, self._news())
        elif path in FILES:
            kind, parts = FILES[path]
            self._send(200, kind, b"".join(part.read_bytes() for part in parts))
        elif path in {"answer", "undo"}:
            self._send_json(405, {"error": "Send this by POST."}, Allow="POST, OPTIONS")
        else:
            raise Refused(404, "There is no such page.")

    def _news(self) -> dict[str, Any]:
        known = parse_qs(urlsplit(self.path).query).get("after", [""])[-1]
        if self.command == "HEAD" or not (known.isascii() and known.isdigit() and len(known) < 12):
            view = self.served.desk.view()
        else:
            self.served.heard = time.monotonic()
            view = self.served.desk.wait(int(known), _NEWS_SECONDS)
            self.served.heard = time.monotonic()
        self.served.told = view["state"] in {"finished", "stopped"}
        return view

    def _post(self, path: str) -> None:
        if path not in {"answer", "undo"}:
            raise Refused(404 if path not in {"", "news", *FILES} else 405, "Nothing can be sent there.")
        origins = self.headers.get_all("Origin") or []
        if len(origins) != 1 or origins[0].lower() not in {f"http://{host}" for host in self.served.hosts}:
            raise Refused(403, "Answers are taken from the page itself only.")
        if self.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
            raise Refused(403, "Answers are taken from the page itself only.")
        body = self._body()
        question = body.get("id")
        if not isinstance(question, str) or len(question) > 100:
            raise Refused(400, "An answer names its question.")
        if path == "undo":
            self._send_json(200, self.served.desk.undo(question))
            return
        value = body.get("value")
        if isinstance(value, bool) or not isinstance(value, int | float) or not _is_plain(value):
            raise Refused(400, "An answer is a number.")
        self._send_json(200, self.served.desk.answer(question, float(value)))

    def _body(self) -> dict[str, Any]:
        if self.headers.get_content_type() != "application/json":
            raise Refused(415, "Send JSON.")
        length = self.headers.get("Content-Length", "")
        if self.headers.get("Transfer-Encoding") or not (length.isascii() and length.isdigit()):
            raise Refused(411, "Say how long the answer is.")
        if len(length) > 9 or int(length) > _MOST_BYTES:
            raise Refused(413, f"An answer has at most {_MOST_BYTES} bytes.")
        raw = self.rfile.read(int(length))
        try:
            body = json.loads(raw)
        except (ValueError, RecursionError):
            raise Refused(400, "That is not JSON.") from None
        if not isinstance(body, dict):
            raise Refused(400, "Send an object.")
        return body

    def _options(self, path: str) -> None:  # noqa: ARG002  the same everywhere
        self._send(204, "text/plain", b"", Allow=_ALLOWED)

    def _other(self, path: str) -> None:  # noqa: ARG002  the same everywhere
        self._send_json(405, {"error": f"{self.command} means nothing here."}, Allow=_ALLOWED)

    def _send_json(self, status: int, value: dict[str, Any], **headers: str) -> None:
        self._send(status, "application/json", json.dumps(value).encode(), **headers)

    def _send(self, status: int, kind: str, content: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, header in {**_HEADERS, **headers}.items():
            self.send_header(name, header)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


def _is_plain(value: float) -> bool:
    """Whether ``value`` is a number that a float can be: JSON of Python's takes NaN and whole numbers of any size."""
    return math.isfinite(value) if isinstance(value, float) else abs(value) < 1e9
