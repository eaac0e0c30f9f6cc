"""Services on 127.0.0.1 for tests: each speaks its protocol faithfully, with a real model behind it."""

import contextlib
import json
import math
import re
import socket
import threading
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise

import numpy as np
from sklearn.datasets import load_digits, load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC


@dataclass
class Request:
    method: str
    path: str
    headers: dict
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


@dataclass
class Answer:
    status: int = 200
    document: object = None
    body: bytes | None = None
    headers: dict = field(default_factory=dict)


@dataclass
class Service:
    """A running service: its address, and every request that it was sent."""

    url: str
    requests: list = field(default_factory=list)
    connections: set = field(default_factory=set)
    most_at_once: int = 0
    # Refuses connections from now on; those that are open stay.
    stop: object = None

    def paths(self):
        return [request.path for request in self.requests]


@contextlib.contextmanager
def serving(respond):
    """Serve ``respond(request) -> Answer | callable(socket file)`` until the block ends."""
    service = Service("")
    lock = threading.Lock()
    busy = [0]

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 20
        # A header and a body in two packets would wait for each other (Nagle, delayed acknowledgement).
        disable_nagle_algorithm = True

        def _serve(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Request(self.command, self.path, headers, body)
            with lock:
                service.requests.append(request)
                service.connections.add(self.client_address)
                busy[0] += 1
                service.most_at_once = max(service.most_at_once, busy[0])
            try:
                answer = respond(request)
                with contextlib.suppress(OSError):  # a client that gave up
                    self._send(answer)
            finally:
                with lock:
                    busy[0] -= 1

        def _send(self, answer):
            if callable(answer):
                self.close_connection = True
                answer(self.wfile)
                return
            body = json.dumps(answer.document).encode() if answer.body is None else answer.body
            self.send_response(answer.status)
            for name, value in {"Content-Type": "application/json", **answer.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = _serve

        def log_message(self, *args):
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64

        def handle_error(self, request, client_address):
            pass

    server = Server(("127.0.0.1", 0), Handler)
    service.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()

    def stop():
        server.shutdown()
        server.server_close()

    service.stop = stop
    try:
        yield service
    finally:
        stop()
        thread.join(5)


def closed_port():
    """An address of this machine where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


@cache
def digits_model():
    x, y = load_digits(return_X_y=True)
    return SVC().fit(x[::3] / 16, y[::3])


@cache
def wine_model():
    frame = load_wine(as_frame=True)
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(frame.data, frame.target), frame.data


DIGITS = {
    "name": "digits",
    "versions": ["3"],
    "platform": "sklearn_svc",
    "inputs": [{"name": "pixels", "datatype": "FP32", "shape": [-1, 8, 8]}],
    "outputs": [
        {"name": "label", "datatype": "BYTES", "shape": [-1]},
        {"name": "margins", "datatype": "FP64", "shape": [-1, 10]},
    ],
}


def open_inference(request):
    """The digits SVC as a server of the Open Inference Protocol has it."""
    if request.path == "/v2":
        return Answer(document={"name": "loopback", "version": "1.2", "extensions": []})
    if request.path in ("/v2/models/digits", "/v2/models/digits/versions/3"):
        return Answer(document=DIGITS)
    if request.path not in ("/v2/models/digits/infer", "/v2/models/digits/versions/3/infer"):
        return Answer(404, {"error": f"no such model: {request.path}"})
    document = request.json
    (tensor,) = document["inputs"]
    values = np.array(tensor["data"], dtype=np.float32)
    if tensor["name"] != "pixels" or tensor["datatype"] != "FP32" or tensor["shape"][1:] != [8, 8]:
        return Answer(400, {"error": f"expected pixels of FP32 [-1, 8, 8], got {tensor['name']} {tensor['shape']}"})
    margins = digits_model().decision_function(values.reshape(tensor["shape"][0], 64))
    labels = digits_model().predict(values.reshape(tensor["shape"][0], 64))
    outputs = [
        {"name": "label", "datatype": "BYTES", "shape": [len(labels)], "data": [str(label) for label in labels]},
        {"name": "margins", "datatype": "FP64", "shape": list(margins.shape), "data": margins.ravel().tolist()},
    ]
    wanted = {entry["name"] for entry in document.get("outputs", outputs)}
    kept = [output for output in outputs if output["name"] in wanted]
    return Answer(document={"model_name": "digits", "model_version": "3", "outputs": kept})


def mlflow(request):
    """The wine pipeline as MLflow's scoring server has it; probabilities as objects by name."""
    import pandas as pd

    if request.path == "/version":
        return Answer(body=b"3.4.0", headers={"Content-Type": "text/plain"})
    if request.path != "/invocations":
        return Answer(404, {"error_code": "NOT_FOUND", "message": "no such path"})
    model, data = wine_model()
    document = request.json
    if "dataframe_split" in document:
        frame = pd.DataFrame(**document["dataframe_split"])
        if list(frame.columns) != list(data.columns):
            return Answer(400, {"error_code": "BAD_REQUEST", "message": "Model is missing inputs"})
        rows = model.predict_proba(frame)
    else:
        rows = model.predict_proba(pd.DataFrame(np.array(document["inputs"]), columns=data.columns))
    names = ("barolo", "grignolino", "barbera")
    return Answer(document={"predictions": [dict(zip(names, map(float, row), strict=True)) for row in rows]})


_TOKEN = re.compile(r"\s*(?:\w+|[^\w\s])|\s+$")


class LanguageModel:
    """A trigram model of words, interpolated, of the documentation that ships with Python."""

    def __init__(self):
        from pydoc_data.topics import topics

        tokens = [token for text in topics.values() for token in self.split(" ".join(text.split()))]
        self.vocabulary = sorted(set(tokens))
        self.ones = Counter(tokens)
        self.twos = Counter(pairwise(tokens))
        self.threes = Counter(zip(tokens, tokens[1:], tokens[2:], strict=False))
        self.total = len(tokens)

    @staticmethod
    def split(text):
        return _TOKEN.findall(text)

    def probability(self, token, before):
        one = (self.ones[token] + 1) / (self.total + len(self.vocabulary) + 1)
        last = before[-1:]
        two = self.twos[(*last, token)] / self.ones[last[0]] if last and self.ones[last[0]] else one
        context = tuple(before[-2:])
        three = self.threes[(*context, token)] / self.twos[context] if self.twos.get(context) else two
        return 0.1 * one + 0.3 * two + 0.6 * three

    def log_probabilities(self, tokens):
        return [None] + [math.log(self.probability(tokens[i], tokens[:i])) for i in range(1, len(tokens))]

    def distribution(self, before):
        return self._distribution(tuple(before[-2:]))

    @cache  # noqa: B019  there is one model, and few contexts
    def _distribution(self, before):
        weights = np.array([self.probability(token, before) for token in self.vocabulary])
        return weights / weights.sum()


@cache
def language_model():
    return LanguageModel()


@dataclass
class OpenAi:
    """The language model behind OpenAI's paths; ``echo`` and ``counts`` say what the service can do."""

    echo: bool = True
    heeds_n: bool = True
    models: tuple = ("pydoc-3gram",)
    least_tokens: int = 0

    def __call__(self, request):
        if request.path == "/v1/models":
            return Answer(document={"object": "list", "data": [{"id": name} for name in self.models]})
        document = request.json
        if document.get("model") not in self.models:
            return Answer(404, {"error": {"message": f"The model {document.get('model')!r} does not exist"}})
        if request.path == "/v1/chat/completions":
            return self.chat(document)
        return self.complete(document) if request.path == "/v1/completions" else Answer(404, {"error": "no such path"})

    def complete(self, document):
        prompt = document["prompt"]
        tokens = language_model().split(prompt)
        if document.get("max_tokens", 16) < self.least_tokens:
            return Answer(400, {"error": {"message": "max_tokens must be at least 1"}})
        if document.get("echo"):
            if not self.echo:
                return Answer(
                    400, {"error": {"message": "Setting 'echo' and 'logprobs' at the same time is not supported"}}
                )
            tokens += self.sample(tokens, document["max_tokens"], 0)
            offsets = np.cumsum([0, *map(len, tokens[:-1])]).tolist()
            logprobs = {
                "tokens": tokens,
                "token_logprobs": language_model().log_probabilities(tokens),
                "text_offset": offsets,
            }
            choices = [{"index": 0, "text": "".join(tokens), "logprobs": logprobs}]
        else:
            n = document.get("n", 1) if self.heeds_n else 1
            drawn = [self.sample(tokens, document["max_tokens"], document.get("seed", 0) + i) for i in range(n)]
            choices = [{"index": i, "text": "".join(some), "logprobs": None} for i, some in enumerate(drawn)]
        return self.answered(document, choices, len(tokens))

    def chat(self, document):
        tokens = language_model().split(document["messages"][-1]["content"])
        if document.get("logprobs") and self.echo:
            chances = language_model().distribution(tokens)
            top = np.argsort(-chances, kind="stable")[: document["top_logprobs"]]
            listed = [{"token": language_model().vocabulary[i], "logprob": math.log(chances[i])} for i in top]
            choice = {"message": {"content": listed[0]["token"]}, "logprobs": {"content": [{"top_logprobs": listed}]}}
            return self.answered(document, [choice], len(tokens))
        n = document.get("n", 1) if self.heeds_n else 1
        drawn = [self.sample(tokens, document["max_tokens"], document.get("seed", 0) + i) for i in range(n)]
        choices = [{"message": {"role": "assistant", "content": "".join(some)}} for some in drawn]
        return self.answered(document, choices, len(tokens))

    def sample(self, tokens, count, seed):
        rng = np.random.default_rng(seed)
        drawn = []
        for _ in range(min(count, 2)):
            chances = language_model().distribution([*tokens, *drawn])
            drawn.append(language_model().vocabulary[rng.choice(len(chances), p=chances)])
        return drawn

    def answered(self, document, choices, count):
        usage = {"prompt_tokens": count, "completion_tokens": 0 if document.get("echo") else len(choices)}
        return Answer(
            document={
                "id": "cmpl-1",
                "model": document["model"],
                "system_fingerprint": "fp_3gram",
                "choices": choices,
                "usage": usage,
            }
        )


def brightness(request):
    """A service of its own making: the mean of each input, or of one."""
    if request.method == "GET":
        from urllib.parse import parse_qs, urlsplit

        words = parse_qs(urlsplit(request.path).query)["text"][0]
        return Answer(document={"length": len(words)})
    document = request.json
    if "instances" in document:
        means = [float(np.mean(row)) for row in document["instances"]]
        return Answer(document={"predictions": [{"score": mean, "error": None} for mean in means]})
    return Answer(document={"result": [float(np.mean(document["instance"]))]})
