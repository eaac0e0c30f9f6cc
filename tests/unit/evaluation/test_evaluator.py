"""The evaluator: isolation and what it costs, several boxes, protection of the inputs, the ledger."""

import json

import numpy as np
import pandas as pd
import pytest

import featviz as fv
from featviz.errors import BoxError, InvalidArgument, WrongType
from featviz.evaluation import Evaluator, Status


def rows(n):
    return np.arange(float(n)).reshape(n, 1)


def failing_on(bad, asked=None):
    """A function of a batch that raises when any of the ``bad`` is in it."""

    def function(batch):
        if asked is not None:
            asked.append(len(batch))
        if set(batch[:, 0]) & set(bad):
            raise ValueError("cannot look at this")
        return batch[:, 0]

    return fv.black_box(function)


@pytest.mark.parametrize("n", [1, 2, 3, 8, 9, 64, 257])
@pytest.mark.parametrize("where", [0.0, 0.4, 1.0])
def test_one_bad_input_costs_no_other(n, where):
    bad = int(where * (n - 1))
    evaluator = Evaluator(fv.maximise(failing_on([bad])))
    outcome = evaluator.evaluate(rows(n))
    want = rows(n)[:, 0]
    want[bad] = np.nan
    np.testing.assert_array_equal(outcome.scores, want)
    np.testing.assert_array_equal(np.flatnonzero(outcome.statuses), [bad])
    assert evaluator.ledger.calls <= 2 * np.log2(n) + 6
    assert evaluator.ledger.inputs <= 3.5 * n + 4


@pytest.mark.parametrize("share", [0.02, 0.1, 0.3, 0.5, 0.7])
def test_many_bad_inputs_cost_no_good_one(share):
    n = 200
    rng = np.random.default_rng(3)
    for _ in range(10):
        bad = np.flatnonzero(rng.random(n) < share)
        bad = bad[bad != 0]  # the first of the probes is good, so nothing is given up
        evaluator = Evaluator(fv.maximise(failing_on(bad)))
        outcome = evaluator.evaluate(rows(n))
        np.testing.assert_array_equal(np.flatnonzero(outcome.statuses), bad)
        assert evaluator.ledger.calls <= 2 * n + 9
        assert evaluator.ledger.inputs <= 5 * n + 8


def test_a_box_that_always_fails_is_given_up():
    asked = []
    evaluator = Evaluator(fv.maximise(failing_on(range(1000), asked)))
    outcome = evaluator.evaluate(rows(1000))
    assert asked == [1000] + [1] * 8
    assert (outcome.statuses == Status.EXCEPTION).all()
    assert "not asked alone" in outcome.reasons[1]
    assert "not asked alone" not in outcome.reasons[0]


def test_failures_of_different_kinds_are_not_given_up():
    probed = np.linspace(0, 39, 8).astype(int)

    def function(batch):
        for value in batch[:, 0]:
            if value in probed[1:]:
                raise ValueError("low")
            if value == probed[0]:
                raise KeyError("zero")
        return batch[:, 0]

    outcome = Evaluator(fv.maximise(fv.black_box(function))).evaluate(rows(40))
    np.testing.assert_array_equal(np.flatnonzero(outcome.statuses), probed)
    assert outcome.reasons[0].startswith("KeyError")
    assert outcome.reasons[39].startswith("ValueError")


def test_a_failure_that_does_not_come_again_leaves_no_trace():
    calls = []

    def flaky(batch):
        calls.append(len(batch))
        if len(calls) == 1:
            raise ConnectionError("try again")
        return batch[:, 0]

    outcome = Evaluator(fv.maximise(fv.black_box(flaky))).evaluate(rows(20))
    assert (outcome.statuses == Status.OK).all()
    np.testing.assert_array_equal(outcome.scores, rows(20)[:, 0])


def test_a_reason_says_where_in_the_users_code():
    outcome = Evaluator(fv.maximise(failing_on([0]))).evaluate(rows(2))
    assert outcome.reasons[0].startswith("ValueError: cannot look at this (test_evaluator.py:")


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, MemoryError, BoxError])
def test_what_is_not_about_an_input_passes(error):
    def fail(batch):
        raise error("stop")

    with pytest.raises(error):
        Evaluator(fv.maximise(fv.black_box(fail))).evaluate(rows(4))


def test_a_wrong_use_of_a_box_stops_at_once():
    evaluator = Evaluator(fv.maximise(fv.black_box(lambda batch: batch.mean())))
    with pytest.raises(BoxError, match="per_input=True"):
        evaluator.evaluate(rows(4))
    assert evaluator.ledger.calls == 1


def test_several_boxes_each_asked_once():
    asked = []

    def seen(name, columns):
        def function(batch):
            asked.append(name)
            return np.repeat(batch, columns, axis=1)

        return fv.black_box(function, outputs=[f"o{i}" for i in range(columns)], name=name)

    one, two = seen("net", 2), seen("net", 3)
    evaluator = Evaluator(fv.maximise(one, "o0") + fv.maximise(two, "o2") - fv.margin(one, "o1"))
    assert evaluator.output_names == ("net/o0", "net/o1", "net 2/o0", "net 2/o1", "net 2/o2")
    outcome = evaluator.evaluate(rows(3))
    assert asked == ["net", "net"]
    assert outcome.outputs.shape == (3, 5)
    np.testing.assert_array_equal(outcome.scores, [0, 2, 4])
    np.testing.assert_array_equal(evaluator.judge(rows(3), outcome.outputs).scores, outcome.scores)


