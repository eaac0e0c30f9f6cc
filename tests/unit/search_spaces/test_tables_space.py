"""TabularSpace declared column by column: types, arguments, references, distances, saliency and rendering."""

import datetime as dt
import tomllib

import numpy as np
import pandas as pd
import pytest
import tomli_w

import featviz as fv
from featviz.errors import FeatvizError, InvalidArgument, SpaceError, WrongType
from featviz.latent import Latents
from featviz.search_spaces import space_from_spec

COLUMNS = {
    "age": fv.Integer(18, 90),
    "income": fv.Uniform(0, 100),
    "size": fv.Ordered(["s", "m", "l"]),
    "colour": fv.Choice(["red", "green", "blue"]),
    "member": fv.Boolean(),
    "since": fv.Date("2020-01-01", "2020-12-31"),
    "debt": fv.Nullable(fv.Uniform(0, 10), 0.3),
}
ROW = {
    "age": 40,
    "income": 12.5,
    "size": "m",
    "colour": "red",
    "member": True,
    "since": "2020-05-05",
    "debt": None,
}


def space(**options):
    return fv.TabularSpace(COLUMNS, **options)


def rows(n=200, seed=0, **options):
    return space(**options).sample(np.random.default_rng(seed), n)


def test_default_types():
    assert rows().dtypes.astype(str).to_dict() == {
        "age": "int64",
        "income": "float64",
        "size": "category",
        "colour": "category",
        "member": "bool",
        "since": "datetime64[us]",
        "debt": "float64",
    }
    assert rows()["size"].cat.ordered
    assert not rows().colour.cat.ordered


@pytest.mark.parametrize(
    ("variable", "dtype", "want"),
    [
        (fv.Nullable(fv.Integer(0, 5), 0.5), None, "Int64"),
        (fv.Nullable(fv.Integer(0, 5), 0.5), "float32", "float32"),
        (fv.Nullable(fv.Boolean(), 0.5), None, "boolean"),
        (fv.Nullable(fv.Boolean(), 0.5), "object", "object"),
        (fv.Nullable(fv.Date("2020-01-01", "2021-01-01"), 0.5), "datetime64[ns, UTC]", "datetime64[ns, UTC]"),
        (fv.Nullable(fv.Choice("ab"), 0.5), "string", "string"),
        (fv.Nullable(fv.Choice("ab"), 0.5), "object", "object"),
        (fv.Nullable(fv.Choice([1, 2]), 0.5), None, "Int64"),
        (fv.Choice([1.5, 2.5]), None, "float64"),
        (fv.Choice(4), "int8", "int8"),
        (fv.Ordered([1, 2, 4]), "UInt8", "UInt8"),
        (fv.Real(), "float32", "float32"),
        (fv.Choice("ab"), {"categories": ["c", "b", "a"]}, "category"),
    ],
)
def test_types_of_columns(variable, dtype, want):
    made = fv.TabularSpace({"x": variable, "y": fv.Real()}, dtypes={"x": dtype} if dtype else None)
    batch = made.sample(np.random.default_rng(0), 100)
    assert str(batch.x.dtype) == want
    assert batch.x.isna().any() == isinstance(variable, fv.Nullable)
    again = made.decode_latents(made.encode_inputs(batch))
    pd.testing.assert_frame_equal(again, batch, rtol=1e-6)
    assert (space_from_spec(made.spec()).sample(np.random.default_rng(0), 3).dtypes == batch.dtypes).all()


