"""Where does a trained agent fail? A small network learns to balance a pole; then the states that it cannot save.

The policy is trained by CMA-ES, here featviz's own, on episodes that begin near the upright. Then three searches: the
initial states, of a moderate range, where it fails soonest, and the observations in which it
wants most to push left or right.
"""

import gymnasium
import numpy as np

import featviz as fv

STEPS = 200
env = gymnasium.make("CartPole-v1").unwrapped
starts = fv.initial_states("CartPole-v1", start="reset").sample(np.random.default_rng(0), 3)


def preference(weights: np.ndarray, observations: np.ndarray) -> np.ndarray:
    """How much a network with 4 hidden units wants to push right, for observations (n, 4); negative for left."""
    return np.tanh(observations @ weights[:16].reshape(4, 4)) @ weights[16:]


def steps_balanced(weights: np.ndarray, state: np.ndarray) -> int:
    env.reset(seed=0)
    seen = env.state = state
    for step in range(STEPS):
        seen, _, fallen, _, _ = env.step(int(preference(weights, seen[None])[0] > 0))
        if fallen:
            return step
    return STEPS


networks = fv.DictSpace({"weights": fv.Real(20)})
training = fv.black_box(lambda x: np.mean([steps_balanced(x["weights"], s) for s in starts]), per_input=True)
policy = fv.search(networks, fv.maximise(training), budget=600, seed=1, target=STEPS, progress="none").best
print(f"trained policy: {policy.score:.0f} of {STEPS} steps")
weights = policy.input["weights"]

ranges = {"cart position": (-1, 1), "cart velocity": (-1, 1), "pole angle": (-0.1, 0.1)}
states = fv.initial_states("CartPole-v1", ranges={**ranges, "pole angular velocity": (-1, 1)})
balanced = fv.black_box(lambda state: steps_balanced(weights, state), per_input=True, name="steps balanced")
fails = fv.search(states, fv.minimise(balanced), budget=300, baseline=100, out="runs/fails", progress="none")
print(f"fails after {-fails.best.score:.0f} steps from {np.round(fails.best.input, 2)}")
pushes = fv.black_box(lambda seen: preference(weights, seen), name="push right")
for name, objective in {"right": fv.maximise(pushes), "left": fv.minimise(pushes)}.items():
    run = fv.search(fv.observations("CartPole-v1"), objective, budget=2_000, out=f"runs/{name}", progress="none")
    print(f"pushes {name} most when it sees {np.round(run.best.input, 2)}")
print(fv.build_gallery("runs", "site").absolute().as_uri())
