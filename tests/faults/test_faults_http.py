"""Services that misbehave: what a search loses, what it says, and that no key is ever seen."""

import contextlib
import copy
import gzip
import io
import logging
import pickle  # noqa: TID251  what must not be pickled is tried
import socket
import time
import traceback
import tracemalloc
import zlib
from urllib.parse import quote

import numpy as np
import pytest
from http_services import DIGITS, Answer, OpenAi, closed_port, open_inference, serving

import featviz as fv
from featviz.black_boxes import box_from_spec
from featviz.black_boxes.http import client as client_module
from featviz.errors import (
    BoxBudgetSpent,
    BoxError,
    BoxTimeout,
    BoxUnavailable,
    FailureBudgetExceeded,
    FeatvizError,
    FeatvizWarning,
    InvalidArgument,
    RequestFailed,
    RowsFailed,
    RunMismatch,
)

# Two keys like real ones: with what JSON and addresses escape, and what they do not.
KEYS = ("sk-T0pS3cret/abc+def==", "tok_0123456789abcdef")
KEY = KEYS[0]
FAST = {"timeout": 1.0, "retries": 2, "backoff": 0.01, "max_wait": 0.2}
SCORES = {"request": {"x": "{inputs}"}, "answer": "scores"}


def means(request):
    return Answer(document={"scores": [float(np.mean(row)) for row in request.json["x"]]})


def box_at(url, **options):
    return fv.black_box(url + "/score", **{**FAST, **SCORES, **options})


def batch(n=4):
    return np.arange(n * 6, dtype=float).reshape(n, 6)


def error_of(box, inputs=None):
    """The error that a batch ends with; where every input failed, that of the first."""
    with pytest.raises(FeatvizError) as caught:
        box(batch() if inputs is None else inputs)
    error = caught.value
    return error.errors[0] if isinstance(error, RowsFailed) else error


def found_by(box, space=None, **options):
    return fv.search(
        space or fv.TimeSeriesSpace(6), fv.maximise(box, box.outputs[0]), budget=60, seed=0, progress="none", **options
    )


class TestNobodyThere:
    def test_a_refused_connection_ends_the_run_after_retries(self):
        box = box_at(closed_port())
        error = error_of(box)
        assert isinstance(error, BoxUnavailable)
        assert "cannot be reached" in str(error)
        assert "Is it running" in str(error)
        assert (box.usage()["requests"], box.usage()["retries"]) == (3, 2)

    def test_a_name_that_does_not_exist(self):
        error = error_of(box_at("http://no-such-host.invalid", timeout=5, retries=0))
        assert isinstance(error, BoxUnavailable)
        assert "no-such-host.invalid" in str(error)

    def test_a_host_that_does_not_even_refuse(self):
        with contextlib.ExitStack() as stack:
            # A queue that is full: further knocks are left unanswered.
            listening = stack.enter_context(socket.socket())
            listening.bind(("127.0.0.1", 0))
            listening.listen(0)
            for _ in range(4):
                waiting = stack.enter_context(socket.socket())
                waiting.setblocking(False)
                waiting.connect_ex(listening.getsockname())
            url = f"http://127.0.0.1:{listening.getsockname()[1]}"
            error = error_of(box_at(url, timeout=0.4, retries=1))
        assert isinstance(error, BoxUnavailable)
        assert "ConnectTimeout" in str(error)

    def test_a_service_that_stops_in_the_middle_leaves_a_run_to_resume(self, tmp_path):
        def stops(request):
            if len(service.requests) < 4:
                return means(request)
            service.stop()
            return lambda out: None

        with serving(stops) as service, pytest.raises(BoxUnavailable, match="cannot be reached"):
            found_by(box_at(service.url), out=tmp_path / "run", batch_size=10)
        assert 10 <= fv.load(tmp_path / "run").evaluations < 60

    def test_connections_that_drop_every_time_end_the_run(self):
        with (
            serving(lambda request: lambda out: None) as service,
            pytest.raises(FailureBudgetExceeded, match="broke off"),
        ):
            found_by(box_at(service.url, retries=0))

    def test_a_run_is_resumed_when_the_service_is_back(self, tmp_path):
        working = []

        def sometimes(request):
            working.append(request)
            return means(request) if len(working) != 4 else Answer(401, {"error": "who are you?"})

        with serving(sometimes) as service:
            with pytest.raises(BoxUnavailable, match="HTTP 401"):
                found_by(box_at(service.url), out=tmp_path / "run", batch_size=10)
            assert 10 <= fv.load(tmp_path / "run").evaluations < 60
            run = found_by(box_at(service.url), out=tmp_path / "run", batch_size=10)
            whole = found_by(box_at(service.url), batch_size=10)
        assert run.evaluations == 60
        assert run.best.score == whole.best.score

    @pytest.mark.parametrize("status", [401, 403, 404, 402, 410])
    def test_what_is_not_about_an_input_ends_the_run_at_once(self, status):
        with serving(lambda request: Answer(status, {"error": {"message": "no such thing for you"}})) as service:
            error = error_of(box_at(service.url))
            assert isinstance(error, BoxError)
            assert f"HTTP {status}: no such thing for you" in str(error)
            assert len(service.requests) == 1


