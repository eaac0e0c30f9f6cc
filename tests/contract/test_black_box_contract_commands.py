"""Programs and folders against the contract of black boxes."""

import sys
import threading
from pathlib import Path

import numpy as np
import pytest

import featviz as fv
from featviz.testing.black_boxes import BlackBoxContract

SCORE = """
import json, sys
for line in sys.stdin:
    q = json.loads(line)
    values = [v for row in q["input"] for pixel in row for v in pixel]
    print(json.dumps({"id": q["id"], "output": {"low": min(values), "sum": sum(values)}}), flush=True)
"""
MEASURE = """
import csv, os, sys
import numpy as np
rows = list(csv.DictReader(open(os.path.join(sys.argv[1], "inputs.csv"), newline="")))
with open(os.path.join(sys.argv[1], "scores.csv"), "w") as file:
    print("id,low,sum", file=file)
    for row in rows:
        x = np.load(os.path.join(sys.argv[1], row["file"])).astype(float)
        print(row["id"], x.min(), x.sum(), sep=",", file=file)
"""
OUTPUTS = ["low", "sum"]

KINDS = {
    "lines": lambda tmp: fv.black_box([sys.executable, "-c", SCORE], outputs=OUTPUTS),
    "lines to three": lambda tmp: fv.black_box([sys.executable, "-c", SCORE], outputs=OUTPUTS, workers=3),
    "batch": lambda tmp: fv.black_box([sys.executable, "-c", SCORE], outputs=OUTPUTS, protocol="batch"),
    "folder": lambda tmp: fv.black_box(
        [sys.executable, "-c", MEASURE], outputs=OUTPUTS, protocol="folder", folder=tmp / "exchange"
    ),
}


class TestCommands(BlackBoxContract):
    @pytest.fixture(params=KINDS)
    def box(self, request, tmp_path):
        with KINDS[request.param](tmp_path) as box:
            yield box

    @pytest.fixture
    def inputs(self):
        return np.random.default_rng(0).random((5, 3, 4, 1)).astype(np.float32)


class TestLaboratory(BlackBoxContract):
    """Somebody else measures, beside the search."""

    @pytest.fixture
    def box(self, tmp_path):
        end = threading.Event()
        worker = threading.Thread(target=_measure, args=(tmp_path, end))
        worker.start()
        yield fv.folder_box(tmp_path, outputs=OUTPUTS, poll=0.01, timeout=20, quiet=True)
        end.set()
        worker.join()

    @pytest.fixture
    def inputs(self):
        return np.random.default_rng(0).random((5, 3, 4, 1)).astype(np.float32)


def _measure(exchange: Path, end: threading.Event) -> None:
    while not end.wait(0.005):
        for folder in exchange.glob("batch-*"):
            if (folder / "scores.csv").exists():
                continue
            arrays = [np.load(path).astype(float) for path in sorted(folder.glob("*.npy"))]
            part = folder / "part"
            part.write_text("id,low,sum\n" + "".join(f"{i},{x.min()},{x.sum()}\n" for i, x in enumerate(arrays)))
            part.rename(folder / "scores.csv")
