"""The base of penalties: one number of at least 0 an input, which is subtracted from an objective."""

from abc import abstractmethod
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from featviz.checks import finite
from featviz.errors import InvalidArgument, WrongType
from featviz.objectives.part import Part, Seen, option_text

__all__ = ["Penalty"]


class Penalty(Part):
    """A cost of an input: 0 for an input without fault, and never below.

    A kind of penalty implements :meth:`value`, and :meth:`options` where its constructor takes any. It is weighted and
    subtracted: ``objective - 0.1 * penalty``. To add one would reward what it measures, and is refused.
    """

    # numpy numbers on the left leave ``*`` to this class.
    __array_ufunc__ = None

    def measure(self, seen: Seen) -> NDArray[np.float64]:
        """Values of shape (n,), each at least 0. Overridden where a penalty needs to know the space."""
        return self.value(seen.inputs)

    @abstractmethod
    def value(self, inputs: Any) -> NDArray[np.float64]:
        """Values of shape (n,), each at least 0, for a batch of n inputs."""

    def describe(self) -> str:
        """``"kind(option=...)"``."""
        return f"{type(self).kind or type(self).__name__}({option_text(self.options())})"

    def __mul__(self, factor: Any) -> Self:
        if isinstance(factor, Part):
            return NotImplemented
        try:
            return self.weighted(self.weight * finite("the weight of a penalty", factor, minimum=0.0))
        except InvalidArgument as error:
            raise InvalidArgument(
                f"{error} Penalties are at least 0 and are subtracted: objective - weight * penalty."
            ) from None

    __rmul__ = __mul__

    def __neg__(self) -> Self:
        raise InvalidArgument("a penalty cannot be negated. Subtract it: objective - weight * penalty.")

    def __add__(self, other: Any) -> Any:
        if isinstance(other, Penalty):
            raise InvalidArgument("penalties are not added to each other. Subtract each: objective - a - b.")
        raise InvalidArgument(
            "a penalty is at least 0 and is subtracted, never added, since adding it would reward what it measures. "
            "Write objective - weight * penalty."
        )

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        raise WrongType("nothing is subtracted from a penalty. Write objective - weight * penalty.")

    def __repr__(self) -> str:
        return f"<Penalty {self.weight:g} * {self.describe()}>"
