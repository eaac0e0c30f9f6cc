"""``Composite``: what spaces that are made of other spaces have in common."""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from featviz.batches import stack, take_one
from featviz.blocks import Block, TableBlock
from featviz.errors import InvalidArgument, SpaceError
from featviz.latent import LatentDescription, Latents
from featviz.search_spaces.base import Space
from featviz.search_spaces.composites.comparing import same_input, text_of
from featviz.search_spaces.composites.parts import WHOLE, Leaf, Part, joined_path
from featviz.search_spaces.joining import Place, joined, places_of
from featviz.text import visible

__all__ = ["Composite", "Difference", "beside", "encoded", "leaves_of", "step_of"]

_NOWHERE = Place(slice(0, 0), slice(0, 0), slice(0, 0))
# What saliency calls a unit that is the input as a whole.
_INPUT = "(whole)"
_ABSENT = "-"


class Difference(NamedTuple):
    """A part in which two inputs differ, its values as text.

    Args:
        path: where it stands, such as ``"applicant.age"``.
        a: the value in the first input; a dash where the part is not there.
        b: the value in the second.
    """

    path: str
    a: str
    b: str


class Composite(Space):
    """A space made of other spaces, of variables and of constants.

    The latent has a fixed shape: the genes of every part stand in it, those of options that were not chosen and of
    elements behind the end of a list too. They have no say then; :attr:`LatentDescription.canonical` sets them to one
    value, so that equal inputs can be told by their latents.
    """

    # ``apply`` takes latents as well, and is more exact with them: see there.
    applies_to_latents: ClassVar[bool] = True

    @abstractmethod
    def values(self, latents: Latents) -> dict[str, Any]:
        """What ``decode`` puts together."""

    @abstractmethod
    def encode_inputs(self, inputs: Any) -> Latents:
        """Latents whose decoded inputs are as near to ``inputs`` as the space can come."""

    @abstractmethod
    def leaves(self, x: Any, path: str = "") -> Iterator[Leaf]:
        """The parts of one input that have no parts of their own, in order, with their paths."""

    @abstractmethod
    def units_within(self, x: Any) -> tuple[str, ...]:
        """The paths within one input of what saliency may replace."""

    @abstractmethod
    def apply_within(self, x: Latents, units: Sequence[str], masks: NDArray[np.bool_], fill: Latents) -> Any:
        """As :meth:`apply`, on the latent of one input and on m of the fill."""

    @abstractmethod
    def _joined(self) -> LatentDescription:
        """The description of the genes of all parts."""

    def units(self, x: Any) -> tuple[str, ...]:
        """The paths of the parts of one input, or of its latent, that saliency may replace: ``"applicant.age"``.

        A picture, a text or a table inside gives its own (patches, positions, columns), each behind its path. Of
        alternatives they are those of the option that the input has.

        Args:
            x: one input, or its latent.
        """
        whole = take_one(self.decode_latents(x), 0) if isinstance(x, Latents) else x
        return tuple(unit or _INPUT for unit in self.units_within(whole))

    def apply(self, x: Any, units: Sequence[str], masks: NDArray[np.bool_], fill: Any) -> Any:
        """Copies of one input, in each of which some parts are replaced.

        Args:
            x: one input, or its latent.
            units: the k paths that ``units(x)`` gave.
            masks: bool of shape (m, k): False where a part is replaced.
            fill: a batch of m inputs, or of m latents, or of one for all. The parts are taken from there. A list keeps
                its length and alternatives their option, as long as parts of them are named: where an input of the
                fill has no such element or option, it gives what its latent holds for it. Random latents hold random
                ones; of inputs, which do not have it, it is the neutral one.

        Returns:
            A batch of m inputs.
        """
        whole = x if isinstance(x, Latents) else self.encode_inputs(stack_of_one(x))
        other = fill if isinstance(fill, Latents) else self.encode_inputs(fill)
        masks = np.asarray(masks, dtype=np.bool_)
        if masks.ndim != 2 or masks.shape[1] != len(units):
            raise InvalidArgument(f"expected one truth value a part, {len(units)} a row, but masks are {masks.shape}.")
        if len(other) not in {1, len(masks)}:
            raise InvalidArgument(f"{len(masks)} masks need as many inputs to take parts from, but {len(other)} came.")
        other = other[np.zeros(len(masks), dtype=np.intp)] if len(other) != len(masks) else other
        return self.apply_within(whole, [WHOLE if u == _INPUT else u for u in units], masks, other)

    def differences(self, a: Any, b: Any) -> list[Difference]:
        """What differs between two inputs, a row for each part, as text.

        Of a picture or another space inside it says only that it differs, by its size and mean.
        """
        first, second = ({leaf.path: leaf.value for leaf in self.leaves(x)} for x in (a, b))
        paths = [*first, *(path for path in second if path not in first)]
        return [
            Difference(path or _INPUT, *(text_of(x[path]) if path in x else _ABSENT for x in (first, second)))
            for path in paths
            if not (path in first and path in second and same_input(first[path], second[path]))
        ]

    def render(self, x: Any) -> list[Block]:
        """A table of the parts that are numbers or text, then the blocks of the spaces inside, captions their paths."""
        leaves = list(self.leaves(x))
        rows = tuple((visible(leaf.path or _INPUT), text_of(leaf.value)) for leaf in leaves if leaf.render is None)
        blocks: list[Block] = [TableBlock(("part", "value"), rows)] if rows else []
        for leaf in leaves:
            for block in leaf.render(leaf.value) if leaf.render else ():
                own = [visible(leaf.path)] if leaf.path else []
                blocks.append(replace(block, caption=": ".join([*own, *([block.caption] if block.caption else [])])))
        return blocks


def beside(parts: Sequence[Part]) -> tuple[LatentDescription, list[Place]]:
    """The description of parts beside each other, and where each stands; constants stand nowhere.

    Raises:
        InvalidArgument: when all of them are constants.
    """
    latents = [part.latent for part in parts if part.latent is not None]
    if not latents:
        raise InvalidArgument("all parts are constants: there is nothing to search.")
    places = iter(places_of(latents))
    return joined(latents), [_NOWHERE if part.latent is None else next(places) for part in parts]


def encoded(part: Part, values: Any, path: str) -> Latents:
    """The latents of values of a part.

    Raises:
        SpaceError: with the path in front, where the part cannot encode them.
    """
    try:
        return part.encode(values)
    except SpaceError as error:
        raise SpaceError(f"{visible(path)}: {error}") from error


def stack_of_one(x: Any) -> Any:
    """A batch of one input; what is stacked here is what :func:`~featviz.batches.unstack` gives back."""
    return stack([x])


def leaves_of(parts: Sequence[tuple[str, Part, Any]], path: str) -> Iterator[Leaf]:
    """The leaves of named parts with their values."""
    for step, part, value in parts:
        yield from part.leaves(value, joined_path(path, step))


def step_of(name: str) -> str:
    """A name as a step of a path: its own dots are escaped."""
    return name.replace("\\", "\\\\").replace(".", "\\.")
