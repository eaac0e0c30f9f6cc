"""``DictSpace`` and ``TupleSpace``: several parts, all of them in every input."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.batches import batch_length
from featviz.checks import did_you_mean, unique_names
from featviz.errors import InvalidArgument, SpaceError, WrongType
from featviz.latent import LatentDescription, Latents
from featviz.protocols import Spec
from featviz.search_spaces.composites.composite import Composite, beside, encoded, leaves_of, step_of
from featviz.search_spaces.composites.parts import Leaf, Part, inside, joined_path, part_of
from featviz.search_spaces.joining import Place
from featviz.text import shown, visible

__all__ = ["DictSpace", "TupleSpace"]


class _Product(Composite):
    """Named parts beside each other."""

    def _take(self, names: Sequence[str], parts: Sequence[Part]) -> None:
        self._names, self._members = tuple(names), tuple(parts)
        self._steps = tuple(map(step_of, names))
        self.variables = {name: part.given for name, part in zip(names, parts, strict=True)}
        self._whole  # noqa: B018  refuses parts without anything to search at once

    @cached_property
    def _whole(self) -> tuple[LatentDescription, list[Place]]:
        return beside(self._members)

    def _joined(self) -> LatentDescription:
        return self._whole[0]

    def values(self, latents: Latents) -> dict[str, Any]:
        """A batch of each part, by its name."""
        self.latent.check(latents)
        parts = zip(self._names, self._members, self._whole[1], strict=True)
        return {name: part.decode(place.of(latents)) for name, part, place in parts}

    def encode_inputs(self, inputs: Any) -> Latents:
        """The latents of a batch of inputs, in the form in which ``decode_latents`` gives it.

        Raises:
            SpaceError: if a part is missing or unknown, or cannot encode its own.
        """
        given = self.encode(inputs)
        if len({batch_length(part) for part in given.values()}) != 1:
            raise SpaceError(f"the parts of {type(self).__name__} must have one length.")
        parts = zip(self._names, self._members, strict=True)
        return Latents.beside([encoded(part, given[name], name) for name, part in parts])

    def distance(self, a: Any, b: Any) -> NDArray[np.float64]:
        """The mean over the parts of their distances, each in units of what is typical of it; shape (n, m)."""
        first, second = self.encode(a), self.encode(b)
        pairs = zip(self._names, self._members, strict=True)
        found = [part.scaled_distance(first[name], second[name]) for name, part in pairs if part.latent is not None]
        mean: NDArray[np.float64] = np.mean(found, axis=0, dtype=np.float64)
        return mean

    def leaves(self, x: Any, path: str = "") -> Iterator[Leaf]:
        """The parts of one input that have no parts of their own, in order, with their paths."""
        return leaves_of(list(zip(self._steps, self._members, self._of_one(x), strict=True)), path)

    def units_within(self, x: Any) -> tuple[str, ...]:
        """The paths within one input of what saliency may replace."""
        parts = zip(self._steps, self._members, self._of_one(x), strict=True)
        return tuple(joined_path(step, unit) for step, part, value in parts for unit in part.units(value))

    def apply_within(self, x: Latents, units: Sequence[str], masks: NDArray[np.bool_], fill: Latents) -> Any:
        """As :meth:`apply`, on the latent of one input and on m of the fill."""
        found = {}
        for name, step, part, place in zip(self._names, self._steps, self._members, self._whole[1], strict=True):
            rests = [inside(unit, step) for unit in units]
            mine = [i for i, rest in enumerate(rests) if rest is not None]
            own = [rest for rest in rests if rest is not None]
            if own:
                found[name] = part.apply(place.of(x), own, masks[:, mine], place.of(fill))
            else:
                found[name] = part.decode(place.of(x)[np.zeros(len(masks), dtype=np.intp)])
        return self.decode(found)

    def _of_one(self, x: Any) -> list[Any]:
        return [self.encode(x)[name] for name in self._names]


class DictSpace(_Product):
    """Inputs with named parts, such as ``{"image": fv.ImageSpace(28, 28), "age": fv.Integer(18, 90)}``.

    Args:
        parts: by name, each a space, a variable, or a constant (:class:`Constant`); of a choice the input holds the
            option itself. At least one is no constant.

    A batch is a dict of the parts' batches.

    Raises:
        WrongType: if a part is something else.
        InvalidArgument: if there is nothing to search.
    """

    def __init__(self, parts: Mapping[str, Any]) -> None:
        if not isinstance(parts, Mapping):
            raise WrongType(f"parts must be a dict of names and spaces, but it is {shown(parts)}.")
        if not all(isinstance(name, str) for name in parts):
            raise WrongType("parts must have names that are text.")
        names = unique_names("parts", list(parts))
        self._take(names, [part_of(f"the part {visible(name, 60)!r}", parts[name]) for name in names])

    def decode(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The parts' batches by name."""
        return dict(values)

    def encode(self, inputs: Any) -> Mapping[str, Any]:
        """The parts of a batch, or of one input."""
        if not isinstance(inputs, Mapping):
            raise SpaceError(f"expected a dict with {', '.join(map(visible, self._names))}, but {shown(inputs)} came.")
        missing = [name for name in self._names if name not in inputs]
        wrong = [name for name in inputs if name not in self._names]
        if missing or wrong:
            said = f"{visible(missing[0])!r} is missing" if missing else f"{visible(wrong[0])!r} is no part of it"
            near = did_you_mean(wrong[0], self._names) if wrong else ""
            raise SpaceError(f"expected a dict with {', '.join(map(visible, self._names))}, but {said}.{near}")
        return inputs

    def spec(self) -> Spec | None:
        """The parts' own."""
        specs = {name: part.spec() for name, part in zip(self._names, self._members, strict=True)}
        return None if None in specs.values() else {"type": "DictSpace", "parts": specs}

    def __repr__(self) -> str:
        parts = ", ".join(f"{name!r}: {part!r}" for name, part in zip(self._names, self._members, strict=True))
        return f"DictSpace({{{parts}}})"


class TupleSpace(_Product):
    """Inputs with several parts in an order, such as ``[fv.ImageSpace(28, 28), fv.ImageSpace(28, 28)]``.

    Args:
        parts: each a space, a variable, or a constant; of a choice the input holds the option itself.

    A batch is a tuple of the parts' batches.

    Raises:
        WrongType: if a part is something else.
        InvalidArgument: if there is nothing to search.
    """

    def __init__(self, parts: Sequence[Any]) -> None:
        if isinstance(parts, str) or not isinstance(parts, Sequence):
            raise WrongType(f"parts must be a list of spaces, but it is {shown(parts)}.")
        if not parts:
            raise InvalidArgument("parts must hold at least one space, but it is empty.")
        self._take([str(i) for i in range(len(parts))], [part_of(f"part {i}", p) for i, p in enumerate(parts)])

    def decode(self, values: Mapping[str, Any]) -> tuple[Any, ...]:
        """The parts' batches in their order."""
        return tuple(values[name] for name in self._names)

    def encode(self, inputs: Any) -> Mapping[str, Any]:
        """The parts of a batch, or of one input, by their places."""
        if not isinstance(inputs, tuple | list) or len(inputs) != len(self._names):
            raise SpaceError(f"expected a tuple of {len(self._names)} parts, but {shown(inputs)} came.")
        return dict(zip(self._names, inputs, strict=True))

    def spec(self) -> Spec | None:
        """The parts' own."""
        specs = [part.spec() for part in self._members]
        return None if None in specs else {"type": "TupleSpace", "parts": specs}

    def __repr__(self) -> str:
        return f"TupleSpace([{', '.join(map(repr, self._members))}])"