class TestRedirects:
    @pytest.mark.parametrize(
        "target",
        [
            "file:///etc/passwd",
            "http://127.0.0.2:1/score",
            "https://example.org/score?token=abc123",
            "//example.org/",
            "ftp://127.0.0.1/",
            "http://user:pw@127.0.0.1/",
            "http://[broken",
            "https://127.0.0.1/score",
        ],
    )
    @pytest.mark.parametrize("status", [302, 307])
    def test_elsewhere_is_refused(self, target, status, monkeypatch):
        monkeypatch.setenv("KEY_FOR_TEST", KEY)
        with serving(lambda request: Answer(status, {}, headers={"Location": target})) as service:
            error = error_of(box_at(service.url, key_env="KEY_FOR_TEST"))
        assert isinstance(error, BoxError)
        assert "redirects to" in str(error)
        assert "abc123" not in str(error)
        assert len(service.requests) == 1

    @pytest.mark.parametrize("written", [str, quote, lambda key: quote(key, safe="")])
    @pytest.mark.parametrize("there", ["http://elsewhere.invalid/login/{}", "/login/{}"])
    def test_a_key_in_the_address_is_not_shown(self, written, there, monkeypatch, caplog):
        monkeypatch.setenv("KEY_FOR_TEST", KEY)
        target = there.format(written(KEY))

        def moved(request):
            return Answer(302 if request.path == "/score" else 304, {}, headers={"Location": target})

        caplog.set_level(logging.DEBUG)
        with serving(moved) as service:
            error = error_of(box_at(service.url, key_env="KEY_FOR_TEST"))
        shown = "".join(traceback.format_exception(error)) + caplog.text
        assert "[KEY_FOR_TEST]" in str(error)
        assert not any(form in shown for form in (KEY, quote(KEY), quote(KEY, safe="")))

    def test_a_key_as_the_name_of_a_compression_is_not_shown(self, monkeypatch):
        monkeypatch.setenv("KEY_FOR_TEST", KEY)
        with serving(lambda request: Answer(200, {}, headers={"Content-Encoding": KEY})) as service:
            error = error_of(box_at(service.url, key_env="KEY_FOR_TEST"))
        assert "compressed as something else" in str(error)
        assert KEY.lower() not in str(error).lower()

    def test_another_port_of_the_host_gets_neither_request_nor_key(self, monkeypatch):
        monkeypatch.setenv("KEY_FOR_TEST", KEY)
        with serving(means) as other:
            away = Answer(302, {}, headers={"Location": other.url + "/score"})
            with serving(lambda request: away) as service:
                error = error_of(box_at(service.url, key_env="KEY_FOR_TEST"))
        assert "another host, port or scheme" in str(error)
        assert other.requests == []

    def test_the_same_host_is_followed_with_the_same_request(self):
        def moved(request):
            return means(request) if request.path == "/score/" else Answer(301, {}, headers={"Location": "/score/"})

        with serving(moved) as service:
            np.testing.assert_allclose(box_at(service.url)(batch())[:, 0], batch().mean(axis=1))
            assert [request.method for request in service.requests] == ["POST", "POST"]
            assert service.requests[0].body == service.requests[1].body

    def test_a_circle_ends(self):
        with serving(lambda request: Answer(307, {}, headers={"Location": "/score"})) as service:
            assert "redirects more than" in str(error_of(box_at(service.url)))

    @pytest.mark.parametrize("status", [300, 303, 304])
    def test_what_is_no_answer_is_said(self, status):
        with serving(lambda request: Answer(status, {}, headers={"Location": "/elsewhere"})) as service:
            assert f"HTTP {status}, which is no answer" in str(error_of(box_at(service.url)))


