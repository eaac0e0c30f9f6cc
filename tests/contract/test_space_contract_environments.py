"""Spaces for agents against the contract, and against the environments that they are for."""

import sys

import gymnasium
import numpy as np
import pytest

import featviz as fv
from featviz.batches import take_one
from featviz.blocks import SeriesBlock, TableBlock
from featviz.errors import InvalidArgument, MissingDependency, WrongType
from featviz.testing.spaces import SpaceContract

TASKS = ["CartPole-v1", "MountainCar-v0", "MountainCarContinuous-v0", "Acrobot-v1", "Pendulum-v1"]
CATALOGUE = {
    **{f"states of {task}": lambda task=task: fv.initial_states(task) for task in TASKS},
    **{f"observations of {task}": lambda task=task: fv.observations(task) for task in TASKS},
    **{f"actions of {task}": lambda task=task: fv.action_sequences(task, 30) for task in TASKS},
    "reset states": lambda: fv.initial_states("MountainCar-v0", start="reset"),
    "states in ranges": lambda: fv.initial_states(
        "CartPole-v1", ranges={"pole angle": (0.1, 0.2), "cart position": (0, 0)}
    ),
    "independent actions": lambda: fv.action_sequences("Acrobot-v1", 7, hold=0),
}


@pytest.mark.parametrize("name", CATALOGUE)
class TestEnvironments(SpaceContract):
    @pytest.fixture
    def space(self, name):
        return CATALOGUE[name]()

    def test_other_process(self, space, name):
        if name in {"states in ranges", "actions of Pendulum-v1", "actions of Acrobot-v1"}:
            super().test_other_process(space)

    def test_moves(self, space):
        rng = np.random.default_rng(0)
        parents, mates = space.latent.sample(rng, 20), space.latent.sample(rng, 20)
        for move in space.latent.moves:
            children = move.propose(parents, mates, rng)
            space.latent.check(children)
            assert children.digest() != parents.digest(), move.name

    def test_saliency_parts(self, space):
        rng = np.random.default_rng(2)
        batch, fill = space.sample(rng, 2), space.sample(rng, 3)
        x = take_one(batch, 0)
        units = space.units(x)
        kept = space.apply(x, units, np.ones((3, len(units)), dtype=bool), fill)
        assert np.allclose(kept, np.stack([x] * 3), atol=1e-4)
        replaced = space.apply(x, units, np.zeros((3, len(units)), dtype=bool), fill)
        assert np.allclose(replaced, fill, atol=1e-4)


@pytest.mark.parametrize("task", TASKS)
def test_an_episode_begins_in_the_state_and_shows_what_the_environment_shows(task):
    env, space = gymnasium.make(task), fv.initial_states(task)
    for state in space.sample(np.random.default_rng(0), 20):
        seen = space.begin(env, state)
        assert np.allclose(env.unwrapped.state, state)
        own = env.unwrapped._get_ob() if task.startswith("Acrobot") else state
        own = env.unwrapped._get_obs() if task.startswith("Pendulum") else own
        assert np.allclose(seen, own, atol=1e-5)
        _, _, terminated, _, _ = env.step(env.action_space.sample())
        assert isinstance(terminated, bool | np.bool_)


@pytest.mark.parametrize("task", TASKS)
def test_reset_states_are_where_the_environment_begins(task):
    env = gymnasium.make(task)
    ranges = fv.initial_states(task, start="reset")._ranges
    for seed in range(30):
        env.reset(seed=seed)
        for value, (low, high) in zip(env.unwrapped.state, ranges.values(), strict=True):
            assert low - 1e-6 <= value <= high + 1e-6


@pytest.mark.parametrize("task", TASKS)
def test_observations_and_actions_are_members(task):
    env = gymnasium.make(task)
    assert all(env.observation_space.contains(x) for x in fv.observations(task).sample(np.random.default_rng(0), 50))
    for sequence in fv.action_sequences(task, 20).sample(np.random.default_rng(0), 10):
        assert all(env.action_space.contains(action) for action in sequence)


