"""The variables: ranges, distributions, inverses, specs, and what they refuse."""

import numpy as np
import pytest
from scipy import stats

import featviz as fv
from featviz.errors import FeatvizError, InvalidArgument, SpaceError, WrongType
from featviz.latent import Latents
from featviz.optimisers.genetic import GeneticAlgorithm
from featviz.search_spaces import part_from_spec

VARIABLES = {
    "real": fv.Real(3),
    "uniform": fv.Uniform(-2, 5),
    "uniform in a shape": fv.Uniform(0, 1e-6, shape=(2, 3)),
    "logarithmic": fv.LogUniform(1e-6, 1e6, shape=2),
    "integer": fv.Integer(3, 9),
    "large integers": fv.Integer(-(10**12), 10**12, shape=4),
    "two integers": fv.Integer(0, 1),
    "choice": fv.Choice(["red", "green", "blue"], [0.7, 0.2, 0.1]),
    "choice of numbers": fv.Choice([1.5, 2.5], shape=3),
    "choice by number": fv.Choice(1000, shape=(2, 2)),
    "permutation": fv.Permutation(5),
    "permutations": fv.Permutation(3, shape=2),
}


@pytest.mark.parametrize("name", VARIABLES)
class TestEveryVariable:
    def test_its_values_have_its_shape_and_inverse(self, name):
        variable = VARIABLES[name]
        latents = variable.latent.sample(np.random.default_rng(0), 50)
        before = latents.digest()
        values = variable.values(latents)
        assert latents.digest() == before
        assert len(values) == 50
        again = variable.values(variable.genes(values))
        assert again.dtype == values.dtype
        np.testing.assert_allclose(again, values, rtol=1e-9, atol=1e-12)
        assert len(variable.values(latents[:0])) == 0

    def test_its_spec_rebuilds_it(self, name):
        variable = VARIABLES[name]
        rebuilt = part_from_spec(variable.spec())
        assert rebuilt == variable
        assert rebuilt.spec() == variable.spec()


def drawn(variable, n=20_000):
    return variable.values(variable.latent.sample(np.random.default_rng(1), n))


def test_numbers_follow_their_priors():
    assert stats.kstest(drawn(fv.Uniform(-2, 5)), stats.uniform(-2, 7).cdf).pvalue > 0.01
    assert stats.kstest(drawn(fv.LogUniform(1e-3, 1e3)), stats.loguniform(1e-3, 1e3).cdf).pvalue > 0.01
    whole = drawn(fv.Integer(3, 9))
    assert set(whole) == set(range(3, 10))
    assert stats.chisquare(np.bincount(whole - 3)).pvalue > 0.01


def test_choices_follow_their_probabilities():
    counts = np.bincount(drawn(VARIABLES["choice"]))
    assert stats.chisquare(counts, 20_000 * np.array([0.7, 0.2, 0.1])).pvalue > 0.01
    orders = drawn(fv.Permutation(3)) @ [9, 3, 1]
    assert stats.chisquare(np.unique(orders, return_counts=True)[1]).pvalue > 0.01


@pytest.mark.parametrize("variable", [fv.Uniform(0.1, 0.7), fv.LogUniform(0.1, 0.7), fv.Integer(-3, 8)])
def test_every_gene_stays_within_the_range_and_reaches_both_ends(variable):
    genes = Latents.of_real(np.array([[-1e300], [-40.0], [0.0], [40.0], [1e300]]))
    values = variable.values(genes)
    np.testing.assert_allclose(values[[0, -1]], [variable.low, variable.high], rtol=1e-15)
    assert ((values >= variable.low) & (values <= variable.high)).all()
    ends = variable.genes([variable.low, variable.high])
    np.testing.assert_allclose(variable.values(ends), [variable.low, variable.high])
    assert np.isfinite(ends.real).all()


def test_labels_and_places():
    colour = VARIABLES["choice"]
    assert colour.labels(np.array([2, 0])).tolist() == ["blue", "red"]
    assert colour.places(["blue", "red"]).tolist() == [2, 0]
    with pytest.raises(SpaceError, match="Did you mean 'green'"):
        colour.places(["gren"])
    with pytest.raises(SpaceError, match="no option"):
        colour.places([None])
    with pytest.raises(SpaceError, match=r"Choice\.places"):
        colour.genes(["red"])
    with pytest.raises(SpaceError, match="from 0 to 2"):
        colour.genes([3])


def test_options_that_a_file_cannot_hold_have_no_spec():
    assert fv.Choice([None, "x"]).spec() is None
    assert fv.Choice("CDE").spec()["options"] == ["C", "D", "E"]


