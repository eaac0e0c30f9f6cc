"""Searches that choose among restarts or members, killed with SIGKILL: they choose the same again, bit for bit."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import featviz as fv

ROOT = Path(__file__).parents[2]
KILLS = 4
SCRIPT = """
import sys, time
import featviz as fv

def answer(pictures):
    time.sleep(0.02)
    return -((pictures - 0.7) ** 2).sum(axis=(1, 2, 3)) + pictures[:, 0, 0, 0]

kind, out = sys.argv[1:]
goal = fv.maximise(fv.black_box(answer, name="box"))
if kind == "halved":
    run = fv.search(
        fv.ImageSpace(6, 6), goal, budget=1200, restarts=6, halving=True, seed=3, out=out, progress="none"
    )
else:
    members = {name: fv.ImageSpace(6, 6, decoder=name) for name in ("dct", "pixels", "cppn")}
    run = fv.search_ensemble(members, goal, budget=1200, baseline=100, seed=3, out=out, progress="none")
print("done", run.evaluations)
"""


def start(script, kind, out):
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(script), kind, str(out)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def runs_in(folder, kind):
    return {"": fv.load(folder)} if kind == "halved" else fv.Ensemble.load(folder).runs


def evaluated(folder, kind):
    """What is stored; 0 as long as not all of it can be read."""
    try:
        return sum(len(run.scores) for run in runs_in(folder, kind).values())
    except (fv.FeatvizError, OSError):
        return 0


def wait_for_more(folder, kind, before):
    deadline = time.monotonic() + 60
    while evaluated(folder, kind) <= before and time.monotonic() < deadline:
        time.sleep(0.05)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["halved", "ensemble"])
def test_what_is_killed_again_and_again_ends_where_it_would_have(tmp_path, kind):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    whole = start(script, kind, tmp_path / "whole")
    said, error = whole.communicate(timeout=120)
    assert "done 1200" in said, error
    dice = random.Random(kind)
    kills = 0
    for _ in range(KILLS + 1):
        before = evaluated(tmp_path / "killed", kind)
        process = start(script, kind, tmp_path / "killed")
        if kills < KILLS:
            wait_for_more(tmp_path / "killed", kind, before)
            time.sleep(dice.uniform(0, 0.2))
            process.send_signal(signal.SIGKILL)
        _, error = process.communicate(timeout=120)
        if process.returncode == 0:
            break
        assert process.returncode == -signal.SIGKILL, error
        kills += 1
    assert kills == KILLS
    expected, got = runs_in(tmp_path / "whole", kind), runs_in(tmp_path / "killed", kind)
    assert list(got) == list(expected)
    for name, run in expected.items():
        np.testing.assert_array_equal(got[name].scores, run.scores)
        assert got[name].status == run.status
        for evaluation in range(0, len(run.scores), 50):
            assert got[name].candidate(evaluation).latents.digest() == run.candidate(evaluation).latents.digest()
