"""``FixedShape``: a function of ``draw`` whose choices are always the same ones, as a space of so many genes."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from featviz.blocks import Block
from featviz.errors import LatentShapeError, SpaceError, WrongType
from featviz.latent import Latents
from featviz.protocols import SearchSpace, Spec
from featviz.search_spaces.base import Space
from featviz.search_spaces.records.domains import Domain
from featviz.search_spaces.specs import part_from_spec
from featviz.text import shown, visible

if TYPE_CHECKING:
    from featviz.search_spaces.records.record_space import RecordSpace

__all__ = ["FixedShape"]

# A branch that is taken once in 100 times is missed by as many random inputs once in 20,000 times.
_SAMPLES = 1_000


class FixedShape(Space):
    """The variables of a function of ``draw`` by path. Made by ``RecordSpace.fixed``.

    Args:
        space: the function's space, or a spec of it.

    Raises:
        SpaceError: if two of a thousand random inputs have different choices.
    """

    def __init__(self, space: "RecordSpace | Spec") -> None:
        found = part_from_spec(space)
        if not callable(getattr(found, "replay", None)) or not isinstance(found, SearchSpace):
            raise WrongType(f"expected a space made by fv.space, but got {shown(found)}.")
        self._space: RecordSpace = found  # type: ignore[assignment]  # known by what it has
        self.variables = {path: domain.variable() for path, domain in _constant(self._space).items()}

    def decode(self, values: Mapping[str, NDArray[Any]]) -> list[Any]:
        """A list of n inputs.

        Raises:
            SpaceError: if a rare branch of the function makes other choices after all.
        """
        names = tuple(values)
        rows = zip(*(column.tolist() for column in values.values()), strict=True)
        try:
            return [self._space.replay(tuple(zip(names, row, strict=True)))[0] for row in rows]
        except LatentShapeError as error:
            raise SpaceError(
                f"the choices of {self._space.name} depend on what is drawn, in a case that none of {_SAMPLES:,} "
                f"random inputs has, so it has no fixed shape. {error}"
            ) from error

    def records_of(self, latents: Latents) -> Latents:
        """The same inputs as latents of the function's own space."""
        values = self.values(latents)
        rows = zip(*(column.tolist() for column in values.values()), strict=True)
        return Latents.of_records([tuple(zip(values, row, strict=True)) for row in rows])

    def valid(self, inputs: Any) -> NDArray[np.bool_]:
        """Which of n inputs are valid."""
        return self._space.valid(inputs)

    def render(self, x: Any) -> list[Block]:
        """As the function's own space."""
        return self._space.render(x)

    def distance(self, a: Any, b: Any) -> NDArray[np.float64]:
        """As the function's own space."""
        return self._space.distance(a, b)

    def spec(self) -> Spec | None:
        """The function's own spec, within one of this."""
        inner = self._space.spec()
        return None if inner is None else {"type": "FixedShape", "space": inner}

    @property
    def _has_valid(self) -> bool:
        return self._space.latent.feasible is not None or type(self).valid is not FixedShape.valid


def _constant(space: "RecordSpace") -> dict[str, Domain]:
    """Paths and domains of the choices, the same in all random inputs."""
    rng = np.random.default_rng(0)
    first: dict[str, Domain] | None = None
    for record in space.latent.sample(rng, _SAMPLES).records[:, 0]:
        domains = space.replay(record)[1].domains
        if first is None:
            first = domains
        elif list(domains.items()) != list(first.items()):
            paths = [p for p in (*first, *domains) if first.get(p) != domains.get(p)] or list(first)
            raise SpaceError(
                f"the choices of {space.name} depend on what is drawn, so it has no fixed shape: "
                f"{visible(paths[0], 80)!r} is not the same in all inputs. Search the space itself, by its records."
            )
    if not first:
        raise SpaceError(f"{space.name} draws nothing, so there is nothing to search.")
    return first
