"""How far inputs lie from a reference."""

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from featviz.objectives.given_inputs import GivenInputs
from featviz.objectives.part import Seen
from featviz.objectives.penalty import Penalty
from featviz.objectives.space_distance import SpaceDistance
from featviz.protocols import Spec

__all__ = ["DistanceTo", "distance_to"]


class DistanceTo(Penalty):
    """The distance to a reference by the space's own measure; see :func:`distance_to`."""

    kind: ClassVar[str] = "distance_to"

    def __init__(self, reference: Any) -> None:
        self._reference = GivenInputs(reference, "reference")
        self._distance = SpaceDistance(self._reference, "distance_to")

    def options(self) -> Spec:
        """The reference."""
        return {"reference": self._reference.written()}

    def spec(self) -> Spec | None:
        """As of every part; None when the reference cannot be written down, or is large."""
        return None if self._reference.written() is None else super().spec()

    def describe(self) -> str:
        """``"distance_to(reference 3f2a91)"``; another reference has another label."""
        label = self._reference.label()
        return f"distance_to(reference{f' {label}' if label else ''})"

    def measure(self, seen: Seen) -> NDArray[np.float64]:
        """Shape (n,): to the nearest, where several references are given."""
        return np.asarray(self._distance.of(seen).min(axis=1))

    def value(self, inputs: Any) -> NDArray[np.float64]:
        """Refused: without the space there is no distance."""
        return self.measure(Seen(inputs))


def distance_to(reference: Any) -> DistanceTo:
    """The penalty on being far from a reference, by the space's own distance, 1 for that of two random inputs.

    With it a search finds the nearest input that a box answers otherwise: a counterfactual (Wachter, Mittelstadt &
    Russell 2017). It weighs how far; :func:`sparsity` counts how many parts differ.

    Args:
        reference: one input of the space as it decodes it, a candidate of a run, or a batch, of which the nearest
            counts.

    Raises:
        WrongType: when it is no input; and during a search InvalidArgument, when it does not fit the space.
    """
    return DistanceTo(reference)
