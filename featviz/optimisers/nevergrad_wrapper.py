"""Nevergrad's optimisers by name, through ask and tell on one flat array."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from featviz import checks
from featviz.errors import NameNotFound, OptimiserError
from featviz.latent import LatentDescription, Latents
from featviz.optimisers._replaying import ReplayingOptimiser
from featviz.text import visible

__all__ = ["NevergradOptimiser"]

Array = NDArray[np.float64]


class NevergradOptimiser(ReplayingOptimiser):
    """An optimiser of nevergrad. It keeps every candidate: memory grows with evaluations times genes.

    All genes are one unbounded ``Array`` with step 1, which is the prior; a ``Dict`` of scalars is 80 times slower.
    Nevergrad (1.0.12) fails with some algorithms, numbers of genes and batch sizes; that is an
    :class:`~featviz.errors.OptimiserError` naming one that works.

    Args:
        latent: real genes only.
        seed: 0 to 2**64 - 1.
        budget: handed to nevergrad; several of its algorithms must have one.
        start: a batch of one latent to begin at.
        algorithm: the name in ``nevergrad.optimizers.registry``, for instance "DE" or "DiagonalCMA".
        batch_size: rows asked for at a time (nevergrad's ``num_workers``); default 4 + floor(3 ln genes).

    Raises:
        NameNotFound: nevergrad has no such algorithm.
        OptimiserError: it cannot be used with these genes, budget and batch size.
    """

    name: ClassVar[str] = "nevergrad"
    _logger: ClassVar[str] = "nevergrad"

    def __init__(
        self,
        latent: LatentDescription,
        seed: int = 0,
        budget: int | None = None,
        start: Latents | None = None,
        *,
        algorithm: str,
        batch_size: int | None = None,
    ) -> None:
        self._algorithm = algorithm
        super().__init__(latent, seed, budget, start, batch_size=batch_size)

    def _label(self) -> str:
        return f"nevergrad:{visible(self._algorithm)}"

    def _load(self) -> Any:
        import nevergrad  # noqa: PLC0415  two seconds, and it draws from the global random state

        return nevergrad

    def _make(self) -> None:
        ng = self._library
        known = ng.optimizers.registry
        if self._algorithm not in known:
            raise NameNotFound(
                f"nevergrad has no optimiser {visible(self._algorithm)!r}."
                f"{checks.did_you_mean(self._algorithm, known)} It has {len(known)}; some that work with many "
                "genes: DE, TwoPointsDE, PSO, OnePlusOne, TBPSA, DiagonalCMA."
            )
        genes = ng.p.Array(init=self._start.copy())
        genes.set_mutation(sigma=1.0)
        genes.random_state = np.random.RandomState(self._seed)
        made = known[self._algorithm]
        if self._batch_size > 1 and getattr(made, "no_parallelization", False):
            raise OptimiserError("it works on one input at a time; set batch_size=1 if you want it none the less")
        self._optimiser = made(parametrization=genes, budget=self._budget, num_workers=self._batch_size)
        self._only_own = ng.errors.TellNotAskedNotSupportedError
        # NGOpt and its kin choose another algorithm. With one worker and many genes that has been Cobyla, which
        # made no progress in 600 evaluations at 784 genes.
        chosen = getattr(self._optimiser, "optim", None)
        if chosen is not None and getattr(chosen, "no_parallelization", False):
            raise OptimiserError(f"it silently chose {chosen.name}, which makes no progress with many genes")

    def _ask(self, n: int) -> tuple[Array, Sequence[Any]]:
        candidates = [self._optimiser.ask() for _ in range(n)]
        return np.array([candidate.value for candidate in candidates]), candidates

    def _tell(self, rows: Array, handles: Sequence[Any], losses: Array) -> None:
        for row, handle, loss in zip(rows, handles, losses.tolist(), strict=True):
            if handle is not None:
                self._optimiser.tell(handle, loss)
                continue
            # Some of its algorithms learn from their own candidates only; to them a foreign row means nothing.
            with suppress(self._only_own):
                self._optimiser.tell(self._optimiser.parametrization.spawn_child(new_value=row), loss)
