"""Where does a trained agent fail? A small network learns to balance a pole; then the states that it cannot save.

The network is trained by featviz itself: the inputs are its weights, and the output is the length of its episodes. Then
three searches: the states, of a moderate range, from which it fails soonest, and the observations in which it wants
most to push left or right.
"""

import numpy as np

import featviz as fv

STEPS = 200


def push_right(weights: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """How much a network with 4 hidden units wants to push right, for observations (..., 4); negative for left."""
    return np.tanh(seen @ weights[:16].reshape(4, 4)) @ weights[16:]


networks = fv.DictSpace({"weights": fv.Real(20)})
training = fv.rollout(
    "CartPole-v1",
    lambda x: lambda seen: push_right(x["weights"], seen) > 0,
    inputs="parameters",
    episodes=3,
    steps=STEPS,
)
trained = fv.search(networks, fv.maximise(training, "return"), budget=600, seed=1, target=STEPS, progress="none").best
print(f"trained policy: {trained.score:.0f} of {STEPS} steps")
weights = trained.input["weights"]

ranges = {"cart position": (-1, 1), "cart velocity": (-1, 1), "pole angle": (-0.1, 0.1)}
states = fv.initial_states("CartPole-v1", ranges={**ranges, "pole angular velocity": (-1, 1)})
balancing = fv.rollout("CartPole-v1", lambda seen: push_right(weights, seen) > 0, steps=STEPS, name="steps balanced")
fails = fv.search(states, fv.minimise(balancing, "return"), budget=300, baseline=100, out="runs/fails", progress="none")
print(f"fails after {-fails.best.score:.0f} steps from {np.round(fails.best.input, 2)}")
wants = fv.policy(lambda seen: push_right(weights, seen)[:, None] * [-1, 1], environment="CartPole-v1", name="wants")
for push in wants.outputs:
    run = fv.search(
        fv.observations("CartPole-v1"), fv.maximise(wants, push), budget=2_000, out=f"runs/{push}", progress="none"
    )
    print(f"wants most to {push} when it sees {np.round(run.best.input, 2)}")
print(fv.build_gallery("runs", "site").absolute().as_uri())
