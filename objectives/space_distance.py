"""How far inputs lie from given ones, by the distance of the space that is searched."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.errors import FeatvizError, InvalidArgument
from featviz.objectives.given_inputs import GivenInputs
from featviz.objectives.part import Seen
from featviz.protocols import SearchSpace
from featviz.text import first_line

__all__ = ["SpaceDistance"]

# Random inputs, each pair of which is compared once: 496 distances.
_RANDOM_INPUTS = 32


class SpaceDistance:
    """Distances to given inputs, 1 for what is typical of two random inputs of the space.

    So a weight means the same in a space of pictures as in one of texts, and at every size.

    Args:
        given: the inputs.
        part: the formula of the part of an objective that asks, for messages.
    """

    def __init__(self, given: GivenInputs, part: str) -> None:
        self._given = given
        self._part = part
        # The space that was last asked about, the given inputs as a batch of it, and its typical distance.
        self._known: tuple[SearchSpace, Any, float] | None = None

    def of(self, seen: Seen) -> NDArray[np.float64]:
        """Distances of shape (n, m) of the n inputs of a batch to the m given ones.

        Raises:
            InvalidArgument: when the space is not known or has no distance, or the given inputs are of another one.
        """
        space = seen.space
        if space is None:
            raise InvalidArgument(f"{self._part} needs to know the space. Search with featviz.search or featviz.Study.")
        try:
            if self._known is None or self._known[0] is not space:
                self._known = (space, self._given.batch(seen.inputs), _typical(space))
            _, batch, typical = self._known
            return np.asarray(space.distance(seen.inputs, batch), dtype=np.float64) / typical
        except InvalidArgument:
            raise
        except (FeatvizError, TypeError, ValueError, KeyError, IndexError) as error:
            raise InvalidArgument(
                f"{self._part} needs the distance of the space to the given inputs, which failed: {first_line(error)}"
            ) from error


def _typical(space: SearchSpace) -> float:
    some = space.decode_latents(space.latent.sample(np.random.default_rng(0), _RANDOM_INPUTS))
    between = np.asarray(space.distance(some, some), dtype=np.float64)
    mean = float(between.sum()) / (_RANDOM_INPUTS * (_RANDOM_INPUTS - 1))
    return mean if mean > 0 and np.isfinite(mean) else 1.0