class TestWaiting:
    @pytest.mark.parametrize("after", ["1000000000", "1e9", "1" * 5000, "inf", "Fri, 31 Dec 9999 23:59:59 GMT"])
    def test_429_that_asks_for_years_ends_the_run(self, after):
        with serving(lambda request: Answer(429, {"error": "slow down"}, headers={"Retry-After": after})) as service:
            error = error_of(box_at(service.url))
        assert isinstance(error, BoxUnavailable)
        assert "more than max_wait=0.2: slow down" in str(error)
        assert len(service.requests) == 1

    @pytest.mark.parametrize("after", ["0.1", "-5", "soon", "", "nan", "Wed, 21 Oct 2015 07:28:00 GMT"])
    def test_429_then_200(self, after):
        def busy_once(request):
            first = len(service.requests) == 1
            return Answer(429, {}, headers={"Retry-After": after}) if first else means(request)

        with serving(busy_once) as service:
            box = box_at(service.url)
            assert box(batch()).shape == (4, 1)
            assert box.usage()["retries"] == 1
            assert box.usage()["seconds_waited"] == (0.1 if after == "0.1" else 0.01)

    def test_429_that_never_ends(self):
        with serving(lambda request: Answer(429, {"error": "quota"})) as service:
            error = error_of(box_at(service.url))
            assert isinstance(error, BoxUnavailable)
            assert "HTTP 429: quota" in str(error)
            assert len(service.requests) == 3

    def test_500_then_200(self):
        with serving(lambda r: Answer(500, {"error": "oops"}) if len(service.requests) == 1 else means(r)) as service:
            np.testing.assert_allclose(box_at(service.url)(batch())[:, 0], batch().mean(axis=1))
            assert len(service.requests) == 2

    def test_a_dropped_connection_then_200(self):
        with serving(lambda r: (lambda out: None) if len(service.requests) == 1 else means(r)) as service:
            np.testing.assert_allclose(box_at(service.url)(batch())[:, 0], batch().mean(axis=1))

    def test_the_pauses_double_up_to_the_longest(self):
        with serving(lambda request: Answer(503, {"error": "starting"})) as service:
            box = box_at(service.url, retries=6, backoff=0.01, max_wait=0.05)
            assert isinstance(error_of(box), RequestFailed)
            assert box.usage()["seconds_waited"] == pytest.approx(0.01 + 0.02 + 0.04 + 0.05 * 3)

    def test_503_after_retries_fails_the_batch_and_asks_no_halves(self):
        with serving(lambda request: Answer(503, {"error": "starting"})) as service:
            with pytest.raises(RowsFailed, match="HTTP 503: starting") as caught:
                box_at(service.url)(batch(40))
            assert len(caught.value.errors) == 40
            assert len(service.requests) == 3


class TestDeadlines:
    def within(self, seconds, box, inputs):
        began = time.monotonic()
        error = error_of(box, inputs)
        assert time.monotonic() - began < seconds
        return error

    def test_a_slow_loris_in_the_body(self):
        def drips(out):
            out.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n")
            for _ in range(200):
                out.write(b" ")
                out.flush()
                time.sleep(0.05)

        with serving(lambda request: drips) as service:
            error = self.within(3, box_at(service.url, timeout=0.3), batch(1))
        assert isinstance(error, BoxTimeout)
        assert "within timeout=0.3 s" in str(error)

    def test_a_slow_loris_in_the_headers(self):
        def drips(out):
            out.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            for _ in range(200):
                out.write(b"a")
                out.flush()
                time.sleep(0.05)

        with serving(lambda request: drips) as service:
            assert isinstance(self.within(3, box_at(service.url, timeout=0.3), batch(1)), BoxTimeout)

    def test_an_endless_body_that_trickles(self):
        def trickles(out):
            out.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            for _ in range(200):
                out.write(b"1\r\n \r\n")
                out.flush()
                time.sleep(0.05)

        with serving(lambda request: trickles) as service:
            assert isinstance(self.within(3, box_at(service.url, timeout=0.3), batch(1)), BoxTimeout)

    def test_a_hang_has_its_status_and_costs_only_its_input(self):
        def hangs(request):
            if any(row[0] == 6.0 for row in request.json["x"]):
                time.sleep(0.6)
            return means(request)

        with serving(hangs) as service, pytest.raises(RowsFailed) as caught:
            box_at(service.url, timeout=0.3)(batch())
        assert list(caught.value.errors) == [1]
        assert isinstance(caught.value.errors[1], TimeoutError)
        np.testing.assert_allclose(caught.value.outputs[[0, 2, 3], 0], batch().mean(axis=1)[[0, 2, 3]])

    def test_an_interrupted_caller_cancels_its_requests(self, monkeypatch):
        def interrupted(coroutine):
            coroutine.close()
            raise KeyboardInterrupt

        with serving(means) as service:
            box = box_at(service.url)
            monkeypatch.setattr(client_module, "run_in_background", interrupted)
            with pytest.raises(KeyboardInterrupt):
                box(batch())
            monkeypatch.undo()
            assert box(batch()).shape == (4, 1)


