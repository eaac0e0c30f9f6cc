"""An objective: a weighted sum of terms, less weighted penalties."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.checks import finite
from featviz.errors import InvalidArgument, WrongType
from featviz.objectives.part import signed
from featviz.objectives.penalty import Penalty
from featviz.objectives.term import Term
from featviz.protocols import Box, Spec
from featviz.text import shown

__all__ = ["Objective"]


class Objective:
    """A score for each input, higher is better: the weighted sum of terms, less the weighted sum of penalties.

    Made by :func:`maximise`, :func:`minimise`, :func:`margin`, and by algebra on these: ``a + b``, ``a - b``,
    ``-a``, ``2 * a``, ``a / 2``, ``sum([a, b])`` and ``a - 0.1 * total_variation()``. Each gives a new objective.

    Args:
        terms: at least one.
        penalties: with weights of at least 0.
    """

    # numpy numbers on the left leave ``*`` to this class.
    __array_ufunc__ = None

    def __init__(self, terms: Sequence[Term], penalties: Sequence[Penalty] = ()) -> None:
        self.terms = tuple(terms)
        self.penalties = tuple(penalties)
        if not self.terms:
            raise InvalidArgument("an objective needs at least one term, such as featviz.maximise(box, output).")
        boxes: list[Box] = []
        for term in self.terms:
            if not any(term.box is box for box in boxes):
                boxes.append(term.box)
        self._boxes = tuple(boxes)
        self._box_of = tuple(next(i for i, box in enumerate(boxes) if box is term.box) for term in self.terms)

    @property
    def boxes(self) -> tuple[Box, ...]:
        """The distinct boxes, in the order in which they first occur; each is called once a batch."""
        return self._boxes

    def score(self, outputs: Sequence[NDArray[np.float64]], inputs: Any) -> NDArray[np.float64]:
        """The scores of a batch.

        Args:
            outputs: for each of ``boxes``, float64 array of shape (n, k).
            inputs: the batch of n inputs, which only penalties look at.

        Returns:
            float64 array of shape (n,): NaN or infinite in the rows where an output is, or where the sum overflows.

        Raises:
            InvalidArgument: when a penalty is below 0, or does not fit the inputs.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            total = np.zeros(len(outputs[0]))
            for term, box in zip(self.terms, self._box_of, strict=True):
                total = total + term.weight * term.value(outputs[box])
            for penalty in self.penalties:
                value = penalty.value(inputs)
                if (np.asarray(value) < 0).any():
                    raise InvalidArgument(f"{penalty.describe()} must be at least 0, but it is {np.min(value):g}.")
                total = total - penalty.weight * value
        return total

    def describe(self) -> str:
        """The objective as a formula, such as ``margin(digits, '3') - 0.1 * total_variation()``."""
        terms = [(term.weight, term.describe()) for term in self.terms]
        return signed([*terms, *((-penalty.weight, penalty.describe()) for penalty in self.penalties)])

    def spec(self) -> Spec | None:
        """What :func:`objective_from_spec` rebuilds it from, given the boxes, or None when a class cannot be found.

        ``{"terms": [{"kind": "margin", "weight": 1.0, "output": "3", "box": 0}, ...], "penalties": [{"kind":
        "total_variation", "weight": 0.1}, ...]}``, where ``box`` counts in ``boxes``.
        """
        terms = [term.spec() for term in self.terms]
        penalties = [penalty.spec() for penalty in self.penalties]
        if None in terms or None in penalties:
            return None
        placed = [{**term, "box": box} for term, box in zip(terms, self._box_of, strict=True) if term is not None]
        return {"terms": placed, "penalties": penalties} if penalties else {"terms": placed}

    def __add__(self, other: Any) -> "Objective":
        if isinstance(other, Penalty):
            raise InvalidArgument(
                "a penalty is at least 0 and is subtracted, never added, since adding it would reward what it "
                "measures. Write objective - weight * penalty."
            )
        _check_operand("added to", other)
        return Objective([*self.terms, *other.terms], [*self.penalties, *other.penalties])

    def __radd__(self, other: Any) -> "Objective":
        if isinstance(other, int) and other == 0:  # where ``sum`` begins
            return self
        return self.__add__(other)

    def __sub__(self, other: Any) -> "Objective":
        if isinstance(other, Penalty):
            return Objective(self.terms, [*self.penalties, other])
        _check_operand("subtracted from", other)
        return self.__add__(-other)

    def __neg__(self) -> "Objective":
        return self.__mul__(-1)

    def __mul__(self, factor: Any) -> "Objective":
        if isinstance(factor, Objective | Penalty):
            raise WrongType("an objective is multiplied by a number, not by another objective or a penalty.")
        weight = finite("the weight of an objective", factor)
        if weight < 0 and self.penalties:
            raise InvalidArgument(
                "an objective with penalties cannot be negated, since that would reward what they measure. "
                "Negate it first and subtract the penalties then: -objective - weight * penalty."
            )
        terms = [term.weighted(term.weight * weight) for term in self.terms]
        return Objective(terms, [penalty.weighted(penalty.weight * weight) for penalty in self.penalties])

    __rmul__ = __mul__

    def __truediv__(self, divisor: Any) -> "Objective":
        number = finite("the divisor of an objective", divisor)
        if number == 0:
            raise InvalidArgument("an objective cannot be divided by 0.")
        return self.__mul__(1 / number)

    def __repr__(self) -> str:
        return f"<Objective {self.describe()}>"


def _check_operand(how: str, other: Any) -> None:
    if not isinstance(other, Objective):
        raise WrongType(
            f"only an objective or, by subtraction, a penalty can be {how} an objective, but this is {shown(other)}. "
            "A constant changes nothing about which input is best."
        )
