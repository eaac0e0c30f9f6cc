"""Spaces of rows against the contract, from one column to a fitted frame with every type of column."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine

import featviz as fv
from featviz.testing.spaces import SpaceContract


def mixed_frame(n=300, seed=0):
    """Columns of every type that depend on each other, some with gaps."""
    rng = np.random.default_rng(seed)
    z = rng.standard_normal((n, 4))
    schools = ["none", "school", "college", "doctorate"]
    kids = pd.array(rng.poisson(np.exp(0.5 * z[:, 0])), dtype="Int64")
    kids[::7] = pd.NA
    city = np.array(["Oslo", "Rome", "Bonn", "Lima"])[np.digitize(z[:, 3] + 0.7 * z[:, 1], [-0.8, 0.2, 1])]
    return pd.DataFrame(
        {
            "age": np.clip(40 + 15 * z[:, 0], 18, 90).round().astype("int8"),
            "income": np.exp(10 + 0.5 * z[:, 0] + 0.6 * z[:, 1]).round(2),
            "school": pd.Categorical.from_codes(
                np.digitize(z[:, 1] + 0.5 * z[:, 2], [-1, 0, 1]), schools, ordered=True
            ),
            "smokes": z[:, 2] + 0.8 * z[:, 0] > 0.5,
            "city": city,
            "debt": np.where(z[:, 3] > 0, 0, np.exp(8 + z[:, 3] - 0.5 * z[:, 1])),
            "since": np.datetime64("2015-01-01") + (1800 / (1 + np.exp(-z[:, 0]))).astype("m8[D]"),
            "score": np.where(z[:, 0] > 1, np.nan, 2 * z[:, 1] + z[:, 2]).astype("float32"),
            "kids": kids,
            "pet": pd.Categorical(np.where(z[:, 0] > 0, "dog", "cat"), categories=["emu", "dog", "cat"]),
            "note": pd.Series(np.where(z[:, 1] > 1, None, np.where(z[:, 2] > 0, "ja", "nein")), dtype=object),
            "flag": pd.array(np.where(z[:, 3] > 1, None, z[:, 1] > 0), dtype="boolean"),
            "seen": pd.Series(
                pd.Timestamp("2020-01-01 12:00", tz="Europe/Rome") + pd.to_timedelta(np.round(z[:, 2] * 100), "h")
            ),
            "weight": pd.array(np.round(z[:, 1], 1), dtype="Float32"),
            "mark": np.where(z[:, 2] > 0, "x", None),
        }
    )


DECLARED = {
    "low": fv.Uniform(-1, 1),
    "rate": fv.LogUniform(1e-4, 1),
    "count": fv.Integer(0, 12),
    "price": fv.Rounded(fv.Uniform(0, 9.99), 0.01),
    "colour": fv.Choice(["red", "green", "blue"], [0.5, 0.3, 0.2]),
    "size": fv.Ordered(["s", "m", "l"], [0.2, 0.5, 0.3]),
    "on": fv.Boolean(0.3),
    "day": fv.Date("2020-02-27", "2020-03-02"),
    "bare": fv.Real(),
    "table": fv.Quantiles([0, 0, 1, 10]),
}
NULLABLE = {name: fv.Nullable(variable, 0.25) for name, variable in DECLARED.items()}


def declared(**options):
    return fv.TabularSpace(DECLARED, **options)


def fitted(**options):
    return fv.TabularSpace.from_dataframe(mixed_frame(), **options)


CATALOGUE = {
    "one number": lambda: fv.TabularSpace({"x": fv.Uniform(0, 1)}),
    "one category": lambda: fv.TabularSpace({"x": fv.Choice(["a", "b"])}),
    "declared": declared,
    "declared, types": lambda: declared(dtypes={"low": "float32", "count": "int8", "colour": "str", "day": "M8[s]"}),
    "declared, frozen": lambda: declared(frozen={"count": 3, "size": "m", "extra": "always"}),
    "declared, constraints": lambda: declared(constraints=["low <= bare", "colour != 'red' or on"]),
    "nullable": lambda: fv.TabularSpace(NULLABLE),
    "nullable, text and objects": lambda: fv.TabularSpace(
        {"a": NULLABLE["colour"], "b": NULLABLE["size"], "c": NULLABLE["on"]},
        dtypes={"a": "string", "b": "object", "c": "object"},
    ),
    "correlated": lambda: fv.TabularSpace(
        {"a": fv.Real(), "b": fv.Choice("xyz"), "c": fv.Integer(1, 6)}, correlation=[[1], [0.8, 1], [-0.3, 0.1, 1]]
    ),
    "mixed frame": fitted,
    "mixed frame, reference": lambda: fitted(
        reference=mixed_frame().iloc[[4]], frozen=["city"], monotone={"age": "increasing", "since": "decreasing"}
    ),
    "mixed frame, ranges": lambda: fitted(ranges={"age": (18, 120), "income": (None, 50_000)}),
    "mixed frame, function": lambda: fitted(constraints=lambda rows: rows.debt <= rows.income),
    "diabetes": lambda: fv.TabularSpace.from_dataframe(load_diabetes(as_frame=True).data),
    "breast cancer": lambda: fv.TabularSpace.from_dataframe(load_breast_cancer(as_frame=True).data),
    "wine": lambda: fv.TabularSpace.from_dataframe(load_wine(as_frame=True).data),
}


@pytest.mark.parametrize("name", CATALOGUE)
class TestTables(SpaceContract):
    @pytest.fixture
    def space(self, name):
        return CATALOGUE[name]()

    # One process for each space would take most of the suite's time; a few kinds stand for all.
    def test_other_process(self, space, name):
        if name in {"declared, types", "nullable", "mixed frame, reference"}:
            assert space.spec() is not None
            super().test_other_process(space)


@pytest.mark.parametrize("name", sorted(set(CATALOGUE) - {"mixed frame, function"}))
def test_every_space_but_one_with_a_function_has_a_spec(name):
    assert CATALOGUE[name]().spec() is not None


def test_a_function_has_no_spec():
    assert CATALOGUE["mixed frame, function"]().spec() is None


@pytest.mark.parametrize("name", CATALOGUE)
def test_batches_have_the_declared_columns_and_types(name):
    space = CATALOGUE[name]()
    batch = space.sample(np.random.default_rng(0), 50)
    assert tuple(batch.columns) == space.columns
    for n in (0, 1):
        assert (space.sample(np.random.default_rng(0), n).dtypes == batch.dtypes).all()
    if name.startswith("mixed"):
        frame = mixed_frame()
        assert (batch.dtypes == frame.dtypes).all()
        for column in ("school", "pet"):
            assert batch[column].cat.categories.tolist() == frame[column].cat.categories.tolist()


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_move_fits_and_keeps_its_arguments(name):
    space = CATALOGUE[name]()
    parents, mates = (space.latent.sample(np.random.default_rng(seed), 60) for seed in (1, 2))
    before = parents.digest(), mates.digest()
    assert len(space.latent.moves) >= 3
    for move in space.latent.moves:
        children = move.propose(parents, mates, np.random.default_rng(3))
        again = move.propose(parents, mates, np.random.default_rng(3))
        space.latent.check(children)
        assert len(children) == 60
        assert np.isfinite(children.real).all()
        assert children.digest() == again.digest()
        assert children.digest() != parents.digest()
        assert (parents.digest(), mates.digest()) == before