BAD = {
    "no dict": (lambda: fv.TabularSpace([fv.Real()]), WrongType, "dict"),
    "nothing": (lambda: fv.TabularSpace({}), InvalidArgument, "at least one name"),
    "no variable": (lambda: fv.TabularSpace({"a": 3}), WrongType, "must be a variable"),
    "several values": (lambda: fv.TabularSpace({"a": fv.Real(3)}), InvalidArgument, "one value a row"),
    "a space": (lambda: fv.TabularSpace({"a": fv.ImageSpace(2, 2)}), WrongType, "must be a variable"),
    "low above high": (lambda: fv.Uniform(2, 1), InvalidArgument, "low must be less"),
    "dates that fall": (lambda: fv.Date("2021-01-01", "2020-01-01"), InvalidArgument, "before"),
    "no date": (lambda: fv.Date("soon", "2020-01-01"), InvalidArgument, "2020-01-31"),
    "a number as date": (lambda: fv.Date(1, 2), WrongType, "date"),
    "unknown step": (lambda: fv.Date("2020-01-01", "2021-01-01", step="week"), InvalidArgument, "one of"),
    "one option": (lambda: fv.TabularSpace({"a": fv.Ordered(["x"])}), InvalidArgument, "constant: freeze"),
    "no option": (lambda: fv.Ordered([]), InvalidArgument, "at least 2"),
    "same options": (lambda: fv.Ordered(["a", "a"]), InvalidArgument, "distinct"),
    "option never": (lambda: fv.Ordered(["a", "b"], [1, 0]), InvalidArgument, "above 0"),
    "probability 1": (lambda: fv.Boolean(1), InvalidArgument, "probability"),
    "always missing": (lambda: fv.Nullable(fv.Real(), 1.0), InvalidArgument, "probability"),
    "nullable twice": (lambda: fv.Nullable(fv.Nullable(fv.Real(), 0.1), 0.1), InvalidArgument, "twice"),
    "nullable vector": (lambda: fv.Nullable(fv.Real(2), 0.1), InvalidArgument, "single value"),
    "step 0": (lambda: fv.Rounded(fv.Uniform(0, 1), 0), InvalidArgument, "step"),
    "coarse step": (lambda: fv.Rounded(fv.Uniform(0, 1), 2), InvalidArgument, "fewer than 2 multiples"),
    "rounded choice": (lambda: fv.Rounded(fv.Choice("ab"), 1), WrongType, "numbers in a range"),
    "flat quantiles": (lambda: fv.Quantiles([1, 1]), InvalidArgument, "not all the same"),
    "quantiles that fall": (lambda: fv.Quantiles([2, 1]), InvalidArgument, "sorted"),
    "quantiles of NaN": (lambda: fv.Quantiles([0, np.nan]), InvalidArgument, "finite"),
    "too few probabilities": (lambda: fv.Quantiles([0, 1], [0.5]), InvalidArgument, "one probability a number"),
    "unknown type": (lambda: space(dtypes={"age": "int7"}), InvalidArgument, "no type"),
    "unsupported type": (lambda: space(dtypes={"age": "timedelta64[s]"}), InvalidArgument, "not supported"),
    "type of no column": (lambda: space(dtypes={"agee": "int8"}), InvalidArgument, "Did you mean 'age'"),
    "text as number": (lambda: space(dtypes={"colour": "int8"}), InvalidArgument, "'colour'"),
    "number as text": (lambda: space(dtypes={"age": "str"}), InvalidArgument, "'age'"),
    "missing in int": (lambda: space(dtypes={"debt": "int64"}), InvalidArgument, "Int64"),
    "number too large for its type": (
        lambda: fv.TabularSpace({"a": fv.Integer(0, 300)}, dtypes={"a": "int8"}),
        InvalidArgument,
        "from 0 to 300, which int8 cannot hold",
    ),
    "number below 0 for its type": (
        lambda: fv.TabularSpace({"a": fv.Nullable(fv.Integer(-5, 9), 0.1)}, dtypes={"a": "UInt64"}),
        InvalidArgument,
        "from -5 to 9, which UInt64 cannot hold",
    ),
    "infinite in its type": (
        lambda: fv.TabularSpace({"a": fv.Uniform(0, 1e6)}, dtypes={"a": "float16"}),
        InvalidArgument,
        "which float16 cannot hold",
    ),
    "all frozen": (lambda: fv.TabularSpace({"a": fv.Real()}, frozen={"a": 1.0}), InvalidArgument, "nothing to search"),
    "frozen list": (lambda: space(frozen={"age": [1, 2]}), InvalidArgument, "one value"),
    "frozen text as number": (lambda: space(frozen={"age": "x"}, dtypes={"age": "int8"}), InvalidArgument, "frozen at"),
    "order": (lambda: space(order=["age"]), InvalidArgument, "every column"),
    "correlation of another size": (lambda: space(correlation=[[1, 0], [0, 1]]), InvalidArgument, "8 genes"),
    "impossible correlation": (
        lambda: fv.TabularSpace({c: fv.Real() for c in "abc"}, correlation=[[1], [0.9, 1], [-0.9, 0.9, 1]]),
        InvalidArgument,
        "positive definite",
    ),
    "correlation above 1": (
        lambda: fv.TabularSpace({c: fv.Real() for c in "ab"}, correlation=[[1], [1.5, 1]]),
        InvalidArgument,
        "each correlation",
    ),
    "reference lacks": (lambda: space(reference={"age": 3}), SpaceError, "lacks the column"),
    "reference has more": (lambda: space(reference=ROW | {"x": 1}), SpaceError, "does not have"),
    "reference outside": (lambda: space(reference=ROW | {"age": 95}), SpaceError, "18 to 90"),
    "reference unknown": (lambda: space(reference=ROW | {"colour": "grey"}), SpaceError, "cannot be 'grey'"),
    "reference missing": (lambda: space(reference=ROW | {"age": None}), SpaceError, "missing values"),
    "reference of another type": (lambda: space(reference=[1, 2]), WrongType, "dict, a Series"),
    "reference against a constraint": (lambda: space(reference=ROW, constraints="age > 50"), SpaceError, "'age > 50'"),
    "monotone missing": (
        lambda: space(reference=ROW, monotone={"debt": "increasing"}),
        InvalidArgument,
        "missing in the reference",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_makes_no_sense_gets_a_clear_error(name):
    make, kind, message = BAD[name]
    with pytest.raises(kind, match=message) as caught:
        make()
    assert isinstance(caught.value, FeatvizError)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda df: df.drop(columns="age"), "lack the column 'age'"),
        (lambda df: df.assign(agee=1), "Did you mean 'age'"),
        (lambda df: df.assign(age="x"), "must hold numbers"),
        (lambda df: df.assign(age=np.nan), "fv.Nullable"),
        (lambda df: df.assign(since=3.5), "must hold dates"),
        (lambda df: df.assign(colour="rad"), "Did you mean 'red'"),
        (lambda df: df.assign(member=2), "cannot be 2"),
        (lambda df: df.age, "does not have"),
        (lambda df: 3, "dict, a Series"),
    ],
)
def test_rows_that_do_not_fit_are_refused(change, message):
    with pytest.raises(FeatvizError, match=message):
        space().encode_inputs(change(rows(5)))


