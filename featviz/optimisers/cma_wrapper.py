"""Full CMA-ES of the package ``cma``, the reference implementation; the own one is ``full_cma``."""

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from featviz import checks
from featviz.errors import InvalidArgument
from featviz.latent import LatentDescription, Latents
from featviz.optimisers._evolution import default_population
from featviz.optimisers._replaying import ReplayingOptimiser

__all__ = ["CmaWrapper"]

Array = NDArray[np.float64]

# Its covariance has genes**2 entries and is decomposed again and again: 2 ms an evaluation at 2,000 genes against
# 0.03 by sep-cma, growing with the square, while a search of that size ends before a covariance is learnt.
_MAX_GENES = 2000


class CmaWrapper(ReplayingOptimiser):
    """CMA-ES with a full covariance matrix (Hansen & Ostermeier 2001) by ``cma.CMAEvolutionStrategy``.

    It begins again with twice the population when ``cma`` says that it has stopped.

    Args:
        latent: 1 to 2,000 real genes.
        seed: 0 to 2**64 - 1.
        budget: checked, and not used.
        start: a batch of one latent to begin at.
        population: rows of a generation, at least 3; default 4 + floor(3 ln genes).
        batch_size: rows told at a time; it becomes the population when it is at least half the default one.
        sigma: the first step size, in standard deviations of the prior.
    """

    name: ClassVar[str] = "cma"
    _logger: ClassVar[str] = "cma"

    def __init__(
        self,
        latent: LatentDescription,
        seed: int = 0,
        budget: int | None = None,
        start: Latents | None = None,
        *,
        population: int | None = None,
        batch_size: int | None = None,
        sigma: float = 1.0,
    ) -> None:
        if latent.real > _MAX_GENES:
            raise InvalidArgument(
                f"cma learns a full covariance matrix, which is hopeless beyond {_MAX_GENES:,} genes; "
                f"this space has {latent.real:,}. Use optimiser='sep-cma'."
            )
        self._sigma = checks.finite("sigma", sigma, 0.0, 1e6, exclusive=True)
        self._wanted = None if population is None else checks.integer("population", population, 3, 1_000_000)
        super().__init__(latent, seed, budget, start, batch_size=batch_size)

    @property
    def batch_size(self) -> int:
        """The population of a generation; it doubles with each restart."""
        return int(self._strategy.popsize)

    def recommend(self) -> Latents:
        """The mean of the search distribution, a batch of one: under noise a better guess than the best row seen."""
        return Latents.of_real(np.array(self._strategy.mean, dtype=np.float64)[None, :])

    def _load(self) -> Any:
        import cma  # noqa: PLC0415  half a second

        return cma

    def _make(self) -> None:
        self._rng = np.random.default_rng(self._seed)
        self._waiting: list[tuple[Array, float]] = []
        self._asked_since = False
        default = default_population(self._genes)
        given = self._batch_size if 2 * self._batch_size >= default else default
        self._new_strategy(self._wanted or max(3, given))

    def _new_strategy(self, population: int) -> None:
        options = {
            "popsize": population,
            "randn": lambda *shape: self._rng.standard_normal(shape),
            "seed": math.nan,  # any other value seeds numpy's global state
            "verbose": -9,
            "verb_log": 0,
        }
        self._strategy = self._library.CMAEvolutionStrategy(self._start.copy(), self._sigma, options)

    def _ask(self, n: int) -> tuple[Array, Sequence[Any]]:
        # ``cma`` knows its own solutions by the identity of their contents.
        solutions = self._strategy.ask(n)
        self._asked_since = True
        return np.array(solutions, dtype=np.float64).reshape(n, self._genes), solutions

    def _tell(self, rows: Array, handles: Sequence[Any], losses: Array) -> None:
        told = [row if handle is None else handle for row, handle in zip(rows, handles, strict=True)]
        self._waiting.extend(zip(told, losses.tolist(), strict=True))
        population = int(self._strategy.popsize)
        # ``cma`` takes one generation an ask, of at least its selected parents; the rest waits for the next.
        if len(self._waiting) < max(3, math.ceil(0.75 * population)) or not self._asked_since:
            return
        self._strategy.tell([row for row, _ in self._waiting], [loss for _, loss in self._waiting])
        self._waiting.clear()
        self._asked_since = False
        if self._strategy.stop():
            self._new_strategy(min(2 * population, 1 << 16))
