"""Figures that are not the best score so far: told by the methods, or said of the best inputs of a search."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from peers.comparison import Method
from peers.recorder import Recorder

__all__ = ["Kept", "Replayed", "Told", "kept", "replays"]

Array = NDArray[np.float64]


@dataclass(eq=False)
class Kept:
    """What is kept of one run.

    Attributes:
        scores: of all inputs in the order in which they were asked.
        inputs: by its score, each input that was better than all before it.
    """

    scores: list[Array] = field(default_factory=list)
    inputs: dict[float, NDArray[Any]] = field(default_factory=dict)


class Told:
    """A problem that is not asked: a method tells its recorder one figure for each query, and these are reported."""

    maximum = np.nan

    def score(self, figures: Array) -> Array:
        """Figures are their own."""
        return figures


# By the method's name and the seed.
Runs = dict[tuple[str, int], Kept]


class Keeper(Recorder):
    """Passes inputs on to a recorder and keeps the best ones."""

    def __init__(self, recorder: Recorder, run: Kept) -> None:
        super().__init__(recorder, recorder.left())
        self._run, self._top = run, -np.inf

    def __call__(self, rows: NDArray[Any]) -> Array:
        """As of the recorder."""
        scores = super().__call__(rows)
        self._run.scores.append(scores)
        before = np.concatenate([[self._top], np.maximum.accumulate(scores)[:-1]])
        for i in np.flatnonzero(scores > before).tolist():
            self._run.inputs[float(scores[i])] = np.array(rows[i])
        self._top = max(self._top, float(scores.max(initial=-np.inf)))
        return scores


class _Named(Protocol):
    @property
    def name(self) -> str: ...


def kept(methods: Mapping[str, Method[Any]], runs: Runs) -> dict[str, Method[Any]]:
    """The same methods; what they find is kept in ``runs``."""

    def keeping(name: str, method: Method[Any]) -> Method[Any]:
        def search(problem: _Named, recorder: Recorder, seed: int) -> None:
            run = Kept()
            method.search(problem, Keeper(recorder, run), seed)
            runs[name, seed] = run

        return Method(search, method.most, method.runs)

    return {name: keeping(name, method) for name, method in methods.items()}


@dataclass(eq=False)
class Replayed(Told):
    """A problem that is not asked again: the scores of a run are told to the recorder as they were.

    Attributes:
        name: for tables.
        runs: what was kept.
        figure_of: what is reported of an input.
    """

    name: str
    runs: Runs
    figure_of: Callable[[NDArray[Any]], float]
    _run: Kept | None = None

    def play(self, method: str, recorder: Recorder, seed: int) -> None:
        """Tell what was kept."""
        if (method, seed) not in self.runs:
            raise ValueError("the search failed")
        self._run = self.runs[method, seed]
        recorder(np.concatenate(self._run.scores))

    def figure(self, best: Array) -> Array:
        """What is reported of the inputs that had these scores; NaN where there is none."""
        inputs = self._run.inputs if self._run else {}
        values = {b: self.figure_of(inputs[b]) for b in set(best[~np.isnan(best)].tolist())}
        return np.array([values.get(b, np.nan) for b in best.tolist()])


def replays(methods: Mapping[str, Method[Any]]) -> dict[str, Method[Replayed]]:
    """Methods of the same names and limits that search nothing."""

    def replaying(name: str, method: Method[Any]) -> Method[Replayed]:
        return Method(lambda problem, recorder, seed: problem.play(name, recorder, seed), method.most, method.runs)

    return {name: replaying(name, method) for name, method in methods.items()}
