"""Constraints: the small language, what it refuses, functions, and constraints that cannot be met."""

import numpy as np
import pandas as pd
import pytest

import featviz as fv
from featviz.errors import FeatvizError, InvalidArgument, SpaceError, WrongType

COLUMNS = {
    "a": fv.Integer(0, 9),
    "b": fv.Integer(0, 9),
    "x": fv.Nullable(fv.Uniform(0, 1), 0.5),
    "size": fv.Ordered(["s", "m", "l"]),
    "colour": fv.Choice(["red", "green"]),
    "other": fv.Choice(["green", "blue"]),
    "on": fv.Boolean(),
    "start": fv.Date("2020-01-01", "2020-12-31"),
    "end": fv.Date("2020-01-01", "2020-12-31"),
    "level": fv.Ordered([1, 2, 5]),
    "grade": fv.Ordered([3, 2, 1]),
    "two words": fv.Uniform(0, 1),
}


def space(dtypes=None, **options):
    return fv.TabularSpace(COLUMNS, dtypes={"grade": "category", **(dtypes or {})}, **options)


BATCH = space().sample(np.random.default_rng(0), 400)


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("a <= b", lambda r: r.a <= r.b),
        ("a + 2 * b - 1 <= 10", lambda r: r.a + 2 * r.b - 1 <= 10),
        ("0 < a < b", lambda r: (r.a > 0) & (r.a < r.b)),
        ("-a > -b", lambda r: r.a < r.b),
        ("a / b > 1", lambda r: (r.a / r.b > 1) | ((r.a == 0) & (r.b == 0))),
        ("a == 3 or not b != 2", lambda r: (r.a == 3) | (r.b == 2)),
        ("not (a < 3 and b < 3)", lambda r: ~((r.a < 3) & (r.b < 3))),
        ("a in [1, 2, b]", lambda r: r.a.isin([1, 2]) | (r.a == r.b)),
        ("a not in (1, 2)", lambda r: ~r.a.isin([1, 2])),
        ("x > 0.5", lambda r: (r.x > 0.5) | r.x.isna()),
        ("not x > 0.5", lambda r: (r.x <= 0.5) | r.x.isna()),
        ("x > 0.5 and a > 5", lambda r: ((r.x > 0.5) | r.x.isna()) & (r.a > 5)),
        ("size < 'l'", lambda r: r["size"] != "l"),
        ("'m' <= size", lambda r: r["size"].isin(["m", "l"])),
        ("colour == 'red'", lambda r: r.colour == "red"),
        ("colour in ['red', 'green']", lambda r: r.a >= 0),
        ("colour == other", lambda r: (r.colour == "green") & (r.other == "green")),
        ("on", lambda r: r.on),
        ("not on or a > 4", lambda r: ~r.on | (r.a > 4)),
        ("on == True", lambda r: r.on),
        ("start <= end", lambda r: r.start <= r.end),
        ("start >= '2020-06-01'", lambda r: r.start >= pd.Timestamp("2020-06-01")),
        ("end - start >= 30", lambda r: (r.end - r.start).dt.days >= 30),
        ("start + 7 < end", lambda r: r.start + pd.Timedelta(days=7) < r.end),
        ("level >= 2", lambda r: r.level >= 2),
        ("level * 2 == a", lambda r: r.level * 2 == r.a),
        ("grade >= 2", lambda r: r.grade.isin([2, 1])),
        ("1 != grade", lambda r: r.grade != 1),
        ("`two words` < .5", lambda r: r["two words"] < 0.5),
        ("  a > 1  ", lambda r: r.a > 1),
    ],
)
def test_text(text, want):
    made = space(constraints=[text])
    np.testing.assert_array_equal(made.valid(BATCH), want(BATCH).to_numpy())
    assert made.valid(made.sample(np.random.default_rng(1), 50)).all()
    assert made.valid(BATCH.iloc[:0]).shape == (0,)


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('id')",
        "a.__class__",
        "a[0] > 1",
        "(lambda: 1)() > 0",
        "[c for c in a] == 1",
        "a if b else on",
        "f'{a}' == 'x'",
        "(a := 3) > 1",
        "a ** 99999 > 1",
        "a // 2 > 1",
        "a % 2 == 1",
        "a & b",
        "a is b",
        "None == a",
        "b'x' == a",
        "1j > a",
        "@a > 1",
        "a > 1; b > 1",
        "import os",
        "",
        "a <",
        "a",
        "a + b",
        "3",
        "'red'",
        "a > 'x'",
        "colour > 'green'",
        "colour == 'grey'",
        "size < 3",
        "grade < 4",
        "start < 3",
        "start < 'soon'",
        "start + start > end",
        "colour + 1 > 2",
        "-colour == 1",
        "a in b",
        "a in []",
        "c > 1",
        "a\x00 > 1",
        "a < " + "9" * 900,
        "(" * 300 + "a" + ")" * 300 + " > 1",
        "not " * 200 + "on",
        "-" * 900 + "a > 1",
        "a > 1" + " and a > 1" * 200,
    ],
)
def test_text_that_is_no_constraint(text):
    with pytest.raises(InvalidArgument, match="constraint"):
        space(constraints=[text])


