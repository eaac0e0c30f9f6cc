"""Is what an agent fears found? A network is trained, a fear is planted in it, and the search is asked for it."""

import gymnasium
import numpy as np
import pytest

import featviz as fv

STEPS = 150
RANGES = {
    "cart position": (-0.5, 0.5),
    "cart velocity": (-0.2, 0.2),
    "pole angle": (-0.1, 0.1),
    "pole angular velocity": (-0.2, 0.2),
}


class Anywhere(gymnasium.Wrapper):
    """Begins in a wider range than CartPole does, from some of which nobody can balance the pole."""

    def reset(self, *, seed=None, options=None):
        return self.env.reset(seed=seed, options={"low": -0.3, "high": 0.3})


@pytest.fixture(scope="module")
def trained(states):
    """Weights of a linear policy, found by featviz from the length of its episodes alone."""
    box = fv.rollout(
        lambda: Anywhere(gymnasium.make("CartPole-v1")),
        lambda x: lambda seen: seen @ x["weights"] > 0,
        inputs="parameters",
        episodes=6,
        steps=STEPS,
    )
    space = fv.DictSpace({"weights": fv.Real(4)})
    weights = fv.search(space, fv.maximise(box, "return"), budget=100, progress="none").best.input["weights"]
    played = fv.rollout("CartPole-v1", lambda seen: seen @ weights > 0, steps=STEPS)
    assert played(states.sample(np.random.default_rng(1), 50))[:, 0].min() == STEPS
    return weights


@pytest.fixture(scope="module")
def states():
    return fv.initial_states("CartPole-v1", ranges=RANGES)


@pytest.mark.slow
def test_a_planted_fear_is_found(trained, states):
    def timid(seen):
        # Where the cart is far to the right and the pole leans to the right, it pushes the wrong way.
        frozen = seen[0] > 0.4 and seen[2] > 0.07
        return 0 if frozen else seen @ trained > 0

    box = fv.rollout("CartPole-v1", timid, steps=STEPS)
    steady = fv.rollout("CartPole-v1", lambda seen: seen @ trained > 0, steps=STEPS)
    by_chance = states.sample(np.random.default_rng(0), 200)
    feared = (box(by_chance)[:, 0] < steady(by_chance)[:, 0]).mean()
    assert feared < 0.1
    found = fv.search(states, fv.minimise(box, "return"), budget=300, seed=1, progress="none").best
    assert -found.score < STEPS / 2
    position, _, angle, _ = found.input
    assert position > 0.35
    assert angle > 0.05
    assert steady(found.input[None])[0, 0] == STEPS


@pytest.mark.slow
def test_a_sequence_of_actions_that_wins_is_found():
    box = fv.rollout("MountainCar-v0", measures={"highest": lambda e: max(seen[0] for seen in e.observations)})
    space = fv.action_sequences("MountainCar-v0", 150, hold=0.9)
    by_chance = box(space.sample(np.random.default_rng(0), 50))
    assert by_chance[:, 2].mean() < 0.1  # came to the flag
    won = fv.search(space, fv.maximise(box, "highest"), budget=1_200, target=0.5, progress="none").best
    assert won.score >= 0.5
    assert box(won.input[None])[0, 2] == 1


def test_what_is_preferred_is_what_was_learnt(trained):
    box = fv.policy(lambda seen: (seen @ trained)[:, None] * [-1, 1], environment="CartPole-v1")
    found = fv.search(
        fv.observations("CartPole-v1"), fv.maximise(box, "push right"), budget=1_500, progress="none"
    ).best.input
    corner = np.where(trained > 0, 1, -1) * np.array([2.4, 3, np.deg2rad(12), 3.5])
    assert found @ trained > 0.97 * (corner @ trained)


def test_physics_that_break_an_agent_are_found(trained):
    box = fv.rollout("CartPole-v1", lambda seen: seen @ trained > 0, inputs="options", episodes=2, steps=STEPS)
    space = fv.DictSpace({"gravity": fv.Uniform(5, 30), "force_mag": fv.Uniform(1, 20), "tau": fv.Uniform(0.01, 0.06)})
    usual = box({"gravity": np.array([9.8]), "force_mag": np.array([10.0])})[0, 0]
    broken = fv.search(space, fv.minimise(box, "return"), budget=60, progress="none").best
    assert usual == STEPS
    assert -broken.score < STEPS / 2