# Without the time of day, so that all processes collect the same tests.
PACKED = gzip.compress(b'{"scores": [1]}', mtime=0)


class TestBodies:
    def test_an_endless_body(self):
        def pours(out):
            out.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
            while True:
                out.write(b"2000\r\n" + b"1" * 0x2000 + b"\r\n")

        with serving(lambda request: pours) as service:
            box = box_at(service.url, max_answer_bytes=100_000, timeout=10)
            error = error_of(box, batch(1))
        assert isinstance(error, RequestFailed)
        assert "larger than max_answer_bytes=100,000" in str(error)
        assert box.usage()["bytes_received"] < 1_000_000

    @pytest.mark.parametrize("pack", [gzip.compress, zlib.compress], ids=["gzip", "deflate"])
    def test_a_bomb(self, pack):
        encoding = "gzip" if pack is gzip.compress else "deflate"
        bomb = Answer(body=pack(b"[" + b" " * 64_000_000), headers={"Content-Encoding": encoding})
        assert len(bomb.body) < 70_000
        with serving(lambda request: bomb) as service:
            tracemalloc.start()
            error = error_of(box_at(service.url, max_answer_bytes=1_000_000), batch(1))
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        assert peak < 10_000_000
        assert "larger than max_answer_bytes=1,000,000, decompressed" in str(error)

    def test_a_compressed_answer_is_read(self):
        def packed(request):
            return Answer(body=gzip.compress(b'{"scores": [1, 2, 3, 4]}'), headers={"Content-Encoding": "gzip"})

        with serving(packed) as service:
            assert box_at(service.url)(batch())[:, 0].tolist() == [1, 2, 3, 4]

    @pytest.mark.parametrize(
        ("body", "headers", "words"),
        [
            (b'{"scores": [1, 2', {}, "expected JSON"),
            (b"", {}, "is empty"),
            (b"\xff\xfe\x00", {}, "expected JSON"),
            (b"[" * 100_000, {}, "expected JSON"),
            (b"<html><h1>Sign in</h1>", {"Content-Type": "text/html"}, "or of a page about it"),
            (b"not gzip", {"Content-Encoding": "gzip"}, "is not gzip"),
            (PACKED + bytes(2_000_000), {"Content-Encoding": "gzip"}, "goes on behind"),
            (PACKED[:-9], {"Content-Encoding": "gzip"}, "in the middle"),
            (b"xyz", {"Content-Encoding": "br"}, "compressed as br, unasked"),
            (b'{"error": "CUDA out of memory"}', {}, "answered with an error: CUDA out of memory"),
            (b'{"predictions": [1]}', {}, "'predictions'"),
            (b'{"scores": "high"}', {}, "'high' (str)"),
            (b'{"scores": [true]}', {}, "True (bool)"),
            (b'{"scores": [null]}', {}, "None (NoneType)"),
            (b'{"scores": [1, 2]}', {}, "has shape (2,)"),
            (b'{"scores": [[1, 2]]}', {}, "outputs=[...] with 2 names"),
            (b'{"error": "\\u202eevil\\u001b[31m"}', {}, "\\u202eevil\\x1b[31m"),
        ],
    )
    def test_what_is_no_answer(self, body, headers, words):
        with serving(lambda request: Answer(body=body, headers=headers)) as service:
            error = error_of(box_at(service.url), batch(1))
        assert words in str(error)

    def test_nan_in_json_fails_its_input_and_no_other(self):
        with serving(lambda request: Answer(body=b'{"scores": [1, NaN, -Infinity, 1e999]}')) as service:
            assert np.isfinite(box_at(service.url)(batch())[:, 0]).tolist() == [True, False, False, False]

    def test_a_search_goes_on_where_some_answers_are_nan(self):
        def some(request):
            scores = [float(np.mean(row)) for row in request.json["x"]]
            return Answer(document={"scores": [float("nan") if score > 0.1 else score for score in scores]})

        with serving(some) as service:
            run = found_by(box_at(service.url))
        assert run.evaluations == 60
        assert 0 < run.best.score <= 0.1

    def test_an_input_of_nan_cannot_be_sent_and_costs_no_other(self):
        inputs = batch()
        inputs[2, 0] = np.nan
        with serving(means) as service, pytest.raises(RowsFailed, match="JSON cannot carry") as caught:
            box_at(service.url)(inputs)
        assert list(caught.value.errors) == [2]


