"""How near a search without gradients comes to gradient ascent, beside the other ways to search.

    python benchmarks/parity.py [--quick]

Two classifiers of 28 x 28 digits, an MLP and a convolutional net (see ``models.py``), ten classes each. A figure is
the best logit so far divided by the white-box optimum: projected gradient ascent in [0, 1]^784 from several starts. So
1 is what gradients reach and 0 a logit of zero (not a grey picture: that has logits of -13 to 25 here). Mean over the
classes, median over the seeds. Every query of every method is counted by one recorder around the model.

The others search the pixels in [0, 1], as their users would. nevergrad and optuna keep every candidate and are 100 to
10,000 times slower, so they get fewer classes, seeds and queries; the columns say how many, and each is compared with
featviz on its own classes. Seeds from 1000 up: defaults were chosen on seeds 0 to 9.
"""

import argparse
import statistics
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from _table import print_json, print_table
from models import CLASSES, CONVNET_PATH, SIDE, Array, ConvNet, Mlp, Model, digits, white_box_optimum
from numpy.typing import NDArray

import featviz as fv

BUDGETS = (400, 1_000, 2_000, 3_000, 10_000)
TARGETS = {3_000: 0.91, 10_000: 0.95}
PIXELS = SIDE * SIDE
FIRST_SEED = 1000
POPULATION = 24


class Recorder:
    """Counts queries of one logit, and notes the best at each budget."""

    def __init__(self, forward: Callable[[Array], Array], label: int, budget: int) -> None:
        self._forward, self._label, self._budget = forward, label, budget
        self._scores: list[Array] = []
        self.queries = 0

    def __call__(self, pictures: NDArray[np.floating]) -> Array:
        """All ten logits, shape (n, 10), of n pictures."""
        logits = self._forward(np.asarray(pictures, dtype=np.float64).reshape(-1, PIXELS))
        self._scores.append(logits[:, self._label])
        self.queries += len(logits)
        return logits

    def scores(self, pixels: Array) -> Array:
        """The logit, shape (n,), of pictures given as rows of pixels in any range; clipped to [0, 1] first."""
        return self(np.clip(pixels, 0, 1))[:, self._label]

    def left(self) -> int:
        """Queries that the budget still allows."""
        return self._budget - self.queries

    def best(self) -> list[float | None]:
        """The best logit within each of ``BUDGETS``, None for those beyond this method's budget."""
        best = np.maximum.accumulate(np.concatenate(self._scores))
        return [float(best[b - 1]) if b <= min(self.queries, self._budget) else None for b in BUDGETS]


def featviz(recorder: Recorder, label: int, budget: int, seed: int, optimiser: str = "auto", **options: object) -> None:
    box = fv.black_box(recorder, outputs=[str(c) for c in range(CLASSES)])
    goal = fv.maximise(box, str(label))
    fv.search(
        fv.ImageSpace(SIDE, SIDE),
        goal,
        budget=budget,
        seed=seed,
        optimiser=optimiser,
        optimiser_options=options,
        progress=False,
    )


def snes_of_featviz(recorder: Recorder, label: int, budget: int, seed: int) -> None:
    featviz(recorder, label, budget, seed, "snes")


def one_sided_sep_cma(recorder: Recorder, label: int, budget: int, seed: int) -> None:
    """Only the best rows move the mean, as Ros & Hansen 2008 have it."""
    featviz(recorder, label, budget, seed, "sep-cma", two_sided=False)


def random_search(recorder: Recorder, label: int, budget: int, seed: int) -> None:  # noqa: ARG001  all have these
    rng = np.random.default_rng(seed)
    while recorder.left() > 0:
        recorder.scores(rng.random((min(100, recorder.left()), PIXELS)))


def cma_on_pixels(recorder: Recorder, label: int, budget: int, seed: int) -> None:  # noqa: ARG001  all have these
    import cma

    options = {"CMA_diagonal": True, "bounds": [0, 1], "seed": seed, "verbose": -9, "popsize": POPULATION}
    optimiser = cma.CMAEvolutionStrategy(PIXELS * [0.5], 0.3, options)
    while recorder.left() > 0:
        asked = optimiser.ask()
        optimiser.tell(asked, list(-recorder.scores(np.array(asked))))


