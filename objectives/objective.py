"""An objective: a weighted sum of terms, less weighted penalties."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.batches import batch_length
from featviz.checks import finite
from featviz.errors import InvalidArgument, WrongType
from featviz.latent import Latents
from featviz.objectives.constraint import Constraint, constraint
from featviz.objectives.part import Seen, signed
from featviz.objectives.penalty import Penalty
from featviz.objectives.term import Term
from featviz.protocols import BELOW_ALL, VIOLATION, Box, SearchSpace, Spec
from featviz.text import shown

__all__ = ["Objective", "boxes_among", "checked_measure"]


class Objective:
    """A score for each input, higher is better: the weighted sum of terms, less the weighted sum of penalties.

    Made by :func:`maximise`, :func:`minimise`, :func:`margin`, and by algebra on these: ``a + b``, ``a - b``,
    ``-a``, ``2 * a``, ``a / 2``, ``sum([a, b])`` and ``a - 0.1 * total_variation()``. Each gives a new objective.

    Args:
        terms: at least one.
        penalties: with weights of at least 0.
        constraints: see :meth:`subject_to`.
    """

    # numpy numbers on the left leave ``*`` to this class.
    __array_ufunc__ = None

    def __init__(
        self, terms: Sequence[Term], penalties: Sequence[Penalty] = (), constraints: Sequence[Constraint] = ()
    ) -> None:
        self.terms = tuple(terms)
        self.penalties = tuple(penalties)
        self.constraints = tuple(constraints)
        if not self.terms:
            raise InvalidArgument("an objective needs at least one term, such as featviz.maximise(box, output).")
        asked = [box for term in self.terms for box in term.boxes]
        asked += [box for one in self.constraints if isinstance(one.quantity, Objective) for box in one.quantity.boxes]
        self._boxes = boxes_among(asked)
        self._boxes_of = tuple(_places(term.boxes, self._boxes) for term in self.terms)

    @property
    def boxes(self) -> tuple[Box, ...]:
        """The distinct boxes, in the order in which they first occur; each is called once a batch."""
        return self._boxes

    @property
    def recorded(self) -> tuple[str, ...]:
        """A name for the violation of each constraint: ``"violation of total_variation() <= 0.1"``."""
        return tuple(f"{VIOLATION}{one.describe()}" for one in self.constraints)

    @property
    def goals(self) -> int:
        """One: terms are added up."""
        return 1

    def score(
        self,
        outputs: Sequence[NDArray[np.float64]],
        inputs: Any,
        latents: Latents | None = None,
        space: SearchSpace | None = None,
    ) -> NDArray[np.float64]:
        """The scores of a batch.

        Args:
            outputs: for each of ``boxes``, float64 array of shape (n, k).
            inputs: the batch of n inputs, which penalties and some terms look at.
            latents: what they were decoded from, where that is known.
            space: the space that is searched, where that is known.

        Returns:
            float64 array of shape (n,): NaN or infinite in the rows where an output is, or where the sum overflows.
            With v constraints shape (n, 1 + v), by how much each is broken behind the score.

        Raises:
            InvalidArgument: when a penalty is below 0, or a part does not fit the inputs.
        """
        seen = Seen(inputs, latents, space)
        score = self._summed(outputs, seen)
        if not self.constraints:
            return score
        over = [one.violation(self._quantity(one, outputs, seen)) for one in self.constraints]
        return np.column_stack([score, *over])

    def broken(self, recorded: NDArray[np.float64]) -> dict[int, str]:
        """Which rows of recorded violations, shape (n, v), break a constraint, and the one that they break most."""
        worst = recorded.argmax(axis=1) if recorded.size else np.zeros(len(recorded), dtype=np.intp)
        rows = np.flatnonzero(recorded[np.arange(len(recorded)), worst] > 0)
        return {
            # Without the amount, which is recorded: so equal reasons can be counted.
            int(row): f"it breaks {self.constraints[worst[row]].describe()}."
            for row in rows
        }

    def told(self, scores: NDArray[np.float64], recorded: NDArray[np.float64]) -> NDArray[np.float64]:
        """The scores, and for inputs that break constraints numbers below any score, lower the more they break.

        Feasible inputs come before infeasible ones, and of those the one that breaks less comes first: the rules of Deb
        2000, "An efficient constraint handling method for genetic algorithms".
        """
        over = recorded.sum(axis=1)
        with np.errstate(invalid="ignore"):
            return np.where(over > 0, -BELOW_ALL * (2 - 1 / (1 + over)), scores)

    def describe(self) -> str:
        """The objective as a formula, such as ``margin(digits, '3') - 0.1 * total_variation()``."""
        terms = [(term.weight, term.describe()) for term in self.terms]
        formula = signed([*terms, *((-penalty.weight, penalty.describe()) for penalty in self.penalties)])
        limits = ", ".join(one.describe() for one in self.constraints)
        return f"{formula} subject to {limits}" if limits else formula

    def spec(self) -> Spec | None:
        """What :func:`objective_from_spec` rebuilds it from, given the boxes, or None when a class cannot be found.

        ``{"terms": [{"kind": "margin", "weight": 1.0, "output": "3", "box": 0}, ...], "penalties": [{"kind":
        "total_variation", "weight": 0.1}, ...], "constraints": [{"penalty": {...}, "at_most": 0.1}, ...]}``, where
        ``box`` counts in ``boxes``.
        """
        return self.spec_among(list(self._boxes))

    def spec_among(self, boxes: list[Any]) -> Spec | None:
        """The same, with ``box`` counting in the boxes of a larger objective."""
        terms = [_placed(term, _places(term.boxes, boxes)) for term in self.terms]
        parts: dict[str, list[Spec | None]] = {
            "terms": terms,
            "penalties": [penalty.spec() for penalty in self.penalties],
            "constraints": [one.spec(boxes) for one in self.constraints],
        }
        if any(None in part for part in parts.values()):
            return None
        return {name: part for name, part in parts.items() if part}

    def subject_to(self, quantity: Any, *, at_least: Any = None, at_most: Any = None) -> "Objective":
        """The same objective under a constraint.

        Inputs that break it get no score: they rank behind all that keep it, and among each other by how much they
        break it. Constraints add up::

            goal = fv.maximise(box, "cat").subject_to(fv.total_variation(), at_most=0.1)
            goal = goal.subject_to(fv.maximise(other, "dog"), at_least=0.9)

        Args:
            quantity: a penalty, or an objective (on the same box or another one), whose score is limited.
            at_least: the lower limit.
            at_most: the upper limit.
        """
        return Objective(self.terms, self.penalties, [*self.constraints, constraint(quantity, at_least, at_most)])

    def with_boxes(self, boxes: Sequence[Box]) -> "Objective":
        """The same objective on other boxes.

        Args:
            boxes: one in place of each of ``boxes``, in their order, with the same outputs.
        """
        if len(boxes) != len(self._boxes):
            raise InvalidArgument(f"the objective has {len(self._boxes)} boxes, but {len(boxes)} were given.")
        return self._exchanged(list(zip(self._boxes, boxes, strict=True)))

    def _exchanged(self, pairs: list[tuple[Box, Box]]) -> "Objective":
        terms = [term.with_boxes([_partner(box, pairs) for box in term.boxes]) for term in self.terms]
        limits = [
            replace(one, quantity=one.quantity._exchanged(pairs)) if isinstance(one.quantity, Objective) else one
            for one in self.constraints
        ]
        return Objective(terms, self.penalties, limits)

    def _summed(self, outputs: Sequence[NDArray[np.float64]], seen: Seen) -> NDArray[np.float64]:
        with np.errstate(over="ignore", invalid="ignore"):
            total = np.zeros(batch_length(seen.inputs) if not len(outputs) else len(outputs[0]))
            for term, places in zip(self.terms, self._boxes_of, strict=True):
                total = total + term.weight * term.measure([outputs[place] for place in places], seen)
            for penalty in self.penalties:
                total = total - penalty.weight * checked_measure(penalty, seen)
        return total

    def _quantity(self, one: Constraint, outputs: Sequence[NDArray[np.float64]], seen: Seen) -> NDArray[np.float64]:
        quantity = one.quantity
        if isinstance(quantity, Penalty):
            return quantity.weight * checked_measure(quantity, seen)
        own = [outputs[place] for place in _places(quantity.boxes, self._boxes)]
        return quantity.score(own, seen.inputs, seen.latents, seen.space)

    def __add__(self, other: Any) -> "Objective":
        if isinstance(other, Penalty):
            raise InvalidArgument(
                "a penalty is at least 0 and is subtracted, never added, since adding it would reward what it "
                "measures. Write objective - weight * penalty."
            )
        _check_operand("added to", other)
        return Objective(
            [*self.terms, *other.terms],
            [*self.penalties, *other.penalties],
            [*self.constraints, *other.constraints],
        )

    def __radd__(self, other: Any) -> "Objective":
        if isinstance(other, int) and other == 0:  # where ``sum`` begins
            return self
        return self.__add__(other)

    def __sub__(self, other: Any) -> "Objective":
        if isinstance(other, Penalty):
            return Objective(self.terms, [*self.penalties, other], self.constraints)
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
        penalties = [penalty.weighted(penalty.weight * weight) for penalty in self.penalties]
        return Objective(terms, penalties, self.constraints)

    __rmul__ = __mul__

    def __truediv__(self, divisor: Any) -> "Objective":
        number = finite("the divisor of an objective", divisor)
        if number == 0:
            raise InvalidArgument("an objective cannot be divided by 0.")
        return self.__mul__(1 / number)

    def __repr__(self) -> str:
        return f"<Objective {self.describe()}>"


def boxes_among(asked: Sequence[Box]) -> tuple[Box, ...]:
    """The distinct ones of ``asked``, in the order in which they first occur."""
    boxes: list[Box] = []
    for box in asked:
        if not any(box is known for known in boxes):
            boxes.append(box)
    return tuple(boxes)


def _places(mine: Sequence[Box], boxes: Sequence[Box]) -> tuple[int, ...]:
    """Where each of a part's boxes stands among all."""
    return tuple(next(i for i, known in enumerate(boxes) if known is box) for box in mine)


def _partner(box: Box, pairs: list[tuple[Box, Box]]) -> Box:
    return next(new for old, new in pairs if old is box)


def _placed(term: Term, places: tuple[int, ...]) -> Spec | None:
    spec = term.spec()
    if spec is None or term.takes == "nothing":
        return spec
    return spec | ({"box": places[0]} if term.takes == "box" else {"boxes": list(places)})


def checked_measure(penalty: Penalty, seen: Seen) -> NDArray[np.float64]:
    """What ``penalty`` measures, shape (n,), each at least 0."""
    value = np.asarray(penalty.measure(seen))
    if (value < 0).any():
        raise InvalidArgument(f"{penalty.describe()} must be at least 0, but it is {np.min(value):g}.")
    return value


def _check_operand(how: str, other: Any) -> None:
    if not isinstance(other, Objective):
        raise WrongType(
            f"only an objective or, by subtraction, a penalty can be {how} an objective, but this is {shown(other)}. "
            "A constant changes nothing about which input is best."
        )
