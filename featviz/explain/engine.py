"""``fv.saliency``: hide parts of an input, ask the black box, and see what the score rests on."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz import checks
from featviz.batches import take_one
from featviz.errors import InvalidArgument, SpaceError, WrongType
from featviz.evaluation import Evaluator
from featviz.explain.explanation import Explanation
from featviz.explain.methods import METHODS, choose
from featviz.latent import Latents
from featviz.protocols import ScoreFunction, SearchSpace
from featviz.random import Streams
from featviz.search_spaces import Space
from featviz.study import Candidate

__all__ = ["saliency"]

_STREAM = 0x73616C
# Evaluations of one call of the box at most, which bounds the memory of large inputs.
_BATCH = 256
# Steps of the deletion curve, and random orders that it is held against.
_STEPS, _ORDERS = 16, 4

Asker = Callable[[NDArray[np.bool_]], NDArray[np.float64]]


def saliency(
    space: SearchSpace,
    objective: ScoreFunction,
    x: Any,
    *,
    method: str = "auto",
    budget: int = 512,
    seed: int = 0,
) -> Explanation:
    """Which parts of ``x`` its score rests on, by replacing parts and asking again.

    Parts are what the space's ``units`` says: patches of a picture, positions of a text, columns of a table, windows of
    a series, variables or choices of a space of your own. What is hidden is replaced by the same part of random inputs
    of the space, another one each time, so that every question is about an input that the space could hold.

    Args:
        space: the space of the input.
        objective: what the score is.
        x: one input, or a candidate of a run such as ``run.best``.
        method: "ridge" (a linear model over random masks), "occlusion" (one part at a time), or "auto".
        budget: evaluations for the values. The control, deletion in the order of importance and in random orders,
            takes up to 80 more. Of inputs that the space's ``valid`` rules out no box is asked, and they do not count.
        seed: 0 to 2**64 - 1.

    Raises:
        InvalidArgument: when the input has a single part, or the budget is below the number of parts.
        SpaceError: when the space cannot replace parts of an input that it cannot encode: pass the candidate.
    """
    if not isinstance(space, SearchSpace) or not isinstance(objective, ScoreFunction):
        raise WrongType("saliency takes a search space, an objective such as fv.maximise(box, 'name'), and an input.")
    budget = checks.integer("budget", budget, 2)
    whole = _input(space, x)
    subject = _subject(space, x)
    # A space of records knows the parts of an input by its latent only.
    units = _units(space, subject if getattr(space, "applies_to_latents", False) else whole, budget)
    streams = Streams(checks.seed(seed), _STREAM)
    ask, spent = _asker(space, objective, subject, units, streams)
    name, why = choose(method, len(units), budget)
    masks = METHODS[name].design(streams.at(0), len(units), budget)
    scores = ask(masks)
    answered = np.isfinite(scores)
    _check_scored(answered[masks.all(axis=1)])
    fit = METHODS[name].fit(masks[answered], scores[answered])
    score = float(np.nanmean(scores[masks.all(axis=1)]))
    floor, deletion, by_chance = _control(ask, fit.values, score, streams.at(1))
    return Explanation(
        units=units,
        values=fit.values,
        errors=fit.errors,
        score=score,
        floor=floor,
        explained=fit.explained,
        deletion=deletion,
        deletion_by_chance=by_chance,
        method=name,
        why=why,
        evaluations=spent(),
        blocks=tuple(space.render(whole)),
    )


def _check_scored(whole: NDArray[np.bool_]) -> None:
    """Refuse an input that got no score with nothing hidden."""
    if not whole.any():
        raise InvalidArgument(
            "this input itself has no score, so there is nothing to explain: the black box gives none, or the input "
            "breaks a constraint of the objective. Without its constraints the objective can be explained."
        )


def _units(space: SearchSpace, whole: Any, budget: int) -> tuple[str, ...]:
    if not callable(getattr(space, "units", None)) or not callable(getattr(space, "apply", None)):
        raise SpaceError(f"{type(space).__name__} has no units and apply, by which parts of an input are replaced.")
    units = tuple(space.units(whole))  # type: ignore[attr-defined]  # checked above
    if len(units) < 2:
        raise InvalidArgument("this input has a single part, so there is nothing to tell apart.")
    if budget < len(units) + 1:
        raise InvalidArgument(
            f"this input has {len(units):,} parts: a budget of at least {len(units) + 1:,} is needed, "
            f"but it is {budget:,}."
        )
    return units


def _input(space: SearchSpace, x: Any) -> Any:
    """The input itself: of a candidate, of a latent, or as it was given."""
    if isinstance(x, Candidate):
        if x.input is None:
            raise SpaceError("the input of this candidate was not kept: load the run with space=.")
        return x.input
    if isinstance(getattr(x, "best", None), Candidate):
        raise WrongType("saliency explains one input, but this is a whole run: pass run.best.")
    return take_one(space.decode_latents(x), 0) if isinstance(x, Latents) else x


def _by_genes(space: SearchSpace) -> bool:
    return getattr(space, "applies_to_latents", False) or getattr(type(space), "apply", None) is Space.apply


def _subject(space: SearchSpace, x: Any) -> Any:
    """What the space's ``apply`` is given: the input or, where it exchanges genes, the latent."""
    if _by_genes(space):
        if isinstance(x, Latents):
            return x
        if isinstance(x, Candidate) and x.latents is not None:
            return x.latents
    return _input(space, x)