def cma_on_featviz_space(recorder: Recorder, label: int, budget: int, seed: int) -> None:  # noqa: ARG001  all have these
    import cma

    space = fv.ImageSpace(SIDE, SIDE)
    options = {"CMA_diagonal": True, "seed": seed, "verbose": -9, "popsize": POPULATION}
    optimiser = cma.CMAEvolutionStrategy(PIXELS * [0.0], 1.0, options)
    while recorder.left() > 0:
        asked = optimiser.ask()
        pictures = space.decode_latents(fv.Latents.of_real(np.array(asked)))
        optimiser.tell(asked, list(-recorder(pictures)[:, label]))


def nevergrad(algorithm: str, workers: int) -> Callable[[Recorder, int, int, int], None]:
    def search(recorder: Recorder, label: int, budget: int, seed: int) -> None:  # noqa: ARG001  all have these
        import nevergrad as ng

        array = ng.p.Array(init=np.full(PIXELS, 0.5), lower=0.0, upper=1.0)
        array.random_state = np.random.RandomState(seed)
        optimiser = ng.optimizers.registry[algorithm](array, budget=budget, num_workers=workers)
        while recorder.left() > 0:
            asked = [optimiser.ask() for _ in range(min(workers, recorder.left()))]
            for candidate, score in zip(asked, recorder.scores(np.array([c.value for c in asked])), strict=True):
                optimiser.tell(candidate, -score)

    return search


def optuna(sampler: str) -> Callable[[Recorder, int, int, int], None]:
    def search(recorder: Recorder, label: int, budget: int, seed: int) -> None:  # noqa: ARG001  all have these
        import optuna as library

        library.logging.set_verbosity(library.logging.ERROR)
        made = (
            library.samplers.TPESampler(seed=seed)
            if sampler == "TPE"
            else library.samplers.CmaEsSampler(seed=seed, use_separable_cma=True, warn_independent_sampling=False)
        )
        study = library.create_study(sampler=made, direction="maximize")
        names = [f"p{i}" for i in range(PIXELS)]
        while recorder.left() > 0:
            trial = study.ask()
            picture = np.array([[trial.suggest_float(name, 0, 1) for name in names]])
            study.tell(trial, float(recorder.scores(picture)[0]))

    return search


@dataclass(frozen=True)
class Method:
    """A way to search, and how much of the whole benchmark its cost permits."""

    name: str
    search: Callable[[Recorder, int, int, int], None]
    classes: int = CLASSES
    seeds: int = 5
    budget: int = BUDGETS[-1]


METHODS = (
    Method("featviz", featviz),
    Method("featviz, snes", snes_of_featviz),
    Method("featviz, sep-cma one-sided", one_sided_sep_cma),
    Method("cma, diagonal, featviz's space", cma_on_featviz_space),
    Method("cma, diagonal, pixels", cma_on_pixels),
    Method("random", random_search),
    Method("nevergrad:DiagonalCMA", nevergrad("DiagonalCMA", 40), classes=2, seeds=1),
    Method("nevergrad:CMA", nevergrad("CMA", 1), classes=2, seeds=1),
    Method("nevergrad:DE", nevergrad("DE", 30), classes=2, seeds=1),
    Method("nevergrad:TwoPointsDE", nevergrad("TwoPointsDE", 30), classes=2, seeds=1),
    Method("nevergrad:PSO", nevergrad("PSO", 40), classes=2, seeds=1),
    Method("nevergrad:NGOpt", nevergrad("NGOpt", 1), classes=1, seeds=1, budget=400),
    Method("optuna:CMA", optuna("CMA"), classes=1, seeds=1, budget=400),
    Method("optuna:TPE", optuna("TPE"), classes=1, seeds=1, budget=400),
)
# These share featviz's decoder: they show what the space is worth, and what the choice of the optimiser; no rivals.
ABLATIONS = ("featviz, snes", "featviz, sep-cma one-sided", "cma, diagonal, featviz's space")