class TestOneInput:
    def choosy(self, bad, status):
        def respond(request):
            if any(row[0] in bad for row in request.json["x"]):
                return Answer(status, {"detail": [{"msg": "I do not like it"}]})
            return means(request)

        return respond

    @pytest.mark.parametrize("status", [400, 413, 422, 500])
    @pytest.mark.parametrize("n", [4, 64])
    def test_one_that_is_refused_costs_no_other(self, status, n):
        with serving(self.choosy({6.0}, status)) as service:
            with pytest.raises(RowsFailed, match=f"1 of {n} inputs failed.*HTTP {status}: I do not like it") as caught:
                box_at(service.url)(batch(n))
            assert len(service.requests) < 60
        assert list(caught.value.errors) == [1]
        others = np.delete(np.arange(n), 1)
        np.testing.assert_allclose(caught.value.outputs[others, 0], batch(n).mean(axis=1)[others])

    def test_several_in_parts_side_by_side(self):
        bad = {0.0, 60.0, 66.0, 300.0}
        with serving(self.choosy(bad, 422)) as service, pytest.raises(RowsFailed) as caught:
            box_at(service.url, max_batch=8)(batch(64))
        assert list(caught.value.errors) == [0, 10, 11, 50]

    def test_all_of_them_cost_few_requests_and_say_so(self):
        with serving(lambda request: Answer(422, {"error": "never"})) as service:
            with pytest.raises(RowsFailed) as caught:
                box_at(service.url)(batch(64))
            assert len(service.requests) == 9
        assert len(caught.value.errors) == 64
        assert sum("not asked alone" in str(error) for error in caught.value.errors.values()) == 56

    def test_a_search_completes_its_budget(self):
        def picky(request):
            rows = request.json["x"]
            if any(row[0][0] > 0.35 for row in rows):
                return Answer(400, {"error": "too loud"})
            return means(request)

        with serving(picky) as service:
            run = found_by(box_at(service.url))
        assert run.evaluations == 60

    def test_a_service_that_always_fails_ends_the_run(self):
        broken = Answer(500, {"error": "broken"})
        with serving(lambda request: broken) as service, pytest.raises(FailureBudgetExceeded, match="HTTP 500: broken"):
            found_by(box_at(service.url, retries=0))