def _asker(
    space: SearchSpace, objective: ScoreFunction, subject: Any, units: tuple[str, ...], streams: Streams
) -> tuple[Asker, Callable[[], int]]:
    """A function from masks to scores, NaN where there is none, and one that says how many evaluations it took."""
    evaluator, by_genes = Evaluator(objective, space), _by_genes(space)
    rules = getattr(space, "valid", None)
    calls = [0, 0]

    def ask(masks: NDArray[np.bool_]) -> NDArray[np.float64]:
        scores = []
        for first in range(0, len(masks), _BATCH):
            some = masks[first : first + _BATCH]
            calls[0] += 1
            drawn = space.latent.sample(streams.at(1 + calls[0]), len(some))
            fill = drawn if by_genes else space.decode_latents(drawn)
            inputs = space.apply(subject, units, some, fill)  # type: ignore[attr-defined]  # checked by _subject
            # Parts of two valid inputs need not make a valid one.
            valid = rules(inputs) if callable(rules) else np.ones(len(some), dtype=np.bool_)
            scores.append(evaluator.evaluate(inputs, valid).scores)
            calls[1] += int(valid.sum())
        return np.concatenate(scores)

    # An input whose answer was known already cost nothing.
    return ask, lambda: calls[1] - evaluator.ledger.cached // max(1, len(objective.boxes))


def _control(
    ask: Asker, values: NDArray[np.float64], score: float, rng: np.random.Generator
) -> tuple[float, float, float]:
    """The floor, and the area under the deletion curve in the order of importance and in random orders."""
    k = len(values)
    steps = np.unique(np.linspace(0, k, min(k, _STEPS) + 1).astype(int))
    orders = [np.argsort(-values, kind="stable"), *(rng.permutation(k) for _ in range(_ORDERS))]
    masks = np.ones((len(orders), len(steps), k), dtype=np.bool_)
    for i, order in enumerate(orders):
        for j, step in enumerate(steps):
            masks[i, j, order[:step]] = False
    scores = ask(masks.reshape(-1, k)).reshape(len(orders), len(steps))
    floor = float(np.nanmean(scores[:, -1])) if np.isfinite(scores[:, -1]).any() else float("nan")
    span = score - floor
    curves = (scores - floor) / span if span else np.full_like(scores, np.nan)
    curves[:, 0], curves[:, -1] = 1.0, 0.0
    areas = [_area(steps / k, curve) for curve in curves]
    return floor, areas[0], float(np.nanmean(areas[1:]))


def _area(at: NDArray[np.float64], curve: NDArray[np.float64]) -> float:
    known = np.isfinite(curve)
    x, y = at[known], curve[known]
    return float(((y[1:] + y[:-1]) / 2 * np.diff(x)).sum()) if len(x) > 1 else float("nan")
