"""Running the demo's searches and building its gallery."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from featviz.black_boxes import black_box
from featviz.demo.models import DIGIT_SIDE, DIGITS, WINDOW
from featviz.gallery import build_gallery
from featviz.objectives import margin, maximise
from featviz.protocols import ScoreFunction, SearchSpace
from featviz.search_spaces import ImageSpace
from featviz.study import Run, search

__all__ = ["DemoSearch", "demo_searches", "run_demo"]

_PEDESTRIAN_BUDGET = 12_000
_DIGIT_BUDGET = 3_000


@dataclass(frozen=True)
class DemoSearch:
    """One search of the demo."""

    name: str
    space: SearchSpace
    objective: ScoreFunction
    budget: int
    restarts: int = 1


def demo_searches(*, quick: bool = False) -> Iterator[DemoSearch]:
    """The main search, then ten digits for each of two classifiers. Models are made when they are reached."""
    share = 10 if quick else 1
    # By import path, so that `featviz resume` can make the boxes again.
    detector = black_box("featviz.demo.models:pedestrian()")
    height, width = WINDOW
    # Three independent searches: do they agree on what a person is?
    budget = 3 * _PEDESTRIAN_BUDGET // share
    yield DemoSearch("pedestrian", ImageSpace(height, width), maximise(detector), budget, restarts=3)
    # Low frequencies only: what a model looks for in a digit is legible there, and little is lost.
    digits = ImageSpace(DIGIT_SIDE, DIGIT_SIDE, frequencies=8)
    for model in ("svm", "mlp"):
        classifier = black_box(f"featviz.demo.models:digits_{model}()")
        for digit in DIGITS:
            yield DemoSearch(f"{model}-digit-{digit}", digits, margin(classifier, digit), _DIGIT_BUDGET // share)


def run_demo(out: Path, site: Path, *, quick: bool, progress: str, say: Callable[[str], object]) -> Path:
    """Run the demo's searches into ``out`` and build the gallery in ``site``; the path of its index.

    Runs that are there already are not repeated, and interrupted ones go on where they stopped. Each run evaluates
    as many random inputs as one of its restarts besides, drawn in its curve.
    """
    say("Which inputs do a pedestrian detector and two digit classifiers respond to most?")
    for planned in demo_searches(quick=quick):
        # On a terminal a bar shows each search; lines would be as many as the results below.
        shown = progress if progress != "auto" or planned.name == "pedestrian" else "none"
        run = search(
            planned.space,
            planned.objective,
            budget=planned.budget,
            restarts=planned.restarts,
            baseline=planned.budget // planned.restarts,
            out=out / planned.name,
            progress=shown,
        )
        say(_line(planned, run))
    return build_gallery(out, site)


def _line(planned: DemoSearch, run: Run) -> str:
    found = f"{planned.name:<14} best of {run.evaluations:>6,} {run.best.score:7.2f}"
    random, baseline = run.baseline_best, run.baseline
    if random is not None and baseline is not None:
        found += f"   best of {int(baseline.evaluations[-1]):>6,} at random {random.score:6.2f}"
    return f"{found}   {run.seconds:5.1f} s"
