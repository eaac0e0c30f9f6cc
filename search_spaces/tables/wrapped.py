"""Variables around others: ``Rounded`` puts numbers on a grid, ``Nullable`` lets values be missing."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz import checks
from featviz.errors import InvalidArgument, SpaceError, WrongType
from featviz.latent import LatentDescription, Latents
from featviz.protocols import Spec
from featviz.search_spaces.joining import joined
from featviz.search_spaces.quantities import MOST_STEPS
from featviz.search_spaces.specs import part_from_spec
from featviz.search_spaces.tables.levels import Ordered
from featviz.search_spaces.variables import Variable, snapped
from featviz.text import shown

__all__ = ["Nullable", "Rounded", "on_grid"]


@dataclass(frozen=True)
class Rounded:
    """The numbers of another variable, rounded to multiples of a step.

    Args:
        variable: with ``low`` and ``high``, such as ``fv.Uniform(0, 10)``; of a single number.
        step: above 0, such as ``0.01``.

    In ``decode``, ``values[name]`` is a float64 array of shape (n,) of multiples of the step within the range.
    """

    variable: Any
    step: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "variable", part_from_spec(self.variable))
        object.__setattr__(self, "step", checks.finite("step", self.step, 0, exclusive=True))
        if not isinstance(self.variable, Variable) or not hasattr(self.variable, "low"):
            raise WrongType(f"only numbers in a range can be rounded, such as fv.Uniform, not {shown(self.variable)}.")
        _check_single(self.variable)
        if not self.low < self.high:
            raise InvalidArgument(
                f"in the range of {shown(self.variable)} there are fewer than 2 multiples of {self.step:g}."
            )

    @property
    def low(self) -> float:
        """The lowest number."""
        return float(on_grid(np.ceil(self.variable.low / self.step - 1e-9), self.step))

    @property
    def high(self) -> float:
        """The highest number."""
        return float(on_grid(np.floor(self.variable.high / self.step + 1e-9), self.step))

    @cached_property
    def latent(self) -> LatentDescription:
        """The variable's own gene, in steps."""
        canonical = snapped(self) if (self.high - self.low) / self.step <= MOST_STEPS else None
        return LatentDescription(1, stepwise=True, canonical=canonical)

    def values(self, latents: Latents) -> NDArray[np.float64]:
        """float64 of shape (n,), multiples of the step."""
        low, high = self._ends
        multiples = np.minimum(np.maximum(np.rint(self.variable.values(latents) / self.step), low), high)
        return np.asarray(on_grid(multiples, self.step))

    def genes(self, values: Any) -> Latents:
        """The genes of numbers of shape (n,)."""
        latents: Latents = self.variable.genes(values)
        return latents

    def spec(self) -> Spec | None:
        """The variable and the step."""
        inner = self.variable.spec()
        return None if inner is None else {"type": "Rounded", "variable": inner, "step": self.step}

    @cached_property
    def _ends(self) -> tuple[float, float]:
        return float(np.rint(self.low / self.step)), float(np.rint(self.high / self.step))


@dataclass(frozen=True)
class Nullable:
    """Another variable whose values may be missing.

    Args:
        variable: of a single value, such as ``fv.Uniform(0, 10)``.
        probability: of a missing value under the prior, between 0 and 1.

    In ``decode``, ``values[name]`` is a numpy masked array of shape (n,), masked where a value is missing. Whether it
    is missing is a categorical gene of two options.
    """

    variable: Any
    probability: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "variable", part_from_spec(self.variable))
        checked = checks.finite("probability", self.probability, 0, 1, exclusive=True)
        object.__setattr__(self, "probability", checked)
        if not self.is_constant and not isinstance(self.variable, Variable):
            raise WrongType(f"expected a variable, such as fv.Uniform(0, 1), but it is {shown(self.variable)}.")
        if isinstance(self.variable, Nullable):
            raise InvalidArgument("a variable cannot be nullable twice.")
        if not self.is_constant:
            _check_single(self.variable)

    @property
    def is_constant(self) -> bool:
        """Whether there is a single value, so that it is there or missing and nothing else."""
        return isinstance(self.variable, Ordered) and len(self.variable.options) == 1

    @cached_property
    def latent(self) -> LatentDescription:
        """The variable's gene, where it has one, and a categorical one: there, or missing."""
        gap = LatentDescription(0, (2,), (np.array([1 - self.probability, self.probability]),))
        if self.is_constant:
            return gap
        return replace(joined([self.variable.latent, gap]), canonical=self._canonical)

    def values(self, latents: Latents) -> Any:
        """A masked array of shape (n,)."""
        if self.is_constant:
            data = np.zeros(len(latents), dtype=np.int64)
        else:
            data = self.variable.values(Latents(latents.real, latents.categorical[:, :-1]))
        return np.ma.MaskedArray(data, mask=latents.categorical[:, -1] == 1)

    def genes(self, values: Any) -> Latents:
        """The genes of a masked array of shape (n,), or of an array, of which nothing is missing.

        Raises:
            SpaceError: if a value that is there is not one of the variable's.
        """
        missing = np.ma.getmaskarray(values)
        there = np.ma.getdata(values)[~missing]
        if missing.ndim != 1:
            raise SpaceError(f"expected values of shape (n,), but they have shape {missing.shape}.")
        n = len(missing)
        if self.is_constant:
            return Latents(np.empty((n, 0)), missing.astype(np.int64)[:, None])
        inner, shape = self.variable.genes(there), self.variable.latent
        real = np.zeros((n, shape.real))
        categorical = np.zeros((n, len(shape.options) + 1), dtype=np.int64)
        real[~missing] = inner.real
        categorical[~missing, :-1] = inner.categorical
        categorical[:, -1] = missing
        return Latents(real, categorical)

    def spec(self) -> Spec | None:
        """The variable and the probability."""
        inner = self.variable.spec()
        return None if inner is None else {"type": "Nullable", "variable": inner, "probability": self.probability}

    def _canonical(self, latents: Latents) -> Latents:
        """With 0 for the gene of a value that is missing, as ``genes`` gives it."""
        inner, missing = Latents(latents.real, latents.categorical[:, :-1]), latents.categorical[:, -1:] == 1
        reduce = self.variable.latent.canonical
        same = inner if reduce is None else reduce(inner)
        chosen = np.hstack([np.where(missing, 0, same.categorical), latents.categorical[:, -1:]])
        return Latents(np.where(missing, 0.0, same.real), chosen)


def on_grid(multiples: Any, step: float) -> Any:
    """These multiples of ``step``, as the floats that their decimals stand for (3 of 0.1 are 0.3)."""
    parts = np.rint(1 / step)
    return multiples / parts if parts and abs(parts * step - 1) < 1e-9 else multiples * step


def _check_single(variable: Variable) -> None:
    latent = variable.latent
    if latent.genes != 1 or latent.records:
        raise InvalidArgument(f"expected a variable of a single value (one gene), but {shown(variable)} is not.")
