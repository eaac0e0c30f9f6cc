"""``Space``: the class that a fixed-shape search space derives from."""

import inspect
from abc import ABCMeta, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.batches import batch_length, stack
from featviz.blocks import Block, TextBlock
from featviz.checks import did_you_mean
from featviz.errors import FeatvizError, InvalidArgument, SpaceError, WrongType
from featviz.latent import LatentDescription, Latents, Move, Prior
from featviz.protocols import SearchSpace, Spec
from featviz.search_spaces.joining import Place, as_variable, joined, places_of
from featviz.search_spaces.variables import Variable
from featviz.text import shown, visible, without_address

__all__ = ["Space"]


class _FrozenAfterInit(ABCMeta):
    """Lets ``__init__`` assign attributes, and nothing after it: a space that changed would spoil its runs."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        made = super().__call__(*args, **kwargs)
        object.__setattr__(made, "_frozen", True)
        return made

    @property
    def __signature__(cls) -> inspect.Signature:
        """The arguments of ``__init__``, which ``__call__`` above would hide from help and from tables."""
        init = cls.__init__  # type: ignore[misc]  # cls is a class here, so nothing can differ
        if init is object.__init__:
            return inspect.Signature()
        whole = inspect.signature(init)
        return whole.replace(parameters=list(whole.parameters.values())[1:])


class Space(metaclass=_FrozenAfterInit):
    """A typed space of inputs. Two members are required, every other one has a default.

    ::

        class Rings(fv.Space):
            variables = {"centre": fv.Real(2), "radius": fv.Real()}

            def decode(self, values):     # values["centre"]: float64 (n, 2), values["radius"]: float64 (n,)
                return draw_rings(values) # anything of length n

    A space compares and hashes by identity, and cannot be changed once it is made.

    Attributes:
        variables: the parts of an input by name, variables or other spaces; on the class, or assigned in ``__init__``.
        stepwise: whether a small step of a real gene often changes nothing, which decides how ``"auto"`` searches; None
            to go by the variables. On the class, or assigned in ``__init__``.
    """

    variables: Mapping[str, Variable | SearchSpace]
    stepwise: bool | None = None

    @abstractmethod
    def decode(self, values: Mapping[str, NDArray[Any]]) -> Any:
        """A batch of n inputs: an array, a list, a data frame, or a dict or tuple of such parts.

        Args:
            values: for each variable an array of shape (n, *shape). They may share memory with the latents.
        """

    def encode(self, inputs: Any) -> Mapping[str, Any]:  # noqa: ARG002  the default has no use for them
        """Values whose decoded inputs are as near to ``inputs`` as the space can come. Override it.

        Returns:
            For each variable an array of shape (n, *shape).

        Raises:
            SpaceError: in a space that does not override it.
        """
        name = type(self).__name__
        raise SpaceError(
            f"{name} cannot start from given inputs: it has no encode. "
            f"Give {name} a method encode(self, inputs) that returns a dict of values, the inverse of decode."
        )

    def valid(self, inputs: Any) -> NDArray[np.bool_]:
        """Which of n inputs are valid, bool of shape (n,); override it to rule some out.

        An invalid input is never shown to a black box. All are valid by default.
        """
        return np.ones(batch_length(inputs), dtype=np.bool_)

    def moves(self) -> Sequence[Move]:
        """Search operators that make sense for this space, on the latents of the whole; override it to add any.

        They are tried besides those of the parts and an optimiser's own. None by default.
        """
        return ()

    def prior(self) -> Prior | None:
        """The joint prior, where parts depend on each other; override it. None, the default, for independent parts."""
        return None

    @cached_property
    def latent(self) -> LatentDescription:
        """The genes of all variables, in their order, and what is known of them."""
        whole = self._joined()
        changes: dict[str, Any] = {}
        if (prior := self.prior()) is not None:
            changes["prior"] = prior
        if moves := tuple(self.moves()):
            changes["moves"] = whole.moves + moves
        if self._has_valid:
            changes["feasible"] = self._feasible(whole)
        if self.stepwise is not None:
            changes["stepwise"] = self.stepwise
        return replace(whole, **changes) if changes else whole

    def values(self, latents: Latents) -> dict[str, Any]:
        """The values of each variable, shape (n, *shape), that n latents stand for.

        Raises:
            LatentShapeError: if the latents are not this space's.
        """
        self.latent.check(latents)
        return {name: variable.values(place.of(latents)) for name, variable, place in self._placed()}

    def decode_latents(self, latents: Latents) -> Any:
        """A batch of n inputs, one for each latent.

        Raises:
            LatentShapeError: if the latents are not this space's.
            SpaceError: if ``decode`` returned another number of inputs, or an array with NaN in it.
        """
        batch = self.decode(self.values(latents))
        length = batch_length(batch)
        name = type(self).__name__
        if length != len(latents):
            raise SpaceError(f"{name}.decode must return one input a latent: {len(latents)} latents gave {length}.")
        if _holds_nan(batch):
            raise SpaceError(f"{name}.decode returned NaN. A black box has no answer to that: check decode.")
        return batch

    def encode_inputs(self, inputs: Any) -> Latents:
        """Latents whose decoded inputs are as near to ``inputs`` as the space can come.

        Raises:
            SpaceError: if the space has no ``encode``, or it returned other variables than the space has.
        """
        values = self.encode(inputs)
        parts = self._parts
        wrong = [name for name in values if name not in parts] + [name for name in parts if name not in values]
        if wrong:
            raise SpaceError(
                f"{type(self).__name__}.encode must return values of {', '.join(map(visible, parts))}, "
                f"but it returned {', '.join(map(visible, values))}.{did_you_mean(wrong[0], parts)}"
            )
        genes = [variable.genes(values[name]) for name, variable in parts.items()]
        rows = {len(part) for part in genes}
        if len(rows) != 1:
            raise SpaceError(f"{type(self).__name__}.encode returned values of different lengths: {sorted(rows)}.")
        latents = Latents.beside(genes)
        self.latent.check(latents)
        return latents

    def sample(self, rng: np.random.Generator, n: int) -> Any:
        """A batch of ``n`` inputs drawn from the prior."""
        return self.decode_latents(self.latent.sample(rng, n))

    def render(self, x: Any) -> list[Block]:
        """One input as typed blocks for a reader; by default its text, of a large array the ends only.

        Override it to show more, for instance ``[fv.ImageBlock(pixels)]`` with uint8 pixels (height, width, channels).
        """
        if isinstance(x, np.ndarray):
            return [TextBlock(np.array2string(x, precision=4, threshold=24, edgeitems=4))]
        return [TextBlock(str(x))]

    def distance(self, a: Any, b: Any) -> NDArray[np.float64]:
        """Distances of shape (n, m) between the inputs of two batches; by default Euclidean.

        Raises:
            SpaceError: if the batches are not arrays of numbers of one shape a row.
        """
        from scipy.spatial.distance import cdist  # noqa: PLC0415  slow to import

        first, second = (self._rows_of_numbers(batch) for batch in (a, b))
        if first.shape[1] != second.shape[1]:
            raise SpaceError(f"inputs of {first.shape[1]} and of {second.shape[1]} numbers cannot be compared.")
        return np.asarray(cdist(first, second), dtype=np.float64)

    def units(self, x: Any) -> tuple[str, ...]:  # noqa: ARG002  other spaces look at the input
        """The names of the parts of one input that saliency may hide; by default the variables."""
        return tuple(self._parts)

    def apply(self, x: Any, units: Sequence[str], masks: NDArray[np.bool_], fill: Any) -> Any:
        """Copies of one input, in each of which some units are replaced.

        Args:
            x: one input; a space without ``encode`` takes a batch of one latent in its place.
            units: the k names that ``units(x)`` gave.
            masks: bool of shape (m, k): False where a unit is replaced.
            fill: a batch of m inputs (or latents) from which replaced units are taken, such as ``sample(rng, m)``.

        Returns:
            A batch of m inputs.

        The default exchanges the genes of whole variables.
        """
        m = len(masks)
        given = x if isinstance(x, Latents) else self.encode_inputs(self._batch_of(x))
        whole = given[np.zeros(m, dtype=np.intp)].copy()
        other = fill if isinstance(fill, Latents) else self.encode_inputs(fill)
        if len(other) == 1:
            other = other[np.zeros(m, dtype=np.intp)]
        for name, _, place in self._placed():
            rows = ~masks[:, list(units).index(name)]
            whole.real[rows, place.real] = other.real[rows, place.real]
            whole.categorical[rows, place.categorical] = other.categorical[rows, place.categorical]
            whole.records[rows, place.records] = other.records[rows, place.records]
        return self.decode_latents(whole)

    def spec(self) -> Spec | None:
        """What :func:`~featviz.search_spaces.space_from_spec` rebuilds this space from, or None.

        The default describes a class that can be imported and is made without arguments; override it where
        the space takes any.
        """
        cls = type(self)
        if cls.__module__ == "__main__" or "<locals>" in cls.__qualname__ or cls.__init__ is not object.__init__:
            return None
        return {"type": self._kind}

    def __setattr__(self, name: str, value: Any) -> None:
        if getattr(self, "_frozen", False):
            raise AttributeError(f"{type(self).__name__} cannot be changed after it is made: make another one.")
        object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        """The class and its variables, such as ``Wave(amplitude=Real(4))``; the same text in every process."""
        try:
            parts = ", ".join(f"{name}={without_address(repr(variable))}" for name, variable in self._parts.items())
        except FeatvizError:
            # Without variables it is no space; its repr is what an error message about that shows.
            parts = ""
        return f"{type(self).__name__}({parts})"

    @cached_property
    def _parts(self) -> dict[str, Variable]:
        given = getattr(self, "variables", None)
        if not isinstance(given, Mapping):
            raise WrongType(
                f"{type(self).__name__}.variables must be a dict of names and variables, such as {{'size': fv.Real()}}."
            )
        if not given:
            raise InvalidArgument(f"{type(self).__name__}.variables must hold at least one variable.")
        parts = {name: as_variable(part) for name, part in given.items()}
        for name, part in parts.items():
            if not isinstance(part, Variable):
                raise WrongType(
                    f"{type(self).__name__}.variables must hold variables or spaces, such as fv.Real(), but "
                    f"{visible(name, 60)!r} is {shown(part)}."
                )
        return parts

    @property
    def _kind(self) -> str:
        """``"package.module:Name"`` of the class, the type of a spec of it."""
        return f"{type(self).__module__}:{type(self).__qualname__}"

    @property
    def _has_valid(self) -> bool:
        """Whether ``valid`` may rule inputs out, which costs a decoding of every latent."""
        return type(self).valid is not Space.valid

    def _joined(self) -> LatentDescription:
        return joined([variable.latent for variable in self._parts.values()])

    def _placed(self) -> Iterator[tuple[str, Variable, Place]]:
        places = places_of([variable.latent for variable in self._parts.values()])
        return zip(self._parts, self._parts.values(), places, strict=True)

    def _feasible(self, whole: LatentDescription) -> Callable[[Latents], NDArray[np.bool_]]:
        parts = whole.feasible

        def feasible(latents: Latents) -> NDArray[np.bool_]:
            ok = np.asarray(self.valid(self.decode_latents(latents)))
            if ok.shape != (len(latents),) or ok.dtype != np.bool_:
                raise SpaceError(
                    f"{type(self).__name__}.valid must return {len(latents)} truth values, one an input, but it "
                    f"returned {visible(ok.dtype)} of shape {ok.shape}."
                )
            return ok if parts is None else ok & parts(latents)

        return feasible

    def _batch_of(self, x: Any) -> Any:
        """A batch of one input, in the form that ``decode`` gives: a list of dicts is not one of columns."""
        example = self.sample(np.random.default_rng(0), 1)
        return [x] if isinstance(example, list) else stack([x])

    def _rows_of_numbers(self, batch: Any) -> NDArray[np.float64]:
        try:
            numbers = np.asarray(batch, dtype=np.float64)
            return numbers.reshape(len(numbers), int(np.prod(numbers.shape[1:])))
        except (TypeError, ValueError):
            name = type(self).__name__
            raise SpaceError(
                f"the inputs of {name} are not numbers: give {name} a method distance(self, a, b) "
                "that returns an array of shape (n, m)."
            ) from None


def _holds_nan(batch: Any) -> bool:
    if isinstance(batch, dict | tuple):
        return any(_holds_nan(part) for part in (batch.values() if isinstance(batch, dict) else batch))
    if not isinstance(batch, np.ndarray) or batch.dtype.kind not in "fc" or not batch.size:
        return False
    # ``min`` lets NaN through in one pass without a temporary array.
    return bool(np.isnan(batch.min()))
