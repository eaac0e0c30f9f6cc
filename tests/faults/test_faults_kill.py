"""Real processes killed with SIGKILL at random instants; what they had evaluated must be there, bit for bit."""

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
KILLS = 5
SCRIPT = """
import sys, time
import featviz as fv

def answer(pictures):
    time.sleep(0.03)
    return -((pictures - 0.7) ** 2).sum(axis=(1, 2, 3)) + pictures[:, 0, 0, 0]

out, optimiser = sys.argv[1:]
run = fv.search(
    fv.ImageSpace(6, 6), fv.maximise(fv.black_box(answer, name="box")), budget=1500, baseline=200, restarts=2, seed=3,
    optimiser=optimiser, out=None if out == "-" else out, progress="none",
)
print("done", len(run.scores))
"""


def start(script, out, optimiser):
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(script), str(out), optimiser]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


@pytest.mark.slow
@pytest.mark.parametrize("optimiser", ["sep-cma", "snes", "nevergrad:DE"])
def test_a_run_killed_again_and_again_ends_where_it_would_have(tmp_path, optimiser):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    whole = start(script, tmp_path / "whole", optimiser)
    assert "done 1700" in whole.communicate(timeout=120)[0]
    dice = random.Random(optimiser)
    kills, counts = 0, []
    for _ in range(40):
        process = start(script, tmp_path / "killed", optimiser)
        try:
            process.wait(timeout=dice.uniform(0.4, 1.2) if kills < KILLS else 120)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
        _, error = process.communicate(timeout=120)
        if process.returncode == -signal.SIGKILL:
            kills += 1
        else:
            assert process.returncode == 0, error
        if (tmp_path / "killed" / "run.toml").exists() and (tmp_path / "killed" / "evaluations.sqlite").exists():
            counts.append(len(fv.load(tmp_path / "killed").scores))
        if process.returncode == 0:
            break
    assert kills == KILLS
    assert counts == sorted(counts)
    expected, got = fv.load(tmp_path / "whole"), fv.load(tmp_path / "killed")
    np.testing.assert_array_equal(got.scores, expected.scores)
    for evaluation in range(0, 1700, 90):
        assert got.candidate(evaluation).latents.digest() == expected.candidate(evaluation).latents.digest()


def test_sigterm_closes_the_run_and_says_how_to_go_on(tmp_path):
    (tmp_path / "slow.py").write_text(
        "import time\n\ndef answer(pictures):\n    time.sleep(0.05)\n    return pictures.mean(axis=(1, 2, 3))\n"
    )
    (tmp_path / "slow.toml").write_text(
        '[space]\ntype = "ImageSpace"\nheight = 4\nwidth = 4\n[box]\nfrom = "slow:answer"\n'
        '[objective]\nmaximise = "output"\n[search]\nbudget = 100_000\n'
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-m", "featviz", "run", "slow.toml"],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        time.sleep(0.2)
        try:
            if fv.load(tmp_path / "runs" / "slow").evaluations >= 20:
                break
        except (fv.FeatvizError, OSError):
            continue
    process.send_signal(signal.SIGTERM)
    _, error = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "featviz resume runs/slow" in error
    assert "Traceback" not in error
    run = fv.load(tmp_path / "runs" / "slow")
    assert run.status == "interrupted"
    assert run.evaluations >= 20
    assert (tmp_path / "runs" / "slow" / "best" / "01.png").exists()


def test_a_full_disk_stops_the_run_with_a_message_and_loses_nothing(tmp_path):
    limit = 400_000
    code = (
        "import resource, signal, featviz as fv\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))\n"
        "fv.search(fv.ImageSpace(16, 16), fv.maximise(fv.black_box(lambda x: x.mean(axis=(1, 2, 3)))),\n"
        f"          budget=5000, out={str(tmp_path / 'run')!r}, progress='none')\n"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 1
    assert "StorageError" in done.stderr
    assert "disk full" in done.stderr
    kept = fv.load(tmp_path / "run")
    assert 100 < kept.evaluations < 5000
    assert kept.best.input.shape == (16, 16, 1)
