"""A batch that a study asks to have evaluated."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from featviz.errors import InvalidArgument
from featviz.latent import Latents
from featviz.storage import Phase

__all__ = ["Asked"]


@dataclass(frozen=True, eq=False, repr=False)
class Asked:
    """A batch to evaluate.

    Args:
        ids: int64 (n,): the numbers of the evaluations, to give back to ``tell``.
        inputs: the n decoded inputs.
        latents: the latents they were decoded from.
        phase: what they are evaluated for.
        restart: the restart that asks.
        again: the ids of the evaluations that these repeat, since the box is noisy or may be; None when they are new.
    """

    ids: NDArray[np.int64]
    inputs: Any
    latents: Latents
    phase: Phase
    restart: int
    again: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        return f"<Asked: {len(self)} inputs for the {self.phase.name.lower()}, ids {self.ids[0]} to {self.ids[-1]}>"

    def in_order(self, ids: ArrayLike, outputs: Any) -> Any:
        """``outputs``, given for ``ids`` in any order, in the order of the batch.

        Raises:
            InvalidArgument: unless the ids are those of the batch, each once, with one row of outputs each.
        """
        try:
            given = np.asarray(ids, dtype=np.int64)
        except (TypeError, ValueError, OverflowError):
            given = np.empty(0, dtype=np.int64)
        if given.ndim != 1 or not np.array_equal(np.sort(given), self.ids):
            raise InvalidArgument(
                f"expected the {len(self)} ids {self.ids[0]} to {self.ids[-1]} of the batch that was asked for, "
                "each once."
            )
        # Rows are taken by position, whatever labels a series or a frame has.
        rows = outputs if isinstance(outputs, list | tuple) else np.asarray(outputs)
        count = len(rows) if isinstance(rows, list | tuple) or rows.ndim else None
        if count != len(self):
            came = "no row" if count is None else f"{count:,} rows"
            raise InvalidArgument(f"expected a row of outputs for each of the {len(self)} ids, but {came} came.")
        order = np.argsort(given)
        return [rows[i] for i in order] if isinstance(rows, list | tuple) else rows[order]
