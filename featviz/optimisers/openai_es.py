"""OpenAI-ES: a cloud of fixed size about a mean, which climbs along the gradient of ranks."""

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from featviz import checks
from featviz.errors import InvalidArgument
from featviz.latent import LatentDescription, Latents
from featviz.optimisers._adam import Adam
from featviz.optimisers._clip_up import ClipUp
from featviz.optimisers._evolution import EvolutionStrategy, shorten, stored_array
from featviz.optimisers._mirrored import MirroredPairs, centred_ranks
from featviz.optimisers._scores import checked_scores

__all__ = ["OpenAiEs"]

Array = NDArray[np.float64]


class OpenAiEs(EvolutionStrategy):
    """Batched evolution strategy of OpenAI with restarts, for real genes of any number.

    Salimans et al. 2017, "Evolution strategies as a scalable alternative to reinforcement learning": mirrored samples
    of one fixed step size, centred ranks, and ClipUp (or the paper's Adam) on the estimated gradient; without its
    weight decay. The step size never falls, so it does not close in on an optimum: it smooths the scores, and
    what it recommends, its mean, is the top of the smoothed ones.

    Args:
        latent: as the others, see :class:`~featviz.optimisers._evolution.EvolutionStrategy`.
        seed: 0 to 2**64 - 1.
        budget: evaluations to plan for; checked, and not used.
        start: a batch of one latent to begin at.
        ascent: "clip-up" or "adam". With Adam less was found on digit classifiers (784 genes, 3,000 evaluations).
        speed: how far the mean moves in one generation, as a part of the radius of the first distribution,
            ``sigma * sqrt(genes)``: at most so far with ClipUp, about so far with Adam.
        momentum: of ClipUp.
        shared: ``population`` (even, or one row of each generation waits for its partner), ``batch_size``, ``sigma``,
            ``restart_when_stuck``.
    """

    name: ClassVar[str] = "openai-es"

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
        ascent: str = "clip-up",
        speed: float = 0.2,
        momentum: float = 0.9,
    ) -> None:
        self._adam = checks.one_of("ascent", ascent, ("adam", "clip-up")) == "adam"
        self._speed = checks.finite("speed", speed, 0.0, 100.0, exclusive=True)
        self._momentum = checks.finite("momentum", momentum, 0.0, 1.0 - 1e-9)
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
        self._step = step
        self._reach = self._reach or step
        # Adam moves each gene by its rate, about.
        rate, longest = self._speed * self._reach, self._speed * self._reach * math.sqrt(self._genes)
        self._ascent = Adam(self._genes, rate) if self._adam else ClipUp(self._genes, longest, self._momentum)

    def _draw(self, rng: np.random.Generator, n: int) -> Array:
        return self._pairs.draw(rng, n, self._mean, self._step)

    def _learn(self, rows: Array, order: NDArray[np.intp], scored: int, foreign: NDArray[np.bool_] | None) -> None:
        utilities = centred_ranks(len(rows), scored)
        z = rows.take(order, axis=0)
        z -= self._mean
        z /= self._step
        if foreign is not None:
            shorten(z, foreign[order])
        # With rows x and -x about the mean this is the sum of (u(x) - u(-x)) x: utilities of pairs need no pairing.
        gradient = utilities.dot(z)
        if not math.isfinite(gradient.dot(gradient)):
            raise InvalidArgument("the latents told must be finite, but they hold NaN, infinity or huge numbers.")
        gradient /= len(rows) * self._step
        self._mean += self._ascent.step(gradient)

    def _largest_step(self) -> float:
        return self._step

    def _distribution(self) -> dict[str, Any]:
        return {"mean": self._mean.copy(), "step": self._step, **self._ascent.state(), **self._pairs.state()}

    def _restore(self, state: Mapping[str, Any]) -> None:
        self._mean = stored_array(state, "mean", (self._genes,))
        self._step = float(stored_array(state, "step", ()))
        self._ascent.restore(state)
        self._pairs.restore(state)
