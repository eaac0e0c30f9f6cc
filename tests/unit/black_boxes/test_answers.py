"""What counts as n rows of k numbers."""

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from featviz.black_boxes import as_outputs
from featviz.black_boxes.answers import rows_of
from featviz.errors import AnswerShapeError, AnswerTypeError, RowsFailed

GOOD = [
    (np.ones((2, 1)), 1, [[1], [1]]),
    (np.array([1, 2]), 1, [[1], [2]]),
    (np.array([1, 2], dtype=np.uint8), 1, [[1], [2]]),
    (np.array([1, 2], dtype=np.longdouble), 1, [[1], [2]]),
    ([1, 2.5], 1, [[1], [2.5]]),
    ((1, 2.5), 1, [[1], [2.5]]),
    ([[1], [2]], 1, [[1], [2]]),
    ([np.float32(1), 2], 1, [[1], [2]]),
    ([Fraction(1, 2), 2], 1, [[0.5], [2]]),
    ([np.array(1.0), np.array(2.0)], 1, [[1], [2]]),
    ([[1, 2], (3, 4)], 2, [[1, 2], [3, 4]]),
    ([np.array([1, 2]), [3, 4]], 2, [[1, 2], [3, 4]]),
    (np.array([[1, 2], [3, 4]], dtype=object), 2, [[1, 2], [3, 4]]),
    ({"b": [3, 4], "a": np.array([1, 2]), "more": "ignored"}, 2, [[1, 3], [2, 4]]),
    (pd.DataFrame({"b": [3, 4], "a": [1, 2]}), 2, [[1, 3], [2, 4]]),
    (pd.Series([1, 2]), 1, [[1], [2]]),
    ([{"a": 1, "b": 2}, {"b": 4, "a": 3}], 2, [[1, 2], [3, 4]]),
]


@pytest.mark.parametrize(("answer", "k", "rows"), GOOD, ids=range(len(GOOD)))
def test_numbers_in_any_form(answer, k, rows):
    outputs = as_outputs(answer, 2, ("a", "b")[:k])
    assert outputs.dtype == np.float64
    np.testing.assert_array_equal(outputs, rows)


@pytest.mark.parametrize("answer", [3, 3.0, np.float32(3), np.array(3), [3], np.array([[3]]), {"a": 3}])
def test_a_batch_of_one_may_be_squeezed_to_a_number(answer):
    assert as_outputs(answer, 1, ("a",)) == [[3.0]]


@pytest.mark.parametrize("answer", [[1, 2], np.array([1, 2]), [[1, 2]], {"a": 1, "b": [2]}])
def test_a_batch_of_one_may_be_squeezed_to_a_row(answer):
    np.testing.assert_array_equal(as_outputs(answer, 1, ("a", "b")), [[1, 2]])


@pytest.mark.parametrize(
    "answer",
    [
        3.0,
        np.ones(1),
        np.ones(3),
        np.ones((1, 1)),
        np.ones((3, 1)),
        np.ones((2, 2)),
        np.ones((2, 1, 1)),
        [],
        [1.0],
        [1, 2, 3],
    ],
)
def test_another_shape_is_refused(answer):
    with pytest.raises(AnswerShapeError, match=r"expected 2 rows of 1 number, shape \(2, 1\)"):
        as_outputs(answer, 2, ("a",))


def test_two_columns_do_not_pass_for_three_nor_n_for_k():
    with pytest.raises(AnswerShapeError, match=r"shape \(2, 2\)"):
        as_outputs(np.ones((2, 2)), 2, ("a", "b", "c"))
    with pytest.raises(AnswerShapeError):
        as_outputs(np.ones(2), 2, ("a", "b"))


def test_a_missing_key_is_named_with_those_that_came():
    with pytest.raises(AnswerShapeError, match="no 'b'; it has 'a', 'c'"):
        as_outputs({"a": [1, 2], "c": [1, 2]}, 2, ("a", "b"))


@pytest.mark.parametrize(
    "answer",
    [
        None,
        "3.5",
        True,
        1 + 2j,
        object(),
        np.array([True, False]),
        np.array([1j, 2]),
        np.array(["1", "2"]),
        np.array(["2020-01-01"] * 2, dtype="datetime64[D]"),
        (x for x in [1, 2]),
    ],
    ids=lambda a: type(a).__name__,
)
def test_what_is_no_number_is_refused(answer):
    with pytest.raises(AnswerTypeError, match=r"Return floats\."):
        as_outputs(answer, 2, ("a",))


@pytest.mark.parametrize(
    "bad", [None, "3.5", True, 1 + 2j, object(), np.bool_(True), [None], ["x"], [1j], np.array([True])]
)
def test_one_bad_row_costs_no_other(bad):
    with pytest.raises(RowsFailed, match="1 of 3 inputs failed; the first is row 1: AnswerTypeError") as caught:
        as_outputs([1.0, bad, 2.0], 3, ("a",))
    np.testing.assert_array_equal(caught.value.outputs, [[1], [np.nan], [2]])
    assert set(caught.value.errors) == {1}


@pytest.mark.parametrize("bad", [[1.0, 2.0], [], [[[1.0]]], np.ones((2, 2)), np.ones(0)])
def test_one_row_of_another_length_costs_no_other(bad):
    with pytest.raises(RowsFailed) as caught:
        as_outputs([1.0, bad], 2, ("a",))
    assert isinstance(caught.value.errors[1], AnswerShapeError | AnswerTypeError)
    np.testing.assert_array_equal(caught.value.outputs, [[1], [np.nan]])


def test_truth_values_hidden_among_numbers_are_found():
    # numpy would make 1.0 of this True.
    with pytest.raises(RowsFailed):
        as_outputs([0.5, True], 2, ("a",))
    with pytest.raises(RowsFailed):
        as_outputs([[0.5, True], [1, 2]], 2, ("a", "b"))


def test_numbers_too_large_for_float64_become_infinite():
    assert as_outputs([10**400, -(10**400)], 2, ("a",)).tolist() == [[np.inf], [-np.inf]]
    assert as_outputs(np.array([np.longdouble("1e4000"), 0]), 2, ("a",)).tolist() == [[np.inf], [0]]
    assert as_outputs([Fraction(10**400), 1], 2, ("a",)).tolist() == [[np.inf], [1]]


def test_masked_numbers_are_none():
    masked = np.ma.masked_array([1.0, 2.0], mask=[False, True])
    for answer in (masked, masked.reshape(2, 1), masked.astype(int)):
        np.testing.assert_array_equal(as_outputs(answer, 2, ("a",)), [[1], [np.nan]])


def test_columns_that_fail_in_different_rows_are_all_reported():
    with pytest.raises(RowsFailed) as caught:
        as_outputs({"a": [1, None, 3], "b": ["x", 2, 3]}, 3, ("a", "b"))
    assert set(caught.value.errors) == {0, 1}
    np.testing.assert_array_equal(caught.value.outputs[2], [3, 3])


def test_rows_that_failed_already_are_kept():
    with pytest.raises(RowsFailed) as caught:
        rows_of([1.0, None], {1: KeyError("x")}, ("a",))
    assert isinstance(caught.value.errors[1], KeyError)


def test_text_from_outside_is_made_visible():
    with pytest.raises(AnswerTypeError) as caught:
        as_outputs("\x1b[31m\u202e", 1, ("a",))
    assert "\x1b" not in str(caught.value)
    assert "\u202e" not in str(caught.value)
