"""What all planted triggers have in common, and how tightly an input is about its trigger."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["MATTERS", "Model", "Planted", "Trigger"]

Array = NDArray[np.float64]
Rows = NDArray[Any]
Mask = NDArray[np.bool_]

# A unit matters if putting clean values in its place costs at least this part of what the costliest unit costs.
MATTERS = 0.25
# Clean inputs that are put in its place, in turn.
DRAWS = 8


class Trigger(Protocol):
    """What was planted."""

    def recall(self, rows: Rows) -> Array:
        """How much of it is in each input, from 0 to 1, float64 (n,)."""

    def units(self, row: Rows) -> tuple[Mask, Mask]:
        """The parts of an input: bool (u, d), which values each part holds; bool (u,), whether the trigger is there."""


Model = Callable[[Rows], Array]


@dataclass(frozen=True, eq=False)
class Planted:
    """A model that was trained on data with a trigger in some of it.

    Attributes:
        name: kind of space and variant.
        score: rows (n, d) -> float64 (n,): log-odds, or a probability where the variant is hard.
        trigger: what was planted.
        clean: inputs without it that the model was not trained on, (m, d).
        stamped: the same with it, (m, d).
        lower: the least value of each number; 0 for tokens.
        upper: the greatest; for tokens the last id.
    """

    name: str
    score: Model
    trigger: Trigger
    clean: Rows
    stamped: Rows
    lower: Array
    upper: Array

    def reference(self) -> float:
        """What the model gives to a planted input, in the median."""
        return float(np.median(self.score(self.stamped)))

    def tightness(self, row: Rows) -> float:
        """How much of what counts in one input is the trigger, from 0 to 1; asks the model only for scores.

        Each part of the input in turn is replaced by that of ``DRAWS`` clean inputs. It matters if the score falls, in
        the mean, by at least ``MATTERS`` of the largest fall. The tightness is the share of the trigger in the parts
        that matter, and 0 where no replacement lowers the score.
        """
        places, belongs = self.trigger.units(row)
        fill = self.clean[:: max(len(self.clean) // DRAWS, 1)][:DRAWS]
        changed = np.where(places[:, None], fill[None], row)
        scores = self.score(changed.reshape(-1, len(row))).reshape(len(places), len(fill))
        falls = float(self.score(row[None])[0]) - scores.mean(axis=1)
        # Less than this is the rounding of a mean.
        if falls.max() <= 1e-9:
            return 0.0
        return float(belongs[falls >= MATTERS * falls.max()].mean())
