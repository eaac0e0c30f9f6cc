"""A batch that a study asks to have evaluated."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from featviz.errors import InvalidArgument
from featviz.latent import Latents
from featviz.storage import Phase
from featviz.study.exchange import save_asked

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
        outputs: the names of what is to be told.
    """

    ids: NDArray[np.int64]
    inputs: Any
    latents: Latents
    phase: Phase
    restart: int
    again: NDArray[np.int64] | None = None
    outputs: tuple[str, ...] = ("score",)

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        return f"<Asked: {len(self)} inputs for the {self.phase.name.lower()}, ids {self.ids[0]} to {self.ids[-1]}>"

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write the inputs as files into ``folder``, for whoever measures them: a laboratory, another program.

        There are pictures as PNG beside their exact numbers as npy, series and rows of tables as CSV, text as text and
        the rest as JSON; ``inputs.csv`` lists them, and ``INSTRUCTIONS.txt`` says how to write ``scores.csv``, which
        :meth:`Study.tell_file` reads.

        Returns:
            The folder. When it holds this batch already, nothing is written.

        Raises:
            InvalidArgument: when it is there and holds something else.
            BoxError: when there is no form of file for such inputs.
            StorageError: when it cannot be written.
        """
        return save_asked(self, folder)

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
