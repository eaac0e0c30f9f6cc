"""The parts of a composite space, seen by their inputs: spaces, variables and constants behind one set of methods."""

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.batches import batch_length, take_one, unstack
from featviz.blocks import Block
from featviz.errors import FeatvizError, SpaceError, WrongType
from featviz.latent import LatentDescription, Latents
from featviz.protocols import SearchSpace, Spec
from featviz.search_spaces.base import Space
from featviz.search_spaces.choices import Choice, Permutation
from featviz.search_spaces.composites.comparing import same_input
from featviz.search_spaces.quantities import LogUniform
from featviz.search_spaces.specs import part_from_spec
from featviz.search_spaces.variables import Variable
from featviz.text import shown

__all__ = [
    "WHOLE",
    "Constant",
    "Leaf",
    "Part",
    "SpacePart",
    "VariablePart",
    "chosen",
    "empty",
    "inside",
    "joined_path",
    "part_of",
]

# The path of a part within itself.
WHOLE = ""
# Random inputs whose mean distance is what is typical of a part.
_TYPICAL = 24
_NO_GENES = LatentDescription(1)  # never asked for more than its slices, all of them empty


@dataclass(frozen=True, eq=False)
class Leaf:
    """A part of one input that has no parts of its own.

    Args:
        path: where it stands, such as ``"notes.3.pitch"``.
        value: the value there.
        render: the blocks of the value, for a space; None where a line of text will do.
    """

    path: str
    value: Any
    render: Callable[[Any], list[Block]] | None = None


class Part(ABC):
    """A part of a composite space. Its values are what a black box is given, of a choice the option itself."""

    given: Any
    latent: LatentDescription | None

    @abstractmethod
    def decode(self, latents: Latents) -> Any:
        """A batch of the values of n latents of this part."""

    @abstractmethod
    def encode(self, values: Any) -> Latents:
        """The latents of a batch of values."""

    @abstractmethod
    def distance(self, a: Any, b: Any) -> NDArray[np.float64]:
        """Distances of shape (n, m) between the values of two batches."""

    @abstractmethod
    def spec(self) -> Spec | None:
        """What :func:`part_of` makes this part from."""

    def leaves(self, x: Any, path: str) -> Iterator[Leaf]:
        """The parts of one value that have no parts, in order; ``path`` is where the value stands."""
        yield Leaf(path, x)

    def units(self, x: Any) -> tuple[str, ...]:  # noqa: ARG002  some look at the value
        """The paths within one value of what saliency may replace; :data:`WHOLE` for all of it."""
        return (WHOLE,)

    def apply(self, x: Latents, units: Sequence[str], masks: NDArray[np.bool_], fill: Latents) -> Any:  # noqa: ARG002
        """A batch of m values: those of the one latent ``x``, with the genes of ``fill`` where a mask is False."""
        kept: NDArray[np.bool_] = np.all(masks, axis=1)
        return self.decode(chosen(kept, x, fill))

    def scaled_distance(self, a: Any, b: Any) -> NDArray[np.float64]:
        """Distances of shape (n, m), 1 for what is typical of two random values."""
        measure, scale = self._measure
        return measure(a, b) / scale

    @cached_property
    def neutral(self) -> Latents:
        """One latent to stand where genes have no say: the mean, the likeliest options, and any record."""
        latent = self.latent or _NO_GENES
        drawn = latent.sample(np.random.default_rng(0), 1)
        likeliest = np.array([[int(np.argmax(p)) for p in latent.probabilities]], dtype=np.int64).reshape(1, -1)
        neutral = Latents(np.zeros_like(drawn.real), likeliest, drawn.records)
        return neutral if latent.feasible is None or latent.feasible(neutral)[0] else drawn

    @cached_property
    def _measure(self) -> tuple[Callable[[Any, Any], NDArray[np.float64]], float]:
        if self.latent is None:
            return self.distance, 1.0
        some = self.decode(self.latent.sample(np.random.default_rng(0), _TYPICAL))
        measure: Callable[[Any, Any], NDArray[np.float64]] = self.distance
        try:
            distances = measure(some, some)
        except FeatvizError:  # inputs that are no numbers, in a space without a distance
            measure = _different
            distances = measure(some, some)
        typical = float(distances.sum()) / (_TYPICAL * (_TYPICAL - 1))
        return measure, typical if typical > 0 and np.isfinite(typical) else 1.0


