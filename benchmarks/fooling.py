"""How many queries until a classifier is sure of every one of its ten classes?

    python benchmarks/fooling.py [--quick] [--help]

The MLP of ``models.py`` on 28 x 28 digits. A class is done when an input has a probability of at least .9999 (log-odds
of 9.21). The first table says how many classes are done within so many queries for all of them, the second how many
queries it takes for all ten; those of a batch in which a class was done count whole. Asked for: all ten within 1,500
with default options, in the median.

featviz searches class after class for the log-odds, with ``noise=False`` (whoever has the model knows that it always
answers alike; otherwise up to three queries a class go into finding that out). What a search for one class asked says
something about the other nine: "from the best so far" begins each one at the input, among all that were asked before,
that has the highest log-odds. MAP-Elites searches all ten at once, one cell a class; it and the others search the
pixels, and the others one class after the other too.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from models import CLASSES, SIDE, Array, trained_mlp
from numpy.typing import NDArray
from peers.comparison import Method
from peers.effort import Effort, run_benchmark
from peers.map_elites import map_elites
from peers.noted import Noted, print_times
from peers.real import RealProblem, cma_diagonal, nevergrad, random_search
from peers.recorder import Recorder
from peers.replay import Told
from peers.verdicts import Comparison, Target

import featviz as fv

ENOUGH = float(np.log(0.9999 / 0.0001))
CHECKPOINTS = (500, 1_000, 1_500, 10_000, 100_000)
TARGETS = (Target(1_500, CLASSES),)
# The most queries for one class; others get a tenth of all.
MOST_A_CLASS = 2_000
PIXELS = SIDE * SIDE


class Watched:
    """Counts the queries of a classifier, and keeps for each class the input with the highest log-odds so far.

    Attributes:
        done: classes of which the model was sure after each query; those of a batch count when it ends.
    """

    def __init__(self, forward: Callable[[Array], Array]) -> None:
        self._forward = forward
        self._best = np.full(CLASSES, -np.inf)
        self._inputs = np.zeros((CLASSES, PIXELS))
        self.done: list[int] = []

    def __call__(self, pictures: NDArray[np.floating]) -> Array:
        """The logits, shape (n, 10), of n pictures."""
        rows = np.asarray(pictures, dtype=np.float64).reshape(-1, PIXELS)
        logits = self._forward(rows)
        odds = log_odds(logits)
        higher = odds.max(axis=0) > self._best
        self._inputs[higher] = rows[odds.argmax(axis=0)][higher]
        before = int(np.sum(self._best >= ENOUGH))
        self._best = np.maximum(self._best, odds.max(axis=0))
        self.done += [before] * (len(rows) - 1) + [int(np.sum(self._best >= ENOUGH))]
        return logits

    def scores(self, rows: Array) -> Array:
        """The log-odds of every class, shape (n, 10), of rows of pixels."""
        return log_odds(self(rows))

    def best_for(self, label: int) -> Array | None:
        """What was asked with the highest log-odds of a class, shape (1, height, width, 1); None before all."""
        return self._inputs[label].reshape(1, SIDE, SIDE, 1) if self.done else None


def log_odds(logits: Array) -> Array:
    """The log of p / (1 - p) of each class under the softmax; shape (n, classes)."""
    columns = []
    for label in range(logits.shape[1]):
        others = np.delete(logits, label, axis=1)
        columns.append(logits[:, label] - np.logaddexp.reduce(others, axis=1))
    return np.stack(columns, axis=1)


@dataclass(frozen=True, eq=False)
class Problem(Told):
    """A classifier of which all classes are wanted; a figure is the number that is done."""

    name: str
    logits: Callable[[Array], Array]
    maximum = float(CLASSES)

    def figure(self, best: Array) -> Array:
        """The classes themselves."""
        return best


# Asks a classifier, within so many queries, with a seed.
Search = Callable[[Watched, int, int], None]


def featviz(*, from_best: bool = False, noise: bool | Literal["auto"] = False, **options: object) -> Search:
    def search(classifier: Watched, queries: int, seed: int) -> None:
        box = fv.black_box(classifier, outputs=[str(c) for c in range(CLASSES)])
        for label in range(CLASSES):
            fv.search(
                fv.ImageSpace(SIDE, SIDE),
                fv.log_odds(box, str(label)),
                budget=min(MOST_A_CLASS, queries),
                target=ENOUGH,
                seed=seed,
                references=classifier.best_for(label) if from_best else None,
                noise=noise,
                # Named, since options are those of one optimiser.
                optimiser="sep-cma" if options else "auto",
                optimiser_options=options,
                progress="none",
            )

    return search


def map_elites_on_pixels(classifier: Watched, queries: int, seed: int) -> None:
    map_elites(classifier.scores, PIXELS, queries, np.random.default_rng(seed), enough=ENOUGH)


def class_by_class(method: Callable[[RealProblem, Recorder, int], None]) -> Search:
    """A search of pixels for each class, which ends when that is done."""

    def search(classifier: Watched, queries: int, seed: int) -> None:
        for label in range(CLASSES):

            def score(rows: Array, label: int = label) -> Array:
                return classifier.scores(rows)[:, label]

            problem = RealProblem(str(label), np.zeros(PIXELS), np.ones(PIXELS), score, np.nan)
            method(problem, Recorder(score, max(queries // CLASSES, 1), ENOUGH), seed)

    return search


def noted(search: Search) -> Noted:
    """The search as it is compared: it tells how many classes were done after each query."""

    def tell(problem: Problem, recorder: Recorder, seed: int) -> None:
        classifier = Watched(problem.logits)
        search(classifier, recorder.left(), seed)
        recorder(np.array(classifier.done))

    return Noted(tell)


def methods() -> dict[str, Method[Problem]]:
    return {
        "featviz": Method(noted(featviz())),
        "featviz, noise not known": Method(noted(featviz(noise="auto"))),
        "featviz, population of 10": Method(noted(featviz(population=10))),
        "featviz, from the best so far": Method(noted(featviz(from_best=True))),
        "featviz, from the best so far, population of 10, sigma of 1": Method(
            noted(featviz(from_best=True, population=10, sigma=1.0))
        ),
        "random": Method(noted(class_by_class(random_search)), most=10_000),
        "cma, diagonal": Method(noted(class_by_class(cma_diagonal))),
        "MAP-Elites": Method(noted(map_elites_on_pixels), runs=5),
        "nevergrad:CMA": Method(noted(class_by_class(nevergrad("CMA"))), most=10_000, runs=3),
    }


QUICK = tuple(methods())[:8]


def comparisons(effort: Effort) -> Iterator[Comparison]:
    model = trained_mlp()
    run = methods()
    title = f"{model.name}, p ≥ .9999: classes that are done within so many queries for all"
    problems = [Problem(model.name, model.logits)] * effort.seeds
    comparison = effort.compare(
        "fooling", title, run, problems, CHECKPOINTS, quick=QUICK, reached=CLASSES, targets=TARGETS
    )
    print_times(f"{model.name}: queries until all {CLASSES} classes have p ≥ .9999", run, {})
    yield comparison


if __name__ == "__main__":
    run_benchmark(__doc__, {"fooling": comparisons})
