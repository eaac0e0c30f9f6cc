"""``Converted``: a space whose inputs are those of another space in another form."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.batches import stack, take_one
from featviz.latent import LatentDescription, Latents
from featviz.search_spaces.composites import Composite
from featviz.search_spaces.composites.parts import Leaf, Part

__all__ = ["Converted"]


class Converted(Composite):
    """Inputs of another form, with the genes, the moves and the parts of the space that they are made from."""

    _part: Part

    @abstractmethod
    def _to_form(self, inputs: Any) -> Any:
        """A batch in this form, from one of the inner space."""

    @abstractmethod
    def _from_form(self, inputs: Any) -> Any:
        """The inverse of ``_to_form``."""

    def _joined(self) -> LatentDescription:
        latent = self._part.latent
        return LatentDescription(1) if latent is None else latent

    def values(self, latents: Latents) -> dict[str, Any]:
        """The inputs of the inner space."""
        self.latent.check(latents)
        return {"inputs": self._part.decode(latents)}

    def decode(self, values: Mapping[str, Any]) -> Any:
        """The inputs in their form."""
        return self._to_form(values["inputs"])

    def encode_inputs(self, inputs: Any) -> Latents:
        """The latents of a batch of inputs.

        Raises:
            SpaceError: if the inner space cannot encode them.
        """
        return self._part.encode(self._from_form(inputs))

    def distance(self, a: Any, b: Any) -> NDArray[np.float64]:
        """That of the inner space, 1 for what is typical; shape (n, m)."""
        return self._part.scaled_distance(self._from_form(a), self._from_form(b))

    def leaves(self, x: Any, path: str = "") -> Iterator[Leaf]:
        """Those of the inner space."""
        return self._part.leaves(self._inner(x), path)

    def units_within(self, x: Any) -> tuple[str, ...]:
        """Those of the inner space."""
        return self._part.units(self._inner(x))

    def apply_within(self, x: Latents, units: Sequence[str], masks: NDArray[np.bool_], fill: Latents) -> Any:
        """As :meth:`apply`, on the latent of one input and on m of the fill."""
        return self._to_form(self._part.apply(x, units, masks, fill))

    def _inner(self, x: Any) -> Any:
        return take_one(self._from_form(stack([x])), 0)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._part!r})"
