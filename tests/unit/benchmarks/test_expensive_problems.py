"""The analytic functions have their maximum where it is said to be, and the pendulum is Gymnasium's."""

import numpy as np
import pytest
from problems.analytic import ANALYTIC
from problems.pendulum import PARAMETERS, Pendulum, step


@pytest.mark.parametrize("name", ANALYTIC)
@pytest.mark.parametrize("seed", range(4))
def test_the_optimum_is_the_maximum(name, seed):
    made = ANALYTIC[name](seed)
    rng = np.random.default_rng(0)
    near = made.optimum + rng.normal(size=(300, made.dimensions)) * np.geomspace(1e-3, 1, 300)[:, None]
    assert made.optimum.shape == (made.dimensions,)
    assert made.function(made.optimum[None])[0] == pytest.approx(0, abs=1e-9)
    assert (made.function(np.clip(near, 0, 1)) < 1e-9).all()


@pytest.mark.parametrize("name", ANALYTIC)
def test_seeds_move_the_optimum(name):
    optima = [tuple(ANALYTIC[name](seed).optimum.round(9)) for seed in range(12)]
    assert len(set(optima)) > 2
    assert optima[0] == tuple(ANALYTIC[name](0).optimum.round(9))


def test_values_that_are_published():
    branin, hartmann = ANALYTIC["Branin"], ANALYTIC["Hartmann 6"]
    # The three optima of Branin: (-pi, 12.275), (pi, 2.275), (9.42478, 2.475).
    rows = np.array([[(-np.pi + 5) / 15, 12.275 / 15], [(3 * np.pi + 5) / 15, 2.475 / 15]])
    plain = [seed for seed in range(40) if np.allclose(branin(seed).optimum, [(np.pi + 5) / 15, 2.275 / 15])]
    np.testing.assert_allclose(branin(plain[0]).function(rows), 0, atol=1e-9)
    assert hartmann(0).function(np.full((1, 6), 0.5)) < -2


def test_dynamics_are_those_of_gymnasium():
    gymnasium = pytest.importorskip("gymnasium")
    environment = gymnasium.make("Pendulum-v1").unwrapped
    environment.reset(seed=0)
    angle, speed = (np.array([x]) for x in environment.state)
    for torque in np.random.default_rng(0).uniform(-2, 2, size=100):
        angle, speed, reward = step(angle, speed, np.array([torque]))
        _, expected, *_ = environment.step(np.array([torque]))
        assert reward[0] == pytest.approx(float(expected), abs=1e-6)
    np.testing.assert_allclose([angle[0], speed[0]], environment.state, rtol=1e-6)


def test_policies_are_scored_alike_alone_and_together():
    policies = np.random.default_rng(0).uniform(-5, 5, size=(6, PARAMETERS))
    together = Pendulum(3)(policies)
    alone = [Pendulum(3)(policy[None])[0] for policy in policies]
    np.testing.assert_allclose(together, alone)
    assert (together < 0).all()
    assert len(set(together.round(6).tolist())) == 6
