import numpy as np
import pytest

from featviz.downsampling import min_max


@pytest.mark.parametrize("n", [1, 2, 3, 7, 50, 599, 600])
def test_a_short_line_is_kept_whole(n):
    np.testing.assert_array_equal(min_max(np.zeros(n), 600), np.arange(n))


@pytest.mark.parametrize("n", [601, 1000, 1197, 1198, 1199, 12_345, 100_000])
@pytest.mark.parametrize("most", [4, 5, 96, 600])
def test_a_long_line_keeps_its_ends_and_every_peak(n, most):
    values = np.random.default_rng(n).normal(size=n)
    at = n // 3
    values[at], values[at + 1] = 50, -50
    kept = min_max(values, most)
    assert len(kept) <= most
    assert (np.diff(kept) > 0).all()
    assert (kept[0], kept[-1]) == (0, n - 1)
    assert {at, at + 1} <= set(kept)


def test_the_envelope_is_that_of_the_line():
    values = np.sin(np.linspace(0, 40, 50_000)) * np.linspace(0, 1, 50_000)
    kept = min_max(values, 600)
    drawn = np.interp(np.arange(len(values)), kept, values[kept])
    assert np.abs(drawn - values).max() < 0.02
