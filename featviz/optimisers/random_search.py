"""Random search: latents drawn from the prior. The yardstick for everything else."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from featviz import checks
from featviz.errors import RunDamaged
from featviz.latent import LatentDescription, Latents
from featviz.optimisers._evolution import start_point
from featviz.optimisers._scores import checked_values
from featviz.random import Streams

__all__ = ["RandomSearch"]

# Separates these numbers from what else is drawn under the same seed.
_STREAM = 102


class RandomSearch:
    """Draws every latent from the prior and learns nothing.

    Args:
        latent: genes of any kind.
        seed: 0 to 2**64 - 1.
        budget: checked, and not used.
        start: checked; it becomes the first latent.
        batch_size: rows preferred at a time.
    """

    name: ClassVar[str] = "random"
    accepts: ClassVar[frozenset[str]] = frozenset({"real", "categorical", "records"})
    replays: ClassVar[bool] = False
    # Says so to the contract, which then checks it.
    asks_feasible: ClassVar[bool] = True
    many_goals: ClassVar[bool] = True

    def __init__(
        self,
        latent: LatentDescription,
        seed: int = 0,
        budget: int | None = None,
        start: Latents | None = None,
        *,
        batch_size: int = 64,
    ) -> None:
        if budget is not None:
            checks.integer("budget", budget, 1)
        start_point(latent, start)
        self._start = None if start is None else start.copy()
        self._latent = latent
        self._batch_size = checks.integer("batch_size", batch_size, 1)
        self._streams = Streams(checks.seed(seed), _STREAM)
        self._asks = 0

    @property
    def batch_size(self) -> int:
        """The number of latents that it prefers to be asked for at a time; any will do."""
        return self._batch_size

    def ask(self, n: int) -> Latents:
        """``n`` latents from the prior; the very first is ``start`` when there is one."""
        drawn = self._latent.sample(self._streams.at(self._asks), checks.integer("n", n, 1))
        if self._asks == 0 and self._start is not None:
            drawn = Latents.concatenate([self._start, drawn[1:]])
        self._asks += 1
        return drawn

    def tell(self, latents: Latents, scores: NDArray[np.float64]) -> None:
        """Check the arguments and learn nothing."""
        self._latent.check(latents)
        checked_values(scores, len(latents))

    def state_dict(self) -> dict[str, Any]:
        """The number of batches asked for so far."""
        return {"asks": self._asks}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on after the batches already asked for."""
        try:
            self._asks = int(state["asks"])
        except (KeyError, TypeError, ValueError, OverflowError):
            raise RunDamaged("this is not a state of the optimiser 'random'.") from None
