"""Which decoder of pictures finds most, and does an ensemble of them find more than any one?

    python benchmarks/decoders.py [--quick] [--first-seed N]

Two models: the MLP on 28 x 28 digits of ``models.py`` (best logit / white-box optimum, mean over the classes) and
OpenCV's pedestrian detector (decision value, 128 x 64). Each decoder gets one ``fv.search`` of the whole budget with
default options. The ensembles are ``fv.search_ensemble`` with the same budget in all, which they give to their members
by successive halving: four decoders, or all that know no pictures. What learns from pictures is given the model's
training pictures; there are none for the pedestrian detector.
Seeds from 1000 up (0 to 9 are for choosing); medians over them, lowest and highest.
"""

import argparse
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from _table import print_json, print_table
from models import CLASSES, SIDE, digits, trained_mlp, white_box_optimum

import featviz as fv
from featviz.demo.models import WINDOW, pedestrian

FIRST_SEED, SEEDS = 1000, 3
BUDGETS = {"mlp": 3_000, "pedestrian": 4_000}
DECODERS: dict[str, dict[str, Any]] = {
    "dct": {"decoder": "dct"},
    "pixels": {"decoder": "pixels"},
    "cppn": {"decoder": "cppn"},
    "triangles": {"decoder": "shapes"},
    "ellipses": {"decoder": "shapes", "kind": "ellipses"},
    "phase": {"decoder": "phase"},
}
LEARNING = ("dct", "phase")
# One of each kind; and all.
ENSEMBLES = {"ensemble of 4": ("dct", "cppn", "triangles", "phase"), "ensemble of 6": tuple(DECODERS)}


@dataclass(frozen=True)
class Task:
    """Objectives over pictures of one size, and what their best scores are divided by."""

    name: str
    spaces: Mapping[str, fv.ImageSpace]
    goals: list[Any]
    optima: list[float]


def mlp(classes: int) -> Task:
    model = trained_mlp()
    pictures = digits().train.reshape(-1, SIDE, SIDE)
    spaces = {name: fv.ImageSpace(SIDE, SIDE, **options) for name, options in DECODERS.items()}
    for name in LEARNING:
        spaces[f"{name}, learnt"] = fv.ImageSpace(SIDE, SIDE, examples=pictures, **DECODERS[name])
    names = [str(c) for c in range(CLASSES)]
    box = fv.black_box(lambda x: model.logits(np.asarray(x, dtype=np.float64).reshape(len(x), -1)), outputs=names)
    goals = [fv.maximise(box, str(c)) for c in range(classes)]
    return Task("mlp", spaces, goals, [white_box_optimum(model, c) for c in range(classes)])


def people() -> Task:
    spaces = {name: fv.ImageSpace(*WINDOW, **options) for name, options in DECODERS.items()}
    return Task("pedestrian", spaces, [fv.maximise(pedestrian(), "person")], [1.0])


def found(task: Task, space: fv.ImageSpace, budget: int, seed: int) -> list[float]:
    """The best score for each goal, over its optimum."""
    runs = [fv.search(space, goal, budget=budget, seed=seed, progress=False) for goal in task.goals]
    return [run.best.score / optimum for run, optimum in zip(runs, task.optima, strict=True)]


def found_together(task: Task, names: Sequence[str], budget: int, seed: int) -> tuple[list[float], list[str]]:
    """The best score of an ensemble for each goal, over its optimum, and whose it was."""
    spaces = {name: task.spaces[name] for name in names}
    made = [fv.search_ensemble(spaces, goal, budget=budget, seed=seed, progress=False) for goal in task.goals]
    scores = [one.best.score / optimum for one, optimum in zip(made, task.optima, strict=True)]
    return scores, [one.winner for one in made]


def measure(task: Task, seeds: range) -> dict[str, Any]:
    """Print one model's table: each decoder with the whole budget, and the ensembles with the same."""
    budget = BUDGETS[task.name]
    rows, report, winners = [], {}, {}

    def add(name: str, genes: int | None, scores: list[list[float]], started: float) -> None:
        means = np.array(scores).mean(axis=1)
        seconds = (time.perf_counter() - started) / np.size(scores)
        rows.append([name, genes, float(np.median(means)), means.min(), means.max(), seconds])
        report[name] = float(np.median(means))

    for name, space in task.spaces.items():
        started = time.perf_counter()
        add(name, space.latent.genes, [found(task, space, budget, seed) for seed in seeds], started)
    single = max(report.values())
    for name, members in ENSEMBLES.items():
        started = time.perf_counter()
        together = [found_together(task, members, budget, seed) for seed in seeds]
        add(name, None, [scores for scores, _ in together], started)
        winners[name] = Counter(winner for _, won in together for winner in won)
    title = f"{task.name}: best score after {budget:,} queries in all"
    print_table(title, ["decoder", "genes", "median", "lowest", "highest", "s a run"], rows)
    for name, won in winners.items():
        share = report[name] / single
        print(f"{name}: {share:.0%} of the best decoder; won by", ", ".join(f"{n} {c}" for n, c in won.most_common()))
    return {"medians": report, "winners": {name: dict(won) for name, won in winners.items()}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--quick", action="store_true", help="one seed, three classes")
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED)
    options = parser.parse_args()
    quick, first = options.quick, options.first_seed
    seeds = range(first, first + (1 if quick else SEEDS))
    report: dict[str, Any] = {"benchmark": "decoders", "seeds": len(seeds), "budgets": BUDGETS}
    for task in (mlp(3 if quick else CLASSES), people()):
        report[task.name] = measure(task, seeds)
    print_json(report)


if __name__ == "__main__":
    main()
