"""What asking through featviz costs over calling the model directly, for each kind of black box.

    python benchmarks/boxes.py

Batches of 64 inputs, each batch new, so that the cache never answers. In turn, in one process: the model called
directly on the batch; the box; and the evaluator with an objective on that box, which copies the inputs, looks them up,
guards the outputs and scores them. The overhead is the median over many turns of what a turn took beyond the direct
call beside it, and the spread is from the lower to the upper quartile of that difference. Models that run in this
process on one thread are timed by its processor time, so that a neighbour's load does not count; what waits for
something else has ``clock=time.perf_counter``.

A new row is an entry of ``ROWS``: a function that makes a ``Row``.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from _table import print_json, print_table
from models import SIDE, digits
from numpy.typing import NDArray

import featviz as fv
from featviz.evaluation import Evaluator

BATCH = 64
# Target of the project: the overhead of a batch whose direct call takes at least so many milliseconds.
MOST_OVERHEAD, FROM_MS = 0.05, 10.0
TURNS = 31

Array = NDArray[Any]


@dataclass(frozen=True)
class Row:
    """One kind of black box beside its model.

    Args:
        kind: what the table calls it.
        direct: the model's own call on a batch.
        box: the same model as a black box.
        batch: a new batch from a generator.
        aimed: whether the project's target holds for it.
        beside: another way to ask the same model, timed too, with its name.
        clock: seconds.
    """

    kind: str
    direct: Callable[[Any], Any]
    box: fv.BlackBox
    batch: Callable[[np.random.Generator], Any]
    aimed: bool = False
    beside: tuple[str, Callable[[Any], Any]] | None = None
    clock: Callable[[], float] = time.process_time


def pictures(rng: np.random.Generator) -> Array:
    return rng.random((BATCH, SIDE, SIDE, 1), dtype=np.float32)


def flat(batch: Array) -> Array:
    return batch.reshape(len(batch), -1)


def svc() -> Row:
    from sklearn.svm import SVC

    data = digits()
    model = SVC(gamma=0.05, C=10).fit(data.train, data.train_labels)
    kind = f"scikit-learn SVC, {len(model.support_):,} support vectors"
    return Row(kind, lambda x: model.decision_function(flat(x)), fv.black_box(model), pictures, aimed=True)


def forest() -> Row:
    from sklearn.ensemble import RandomForestClassifier

    data = digits()
    model = RandomForestClassifier(200, random_state=0).fit(data.train, data.train_labels)
    return Row(
        "scikit-learn forest of 200",
        lambda x: model.predict_log_proba(flat(x)),
        fv.black_box(model),
        pictures,
        aimed=True,
    )


def logistic() -> Row:
    from sklearn.linear_model import LogisticRegression

    data = digits()
    model = LogisticRegression(max_iter=1000).fit(data.train, data.train_labels)
    return Row(
        "scikit-learn logistic regression", lambda x: model.decision_function(flat(x)), fv.black_box(model), pictures
    )


def lightgbm() -> Row:
    from lightgbm import LGBMClassifier

    data = digits()
    model = LGBMClassifier(n_estimators=60, n_jobs=1, verbose=-1).fit(data.train, data.train_labels)
    return Row(
        "LightGBM of 10 x 60 trees", lambda x: model.predict(flat(x), raw_score=True), fv.black_box(model), pictures
    )


def convnet(filters: tuple[int, int], kind: str, *, aimed: bool = False) -> Row:
    import onnxruntime

    path = write_convnet(Path(tempfile.mkdtemp()) / f"convnet{filters[0]}.onnx", filters)

    def opened() -> Any:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    session = opened()
    return Row(
        kind,
        lambda x: session.run(["logits"], {"pictures": x})[0],
        fv.black_box(path),
        pictures,
        aimed=aimed,
        beside=("a session opened for each batch", lambda x: opened().run(["logits"], {"pictures": x})[0]),
    )


def write_convnet(path: Path, filters: tuple[int, int]) -> Path:
    """The net of ``train_convnet.py`` with more filters, untrained, which takes as long."""
    import train_convnet
    from models import ConvNet

    train_convnet.FILTERS = filters
    train_convnet.FLAT = (SIDE // train_convnet.STRIDE**2) ** 2 * filters[1]
    train_convnet.write_onnx(ConvNet(train_convnet.initial_weights(np.random.default_rng(0))), path)
    return path


def function() -> Row:
    weights = np.random.default_rng(0).standard_normal((SIDE * SIDE, 10)).astype(np.float32)

    def model(batch: Array) -> Array:
        return np.tanh(flat(batch) @ weights)

    return Row("function of a batch", model, fv.black_box(model, outputs=[str(i) for i in range(10)]), pictures)


WEIGHTS = np.random.default_rng(1).standard_normal(16)


def rows_of_16(rng: np.random.Generator) -> Array:
    return rng.standard_normal((BATCH, 16))


def weighed(batch: Array) -> Array:
    return np.tanh(batch @ WEIGHTS)


def of_one_input(kind: str, box: fv.BlackBox) -> Row:
    """A function of one input, which costs nothing itself: what is left is the way to it and back."""
    return Row(kind, lambda batch: [weighed(one) for one in batch], box, rows_of_16, clock=time.perf_counter)


async def weighed_later(one: Array) -> float:
    return float(weighed(one))


def command(protocol: str) -> Row:
    program = Path(tempfile.mkdtemp()) / "weigh.py"
    program.write_text(
        "import json, math, sys\n"
        f"weights = {WEIGHTS.tolist()}\n"
        "for line in sys.stdin:\n"
        "    asked = json.loads(line)\n"
        "    found = math.tanh(sum(a * b for a, b in zip(asked['input'], weights)))\n"
        "    print(json.dumps({'id': asked['id'], 'output': found}), flush=True)\n"
    )
    box = fv.black_box([sys.executable, str(program)], protocol=protocol)
    kind = "program, one process" if protocol == "lines" else "program, a process a batch"
    return Row(kind, weighed, box, rows_of_16, clock=time.perf_counter)


def service() -> Row:
    import json
    import threading
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            body = json.dumps({"scores": weighed(np.array(asked["rows"])).tolist()}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_address[1]}/score"
    box = fv.black_box(address, request={"rows": "{inputs}"}, answer="scores")
    return Row("service, JSON over HTTP", weighed, box, rows_of_16, clock=time.perf_counter)


def rollout() -> Row:
    """Episodes of 30 steps from given states, beside the same loop by hand."""
    import gymnasium

    states = fv.initial_states("CartPole-v1")
    env = gymnasium.make("CartPole-v1").unwrapped

    def agent(seen: Array) -> int:
        return int(seen[2] + 0.5 * seen[3] > 0)

    def by_hand(batch: Any) -> list[float]:
        returns = []
        for i in range(BATCH):
            env.reset(seed=0)
            env.state = np.array(batch[i], dtype=np.float64)
            seen, total = np.array(env.state, dtype=np.float32), 0.0
            for _ in range(30):
                seen, reward, over, _, _ = env.step(agent(seen))
                total += reward
                if over:
                    break
            returns.append(total)
        return returns

    box = fv.rollout("CartPole-v1", agent, steps=30)
    return Row("rollout of 30 steps", by_hand, box, lambda rng: states.sample(rng, BATCH))


ROWS: dict[str, Callable[[], Row]] = {
    "svc": svc,
    "forest": forest,
    "convnet": lambda: convnet((64, 128), "ONNX convnet of 64 and 128 filters", aimed=True),
    "small convnet": lambda: convnet((8, 16), "ONNX convnet of 8 and 16 filters"),
    "lightgbm": lightgbm,
    "logistic": logistic,
    "function": function,
    "per input": lambda: of_one_input("function of one input", fv.black_box(weighed, per_input=True)),
    "threads": lambda: of_one_input("the same in 8 threads", fv.black_box(weighed, per_input=True, concurrency=8)),
    "async": lambda: of_one_input("the same, asynchronous", fv.black_box(weighed_later, per_input=True, concurrency=8)),
    "command": lambda: command("lines"),
    "command a batch": lambda: command("batch"),
    "service": service,
    "rollout": rollout,
}


def measure(row: Row, turns: int = TURNS) -> dict[str, Any]:
    """Milliseconds of each way to ask, and their differences to the direct call of the same turn."""
    rng = np.random.default_rng(0)
    evaluator = Evaluator(fv.maximise(row.box, row.box.outputs[0]))
    ways: dict[str, Callable[[Any], Any]] = {"direct": row.direct, "box": row.box, "evaluator": evaluator.evaluate}
    if row.beside is not None:
        ways["beside"] = row.beside[1]
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(turns + 2):
        batch = row.batch(rng)
        names = list(ways)
        for name in names[turn % len(names) :] + names[: turn % len(names)]:  # each is first in its turn
            began = row.clock()
            ways[name](batch)
            if turn >= 2:
                taken[name].append(1000 * (row.clock() - began))
    direct = np.array(taken["direct"])
    found: dict[str, Any] = {"kind": row.kind, "ms": statistics.median(direct), "aimed": row.aimed}
    for name in list(ways)[1:]:
        extra = (np.array(taken[name]) - direct) / statistics.median(direct)
        low, middle, high = np.quantile(extra, [0.25, 0.5, 0.75])
        found[name] = {"overhead": float(middle), "low": float(low), "high": float(high)}
        found[name]["us_an_input"] = float(1000 * middle * found["ms"] / BATCH)
    if row.beside is not None:
        found["beside_name"] = row.beside[0]
    return found


def shown(part: dict[str, float] | None) -> str | None:
    return (
        None
        if part is None
        else f"{100 * part['overhead']:.2f} % ({100 * part['low']:.2f} to {100 * part['high']:.2f})"
    )


def main(wanted: list[str]) -> None:
    found = [measure(ROWS[name]()) for name in wanted or ROWS]
    print_table(
        f"overhead over the direct call of a batch of {BATCH}: median (quartiles) of {TURNS} turns",
        ["black box", "direct, ms", "box", "evaluator", "evaluator, us an input", "session for each batch"],
        [
            [
                one["kind"],
                one["ms"],
                shown(one["box"]),
                shown(one["evaluator"]),
                one["evaluator"]["us_an_input"],
                shown(one.get("beside")) or "-",
            ]
            for one in found
        ],
    )
    aimed = [one for one in found if one["aimed"] and one["ms"] >= FROM_MS]
    met = bool(aimed) and all(one[way]["overhead"] <= MOST_OVERHEAD for one in aimed for way in ("box", "evaluator"))
    print(f"\nat most {MOST_OVERHEAD:.0%} from {FROM_MS:g} ms on, in {len(aimed)} rows: {'met' if met else 'missed'}")
    print_json({"benchmark": "boxes", "batch": BATCH, "turns": TURNS, "met": met, "rows": found})


if __name__ == "__main__":
    main(sys.argv[1:])
