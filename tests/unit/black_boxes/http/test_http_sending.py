"""Options, addresses, secrets and counts: what needs no service."""

import sys

import numpy as np
import pytest

import featviz as fv
from featviz.black_boxes.http.addresses import checked_url, is_loopback, is_plain, redirected, without_query
from featviz.black_boxes.http.messages import Reply, said
from featviz.black_boxes.http.secrets import Secret, looks_secret
from featviz.black_boxes.http.spending import Spending
from featviz.errors import BoxError, FeatvizError, InvalidArgument, MissingDependency, WrongType

NOWHERE = "http://127.0.0.1:1/x"


@pytest.mark.parametrize(
    "name",
    [
        *("Authorization", "X-API-Key", "apikey", "api_key", "key", "access_token", "TOKEN", "client-secret", "sig"),
        *("code", "X-Amz-Signature", "password", "Cookie", "X-Auth", "subscription-key", "Proxy-Authorization"),
    ],
)
def test_names_of_secrets(name):
    assert looks_secret(name)


@pytest.mark.parametrize(
    "name", ["version", "lang_code", "X-Request-Id", "api-version", "max_tokens", "design", "", "-"]
)
def test_names_of_other_things(name):
    assert not looks_secret(name)


def test_addresses():
    assert checked_url("HTTPS://Host:8/p?q=1#part") == "https://Host:8/p?q=1"
    assert without_query("https://u:p@host:8/p?q=1#f") == "https://host:8/p"
    assert without_query("http://[::1]:8/p") == "http://[::1]:8/p"
    assert without_query("http://[broken") == "an address that cannot be read"
    for here in ("http://127.0.0.1/x", "http://localhost:1", "http://a.localhost/", "http://[::1]/"):
        assert is_loopback(here)
        assert not is_plain(here)
    for there in ("http://example.org", "http://127.0.0.1.example.org/"):
        assert not is_loopback(there)
        assert is_plain(there)
    assert not is_plain("https://example.org")


def test_redirects():
    at = "https://host/a/b?x=1"
    assert redirected(at, "/c") == "https://host/c"
    assert redirected(at, "c") == "https://host/a/c"
    assert redirected(at, "https://HOST:443/c?y=2") == "https://HOST:443/c?y=2"
    for target in (
        "http://host/c",
        "https://host:444/c",
        "https://host.evil/c",
        "https://u@host/c",
        "file:///c",
        "//b/c",
    ):
        with pytest.raises(BoxError):
            redirected(at, target)
    with pytest.raises(BoxError):
        redirected("http://host/a", "https://host/a")


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b'{"error": "a"}', "a"),
        (b'{"error": {"message": "b", "code": 3}}', "b"),
        (b'{"detail": [{"loc": ["x"], "msg": "c"}]}', "c"),
        (b'{"message": " d\\n e "}', "d e"),
        (b'{"code": 3}', "'{\"code\": 3}'"),
        (b"<h1>Bad\n gateway</h1>", "'<h1>Bad gateway</h1>'"),
        (b"", "empty"),
        (
            b'{"error": {"error": {"error": {"error": {"error": "deep"}}}}}',
            '\'{"error": {"error": {"error": {"error": {"error": "deep"}}}}}\'',
        ),
    ],
)
def test_what_a_service_said(body, text):
    assert said(Reply(500, {}, body)) == text


def test_a_short_key_is_left_in_answers_and_taken_out_of_messages(monkeypatch):
    monkeypatch.setenv("SHORT", "1.5")
    secret = Secret("SHORT")
    assert secret.redacted_bytes(b"[1.5]") == b"[1.5]"
    assert secret.redacted("key 1.5 refused") == "key [SHORT] refused"


def test_counts_of_tokens():
    spending = Spending(cost_per_input_token=2, cost_per_output_token=10)
    spending.count_tokens({"usage": {"prompt_tokens": 3, "completion_tokens": 1}})
    spending.count_tokens({"usage": {"input_tokens": 1, "output_tokens": None}})
    for odd in (None, [], {"usage": 3}, {"usage": {"prompt_tokens": float("nan"), "completion_tokens": True}}):
        spending.count_tokens(odd)
    assert spending.counts["input_tokens"] == 4
    assert spending.counts["output_tokens"] == 1
    assert spending.counts["cost"] == 18


@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
        ({"timeout": 0}, InvalidArgument, "timeout"),
        ({"timeout": float("inf")}, InvalidArgument, "timeout"),
        ({"retries": -1}, InvalidArgument, "retries"),
        ({"backoff": "1"}, WrongType, "backoff"),
        ({"concurrency": 0}, InvalidArgument, "concurrency"),
        ({"max_answer_bytes": 0}, InvalidArgument, "max_answer_bytes"),
        ({"max_requests": 0}, InvalidArgument, "max_requests"),
        ({"max_cost": -1}, InvalidArgument, "max_cost"),
        ({"cost_per_request": float("nan")}, InvalidArgument, "cost_per_request"),
        ({"trust_env": 1}, WrongType, "trust_env"),
        ({"headers": ["x"]}, WrongType, "headers"),
        ({"headers": {"X": 3}}, InvalidArgument, "header X"),
        ({"headers": {"": "x"}}, InvalidArgument, "headers must have names"),
        ({"key_env": 3}, InvalidArgument, "key_env"),
        ({"protocol": "grpc"}, InvalidArgument, "protocol must be one of"),
        ({"time_out": 3}, InvalidArgument, "Did you mean 'timeout'"),
        ({"continuation": "x"}, InvalidArgument, "has no option 'continuation'"),
    ],
)
def test_options_that_are_wrong(options, kind, words):
    with pytest.raises(kind, match=words):
        fv.black_box(NOWHERE, request="{inputs}", **options)


@pytest.mark.parametrize("name", ["api_key", "token"])
def test_a_key_itself_is_refused_with_the_option_to_use_and_not_shown(name):
    with pytest.raises(InvalidArgument, match=rf"no option '{name}'.*key_env=") as refused:
        fv.black_box(NOWHERE, request="{inputs}", **{name: "sk-0123456789"})
    assert "0123456789" not in str(refused.value)


def test_the_header_of_a_key_must_be_one(monkeypatch):
    monkeypatch.setenv("KEY_FOR_TEST", "0123456789")
    with pytest.raises(InvalidArgument, match="key_header"):
        fv.black_box(NOWHERE, request="{inputs}", key_env="KEY_FOR_TEST", key_header="X: y")


def test_options_are_written_down_as_plain_numbers():
    given = {"timeout": np.int64(3), "retries": np.int32(2), "max_cost": np.float32(0.5), "max_requests": 1e3}
    spec = fv.black_box(NOWHERE, request="{inputs}", backoff=0.5, **given).spec()
    assert {name: type(spec[name]) for name in given} == {
        "timeout": float,
        "retries": int,
        "max_cost": float,
        "max_requests": int,
    }
    assert "backoff" not in spec, "what is as by default is left out"


def test_without_httpx(monkeypatch):
    monkeypatch.setitem(sys.modules, "httpx", None)
    with pytest.raises(MissingDependency, match=r"featviz\[http\]"):
        fv.black_box(NOWHERE, request="{inputs}")


def test_every_error_is_of_featviz():
    with pytest.raises(FeatvizError):
        fv.black_box("https://", request="{inputs}")