def test_a_second_box_is_not_asked_about_what_failed():
    asked = []
    second = fv.black_box(lambda batch: asked.extend(batch[:, 0]) or batch[:, 0], name="second")
    evaluator = Evaluator(fv.maximise(failing_on([1])) + fv.maximise(second))
    outcome = evaluator.evaluate(rows(3))
    assert asked == [0, 2]
    np.testing.assert_array_equal(outcome.scores, [0, np.nan, 4])
    assert np.isnan(outcome.outputs[1]).all()


def test_a_box_cannot_damage_the_inputs():
    def spoil(batch):
        for part in batch.values() if isinstance(batch, dict) else [batch]:
            if isinstance(part, pd.DataFrame):
                part.iloc[:, 0] = -1
            else:
                part[:] = [-1] * len(part)
        return np.ones(len(part))

    evaluator = Evaluator(fv.maximise(fv.black_box(spoil)))
    batches = [
        rows(3),
        ["a", "b", "c"],
        {"x": rows(3), "y": np.ones((3, 2))},
        pd.DataFrame({"x": [1.0, 2, 3]}),
    ]
    for batch in batches:
        before = repr(batch)
        assert (evaluator.evaluate(batch).statuses == Status.OK).all()
        assert repr(batch) == before


def test_a_box_cannot_damage_records():
    records = [{"notes": [1, 2]}, {"notes": [3]}]
    box = fv.black_box(lambda one: one["notes"].clear() or 1.0, per_input=True)
    Evaluator(fv.maximise(box)).evaluate(records)
    assert records == [{"notes": [1, 2]}, {"notes": [3]}]


def test_outputs_are_kept_when_the_box_uses_its_array_again():
    buffer = np.zeros((3, 1))

    def reuse(batch):
        buffer[:] = batch
        return buffer

    evaluator = Evaluator(fv.maximise(fv.black_box(reuse)))
    first = evaluator.evaluate(rows(3))
    evaluator.evaluate(rows(3) + 10)
    np.testing.assert_array_equal(first.outputs, rows(3))


def test_a_penalty_cannot_damage_the_inputs_and_its_mistakes_pass():
    class Spoil(fv.Penalty):
        def value(self, inputs):
            inputs[:] = 0
            return np.zeros(len(inputs))

    objective = fv.maximise(fv.black_box(lambda x: x[:, 0]))
    batch = rows(3)
    outcome = Evaluator(objective - Spoil()).evaluate(batch)
    np.testing.assert_array_equal(batch, rows(3))
    assert (outcome.statuses == Status.EXCEPTION).all()
    assert outcome.reasons[0].startswith("the objective failed: ValueError")
    with pytest.raises(InvalidArgument, match="total_variation is for pictures"):
        Evaluator(objective - fv.total_variation()).evaluate(batch)
    with pytest.raises(WrongType, match="total_variation is for pictures"):
        Evaluator(fv.maximise(fv.black_box(len, per_input=True)) - fv.total_variation()).evaluate(["a", "b"])


def test_a_penalty_that_fails_on_one_input_costs_no_other():
    class Picky(fv.Penalty):
        def value(self, inputs):
            if (inputs == 2).any():
                raise ZeroDivisionError
            return np.zeros(len(inputs))

    outcome = Evaluator(fv.maximise(fv.black_box(lambda x: x[:, 0])) - Picky()).evaluate(rows(5))
    np.testing.assert_array_equal(outcome.scores, [0, 1, np.nan, 3, 4])


def test_the_ledger_counts_every_question():
    evaluator = Evaluator(fv.maximise(failing_on([3])))
    evaluator.evaluate(rows(4))
    # 4 at once; 0, 1 and 2, 3; 2 and 3.
    assert (evaluator.ledger.calls, evaluator.ledger.inputs) == (5, 10)
    assert dict(evaluator.ledger.failures) == {Status.EXCEPTION: 1}
    assert evaluator.ledger.seconds > 0
    totals = {"inputs": 10, "calls": 5, "seconds": evaluator.ledger.seconds, "cached": 0}
    assert evaluator.ledger.totals() == json.loads(json.dumps(totals))
    evaluator.judge(rows(2), [1.0, float("nan")])
    assert evaluator.ledger.calls == 5
    assert evaluator.ledger.failures[Status.NONFINITE] == 1


def test_boxes_of_another_make_are_guarded_too():
    class Duck:
        name, outputs = "duck", ("quack",)

        def __call__(self, inputs):
            return [True if x == 1 else x for x in inputs[:, 0]]

        def spec(self):
            return None

    outcome = Evaluator(fv.maximise(Duck())).evaluate(rows(3))
    assert outcome.statuses.tolist() == [Status.OK, Status.TYPE, Status.OK]


def test_an_empty_batch():
    evaluator = Evaluator(fv.maximise(failing_on([])))
    for outcome in (evaluator.evaluate(rows(0)), evaluator.judge(rows(0), np.zeros((0, 1)))):
        assert (len(outcome), outcome.outputs.shape) == (0, (0, 1))
    assert evaluator.ledger.calls == 0


def test_without_an_objective_outputs_are_scores():
    evaluator = Evaluator(None)
    assert evaluator.output_names == ("score",)
    np.testing.assert_array_equal(evaluator.judge(rows(3), [[1.0], [2.0], [3.0]]).scores, [1, 2, 3])
    with pytest.raises(InvalidArgument, match="no box to ask"):
        evaluator.evaluate(rows(3))


def test_status_codes_never_change():
    assert {status.name: int(status) for status in Status} == {
        "OK": 0,
        "EXCEPTION": 1,
        "NONFINITE": 2,
        "SHAPE": 3,
        "TYPE": 4,
        "TIMEOUT": 5,
        "WORKER_DIED": 6,
        "INFEASIBLE": 7,
        "CANCELLED": 8,
    }
    assert Status.WORKER_DIED.label == "worker died"
