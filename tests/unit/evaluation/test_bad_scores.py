"""Every bad score and output: a status with a reason, never a number, and no other input loses its answer.

The rows are those of the table "Scores and outputs" of the bad inputs that featviz promises to bear.
"""

import numpy as np
import pytest

import featviz as fv
from featviz.errors import InvalidArgument
from featviz.evaluation import Evaluator, Status

N = 12
BAD_ROW = 5
INPUTS = np.arange(float(N)).reshape(N, 1)


class Unpicklable(Exception):
    """Its payload cannot be pickled, and it fails to say what it is."""

    def __init__(self):
        super().__init__(lambda: None)
        self.payload = (x for x in ())

    def __str__(self):
        raise RuntimeError("no words for it")


def raise_(error):
    raise error


# For one input among twelve: what a function of one input returns there.
ONE_ROW = {
    "nan": (lambda: float("nan"), Status.NONFINITE, "output 'output' is nan"),
    "inf": (lambda: float("inf"), Status.NONFINITE, "output 'output' is inf"),
    "-inf": (lambda: float("-inf"), Status.NONFINITE, "output 'output' is -inf"),
    "None": (lambda: None, Status.TYPE, "None (NoneType)"),
    "text": (lambda: "3.5", Status.TYPE, "'3.5' (str)"),
    "bytes": (lambda: b"3.5", Status.TYPE, "(bytes)"),
    "True": (lambda: True, Status.TYPE, "True (bool)"),
    "numpy's True": (lambda: np.True_, Status.TYPE, "bool"),
    "complex": (lambda: 1 + 2j, Status.TYPE, "(1+2j) (complex)"),
    "object": (object, Status.TYPE, "object"),
    "nested": (lambda: [[1.0]], Status.TYPE, "[1.0] (list)"),
    "nested array": (lambda: np.ones((1, 1, 1)), Status.SHAPE, "(1, 1, 1)"),
    "size 0": (lambda: np.ones(0), Status.SHAPE, "shape (0,)"),
    "size 2": (lambda: np.ones(2), Status.SHAPE, "shape (2,)"),
    "float16 overflow": (lambda: np.float16(60000) * np.float16(2), Status.NONFINITE, "is inf"),
    "10**400": (lambda: 10**400, Status.NONFINITE, "is inf"),
    "exception": (lambda: raise_(ValueError("bad\nnews")), Status.EXCEPTION, "ValueError: bad"),
    "unpicklable exception": (lambda: raise_(Unpicklable()), Status.EXCEPTION, "Unpicklable: <the exception could not"),
    "stop": (lambda: raise_(StopIteration()), Status.EXCEPTION, "StopIteration"),
    "recursion": (lambda: raise_(RecursionError("deep")), Status.EXCEPTION, "RecursionError: deep"),
}
GOOD = {"[1.0]": [1.0], "size 1": np.ones(1), "1e308": 1e308, "int": 3, "float16": np.float16(2)}


def judged(outcome, status, words):
    others = np.arange(N) != BAD_ROW
    assert Status(int(outcome.statuses[BAD_ROW])) is status
    assert words in outcome.reasons[BAD_ROW]
    assert "\n" not in outcome.reasons[BAD_ROW]
    assert list(outcome.reasons) == [BAD_ROW]
    assert np.isnan(outcome.scores[BAD_ROW])
    assert np.isnan(outcome.outputs[BAD_ROW]).all()
    assert (outcome.statuses[others] == Status.OK).all()
    np.testing.assert_array_equal(outcome.scores[others], INPUTS[others, 0])


@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")
@pytest.mark.parametrize("case", ONE_ROW)
def test_of_one_input_by_itself(case):
    make, status, words = ONE_ROW[case]
    box = fv.black_box(lambda one: make() if one[0] == BAD_ROW else one[0], per_input=True, outputs=["output"])
    evaluator = Evaluator(fv.maximise(box))
    judged(evaluator.evaluate(INPUTS), status, words)
    assert (evaluator.ledger.calls, evaluator.ledger.inputs) == (1, N)
    assert dict(evaluator.ledger.failures) == {status: 1}


@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")
@pytest.mark.parametrize("case", ONE_ROW)
def test_of_one_input_in_a_batch(case):
    """The batch function raises as a whole, or returns a list with the bad thing in it."""
    make, status, words = ONE_ROW[case]
    box = fv.black_box(lambda batch: [make() if row == BAD_ROW else row for row in batch[:, 0]], outputs=["output"])
    judged(Evaluator(fv.maximise(box)).evaluate(INPUTS), status, words)


@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")
@pytest.mark.parametrize("case", [case for case in ONE_ROW if ONE_ROW[case][1] is not Status.EXCEPTION])
def test_told_by_the_caller(case):
    make, status, words = ONE_ROW[case]
    told = [make() if row == BAD_ROW else row for row in INPUTS[:, 0]]
    box = fv.black_box(lambda batch: raise_(AssertionError("no box is asked")), outputs=["output"])
    judged(Evaluator(fv.maximise(box)).judge(INPUTS, told), status, words)
    judged(Evaluator(None).judge(INPUTS, told), status, words.replace("'output'", "'score'"))


@pytest.mark.parametrize("case", GOOD)
def test_what_is_a_number_is_kept(case):
    value = GOOD[case]
    box = fv.black_box(lambda one: value, per_input=True)
    outcome = Evaluator(fv.maximise(box)).evaluate(INPUTS)
    assert (outcome.statuses == Status.OK).all()
    np.testing.assert_array_equal(outcome.scores, np.full(N, np.ravel(value)[0], dtype=np.float64))