def test_encode_takes_rows_in_any_form_and_order():
    batch = rows(4)
    one = batch.iloc[[2]]
    want = space().encode_inputs(batch)[2:3].digest()
    assert space().encode_inputs(one).digest() == want
    assert space().encode_inputs(one[one.columns[::-1]]).digest() == want
    assert space().encode_inputs(one.iloc[0]).digest() == want
    assert space().encode_inputs(one.iloc[0].to_dict()).digest() == want


def test_encode_is_nearest_outside_the_range():
    low = space().decode_latents(space().encode_inputs(rows(3).assign(age=3, income=1e9)))
    assert set(low.age) == {18}
    np.testing.assert_allclose(low.income, 100.0)


def test_frozen_columns_are_no_genes():
    frozen = space(frozen={"colour": "red", "age": 33, "debt": None, "extra": 1.5})
    batch = frozen.sample(np.random.default_rng(0), 30)
    assert list(batch.columns) == [*COLUMNS, "extra"]
    assert set(batch.colour) == {"red"}
    assert set(batch.age) == {33}
    assert set(batch.extra) == {1.5}
    assert batch.debt.isna().all()
    assert frozen.latent.genes == space().latent.genes - 4
    assert frozen.searched == ("income", "size", "member", "since")


def test_frozen_names_take_the_values_of_the_reference():
    frozen = space(frozen=["age", "colour"], reference=ROW)
    batch = frozen.sample(np.random.default_rng(0), 30)
    assert set(batch.age) == {40}
    assert set(batch.colour) == {"red"}


def test_one_gene_changes_one_column():
    made = fv.TabularSpace(COLUMNS, correlation=np.full((8, 8), 0.5) + 0.5 * np.eye(8))
    latents = made.latent.sample(np.random.default_rng(0), 40)
    before = made.decode_latents(latents)
    for gene in range(made.latent.real):
        real = latents.real.copy()
        real[:, gene] += 2
        after = made.decode_latents(Latents(real, latents.categorical))
        changed = [name for name in COLUMNS if not after[name].equals(before[name])]
        assert len(changed) == 1


def test_changes_from_the_reference():
    made = space(reference=ROW)
    assert made.changes(ROW) == {}
    other = ROW | {"age": 50, "colour": "blue", "debt": 3.0}
    assert made.changes(other) == {
        "age": (40, 50),
        "colour": ("red", "blue"),
        "debt": (pytest.approx(np.nan, nan_ok=True), 3.0),
    }
    batch = pd.concat([made.reference, made.sample(np.random.default_rng(0), 20)], ignore_index=True)
    flags = made.changed(batch)
    assert flags.shape == (21, 7)
    assert not flags[0].any()
    assert flags[1:].any(axis=1).all()
    assert made.reference.dtypes.equals(batch.dtypes)
    with pytest.raises(SpaceError, match="reference=row"):
        space().changes(ROW)


