"""What the climbers have in common: mirrored rows, centred ranks, and a mean that moves at a limited speed."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz import checks
from featviz.latent import LatentDescription, Latents
from featviz.optimisers._adam import Adam
from featviz.optimisers._clip_up import ClipUp
from featviz.optimisers._evolution import EvolutionStrategy
from featviz.optimisers._mirrored import MirroredPairs
from featviz.optimisers._scores import checked_scores
from featviz.optimisers._stored import stored_array

__all__ = ["MirroredStrategy"]

Array = NDArray[np.float64]


class MirroredStrategy(EvolutionStrategy):
    """A strategy that draws rows in mirrored pairs and climbs the gradient of their ranks.

    A sub-class keeps its step sizes, draws about ``self._mean``, and moves it by ``self._ascent``.

    Args:
        latent: as of :class:`~featviz.optimisers._evolution.EvolutionStrategy`, and so the five after it.
        seed: 0 to 2**64 - 1.
        budget: evaluations to plan for; checked, and not used.
        start: a batch of one latent to begin at.
        speed: the longest move of the mean in a generation, as a part of the radius of the first distribution,
            ``sigma * sqrt(genes)``.
        momentum: of ClipUp.
        shared: ``population`` (even, or one row of each generation waits for its partner), ``batch_size``, ``sigma``,
            ``restart_when_stuck``.
    """

    _ascent: Adam | ClipUp

    def __init__(
        self,
        latent: LatentDescription,
        seed: int,
        budget: int | None,
        start: Latents | None,
        *,
        speed: float,
        momentum: float,
        **shared: Any,
    ) -> None:
        self._speed = checks.finite("speed", speed, 0.0, 100.0, exclusive=True)
        self._momentum = checks.finite("momentum", momentum, 0.0, 1.0 - 1e-9)
        self._pairs = MirroredPairs(latent.real)
        # The step size of which the speed is a part: the first one, and not a longer one under noise.
        self._reach: float | None = None
        super().__init__(latent, seed, budget, start, **shared)

    def ask(self, n: int) -> Latents:
        """``n`` latents in pairs that lie opposite each other: float64 of shape (n, genes), never changed later."""
        within = self._pairs.within
        asked = super().ask(n)
        self._pairs.note(asked.real, within)
        return asked

    def tell(self, latents: Latents, scores: NDArray[np.float64]) -> None:
        """Learn the scores, shape (n,), of latents, own or foreign, pair by pair. NaN and -inf rank last.

        Raises:
            LatentShapeError: the latents are of another space.
            InvalidArgument: not one score a latent, or latents that are learnt from and not finite.
        """
        self._latent.check(latents)
        rows, settled = self._pairs.settle(latents.real, checked_scores(scores, len(latents)), self._population)
        if len(rows):
            super().tell(Latents.of_real(rows), settled)

    def _usual_population(self) -> int:
        usual = super()._usual_population()
        return usual + usual % 2

    def _reset(self) -> None:
        self._mean = self._start.copy()
        self._pairs.clear()
        self._reset_steps(self._first_sigma)

    def _reset_steps(self, step: float) -> None:
        """Take a new ascent; a sub-class sets its steps besides."""
        self._reach = self._reach or step
        self._ascent = self._new_ascent(self._speed * self._reach)

    def _new_ascent(self, move: float) -> Adam | ClipUp:
        """What turns gradients into moves, each gene by about ``move`` at most."""
        return ClipUp(self._genes, move * math.sqrt(self._genes), self._momentum)

    def _distribution(self) -> dict[str, Any]:
        return {"mean": self._mean.copy(), **self._ascent.state(), **self._pairs.state()}

    def _restore(self, state: Mapping[str, Any]) -> None:
        self._mean = stored_array(state, "mean", np.float64, (self._genes,))
        self._ascent.restore(state)
        self._pairs.restore(state)
