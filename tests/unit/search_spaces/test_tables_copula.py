"""The Gaussian copula: its density, its conditional draws, and the fit of correlations to ranks with ties."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import kstest, multivariate_normal, norm, spearmanr

from featviz.latent import Latents
from featviz.search_spaces.tables.copula import Copula
from featviz.search_spaces.tables.correlations import (
    fitted_correlation,
    nearest_correlation,
    order_of_options,
    ranks_of,
)

MATRIX = np.array([[1, 0.7, 0.5, -0.4], [0.7, 1, 0.3, -0.2], [0.5, 0.3, 1, 0.1], [-0.4, -0.2, 0.1, 1]])
P = [np.array([0.2, 0.5, 0.3]), np.array([0.9, 0.1])]


def copula():
    return Copula(MATRIX, 2, P)


def test_each_gene_keeps_its_own_prior():
    drawn = copula().sample(np.random.default_rng(0), 20_000)
    for gene in range(2):
        assert kstest(drawn.real[:, gene], "norm").pvalue > 1e-3
    for gene, p in enumerate(P):
        np.testing.assert_allclose(np.bincount(drawn.categorical[:, gene]) / 20_000, p, atol=0.01)
    assert abs(np.corrcoef(drawn.real.T)[0, 1] - 0.7) < 0.02


def test_the_density_of_real_genes_is_exact():
    real = np.random.default_rng(0).normal(size=(50, 2))
    found = Copula(MATRIX[:2, :2], 2, []).log_density(Latents.of_real(real))
    np.testing.assert_allclose(found, multivariate_normal(cov=MATRIX[:2, :2]).logpdf(real))


def test_the_probability_of_one_category_given_the_real_genes_is_exact():
    matrix = MATRIX[:3, :3]
    made = Copula(matrix, 2, P[:1])
    real = np.array([[0.3, -1.2]])
    total = 0.0
    for option, (low, high) in enumerate([(-9, norm.ppf(0.2)), (norm.ppf(0.2), norm.ppf(0.7)), (norm.ppf(0.7), 9)]):
        want = quad(lambda t: multivariate_normal(cov=matrix).pdf([0.3, -1.2, t]), low, high)[0]
        found = np.exp(made.log_density(Latents(real, np.array([[option]])))[0])
        assert found == pytest.approx(want, rel=1e-6)
        total += found
    assert total == pytest.approx(multivariate_normal(cov=matrix[:2, :2]).pdf(real[0]))


def test_the_density_is_finite_far_out():
    real = np.array([[40.0, -40.0], [-40.0, 40.0]])
    assert np.isfinite(copula().log_density(Latents(real, np.array([[0, 1], [2, 1]])))).all()


def test_a_gene_redrawn_given_the_others_leaves_the_distribution_as_it_is():
    made, rng = Copula(MATRIX[:2, :2], 2, []), np.random.default_rng(0)
    drawn = made.sample(rng, 20_000)
    again = made.redrawn(drawn, np.ones(20_000, dtype=np.int64), rng)
    np.testing.assert_array_equal(again.real[:, 0], drawn.real[:, 0])
    assert abs(np.corrcoef(again.real.T)[0, 1] - 0.7) < 0.02
    # Drawn anew, it keeps what the other says of it and nothing else.
    assert abs(np.corrcoef(again.real[:, 1], drawn.real[:, 1])[0, 1] - 0.49) < 0.02
    assert kstest(again.real[:, 1], "norm").pvalue > 1e-3


def test_redrawing_reaches_every_option():
    parents = copula().sample(np.random.default_rng(0), 5_000)
    for gene, count in ((2, 3), (3, 2)):
        children = copula().redrawn(parents, np.full(5_000, gene), np.random.default_rng(1))
        assert set(children.categorical[:, gene - 2]) == set(range(count))
        np.testing.assert_array_equal(children.real, parents.real)


@pytest.mark.parametrize("rho", [-0.95, -0.6, -0.2, 0.0, 0.3, 0.7, 0.95])
@pytest.mark.parametrize("kinds", ["continuous", "binary and continuous", "levels and zeros", "binary and binary"])
def test_ties_do_not_weaken_the_rank_correlation(rho, kinds):
    def cut(z):
        first, second = z[:, 0], z[:, 1]
        if kinds == "binary and continuous":
            first = first > 0.8
        if kinds == "levels and zeros":
            first, second = np.digitize(first, [-1, 0.2, 0.9]), np.where(second > 0.3, second, 0.0)
        if kinds == "binary and binary":
            first, second = first > 0.8, second > -0.2
        return first.astype(float), second.astype(float)

    rng = np.random.default_rng(0)
    data = cut(rng.multivariate_normal([0, 0], [[1, rho], [rho, 1]], size=20_000))
    found = fitted_correlation([ranks_of(column) for column in data])[0, 1]
    again = cut(rng.multivariate_normal([0, 0], [[1, found], [found, 1]], size=20_000))
    assert abs(found - rho) < 0.05
    assert abs(spearmanr(*data)[0] - spearmanr(*again)[0]) < 0.03


def test_without_ties_it_is_pearsons_formula():
    z = np.random.default_rng(0).multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], size=3_000)
    found = fitted_correlation([ranks_of(z[:, 0]), ranks_of(np.exp(z[:, 1]))])[0, 1]
    assert found == pytest.approx(2 * np.sin(np.pi * spearmanr(z)[0] / 6), abs=0.005)


def test_rows_with_gaps_count_where_both_are_there():
    z = np.random.default_rng(0).multivariate_normal([0, 0], [[1, 0.8], [0.8, 1]], size=5_000)
    z[::2, 0] = np.nan
    assert fitted_correlation([ranks_of(z[:, 0]), ranks_of(z[:, 1])])[0, 1] == pytest.approx(0.8, abs=0.03)


def test_an_impossible_matrix_is_repaired():
    impossible = np.array([[1, 0.9, -0.9], [0.9, 1, 0.9], [-0.9, 0.9, 1]])
    found = nearest_correlation(impossible)
    assert np.linalg.eigvalsh(found).min() > 1e-4
    np.testing.assert_array_equal(np.diag(found), 1)
    np.testing.assert_array_equal(found, found.T)
    possible = nearest_correlation(MATRIX)
    np.testing.assert_allclose(possible, MATRIX)


def test_equal_columns_can_be_drawn():
    z = np.random.default_rng(0).normal(size=200)
    matrix = fitted_correlation([ranks_of(z), ranks_of(z), ranks_of(-z)])
    drawn = Copula(matrix, 3, []).sample(np.random.default_rng(0), 1_000).real
    assert np.corrcoef(drawn.T)[0, 1] > 0.99
    assert np.corrcoef(drawn.T)[0, 2] < -0.99


def test_options_are_ordered_by_what_goes_with_them():
    rng = np.random.default_rng(0)
    z = rng.normal(size=1_000)
    places = np.array([2, 0, 3, 1])[np.digitize(z + rng.normal(size=1_000) / 4, [-1, 0, 1])].astype(float)
    order = order_of_options(places, 4, [ranks_of(z), ranks_of(rng.normal(size=1_000))]).tolist()
    assert order in ([2, 0, 3, 1], [1, 3, 0, 2])
    assert order_of_options(np.array([1.0, 1, 0, 2, 2, 2]), 3, []).tolist() == [2, 1, 0]