def test_monotone_columns_move_in_one_direction():
    made = space(
        reference=ROW,
        monotone={"age": "increasing", "income": "decreasing", "size": "increasing", "since": "decreasing"},
    )
    batch = made.sample(np.random.default_rng(0), 500)
    assert batch.age.min() >= 40
    assert batch.age.max() > 80
    assert batch.income.max() <= 12.5
    assert set(batch["size"]) == {"m", "l"}
    assert batch.since.max() <= pd.Timestamp("2020-05-05")
    assert batch["size"].cat.categories.tolist() == ["s", "m", "l"]


def test_a_monotone_column_without_room_is_frozen():
    made = space(reference=ROW | {"size": "l"}, monotone={"size": "increasing"})
    assert "size" not in made.searched
    assert set(made.sample(np.random.default_rng(0), 20)["size"]) == {"l"}


def test_monotone_quantiles_keep_a_tenth_at_the_reference():
    data = pd.DataFrame({"x": np.random.default_rng(0).normal(size=500), "y": np.arange(500.0) / 7})
    row = data.iloc[3]
    for direction, sign in (("increasing", 1), ("decreasing", -1)):
        made = fv.TabularSpace.from_dataframe(data, reference=row, monotone={"x": direction})
        drawn = made.sample(np.random.default_rng(0), 4_000).x
        assert (sign * (drawn - row.x)).min() >= 0
        assert 0.07 < (drawn == row.x).mean() < 0.13


def test_distance_is_gowers():
    a = pd.DataFrame([ROW, ROW | {"age": 76, "colour": "blue", "debt": 1.0}])
    made = space(reference=ROW)
    batch = pd.concat([made.decode_latents(made.encode_inputs(row)) for row in a.to_dict("records")])
    d = made.distance(batch, batch)
    # Half of the range of age, another colour, and a value that was missing.
    np.testing.assert_allclose(d, [[0, 2.5 / 7], [2.5 / 7, 0]])


def test_apply_takes_masked_columns_from_the_fill():
    made = space(frozen={"member": True})
    x, fill = rows(1, seed=1), made.sample(np.random.default_rng(2), 3)
    x = x.assign(member=True)
    units = made.units(x)
    assert units == made.searched
    masks = np.array([[True] * 6, [False] * 6, [True, False] * 3])
    found = made.apply(x, units, masks, fill)
    assert found.dtypes.equals(fill.dtypes)
    pd.testing.assert_frame_equal(found.iloc[[0]], x, check_index_type=False)
    pd.testing.assert_frame_equal(found.iloc[[1]], fill.iloc[[1]])
    for place, name in enumerate(units):
        want = x[name].iloc[0] if masks[2, place] else fill[name].iloc[2]
        assert found[name].iloc[2] == want or (pd.isna(want) and pd.isna(found[name].iloc[2]))
    single = made.apply(x.iloc[0], ["age"], np.array([[False], [True]]), fill.iloc[[0]])
    assert single.age.tolist() == [fill.age.iloc[0], x.age.iloc[0]]
    with pytest.raises(SpaceError, match="no column"):
        made.apply(x, ["agee"], np.array([[False]]), fill.iloc[[0]])
    with pytest.raises(SpaceError, match="2 came"):
        made.apply(x, ["age"], np.ones((3, 1), dtype=bool), fill.iloc[:2])


def test_render():
    (plain,) = space().render(ROW)
    assert plain.columns == ("column", "value")
    assert plain.rows == tuple(zip(ROW, ("40", "12.5", "m", "red", "True", "2020-05-05", "missing"), strict=True))
    (block,) = space(reference=ROW).render(ROW | {"age": 41})
    assert block.columns == ("column", "value", "reference")
    assert block.rows[0] == ("age", "41", "40")
    assert block.changed == (True, *[False] * 6)
    assert block.caption == "1 of 7 columns changed"


def test_spec_survives_toml():
    made = space(
        reference=ROW,
        frozen=["colour"],
        monotone={"age": "increasing"},
        constraints=["age > income or member"],
        dtypes={"income": "float32"},
        order=["colour", *[name for name in COLUMNS if name != "colour"]],
    )
    again = space_from_spec(tomllib.loads(tomli_w.dumps(made.spec())))
    assert again.spec() == made.spec()
    a, b = (each.sample(np.random.default_rng(0), 50) for each in (made, again))
    pd.testing.assert_frame_equal(a, b)
    pd.testing.assert_frame_equal(again.reference, made.reference)


def test_what_cannot_be_written_has_no_spec():
    assert fv.TabularSpace({"a": fv.Choice([(1, 2), (3, 4)])}).spec() is None
    assert fv.TabularSpace({"a": fv.Choice(["a", "\ud800"])}).spec() is None
    assert fv.TabularSpace({"a": fv.Choice([f"option {i}" for i in range(60_000)])}).spec() is None
    assert space(frozen={"debt": None}).spec() is None
    assert space(constraints=lambda rows: rows.age > 20).spec() is None