# What a whole batch of a box with the outputs a and b may be answered with.
WHOLE = {
    "n-1 rows": (lambda x: np.ones((len(x) - 1, 2)), Status.SHAPE, "shape (0, 2)"),
    "n+1 rows": (lambda x: np.ones((len(x) + 1, 2)), Status.SHAPE, "shape (2, 2)"),
    "missing column": (lambda x: np.ones((len(x), 1)), Status.SHAPE, "shape (1, 1)"),
    "too many columns": (lambda x: np.ones((len(x), 3)), Status.SHAPE, "shape (1, 3)"),
    "missing key": (lambda x: {"a": np.ones(len(x))}, Status.SHAPE, "no 'b'; it has 'a'"),
    "no rows": (lambda x: [], Status.SHAPE, "expected 1 row of 2 numbers"),
    "None": (lambda x: None, Status.TYPE, "None (NoneType)"),
    "text": (lambda x: "3.5", Status.TYPE, "'3.5' (str)"),
    "truth values": (lambda x: np.ones((len(x), 2), dtype=bool), Status.TYPE, "dtype bool"),
    "complex": (lambda x: np.ones((len(x), 2), dtype=complex), Status.TYPE, "dtype complex128"),
    "words": (lambda x: np.full((len(x), 2), "1.0"), Status.TYPE, "dtype <U3"),
    "objects": (lambda x: np.full((len(x), 2), None), Status.TYPE, "None (NoneType)"),
    "a generator": (lambda x: (row for row in x), Status.TYPE, "generator"),
    "nan": (lambda x: np.full((len(x), 2), np.nan), Status.NONFINITE, "output 'a' is nan"),
    "nan in the second": (lambda x: np.ones((len(x), 2)) * [1, np.nan], Status.NONFINITE, "output 'b' is nan"),
    "float16 overflow": (lambda x: np.full((len(x), 2), np.inf, np.float16), Status.NONFINITE, "output 'a' is inf"),
    "10**400": (lambda x: [[1, 10**400]] * len(x), Status.NONFINITE, "output 'b' is inf"),
    "exception": (lambda x: raise_(KeyError("a")), Status.EXCEPTION, "KeyError: 'a'"),
    "unpicklable exception": (lambda x: raise_(Unpicklable()), Status.EXCEPTION, "Unpicklable"),
}


@pytest.mark.parametrize("n", [1, 2, N, 40])
@pytest.mark.parametrize("case", WHOLE)
def test_of_every_batch(case, n):
    answer, status, words = WHOLE[case]
    evaluator = Evaluator(fv.maximise(fv.black_box(answer, outputs=["a", "b"]), "a"))
    outcome = evaluator.evaluate(np.zeros((n, 3)))
    assert (outcome.statuses == status).all()
    assert np.isnan(outcome.scores).all()
    assert np.isnan(outcome.outputs).all()
    assert all(words in outcome.reasons[row] for row in range(n))
    # A box that always fails is not asked about each input twice.
    assert evaluator.ledger.calls <= max(2 * 8, 1 + 8)
    if n == 40:
        assert evaluator.ledger.calls <= 9
        assert evaluator.ledger.inputs <= 48


def test_a_batch_of_one_squeezed_to_a_number_or_a_row():
    number = fv.black_box(lambda x: np.squeeze(x.sum(axis=1)))
    row = fv.black_box(lambda x: np.squeeze(np.stack([x[:, 0], -x[:, 0]], axis=1)), outputs=["a", "b"])
    assert Evaluator(fv.maximise(number)).evaluate(INPUTS[3:4]).scores == [3]
    assert Evaluator(fv.maximise(row, "b")).evaluate(INPUTS[3:4]).scores == [-3]
    assert Evaluator(fv.maximise(row, "b")).evaluate(INPUTS[3:5]).scores.tolist() == [-3, -4]


def test_a_sum_that_overflows_is_no_score():
    box = fv.black_box(lambda x: np.full((len(x), 2), 1e308), outputs=["a", "b"])
    outcome = Evaluator(fv.maximise(box, "a") + fv.maximise(box, "b")).evaluate(INPUTS)
    assert (outcome.statuses == Status.NONFINITE).all()
    assert outcome.reasons[0] == "the score is inf, although every output is finite."
    fine = Evaluator(fv.maximise(box, "a")).evaluate(INPUTS)
    assert (fine.scores == 1e308).all()


@pytest.mark.parametrize(
    "told", [np.ones(N - 1), np.ones(N + 1), np.ones((N, 2)), [], 1.0, np.ones((1, N)), {"other": np.ones(N)}]
)
def test_told_numbers_that_fit_no_input_are_refused(told):
    box = fv.black_box(lambda x: x, outputs=["output"])
    for evaluator in (Evaluator(fv.maximise(box)), Evaluator(None)):
        with pytest.raises(InvalidArgument, match="do not fit the inputs"):
            evaluator.judge(INPUTS, told)
        assert not evaluator.ledger.failures


@pytest.mark.parametrize(
    "told", [np.ones(N, dtype=bool), np.ones(N, dtype=complex), ["1.0"] * N, [None] * N, [True] * N]
)
def test_told_things_that_are_no_numbers_are_failures(told):
    outcome = Evaluator(None).judge(INPUTS, told)
    assert (outcome.statuses == Status.TYPE).all()
    assert set(outcome.reasons) == set(range(N))
