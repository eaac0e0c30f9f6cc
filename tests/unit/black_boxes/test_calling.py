"""Functions that wait: asynchronous ones, several at a time, and those that do not come back."""

import asyncio
import functools
import threading
import time

import numpy as np
import pytest

import featviz as fv
from featviz.black_boxes import threads
from featviz.errors import BoxError, BoxTimeout, RowsFailed
from featviz.evaluation import Evaluator, Status
from featviz.testing import BlackBoxContract


def rows(n):
    return np.arange(n, dtype=np.float64)[:, None]


class Gauge:
    """How many calls run at a time."""

    def __init__(self):
        self.now = self.most = 0
        self._lock = threading.Lock()

    def __enter__(self):
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)

    def __exit__(self, *_):
        with self._lock:
            self.now -= 1


async def doubled(x):
    await asyncio.sleep(0.001 * (5 - x[0] % 5))  # the later ones are done first
    return 2 * x[0]


def slow_double(x):
    time.sleep(0.001 * (5 - x[0] % 5))
    return 2 * x[0]


KINDS = {
    "asynchronous": lambda: fv.black_box(doubled, per_input=True, concurrency=4),
    "threads": lambda: fv.black_box(slow_double, per_input=True, concurrency=4),
    "one thread and a limit": lambda: fv.black_box(slow_double, per_input=True, timeout=5),
}


class TestContract(BlackBoxContract):
    @pytest.fixture(params=KINDS)
    def box(self, request):
        with KINDS[request.param]() as box:
            yield box

    @pytest.fixture
    def inputs(self):
        return rows(6)


@pytest.mark.parametrize("concurrency", [1, 3, 50])
@pytest.mark.parametrize("kind", ["async", "threads"])
def test_the_answers_are_the_same_for_any_number_at_a_time(kind, concurrency):
    gauge = Gauge()

    async def later(x):
        with gauge:
            await asyncio.sleep(0.002)
            return x[0]

    def now(x):
        with gauge:
            time.sleep(0.002)
            return x[0]

    box = fv.black_box(later if kind == "async" else now, per_input=True, concurrency=concurrency)
    assert box(rows(20))[:, 0].tolist() == list(range(20))
    assert gauge.most <= concurrency
    assert concurrency == 1 or gauge.most > 1
    box.close()


def test_an_asynchronous_function_of_a_batch():
    async def brightness(batch):
        await asyncio.sleep(0)
        return np.column_stack([batch[:, 0], -batch[:, 0]])

    box = fv.black_box(functools.partial(brightness), outputs=["light", "dark"], name="b")
    assert box(rows(3)).tolist() == [[0, 0], [1, -1], [2, -2]]


def test_all_batches_are_awaited_on_one_loop_also_from_within_a_running_one():
    loops = set()

    async def note(x):
        loops.add(asyncio.get_running_loop())
        return x[0]

    box = fv.black_box(note, per_input=True)

    async def notebook():
        return box(rows(2)), box(rows(3))

    asyncio.run(notebook())
    box(rows(1))
    assert len(loops) == 1
    box.close()
    assert box(rows(1)).tolist() == [[0]]  # opened again
    assert len(loops) == 2


def test_an_object_with_an_asynchronous_call():
    class Client:
        async def __call__(self, x):
            return x[0] + 1

    assert fv.black_box(Client(), per_input=True)(rows(2)).tolist() == [[1], [2]]


@pytest.mark.parametrize("kind", ["async", "threads", "plain"])
def test_one_that_raises_costs_nothing_else(kind):
    asked = []

    def now(x):
        asked.append(x[0])
        if x[0] == 2:
            raise ValueError("no two")
        return x[0]

    async def later(x):
        return now(x)

    options = {"async": {}, "threads": {"concurrency": 2}, "plain": {}}[kind]
    box = fv.black_box(later if kind == "async" else now, per_input=True, **options)
    outcome = Evaluator(fv.maximise(box)).evaluate(rows(5))
    assert outcome.statuses.tolist() == [0, 0, Status.EXCEPTION, 0, 0]
    assert "no two" in outcome.reasons[2]
    assert sorted(asked) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("kind", ["async", "threads"])
