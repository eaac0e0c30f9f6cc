"""Agents that behave as those of Stable-Baselines3 and torch do, without either: tensors, distributions, predict."""

import gymnasium
import numpy as np
from gymnasium import spaces

CART = {"weights": np.array([0.3, 0.5, 5.0, 1.0])}


class Tensor:
    """What is not an array until it is detached and brought to the CPU."""

    def __init__(self, values):
        self.values = np.asarray(values, dtype=np.float32)

    def detach(self):
        return self

    def cpu(self):
        return self

    def numpy(self):
        return self.values

    def __array__(self, *args, **kwargs):
        raise RuntimeError("Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.")


class Categorical:
    def __init__(self, logits):
        shifted = logits - logits.max(axis=1, keepdims=True)
        logs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        self.logits, self.probs = Tensor(logs), Tensor(np.exp(logs))


class Distribution:
    def __init__(self, logits):
        self.distribution = Categorical(logits)


class Policy:
    """An actor-critic policy whose preference is linear."""

    def __init__(self, observation_space):
        self.observation_space = observation_space
        self.training = True

    def set_training_mode(self, mode):
        self.training = mode

    def obs_to_tensor(self, observation):
        observation = np.asarray(observation)
        many = observation.shape[1:] == self.observation_space.shape
        if not many and observation.shape != self.observation_space.shape:
            raise ValueError(f"Unexpected observation shape {observation.shape}")
        return Tensor(observation.reshape(-1, *self.observation_space.shape)), many

    def logits(self, tensor):
        push = tensor.numpy() @ CART["weights"].astype(np.float32)
        return np.stack([-push, push], axis=1)

    def get_distribution(self, tensor):
        assert isinstance(tensor, Tensor)
        assert not self.training
        return Distribution(self.logits(tensor))

    def predict_values(self, tensor):
        assert not self.training
        return Tensor(-np.abs(tensor.numpy()).sum(axis=1, keepdims=True))


class ActorCritic:
    """A model as of PPO: discrete actions."""

    def __init__(self, seed=0):
        self.observation_space = spaces.Box(-np.inf, np.inf, (4,), np.float32)
        self.action_space = spaces.Discrete(2)
        self.policy = Policy(self.observation_space)
        self.rng = np.random.default_rng(seed)

    def predict(self, observation, state=None, episode_start=None, deterministic=False):
        self.policy.set_training_mode(False)
        tensor, many = self.policy.obs_to_tensor(observation)
        logits = self.policy.logits(tensor)
        noise = 0 if deterministic else self.rng.gumbel(size=logits.shape)
        actions = np.argmax(logits + noise, axis=1)
        return (actions if many else actions[0]), state


class QLearner(ActorCritic):
    """A model as of DQN: no distribution, but a Q-network."""

    def __init__(self):
        super().__init__()
        policy, self.policy = self.policy, type("QPolicy", (), {})()
        self.policy.obs_to_tensor = policy.obs_to_tensor
        self.policy.set_training_mode = policy.set_training_mode
        self.policy.logits = policy.logits
        self.policy.q_net = self.q_net = lambda tensor: Tensor(policy.logits(tensor) - 10)


class Torquer:
    """A model as of SAC: continuous actions, predict alone."""

    def __init__(self):
        self.observation_space = spaces.Box(-np.inf, np.inf, (3,), np.float32)
        self.action_space = spaces.Box(-2, 2, (1,), np.float32)

    def predict(self, observation, state=None, episode_start=None, deterministic=False):
        seen = np.asarray(observation)
        torque = np.clip(-10 * seen[..., 1:2] - 2 * seen[..., 2:3], -2, 2)
        return torque.astype(np.float32), None


class Counter:
    """A recurrent agent: pushes left and right in turn, by the state that it gets back."""

    action_space = spaces.Discrete(2)

    def __init__(self):
        self.starts = []

    def predict(self, observation, state=None, episode_start=None, deterministic=True):
        self.starts.append(bool(episode_start[0]) if episode_start is not None else None)
        count = 0 if state is None else state[0] + 1
        return np.array(count % 2), (count,)


class Simple(gymnasium.Env):
    """An environment whose numbers can be told by heart: the reward of a step is its number, and it ends after 5."""

    observation_space = spaces.Dict({"place": spaces.Box(-9, 9, (2,), np.float32), "mode": spaces.Discrete(3)})
    action_space = spaces.Discrete(2, start=1)

    def __init__(self, bonus=0.0):
        self.bonus = bonus
        self.drag = 0.5
        self.gears = 3
        self.steps = 0

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.steps = 0
        return self._seen(), {}

    def step(self, action):
        self.steps += 1
        done = self.steps == 5
        return self._seen(), self.steps + self.bonus, done, False, {"is_success": done, "action": action}

    def _seen(self):
        return {"place": np.array([self.steps, self.drag], np.float32), "mode": self.steps % 3}


def actor_critic():
    return ActorCritic()


def balance(seen):
    """A rule that balances the pole from most states."""
    return seen @ CART["weights"] > 0


def side(seen):
    """The action of the same rule."""
    return int(balance(seen))


def push(seen):
    """The preferences of the same rule, for a batch."""
    return (seen @ CART["weights"])[:, None] * np.array([-1.0, 1.0])


def modes(seen):
    """The action of a rule for the environment :class:`Simple`, for a batch."""
    return seen["mode"] % 2 + 1


def push_one(seen):
    """The preferences in one observation, which are no action."""
    return push(seen[None])[0]


def longest(episode):
    return len(episode)


def simple():
    return Simple()