def test_held_actions_follow_the_prior():
    space = fv.action_sequences("MountainCar-v0", 400, hold=0.9)
    drawn = space.sample(np.random.default_rng(0), 200)
    assert np.abs(np.bincount(drawn.ravel()) / drawn.size - 1 / 3).max() < 0.02
    assert abs((drawn[:, 1:] == drawn[:, :-1]).mean() - (0.9 + 0.1 / 3)) < 0.01
    # The probabilities of all sequences of a short space add up to 1.
    short = fv.action_sequences("MountainCar-v0", 4, hold=0.6)
    every = np.array(list(np.ndindex(3, 3, 3, 3)))
    assert np.exp(short.latent.log_prior(short.encode_inputs(every))).sum() == pytest.approx(1)


def test_an_environment_whose_state_is_not_known_is_shown_where_random_actions_came():
    with pytest.raises(InvalidArgument, match="is not known"):
        fv.initial_states("CliffWalking-v1")

    class Drifting(gymnasium.Env):
        observation_space = gymnasium.spaces.Box(np.array([-np.inf, 0.0]), np.array([np.inf, 5.0]), dtype=np.float64)
        action_space = gymnasium.spaces.Discrete(2)

        def reset(self, *, seed=None, options=None):
            super().reset(seed=seed)
            self.at = 0
            return np.array([0.0, 1.0]), {}

        def step(self, action):
            self.at += 1
            return np.array([float(self.at), 1.0]), 0.0, self.at == 7, False, {}

    gymnasium.register("Drifting-v0", Drifting)
    try:
        drawn = fv.observations("Drifting-v0").sample(np.random.default_rng(0), 300)
    finally:
        del gymnasium.registry["Drifting-v0"]
    assert drawn[:, 0].min() >= 0
    assert 6.5 < drawn[:, 0].max() <= 7
    assert 4.5 < drawn[:, 1].max() <= 5


def test_a_state_is_shown_as_a_table_of_named_variables():
    state = fv.initial_states("CartPole-v1", ranges={"pole angle": (0.05, 0.050001)})
    first = state.render(take_one(state.sample(np.random.default_rng(0), 1), 0))[0]
    assert isinstance(first, TableBlock)
    assert ("pole angle", "0.05 rad") in first.rows
    actions = fv.action_sequences("CartPole-v1", 9)
    assert isinstance(actions.render(take_one(actions.sample(np.random.default_rng(0), 1), 0))[0], SeriesBlock)


@pytest.mark.parametrize(
    ("make", "error", "says"),
    [
        (lambda: fv.initial_states("CartPole-v1", start="top"), InvalidArgument, "anywhere, reset"),
        (lambda: fv.initial_states("CartPole-v1", ranges={"pole angel": (0, 1)}), InvalidArgument, "pole angle"),
        (lambda: fv.initial_states("CartPole-v1", ranges={"pole angle": (1, 0)}), InvalidArgument, "down to"),
        (lambda: fv.initial_states(3), WrongType, "CartPole-v1"),
        (lambda: fv.initial_states("Cartpole-v1"), InvalidArgument, "Did you mean 'CartPole'"),
        (lambda: fv.action_sequences("NoSuch-v0", 5), InvalidArgument, "cannot make"),
        (lambda: fv.action_sequences("CartPole-v1", 1), InvalidArgument, "at least 2|between"),
        (lambda: fv.action_sequences("CartPole-v1", 5, hold=1), InvalidArgument, "below 1"),
    ],
)
def test_what_is_wrong_is_said(make, error, says):
    with pytest.raises(error, match=says):
        make()


def test_without_gymnasium_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "gymnasium", None)
    with pytest.raises(MissingDependency, match=r"featviz\[rl\]"):
        fv.action_sequences("CartPole-v1", 5)
