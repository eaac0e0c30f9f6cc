"""How near a search without gradients comes to gradient ascent, beside the other ways to search.

    python benchmarks/parity.py [--quick] [--help]

Two classifiers of 28 x 28 digits, an MLP and a convolutional net (see ``models.py``), ten classes each. A figure is
the best logit so far divided by the white-box optimum: projected gradient ascent in [0, 1]^784 from several starts. So
1 is what gradients reach and 0 a logit of zero (not a grey picture: that has logits of -13 to 25 here). Mean over the
classes, median over the seeds.

The others search the pixels in [0, 1], as their users would. nevergrad and optuna keep every candidate and are 100 to
10,000 times slower, so they get fewer classes, seeds and queries: each in a table of its own classes, with featviz on
the same. "cma, diagonal, featviz's space" shows what the space is worth; it is no opponent.
"""

from collections.abc import Callable, Iterator

import numpy as np
from models import CLASSES, CONVNET_PATH, SIDE, Array, ConvNet, Model, trained_mlp, white_box_optimum
from ours import featviz, pictures, pixels
from peers.comparison import Mean, Method
from peers.effort import Effort, run_benchmark
from peers.genes import cma_of_genes
from peers.real import RealProblem, cma_diagonal, nevergrad, optuna, random_search
from peers.recorder import Recorder
from peers.verdicts import Comparison, Target

import featviz as fv

BUDGETS = (400, 1_000, 2_000, 3_000, 10_000)
TARGETS = (Target(3_000, 0.94), Target(10_000, 0.97))
# Runs of what takes seconds for each of ten classes.
SOME_RUNS = 5
SPACE = pictures(SIDE, SIDE)


def cma_on_featviz_space(problem: RealProblem, recorder: Recorder, seed: int) -> None:
    """CMA-ES of pycma in the genes of featviz's pictures."""
    space = SPACE(problem)

    def ask(genes: Array) -> Array:
        return recorder(pixels(space.decode_latents(fv.Latents.of_real(genes))))

    cma_of_genes(ask, recorder.left, space.latent.real, seed)


ON_FEATVIZ_SPACE = "cma, diagonal, featviz's space"
TEN: dict[str, Method[RealProblem]] = {
    "featviz": Method(featviz(SPACE, pixels)),
    "featviz, snes": Method(featviz(SPACE, pixels, "snes"), runs=SOME_RUNS),
    # Only the best rows move the mean, as Ros & Hansen 2008 have it.
    "featviz, sep-cma one-sided": Method(
        featviz(SPACE, pixels, "sep-cma", optimiser_options={"two_sided": False}), runs=SOME_RUNS
    ),
    ON_FEATVIZ_SPACE: Method(cma_on_featviz_space, runs=SOME_RUNS),
    "cma, diagonal": Method(cma_diagonal, runs=SOME_RUNS),
    "random": Method(random_search),
}
QUICK = tuple(TEN)
TWO = {
    "featviz": Method(featviz(SPACE, pixels), runs=1),
    "random": Method(random_search, runs=1),
    "nevergrad:DiagonalCMA": Method(nevergrad("DiagonalCMA", 40), runs=1),
    "nevergrad:CMA": Method(nevergrad("CMA"), runs=1),
    "nevergrad:DE": Method(nevergrad("DE", 30), runs=1),
    "nevergrad:TwoPointsDE": Method(nevergrad("TwoPointsDE", 30), runs=1),
    "nevergrad:PSO": Method(nevergrad("PSO", 40), runs=1),
}
ONE = {
    "featviz": Method(featviz(SPACE, pixels), most=400, runs=1),
    "random": Method(random_search, most=400, runs=1),
    "nevergrad:NGOpt": Method(nevergrad("NGOpt"), most=400, runs=1),
    "optuna:CMA": Method(optuna("CMA"), most=400, runs=1),
    "optuna:TPE": Method(optuna("TPE"), most=400, runs=1),
}
GROUPS = (("ten classes", CLASSES, TEN), ("classes 0 and 1", 2, TWO), ("class 0", 1, ONE))


def logits_of(model: Model) -> Callable[[Array], Array]:
    """The function that is searched: the ONNX file for the convolutional net, as a user would have it."""
    if not isinstance(model, ConvNet):
        return model.logits
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(CONVNET_PATH), options, providers=["CPUExecutionProvider"])

    def logits(rows: Array) -> Array:
        shaped = rows.astype(np.float32).reshape(-1, SIDE, SIDE, 1)
        found: Array = session.run(None, {"pictures": shaped})[0].astype(np.float64)
        return found

    return logits


def problem(model: Model, logits: Callable[[Array], Array], label: int) -> RealProblem:
    ends = np.zeros(SIDE**2), np.ones(SIDE**2)
    optimum = white_box_optimum(model, label)
    return RealProblem(f"{model.name} {label}", *ends, lambda rows: logits(rows)[:, label], optimum)


def comparisons(effort: Effort) -> Iterator[Comparison]:
    for model in (trained_mlp(), ConvNet.from_onnx()):
        logits = logits_of(model)
        classes = tuple(problem(model, logits, label) for label in range(CLASSES))
        for words, count, methods in GROUPS:
            yield effort.compare(
                "parity",
                f"{model.name}, {words}: mean of best logit / white-box optimum after so many queries",
                methods,
                [Mean(classes[:count])] * effort.seeds,
                BUDGETS,
                quick=QUICK,
                yardsticks=(ON_FEATVIZ_SPACE,),
                targets=TARGETS if count == CLASSES else (),
            )


if __name__ == "__main__":
    run_benchmark(__doc__, {"parity": comparisons})
