"""Does the main job work? OpenCV's pedestrian detector, default options, 12,000 queries.

    python benchmarks/pedestrian.py [--quick] [--help]

HOG + linear SVM, pictures of 128 x 64, a decision value above 0 for a person. A figure is the best decision value so
far: medians over the seeds, and the least, most and mean at the end. Asked for: a median of at least 12.5, while the
best of as many random pictures stays below 0 ("random pictures": of featviz's own prior, which is coarse as pictures
are). No default was chosen on the seeds from 1000 on.

The others search the 8,192 pixels. What costs milliseconds a query is run on fewer seeds.
"""

from collections.abc import Iterator

import numpy as np
from ours import featviz, pictures, pixels
from peers.comparison import Method
from peers.effort import Effort, run_benchmark
from peers.real import RealProblem, cma_diagonal, nevergrad, random_search
from peers.recorder import Recorder
from peers.verdicts import Comparison, Target

from featviz.demo.models import WINDOW, pedestrian

CHECKPOINTS = (500, 2_000, 4_000, 8_000, 12_000)
SPACE = pictures(*WINDOW)


def random_pictures(problem: RealProblem, recorder: Recorder, seed: int) -> None:
    """Samples of featviz's prior."""
    rng, space = np.random.default_rng(seed), SPACE(problem)
    while recorder.left() > 0:
        recorder(pixels(space.sample(rng, min(500, recorder.left()))))


METHODS: dict[str, Method[RealProblem]] = {
    "featviz": Method(featviz(SPACE, pixels)),
    "random pictures": Method(random_pictures, runs=5),
    "random": Method(random_search, runs=5),
    "cma, diagonal": Method(cma_diagonal, runs=3),
    "nevergrad:DiagonalCMA": Method(nevergrad("DiagonalCMA", 40), runs=2),
    "nevergrad:DE": Method(nevergrad("DE", 30), most=4_000, runs=2),
}
QUICK = ("featviz", "random pictures", "random")
TARGETS = (Target(12_000, 12.5), Target(12_000, 0.0, "random pictures", below=True))


def problem() -> RealProblem:
    detector, size = pedestrian(), WINDOW[0] * WINDOW[1]

    def score(rows: np.ndarray) -> np.ndarray:
        return detector(rows.reshape(-1, *WINDOW, 1).astype(np.float32))[:, 0]

    return RealProblem("pedestrian", np.zeros(size), np.ones(size), score, np.nan)


def comparisons(effort: Effort) -> Iterator[Comparison]:
    title = "HOG + linear SVM pedestrian detector: decision value of the best picture after so many queries"
    problems = [problem()] * effort.seeds
    yield effort.compare("pedestrian", title, METHODS, problems, CHECKPOINTS, quick=QUICK, targets=TARGETS)


if __name__ == "__main__":
    run_benchmark(__doc__, {"pedestrian": comparisons})
