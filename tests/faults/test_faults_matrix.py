"""Boxes that fail in every way at once: the search spends its budget, says what failed, and goes on after a kill."""

import asyncio
import threading

import numpy as np
import pytest

import featviz as fv
from featviz.digests import input_digests
from featviz.evaluation import Status

SPACE = fv.ImageSpace(6, 6)
BUDGET = 400


def fate_of(picture):
    """One of a hundred, by the picture alone: so the same picture always meets the same."""
    return int.from_bytes(input_digests(picture[None])[0][:4], "big") % 100


def expected(fate):
    if fate < 10:
        return Status.EXCEPTION
    if fate < 20:
        return Status.NONFINITE
    return Status.TIMEOUT if fate < 22 else Status.OK


def true_score(picture):
    return float(-((picture - 0.7) ** 2).sum())


class Faulty:
    """10% exceptions, 10% NaN, 2% calls that hang until the test is over."""

    def __init__(self):
        self.over = threading.Event()

    def __call__(self, picture):
        fate = fate_of(picture)
        if fate < 10:
            raise RuntimeError("the model gave up")
        if fate < 20:
            return float("nan")
        if fate < 22:
            self.over.wait(120)
        return true_score(picture)

    async def later(self, picture):
        if 20 <= fate_of(picture) < 22:
            await asyncio.sleep(120)
        return self(picture)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["threads", "asynchronous"])
def test_a_box_with_every_fault_spends_its_budget_and_says_what_failed(tmp_path, kind):
    faulty = Faulty()
    function = faulty if kind == "threads" else faulty.later
    box = fv.black_box(
        function, per_input=True, concurrency=4, timeout=0.5, name="faulty", outputs=["closeness"], noisy=False
    )
    try:
        run = fv.search(SPACE, fv.maximise(box), budget=BUDGET, seed=1, out=tmp_path / "run", progress="none")
    finally:
        faulty.over.set()
        box.close()
    assert (run.status, run.evaluations) == ("finished", BUDGET)
    pictures = SPACE.decode_latents(run._read_latents([0])[0])
    for row, picture in enumerate(pictures):
        assert run._records.batches[0].statuses[row] == expected(fate_of(picture))
    failures = run.failures
    assert set(failures) == {"exception", "nonfinite", "timeout"}
    # Binomial with p = .1 and .02: beyond these lies less than one chance in a million.
    assert 12 <= failures["exception"] <= 75
    assert 12 <= failures["nonfinite"] <= 75
    assert 1 <= failures["timeout"] <= 26
    reasons = " ".join(run.failure_reasons)
    for words in ("the model gave up", "output 'closeness' is nan", "no answer within 0.5 s"):
        assert words in reasons
    assert run.best.score == pytest.approx(true_score(run.best.input), abs=1e-5)
    assert run.best.score > -2  # grey scores -5 and white -3
    assert np.isnan(run.scores).sum() == sum(failures.values())
    assert fv.load(tmp_path / "run").failures == failures
