"""The penalty on columns that differ from a reference row."""

import numpy as np
import pandas as pd
import pytest

import featviz as fv
from featviz.errors import InvalidArgument, WrongType
from featviz.objectives import Changes, objective_from_spec

ROW = {"a": 0.1, "n": 3, "c": "x", "on": True, "day": pd.Timestamp("2020-01-31"), "gap": None}
FRAME = pd.DataFrame(
    {
        "a": [0.1, 0.1 + 1e-12, 0.2, np.nan],
        "n": pd.array([3, 4, 3, None], dtype="Int64"),
        "c": pd.Categorical(["x", "y", "x", None]),
        "on": [True, False, True, False],
        "day": pd.to_datetime(["2020-01-31", "2020-01-30", "2020-01-31", None]),
        "gap": [np.nan, 1.0, np.nan, np.nan],
    }
)


@pytest.mark.parametrize(
    "reference", [ROW, pd.Series(ROW), FRAME.iloc[[0]], {**ROW, "gap": pd.NA}, {**ROW, "gap": pd.NaT}]
)
def test_counts_the_columns_that_differ(reference):
    np.testing.assert_array_equal(fv.changes(reference).value(FRAME), [0, 5, 1, 5])


def test_of_the_columns_named_only():
    np.testing.assert_array_equal(fv.changes({"c": "x"}).value(FRAME), [0, 1, 0, 1])
    assert fv.changes(ROW).value(FRAME.iloc[:0]).shape == (0,)


def test_is_rebuilt_from_its_options():
    again = Changes(**fv.changes(ROW).options())
    assert again.options() == fv.changes(ROW).options()
    np.testing.assert_array_equal(again.value(FRAME), [0, 5, 1, 5])


def test_in_an_objective():
    box = fv.black_box(lambda df: df.a.fillna(0).to_numpy(), name="a")
    goal = fv.maximise(box) - 0.5 * fv.changes(ROW)
    assert goal.describe().endswith("- 0.5 * changes from the reference")
    again = objective_from_spec(goal.spec(), goal.boxes)
    np.testing.assert_allclose(again.score([box(FRAME)], FRAME), goal.score([box(FRAME)], FRAME))
    np.testing.assert_allclose(goal.score([box(FRAME)], FRAME), [0.1, -2.4, -0.3, -2.5])


@pytest.mark.parametrize(
    ("reference", "kind", "message"),
    [
        ({}, InvalidArgument, "at least one column"),
        (FRAME, InvalidArgument, "one row, but it has 4"),
        (3, WrongType, "dict, a Series"),
        ({"a": [1]}, WrongType, "plain value"),
        ({"a": pd.Timestamp("2020-01-01", tz="UTC")}, InvalidArgument, "time zone"),
    ],
)
def test_references_that_make_no_sense(reference, kind, message):
    with pytest.raises(kind, match=message):
        fv.changes(reference)


def test_inputs_that_do_not_fit():
    with pytest.raises(WrongType, match="rows of a table"):
        fv.changes(ROW).value(np.zeros((2, 3)))
    with pytest.raises(InvalidArgument, match="lack the column 'b'"):
        fv.changes({"b": 1}).value(FRAME)
