"""Levels, as variables: ``Ordered`` is a real gene cut into levels, ``Boolean`` a categorical gene."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz import checks
from featviz.errors import InvalidArgument, SpaceError, WrongType
from featviz.latent import LatentDescription, Latents
from featviz.protocols import Spec
from featviz.search_spaces.choices import Choice, probabilities_of
from featviz.search_spaces.quantities import MOST_STEPS, normal_of, quantile_of
from featviz.search_spaces.variables import snapped
from featviz.text import shown, visible

__all__ = ["Boolean", "Ordered"]


@dataclass(frozen=True)
class Ordered:
    """One of several options that have an order, such as ``["low", "middle", "high"]``.

    Args:
        options: distinct ones, from the lowest to the highest: text, numbers or truth values where the space is to be
            written down, else anything. A single one makes sense only where it may also be missing (``Nullable``).
        probabilities: of each option under the prior, all above 0; equal when left out.

    In ``decode``, ``values[name]`` is an int64 array of shape (n,) of the places of the options, from 0. A real gene
    stands for them, cut where the normal distribution reaches the cumulated probabilities, so that near genes are near
    options.
    """

    options: Sequence[Any]
    probabilities: Sequence[float] | None = None

    def __post_init__(self) -> None:
        single = isinstance(self.options, Sequence) and not isinstance(self.options, str) and len(self.options) == 1
        options = tuple(self.options) if single else Choice(self.options).options
        if isinstance(options, int):
            raise WrongType(f"options must be a list, from the lowest to the highest, but they are {options}.")
        object.__setattr__(self, "options", options)
        if self.probabilities is not None:
            checked = probabilities_of(self.probabilities, len(options))
            if not checked.all():
                raise InvalidArgument("every option needs a probability above 0: leave out those that never occur.")
            object.__setattr__(self, "probabilities", tuple(checked.tolist()))

    @cached_property
    def latent(self) -> LatentDescription:
        """One real gene, in steps.

        Raises:
            InvalidArgument: where there is one option only.
        """
        if len(self.options) < 2:
            raise InvalidArgument(f"a column with the one option {shown(self.options[0])} is constant: freeze it.")
        # Of options next to never drawn the middle may be a neighbour's, by rounding.
        widest = self.probabilities is None or min(self.probabilities) * MOST_STEPS >= 1
        return LatentDescription(1, stepwise=True, canonical=snapped(self) if widest else None)

    @cached_property
    def cumulated(self) -> NDArray[np.float64]:
        """The probability of all options up to and with each; the last is 1."""
        count = len(self.options)
        p = np.full(count, 1.0 / count) if self.probabilities is None else np.array(self.probabilities)
        total = np.cumsum(p)
        return np.asarray(total / total[-1])

    def values(self, latents: Latents) -> NDArray[np.int64]:
        """int64 of shape (n,): the places of the options."""
        places = np.searchsorted(self.cumulated[:-1], quantile_of(latents.real[:, 0]), side="right")
        return places.astype(np.int64)

    def genes(self, values: Any) -> Latents:
        """The genes of places of shape (n,): the middle of all that stand for each.

        Raises:
            SpaceError: if there is no option at such a place.
        """
        places = np.asarray(values)
        if places.ndim != 1 or (places.dtype.kind not in "iu" and len(places)):
            raise SpaceError(
                f"expected places of options, whole numbers of shape (n,), but they are {visible(places.dtype)} of "
                f"shape {places.shape}."
            )
        if len(places) and not (places.min() >= 0 and places.max() < len(self.options)):
            raise SpaceError(f"expected places from 0 to {len(self.options) - 1}, but some are outside.")
        return Latents.of_real(self._middles[places.astype(np.int64)][:, None])

    def spec(self) -> Spec | None:
        """Options and probabilities; None where options are what TOML cannot hold."""
        if not all(type(option) in (str, int, float, bool) for option in self.options):
            return None
        more = {} if self.probabilities is None else {"probabilities": list(self.probabilities)}
        return {"type": "Ordered", "options": list(self.options), **more}

    @cached_property
    def _middles(self) -> NDArray[np.float64]:
        below = np.concatenate([[0.0], self.cumulated[:-1]])
        return normal_of((below + self.cumulated) / 2)


@dataclass(frozen=True)
class Boolean:
    """True or False.

    Args:
        probability: of True under the prior, between 0 and 1.

    In ``decode``, ``values[name]`` is a bool array of shape (n,).
    """

    probability: float = 0.5

    def __post_init__(self) -> None:
        checked = checks.finite("probability", self.probability, 0, 1, exclusive=True)
        object.__setattr__(self, "probability", checked)

    @cached_property
    def latent(self) -> LatentDescription:
        """One categorical gene of two options: False and True."""
        return LatentDescription(0, (2,), (np.array([1 - self.probability, self.probability]),))

    def values(self, latents: Latents) -> NDArray[np.bool_]:
        """Truth values of shape (n,)."""
        return np.asarray(latents.categorical[:, 0] == 1)

    def genes(self, values: Any) -> Latents:
        """The genes of truth values of shape (n,).

        Raises:
            SpaceError: if they are anything else.
        """
        found = np.asarray(values)
        if found.ndim != 1 or (found.dtype != np.bool_ and len(found)):
            raise SpaceError(f"expected truth values of shape (n,), but they are {visible(found.dtype)}.")
        return Latents(np.empty((len(found), 0)), found.astype(np.int64)[:, None])

    def spec(self) -> Spec:
        """The probability."""
        return {"type": "Boolean", "probability": self.probability}
