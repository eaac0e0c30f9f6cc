"""How many queries until a classifier is sure of every one of its ten classes?

    python benchmarks/fooling.py [--quick] [--tuning]

The MLP of ``models.py`` on 28 x 28 digits. A class is done when an input has a probability of at least .9999 (log-odds
of 9.21). A figure is the number of queries for all ten, each counted by one recorder around the model; those of a batch
in which a class was done count whole. Asked for: at most 1,500 with default options, a median of five seeds.

featviz searches class after class for the log-odds, with ``noise=False`` (whoever has the model knows that it always
answers alike; otherwise up to three queries a class go into finding that out). What a search for one class asked says
something about the other nine: "from the best so far" begins each one at the input, among all that were asked before,
that has the highest log-odds. MAP-Elites searches all ten at once, one cell a class; it and pycma search the pixels.
A method that did not finish within its queries has its number of classes beside it.
Seeds from 1000 up: nothing was chosen on them (``--tuning``: 0 to 4).
"""

import argparse
import time
from collections.abc import Callable
from typing import Literal

import numpy as np
from _table import print_json, print_table
from models import CLASSES, SIDE, Array, Mlp, digits
from numpy.typing import NDArray
from peers.map_elites import map_elites

import featviz as fv

Search = Callable[["Recorder", int], None]
Noise = bool | Literal["auto"]

ENOUGH = float(np.log(0.9999 / 0.0001))
TARGET = 1_500
# The most queries for one class, and of MAP-Elites and pycma for all of them.
MOST_A_CLASS, MOST = 2_000, 100_000
PIXELS = SIDE * SIDE
FIRST_SEED, SEEDS, QUICK_SEEDS = 1000, 5, 2


class Recorder:
    """Counts the queries of a classifier, and keeps for each class the input with the highest log-odds so far."""

    def __init__(self, forward: Callable[[Array], Array]) -> None:
        self._forward = forward
        self._best = np.full(CLASSES, -np.inf)
        self._inputs = np.zeros((CLASSES, PIXELS))
        self.queries = 0

    def __call__(self, pictures: NDArray[np.floating]) -> Array:
        """The logits, shape (n, 10), of n pictures."""
        rows = np.asarray(pictures, dtype=np.float64).reshape(-1, PIXELS)
        logits = self._forward(rows)
        odds = log_odds(logits)
        higher = odds.max(axis=0) > self._best
        self._inputs[higher] = rows[odds.argmax(axis=0)][higher]
        self._best = np.maximum(self._best, odds.max(axis=0))
        self.queries += len(rows)
        return logits

    def scores(self, rows: Array) -> Array:
        """The log-odds of every class, shape (n, 10), of rows of pixels."""
        return log_odds(self(rows))

    def done(self) -> int:
        """Classes of which the model was sure."""
        return int(np.sum(self._best >= ENOUGH))

    def best_for(self, label: int) -> Array | None:
        """What was asked with the highest log-odds of a class, shape (1, height, width, 1); None before all."""
        return self._inputs[label].reshape(1, SIDE, SIDE, 1) if self.queries else None


def log_odds(logits: Array) -> Array:
    """The log of p / (1 - p) of each class under the softmax; shape (n, classes)."""
    columns = []
    for label in range(logits.shape[1]):
        others = np.delete(logits, label, axis=1)
        columns.append(logits[:, label] - np.logaddexp.reduce(others, axis=1))
    return np.stack(columns, axis=1)


def featviz(*, from_best: bool = False, noise: Noise = False, **options: object) -> Callable[[Recorder, int], None]:
    def search(recorder: Recorder, seed: int) -> None:
        box = fv.black_box(recorder, outputs=[str(c) for c in range(CLASSES)])
        for label in range(CLASSES):
            fv.search(
                fv.ImageSpace(SIDE, SIDE),
                fv.log_odds(box, str(label)),
                budget=MOST_A_CLASS,
                target=ENOUGH,
                seed=seed,
                references=recorder.best_for(label) if from_best else None,
                noise=noise,
                optimiser_options=options,
                progress=False,
            )

    return search


def map_elites_on_pixels(recorder: Recorder, seed: int) -> None:
    map_elites(recorder.scores, PIXELS, MOST, np.random.default_rng(seed), enough=ENOUGH)


def cma_on_pixels(recorder: Recorder, seed: int) -> None:
    import cma

    for label in range(CLASSES):
        options = {"CMA_diagonal": True, "bounds": [0, 1], "seed": seed + 1, "verbose": -9}
        optimiser = cma.CMAEvolutionStrategy(PIXELS * [0.5], 0.3, options)
        best, asked_before = -np.inf, recorder.queries
        while best < ENOUGH and recorder.queries - asked_before < MOST // CLASSES:
            asked = optimiser.ask()
            scores = recorder.scores(np.array(asked))[:, label]
            optimiser.tell(asked, list(-scores))
            best = max(best, float(scores.max()))


METHODS: dict[str, Search] = {
    "featviz": featviz(),
    "featviz, noise not known": featviz(noise="auto"),
    "featviz, population of 10": featviz(population=10),
    "featviz, from the best so far": featviz(from_best=True),
    "featviz, from the best so far, population of 10, sigma of 1": featviz(from_best=True, population=10, sigma=1.0),
    "cma, diagonal, pixels": cma_on_pixels,
    "MAP-Elites, pixels": map_elites_on_pixels,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--quick", action="store_true", help="two seeds")
    parser.add_argument("--tuning", action="store_true", help="the seeds on which constants are chosen")
    arguments = parser.parse_args()
    first, count = 0 if arguments.tuning else FIRST_SEED, QUICK_SEEDS if arguments.quick else SEEDS
    model = Mlp(digits())
    rows: list[list[object]] = []
    report: dict[str, object] = {"benchmark": "fooling", "seeds": count, "first_seed": first, "target": TARGET}
    for name, search in METHODS.items():
        began, queries, done = time.perf_counter(), [], []
        for seed in range(first, first + count):
            recorder = Recorder(model.logits)
            search(recorder, seed)
            queries.append(recorder.queries)
            done.append(recorder.done())
        median = float(np.median(queries))
        rows.append([name, median, min(queries), max(queries), min(done), (time.perf_counter() - began) / count])
        report[name] = {"median": median, "spread": [min(queries), max(queries)], "fewest_classes_done": min(done)}
        if name == "featviz":
            report["reached"] = median <= TARGET and min(done) == CLASSES
    columns = ["method", "queries, median", "fewest", "most", "classes done", "s a run"]
    print_table(f"{model.name}: queries until all {CLASSES} classes have p >= .9999", columns, rows)
    print_json(report)


if __name__ == "__main__":
    main()
