"""What a data frame says of a space: types, ranges, distributions, correlations; and frames that say nothing."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chisquare, ks_2samp
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine

import featviz as fv
from featviz.errors import FeatvizError, InvalidArgument, SpaceError, WrongType
from featviz.search_spaces import space_from_spec
from featviz.search_spaces.tables.inference import inferred


def frame(n=400, seed=0):
    rng = np.random.default_rng(seed)
    z = rng.standard_normal((n, 3))
    levels = ["low", "middle", "high"]
    return pd.DataFrame(
        {
            "age": np.clip(40 + 15 * z[:, 0], 18, 90).round().astype(int),
            "income": np.exp(10 + 0.5 * z[:, 0] + 0.6 * z[:, 1]).round(2),
            "rooms": rng.integers(1, 6, n),
            "debt": np.where(z[:, 2] > 0, 0.0, np.exp(z[:, 2] + z[:, 1])),
            "rank": pd.Categorical.from_codes(np.digitize(z[:, 1], [-0.5, 0.8]), levels, ordered=True),
            "city": np.array(["Bonn", "Lima", "Oslo"])[np.digitize(z[:, 0] - z[:, 1], [-1, 1])],
            "owner": z[:, 0] + z[:, 2] > 0.7,
            "score": np.where(z[:, 0] > 1, np.nan, z[:, 1]),
            "since": np.datetime64("2015-01-01") + (100 * z[:, 0]).astype("m8[D]"),
        }
    )


def codes(space, df):
    """Columns as numbers, and where they are missing."""
    found = {}
    for name, column in space._columns.items():
        found[name] = column.scale(df[name])
        if column.is_nullable:
            found[f"{name} missing"] = np.isnan(found[name]).astype(float)
    return pd.DataFrame(found)


FRAMES = {
    "diabetes": lambda: load_diabetes(as_frame=True, scaled=False).data,
    "breast cancer": lambda: load_breast_cancer(as_frame=True).data,
    "wine": lambda: load_wine(as_frame=True).data,
    "mixed": frame,
}


@pytest.mark.parametrize("name", FRAMES)
def test_rank_correlations_are_those_of_the_data(name):
    df = FRAMES[name]()
    space = fv.TabularSpace.from_dataframe(df)
    drawn = space.sample(np.random.default_rng(1), 6_000)
    want, found = (codes(space, each).corr("spearman").to_numpy() for each in (df, drawn))
    assert np.nanmax(np.abs(want - found)) < 0.1
    # It is not that there is nothing to be found.
    assert np.nanmax(np.abs(want - np.eye(len(want)))) > 0.5


@pytest.mark.parametrize("name", FRAMES)
def test_samples_have_the_distribution_of_the_data(name):
    df = FRAMES[name]()
    space = fv.TabularSpace.from_dataframe(df)
    drawn = space.sample(np.random.default_rng(2), 6_000)
    for column, known in space._columns.items():
        want, found = known.scale(df[column]), known.scale(drawn[column])
        assert abs(np.isnan(want).mean() - np.isnan(found).mean()) < 0.02
        want, found = want[~np.isnan(want)], found[~np.isnan(found)]
        if known.kind in {"number", "date"}:
            assert ks_2samp(want, found).pvalue > 1e-3
            assert want.min() <= found.min()
            assert found.max() <= want.max()
        else:
            count = len(known.options)
            seen = np.bincount(found.astype(int), minlength=count)
            expected = np.bincount(want.astype(int), minlength=count) / len(want) * len(found)
            assert chisquare(seen, expected).pvalue > 1e-3


def test_kinds_and_types():
    space = fv.TabularSpace.from_dataframe(frame())
    kinds = {name: column.kind for name, column in space._columns.items()}
    assert kinds == {
        "age": "number",
        "income": "number",
        "rooms": "ordered",
        "debt": "number",
        "rank": "ordered",
        "city": "nominal",
        "owner": "boolean",
        "score": "number",
        "since": "date",
    }
    assert space.latent.real == 7
    assert len(space.latent.options) == 3  # city, owner, and whether score is missing
    assert space.latent.stepwise


def test_values_lie_between_those_of_the_data_with_as_many_decimals():
    df = frame()
    drawn = fv.TabularSpace.from_dataframe(df).sample(np.random.default_rng(0), 3_000)
    assert drawn.age.dtype == df.age.dtype
    assert (drawn.income.round(2) == drawn.income).all()
    assert not set(drawn.income) <= set(df.income)
    assert set(drawn.rooms) <= set(df.rooms)
    assert abs((drawn.debt == 0).mean() - (df.debt == 0).mean()) < 0.03


def test_ranges():
    df = frame()
    space = fv.TabularSpace.from_dataframe(
        df, ranges={"age": (30, 120), "rooms": [2, 3], "income": (None, 30_000), "since": ("2014-12-01", None)}
    )
    drawn = space.sample(np.random.default_rng(0), 4_000)
    assert drawn.age.min() == 30
    assert 0.03 < (drawn.age > df.age.max()).mean() < 0.07
    assert set(drawn.rooms) == {2, 3}
    assert drawn.income.max() <= 30_000
    assert drawn.since.min() >= pd.Timestamp("2014-12-01")


def test_a_fixed_column_is_frozen_and_keeps_its_type():
    df = frame().assign(country=pd.Categorical(["NL"] * 400, categories=["NL", "DE"]), year=np.int16(2020))
    space = fv.TabularSpace.from_dataframe(df, frozen={"city": "Oslo"})
    drawn = space.sample(np.random.default_rng(0), 5)
    assert (drawn.dtypes == df.dtypes).all()
    assert list(drawn.columns) == list(df.columns)
    assert set(drawn.country) == {"NL"}
    assert set(drawn.city) == {"Oslo"}
    assert set(drawn.year) == {2020}
    assert set(space.searched) == set(df.columns) - {"country", "year", "city"}


def test_a_column_of_one_value_with_gaps_is_there_or_missing():
    df = pd.DataFrame({"mark": ["x", None, "x", "x"], "n": [1.0, 2.0, 3.5, 5.25]})
    drawn = fv.TabularSpace.from_dataframe(df).sample(np.random.default_rng(0), 2_000)
    assert set(drawn.mark.dropna()) == {"x"}
    assert abs(drawn.mark.isna().mean() - 0.25) < 0.04


def test_one_row_can_be_searched_where_ranges_say_what_may_change():
    df = pd.DataFrame({"age": [40], "city": ["Rome"]})
    space = fv.TabularSpace.from_dataframe(df, ranges={"age": (18, 90)})
    drawn = space.sample(np.random.default_rng(0), 2_000)
    assert drawn.age.min() < 25
    assert drawn.age.max() > 80
    assert set(drawn.city) == {"Rome"}


def test_categories_of_any_kind_keep_their_type():
    rng = np.random.default_rng(0)
    df = pd.DataFrame(
        {
            "bin": pd.cut(rng.normal(size=60), [-9, -1, 0, 9]),
            "year": pd.Categorical(rng.choice([2019, 2020, 2021], 60)),
            "when": pd.Categorical(rng.choice(pd.date_range("2020-01-01", periods=3), 60)),
        }
    )
    space = fv.TabularSpace.from_dataframe(df, reference=df.iloc[[0]])
    drawn = space.sample(np.random.default_rng(1), 200)
    assert drawn.dtypes.equals(df.dtypes)
    assert drawn.bin.cat.ordered
    assert all(set(drawn[name]) == set(df[name]) for name in df)
    pd.testing.assert_frame_equal(space.decode_latents(space.encode_inputs(df)), df)
    assert space.spec() is None
    assert len(space.render(drawn.iloc[[0]])[0].rows) == 3


def test_a_column_without_room_leaves_the_correlations_of_the_others():
    df = frame()
    row = df.iloc[0].to_dict() | {"age": 90, "rank": "high"}
    space = fv.TabularSpace.from_dataframe(df, reference=row, monotone={"age": "increasing", "rank": "increasing"})
    assert not {"age", "rank"} & set(space.searched)
    want, found = (
        codes(space, each).corr("spearman").to_numpy() for each in (df, space.sample(np.random.default_rng(1), 4_000))
    )
    assert np.nanmax(np.abs(want - found)) < 0.1


def test_floats_of_32_bits_keep_their_decimals():
    column = inferred(pd.Series(np.arange(50, dtype="float32") / 10, name="x").astype("float32"))
    assert column.variable.step == 0.1


def test_the_reference_counts_as_a_row():
    df = frame()
    row = df.iloc[0].to_dict() | {"age": 99, "income": 1.23}
    space = fv.TabularSpace.from_dataframe(df, reference=row)
    assert space.reference.age[0] == 99
    assert space.reference.income[0] == 1.23


def with_column(values, **kwargs):
    return pd.DataFrame({"n": np.arange(len(values)) / 3, "bad": pd.Series(values, **kwargs)})


def renamed(names):
    df = pd.DataFrame(np.random.default_rng(0).random((20, len(names))))
    df.columns = names
    return df


BAD = {
    "no frame": (lambda: [1, 2], WrongType, "pandas DataFrame"),
    "no rows": (lambda: frame().iloc[:0], InvalidArgument, "no rows"),
    "no columns": (lambda: frame()[[]], InvalidArgument, "at least one name"),
    "one row": (lambda: frame().iloc[:1], InvalidArgument, "one row says nothing"),
    "constant": (lambda: pd.DataFrame({"a": [1, 1], "b": ["x", "x"]}), InvalidArgument, "one value in all rows"),
    "all missing": (lambda: with_column([None, None, None]), InvalidArgument, "'bad' has no value"),
    "all NaN": (lambda: with_column([np.nan] * 3), InvalidArgument, "'bad' has no value"),
    "mixed types": (lambda: with_column([1, "a", 2.5]), WrongType, "float, int, str"),
    "lists": (lambda: with_column([[1], [2], [3]]), WrongType, "list"),
    "dates as objects": (lambda: with_column([dt.date(2020, 1, d) for d in (1, 2, 3)]), WrongType, "to_datetime"),
    "numbers as objects": (lambda: with_column([1, 2, 3], dtype=object), WrongType, "infer_objects"),
    "infinite": (lambda: with_column([1.0, np.inf, 2.0]), InvalidArgument, "infinite"),
    "identifiers": (lambda: with_column([2**60, 2**60 + 1, 5]), InvalidArgument, "2\\*\\*53"),
    "10^5 categories": (lambda: with_column([f"u{i}" for i in range(10**5)]), InvalidArgument, "100,000 distinct"),
    "periods": (lambda: with_column(pd.period_range("2020", periods=3)), InvalidArgument, "not supported"),
    "durations": (lambda: with_column(pd.to_timedelta([1, 2, 3])), InvalidArgument, "not supported"),
    "complex": (lambda: with_column([1j, 2, 3]), InvalidArgument, "not supported"),
    "duplicate names": (lambda: renamed(["a", "b", "a"]), InvalidArgument, "twice"),
    "names that are numbers": (lambda: renamed([0, 1]), WrongType, "must be text"),
    "names of two levels": (lambda: renamed(pd.MultiIndex.from_tuples([("a", 1)])), WrongType, "must be text"),
    "an empty name": (lambda: renamed(["a", ""]), InvalidArgument, "1 to"),
    "half a character": (lambda: renamed(["a\ud800"]), InvalidArgument, "surrogate"),
    "a name of a megabyte": (lambda: renamed(["a" * 10**6]), InvalidArgument, "1 to 10,000"),
}


@pytest.mark.parametrize("name", BAD)
def test_frames_that_say_nothing_get_a_clear_error(name):
    make, kind, message = BAD[name]
    with pytest.raises(kind, match=message) as caught:
        fv.TabularSpace.from_dataframe(make())
    assert isinstance(caught.value, FeatvizError)
    assert len(str(caught.value)) < 1_000


OPTIONS = {
    "unknown range": ({"ranges": {"agee": (0, 1)}}, InvalidArgument, "age"),
    "range that falls": ({"ranges": {"age": (9, 1)}}, InvalidArgument, "must rise"),
    "range of three": ({"ranges": {"age": (1, 2, 3)}}, WrongType, "lowest, highest"),
    "range of a category": ({"ranges": {"city": (1, 2)}}, InvalidArgument, "no range"),
    "range of NaN": ({"ranges": {"age": (np.nan, 3)}}, InvalidArgument, "finite"),
    "range of text": ({"ranges": {"age": ("a", 3)}}, WrongType, "number"),
    "range of no date": ({"ranges": {"since": ("soon", None)}}, InvalidArgument, "date"),
    "unknown frozen": ({"frozen": {"town": 1}}, FeatvizError, "town"),
    "frozen without value": ({"frozen": ["age"]}, InvalidArgument, "no value to freeze"),
    "monotone without reference": ({"monotone": {"age": "increasing"}}, InvalidArgument, "reference"),
    "unknown direction": ({"monotone": {"age": "up"}, "reference": 0}, InvalidArgument, "decreasing, increasing"),
    "direction of a category": ({"monotone": {"city": "increasing"}, "reference": 0}, InvalidArgument, "ordered"),
    "two references": ({"reference": [0, 1]}, SpaceError, "one row"),
    "unknown constraint": ({"constraints": ["agee < 3"]}, InvalidArgument, "Did you mean 'age'"),
    "most options": ({"most_options": 2}, InvalidArgument, "3 distinct"),
    "reference of another category": ({"reference": "city"}, SpaceError, "Paris"),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_options_that_make_no_sense_get_a_clear_error(name):
    options, kind, message = OPTIONS[name]
    df = frame()
    options = dict(options)
    if options.get("reference") == "city":
        options["reference"] = df.iloc[0].to_dict() | {"rank": "Paris"}
    elif "reference" in options:
        options["reference"] = df.iloc[np.atleast_1d(options["reference"])]
    with pytest.raises(kind, match=message):
        fv.TabularSpace.from_dataframe(df, **options)


HOSTILE = [
    "</script><script>alert(1)</script>",
    "{{7*7}}",
    "\u202eevil",
    "a\x00b",
    "\x1b[31mred",
    "日本 🎉",
    "a.b",
    "x`y",
]


def test_hostile_names_and_categories_pass_through():
    df = pd.DataFrame(
        {name: np.random.default_rng(i).choice(HOSTILE, 50) for i, name in enumerate(HOSTILE)}
        | {"n": np.arange(50) / 7}
    )
    space = fv.TabularSpace.from_dataframe(df)
    drawn = space_from_spec(space.spec()).sample(np.random.default_rng(0), 20)
    assert list(drawn.columns) == list(df.columns)
    assert space.render(drawn.iloc[[0]])[0].rows[0][0] == HOSTILE[0]
    assert "\u202e" not in repr(space)
    assert "\x1b" not in repr(space)
