"""Several objectives at once: which inputs are beaten by no other input in all of them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.errors import InvalidArgument, WrongType
from featviz.latent import Latents
from featviz.objectives.objective import Objective, boxes_among, checked_measure
from featviz.objectives.part import Seen, signed
from featviz.objectives.penalty import Penalty
from featviz.protocols import BELOW_ALL, Box, ScoreFunction, SearchSpace, Spec
from featviz.text import shown

__all__ = ["Pareto", "pareto"]

# With more, nearly every input is the best in some trade, and a front says nothing any more.
_MOST = 5


class Pareto:
    """Objectives that are pursued together without being weighed against each other; see :func:`pareto`.

    Args:
        parts: two to five objectives and penalties, the first one an objective.
    """

    def __init__(self, parts: Sequence[Any]) -> None:
        self.parts = tuple(_checked_part(part) for part in parts)
        if not 2 <= len(self.parts) <= _MOST:
            raise InvalidArgument(
                f"several objectives at once are from 2 to {_MOST}, but there are {len(self.parts)}. "
                "Add up those that belong together: a + 0.5 * b."
            )
        if isinstance(self.parts[0], Penalty):
            raise InvalidArgument(
                "the first objective gives the score of an input, so it cannot be a penalty. Put the penalty second: "
                "pareto(maximise(box, 'cat'), total_variation())."
            )
        asked = [box for part in self.parts if not isinstance(part, Penalty) for box in part.boxes]
        self._boxes = boxes_among(asked)
        self._names = _distinct([_formula(part) for part in self.parts])
        # The same limit, given to several parts, is one constraint.
        self._limits = tuple(dict.fromkeys(name for part in self.parts for name in _limits(part)))

    @property
    def boxes(self) -> tuple[Box, ...]:
        """The distinct boxes of all objectives, each called once a batch."""
        return self._boxes

    @property
    def recorded(self) -> tuple[str, ...]:
        """The formulas of the objectives, whose values are recorded, and the constraints of any of them behind."""
        return (*self._names, *self._limits)

    @property
    def goals(self) -> int:
        """How many objectives there are."""
        return len(self.parts)

    def score(
        self,
        outputs: Sequence[NDArray[np.float64]],
        inputs: Any,
        latents: Latents | None = None,
        space: SearchSpace | None = None,
    ) -> NDArray[np.float64]:
        """Shape (n, 1 + goals + v): the score, the value of each objective, and by how much each limit is broken.

        The score, by which candidates are ranked and curves are drawn, is the value of the first objective: the one
        number that means the same in every batch. A sum of all would need weights, and scales that change as the
        search goes on; choosing neither is the point of a front.
        """
        values: list[NDArray[np.float64]] = []
        over: dict[str, NDArray[np.float64]] = {}
        for part in self.parts:
            if isinstance(part, Penalty):
                values.append(-part.weight * checked_measure(part, Seen(inputs, latents, space)))
                continue
            own = [outputs[next(i for i, known in enumerate(self._boxes) if known is box)] for box in part.boxes]
            found = part.score(own, inputs, latents, space)
            values.append(found if found.ndim == 1 else found[:, 0])
            for column, name in enumerate(_limits(part), start=1):
                over[name] = np.maximum(over.get(name, 0.0), found[:, column])
        return np.column_stack([values[0], *values, *(over[name] for name in self._limits)])

    def broken(self, recorded: NDArray[np.float64]) -> dict[int, str]:
        """Which rows of recorded values, shape (m, goals + v), break a limit, and the one that they break most."""
        over = recorded[:, self.goals :]
        if not over.size:
            return {}
        worst = over.argmax(axis=1)
        rows = np.flatnonzero(over[np.arange(len(over)), worst] > 0)
        names = [name.removeprefix("violation of ") for name in self._limits]
        return {int(row): f"it breaks {names[worst[row]]}." for row in rows}

    def told(self, scores: NDArray[np.float64], recorded: NDArray[np.float64]) -> NDArray[np.float64]:
        """The value of each objective, shape (n, goals); NaN for what failed.

        What breaks a limit gets in all objectives the same number below any value, lower the more it breaks: so it is
        dominated by all that keep every limit, and by what breaks less. This is the constrained dominance of Deb et al.
        2002, "A fast and elitist multiobjective genetic algorithm: NSGA-II", section VI.
        """
        values, over = recorded[:, : self.goals].copy(), recorded[:, self.goals :].sum(axis=1)
        with np.errstate(invalid="ignore"):
            values[over > 0] = -BELOW_ALL * (2 - 1 / (1 + over))[over > 0, None]
        # A failed evaluation may have kept some of what was recorded.
        values[np.isnan(scores) & ~(over > 0)] = np.nan
        return values

    def describe(self) -> str:
        """``"pareto(maximise(digits, '3'), total_variation())"``."""
        parts = [signed([(p.weight, p.describe())]) if isinstance(p, Penalty) else p.describe() for p in self.parts]
        return f"pareto({', '.join(parts)})"

    def spec(self) -> Spec | None:
        """``{"pareto": [...]}`` of the specs of the parts, a penalty as ``{"penalty": {...}}``; None as for each."""
        boxes = list(self._boxes)
        specs: list[Spec | None] = []
        for part in self.parts:
            if isinstance(part, Penalty):
                own = part.spec()
                specs.append(None if own is None else {"penalty": own})
            else:
                among = getattr(part, "spec_among", None)
                specs.append(None if among is None else among(boxes))
        return None if None in specs else {"pareto": specs}

    def subject_to(self, quantity: Any, *, at_least: Any = None, at_most: Any = None) -> "Pareto":
        """The same objectives under a constraint, which inputs of every part of the front keep.

        Arguments as :meth:`Objective.subject_to`.
        """
        first, *others = self.parts
        return Pareto([first.subject_to(quantity, at_least=at_least, at_most=at_most), *others])

    def with_boxes(self, boxes: Sequence[Box]) -> "Pareto":
        """The same objectives on other boxes; see :meth:`Objective.with_boxes`."""
        if len(boxes) != len(self._boxes):
            raise InvalidArgument(f"there are {len(self._boxes)} boxes, but {len(boxes)} were given.")
        pairs = list(zip(self._boxes, boxes, strict=True))
        return Pareto([part if isinstance(part, Penalty) else _on_others(part, pairs) for part in self.parts])

    def __repr__(self) -> str:
        return f"<Pareto {self.describe()}>"


def pareto(*objectives: Any) -> Pareto:
    """Several objectives at once, without weights: the search looks for all trades between them that nothing beats.

    An input is on the front when no other input is at least as good in every objective and better in one. The run's
    ``front`` holds these inputs along the first objective; its ``best`` is the one with the highest first objective,
    which is also the score. ``optimiser="auto"`` picks NSGA-II::

        run = fv.search(space, fv.pareto(fv.maximise(box, "3"), fv.total_variation()), budget=5_000)
        for candidate in run.front:          # from the smoothest picture to the one that the box likes best
            candidate.input, candidate.outputs

    Args:
        objectives: two to five. An objective (``maximise``, ``margin``, a weighted sum, ...) is made large, a penalty
            small; the first one must be an objective. Constraints of any of them hold for all.

    Raises:
        InvalidArgument: for too few or too many, or a penalty in the first place.
        WrongType: for what is neither an objective nor a penalty.
    """
    if len(objectives) == 1 and isinstance(objectives[0], list | tuple):
        objectives = tuple(objectives[0])
    return Pareto(objectives)


def _checked_part(part: Any) -> Any:
    if isinstance(part, Penalty):
        return part
    if not isinstance(part, ScoreFunction) or isinstance(part, type):
        raise WrongType(
            "several objectives at once are objectives such as maximise(box, 'cat') or penalties such as "
            f"total_variation(), but one is {shown(part)}."
        )
    if part.goals != 1:
        raise InvalidArgument("a pareto cannot hold another one. Give all objectives to one call: pareto(a, b, c).")
    if part.recorded and not isinstance(part, Objective):
        raise InvalidArgument(
            f"{part.describe()} records values besides its score ({', '.join(part.recorded)}), and of several "
            "objectives at once nothing is known of what these mean."
        )
    return part


def _on_others(part: Any, pairs: list[tuple[Box, Box]]) -> Any:
    if not callable(getattr(part, "with_boxes", None)):
        raise WrongType(f"{part.describe()} cannot be asked of other boxes: it has no with_boxes.")
    return part.with_boxes([next(new for old, new in pairs if old is box) for box in part.boxes])


def _formula(part: Any) -> str:
    """What the recorded value of a part is called: its formula, without the constraints."""
    if isinstance(part, Penalty):
        return signed([(-part.weight, part.describe())])
    return Objective(part.terms, part.penalties).describe() if isinstance(part, Objective) else part.describe()


def _limits(part: Any) -> tuple[str, ...]:
    return () if isinstance(part, Penalty) else tuple(part.recorded)


def _distinct(names: list[str]) -> tuple[str, ...]:
    """``names``, those that occur again with a number behind."""
    found: list[str] = []
    for name in names:
        count, label = 1, name
        while label in found:
            count += 1
            label = f"{name} ({count})"
        found.append(label)
    return tuple(found)
