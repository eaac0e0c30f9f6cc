"""Constraints: what an input must keep to before its score counts."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from featviz.checks import finite
from featviz.errors import InvalidArgument, WrongType
from featviz.objectives.part import signed
from featviz.objectives.penalty import Penalty
from featviz.protocols import Spec
from featviz.text import shown

if TYPE_CHECKING:
    from featviz.objectives.objective import Objective

__all__ = ["Constraint", "constraint"]


@dataclass(frozen=True, eq=False)
class Constraint:
    """A quantity that must lie between two limits.

    Args:
        quantity: an objective, whose score is the quantity, or a penalty.
        at_least: the lower limit, or None.
        at_most: the upper limit, or None.
    """

    quantity: "Objective | Penalty"
    at_least: float | None
    at_most: float | None

    def violation(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """By how much the values of the quantity, shape (n,), lie outside; 0 for those inside."""
        over = np.zeros(len(values))
        if self.at_least is not None:
            over = np.maximum(over, self.at_least - values)
        if self.at_most is not None:
            over = np.maximum(over, values - self.at_most)
        return over

    def describe(self) -> str:
        """``"0.2 <= total_variation() <= 1"``."""
        quantity = self.quantity
        text = (
            signed([(quantity.weight, quantity.describe())]) if isinstance(quantity, Penalty) else quantity.describe()
        )
        low = "" if self.at_least is None else f"{self.at_least:g} <= "
        return f"{low}{text}" + ("" if self.at_most is None else f" <= {self.at_most:g}")

    def spec(self, boxes: list[Any]) -> Spec | None:
        """The limits with the quantity as a table, the boxes counted in ``boxes``; None when it cannot be written."""
        quantity = self.quantity
        what = quantity.spec() if isinstance(quantity, Penalty) else quantity.spec_among(boxes)
        if what is None:
            return None
        key = "penalty" if isinstance(quantity, Penalty) else "objective"
        limits = {"at_least": self.at_least, "at_most": self.at_most}
        return {key: what, **{name: limit for name, limit in limits.items() if limit is not None}}


def constraint(quantity: Any, at_least: Any, at_most: Any) -> Constraint:
    """A checked constraint.

    Raises:
        WrongType: when the quantity is neither an objective nor a penalty.
        InvalidArgument: without a limit, or when no value lies between the two.
    """
    is_objective = hasattr(quantity, "spec_among") and hasattr(quantity, "boxes")
    if not is_objective and not isinstance(quantity, Penalty):
        raise WrongType(
            f"a constraint is on an objective or a penalty, such as featviz.total_variation(), not {shown(quantity)}."
        )
    if is_objective and quantity.constraints:
        raise InvalidArgument(
            "the quantity of a constraint cannot have constraints itself. Give each to the objective."
        )
    if at_least is None and at_most is None:
        raise InvalidArgument("a constraint needs a limit: at_least=..., at_most=..., or both.")
    low = None if at_least is None else finite("at_least", at_least)
    high = None if at_most is None else finite("at_most", at_most)
    if low is not None and high is not None and low > high:
        raise InvalidArgument(f"at_least must not be above at_most, but they are {low:g} and {high:g}.")
    return Constraint(quantity, low, high)
