"""A person, and whoever else is on the machine, at the rating page: raw HTTP against a real server."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

import featviz as fv
from featviz.errors import BoxError, BoxTimeout, RowsFailed
from featviz.evaluation import Status

ROOT = Path(__file__).resolve().parents[2]
PICTURES = np.linspace(0.1, 0.9, 3, dtype=np.float32)[:, None, None, None] * np.ones((1, 4, 4, 1), dtype=np.float32)


class Desk:
    """A box that waits for answers, and ways to send what no page of ours would."""

    def __init__(self, box):
        self.box = box
        self.result = self.error = None
        self.thread = threading.Thread(target=self._ask, daemon=True)
        self.thread.start()
        until = time.monotonic() + 10
        while box.address is None and time.monotonic() < until:
            time.sleep(0.005)
        self.port = int(box.address.split("/")[2].split(":")[1])
        self.token = box.address.split("/")[3]
        self.origin = f"http://127.0.0.1:{self.port}"
        while self.thread.is_alive() and self.news()["state"] != "asking" and time.monotonic() < until:
            time.sleep(0.005)

    def _ask(self):
        try:
            self.result = self.box(PICTURES)
        except BaseException as error:  # noqa: BLE001  handed to the test
            self.error = error

    def send(self, method, path, body=None, headers=None, token=None, skip=()):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            sent = {"Host": f"127.0.0.1:{self.port}", **(headers or {})}
            connection.putrequest(method, f"/{token or self.token}/{path}", skip_host=True)
            if body is not None and "Content-Length" not in sent:
                sent["Content-Length"] = str(len(body))
            for name, value in sent.items():
                if name not in skip:
                    connection.putheader(name, value)
            connection.endheaders(body)
            response = connection.getresponse()
            content = response.read()
            if response.getheader("Content-Type", "").startswith("application/json") and content:
                content = json.loads(content)
            return response.status, content, response
        finally:
            connection.close()

    def post(self, what, value, headers=None, token=None, skip=()):
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        given = {"Origin": self.origin, "Content-Type": "application/json", **(headers or {})}
        return self.send("POST", what, body, given, token, skip)

    def news(self):
        status, content, _ = self.send("GET", "news")
        assert status == 200
        return content

    def finish(self):
        """Answers what is open with 4, and gives what the box returned."""
        for _ in range(50):
            news = self.news()
            if news["state"] != "asking":
                break
            assert self.post("answer", {"id": news["id"], "value": 4})[0] == 200
        self.thread.join(10)
        assert not self.thread.is_alive()
        if self.error is not None:
            raise self.error
        return self.result


@contextmanager
def asking(**options):
    """A desk with an open batch of three pictures, each rated 4 in the end."""
    with fv.human("How dark?", repeats=0, open_browser=False, **options) as box:
        yield Desk(box)


@pytest.fixture
def desk():
    with asking() as found:
        yield found
        # Whatever was tried, nothing was taken and nothing is broken.
        assert found.finish().tolist() == [[4.0], [4.0], [4.0]]


class TestWhoMayAsk:
    @pytest.mark.parametrize(
        "host",
        [
            "evil.example",
            "127.0.0.1",
            "127.0.0.1:1",
            "evil.example:{port}",
            "127.0.0.1.evil.example:{port}",
            "",
            "[::1]",
        ],
    )
    def test_a_wrong_host_header(self, desk, host):
        for method, path in (("GET", ""), ("GET", "news"), ("POST", "answer"), ("OPTIONS", "answer"), ("HEAD", "")):
            status, content, _ = desk.send(method, path, headers={"Host": host.format(port=desk.port)})
            assert status == 421
            assert desk.token not in str(content)

    def test_no_host_header_at_all(self, desk):
        assert desk.send("GET", "", skip=("Host",))[0] == 421

    def test_localhost_is_this_machine_too(self, desk):
        assert desk.send("GET", "", headers={"Host": f"localhost:{desk.port}"})[0] == 200

    @pytest.mark.parametrize("token", ["x", "{token}x", "..", "%2e%2e", "x/{token}"])
    def test_a_wrong_token(self, desk, token):
        wrong = token.format(token=desk.token)
        for path in ("", "news", "human.js", "answer"):
            assert desk.send("GET", path, token=wrong)[0] == 403
        news = desk.news()
        assert desk.post("answer", {"id": news["id"], "value": 4}, token=wrong)[0] == 403
        assert desk.news() == news

    def test_the_token_is_not_to_be_guessed_and_changes(self):
        tokens = set()
        for _ in range(3):
            with asking() as desk:
                tokens.add(desk.token)
                desk.finish()
        assert len(tokens) == 3
        assert all(len(token) >= 20 for token in tokens)

    @pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1:{port}", "http://127.0.0.1"])
    def test_another_origin(self, desk, origin):
        news = desk.news()
        for what in ("answer", "undo"):
            headers = {"Origin": origin.format(port=desk.port)}
            assert desk.post(what, {"id": news["id"], "value": 4}, headers)[0] == 403
        assert desk.news() == news

    def test_no_origin_and_a_request_from_another_site(self, desk):
        news = desk.news()
        body = {"id": news["id"], "value": 4}
        assert desk.post("answer", body, skip=("Origin",))[0] == 403
        assert desk.post("answer", body, {"Sec-Fetch-Site": "cross-site"})[0] == 403
        assert desk.post("answer", body, {"Content-Type": "text/plain"})[0] == 415
        assert desk.post("answer", body, {"Content-Type": "application/x-www-form-urlencoded"})[0] == 415
        assert desk.news() == news

    def test_other_machines_cannot_reach_it(self, desk):
        with socket.socket() as probe:
            probe.connect(("127.0.0.1", desk.port))
        # Only the loopback address is bound: another address of this very machine is refused.
        with socket.socket() as probe:
            probe.settimeout(2)
            with pytest.raises((ConnectionError, TimeoutError)):
                probe.connect(("127.0.0.2", desk.port))

    def test_no_header_lets_another_site_read(self, desk):
        for method, path in (("GET", ""), ("GET", "news"), ("OPTIONS", "answer")):
            headers = {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}
            _, _, response = desk.send(method, path, headers=headers)
            assert response.getheader("Access-Control-Allow-Origin") is None


class TestWhatMayBeAsked:
    def test_headers_of_every_answer(self, desk):
        for path in ("", "news", "human.css", "human.js", "icon.svg", "nothing"):
            status, _, response = desk.send("GET", path)
            assert status == (404 if path == "nothing" else 200)
            policy = response.getheader("Content-Security-Policy")
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert response.getheader("X-Content-Type-Options") == "nosniff"
            assert response.getheader("Referrer-Policy") == "no-referrer"
            assert response.getheader("Cache-Control") == "no-store"
            assert response.getheader("X-Frame-Options") == "DENY"
            assert "Python" not in response.getheader("Server")

    @pytest.mark.parametrize(
        "path",
        [
            "../server.py",
            "..%2fserver.py",
            "%2e%2e/server.py",
            "/etc/passwd",
            "assets/",
            "human.js/",
            "human.js%00.css",
        ],
    )
    def test_no_other_file_is_served(self, desk, path):
        status, content, _ = desk.send("GET", path)
        assert status == 404
        assert b"import" not in (content if isinstance(content, bytes) else json.dumps(content).encode())

    def test_head_and_options(self, desk):
        status, content, response = desk.send("HEAD", "")
        assert (status, content) == (200, b"")
        assert int(response.getheader("Content-Length")) > 1000
        assert desk.send("HEAD", "news?after=99999")[0] == 200  # and does not wait
        status, content, response = desk.send("OPTIONS", "answer")
        assert (status, content) == (204, b"")
        assert "POST" in response.getheader("Allow")

    @pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE"])
    def test_methods_that_mean_nothing(self, desk, method):
        status, _, response = desk.send(method, "answer")
        assert status == 405
        assert "POST" in response.getheader("Allow")

    def test_methods_in_the_wrong_place(self, desk):
        assert desk.send("GET", "answer")[0] == 405
        assert desk.post("news", {})[0] == 405
        assert desk.post("nothing", {})[0] == 404
        assert desk.send("BREW", "answer")[0] == 501

    @pytest.mark.parametrize("after", ["", "x", "-5", "1e3", "9" * 40, "٣"])
    def test_news_after_nonsense_come_at_once(self, desk, after):
        from urllib.parse import quote

        assert desk.send("GET", f"news?after={quote(after)}")[1]["state"] == "asking"


class TestWhatMayBeAnswered:
    @pytest.mark.parametrize(
        ("body", "status"),
        [
            (b"", 400),
            (b"{", 400),
            (b"[]", 400),
            (b"null", 400),
            (b"\xff\xfe", 400),
            (b"[" * 1900, 400),
            (b'{"value": 4}', 400),
            (b'{"id": 7, "value": 4}', 400),
            (b'{"id": "' + b"9" * 500 + b'", "value": 4}', 400),
            (b'{"id": "%s"}', 400),
            (b'{"id": "%s", "value": "4"}', 400),
            (b'{"id": "%s", "value": true}', 400),
            (b'{"id": "%s", "value": null}', 400),
            (b'{"id": "%s", "value": [4]}', 400),
            (b'{"id": "%s", "value": NaN}', 400),
            (b'{"id": "%s", "value": Infinity}', 400),
            (b'{"id": "%s", "value": 1e999}', 400),
            (b'{"id": "%s", "value": 1' + b"0" * 400 + b"}", 400),
            (b'{"id": "%s", "value": 0}', 400),
            (b'{"id": "%s", "value": 8}', 400),
            (b'{"id": "%s", "value": 3.5}', 400),
            (b'{"id": "9.9.9", "value": 4}', 404),
            (b'{"id": "1.0.0", "value": 4}', 404),
            (b'{"id": "__proto__", "value": 4}', 404),
            (b'{"id": "1.1.0\\u0000", "value": 4}', 404),
            (b"x" * 5000, 413),
        ],
    )
    def test_what_is_no_answer(self, desk, body, status):
        news = desk.news()
        sent = body.replace(b"%s", news["id"].encode())
        found, content, _ = desk.post("answer", sent)
        assert found == status
        assert content["error"]
        assert desk.news() == news

    @pytest.mark.parametrize(
        ("headers", "status"),
        [
            ({"Content-Length": "999999999999999999999"}, 413),
            ({"Content-Length": "-1"}, 411),
            ({"Content-Length": "x"}, 411),
            ({"Content-Length": "2", "Transfer-Encoding": "chunked"}, 411),
        ],
    )
    def test_lengths_that_lie(self, desk, headers, status):
        assert desk.post("answer", b"{}", headers)[0] == status

    def test_twice(self, desk):
        news = desk.news()
        assert desk.post("answer", {"id": news["id"], "value": 4})[0] == 200
        status, content, _ = desk.post("answer", {"id": news["id"], "value": 7})
        assert status == 409
        assert "already" in content["error"]

    def test_by_twenty_at_once(self, desk):
        news, found = desk.news(), []
        posts = [
            threading.Thread(target=lambda: found.append(desk.post("answer", {"id": news["id"], "value": 4})[0]))
            for _ in range(20)
        ]
        for post in posts:
            post.start()
        for post in posts:
            post.join(20)
        assert sorted(found) == [200] + [409] * 19
        assert desk.news()["done"] == 1

    def test_undo_and_an_answer_to_what_was_taken_back(self, desk):
        first = desk.news()
        assert desk.post("undo", {"id": first["id"]})[0] == 409  # nothing to take back
        second = desk.post("answer", {"id": first["id"], "value": 7})[1]
        assert desk.post("undo", {"id": first["id"]})[0] == 409  # not the open question
        again = desk.post("undo", {"id": second["id"]})[1]
        assert again["done"] == 0
        assert again["candidates"] == first["candidates"]
        # The second click of a double click, from before the undo.
        assert desk.post("answer", {"id": first["id"], "value": 7})[0] == 409
        assert desk.post("answer", {"id": second["id"], "value": 7})[0] == 409

    def test_late(self):
        with asking() as desk:
            old = desk.news()
            assert desk.finish().shape == (3, 1)
            assert desk.news()["state"] == "thinking"
            status, content, _ = desk.post("answer", {"id": old["id"], "value": 7})
            assert status == 410
            assert "too late" in content["error"]
            assert desk.post("undo", {"id": old["id"]})[0] == 410

    def test_an_answer_that_cannot_be_stored_does_not_count(self, tmp_path):
        folder = tmp_path / "kept"
        with asking(journal=folder / "j.jsonl") as desk:
            news = desk.news()
            (folder / "j.jsonl").rename(tmp_path / "away")
            (folder / "j.jsonl").mkdir()
            status, content, _ = desk.post("answer", {"id": news["id"], "value": 7})
            assert status == 500
            assert "cannot be written" in content["error"]
            (folder / "j.jsonl").rmdir()
            (tmp_path / "away").rename(folder / "j.jsonl")
            assert desk.finish().tolist() == [[4.0]] * 3


class TestWhoWastesTime:
    def test_someone_who_sends_nothing_keeps_nobody_out(self, desk):
        idle = [socket.create_connection(("127.0.0.1", desk.port)) for _ in range(30)]
        half = socket.create_connection(("127.0.0.1", desk.port))
        half.sendall(b"POST /" + desk.token.encode() + b"/answer HTTP/1.1\r\nHost: x\r\nContent-Le")
        began = time.monotonic()
        assert desk.news()["state"] == "asking"
        assert time.monotonic() - began < 5
        for connection in (*idle, half):
            connection.close()

    def test_more_connections_than_threads_are_turned_away_and_forgotten(self, desk):
        idle = [socket.create_connection(("127.0.0.1", desk.port)) for _ in range(100)]
        for connection in idle:
            connection.close()
        until = time.monotonic() + 10
        while time.monotonic() < until:
            try:
                assert desk.news()["state"] == "asking"
                break
            except (ConnectionError, http.client.HTTPException):
                time.sleep(0.05)
        else:
            pytest.fail("the page never came back")

    def test_an_endless_header(self, desk):
        with socket.create_connection(("127.0.0.1", desk.port), timeout=10) as connection:
            try:
                connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: " + b"y" * 100_000)
                assert b"431" in connection.recv(200)
            except ConnectionError:
                pass  # cut off in the middle of it, which is as good
        assert desk.news()["state"] == "asking"

    @pytest.mark.parametrize(
        "line", [b"\r\n\r\n", b"GET\r\n\r\n", b"\x16\x03\x01\x02\x00\r\n\r\n", b"GET x HTTP/9.9\r\n\r\n"]
    )
    def test_what_is_no_http(self, desk, line):
        with socket.create_connection(("127.0.0.1", desk.port), timeout=10) as connection:
            connection.sendall(line)
            connection.shutdown(socket.SHUT_WR)
            answer = connection.recv(4000)
        assert b"Traceback" not in answer
        assert b"Python" not in answer
        assert desk.news()["state"] == "asking"


class TestNobodyIsThere:
    def test_rows_that_nobody_answered_time_out_and_the_others_count(self):
        with fv.human("How dark?", repeats=0, open_browser=False, timeout=0.6) as box:
            desk = Desk(box)
            news = desk.news()
            assert desk.post("answer", {"id": news["id"], "value": 6})[0] == 200
            desk.thread.join(10)
            assert isinstance(desk.error, RowsFailed)
            assert all(isinstance(error, BoxTimeout) for error in desk.error.errors.values())
            assert np.isnan(desk.error.outputs).sum() == 2
            assert 6.0 in desk.error.outputs
            assert desk.post("answer", {"id": news["id"], "value": 6})[0] == 410

    def test_a_search_that_nobody_answers_says_so(self):
        space = fv.ImageSpace(4, 4)
        with (
            fv.human("How dark?", open_browser=False, timeout=0.05) as box,
            pytest.warns(fv.FeatvizWarning, match=r"nobody answered for 0\.05 s"),
        ):
            run = fv.search(space, fv.maximise(box), budget=6, batch_size=3, progress="none")
        assert run.failures == {Status.TIMEOUT.label: 6}

    def test_what_timed_out_goes_on_where_it_was(self):
        with fv.human("How dark?", repeats=0, open_browser=False, timeout=2) as box:
            desk = Desk(box)
            desk.post("answer", {"id": desk.news()["id"], "value": 4})
            desk.thread.join(10)
            box.begin_batch(0)  # the number of the first call
            again = Desk(box)
            assert again.news()["done"] == 1
            assert again.finish().tolist() == [[4.0]] * 3

    def test_a_port_that_is_taken(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            with fv.human("How dark?", open_browser=False, port=port) as box, pytest.raises(BoxError, match="another"):
                box(PICTURES)

    def test_without_a_screen_the_address_is_printed_and_no_browser_is_tried(self, monkeypatch, capsys):
        import webbrowser

        opened = []
        monkeypatch.setattr(webbrowser, "open", opened.append)
        for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setattr("sys.platform", "linux")
        with fv.human("How dark?", repeats=0) as box:
            desk = Desk(box)
            address = box.address
            desk.finish()
        assert address in capsys.readouterr().err
        assert opened == []
        monkeypatch.setenv("DISPLAY", ":0")
        with fv.human("How dark?", repeats=0) as box:
            desk = Desk(box)
            address = box.address
            desk.finish()
        assert opened == [address]

    def test_closing_serves_no_more_and_asking_again_opens_anew(self):
        with asking() as desk:
            desk.finish()
            first = desk.box.address
            desk.box.close()
            assert desk.box.address is None
            with pytest.raises(ConnectionRefusedError):
                desk.send("GET", "")
            desk.box.close()
            again = Desk(desk.box)
            assert desk.box.address != first
            assert again.finish().shape == (3, 1)


SCRIPT = """
import featviz as fv
space = fv.ImageSpace(4, 4)
box = fv.human("How dark?", space=space, repeats=0, open_browser=False)
run = fv.search(space, fv.maximise(box), budget=4, batch_size=4, out="run", progress="none")
print("scores", sorted(run.top(4)[i].score for i in range(4)))
"""


class Program:
    """A search in a process of its own; answers go to the address that it prints."""

    def __init__(self, folder):
        self.process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        line = next(line for line in self.process.stderr if "http://" in line)
        self.origin, self.token = re.search(r"(http://[^/]+)/([^/]+)/", line).groups()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()

    def call(self, path, body=None):
        headers = {"Origin": self.origin, "Content-Type": "application/json"} if body else {}
        data = json.dumps(body).encode() if body else None
        request = urllib.request.Request(f"{self.origin}/{self.token}/{path}", data, headers)
        with urllib.request.urlopen(request, timeout=10) as response:
            return json.load(response)

    def answer(self, value):
        """Rates what is open; returns it."""
        until = time.monotonic() + 10
        while (news := self.call("news"))["state"] != "asking" and time.monotonic() < until:
            time.sleep(0.01)
        self.call("answer", {"id": news["id"], "value": value})
        return news["candidates"][0]


@pytest.mark.slow
@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGKILL])
def test_stopped_in_the_first_batch_and_taken_up_by_another_process(stop, tmp_path):
    with Program(tmp_path) as first:
        asked = [first.answer(value) for value in (1, 2, 3)]
        first.process.send_signal(stop)
        _, said = first.process.communicate(timeout=20)
        assert ("KeyboardInterrupt" in said) == (stop == signal.SIGINT)
        assert first.process.returncode != 0
    with Program(tmp_path) as second:
        asked.append(second.answer(4))
        out, said = second.process.communicate(timeout=20)
    assert out == "scores [1.0, 2.0, 3.0, 4.0]\n", said
    assert len(set(asked)) == 4


class TestWhatCannotBeShown:
    @pytest.mark.parametrize("render", [lambda x: 1 / 0, lambda x: "text", lambda x: ["text"], lambda x: None])
    def test_a_render_that_fails_ends_the_search(self, render):
        with fv.human("How dark?", render=render, open_browser=False) as box:
            with pytest.raises(BoxError, match="render"):
                box(PICTURES)
            assert box.address is None