@pytest.mark.parametrize(
    "make",
    [
        lambda: fv.Uniform(1, 1),
        lambda: fv.Uniform(2, 1),
        lambda: fv.Uniform(float("nan"), 1),
        lambda: fv.Uniform(0, float("inf")),
        lambda: fv.Uniform(-1.7e308, 1.7e308),
        lambda: fv.Uniform("0", 1),
        lambda: fv.LogUniform(0, 1),
        lambda: fv.LogUniform(-1, 1),
        lambda: fv.Integer(3, 3),
        lambda: fv.Integer(0.5, 3),
        lambda: fv.Integer(0, 10**400),
        lambda: fv.Integer(0, 1, shape=10**9),
        lambda: fv.Choice([]),
        lambda: fv.Choice(["one"]),
        lambda: fv.Choice(["a", "a"]),
        lambda: fv.Choice([1, True]),
        lambda: fv.Choice([[1], [2]]),
        lambda: fv.Choice("a"),
        lambda: fv.Choice(1),
        lambda: fv.Choice(["a", "b"], [0.5, 0.6]),
        lambda: fv.Choice(["a", "b"], [1.5, -0.5]),
        lambda: fv.Choice(["a", "b"], [1.0]),
        lambda: fv.Choice(["a", "b"], "ab"),
        lambda: fv.Permutation(1),
        lambda: fv.Permutation(10**9),
    ],
)
def test_what_makes_no_sense_is_refused(make):
    with pytest.raises((InvalidArgument, WrongType)) as caught:
        make()
    assert isinstance(caught.value, FeatvizError)


@pytest.mark.parametrize(
    ("variable", "values"),
    [
        (fv.Integer(0, 5), [0.5]),
        (fv.Uniform(0, 1), ["x"]),
        (fv.Uniform(0, 1), [float("nan")]),
        (fv.Uniform(0, 1, shape=2), [0.5]),
        (fv.Permutation(3), [[0, 1, 1]]),
        (fv.Permutation(3), [[0, 1]]),
    ],
)
def test_values_that_are_none_are_refused(variable, values):
    with pytest.raises(SpaceError):
        variable.genes(values)


IN_STEPS = {
    "integers": {"a": fv.Integer(0, 9), "b": fv.Integer(-3, 3), "c": fv.Integer(1, 10**6)},
    "orders": {"a": fv.Permutation(6)},
    "levels": {f"c{i}": fv.Ordered(["low", "middle", "high"], [0.2, 0.7, 0.1]) for i in range(7)},
    "multiples": {f"c{i}": fv.Rounded(fv.Uniform(0, 1), 0.1) for i in range(4)},
    "dates": {"a": fv.Date("2020-01-01", "2020-03-01"), "b": fv.Date("2020-01-01", "2020-01-09", offsets=[0, 1, 8])},
    "gaps": {f"c{i}": fv.Nullable(fv.Uniform(0, 1), 0.9) for i in range(9)},
    "gaps among options": {f"c{i}": fv.Nullable(fv.Choice(["x", "y", "z"]), 0.6) for i in range(7)},
}


class Plain(fv.Space):
    def __init__(self, variables):
        self.variables = variables

    def decode(self, values):
        # What is behind a gap is no part of the input.
        parts = [np.ma.filled(np.ma.asanyarray(part), 0) for part in values.values()]
        gaps = [np.ma.getmaskarray(part) for part in values.values()]
        return [str(row) for row in zip(*(part.tolist() for part in (*parts, *gaps)), strict=True)]


@pytest.mark.parametrize("name", IN_STEPS)
def test_no_value_in_steps_is_asked_for_twice(name):
    space = Plain(IN_STEPS[name])
    own, asked = GeneticAlgorithm(space.latent, seed=1, population=20), []
    for _ in range(15):
        latents = own.ask(20)
        asked += space.decode_latents(latents)
        own.tell(latents, latents.real.sum(axis=1) - latents.categorical.sum(axis=1))
    assert len(set(asked)) == len(asked) == 300


@pytest.mark.parametrize("name", IN_STEPS)
def test_canonical_genes_in_steps_are_those_of_the_values(name):
    space = Plain(IN_STEPS[name])
    latents = space.latent.sample(np.random.default_rng(2), 500)
    same = space.latent.canonical(latents)
    assert space.decode_latents(same) == space.decode_latents(latents)
    assert space.latent.canonical(same).digest() == same.digest()
    genes = [
        part.genes(values) for part, values in zip(IN_STEPS[name].values(), space.values(latents).values(), strict=True)
    ]
    np.testing.assert_allclose(Latents.beside(genes).real, same.real, atol=1e-6)  # numbers come back but for rounding
    np.testing.assert_array_equal(Latents.beside(genes).categorical, same.categorical)


def test_steps_finer_than_genes_have_no_canonical_form():
    assert fv.Integer(0, 2**50).latent.canonical is None
    assert fv.Rounded(fv.Uniform(0, 1), 1e-12).latent.canonical is None
    assert fv.Ordered(["a", "b"], [1 - 1e-12, 1e-12]).latent.canonical is None
