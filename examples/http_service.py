"""Which picture does a model behind a web service take for a clear 3?

The service runs here, on a free port of this machine: a support vector machine for handwritten digits that speaks the
Open Inference Protocol, as KServe, Triton and MLServer do. featviz sees the address and nothing else.
"""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
from sklearn.datasets import load_digits
from sklearn.svm import SVC

import featviz as fv

DIGITS = load_digits()
MODEL = SVC().fit(DIGITS.data[::2] / 16, DIGITS.target[::2])
METADATA = {
    "name": "digits",
    "versions": ["1"],
    "platform": "sklearn_svc",
    "inputs": [{"name": "pixels", "datatype": "FP32", "shape": [-1, 8, 8]}],
    "outputs": [{"name": "margins", "datatype": "FP64", "shape": [-1, 10]}],
}


class Handler(BaseHTTPRequestHandler):
    """The protocol, in so far as one model needs it."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """Say what the model takes and gives."""
        self.reply(200 if self.path == "/v2/models/digits" else 404, METADATA)

    def do_POST(self) -> None:
        """Ask the model."""
        (pixels,) = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["inputs"]
        margins = MODEL.decision_function(np.reshape(pixels["data"], (-1, 64)))
        output = {"name": "margins", "datatype": "FP64", "shape": margins.shape, "data": margins.ravel().tolist()}
        self.reply(200, {"model_name": "digits", "outputs": [output]})

    def reply(self, status: int, document: Any) -> None:
        """Send JSON."""
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
address = f"http://127.0.0.1:{server.server_address[1]}/v2/models/digits"

with fv.black_box(address, timeout=10, max_requests=1_000) as box:
    print(box, dict(box.provenance()))
    goal = fv.margin(box, "3")
    run = fv.search(fv.ImageSpace(8, 8), goal, budget=1_000, baseline=500, seed=0, out="runs/three", progress="none")
    real = goal.score([box(DIGITS.images[DIGITS.target == 3].astype(np.float32)[..., None] / 16)], None)
    random, found = run.baseline_best.score, run.best.score
    print(f"margin of 3: found {found:.2f}, best random {random:.2f}, best real {real.max():.2f}")
    for row in run.best.input[..., 0]:
        print("".join(" .:-=+*#%@"[int(value * 9.999)] * 2 for value in row))
    used = box.usage()
    print(f"{used['requests']:.0f} requests, {used['bytes_sent'] / 1e6:.1f} MB sent, {used['retries']:.0f} retries")
server.shutdown()
