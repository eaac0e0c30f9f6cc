"""A box that raises ``RowsFailed`` in a form that says nothing: failed rows with a reason, never a raw error."""

import re

import numpy as np
import pytest

import featviz as fv
from featviz.errors import RowsFailed
from featviz.evaluation import Evaluator, Status

CAUSE = ValueError("no")


class Raises(fv.BlackBox):
    """Raises what ``make(n)`` gives."""

    def __init__(self, make):
        super().__init__(name="raises", outputs=["a", "b"])
        self.make = make

    def __call__(self, inputs):
        raise self.make(len(inputs))

    def answer(self, inputs):
        return inputs


class Bare(RowsFailed):
    def __init__(self):
        Exception.__init__(self, "nothing set")


MALFORMED = {
    "no rows": (lambda n: RowsFailed("x", np.zeros((n, 2)), {}), "without saying which rows"),
    "no dict": (lambda n: RowsFailed("x", np.zeros((n, 2)), [CAUSE]), "without saying which rows"),
    "nothing set": (lambda n: Bare(), "without saying which rows"),
    "a row too far": (lambda n: RowsFailed("x", np.zeros((n, 2)), {n: CAUSE}), "an error for row"),
    "a row before the first": (lambda n: RowsFailed("x", np.zeros((n, 2)), {-1: CAUSE}), "an error for row -1"),
    "a row by name": (lambda n: RowsFailed("x", np.zeros((n, 2)), {"0": CAUSE}), "an error for row '0'"),
    "no exception": (lambda n: RowsFailed("x", np.zeros((n, 2)), {0: "no"}), "the error of a row is 'no'"),
    "a row too few": (
        lambda n: RowsFailed("x", np.zeros((n - 1, 2)), {0: CAUSE}),
        r"of shape \(1, 2\): shape \(0, 2\)",
    ),
    "a column too few": (lambda n: RowsFailed("x", np.zeros((n, 1)), {0: CAUSE}), r"of shape \(1, 2\): shape \(1, 1\)"),
    "text": (lambda n: RowsFailed("x", np.full((n, 2), "1.0"), {0: CAUSE}), "and <U3"),
    "no outputs": (lambda n: RowsFailed("x", None, {0: CAUSE}), "None"),
}


@pytest.mark.parametrize("kind", MALFORMED)
@pytest.mark.parametrize("n", [1, 3, 20])
def test_is_a_failure_of_shape_with_a_reason(kind, n):
    make, words = MALFORMED[kind]
    outcome = Evaluator(fv.maximise(Raises(make), "a")).evaluate(np.zeros((n, 4)) + np.arange(n)[:, None])
    assert outcome.statuses.tolist() == [Status.SHAPE] * n
    assert np.isnan(outcome.outputs).all()
    if n == 1:
        assert re.search(words, outcome.reasons[0])


def test_a_well_formed_one_is_believed():
    box = Raises(lambda n: RowsFailed("x", np.ones((n, 2), dtype=np.float32), {np.int64(1): CAUSE}))
    outcome = Evaluator(fv.maximise(box, "a")).evaluate(np.arange(12.0).reshape(3, 4))
    assert outcome.statuses.tolist() == [0, Status.EXCEPTION, 0]
    assert outcome.scores[[0, 2]].tolist() == [1, 1]


def test_only_some_batches_are_malformed():
    calls = []

    def make(n):
        calls.append(n)
        return RowsFailed("x", np.ones((n, 2)), {0: CAUSE} if n < 4 else {99: CAUSE})

    outcome = Evaluator(fv.maximise(Raises(make), "a")).evaluate(np.arange(16.0).reshape(4, 4))
    assert outcome.statuses.tolist() == [Status.EXCEPTION, 0, Status.EXCEPTION, 0]
    assert calls == [4, 2, 2]
