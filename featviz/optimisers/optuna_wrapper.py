"""Optuna's samplers by name, one float a gene."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from featviz import checks
from featviz.errors import NameNotFound, OptimiserError
from featviz.latent import LatentDescription, Latents
from featviz.optimisers._replaying import ReplayingOptimiser
from featviz.text import visible

__all__ = ["OptunaOptimiser"]

Array = NDArray[np.float64]

# Name -> (class in optuna.samplers, most genes). Optuna makes a Python object of each gene of each trial and reads
# the old trials at each ask: 10 to 50 ms an evaluation at 256 genes and growing with every trial.
_SAMPLERS = {
    "CMA": ("CmaEsSampler", 256),
    "GP": ("GPSampler", 256),
    "NSGAII": ("NSGAIISampler", 1000),
    "NSGAIII": ("NSGAIIISampler", 1000),
    "QMC": ("QMCSampler", 1000),
    "Random": ("RandomSampler", 1000),
    "TPE": ("TPESampler", 500),
}
# A gene lies in [-5, 5]: a normal number lies outside once in 1.7 million.
_LIMIT = 5.0


class OptunaOptimiser(ReplayingOptimiser):
    """A sampler of optuna. It keeps every trial, and its cost an evaluation grows with trials and genes.

    Most samplers begin with uniform numbers: they search the normal quantile of each gene, so that uniform there is
    the prior here. CMA begins with normal ones: it searches the gene itself, with mean 0 and step 1.

    Args:
        latent: real genes only; 256 to 1,000 at most, by sampler.
        seed: 0 to 2**64 - 1.
        budget: checked, and not used.
        start: a batch of one latent that is asked for first.
        algorithm: "TPE", "CMA", "GP", "NSGAII", "NSGAIII", "QMC" or "Random".
        batch_size: rows asked for at a time; default 4 + floor(3 ln genes).

    Raises:
        NameNotFound: there is no such sampler.
        OptimiserError: it cannot be used with so many genes.
        MissingDependency: the sampler needs a package that is not there (GP: torch; CMA: cmaes).
    """

    name: ClassVar[str] = "optuna"
    _logger: ClassVar[str] = "optuna"

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
        if algorithm not in _SAMPLERS:
            raise NameNotFound(
                f"there is no optuna sampler {visible(algorithm)!r}. There are: {', '.join(_SAMPLERS)}."
                f"{checks.did_you_mean(algorithm, _SAMPLERS)}"
            )
        self._algorithm = algorithm
        super().__init__(latent, seed, budget, start, batch_size=batch_size)

    def _label(self) -> str:
        return f"optuna:{self._algorithm}"

    def _load(self) -> Any:
        import optuna  # noqa: PLC0415  slow, and not needed by the rest

        return optuna

    def _make(self) -> None:
        _, most = _SAMPLERS[self._algorithm]
        if self._genes > most:
            raise OptimiserError(
                f"it handles every gene of every trial as an object, which is hopeless beyond {most:,} genes, "
                f"and this space has {self._genes:,}"
            )
        from scipy.special import ndtr, ndtri  # noqa: PLC0415  not needed by the rest

        self._ndtr, self._ndtri = ndtr, ndtri
        low, high = self._to_params(np.array([-_LIMIT, _LIMIT])).tolist()
        self._names = [f"gene{i}" for i in range(self._genes)]
        self._ranges = {name: self._library.distributions.FloatDistribution(low, high) for name in self._names}
        self._study = self._library.create_study(sampler=self._sampler(), direction="minimize")
        if self._has_start:
            first = self._to_params(np.clip(self._start, -_LIMIT, _LIMIT))
            self._study.enqueue_trial(dict(zip(self._names, first.tolist(), strict=True)))

    def _sampler(self) -> Any:
        options: dict[str, Any] = {"seed": self._seed}
        if self._algorithm == "CMA":
            centre = np.clip(self._start, -_LIMIT, _LIMIT).tolist()
            options |= {"x0": dict(zip(self._names, centre, strict=True)), "sigma0": 1.0}
            options |= {"popsize": max(5, self._batch_size)}
        elif self._algorithm == "TPE":
            # Without it the rows of a batch, none told yet, would be drawn as if each were alone.
            options |= {"constant_liar": True}
        return getattr(self._library.samplers, _SAMPLERS[self._algorithm][0])(**options)

    def _to_params(self, genes: Array) -> Array:
        return genes if self._algorithm == "CMA" else np.asarray(self._ndtr(genes))

    def _ask(self, n: int) -> tuple[Array, Sequence[Any]]:
        trials = [self._study.ask(self._ranges) for _ in range(n)]
        params = np.array([[trial.params[name] for name in self._names] for trial in trials])
        return (params if self._algorithm == "CMA" else self._ndtri(params)), trials

    def _tell(self, rows: Array, handles: Sequence[Any], losses: Array) -> None:
        for row, handle, loss in zip(rows, handles, losses.tolist(), strict=True):
            if handle is not None:
                self._study.tell(handle, loss)
                continue
            inside = self._to_params(np.clip(row, -_LIMIT, _LIMIT)).tolist()
            params = dict(zip(self._names, inside, strict=True))
            self._study.add_trial(
                self._library.trial.create_trial(params=params, distributions=self._ranges, value=loss)
            )
