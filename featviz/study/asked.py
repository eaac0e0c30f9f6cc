"""A batch that a study asks to have evaluated."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.latent import Latents
from featviz.storage import Phase

__all__ = ["Asked"]


@dataclass(frozen=True, eq=False)
class Asked:
    """A batch to evaluate.

    Args:
        ids: int64 (n,): the numbers of the evaluations, to give back to ``tell``.
        inputs: the n decoded inputs.
        latents: the latents they were decoded from.
        phase: what they are evaluated for.
        restart: the restart that asks.
    """

    ids: NDArray[np.int64]
    inputs: Any
    latents: Latents
    phase: Phase
    restart: int

    def __len__(self) -> int:
        return len(self.ids)
