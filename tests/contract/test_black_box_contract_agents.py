"""Policies and rollouts against the contract of black boxes, and real agents where Stable-Baselines3 is installed."""

import numpy as np
import pytest

import featviz as fv
from featviz.testing.black_boxes import BlackBoxContract

WEIGHTS = np.array([0.3, 0.5, 5.0, 1.0])


def pushes(seen):
    return (seen @ WEIGHTS)[:, None] * np.array([-1.0, 1.0])


def rule(seen):
    return seen @ WEIGHTS > 0


class Predicts:
    def predict(self, seen, state=None, episode_start=None, deterministic=False):
        return np.asarray(rule(seen), dtype=int), state


def predicts():
    return Predicts()


def linear(parameters):
    return lambda seen: seen @ parameters > 0


def states(n=4):
    return fv.initial_states("CartPole-v1").sample(np.random.default_rng(0), n)


def torques():
    return fv.action_sequences("Pendulum-v1", 30).sample(np.random.default_rng(0), 3)


def physics():
    space = fv.DictSpace({"gravity": fv.Uniform(1, 30), "length": fv.Uniform(0.1, 2)})
    return space.sample(np.random.default_rng(0), 3)


KINDS = {
    "preferences": (lambda: fv.policy(pushes, environment="CartPole-v1"), states),
    "probabilities": (lambda: fv.policy(pushes, actions=["left", "right"], ask="probability"), states),
    "chosen actions": (lambda: fv.policy(predicts(), environment="CartPole-v1"), states),
    "importable predict": (
        lambda: fv.policy("test_black_box_contract_agents:predicts()", environment="CartPole-v1", name="by name"),
        states,
    ),
    "one at a time": (lambda: fv.policy(rule, form="chosen", actions=["left", "right"], per_input=True), states),
    "states": (lambda: fv.rollout("CartPole-v1", rule, episodes=2, steps=60), states),
    "states of a policy": (
        lambda: fv.rollout("CartPole-v1", fv.policy(pushes, environment="CartPole-v1"), steps=60),
        states,
    ),
    "actions drawn by chance": (
        lambda: fv.rollout("CartPole-v1", fv.policy(pushes, environment="CartPole-v1"), deterministic=False, steps=60),
        states,
    ),
    "actions": (lambda: fv.rollout("Pendulum-v1", discount=0.9), torques),
    "options": (lambda: fv.rollout("CartPole-v1", rule, inputs="options", episodes=2, steps=60), physics),
    "seeds": (lambda: fv.rollout("Acrobot-v1", lambda seen: 2, inputs="seed", steps=60), lambda: np.arange(2)),
    "parameters": (
        lambda: fv.rollout("MountainCar-v0", lambda w: lambda seen: 2 * (seen @ w > 0), inputs="parameters"),
        lambda: np.random.default_rng(0).normal(size=(3, 2)),
    ),
    "parameters by name": (lambda: fv.rollout("CartPole-v1", linear, inputs="parameters"), states),
}


@pytest.mark.parametrize("kind", KINDS)
class TestAgents(BlackBoxContract):
    @pytest.fixture
    def box(self, kind):
        return KINDS[kind][0]()

    @pytest.fixture
    def inputs(self, kind):
        return KINDS[kind][1]()


@pytest.fixture(scope="module")
def sb3():
    return pytest.importorskip("stable_baselines3")


@pytest.fixture(scope="module")
def ppo(sb3):
    return sb3.PPO("MlpPolicy", "CartPole-v1", seed=0, device="cpu", n_steps=256).learn(2_000)


@pytest.mark.slow
class TestStableBaselines:
    """The real thing: skipped where it is not installed, since it needs torch."""

    def test_what_ppo_tells_fits_together(self, ppo):
        seen = fv.observations("CartPole-v1").sample(np.random.default_rng(0), 20)
        logs, shares, chosen, value = (
            fv.policy(ppo, ask=ask, environment="CartPole-v1")(seen)
            for ask in ("preference", "probability", "action", "value")
        )
        assert np.exp(logs) == pytest.approx(shares, abs=1e-6)
        assert shares.sum(axis=1) == pytest.approx(1)
        assert np.array_equal(np.argmax(shares, axis=1), np.argmax(chosen, axis=1))
        assert len(np.unique(value)) == 20
        drawn = fv.policy(ppo, ask="action", deterministic=False)
        assert np.mean([drawn(seen[:2]) for _ in range(300)], axis=0) == pytest.approx(shares[:2], abs=0.12)

    def test_ppo_plays(self, ppo):
        begun = states()
        plain, boxed = fv.rollout("CartPole-v1", ppo)(begun), fv.rollout("CartPole-v1", fv.policy(ppo))(begun)
        assert np.array_equal(plain, boxed)
        assert plain[:, 0].max() > 9

    def test_dqn_and_sac(self, sb3):
        dqn = sb3.DQN("MlpPolicy", "CartPole-v1", seed=0, device="cpu", buffer_size=100)
        seen = fv.observations("CartPole-v1").sample(np.random.default_rng(0), 5)
        values = fv.policy(dqn)(seen)
        assert fv.policy(dqn, ask="value")(seen)[:, 0] == pytest.approx(values.max(axis=1))
        assert np.array_equal(np.argmax(fv.policy(dqn, ask="action")(seen), axis=1), np.argmax(values, axis=1))
        sac = sb3.SAC("MlpPolicy", "Pendulum-v1", seed=0, device="cpu", buffer_size=100)
        shown = fv.observations("Pendulum-v1").sample(np.random.default_rng(0), 5)
        assert fv.policy(sac, environment="Pendulum-v1")(shown) == pytest.approx(
            sac.predict(shown, deterministic=True)[0]
        )