class TestSpending:
    def test_requests_are_counted_and_end_the_run_before_one_too_many(self, tmp_path):
        with serving(means) as service:
            with pytest.raises(BoxBudgetSpent, match="3 of max_requests=3 requests"):
                found_by(box_at(service.url, max_requests=3), batch_size=10, out=tmp_path / "run")
            assert len(service.requests) == 3
            assert 10 <= fv.load(tmp_path / "run").evaluations < 60
            raised = {"max_requests": 100, "timeout": 9.0, "concurrency": 2}
            run = found_by(box_at(service.url, **raised), batch_size=10, out=tmp_path / "run")
            assert run.evaluations == 60
            with pytest.raises(RunMismatch):
                found_by(box_at(service.url, answer="others"), batch_size=10, out=tmp_path / "run")

    def test_a_batch_that_cannot_be_paid_for_is_not_begun(self):
        with serving(lambda request: Answer(document=1.0)) as service:
            box = fv.black_box(service.url, request={"x": "{input}"}, max_requests=3, **FAST)
            with pytest.raises(BoxBudgetSpent, match="4 more would pass"):
                box(batch(4))
            assert service.requests == []
            assert box(batch(3)).shape == (3, 1)

    def test_retries_count(self):
        with serving(lambda request: Answer(503, {})) as service:
            with pytest.raises(BoxBudgetSpent):
                box_at(service.url, max_requests=2, retries=5)(batch())
            assert len(service.requests) == 2

    def test_cost(self):
        with serving(means) as service:
            box = box_at(service.url, cost_per_request=0.1, max_cost=1.0)
            for _ in range(10):
                box(batch())
            with pytest.raises(BoxBudgetSpent, match="of max_cost=1 is spent"):
                box(batch())
            assert box.usage()["cost"] == pytest.approx(1.0)

    def test_cost_of_tokens(self):
        with serving(OpenAi()) as service:
            box = fv.black_box(
                service.url + "/v1/completions",
                continuation=" statement",
                cost_per_input_token=0.5,
                cost_per_output_token=7,
                max_cost=20,
                **FAST,
            )
            spent = box.usage()["cost"]  # of the request that found out what the service tells
            assert spent == 0.5 * box.usage()["input_tokens"] > 0
            box(["The import"])
            assert box.usage()["input_tokens"] == 2 * spent + 3
            assert box.usage()["cost"] == spent + 1.5
            while box.usage()["cost"] < 20:
                box(["The import"])
            with pytest.raises(BoxBudgetSpent):
                box(["The import"])


SECRET_URLS = [
    "https://user:SECRETPART@example.org/score",
    "https://SECRETPART@example.org/score",
    "https://example.org/score?api_key=SECRETPART",
    "https://example.org/score?key=SECRETPART&x=1",
    "https://example.org/score?x=1&Access-Token=SECRETPART",
    "https://example.org/score?sig=SECRETPART",
    "https://example.org:SECRETPART/score",
    "https:///score?token=SECRETPART",
]


