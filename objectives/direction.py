"""A direction in the space of a box's outputs."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from featviz.checks import finite
from featviz.errors import InvalidArgument, WrongType
from featviz.objectives.box_term import BoxTerm
from featviz.objectives.objective import Objective
from featviz.objectives.output_term import checked_output
from featviz.protocols import Box, Spec
from featviz.text import shown, visible

__all__ = ["Direction", "direction"]

# As in Lucid: what points elsewhere keeps a tenth, so that a search finds its way out of there.
_LEAST_COSINE = 0.1


class Direction(BoxTerm):
    """How far outputs reach along a direction; see :func:`direction`."""

    kind: ClassVar[str] = "direction"
    short: ClassVar[str] = "vector"

    def __init__(self, box: Box, vector: Any, *, cosine_power: float = 0.0) -> None:
        super().__init__(box)
        self.vector = _named(self.box, vector)
        self.cosine_power = finite("cosine_power", cosine_power, 0.0)
        weights = np.array([self.vector.get(name, 0.0) for name in box.outputs])
        self._unit = weights / np.sqrt(np.sum(weights**2))

    def options(self) -> Spec:
        """The weights by output, and the power where there is one."""
        return {"vector": dict(self.vector)} | ({"cosine_power": self.cosine_power} if self.cosine_power else {})

    def describe(self) -> str:
        """``"direction(box, a: 1, b: -0.5)"``; the first weights of a long vector."""
        parts = [f"{visible(name, 40)}: {weight:g}" for name, weight in list(self.vector.items())[:8]]
        more = f", ... {len(self.vector)} in all" if len(self.vector) > 8 else ""
        power = f", cosine_power={self.cosine_power:g}" if self.cosine_power else ""
        return f"direction({visible(self.box.name)}, {', '.join(parts)}{more}{power})"

    def value(self, outputs: NDArray[np.float64]) -> NDArray[np.float64]:
        """Shape (n,)."""
        along = np.asarray(outputs @ self._unit)
        if not self.cosine_power:
            return along
        length = np.linalg.norm(outputs, axis=1)
        cosine = np.divide(along, length, out=np.zeros_like(along), where=length > 0)
        return np.asarray(along * np.maximum(cosine, _LEAST_COSINE) ** self.cosine_power)


def direction(box: Box, vector: Any, *, cosine_power: float = 0.0) -> Objective:
    """The objective that the outputs reach far along a direction in the space of outputs.

    For outputs y and the unit vector v of the direction: the projection y . v, or with a power k of the cosine between
    them (y . v) max(cos, 0.1)^k, which prefers outputs that point that way to long ones that point elsewhere. Carter et
    al. 2019, "Exploring Neural Networks with Activation Atlases"; there k = 2 to 4.

    Args:
        box: a black box.
        vector: weights by output, ``{"cat": 1.0, "dog": -0.5}``, others 0; or one weight for each output in order.
        cosine_power: k, at least 0.

    Raises:
        WrongType: when ``box`` is not a black box, or the vector no dict or list of numbers.
        OutputNotFound: when it has no such output.
        InvalidArgument: when the vector is all zeros or of another length.
    """
    return Objective([Direction(box, vector, cosine_power=cosine_power)])


def _named(box: Box, vector: Any) -> dict[str, float]:
    if isinstance(vector, Mapping):
        weights = {checked_output(box, output): finite("a weight", weight) for output, weight in vector.items()}
    elif isinstance(vector, np.ndarray | list | tuple) and np.ndim(vector) == 1:
        if len(vector) != len(box.outputs):
            raise InvalidArgument(
                f"vector must have one weight for each of the {len(box.outputs)} outputs of {visible(box.name)}, "
                f"but it has {len(vector)}."
            )
        weights = {name: finite("a weight", weight) for name, weight in zip(box.outputs, vector, strict=True)}
    else:
        raise WrongType(f"vector must be a dict of weights by output, or a list of weights, but it is {shown(vector)}.")
    kept = {name: weight for name, weight in weights.items() if weight}
    if not kept:
        raise InvalidArgument("vector must have a weight that is not 0, since zeros point nowhere.")
    return kept
