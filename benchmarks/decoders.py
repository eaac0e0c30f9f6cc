"""Which decoder of pictures finds most, and does an ensemble of them find more than any one?

    python benchmarks/decoders.py [--quick]

Two models: the MLP on 28 x 28 digits of ``models.py`` (best logit / white-box optimum, mean over the classes) and
OpenCV's pedestrian detector (decision value, 128 x 64). Each decoder gets one ``fv.search`` of the whole budget with
default options. The ensemble gives each of its members an equal part of it and keeps the best run. What learns from
pictures is given the model's training pictures; there are none for the pedestrian detector.
Seeds from 1000 up; medians over them, lowest and highest.
"""

import argparse
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from _table import print_json, print_table
from models import CLASSES, SIDE, Mlp, digits, white_box_optimum

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
# One of each kind.
ENSEMBLE = ("dct", "cppn", "triangles", "phase")


@dataclass(frozen=True)
class Task:
    """Objectives over pictures of one size, and what their best scores are divided by."""

    name: str
    spaces: Mapping[str, fv.ImageSpace]
    goals: list[Any]
    optima: list[float]


def mlp(classes: int) -> Task:
    data = digits()
    model = Mlp(data)
    pictures = data.train.reshape(-1, SIDE, SIDE)
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


def measure(task: Task, seeds: int) -> dict[str, Any]:
    """Print one model's table: each decoder with the whole budget, the members with their part, the ensemble."""
    budget = BUDGETS[task.name]
    part = budget // len(ENSEMBLE)
    rows, report = [], {}
    whole: dict[str, np.ndarray] = {}
    parts: dict[str, np.ndarray] = {}
    for name, space in task.spaces.items():
        started = time.perf_counter()
        whole[name] = np.array([found(task, space, budget, FIRST_SEED + s) for s in range(seeds)])
        seconds = (time.perf_counter() - started) / whole[name].size
        if name in ENSEMBLE:
            parts[name] = np.array([found(task, space, part, FIRST_SEED + s) for s in range(seeds)])
        means = whole[name].mean(axis=1)
        alone = float(np.median(parts[name].mean(axis=1))) if name in ENSEMBLE else None
        rows.append([name, space.latent.genes, float(np.median(means)), means.min(), means.max(), alone, seconds])
        report[name] = float(np.median(means))
    best_of = np.max([parts[name] for name in ENSEMBLE], axis=0).mean(axis=1)
    winners = np.argmax([parts[name] for name in ENSEMBLE], axis=0)
    rows.append(["ensemble", None, float(np.median(best_of)), best_of.min(), best_of.max(), None, None])
    title = f"{task.name}: best score after {budget:,} queries (ensemble: {part:,} for each of {', '.join(ENSEMBLE)})"
    print_table(title, ["decoder", "genes", "median", "lowest", "highest", f"at {part:,}", "s a run"], rows)
    wins = {name: int(np.sum(winners == i)) for i, name in enumerate(ENSEMBLE)}
    print("best member of the ensemble, runs:", ", ".join(f"{name} {count}" for name, count in wins.items()))
    report["ensemble"] = float(np.median(best_of))
    beaten = all(report["ensemble"] > value for name, value in report.items() if name != "ensemble")
    return {"medians": report, "winners": wins, "ensemble_beats_every_decoder": beaten}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--quick", action="store_true", help="one seed, three classes")
    quick = parser.parse_args().quick
    seeds = 1 if quick else SEEDS
    report: dict[str, Any] = {"benchmark": "decoders", "seeds": seeds, "budgets": BUDGETS}
    for task in (mlp(3 if quick else CLASSES), people()):
        report[task.name] = measure(task, seeds)
    print_json(report)


if __name__ == "__main__":
    main()