class TestSecrets:
    @pytest.mark.parametrize("url", SECRET_URLS)
    @pytest.mark.parametrize("options", [{}, {"no_such_option": 1}, {"protocol": "nonsense"}])
    def test_an_address_with_a_secret_is_refused_and_not_shown(self, url, options):
        with pytest.raises(FeatvizError) as caught:
            fv.black_box(url, **{**SCORES, **options})
        assert "SECRETPART" not in "".join(traceback.format_exception(caught.value)).replace(url, "")
        assert "SECRETPART" not in str(caught.value)

    @pytest.mark.parametrize(
        "headers",
        [
            {"Authorization": "Bearer SECRETPART"},
            {"X-Api-Key": "SECRETPART"},
            {"api-key": "SECRETPART"},
            {"X-Auth-Token": "SECRETPART"},
            {"Cookie": "id=SECRETPART"},
            {"X-Plain": "bearer SECRETPART"},
            {"X-Broken": "SECRETPART\r\nHost: x"},
        ],
    )
    def test_a_header_with_a_secret_is_refused_and_not_shown(self, headers):
        with pytest.raises(InvalidArgument) as caught:
            fv.black_box("https://example.org/score", headers=headers, **SCORES)
        assert "SECRETPART" not in str(caught.value)

    def test_a_field_with_a_secret_is_refused_and_not_shown(self):
        with pytest.raises(InvalidArgument, match="'api_key' of the request looks like a secret") as caught:
            fv.black_box("https://example.org/x", request={"x": "{inputs}", "auth": {"api_key": "SECRETPART"}})
        assert "SECRETPART" not in str(caught.value)

    def test_a_key_in_the_place_of_its_name_is_not_shown(self):
        with pytest.raises(InvalidArgument) as caught:
            fv.black_box("https://example.org/x", key_env="sk-SECRETPART", **SCORES)
        assert "SECRETPART" not in str(caught.value)

    @pytest.mark.parametrize("value", [None, "", "  ", "sk-ä", "a\x00b", "a\nb"])
    def test_a_key_that_is_not_there_or_cannot_be_sent(self, value, monkeypatch):
        monkeypatch.delenv("KEY_FOR_TEST", raising=False)
        if value is not None and "\x00" not in value:
            monkeypatch.setenv("KEY_FOR_TEST", value)
        with pytest.raises(BoxUnavailable, match="KEY_FOR_TEST"):
            fv.black_box("https://example.org/x", key_env="KEY_FOR_TEST", **SCORES)

    def test_a_key_over_plain_http_is_warned_of(self, monkeypatch):
        monkeypatch.setenv("KEY_FOR_TEST", KEY)
        with pytest.warns(FeatvizWarning, match="unencrypted"):
            fv.black_box("http://example.org/x", key_env="KEY_FOR_TEST", **SCORES)

    @pytest.mark.parametrize("header", ["Authorization", "X-Api-Key"])
    def test_the_key_is_sent(self, header, monkeypatch):
        monkeypatch.setenv("KEY_FOR_TEST", KEY + "\n")
        with serving(means) as service:
            box_at(service.url, key_env="KEY_FOR_TEST", key_header=header)(batch())
        sent = service.requests[0].headers[header.lower()]
        assert sent == (f"Bearer {KEY}" if header == "Authorization" else KEY)

    def test_a_box_with_a_key_is_shipped_as_its_spec_only(self, monkeypatch):
        monkeypatch.setenv("KEY_FOR_TEST", KEY)
        with serving(means) as service:
            box = box_at(service.url, key_env="KEY_FOR_TEST")
            for thing in (box, box._client._secret):
                with pytest.raises(TypeError, match="not pickled"):
                    pickle.dumps(thing)
            assert KEY not in repr(vars(box)) + repr(vars(box._client)) + repr(box.spec())
            rebuilt = box_from_spec(copy.deepcopy(box.spec()))
            assert np.array_equal(rebuilt(batch()), box(batch()))
        assert box.spec()["key_env"] == "KEY_FOR_TEST"

    @pytest.mark.parametrize("form", ["escaped", "UTF-16", "cut off"])
    def test_a_key_that_json_spells_otherwise_is_found(self, form, monkeypatch):
        monkeypatch.setenv("KEY_FOR_TEST", KEY)
        escaped = "".join(f"\\u{ord(character):04x}" for character in KEY)
        bodies = {
            "escaped": f'{{"scores": ["{escaped}"]}}'.encode(),
            "UTF-16": f'{{"scores": ["{KEY}"]}}'.encode("utf-16"),
            "cut off": f'{{"error": "{"x" * 285}{escaped}"}}'.encode(),
        }
        answer = Answer(400 if form == "cut off" else 200, body=bodies[form])
        with serving(lambda request: answer) as service, pytest.raises(RowsFailed) as caught:
            box_at(service.url, key_env="KEY_FOR_TEST")(batch(1))
        told = str(caught.value) + str(caught.value.errors)
        assert KEY[:6] not in told
        assert "[KEY_FOR" in told

    @pytest.mark.parametrize("key", KEYS)
    @pytest.mark.parametrize("header", ["Authorization", "X-Api-Key"])
    def test_the_key_is_nowhere(self, key, header, monkeypatch, tmp_path, caplog, capfd):
        """A service that repeats the key in every answer, header and error; logs at DEBUG; a run on disk."""
        monkeypatch.setenv("KEY_FOR_TEST", key)
        shown = io.StringIO()
        stream = logging.StreamHandler(shown)
        monkeypatch.setattr(logging.getLogger(), "level", logging.DEBUG)
        logging.getLogger().addHandler(stream)
        caplog.set_level(logging.DEBUG)
        asked = []

        def echoes(request):
            asked.append(request)
            value = request.headers[header.lower()]
            repeated = {"X-Echo": value, "X-Bare": key, "Set-Cookie": f"key={key}"}
            if request.path.startswith("/v2/models") and not request.path.endswith("infer"):
                return Answer(document={**DIGITS, "platform": f"for {value}"}, headers=repeated)
            if request.path == "/v2":
                return Answer(document={"name": f"server of {key}", "version": "1"}, headers=repeated)
            if len(asked) > 12:
                return Answer(401, {"error": f"Incorrect key {value} provided, as JSON: {key}"}, headers=repeated)
            if len(asked) % 3 == 0:
                return Answer(422, {"error": {"message": f"with {key} you may not ask this"}}, headers=repeated)
            if len(asked) % 5 == 0:
                return Answer(body=f"<b>{value}</b> {key}".encode(), headers=repeated)
            answer = open_inference(request)
            return Answer(document={**answer.document, "note": value}, headers=repeated)

        try:
            with serving(echoes) as service:
                box = fv.black_box(
                    service.url + "/v2/models/digits",
                    output="margins",
                    key_env="KEY_FOR_TEST",
                    key_header=header,
                    **FAST,
                )
                with pytest.raises(FeatvizError) as caught:
                    found_by(box, fv.ImageSpace(8, 8), out=tmp_path / "run", batch_size=4)
            told = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + str(caught.value)
            told += repr(box) + repr(box.spec()) + repr(box.provenance()) + repr(box.usage()) + repr(vars(box))
            assert "[KEY_FOR_TEST]" in told, "the service did repeat it"
            told += frames_of(caught.value)
        finally:
            logging.getLogger().removeHandler(stream)
        fv.build_gallery(tmp_path / "run", tmp_path / "site")
        out, err = capfd.readouterr()
        logged = shown.getvalue() + caplog.text + "".join(map(str, caplog.records))
        assert "receive_response_headers" in logged, "the client's log was on"
        for form in {key, key.replace("/", "\\/"), key.rpartition("/")[2]}:
            assert form not in told + out + err + logged
            for path in tmp_path.rglob("*"):
                assert not path.is_file() or form.encode() not in path.read_bytes(), path


