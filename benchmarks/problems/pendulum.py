"""Swinging up a pendulum with a policy of six numbers; the dynamics and the reward of Gymnasium's ``Pendulum-v1``."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["PARAMETERS", "Pendulum"]

Array = NDArray[np.float64]

PARAMETERS, STEPS, STARTS = 6, 150, 4
# Metres a second squared; seconds a step; radians a second; newton metres. Length and mass are 1.
GRAVITY, STEP, FASTEST, STRONGEST = 10.0, 0.05, 8.0, 2.0


class Pendulum:
    """The mean reward a step, at most 0, of policies from four starts that depend on the seed.

    The torque is 2 tanh(w · features), the features being the cosine of the angle from the top, its sine, the speed,
    the speed times the cosine, the sine times the cosine, and 1.

    Args:
        seed: of the starts.
    """

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.starts: Array = rng.uniform([-np.pi, -1.0], [np.pi, 1.0], size=(STARTS, 2))

    def __call__(self, policies: Array) -> Array:
        """Scores, float64 (n,), of policies (n, 6)."""
        angle = np.broadcast_to(self.starts[:, 0], (len(policies), STARTS))
        speed = np.broadcast_to(self.starts[:, 1], (len(policies), STARTS))
        total = np.zeros(angle.shape)
        for _ in range(STEPS):
            cos, sin = np.cos(angle), np.sin(angle)
            features = np.stack([cos, sin, speed, speed * cos, sin * cos, np.ones(cos.shape)], axis=1)
            torque = STRONGEST * np.tanh((policies[:, None] @ features)[:, 0])
            angle, speed, reward = step(angle, speed, torque)
            total += reward
        return total.mean(axis=1) / STEPS


def step(angle: Array, speed: Array, torque: Array) -> tuple[Array, Array, Array]:
    """The next angles and speeds, and the rewards of the present ones; all of one shape."""
    from_top = (angle + np.pi) % (2 * np.pi) - np.pi
    reward = -(from_top**2 + 0.1 * speed**2 + 0.001 * torque**2)
    faster = np.clip(speed + (1.5 * GRAVITY * np.sin(angle) + 3 * torque) * STEP, -FASTEST, FASTEST)
    return angle + faster * STEP, faster, reward
