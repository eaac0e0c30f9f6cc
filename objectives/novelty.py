"""How far inputs lie from what was found."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from featviz.checks import integer
from featviz.objectives.given_inputs import GivenInputs
from featviz.objectives.objective import Objective
from featviz.objectives.part import Seen
from featviz.objectives.space_distance import SpaceDistance
from featviz.objectives.term import Term
from featviz.protocols import Spec

__all__ = ["Novelty", "novelty"]


class Novelty(Term):
    """The distance to the nearest of given inputs; see :func:`novelty`."""

    kind: ClassVar[str] = "novelty"

    def __init__(self, found: Any, *, neighbours: int = 1) -> None:
        self._found = GivenInputs(found, "found")
        self.neighbours = integer("neighbours", neighbours, 1)
        self._distance = SpaceDistance(self._found, "novelty")

    def options(self) -> Spec:
        """The inputs, and the number of neighbours where it is not 1."""
        return {"found": self._found.written()} | ({"neighbours": self.neighbours} if self.neighbours > 1 else {})

    def spec(self) -> Spec | None:
        """As of every part; None when the inputs cannot be written down, or are large."""
        return None if self._found.written() is None else super().spec()

    def describe(self) -> str:
        """``"novelty(found 3f2a91)"``; other inputs have another label."""
        label = self._found.label()
        more = f", neighbours={self.neighbours}" if self.neighbours > 1 else ""
        return f"novelty(found{f' {label}' if label else ''}{more})"

    def measure(self, outputs: Sequence[NDArray[np.float64]], seen: Seen) -> NDArray[np.float64]:  # noqa: ARG002  it is about inputs alone
        """Shape (n,), at least 0."""
        distances = self._distance.of(seen)
        k = min(self.neighbours, distances.shape[1])
        return np.asarray(np.partition(distances, k - 1, axis=1)[:, :k].mean(axis=1))


def novelty(found: Any, *, neighbours: int = 1) -> Objective:
    """The term of lying far from what was found already: the distance to the nearest of given inputs.

    A second search that subtracts nothing and adds this finds another answer::

        again = fv.search(space, fv.margin(box, "3") + 5.0 * fv.novelty(run), budget=3_000)

    Distances are the space's own, in units of that between two random inputs: 1 is as different as random inputs are.
    Lehman & Stanley 2011, "Abandoning objectives: evolution through the search for novelty alone", who take the mean
    over several neighbours.

    Args:
        found: a batch of inputs of the space; or a run, for its nine best; or candidates of runs, such as
            ``run.top(3)``.
        neighbours: over how many of the nearest the mean is taken.

    Raises:
        InvalidArgument: when ``found`` is empty; and during a search, when it does not fit the space.
    """
    return Objective([Novelty(found, neighbours=neighbours)])