def test_one_that_hangs_is_given_up_and_recorded_as_a_time_out(kind):
    freed, cancelled = threading.Event(), []

    async def later(x):
        try:
            await asyncio.sleep(60 if x[0] in (1, 3) else 0)
        except asyncio.CancelledError:
            cancelled.append(x[0])
            raise
        return x[0]

    def now(x):
        if x[0] in (1, 3):
            freed.wait(60)
        return x[0]

    box = fv.black_box(later if kind == "async" else now, per_input=True, concurrency=2, timeout=0.2)
    try:
        began = time.monotonic()
        outcome = Evaluator(fv.maximise(box)).evaluate(rows(6))
        assert time.monotonic() - began < 10
    finally:
        freed.set()
    assert outcome.statuses.tolist() == [0, Status.TIMEOUT, 0, Status.TIMEOUT, 0, 0]
    assert outcome.reasons[1] == "BoxTimeout: no answer within 0.2 s."
    if kind == "async":
        assert sorted(cancelled) == [1, 3]
    box.close()


def test_a_time_out_of_the_function_itself_is_one_too():
    async def own(x):
        raise TimeoutError("the server is slow")

    outcome = Evaluator(fv.maximise(fv.black_box(own, per_input=True, timeout=5))).evaluate(rows(1))
    assert outcome.statuses.tolist() == [Status.TIMEOUT]
    assert "the server is slow" in outcome.reasons[0]


def test_a_whole_batch_that_hangs_is_given_up():
    freed = threading.Event()
    box = fv.black_box(lambda batch: freed.wait(60), timeout=0.1)
    try:
        with pytest.raises(BoxTimeout):
            box(rows(2))
    finally:
        freed.set()


def test_too_many_that_never_come_back_end_the_search(monkeypatch):
    freed = threading.Event()
    monkeypatch.setattr(threads, "MOST_ABANDONED", 3)
    box = fv.black_box(lambda x: freed.wait(60), per_input=True, concurrency=8, timeout=0.05)
    try:
        with pytest.raises(BoxError, match=r"run it as a command"):
            box(rows(8))
    finally:
        freed.set()


def test_an_asynchronous_function_that_blocks_is_named(monkeypatch):
    from featviz.black_boxes import event_loops

    monkeypatch.setattr(event_loops, "_GRACE_SECONDS", 0.2)

    async def blocks(x):
        time.sleep(1.5)
        return 1.0

    box = fv.black_box(blocks, per_input=True, timeout=0.1)
    with pytest.raises(BoxError, match="blocks its event loop"):
        box(rows(1))


@pytest.mark.parametrize("kind", ["async", "threads", "plain"])
def test_an_error_about_the_box_is_raised(kind):
    def now(x):
        raise BoxError("the service has gone")

    async def later(x):
        raise BoxError("the service has gone")

    options = {"threads": {"concurrency": 2}}.get(kind, {})
    with pytest.raises(BoxError, match="has gone"):
        fv.black_box(later if kind == "async" else now, per_input=True, **options)(rows(3))


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda batch: batch[:, 0], "answers with 1 number an input, but outputs= names 2"),
        (lambda batch: np.ones((len(batch), 3)), "answers with 3 numbers an input, but outputs= names 2"),
    ],
)
@pytest.mark.parametrize("per_input", [True, False])
def test_another_number_of_outputs_than_was_named_is_one_clear_error(answer, words, per_input):
    function = (lambda x: answer(x[None])[0]) if per_input else answer
    box = fv.black_box(function, outputs=["a", "b"], per_input=per_input)
    with pytest.raises(BoxError, match=words):
        fv.search(fv.TimeSeriesSpace(4), fv.maximise(box, "a"), budget=20, batch_size=10, progress="none")


def test_once_it_has_answered_rightly_a_wrong_answer_costs_only_itself():
    box = fv.black_box(lambda x: [x[0], 1.0] if x[0] != 7 else x[0], outputs=["a", "b"], per_input=True)
    assert box(rows(3)).shape == (3, 2)
    with pytest.raises(RowsFailed) as caught:
        box(rows(9))
    assert list(caught.value.errors) == [7]
