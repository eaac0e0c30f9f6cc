"""``Space``: the class that a fixed-shape search space derives from."""

import inspect
import re
from abc import ABCMeta, abstractmethod
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.batches import batch_length
from featviz.blocks import Block, TextBlock
from featviz.checks import did_you_mean
from featviz.errors import FeatvizError, InvalidArgument, SpaceError, WrongType
from featviz.latent import LatentDescription, Latents
from featviz.protocols import Spec
from featviz.search_spaces.variables import Variable
from featviz.text import visible

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
        variables: the parts of an input by name; on the class, or assigned in ``__init__``.
    """

    variables: Mapping[str, Variable]

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

    @cached_property
    def latent(self) -> LatentDescription:
        """The genes of all variables, in their order."""
        options = tuple(count for v in self._parts.values() for count in v.options)
        probabilities = tuple(p for v in self._parts.values() for p in v.probabilities)
        return LatentDescription(sum(v.real for v in self._parts.values()), options, probabilities)

    def values(self, latents: Latents) -> dict[str, NDArray[Any]]:
        """The values of each variable, shape (n, *shape), that n latents stand for.

        Raises:
            LatentShapeError: if the latents are not this space's.
        """
        self.latent.check(latents)
        return {
            name: variable.values(latents.real[:, real], latents.categorical[:, categorical])
            for name, variable, real, categorical in self._slices()
        }

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
        rows = {len(real) for real, _ in genes}
        if len(rows) != 1:
            raise SpaceError(f"{type(self).__name__}.encode returned values of different lengths: {sorted(rows)}.")
        latents = Latents(np.hstack([real for real, _ in genes]), np.hstack([chosen for _, chosen in genes]))
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

    def spec(self) -> Spec | None:
        """What :func:`~featviz.search_spaces.space_from_spec` rebuilds this space from, or None.

        The default describes a class that can be imported and is made without arguments; override it where
        the space takes any.
        """
        cls = type(self)
        if cls.__module__ == "__main__" or "<locals>" in cls.__qualname__ or cls.__init__ is not object.__init__:
            return None
        return {"type": f"{cls.__module__}:{cls.__qualname__}"}

    def __setattr__(self, name: str, value: Any) -> None:
        if getattr(self, "_frozen", False):
            raise AttributeError(f"{type(self).__name__} cannot be changed after it is made: make another one.")
        object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        """The class and its variables, such as ``Wave(amplitude=Real(4))``; the same text in every process."""
        try:
            parts = ", ".join(f"{name}={_without_address(variable)}" for name, variable in self._parts.items())
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
        return dict(given)

    def _slices(self) -> Iterator[tuple[str, Variable, slice, slice]]:
        real = categorical = 0
        for name, variable in self._parts.items():
            last_real, last_categorical = real + variable.real, categorical + len(variable.options)
            yield name, variable, slice(real, last_real), slice(categorical, last_categorical)
            real, categorical = last_real, last_categorical

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


def _without_address(variable: Variable) -> str:
    # The repr that Python gives to a class without its own says where in memory the object is.
    return re.sub(r" at 0x[0-9a-fA-F]+", "", repr(variable))


def _holds_nan(batch: Any) -> bool:
    if isinstance(batch, dict | tuple):
        return any(_holds_nan(part) for part in (batch.values() if isinstance(batch, dict) else batch))
    if not isinstance(batch, np.ndarray) or batch.dtype.kind not in "fc" or not batch.size:
        return False
    # ``min`` lets NaN through in one pass without a temporary array.
    return bool(np.isnan(batch.min()))
