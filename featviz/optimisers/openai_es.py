"""OpenAI-ES: a cloud of fixed size about a mean, which climbs along the gradient of ranks."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from featviz import checks
from featviz.latent import LatentDescription, Latents
from featviz.optimisers._adam import Adam
from featviz.optimisers._clip_up import ClipUp
from featviz.optimisers._mirrored import centred_ranks
from featviz.optimisers._mirrored_strategy import MirroredStrategy
from featviz.optimisers._ranked_rows import in_units, refuse_infinite
from featviz.optimisers._stored import stored_array

__all__ = ["OpenAiEs"]

Array = NDArray[np.float64]


class OpenAiEs(MirroredStrategy):
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
        super().__init__(
            latent,
            seed,
            budget,
            start,
            speed=speed,
            momentum=momentum,
            population=population,
            batch_size=batch_size,
            sigma=sigma,
            restart_when_stuck=restart_when_stuck,
        )

    def _reset_steps(self, step: float) -> None:
        self._step = step
        super()._reset_steps(step)

    def _new_ascent(self, move: float) -> Adam | ClipUp:
        return Adam(self._genes, move) if self._adam else super()._new_ascent(move)

    def _draw(self, rng: np.random.Generator, n: int) -> Array:
        return self._pairs.draw(rng, n, self._mean, self._step)

    def _learn(self, rows: Array, order: NDArray[np.intp], scored: int, foreign: NDArray[np.bool_] | None) -> None:
        utilities = centred_ranks(len(rows), scored)
        z = in_units(rows, order, self._mean, self._step, foreign)
        # With rows x and -x about the mean this is the sum of (u(x) - u(-x)) x: utilities of pairs need no pairing.
        gradient = utilities.dot(z)
        refuse_infinite(gradient.dot(gradient))
        gradient /= len(rows) * self._step
        self._mean += self._ascent.step(gradient)

    def _largest_step(self) -> float:
        return self._step

    def _distribution(self) -> dict[str, Any]:
        return {"step": self._step, **super()._distribution()}

    def _restore(self, state: Mapping[str, Any]) -> None:
        super()._restore(state)
        self._step = float(stored_array(state, "step", np.float64, ()))
