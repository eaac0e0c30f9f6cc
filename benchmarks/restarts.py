"""Are several restarts worth their queries where there are local optima, and are they when they are halved?

    python benchmarks/restarts.py [--quick] [--first-seed N]

Every row spends the same budget with ``optimiser="auto"``: in one search, in several one after the other, or in several
by successive halving. Median best score over the seeds, and how often a row beats (and loses to) the single search on
the same problem. Where the optimum lies is drawn anew for each seed.

- Rastrigin, 10 reals: a grid of local optima on a bowl.
- Peaks: the highest of 21 rotated, stretched Gaussian bells at random places in 10 reals (after Gallagher's function of
  BBOB): no bowl leads from one to the next.
- Convnet: three logits of the net on digits of ``models.py``, over the white-box optimum; 28 x 28 pictures.
- Ehrlich: 32 states, length 32, 4 motifs of 4 (``problems/ehrlich.py``), examples from the chain; an instance a seed.

Seeds from 1000 up; 0 to 9 are for choosing.
"""

import argparse
import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from _table import print_json, print_table
from ehrlich import learnt, problem
from models import SIDE, Array, ConvNet, white_box_optimum

import featviz as fv

FIRST_SEED, SEEDS, QUICK_SEEDS = 1000, 10, 3
REALS, PEAKS, SPAN = 10, 21, 2.5
LABELS = (0, 4, 8)
WAYS: dict[str, dict[str, Any]] = {
    "one search": {},
    "4 in turn": {"restarts": 4},
    "4 halved": {"restarts": 4, "halving": True},
    "8 halved": {"restarts": 8, "halving": True},
    "16 halved": {"restarts": 16, "halving": True},
}
# A space, and the function of its inputs to maximise.
Instance = tuple[fv.Space, Callable[[Any], Array], float]


class Reals(fv.Space):
    """Ten real numbers with a standard deviation of ``SPAN``."""

    variables = {"x": fv.Real(shape=REALS)}  # noqa: RUF012  as the documentation writes it

    def decode(self, values: Any) -> Array:
        """The numbers as they stand, shape (n, 10)."""
        return SPAN * np.asarray(values["x"], dtype=np.float64)


def rastrigin(seed: int) -> list[Instance]:
    centre = np.random.default_rng([seed, 1]).uniform(-SPAN, SPAN, REALS)

    def score(x: Array) -> Array:
        y = x - centre
        return -np.asarray((y**2 - 10 * np.cos(2 * np.pi * y) + 10).sum(axis=1))

    return [(Reals(), score, 1.0)]


def peaks(seed: int) -> list[Instance]:
    rng = np.random.default_rng([seed, 2])
    centres = rng.uniform(-2 * SPAN, 2 * SPAN, (PEAKS, REALS))
    heights = np.concatenate([[10.0], np.linspace(1.1, 9.1, PEAKS - 1)])
    turn = np.linalg.qr(rng.standard_normal((REALS, REALS)))[0]
    # The highest one is narrow: Hansen et al. 2009, function 21.
    widths = np.concatenate([[1000.0], rng.permutation(1000 ** (2 * np.arange(PEAKS - 1) / (PEAKS - 2)))])
    shapes = [w**-0.25 * rng.permutation(w ** (np.arange(REALS) / (2 * (REALS - 1)))) for w in widths]

    def score(x: Array) -> Array:
        apart = (x[:, None, :] - centres) @ turn
        return np.asarray((heights * np.exp(-((apart**2 * np.array(shapes)).sum(axis=2)) / (2 * REALS))).max(axis=1))

    return [(Reals(), score, 1.0)]


@functools.cache
def net_and_optima() -> tuple[ConvNet, dict[int, float]]:
    net = ConvNet.from_onnx()
    return net, {label: white_box_optimum(net, label) for label in LABELS}


def convnet(seed: int) -> list[Instance]:  # noqa: ARG001  the net is the same for each
    net, optima = net_and_optima()

    def instance(label: int) -> Instance:
        def score(pictures: Array) -> Array:
            return np.asarray(net.logits(np.asarray(pictures, dtype=np.float64).reshape(len(pictures), -1))[:, label])

        return fv.ImageSpace(SIDE, SIDE), score, optima[label]

    return [instance(label) for label in LABELS]


def ehrlich(seed: int) -> list[Instance]:
    found = problem((32, 32, 4, 4), seed)
    return [(learnt(found), found.score, 1.0)]


PROBLEMS: dict[str, tuple[Callable[[int], list[Instance]], tuple[int, ...]]] = {
    "Rastrigin": (rastrigin, (2_000, 10_000)),
    "Peaks": (peaks, (2_000, 10_000)),
    "Convnet": (convnet, (3_000,)),
    "Ehrlich": (ehrlich, (2_000, 10_000)),
}


def best_scores(make: Callable[[int], list[Instance]], budget: int, seed: int, ways: list[str]) -> dict[str, Array]:
    """The best score of each way on each instance of a seed, over the instance's scale."""
    found: dict[str, list[float]] = {way: [] for way in ways}
    for space, score, scale in make(seed):
        goal = fv.maximise(fv.black_box(score, name="box", noisy=False))
        for way in ways:
            run = fv.search(space, goal, budget=budget, seed=seed, progress=False, **WAYS[way])
            found[way].append(run.best.score / scale)
    return {way: np.array(scores) for way, scores in found.items()}


def measure(name: str, budget: int, seeds: range) -> dict[str, Any]:
    """Print the table of one problem at one budget."""
    make, ways = PROBLEMS[name][0], list(WAYS)
    each = [best_scores(make, budget, seed, ways) for seed in seeds]
    scores = {way: np.stack([one[way] for one in each]) for way in ways}
    single = scores["one search"]
    rows, report = [], {}
    for way, found in scores.items():
        means = found.mean(axis=1)
        better, worse = int(np.sum(found > single + 1e-9)), int(np.sum(found < single - 1e-9))
        rows.append([way, float(np.median(means)), means.min(), means.max(), means.mean(), f"{better} / {worse}"])
        report[way] = {"median": float(np.median(means)), "better": better, "worse": worse}
    title = f"{name}: best score after {budget:,} queries, {len(seeds)} seeds"
    print_table(title, ["search", "median", "lowest", "highest", "mean", "better / worse than one"], rows)
    return report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--quick", action="store_true", help="three seeds, the smaller budgets")
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED)
    parser.add_argument("--only", choices=PROBLEMS, help="one of the problems")
    options = parser.parse_args()
    seeds = range(options.first_seed, options.first_seed + (QUICK_SEEDS if options.quick else SEEDS))
    report: dict[str, Any] = {"benchmark": "restarts", "seeds": [seeds.start, seeds.stop]}
    for name in [options.only] if options.only else PROBLEMS:
        for budget in PROBLEMS[name][1][: 1 if options.quick else None]:
            report[f"{name} at {budget}"] = measure(name, budget, seeds)
    print_json(report)


if __name__ == "__main__":
    main()
