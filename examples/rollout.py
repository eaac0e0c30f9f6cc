"""What can be asked of episodes: which actions win, which physics breaks an agent, and which start it fears.

Three kinds of inputs in three searches: a sequence of actions that takes the car up the mountain whatever it sees, the
parameters of the pole that a simple rule can no longer balance, and the state from which a pendulum costs it most.
"""

import numpy as np

import featviz as fv
from featviz.black_boxes.agents import Trajectory


def highest(episode: Trajectory) -> float:
    return max(seen[0] for seen in episode.observations)


# The reward is -1 a step whatever is done: the search climbs by how far the car came.
climbing = fv.rollout("MountainCar-v0", measures={"highest": highest})
actions = fv.action_sequences("MountainCar-v0", 150, hold=0.9)
won = fv.search(actions, fv.maximise(climbing, "highest"), budget=1_500, target=0.5, progress="none").best
print(f"the car comes to {won.score:.2f} (the flag is at 0.50), after {climbing([won.input])[0, 1]:.0f} steps")


def rule(seen: np.ndarray) -> bool:
    return seen @ [0.3, 0.5, 5, 1] > 0


balancing = fv.rollout("CartPole-v1", rule, inputs="options", episodes=3)
physics = fv.DictSpace({"gravity": fv.Uniform(2, 20), "masspole": fv.Uniform(0.05, 1), "length": fv.Uniform(0.2, 2)})
broken = fv.search(physics, fv.minimise(balancing, "return"), budget=150, progress="none").best
print(
    f"the rule balances for {-broken.score:.0f} steps where", {k: round(float(v), 2) for k, v in broken.input.items()}
)


def swing(seen: np.ndarray) -> list[float]:
    cosine, sine, speed = seen
    return [2 * np.sign(speed) if cosine < 0.8 else -10 * sine - 2 * speed]


swinging = fv.rollout("Pendulum-v1", swing)
feared = fv.search(
    fv.initial_states("Pendulum-v1"), fv.minimise(swinging, "return"), budget=150, baseline=50, progress="none"
)
print(f"the worst of 50 random starts costs it {feared.baseline_best.score:.0f},")
print(f"a start at the angle and speed {np.round(feared.best.input, 2)} costs it {feared.best.score:.0f}")
