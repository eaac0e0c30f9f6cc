"""Choices and orders, as variables: ``Choice`` is a categorical gene, ``Permutation`` a real one for each place."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz import checks
from featviz.errors import InvalidArgument, SpaceError, WrongType
from featviz.latent import MAX_GENES, LatentDescription, Latents
from featviz.protocols import Spec
from featviz.search_spaces.quantities import normal_of
from featviz.search_spaces.variables import count_of, dimensions, shape_of, shaped_spec, snapped
from featviz.text import shown, visible

__all__ = ["Choice", "Permutation", "probabilities_of"]


@dataclass(frozen=True)
class Choice:
    """One of several options.

    Args:
        options: at least 2 distinct ones: text, numbers or truth values where the space is to be written down, else
            anything; or their number.
        probabilities: of each option under the prior; all equal when left out.
        shape: of one value; ``()`` for a single choice, an int for a row of them.

    In ``decode``, ``values[name]`` is an int64 array of shape (n, *shape) of the places of the options, from 0;
    ``labels(values[name])`` are the options themselves.
    """

    options: Sequence[Any] | int
    probabilities: Sequence[float] | None = None
    shape: int | Sequence[int] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", shape_of(self.shape))
        object.__setattr__(self, "options", _checked_options(self.options))
        if self.probabilities is not None:
            checked = probabilities_of(self.probabilities, len(self._options))
            object.__setattr__(self, "probabilities", tuple(checked.tolist()))

    @property
    def _options(self) -> Sequence[Any]:
        return range(self.options) if isinstance(self.options, int) else self.options

    @cached_property
    def latent(self) -> LatentDescription:
        """One categorical gene a value."""
        count, size = len(self._options), count_of(self.shape)
        p = np.full(count, 1.0 / count) if self.probabilities is None else np.array(self.probabilities)
        return LatentDescription(0, (count,) * size, (p,) * size)

    def values(self, latents: Latents) -> NDArray[np.int64]:
        """int64 of shape (n, *shape): the places of the options."""
        return latents.categorical.reshape(len(latents), *dimensions(self.shape))

    def genes(self, values: Any) -> Latents:
        """The genes of places of shape (n, *shape).

        Raises:
            SpaceError: if there is no option at such a place.
        """
        try:
            places = np.asarray(values)
        except ValueError:
            places = np.empty(0, dtype=object)
        if places.dtype.kind not in "iu" or places.ndim == 0 or places.shape[1:] != dimensions(self.shape):
            raise SpaceError(
                f"expected places of options, whole numbers of shape (n, *{dimensions(self.shape)}), but they are "
                f"{visible(places.dtype)} of shape {places.shape}. For options themselves, see Choice.places."
            )
        if len(places) and not (places.min() >= 0 and places.max() < len(self._options)):
            raise SpaceError(f"expected places from 0 to {len(self._options) - 1}, but some are outside.")
        flat = places.astype(np.int64).reshape(len(places), count_of(self.shape))
        return Latents(np.empty((len(places), 0)), flat)

    def labels(self, places: NDArray[np.int64]) -> NDArray[Any]:
        """The options at ``places``, in an array of the same shape."""
        return self._table[places]

    def places(self, labels: Any) -> NDArray[np.int64]:
        """The places of options, in an array of the same shape.

        Raises:
            SpaceError: for what is no option; the nearest one is named.
        """
        given = np.asarray(labels, dtype=object)
        try:
            found = np.array([self._places[label] for label in given.ravel().tolist()], dtype=np.int64)
        except (KeyError, TypeError):
            known = [option for option in self._options if isinstance(option, str)]
            wrong = next(label for label in given.ravel().tolist() if not self._has(label))
            raise SpaceError(
                f"{shown(wrong)} is no option here. Options are: {_listed(self._options)}."
                f"{checks.did_you_mean(wrong, known)}"
            ) from None
        return found.reshape(given.shape)

    def spec(self) -> Spec | None:
        """Options, probabilities and shape; None where options are what TOML cannot hold."""
        if not isinstance(self.options, int) and not all(type(o) in (str, int, float, bool) for o in self._options):
            return None
        options = self.options if isinstance(self.options, int) else list(self._options)
        more = {} if self.probabilities is None else {"probabilities": list(self.probabilities)}
        return shaped_spec("Choice", self.shape, options=options, **more)

    @cached_property
    def _table(self) -> NDArray[Any]:
        kinds = {type(option) for option in self._options}
        if kinds <= {int} or kinds <= {float} or kinds <= {bool}:
            return np.array(self._options)
        table = np.empty(len(self._options), dtype=object)
        for place, option in enumerate(self._options):
            table[place] = option
        return table

    @cached_property
    def _places(self) -> dict[Any, int]:
        return {option: place for place, option in enumerate(self._options)}

    def _has(self, label: Any) -> bool:
        try:
            return label in self._places
        except TypeError:
            return False


@dataclass(frozen=True)
class Permutation:
    """An order of ``size`` things, all orders equally likely under the prior.

    Args:
        size: how many things; at least 2.
        shape: of one value; ``()`` for a single order, an int for a row of them.

    In ``decode``, ``values[name]`` is an int64 array of shape (n, *shape, size): which thing comes first, second, and
    so on. Genes are random keys (Bean 1994, "Genetic algorithms and random keys for sequencing and optimization").
    """

    size: int
    shape: int | Sequence[int] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", shape_of(self.shape))
        object.__setattr__(self, "size", checks.integer("size", self.size, 2, MAX_GENES))
        shape_of((*dimensions(self.shape), self.size))

    @cached_property
    def latent(self) -> LatentDescription:
        """A real gene for each thing; their order is the order of the things."""
        return LatentDescription(count_of(self.shape) * self.size, stepwise=True, canonical=snapped(self))

    def values(self, latents: Latents) -> NDArray[np.int64]:
        """int64 of shape (n, *shape, size)."""
        keys = latents.real.reshape(len(latents), *dimensions(self.shape), self.size)
        return np.argsort(keys, axis=-1, kind="stable")

    def genes(self, values: Any) -> Latents:
        """The genes of orders of shape (n, *shape, size): evenly spaced quantiles.

        Raises:
            SpaceError: if one is no order of the numbers from 0 to size - 1.
        """
        orders = np.asarray(values)
        want = (*dimensions(self.shape), self.size)
        if orders.ndim == 0 or orders.shape[1:] != want or orders.dtype.kind not in "iu":
            raise SpaceError(f"expected whole numbers of shape (n, *{want}), but they have shape {orders.shape}.")
        if (np.sort(orders, axis=-1) != np.arange(self.size)).any():
            raise SpaceError(f"expected orders of the numbers from 0 to {self.size - 1}, each once.")
        ranks = np.argsort(orders, axis=-1)
        return Latents.of_real(normal_of((ranks + 0.5) / self.size).reshape(len(orders), -1))

    def spec(self) -> Spec:
        """Size and shape."""
        return shaped_spec("Permutation", self.shape, size=self.size)


def probabilities_of(given: Any, count: int) -> NDArray[np.float64]:
    """``given`` as probabilities of ``count`` options, their sum 1.

    Raises:
        WrongType, InvalidArgument: unless they are one non-negative number an option with sum 1 to 1e-6.
    """
    if isinstance(given, str) or not isinstance(given, Sequence | np.ndarray):
        raise WrongType(f"probabilities must be a list of numbers, but they are {shown(given)}.")
    if len(given) != count:
        raise InvalidArgument(f"expected {count:,} probabilities, one an option, but {len(given):,} came.")
    found = np.array([checks.finite("each probability", p, 0) for p in np.asarray(given).tolist()])
    if abs(float(found.sum()) - 1) > 1e-6:
        raise InvalidArgument(f"probabilities must have the sum 1, but theirs is {float(found.sum()):g}.")
    # What rounds to 1 stays as it was given, so that a description rebuilds the same numbers.
    p: NDArray[np.float64] = found if abs(float(found.sum()) - 1) <= 1e-10 else found / found.sum()
    return p


def _checked_options(given: Any) -> Any:
    if isinstance(given, int | np.integer) and not isinstance(given, bool):
        return checks.integer("options", given, 2, MAX_GENES)
    if isinstance(given, str | bytes) and len(given) > 1:
        given = list(given)
    if not isinstance(given, Sequence | np.ndarray):
        raise WrongType(f"options must be a list, or how many there are, but they are {shown(given)}.")
    options = tuple(given.tolist() if isinstance(given, np.ndarray) else given)
    if len(options) < 2:
        raise InvalidArgument(
            f"a choice needs at least 2 options, but there {'is 1' if options else 'are none'}. Write a constant into "
            "decode instead."
        )
    seen: set[Any] = set()
    for option in options:
        try:
            # True equals 1, and 1 equals 1.0: as options they could not be told apart.
            twice = option in seen
        except TypeError:
            raise WrongType(f"options must be hashable, but one is {shown(option)}.") from None
        if twice:
            raise InvalidArgument(f"options must be distinct, but {shown(option)} is there twice.")
        seen.add(option)
    return options


def _listed(options: Sequence[Any]) -> str:
    first = ", ".join(shown(option) for option in options[:8])
    return first if len(options) <= 8 else f"{first}, ... ({len(options):,} in all)"
