"""Xnes against the paper written out; its inverse, and its limits."""

import math

import numpy as np
import pytest
from scipy.linalg import expm

from featviz.errors import InvalidArgument
from featviz.latent import LatentDescription, Latents
from featviz.optimisers.xnes import Xnes


def score(x):
    return -((1 + np.arange(x.shape[1])) * (x - 0.7) ** 2).sum(axis=1) - 5 * (x.sum(axis=1) - 0.7 * x.shape[1]) ** 2


def run(own, generations):
    for _ in range(generations):
        asked = own.ask(own.batch_size)
        own.tell(asked, score(asked.real))
    return own


@pytest.mark.parametrize(("d", "n"), [(2, 30), (3, 14), (9, 10), (12, 6)])
def test_equals_the_paper_written_out(d, n):
    """Glasmachers et al. 2010, algorithm 1: step size and shape apart, whole matrices, row by row."""
    own = Xnes(LatentDescription(d), 5, population=n, sigma=1.0, restart_when_stuck=False)
    mu, sigma, b = np.zeros(d), 1.0, np.eye(d)
    raw = [max(0.0, math.log(n / 2 + 1) - math.log(k)) for k in range(1, n + 1)]
    u = [r / sum(raw) - 1 / n for r in raw]
    eta = 3 / 5 * (3 + math.log(d)) / (d * math.sqrt(d))
    chance = np.random.default_rng(0)
    for step in range(120):  # past the generation in which the inverse is computed afresh
        asked = own.ask(n)
        # Then by chance, so that nothing converges to where rows hold few digits of their distance from the mean.
        scores = score(asked.real) if step < 8 else chance.standard_normal(n)
        best = sorted(range(n), key=lambda i: -scores[i])
        s = [np.linalg.solve(sigma * b, asked.real[i] - mu) for i in best]
        of_mean = sum(a * row for a, row in zip(u, s, strict=True))
        of_matrix = sum(a * (np.outer(row, row) - np.eye(d)) for a, row in zip(u, s, strict=True))
        of_sigma = np.trace(of_matrix) / d
        mu = mu + sigma * b @ of_mean
        sigma *= math.exp(eta / 2 * of_sigma)
        b = b @ expm(eta / 2 * (of_matrix - of_sigma * np.eye(d)))
        own.tell(asked, scores)
        np.testing.assert_allclose(own._mean, mu, rtol=1e-8, atol=1e-10)
        np.testing.assert_allclose(own.covariance, sigma**2 * b @ b.T, rtol=1e-7, atol=1e-9 * sigma**2)
        np.testing.assert_allclose(own._factor @ own._inverse, np.eye(d), atol=1e-9)


def test_solves_a_turned_ellipsoid():
    own = run(Xnes(LatentDescription(8)), 500)
    assert score(own.mean[None])[0] > -1e-9


def test_a_flat_distribution_keeps_a_least_width():
    own = Xnes(LatentDescription(3), sigma=1.0)
    own._factor = np.diag([1.0, 1e-3, 1e-12])
    own._invert()
    np.testing.assert_allclose(own._factor, np.diag([1.0, 1e-3, 1e-7]), rtol=1e-9)
    np.testing.assert_allclose(own._inverse, np.diag([1.0, 1e3, 1e7]), rtol=1e-9)


def test_foreign_rows_are_shortened():
    d = 10
    own = Xnes(LatentDescription(d), population=8, sigma=1.0)
    rows = own.ask(8).real
    rows[0] = 1e6
    own.tell(Latents.of_real(rows), np.arange(8, 0, -1.0))
    assert np.linalg.norm(own.mean) < math.sqrt(d) + 2 * d / (d + 2)
    assert math.sqrt(own.covariance.max()) <= math.e


@pytest.mark.parametrize("place", [0, 7])
def test_infinite_latents_are_refused_and_nothing_is_learnt(place):
    own = Xnes(LatentDescription(4))
    bad = own.ask(8)
    bad.real[place, 1] = np.inf
    before = own.covariance
    with pytest.raises(InvalidArgument, match="finite"), np.errstate(all="ignore"):
        own.tell(bad, np.arange(8, 0, -1.0))
    assert not own.mean.any()
    np.testing.assert_array_equal(own.covariance, before)


def test_too_many_genes():
    with pytest.raises(InvalidArgument, match=r"xnes.*hopeless beyond 1,000 genes.*'sep-cma'"):
        Xnes(LatentDescription(1001))