def frames_of(error):
    """What a traceback that shows local variables would print of featviz's frames, through all causes."""
    told = []
    while error is not None:
        for frame, _ in traceback.walk_tb(error.__traceback__):
            if "/featviz/" in frame.f_code.co_filename:
                told.append("\n".join(repr(value) for value in frame.f_locals.values()))
        error = error.__cause__ or error.__context__
    return "\n".join(told)


class TestTrust:
    def test_a_certificate_that_nobody_signed_is_refused(self, tmp_path):
        import shutil
        import ssl
        import subprocess
        import threading

        if shutil.which("openssl") is None:
            pytest.skip("openssl, which makes the certificate, is not installed")
        files = [str(tmp_path / "key.pem"), str(tmp_path / "cert.pem")]
        subprocess.run(
            [
                *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"),
                *("-keyout", files[0], "-out", files[1]),
            ],
            check=True,
            capture_output=True,
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(files[1], files[0])
        with socket.create_server(("127.0.0.1", 0)) as listening:

            def shake_hands():
                connection, _ = listening.accept()
                with pytest.raises((ssl.SSLError, OSError)):
                    context.wrap_socket(connection, server_side=True)

            thread = threading.Thread(target=shake_hands, daemon=True)
            thread.start()
            error = error_of(box_at(f"https://127.0.0.1:{listening.getsockname()[1]}", timeout=5))
            thread.join(5)
        assert isinstance(error, BoxUnavailable)
        assert "a certificate that is not trusted" in str(error)
        assert "SSL_CERT_FILE" in str(error)

    def test_this_machine_is_never_asked_through_a_proxy(self, monkeypatch):
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, closed_port())
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        with serving(means) as service:
            assert box_at(service.url)(batch()).shape == (4, 1)

    def test_elsewhere_is_asked_through_the_proxy_unless_told_not_to(self, monkeypatch):
        with serving(means) as proxy:
            monkeypatch.setenv("HTTP_PROXY", proxy.url)
            monkeypatch.setenv("http_proxy", proxy.url)
            assert box_at("http://no-such-host.invalid")(batch()).shape == (4, 1)
            assert proxy.requests[0].path == "http://no-such-host.invalid/score"
            alone = box_at("http://no-such-host.invalid", trust_env=False, retries=0, timeout=5)
            assert isinstance(error_of(alone), BoxUnavailable)

    def test_a_broken_proxy_is_said_without_its_password(self, monkeypatch):
        monkeypatch.setenv("HTTP_PROXY", "http://user:SECRETPART@:x")
        monkeypatch.setenv("http_proxy", "http://user:SECRETPART@:x")
        error = error_of(box_at("http://no-such-host.invalid"))
        assert "HTTP_PROXY" in str(error)
        assert "SECRETPART" not in "".join(traceback.format_exception(error))

    def test_cookies_are_not_kept(self):
        def baked(request):
            return Answer(document=means(request).document, headers={"Set-Cookie": "session=1"})

        with serving(baked) as service:
            box = box_at(service.url)
            box(batch())
            box(batch())
            assert all("cookie" not in request.headers for request in service.requests)
