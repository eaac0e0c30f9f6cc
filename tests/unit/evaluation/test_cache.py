"""Equal inputs are asked about once, and every question is counted."""

import numpy as np
import pytest

import featviz as fv
from featviz.errors import BoxError
from featviz.evaluation import Evaluator, Status
from featviz.evaluation.cache import AnswerCache


class Counting:
    """A box that notes what it is asked."""

    def __init__(self, noisy=None, bad=()):
        self.asked, self.bad = [], set(bad)
        made = fv.black_box(self._answer, name="counting")
        self.box = made.configured(noisy=noisy)

    def _answer(self, inputs):
        self.asked.extend(inputs[:, 0].tolist())
        if self.bad & set(inputs[:, 0].tolist()):
            raise ValueError("cannot")
        return inputs[:, 0] * 2


def batch(*values):
    return np.array(values, dtype=np.float64)[:, None]


def test_an_equal_input_is_never_sent_twice():
    counting = Counting()
    evaluator = Evaluator(fv.maximise(counting.box))
    assert evaluator.evaluate(batch(1, 2, 1, 3)).scores.tolist() == [2, 4, 2, 6]
    assert evaluator.evaluate(batch(3, 4, 2, 4)).scores.tolist() == [6, 8, 4, 8]
    assert evaluator.evaluate(batch(1, 2)).scores.tolist() == [2, 4]
    assert sorted(counting.asked) == [1, 2, 3, 4]
    assert (evaluator.ledger.inputs, evaluator.ledger.cached) == (4, 6)


def test_a_noisy_box_is_asked_each_time():
    counting = Counting(noisy=True)
    evaluator = Evaluator(fv.maximise(counting.box))
    evaluator.evaluate(batch(1, 1))
    evaluator.evaluate(batch(1))
    assert counting.asked == [1, 1, 1]
    assert evaluator.noisy
    assert evaluator.ledger.cached == 0


def test_fresh_asks_for_what_is_known():
    counting = Counting()
    evaluator = Evaluator(fv.maximise(counting.box))
    evaluator.evaluate(batch(1))
    evaluator.evaluate(batch(1), fresh=True)
    assert counting.asked == [1, 1]
    evaluator.turn_noisy()
    evaluator.evaluate(batch(1))
    assert counting.asked == [1, 1, 1]


def test_a_failure_is_asked_again_and_its_repeats_fail_with_it():
    counting = Counting(bad=[2])
    evaluator = Evaluator(fv.maximise(counting.box))
    outcome = evaluator.evaluate(batch(1, 2, 2))
    assert outcome.statuses.tolist() == [Status.OK, Status.EXCEPTION, Status.EXCEPTION]
    assert outcome.reasons[1] == outcome.reasons[2]
    assert np.isnan(outcome.scores[1:]).all()
    counting.bad.clear()
    assert evaluator.evaluate(batch(2)).scores.tolist() == [4]


def test_each_box_has_answers_of_its_own():
    first, second = Counting(), Counting(noisy=True)
    evaluator = Evaluator(fv.maximise(first.box) + fv.maximise(second.box))
    assert evaluator.evaluate(batch(1, 1)).scores.tolist() == [4, 4]
    assert first.asked == [1]
    assert second.asked == [1, 1]


def test_inputs_without_a_digest_are_always_asked():
    asked = []

    def answer(things):
        asked.extend(things)
        return [1.0] * len(things)

    evaluator = Evaluator(fv.maximise(fv.black_box(answer)))
    thing = object()
    evaluator.evaluate([thing, thing])
    assert len(asked) == 2


def test_the_oldest_answers_are_forgotten_first():
    cache = AnswerCache(most=2)
    cache.add([b"a", b"b", b"c"], np.arange(3.0)[:, None], np.array([True, True, True]))
    assert len(cache) == 2
    assert cache.get(b"a") is None
    assert cache.get(b"c").tolist() == [2]


def test_an_answer_is_not_changed_by_who_gets_it():
    counting = Counting()
    evaluator = Evaluator(fv.maximise(counting.box))
    evaluator.evaluate(batch(1)).outputs[:] = 99
    assert evaluator.evaluate(batch(1)).outputs.tolist() == [[2]]


def test_a_search_sends_no_input_twice():
    counting = Counting()
    space = fv.DictSpace({"a": fv.Integer(0, 5)})
    box = fv.black_box(lambda inputs: counting._answer(np.asarray(inputs["a"])[:, None]), noisy=False)
    run = fv.search(space, fv.maximise(box), budget=100, progress="none")
    assert run.best.score == 10
    assert sorted(counting.asked) == sorted(set(counting.asked))


def test_hooks_of_a_box_are_called(tmp_path):
    calls = []

    class Kept(fv.BlackBox):
        requests = 0

        def answer(self, inputs):
            self.requests += 1
            return inputs.sum(axis=(1, 2, 3))

        def begin_batch(self, key):
            calls.append(key)

        def keep_in(self, folder):
            calls.append(folder)

        def usage(self):
            return {"requests": self.requests, "cost": 0.5 * self.requests}

        def provenance(self):
            return {"version": "1.2\u202e"}

    space = fv.ImageSpace(2, 2)
    out = tmp_path / "run"
    box = Kept(name="kept", outputs=["sum"])
    box(space.sample(np.random.default_rng(0), 3))  # used before the run: not the run's
    run = fv.search(space, fv.maximise(box), budget=20, batch_size=10, out=out, progress="none")
    assert calls == [out, 0, 10]
    assert run.ledger["requests"] == 2
    assert run.ledger["cost"] == 1
    assert run.ledger["inputs"] == 20
    assert run.spec["provenance"]["answered_by"] == [{"version": "1.2\\u202e"}]
    assert fv.load(out).ledger == run.ledger


def test_a_batch_is_given_in_parts():
    sizes = []

    def answer(inputs):
        sizes.append(len(inputs))
        return inputs[:, 0]

    box = fv.black_box(answer, max_batch=3)
    np.testing.assert_array_equal(box(batch(*range(7)))[:, 0], np.arange(7))
    assert sizes == [3, 3, 1]


def test_failures_in_parts_keep_their_rows():
    def answer(x):
        if x[0] in (1, 5):
            raise ValueError("bad one")
        return x[0]

    box = fv.black_box(answer, per_input=True, max_batch=2)
    outcome = Evaluator(fv.maximise(box)).evaluate(batch(*range(7)))
    assert np.flatnonzero(outcome.statuses).tolist() == [1, 5]


@pytest.mark.parametrize(("option", "value"), [("noisy", "yes"), ("max_batch", 0), ("max_batch", 1.5)])
def test_common_options_are_checked(option, value):
    with pytest.raises((ValueError, TypeError), match=option):
        fv.black_box(lambda x: x, **{option: value})


def test_an_error_about_the_box_ends_the_search_and_keeps_the_run(tmp_path):
    def gone(inputs):
        if len(gone.calls) > 1:
            raise BoxError("the service has gone")
        gone.calls.append(1)
        return inputs.sum(axis=(1, 2, 3))

    gone.calls = []
    with pytest.raises(BoxError, match="has gone"):
        fv.search(
            fv.ImageSpace(2, 2),
            fv.maximise(fv.black_box(gone)),
            budget=50,
            batch_size=10,
            out=tmp_path,
            progress="none",
        )
    assert fv.load(tmp_path).evaluations == 11  # the first batch, and its best asked for again