class Constant(Part):
    """The same value in every input: a part of a composite space without genes.

    Args:
        value: anything. In a batch it is an array where it is a number or a truth value, and a list otherwise.
    """

    latent = None

    def __init__(self, value: Any) -> None:
        self.given = self
        self.value = value

    def decode(self, latents: Latents) -> Any:
        """The value once a latent; each time a copy of its own."""
        if isinstance(self.value, bool | int | float | np.generic):
            return np.full(len(latents), self.value)
        return [copy.deepcopy(self.value) for _ in range(len(latents))]

    def encode(self, values: Any) -> Latents:
        """No genes.

        Raises:
            SpaceError: for another value.
        """
        for value in unstack(values):
            if not same_input(value, self.value):
                raise SpaceError(f"expected {shown(self.value)} and nothing else, but {shown(value)} came.")
        return empty(batch_length(values))

    def distance(self, a: Any, b: Any) -> NDArray[np.float64]:
        """Always 0."""
        return np.zeros((batch_length(a), batch_length(b)))

    def units(self, x: Any) -> tuple[str, ...]:  # noqa: ARG002  the same for all
        """None: nothing can be replaced."""
        return ()

    def spec(self) -> Spec | None:
        """The value, where TOML can hold it."""
        if type(self.value) not in (str, int, float, bool):
            return None
        return {"type": "Constant", "value": self.value}

    def __repr__(self) -> str:
        return f"Constant({self.value!r})"


class VariablePart(Part):
    """A variable; of a choice the values are the options themselves."""

    def __init__(self, variable: Variable) -> None:
        self.given = variable
        self.latent: LatentDescription = variable.latent

    def decode(self, latents: Latents) -> Any:
        """Its values, which share no memory with the latents."""
        values = self.given.values(latents)
        if isinstance(self.given, Choice):
            return self.given.labels(values)
        return values.copy() if isinstance(values, np.ndarray) else values

    def encode(self, values: Any) -> Latents:
        """The latents of values."""
        variable: Variable = self.given
        if not isinstance(variable, Choice):
            return variable.genes(values)
        if not isinstance(values, np.ndarray) and variable.shape == ():
            # numpy would take options that are tuples for a further axis.
            values = np.fromiter(unstack(values), dtype=object, count=batch_length(values))
        return variable.genes(variable.places(values))

    def distance(self, a: Any, b: Any) -> NDArray[np.float64]:
        """Of choices and orders the share that differs, of numbers the Euclidean distance (of their logarithms)."""
        n, m = batch_length(a), batch_length(b)
        if isinstance(self.given, Choice | Permutation):
            places = [self.encode(batch).categorical if isinstance(self.given, Choice) else batch for batch in (a, b)]
            first, second = (np.asarray(p).reshape(k, -1) for p, k in zip(places, (n, m), strict=True))
            return np.asarray((first[:, None] != second[None]).mean(axis=2), dtype=np.float64)
        try:
            first, second = (np.asarray(x, dtype=np.float64).reshape(k, -1) for x, k in ((a, n), (b, m)))
        except (TypeError, ValueError):
            return _different(a, b)
        if isinstance(self.given, LogUniform):
            first, second = (np.log(np.maximum(x, self.given.low)) for x in (first, second))
        from scipy.spatial.distance import cdist  # noqa: PLC0415  slow to import

        return np.asarray(cdist(first, second), dtype=np.float64)

    def spec(self) -> Spec | None:
        """The variable's own."""
        return self.given.spec()  # type: ignore[no-any-return]  # a Variable, see __init__

    def __repr__(self) -> str:
        return repr(self.given)


