"""The forms of JSON values: objects in which properties can be absent, arrays with a fixed beginning, multiples."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.batches import unstack
from featviz.latent import LatentDescription, Latents
from featviz.search_spaces.adapters.converted import Converted
from featviz.search_spaces.composites import Constant, DictSpace, OneOf, TupleSpace
from featviz.search_spaces.composites.parts import Leaf, part_of
from featviz.search_spaces.quantities import Integer

__all__ = ["Absent", "Checked", "JsonArray", "JsonMultiple", "JsonObject", "plain"]


class Absent:
    """Stands for a property that an object does not have; never in an input."""


def plain(value: Any) -> Any:
    """``value`` in Python's own types for JSON."""
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items()}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    return value.item() if isinstance(value, np.generic) else value


class JsonObject(Converted):
    """Objects, in which optional properties may be missing.

    Args:
        parts: by name, of every property that can be there.
        optional: the names of those that can be missing.
    """

    def __init__(self, parts: Mapping[str, Any], optional: Sequence[str]) -> None:
        self._optional = frozenset(optional)
        given = {n: OneOf([Constant(Absent), part]) if n in self._optional else part for n, part in parts.items()}
        self._part = part_of("object", DictSpace(given))
        self.variables = {name: part for name, part in parts.items() if not isinstance(part, Constant)}

    def _to_form(self, inputs: Any) -> list[Any]:
        return [{name: part for name, part in row.items() if part is not Absent} for row in unstack(inputs)]

    def _from_form(self, inputs: Any) -> dict[str, Any]:
        rows = unstack(inputs)
        names = [*self._names, *(name for row in rows for name in row if name not in self._names)]
        missing = self._optional
        return {
            n: [row.get(n, Absent) if n in missing else row[n] for row in rows if n in missing or n in row]
            for n in names
        }

    @property
    def _names(self) -> list[str]:
        return list(self._part.given.variables)

    def leaves(self, x: Any, path: str = "") -> Iterator[Leaf]:
        """Those of the properties that are there; of an object without any the object."""
        found = [leaf for leaf in super().leaves(x, path) if leaf.value is not Absent]
        return iter(found or [Leaf(path, {})])


class JsonArray(Converted):
    """Arrays of a few items of their own kinds, then any number of one kind.

    Args:
        first: of the items at the beginning.
        rest: a list space, or a constant list, of those behind.
    """

    def __init__(self, first: Sequence[Any], rest: Any) -> None:
        self._count = len(first)
        self._part = part_of("array", TupleSpace([*first, rest]))
        self.variables = dict(self._part.given.variables)

    def _to_form(self, inputs: Any) -> list[Any]:
        return [[*row[:-1], *row[-1]] for row in unstack(inputs)]

    def _from_form(self, inputs: Any) -> tuple[Any, ...]:
        rows = [unstack(row) for row in unstack(inputs)]
        firsts = [[row[i] for row in rows if i < len(row)] for i in range(self._count)]
        return (*firsts, [row[self._count :] for row in rows])


class JsonMultiple(Converted):
    """Multiples of a number, from ``low`` times to ``high`` times."""

    def __init__(self, step: float, low: int, high: int) -> None:
        self._step = Decimal(str(step))
        self._whole = isinstance(step, int) or float(step).is_integer()
        self._part = part_of("multiple", Integer(low, high))
        self.variables = {"times": self._part.given}

    def _to_form(self, inputs: Any) -> Any:
        if self._whole:
            return np.asarray(inputs) * int(self._step)
        # Decimals, since 3 * 0.1 is not 0.3 for floats, and 0.3 is what JSON calls a multiple of 0.1.
        return np.array([float(self._step * int(times)) for times in inputs])

    def _from_form(self, inputs: Any) -> NDArray[np.int64]:
        times = [round(float(Decimal(str(plain(x))) / self._step)) for x in unstack(inputs)]
        return np.array(times, dtype=np.int64)

    def leaves(self, x: Any, path: str = "") -> Iterator[Leaf]:
        """The number."""
        return iter([Leaf(path, x)])


class Checked(Converted):
    """The inputs of a space that pass a check: arrays without two equal items, values of one alternative only."""

    def __init__(self, space: Any, passes: Callable[[Any], bool]) -> None:
        self._part = part_of("space", space)
        self._passes = passes
        self.variables = {"value": self._part.given}

    def _joined(self) -> LatentDescription:
        latent = super()._joined()

        def feasible(latents: Latents) -> NDArray[np.bool_]:
            ok = np.ones(len(latents), dtype=np.bool_) if latent.feasible is None else latent.feasible(latents)
            rows = np.flatnonzero(ok)
            values = unstack(self._part.decode(latents[rows]))
            ok = ok.copy()
            ok[rows] = [self._passes(plain(value)) for value in values]
            return ok

        return replace(latent, feasible=feasible)

    def _to_form(self, inputs: Any) -> Any:
        return inputs

    def _from_form(self, inputs: Any) -> Any:
        return inputs
