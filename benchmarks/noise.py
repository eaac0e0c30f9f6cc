"""What is reported as best when answers are noisy: its true score, beside that of diagonal and of spherical CMA.

    python benchmarks/noise.py [--quick] [--help]

The protocol of Wang & Ponce 2022 (GECCO, "High-performance evolutionary algorithms for online neuron control"): an
activation is read as ``f(x) * max(0, 1 + level * z)`` with z standard normal, at levels 0, 0.2 and 0.5; 3,000 questions
in all, those that ask again included. What counts is f, without noise, of the input that a user would be given:
featviz's ``run.best``; of pycma both its best observed sample (``result.xbest``) and its mean (``result.xfavorite``).
Asked for: at each level no less than the best of them, which is what the verdict "first" says.

Three kinds of units, none downloaded, another one for each seed:

- ``generator``: a logit of a convolutional net behind a fixed random generator of 4,096 codes (the shape of the paper);
- ``pictures``: the same logit over 28 x 28 pictures, in the genes of ``ImageSpace`` for everyone;
- ``tuning``: a unit with one preferred direction among 4,096, broadly tuned.

pycma is run as the paper ran it (population 40, first step 2) and with its default population and first step 1, from
the same beginning, in the same genes; so what differs is the search and the choice, not the space. Spherical CMA is
written from the paper (``peers/genes.py``) and run as there (population 40, angle from 50 to 7.33 degrees), at the
norm of the paper, 300 for 4,096 codes, and at that of the prior, 64; its best observed sample and its last base point,
called its mean. Both are of one run, whose time is that of the first.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from models import CLASSES, SIDE, Array, ConvNet
from ours import pixels
from peers.comparison import Method
from peers.effort import Effort, run_benchmark
from peers.genes import cma_of_genes, spherical_cma
from peers.recorder import Recorder
from peers.replay import Told
from peers.verdicts import Comparison
from problems.noisy_units import CODES, Generator, NoisyUnit, TuningCurve

import featviz as fv

QUESTIONS = (3_000,)
LEVELS = (0.0, 0.2, 0.5)
# The norm of the paper's codes, relative to that of the prior, sqrt(genes).
PAPER_NORM = 300 / np.sqrt(CODES)


class Codes(fv.Space):
    """4,096 real genes, and nothing else."""

    variables = {"code": fv.Real(shape=CODES)}  # noqa: RUF012  as spaces are written

    def decode(self, values: Mapping[str, Array]) -> Array:
        """The codes themselves."""
        return values["code"]


@dataclass(frozen=True, eq=False)
class Problem(Told):
    """A unit that is read with noise. A method tells its recorder the true score of what it reports.

    Attributes:
        name: for tables.
        space: of its inputs.
        clean: inputs of the space -> their true scores.
        level: of the noise.
    """

    name: str
    space: fv.Space | fv.ImageSpace
    clean: Callable[[Any], Array]
    level: float

    def of_genes(self, genes: Array) -> Array:
        """The true scores of rows of genes."""
        return self.clean(self.space.decode_latents(fv.Latents.of_real(genes)))


# What a search would report, and the true score of each: (problem, questions, seed) -> (n,).
Search = Callable[[Problem, int, int], Array]


def featviz(problem: Problem, questions: int, seed: int) -> Array:
    """Of ``run.best``."""
    box = fv.black_box(NoisyUnit(problem.clean, problem.level, seed, questions), name="unit")
    run = fv.search(problem.space, fv.maximise(box), budget=questions, seed=seed, progress="none")
    return problem.clean(np.asarray(run.best.input)[None])


def cma(population: int | None, step: float) -> Search:
    """Diagonal CMA of pycma: of its best observed sample, and of its mean."""

    def search(problem: Problem, questions: int, seed: int) -> Array:
        unit = NoisyUnit(problem.of_genes, problem.level, seed, questions)
        genes = problem.space.latent.real
        return problem.of_genes(np.stack(cma_of_genes(unit, unit.left, genes, seed, population=population, step=step)))

    return search


def spherical(norm: float) -> Search:
    """Spherical CMA at a norm relative to sqrt(genes): of its best observed sample, and of its base point."""

    def search(problem: Problem, questions: int, seed: int) -> Array:
        unit = NoisyUnit(problem.of_genes, problem.level, seed, questions)
        genes = problem.space.latent.real
        radius = float(norm * np.sqrt(genes))
        return problem.of_genes(np.stack(spherical_cma(unit, unit.left, genes, radius, seed, questions)))

    return search


def reporting(search: Search, which: int = 0) -> Method[Problem]:
    """The method that reports one of the inputs that a search ends with."""

    def tell(problem: Problem, recorder: Recorder, seed: int) -> None:
        questions = recorder.left()
        recorder(np.full(questions, search(problem, questions, seed)[which]))

    return Method(tell)


RIVALS = {
    "cma, paper": cache(cma(40, 2.0)),
    "cma, default": cache(cma(None, 1.0)),
    "spherical, paper": cache(spherical(PAPER_NORM)),
    "spherical, prior's norm": cache(spherical(1.0)),
}
METHODS: dict[str, Method[Problem]] = {
    "featviz": reporting(featviz),
    **{
        f"{name}: {what}": reporting(search, which)
        for name, search in RIVALS.items()
        for which, what in enumerate(("best sample", "mean"))
    },
}


def kinds() -> dict[str, tuple[fv.Space | fv.ImageSpace, Callable[[int], Callable[[Any], Array]]]]:
    """By name the space of the inputs, and the unit of a seed."""
    net, generator, codes = ConvNet.from_onnx(), Generator(SIDE), Codes()
    return {
        "generator": (codes, lambda seed: lambda x: net.logits(generator(x))[:, seed % CLASSES]),
        "pictures": (fv.ImageSpace(SIDE, SIDE), lambda seed: lambda x: net.logits(pixels(x))[:, seed % CLASSES]),
        "tuning": (codes, lambda seed: TuningCurve(seed % CLASSES)),
    }


def comparisons(effort: Effort) -> Iterator[Comparison]:
    for kind, (space, unit) in kinds().items():
        for level in LEVELS:
            name = f"{kind}, noise {level:g}"
            problems = [Problem(name, space, unit(seed), level) for seed in effort.each_seed()]
            title = f"{name}: true score of what is reported after so many questions"
            yield effort.compare("noise", title, METHODS, problems, QUESTIONS, quick=METHODS)


if __name__ == "__main__":
    run_benchmark(__doc__, {"noise": comparisons})