class SpacePart(Part):
    """A space inside another."""

    def __init__(self, space: SearchSpace) -> None:
        self.given: Any = space  # with whatever optional members it has
        self.latent: LatentDescription = space.latent

    def decode(self, latents: Latents) -> Any:
        """Its inputs."""
        return self.given.decode_latents(latents)

    def encode(self, values: Any) -> Latents:
        """The latents of inputs."""
        latents: Latents = self.given.encode_inputs(self._in_form(values))
        return latents

    def distance(self, a: Any, b: Any) -> NDArray[np.float64]:
        """The space's own."""
        distances: NDArray[np.float64] = self.given.distance(self._in_form(a), self._in_form(b))
        return distances

    def leaves(self, x: Any, path: str) -> Iterator[Leaf]:
        """Those of a composite space; any other is one leaf."""
        if hasattr(self.given, "leaves"):
            yield from self.given.leaves(x, path)
        else:
            yield Leaf(path, x, self.given.render)

    def units(self, x: Any) -> tuple[str, ...]:
        """Those of the space, where it can replace them."""
        if hasattr(self.given, "units_within"):
            return tuple(self.given.units_within(x))
        # The parts of a record are known by its latent alone: an input does not say which choices made it.
        units = () if self.latent.records or not self._replaces else tuple(self.given.units(x))
        return units or (WHOLE,)

    def apply(self, x: Latents, units: Sequence[str], masks: NDArray[np.bool_], fill: Latents) -> Any:
        """The space's own, which exchanges genes or parts of inputs."""
        if hasattr(self.given, "apply_within"):
            return self.given.apply_within(x, units, masks, fill)
        if list(units) == [WHOLE]:
            return super().apply(x, units, masks, fill)
        by_genes = getattr(self.given, "applies_to_latents", False) or type(self.given).apply is Space.apply
        if by_genes:
            return self.given.apply(x, units, masks, fill)
        return self.given.apply(take_one(self.decode(x), 0), units, masks, self.decode(fill))

    def spec(self) -> Spec | None:
        """The space's own."""
        return self.given.spec()  # type: ignore[no-any-return]  # a SearchSpace, see __init__

    def __repr__(self) -> str:
        return repr(self.given)

    @cached_property
    def _gives_lists(self) -> bool:
        return isinstance(self.decode(self.neutral), list)

    def _in_form(self, values: Any) -> Any:
        """A batch in the form that the space gives: a list, although single inputs were stacked to columns."""
        return unstack(values) if self._gives_lists and not isinstance(values, list) else values

    @property
    def _replaces(self) -> bool:
        return callable(getattr(self.given, "units", None)) and callable(getattr(self.given, "apply", None))


def part_of(name: str, given: Any) -> Part:
    """``given`` (a space, a variable, a constant, or the spec of one) as a part.

    Raises:
        WrongType: if it is something else.
    """
    thing = part_from_spec(given)
    if isinstance(thing, Part):
        return thing
    # A class has the members of a space or variable as well, and is none.
    if isinstance(thing, Variable) and not isinstance(thing, type):
        return VariablePart(thing)
    if isinstance(thing, SearchSpace) and not isinstance(thing, type):
        return SpacePart(thing)
    raise WrongType(
        f"{name} must be a space, a variable such as fv.Integer(0, 9), or fv.Constant(value), but it is {shown(thing)}."
    )


def joined_path(first: str, second: str) -> str:
    """Two paths as one, such as ``"notes.3"``."""
    return f"{first}.{second}" if first and second else first or second


def inside(unit: str, step: str) -> str | None:
    """The rest of a path that begins with ``step``, or None for one that does not."""
    if unit == step:
        return WHOLE
    return unit[len(step) + 1 :] if unit.startswith(f"{step}.") else None


def chosen(first: NDArray[np.bool_], x: Latents, fill: Latents) -> Latents:
    """Latents: the one ``x`` where ``first``, the rows of ``fill`` elsewhere."""
    which = first[:, None]
    return Latents(
        np.where(which, x.real, fill.real),
        np.where(which, x.categorical, fill.categorical),
        np.where(which, x.records, fill.records),
    )


def empty(n: int) -> Latents:
    """Latents of n rows without genes."""
    return Latents(np.empty((n, 0)), np.empty((n, 0), dtype=np.int64))


def _different(a: Any, b: Any) -> NDArray[np.float64]:
    first, second = unstack(a), unstack(b)
    found = [[float(not same_input(x, y)) for y in second] for x in first]
    return np.array(found, dtype=np.float64).reshape(len(first), len(second))
