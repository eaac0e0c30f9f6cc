"""PGPE with ClipUp: a normal distribution with one step size a gene, moved along the gradient of its parameters."""

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from featviz import checks
from featviz.errors import InvalidArgument
from featviz.latent import LatentDescription, Latents
from featviz.optimisers._clip_up import ClipUp
from featviz.optimisers._evolution import EvolutionStrategy, shorten, stored_array
from featviz.optimisers._mirrored import MirroredPairs, centred_ranks
from featviz.optimisers._scores import checked_scores

__all__ = ["Pgpe"]

Array = NDArray[np.float64]

# The most that a step size changes in a generation, as a part of itself (Toklu et al. 2020, section 4).
_MOST_CHANGE = 0.2


class Pgpe(EvolutionStrategy):
    """Batched policy gradients with parameter-based exploration and ClipUp, for real genes of any number.

    Sehnke et al. 2010, "Parameter-exploring policy gradients", with symmetric samples; ranks and the ascent of the mean
    as in Toklu, Liśkiewicz & Schmidhuber 2020, "ClipUp". The mean moves at a limited speed, and not by what the step
    sizes make of it.

    Args:
        latent: as the others, see :class:`~featviz.optimisers._evolution.EvolutionStrategy`.
        seed: 0 to 2**64 - 1.
        budget: evaluations to plan for; checked, and not used.
        start: a batch of one latent to begin at.
        speed: the longest move of the mean in one generation, as a part of the radius of the first distribution,
            ``sigma * sqrt(genes)``. The paper says 1/15; 0.2 found more on digit classifiers with 784 genes and 3,000
            evaluations. Under noise steps may become longer, and the speed stays.
        momentum: of ClipUp.
        learning_rate: of the step sizes.
        shared: ``population`` (even, or one row of each generation waits for its partner), ``batch_size``, ``sigma``,
            ``restart_when_stuck``.
    """

    name: ClassVar[str] = "pgpe"

    def __init__(
        self,
        latent: LatentDescription,
        seed: int = 0,
        budget: int | None = None,
        start: Latents | None = None,
        *,
        population: int | None = None,
        batch_size: int | None = None,
        sigma: float | None = None,
        restart_when_stuck: bool = True,
        speed: float = 0.2,
        momentum: float = 0.9,
        learning_rate: float = 0.1,
    ) -> None:
        self._speed = checks.finite("speed", speed, 0.0, 100.0, exclusive=True)
        self._momentum = checks.finite("momentum", momentum, 0.0, 1.0 - 1e-9)
        self._rate = checks.finite("learning_rate", learning_rate, 0.0, 100.0)
        self._pairs = MirroredPairs(latent.real)
        # The step size of which the speed is a part: the first one, and not a longer one under noise.
        self._reach: float | None = None
        super().__init__(
            latent,
            seed,
            budget,
            start,
            population=population,
            batch_size=batch_size,
            sigma=sigma,
            restart_when_stuck=restart_when_stuck,
        )

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
            InvalidArgument: not one score a latent, or latents that are not finite.
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
        self._steps = np.full(self._genes, step)
        self._reach = self._reach or step
        self._ascent = ClipUp(self._genes, self._speed * self._reach * math.sqrt(self._genes), self._momentum)

    def _draw(self, rng: np.random.Generator, n: int) -> Array:
        return self._pairs.draw(rng, n, self._mean, self._steps)

    def _learn(self, rows: Array, order: NDArray[np.intp], scored: int, foreign: NDArray[np.bool_] | None) -> None:
        utilities = centred_ranks(len(rows), scored)
        z = rows.take(order, axis=0)
        z -= self._mean
        z /= self._steps
        if foreign is not None:
            shorten(z, foreign[order])
        # With rows x and -x about the mean this is the sum of (u(x) - u(-x)) x: utilities of pairs need no pairing.
        gradient = utilities.dot(z)
        gradient *= self._steps
        if not math.isfinite(gradient.dot(gradient)):
            raise InvalidArgument("the latents told must be finite, but they hold NaN, infinity or huge numbers.")
        np.multiply(z, z, out=z)
        # sum_k u_k (z_k^2 - 1), where the utilities have sum 0.
        change = utilities.dot(z)
        change *= self._rate / len(rows)
        np.clip(change, -_MOST_CHANGE, _MOST_CHANGE, out=change)
        change += 1.0
        self._mean += self._ascent.step(gradient)
        self._steps *= change

    def _largest_step(self) -> float:
        return float(self._steps.max())

    def _distribution(self) -> dict[str, Any]:
        mine = {"mean": self._mean.copy(), "steps": self._steps.copy()}
        return {**mine, **self._ascent.state(), **self._pairs.state()}

    def _restore(self, state: Mapping[str, Any]) -> None:
        self._mean = stored_array(state, "mean", (self._genes,))
        self._steps = stored_array(state, "steps", (self._genes,))
        self._ascent.restore(state)
        self._pairs.restore(state)