@dataclass(frozen=True)
class Result:
    """Fractions of the white-box optimum; ``fractions`` has shape (seeds, classes, budgets), NaN where not run."""

    fractions: Array
    seconds: float
    error: str = ""

    def row(self, classes: int) -> list[float | None]:
        """Mean over the first ``classes`` classes, median over the seeds, for each of ``BUDGETS``."""
        values = np.median(self.fractions[:, :classes].mean(axis=1), axis=0)
        return [None if np.isnan(v) else float(v) for v in values]


def measure(method: Method, forward: Callable[[Array], Array], optima: Sequence[float], seeds: int) -> Result:
    start = time.perf_counter()
    fractions = np.full((min(seeds, method.seeds), method.classes, len(BUDGETS)), np.nan)
    for s, by_class in enumerate(fractions):
        for label, row in enumerate(by_class):
            recorder = Recorder(forward, label, method.budget)
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    method.search(recorder, label, method.budget, FIRST_SEED + s)
            except Exception as error:  # noqa: BLE001  a rival that fails is a row of the table
                text = f"{type(error).__name__}: {error}".split("\n", 1)[0][:60]
                return Result(fractions, time.perf_counter() - start, text)
            row[:] = [np.nan if b is None else b / optima[label] for b in recorder.best()]
    return Result(fractions, time.perf_counter() - start)


def forward_of(model: Model) -> Callable[[Array], Array]:
    """The function that is searched: the ONNX file for the convolutional net, as a user would have it."""
    if not isinstance(model, ConvNet):
        return model.logits
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(CONVNET_PATH), options, providers=["CPUExecutionProvider"])

    def logits(x: Array) -> Array:
        pictures = x.astype(np.float32).reshape(-1, SIDE, SIDE, 1)
        found: Array = session.run(None, {"pictures": pictures})[0].astype(np.float64)
        return found

    return logits


def family(model: Model, seeds: int, methods: Sequence[Method]) -> tuple[dict[str, Result], bool]:
    """Measure every method on one model and print its table; whether featviz led at every budget comes second."""
    optima = [white_box_optimum(model, label) for label in range(CLASSES)]
    forward = forward_of(model)
    results = {method.name: measure(method, forward, optima, seeds) for method in methods}
    own = results["featviz"]
    ahead = True
    rows: list[list[object]] = []
    for method in methods:
        result = results[method.name]
        row = result.row(method.classes)
        rival = method.name not in ("featviz", *ABLATIONS)
        pairs = zip(own.row(method.classes), row, strict=True)
        leads = all(theirs is None or (ours is not None and ours > theirs) for ours, theirs in pairs)
        ahead = ahead and (leads or not rival)
        runs = len(result.fractions) * method.classes
        behind = "" if not rival else "behind" if leads else "AHEAD"
        rows.append(
            [method.name, *row, method.classes, len(result.fractions), result.seconds / runs, result.error or behind]
        )
    columns = ["method", *(f"{b:,}" for b in BUDGETS), "classes", "seeds", "s a run", "beside featviz"]
    mean = statistics.mean(optima)
    print_table(f"{model.name}: best logit / white-box optimum (mean {mean:.1f}) after so many queries", columns, rows)
    return results, ahead


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--quick", action="store_true", help="one seed; featviz, cma and random only")
    quick = parser.parse_args().quick
    seeds, methods = (1, METHODS[:6]) if quick else (5, METHODS)
    report: dict[str, object] = {"benchmark": "parity", "seeds": seeds, "budgets": list(BUDGETS)}
    reached = True
    for model in (Mlp(digits()), ConvNet.from_onnx()):
        results, ahead = family(model, seeds, methods)
        fractions = {m.name: results[m.name].row(m.classes) for m in methods}
        own = dict(zip(BUDGETS, fractions["featviz"], strict=True))
        met = {str(b): (own[b] or 0) >= target for b, target in TARGETS.items()}
        reached = reached and ahead and all(met.values())
        report[model.name] = {"fractions": fractions, "targets_met": met, "ahead_everywhere": ahead}
    print_json(report | {"reached": reached})


if __name__ == "__main__":
    main()
