"""BBOB functions: the maximum 0 lies where it is said to lie, and instances differ."""

import numpy as np
import pytest
from problems.bbob import FUNCTIONS, HALF_WIDTH, Bbob


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("dimensions", [2, 10])
def test_the_optimum_is_the_maximum(name, dimensions):
    function = Bbob(name, dimensions, seed=3)
    rng = np.random.default_rng(0)
    near = function.optimum + rng.standard_normal((200, dimensions)) * np.geomspace(1e-3, 5, 200)[:, None]
    assert (np.abs(function.optimum) < HALF_WIDTH).all()
    assert function(function.optimum[None])[0] == pytest.approx(0, abs=1e-12)
    assert (function(near) < 0).all()
    far, close = function(near[-20:]).mean(), function(near[:20]).mean()
    assert far < close


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_seed_has_its_own_instance(name):
    a, b = Bbob(name, 5, 0), Bbob(name, 5, 1)
    assert not np.array_equal(a.optimum, b.optimum)
    np.testing.assert_array_equal(a.optimum, Bbob(name, 5, 0).optimum)


def test_the_separable_ones_are_separable_and_the_rotated_ones_are_not():
    rng = np.random.default_rng(1)
    x = rng.uniform(-1, 1, 4)
    for name, separable in (("ellipsoid, separable", True), ("ellipsoid, rotated", False)):
        function = Bbob(name, 4, 7)

        def moved(*genes, function=function):
            row = function.optimum.copy()
            row[list(genes)] += x[list(genes)]
            return function(row[None])[0]

        together, apart = moved(0, 1), moved(0) + moved(1)
        assert bool(together == pytest.approx(apart)) is separable


def test_the_ellipsoid_is_as_badly_scaled_as_published():
    # With steps of 1 nothing oscillates: f is 10 ** (6 i / (d - 1)) along axis i.
    function = Bbob("ellipsoid, separable", 3, 0)
    values = -function(function.optimum + np.eye(3))
    np.testing.assert_allclose(values, [1, 1e3, 1e6])