def test_repr_is_short():
    many = fv.TabularSpace({f"column {i}": fv.Real() for i in range(500)}, constraints="`column 1` < 3")
    assert repr(many).startswith("TabularSpace(500 columns: column 0, ")
    assert len(repr(many)) < 200


def test_dates():
    day = fv.Date(dt.date(2020, 2, 27), dt.datetime(2020, 3, 1, 12))
    assert (day.low, day.high) == ("2020-02-27", "2020-03-01")
    drawn = day.values(day.latent.sample(np.random.default_rng(0), 4_000))
    values, counts = np.unique(drawn, return_counts=True)
    assert len(values) == 4
    assert counts.min() > 800
    hours = fv.Date("2020-01-01T00:30+01:00", "2020-01-01T02", step="m")
    assert hours.low == "2019-12-31T23:30"
    np.testing.assert_array_equal(day.values(day.genes(drawn)), drawn)


def test_rounded_values_are_what_their_decimals_say():
    price = fv.Rounded(fv.Uniform(0.05, 2), 0.1)
    drawn = price.values(price.latent.sample(np.random.default_rng(0), 3_000))
    assert set(drawn.tolist()) == {round(i / 10, 1) for i in range(1, 21)}
    np.testing.assert_array_equal(price.values(price.genes(drawn)), drawn)
    fives = fv.Rounded(fv.Uniform(0, 20), 5)
    assert set(fives.values(fives.latent.sample(np.random.default_rng(0), 200)).tolist()) == {
        0.0,
        5.0,
        10.0,
        15.0,
        20.0,
    }


def test_a_search_ends_at_a_row_of_the_space():
    made = space(reference=ROW, constraints=["age >= 30", "size != 's' or member"])
    box = fv.black_box(lambda df: df.income.to_numpy() - df.age.to_numpy(), name="score")
    run = fv.search(made, fv.maximise(box), budget=300, references=made.reference, optimiser="random", progress="none")
    assert made.valid(run.best.input).all()
    assert run.best.input.income.iloc[0] > 90
    assert run.best.input.dtypes.equals(made.reference.dtypes)


def test_a_table_is_a_part_of_another_space():
    table = fv.TabularSpace(
        {"a": fv.Real(), "b": fv.Boolean(), "c": fv.Uniform(0, 1)},
        correlation=[[1], [0.9, 1], [0.5, 0.4, 1]],
        constraints="c > 0.5 or b",
    )

    class Both(fv.Space):
        variables = {"row": table, "k": fv.Integer(0, 3)}

        def decode(self, values):
            return {"row": values["row"], "k": values["k"]}

        def encode(self, inputs):
            return inputs

        def distance(self, a, b):
            return table.distance(a["row"], b["row"])

    both = Both()
    batch = both.sample(np.random.default_rng(0), 2_000)
    assert table.valid(batch["row"]).all()
    assert batch["row"].a.corr(batch["row"].c) > 0.6
    again = both.decode_latents(both.encode_inputs(batch))
    pd.testing.assert_frame_equal(again["row"], batch["row"])
    assert len(both.latent.moves) == 3
    fv.testing.check_space(both)


def test_large_numbers_are_shown_to_the_unit():
    made = fv.TabularSpace({"pay": fv.Uniform(0, 1e8)}, reference={"pay": 2_345_678.0})
    (block,) = made.render({"pay": 102_029.614})
    assert block.rows == (("pay", "102029.61", "2345678"),)


def test_a_derived_table_may_have_a_constraint_of_its_own():
    class Small(fv.TabularSpace):
        def valid(self, inputs):
            return super().valid(inputs) & (inputs["x"] < 0.5).to_numpy()

    for constraints in ((), ["x >= y"]):
        space = Small({"x": fv.Uniform(0, 1), "y": fv.Uniform(0, 1)}, constraints=constraints)
        rows = space.sample(np.random.default_rng(0), 100)
        assert (rows["x"] < 0.5).all()
        assert not constraints or (rows["x"] >= rows["y"]).all()


def test_a_reference_must_be_a_whole_row():
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.5], "c": ["x", "y"]})
    with pytest.raises(SpaceError, match="no value for b, c: give the whole row"):
        fv.TabularSpace.from_dataframe(frame, reference={"a": 1.5})
    assert (
        fv.TabularSpace.from_dataframe(frame, reference={"a": 1.5, "b": 4.0}, frozen={"c": "x"}).reference is not None
    )