def test_names_that_are_mistyped():
    with pytest.raises(InvalidArgument, match="Did you mean 'colour'"):
        space(constraints="color == 'red'")
    with pytest.raises(InvalidArgument, match="Did you mean 'red'"):
        space(constraints="colour == 'rad'")


def test_frozen_columns_can_be_named():
    made = space(
        frozen={"a": 4, "colour": "red", "start": "2020-05-05"},
        dtypes={"start": "M8[s]"},
        constraints=["b >= a", "start < end"],
    )
    batch = made.sample(np.random.default_rng(0), 100)
    assert batch.b.min() >= 4
    assert batch.end.min() > pd.Timestamp("2020-05-05")


def test_functions():
    made = space(constraints=[lambda rows: rows.a <= rows.b, lambda rows: (rows.x < 0.5).to_numpy() | rows.x.isna()])
    batch = made.sample(np.random.default_rng(0), 100)
    assert (batch.a <= batch.b).all()
    assert not (batch.x >= 0.5).any()
    nullable = fv.TabularSpace({"n": fv.Nullable(fv.Integer(0, 9), 0.5)}, constraints=lambda rows: rows.n > 4)
    drawn = nullable.sample(np.random.default_rng(0), 100).n
    assert drawn.isna().any()
    assert drawn.min() > 4


@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        ([lambda rows: True], SpaceError, "512 truth values"),
        ([lambda rows: rows.a], SpaceError, "truth values"),
        ([lambda rows: rows.nothing], SpaceError, "AttributeError"),
        ([lambda rows: (rows.a > 1)[:-1]], SpaceError, "truth values"),
        ([3], WrongType, "text such as"),
        (3, WrongType, "list"),
        ({"a > 1": 1}, WrongType, "list"),
    ],
)
def test_functions_that_do_not_work(given, kind, message):
    with pytest.raises(kind, match=message):
        space(constraints=given)


def test_constraints_that_nothing_satisfies_stop_and_are_named():
    with pytest.raises(SpaceError, match=r"0 meet all.*often: 'a > 9' in 0;") as caught:
        space(constraints=["b >= 0", "a > 9", "a <= b"])
    assert isinstance(caught.value, FeatvizError)
    with pytest.raises(SpaceError, match=r"number 1 .<lambda>. in 0"):
        space(constraints=[lambda rows: rows.a > 9])


def test_two_constraints_against_each_other_stop():
    with pytest.raises(SpaceError, match="0 meet all"):
        space(constraints=["a < 5", "a >= 5"])


def test_more_constraints_than_anybody_writes_are_refused_at_once():
    with pytest.raises(InvalidArgument, match="1,000 constraints at most"):
        fv.TabularSpace({"a": fv.Uniform(0, 1), "b": fv.Uniform(0, 1)}, constraints=["a < 2"] * 100_000)
