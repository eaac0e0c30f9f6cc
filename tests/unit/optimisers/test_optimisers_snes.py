"""Snes against the paper written out, and its options."""

import math

import numpy as np
import pytest

from featviz.errors import InvalidArgument, WrongType
from featviz.latent import LatentDescription, Latents
from featviz.optimisers.snes import Snes, utilities


def score(x):
    return -((1 + np.arange(x.shape[1])) * (x - 0.7) ** 2).sum(axis=1)


@pytest.mark.parametrize("d", [1, 7])
def test_equals_the_paper_written_out(d):
    """Wierstra et al. 2014, algorithm 6, row by row and coordinate by coordinate."""
    n = 10
    own = Snes(LatentDescription(d), 5, population=n, sigma=1.0)
    mu, sigma = [0.0] * d, [1.0] * d
    raw = [max(0.0, math.log(n / 2 + 1) - math.log(k)) for k in range(1, n + 1)]
    u = [r / sum(raw) - 1 / n for r in raw]
    eta = (3 + math.log(d)) / (5 * math.sqrt(d))
    for _ in range(40):
        asked = own.ask(n)
        scores = score(asked.real)
        best = sorted(range(n), key=lambda i: -scores[i])
        for j in range(d):
            s = [(asked.real[i, j] - mu[j]) / sigma[j] for i in best]
            mu[j] += sigma[j] * sum(a * b for a, b in zip(u, s, strict=True))
            sigma[j] *= math.exp(eta / 2 * sum(a * (b * b - 1) for a, b in zip(u, s, strict=True)))
        own.tell(asked, scores)
        np.testing.assert_allclose(own._mean, mu, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(own._steps, sigma, rtol=1e-7)  # they fall to 5e-5


def test_a_given_start_halves_the_first_step():
    latent = LatentDescription(3)
    start = Latents.of_real(np.ones((1, 3)))
    assert Snes(latent, start=start)._steps[0] == Snes(latent)._steps[0] / 2
    assert Snes(latent, start=start, sigma=2.0)._steps[0] == 2.0


def test_utilities_sum_to_nothing_and_favour_no_missing_score():
    for n, scored in ((1, 1), (2, 2), (9, 9), (20, 3)):
        u = utilities(n, scored)
        assert abs(u.sum()) < 1e-12
        assert (u[scored:] <= u.min() + 1e-15).all()


@pytest.mark.parametrize("n", [1, 2, 7, 20])
def test_mirrored_rows_are_opposite(n):
    own = Snes(LatentDescription(6), mirrored=True)
    rows = own.ask(n).real
    half = n // 2
    np.testing.assert_array_equal(rows[:half], -rows[(n + 1) // 2 :])
    assert len(np.unique(np.abs(rows[:, 0]))) == (n + 1) // 2


@pytest.mark.parametrize("mirrored", [False, True])
def test_solves_an_ellipsoid(mirrored):
    own = Snes(LatentDescription(10), mirrored=mirrored)
    best = -np.inf
    for _ in range(400):
        asked = own.ask(own.batch_size)
        best = max(best, score(asked.real).max())
        own.tell(asked, score(asked.real))
    assert best > -1e-6


@pytest.mark.parametrize(
    ("options", "error"),
    [({"mirrored": 1}, WrongType), ({"learning_rate": 0}, InvalidArgument), ({"learning_rate": "x"}, WrongType)],
)
def test_bad_options(options, error):
    with pytest.raises(error):
        Snes(LatentDescription(3), **options)


def test_learning_rate_scales_the_steps_alone():
    slow, fast = (Snes(LatentDescription(4), learning_rate=rate, sigma=1.0) for rate in (0.5, 1.0))
    asked = slow.ask(8)
    fast.ask(8)
    slow.tell(asked, score(asked.real))
    fast.tell(asked, score(asked.real))
    np.testing.assert_array_equal(slow._mean, fast._mean)
    np.testing.assert_allclose(2 * np.log(slow._steps), np.log(fast._steps), rtol=1e-9)
