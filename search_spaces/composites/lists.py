"""``ListSpace``: lists of any length in a range, all elements from one space."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz import checks
from featviz.batches import stack, take, unstack
from featviz.errors import InvalidArgument, SpaceError
from featviz.latent import MAX_GENES, LatentDescription, Latents
from featviz.protocols import Spec
from featviz.search_spaces.composites.composite import Composite, encoded, leaves_of
from featviz.search_spaces.composites.list_moves import list_moves
from featviz.search_spaces.composites.parts import WHOLE, Constant, Leaf, chosen, inside, joined_path, part_of
from featviz.search_spaces.composites.slots import Slots, SlotsPrior
from featviz.text import shown

__all__ = ["ListSpace"]

_LONGEST = 1_000_000


class ListSpace(Composite):
    """Lists of ``min_length`` to ``max_length`` elements, all lengths equally likely under the prior.

    Args:
        space: of an element: a space or a variable; of a choice the list holds the option itself.
        min_length: at least 0.
        max_length: at least 1. The latent has the genes of so many elements; those behind the end have no say.

    A batch is a list of n lists. Each is an array of shape (k, ...) where the elements are arrays of numbers or
    numbers, a data frame of k rows where they are rows of one, and otherwise a Python list of k elements.

    Raises:
        WrongType, InvalidArgument: if an argument is something else.
    """

    def __init__(self, space: Any, min_length: int, max_length: int) -> None:
        self._element = part_of("space", space)
        if isinstance(self._element, Constant):
            raise InvalidArgument("the elements of a list are one constant: there is nothing to search but its length.")
        self.max_length = checks.integer("max_length", max_length, 1, _LONGEST)
        self.min_length = checks.integer("min_length", min_length, 0, self.max_length)
        genes = self._element.latent.genes * self.max_length  # type: ignore[union-attr]  # no constant
        if genes > MAX_GENES:
            raise InvalidArgument(
                f"a list of {self.max_length:,} such elements has {genes:,} genes, but {MAX_GENES:,} are the most."
            )
        self.variables = {"element": self._element.given}

    @cached_property
    def _slots(self) -> Slots:
        latent = self._element.latent
        return Slots(latent, self.min_length, self.max_length)  # type: ignore[arg-type]  # no constant

    def _joined(self) -> LatentDescription:
        element, count = self._slots.element, self.max_length
        lengths = self._slots.lengths
        dependent = element.prior is not None or element.feasible is not None
        padded = self.min_length < count or element.canonical is not None
        return LatentDescription(
            element.real * count,
            lengths + element.options * count,
            tuple(np.full(k, 1.0 / k) for k in lengths) + element.probabilities * count,
            records=element.records * count,
            prior=SlotsPrior(self._slots) if dependent else None,
            moves=list_moves(self._slots),
            feasible=None if element.feasible is None else self._feasible_elements,
            canonical=self._canonical if padded else None,
            stepwise=element.stepwise,
            scales=None if element.scales is None else np.tile(element.scales, count),
        )

    def values(self, latents: Latents) -> dict[str, Any]:
        """The length of each list, int64 (n,), and one batch of the elements of all lists in their order."""
        self.latent.check(latents)
        slots = self._slots
        length = slots.length_of(latents)
        active = slots.active(length)
        return {"length": length, "elements": self._element.decode(slots.flat(latents)[active.ravel()])}

    def decode(self, values: Mapping[str, Any]) -> list[Any]:
        """A list of n lists."""
        elements = values["elements"]
        if not _stays(elements):
            elements = unstack(elements)
        ends = np.cumsum(values["length"]).tolist()
        return [take(elements, slice(begin, end)) for begin, end in zip([0, *ends[:-1]], ends, strict=False)]

    def encode(self, inputs: Any) -> dict[str, Any]:
        """The inverse of ``decode``."""
        rows = [unstack(row) if _is_list(row) else _refuse(row) for row in unstack(inputs)]
        length = np.array([len(row) for row in rows], dtype=np.int64)
        for k in length:
            if not self.min_length <= k <= self.max_length:
                raise SpaceError(f"expected lists of {self.min_length} to {self.max_length} elements, but one has {k}.")
        elements = [element for row in rows for element in row]
        return {"length": length, "elements": stack(elements) if elements else []}

    def encode_inputs(self, inputs: Any) -> Latents:
        """The latents of a list of n lists. The genes behind their ends are neutral.

        Raises:
            SpaceError: if a list is too short or too long, or the space cannot encode an element.
        """
        values = self.encode(inputs)
        n, slots = len(values["length"]), self._slots
        flat = self._element.neutral[np.zeros(n * self.max_length, dtype=np.intp)]
        active = slots.active(values["length"]).ravel()
        if active.any():
            part = encoded(self._element, values["elements"], "an element")
            flat.real[active], flat.categorical[active] = part.real, part.categorical
            flat.records[active] = part.records
        return slots.whole(values["length"], flat)

    def distance(self, a: Any, b: Any) -> NDArray[np.float64]:
        """The mean over the elements of the longer list of their distances, in units of what is typical; (n, m).

        An element without a counterpart counts 1. Two empty lists are at distance 0.
        """
        first, second = ([unstack(row) for row in unstack(batch)] for batch in (a, b))
        k, m = (np.array([len(row) for row in rows], dtype=np.int64) for rows in (first, second))
        longer = np.maximum(k[:, None], m[None, :])
        total = np.abs(k[:, None] - m[None, :]).astype(np.float64)
        for slot in range(int(min(k.max(initial=0), m.max(initial=0)))):
            rows, columns = np.flatnonzero(k > slot), np.flatnonzero(m > slot)
            batches = stack([first[row][slot] for row in rows]), stack([second[column][slot] for column in columns])
            total[np.ix_(rows, columns)] += self._element.scaled_distance(*batches)
        mean: NDArray[np.float64] = total / np.maximum(longer, 1)
        return mean

    def leaves(self, x: Any, path: str = "") -> Iterator[Leaf]:
        """Those of the elements, each behind its place; of an empty list the list."""
        elements = unstack(x)
        if not elements:
            return iter([Leaf(path, [])])
        return leaves_of([(str(i), self._element, element) for i, element in enumerate(elements)], path)

    def units_within(self, x: Any) -> tuple[str, ...]:
        """Those of the elements, each behind its place; of an empty list the whole."""
        elements = unstack(x)
        units = [joined_path(str(i), unit) for i, x in enumerate(elements) for unit in self._element.units(x)]
        return tuple(units) or (WHOLE,)

    def apply_within(self, x: Latents, units: Sequence[str], masks: NDArray[np.bool_], fill: Latents) -> Any:
        """As :meth:`apply`, on the latent of one input and on m of the fill."""
        if list(units) == [WHOLE]:
            return self.decode_latents(chosen(masks[:, 0], x, fill))
        m, slots = len(masks), self._slots
        length = int(slots.length_of(x)[0])
        ours, theirs = slots.flat(x), slots.flat(fill)
        columns = []
        for slot in range(length):
            rests = [inside(unit, str(slot)) for unit in units]
            mine = [i for i, rest in enumerate(rests) if rest is not None]
            own = [rest for rest in rests if rest is not None]
            other = theirs[np.arange(m) * self.max_length + slot]
            alone = ours[slot : slot + 1]
            batch = (
                self._element.apply(alone, own, masks[:, mine], other)
                if own
                else self._element.decode(alone[np.zeros(m, dtype=np.intp)])
            )
            columns.append(batch)
        elements = [element for row in zip(*map(unstack, columns), strict=True) for element in row]
        batch = stack(elements) if _stays(columns[0]) else elements
        return self.decode({"length": np.full(m, length), "elements": batch})

    def spec(self) -> Spec | None:
        """The space's own, and the lengths."""
        spec = self._element.spec()
        if spec is None:
            return None
        return {"type": "ListSpace", "space": spec, "min_length": self.min_length, "max_length": self.max_length}

    def __repr__(self) -> str:
        return f"ListSpace({self._element!r}, {self.min_length}, {self.max_length})"

    def _feasible_elements(self, latents: Latents) -> NDArray[np.bool_]:
        slots = self._slots
        active = slots.active(slots.length_of(latents))
        holds = np.ones(active.shape, dtype=np.bool_)
        feasible = slots.element.feasible
        if feasible is not None and active.any():
            holds[active] = feasible(slots.flat(latents)[active.ravel()])
        whole: NDArray[np.bool_] = np.all(holds, axis=1)
        return whole

    def _canonical(self, latents: Latents) -> Latents:
        slots = self._slots
        length = slots.length_of(latents)
        flat = slots.flat(latents)
        same = flat if slots.element.canonical is None else slots.element.canonical(flat)
        return slots.whole(length, chosen(slots.active(length).ravel(), same, self._element.neutral))


def _stays(batch: Any) -> bool:
    """Whether the elements of a list stay a batch of their space, instead of a Python list of single ones."""
    return hasattr(batch, "iloc") or (isinstance(batch, np.ndarray) and batch.dtype.kind in "biuf")


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple | np.ndarray) or hasattr(value, "iloc")


def _refuse(value: Any) -> list[Any]:
    raise SpaceError(f"expected a list of lists, but it holds {shown(value)}.")
