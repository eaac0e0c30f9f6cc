"""Environments in a state, with wrappers and without."""

import gymnasium
import numpy as np
import pytest
from gymnasium import wrappers

import featviz as fv
from featviz.environments import begin_in, known_task, made, same_again, task_of
from featviz.errors import InvalidArgument, WrongType
from featviz.search_spaces.adapters import BoundedArray

TASKS = ["CartPole-v1", "MountainCar-v0", "MountainCarContinuous-v0", "Acrobot-v1", "Pendulum-v1"]
STATE = np.array([0.1, -0.2, 0.03, 0.4])


def doubled(x):
    return x * 2


def wrapped():
    env = gymnasium.make("CartPole-v1")
    return wrappers.TransformObservation(env, doubled, gymnasium.spaces.Box(-9, 9, (4,), np.float32))


@pytest.mark.parametrize("task", TASKS)
def test_the_names_of_the_actions_are_as_many_as_the_actions(task):
    space = made(task).action_space
    count = space.n if hasattr(space, "n") else space.shape[0]
    assert len(known_task(task).actions) == count


def test_a_state_is_seen_through_the_wrappers():
    assert begin_in(gymnasium.make("CartPole-v1"), STATE) == pytest.approx(STATE, abs=1e-6)
    assert begin_in(gymnasium.make("CartPole-v1").unwrapped, STATE) == pytest.approx(STATE, abs=1e-6)
    assert begin_in(wrapped(), STATE) == pytest.approx(STATE * 2, abs=1e-6)
    stacked = wrappers.FrameStackObservation(gymnasium.make("CartPole-v1"), 3)
    assert begin_in(stacked, STATE) == pytest.approx(np.stack([STATE] * 3), abs=1e-6)
    assert fv.initial_states("CartPole-v1").begin(wrapped(), STATE) == pytest.approx(STATE * 2, abs=1e-6)


def test_the_environment_resets_itself_as_before_afterwards():
    env = gymnasium.make("CartPole-v1")
    begin_in(env, STATE, seed=3)
    usual, _ = gymnasium.make("CartPole-v1").reset(seed=3)
    assert np.array_equal(env.reset(seed=3)[0], usual)
    assert "reset" not in vars(env.unwrapped)


def test_a_state_is_a_copy():
    env, state = gymnasium.make("CartPole-v1"), STATE.copy()
    begin_in(env, state)
    env.step(1)
    assert np.array_equal(state, STATE)


def test_what_a_wrapper_shows_is_what_observations_are():
    space = fv.observations(wrapped())
    assert isinstance(space, BoundedArray)
    assert np.abs(space.sample(np.random.default_rng(0), 500)).max() > 5
    assert fv.observations(gymnasium.make("CartPole-v1")).spec() == fv.observations("CartPole-v1").spec()
    with pytest.raises(InvalidArgument, match="its wrappers change what is seen"):
        fv.observations(wrapped(), ranges={"pole angle": (0, 0.1)})


def test_observations_leave_the_environment_that_is_given_alone():
    env = wrappers.RescaleObservation(gymnasium.make("MountainCar-v0"), np.float32(-1), np.float32(1))
    env.reset(seed=0)
    before = env.unwrapped.state
    batch = fv.observations(env).sample(np.random.default_rng(0), 200)
    assert env.unwrapped.state is before
    assert 0.9 < np.abs(batch).max() <= 1


def test_another_like_it():
    env = same_again(gymnasium.make("Pendulum-v1", g=3.0))
    assert env.unwrapped.g == 3.0
    assert same_again("CartPole-v1").spec.id == "CartPole-v1"
    with pytest.raises(WrongType, match="id of an environment"):
        same_again(3)


def test_what_is_not_known():
    assert task_of("FrozenLake-v1") is None
    with pytest.raises(InvalidArgument, match="is not known"):
        begin_in(gymnasium.make("FrozenLake-v1"), STATE)
