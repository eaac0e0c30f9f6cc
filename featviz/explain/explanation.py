"""An explanation: what each part of an input adds to its score, and whether that is to be believed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from featviz.blocks import Block
from featviz.text import visible

__all__ = ["Explanation"]


@dataclass(frozen=True, eq=False, repr=False)
class Explanation:
    """Which parts of an input its score rests on. Made by :func:`featviz.saliency`.

    Args:
        units: the names of the k parts.
        values: float64 (k,): what each adds to the score, in units of the score; below 0 where it holds the score down.
        errors: float64 (k,): standard errors of the values; NaN where the budget was too small to tell.
        score: of the whole input.
        floor: the mean score with every part replaced.
        explained: R squared of the sum of the values over the masks asked about; NaN where the method has none. Far
            below 1, parts matter together and single values mislead.
        deletion: the mean score as parts are replaced, the most important first, from 0 (all at the floor at once) to 1
            (no fall until the last): lower is better.
        deletion_by_chance: the same in random orders: the control. No lower deletion, no explanation.
        method: how it was computed.
        why: why this method.
        evaluations: how many questions it took.
        blocks: the input as typed blocks.
    """

    units: tuple[str, ...]
    values: NDArray[np.float64]
    errors: NDArray[np.float64]
    score: float
    floor: float
    explained: float
    deletion: float
    deletion_by_chance: float
    method: str
    why: str
    evaluations: int
    blocks: tuple[Block, ...] = ()

    @property
    def ranking(self) -> list[tuple[str, float]]:
        """Units and values, the largest in size first."""
        order = np.argsort(-np.abs(self.values), kind="stable")
        return [(self.units[i], float(self.values[i])) for i in order]

    def top(self, k: int = 10) -> str:
        """The ``k`` units that matter most as lines of text: name, value, standard error where it is known."""
        order = np.argsort(-np.abs(self.values), kind="stable")[:k]
        width = max((len(visible(self.units[i], 40)) for i in order), default=0)
        lines = []
        for i in order:
            error = f" ± {self.errors[i]:.2g}" if np.isfinite(self.errors[i]) else ", asked once"
            lines.append(f"{visible(self.units[i], 40):<{width}}  {self.values[i]:+.4g}{error}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return (
            f"<Explanation by {self.method}: {len(self.units)} units, score {self.score:.6g}, "
            f"deletion {self.deletion:.3g} against {self.deletion_by_chance:.3g} by chance>"
        )
