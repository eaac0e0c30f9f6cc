"""Genes of every kind, for the contract of optimisers."""

import numpy as np
from numpy.typing import NDArray

from featviz.latent import LatentDescription, Latents, Move, Record
from featviz.optimisers import make_optimiser

__all__ = ["BUDGET", "GENES", "allowed", "description_of"]

GENES = 8
BUDGET = 600


def description_of(name: str) -> LatentDescription:
    """Genes of every kind that the optimiser accepts."""
    real = LatentDescription(GENES)
    kinds = make_optimiser(name, real, budget=BUDGET).optimiser.accepts
    options = (3, 5, 2) if "categorical" in kinds else ()
    if "records" not in kinds:
        return LatentDescription(GENES, options)
    moves = (Move("another choice", _other_choice), Move("another length", _other_length))
    return LatentDescription(GENES, options, records=1, prior=_Prior(LatentDescription(GENES, options)), moves=moves)


class _Prior:
    """Independent genes, and a record of 2 to 6 choices of 0 to 3."""

    def __init__(self, genes: LatentDescription) -> None:
        self._genes = genes

    def sample(self, rng: np.random.Generator, n: int) -> Latents:
        lengths = rng.integers(2, 7, size=n).tolist()
        records = Latents.of_records([_record(rng.integers(4, size=length).tolist()) for length in lengths])
        return Latents.beside([self._genes.sample(rng, n), records])

    def log_density(self, latents: Latents) -> NDArray[np.float64]:
        genes = Latents(latents.real, latents.categorical)
        lengths = np.array([len(record) for record in latents.records[:, 0]])
        return np.asarray(self._genes.log_prior(genes) - np.log(5) - lengths * np.log(4))


def _record(choices: list[int]) -> Record:
    return tuple((f"choice {i}", choice) for i, choice in enumerate(choices))


def _other_choice(parents: Latents, _mates: Latents, rng: np.random.Generator) -> Latents:
    children = parents.copy()
    for row, record in enumerate(parents.records[:, 0]):
        choices = [choice for _, choice in record]
        choices[int(rng.integers(len(choices)))] = int(rng.integers(4))
        children.records[row, 0] = _record(choices)
    return children


def _other_length(parents: Latents, _mates: Latents, rng: np.random.Generator) -> Latents:
    children = parents.copy()
    for row, record in enumerate(parents.records[:, 0]):
        choices = [*(choice for _, choice in record), *rng.integers(4, size=4).tolist()]
        children.records[row, 0] = _record(choices[: int(rng.integers(2, 7))])
    return children


def allowed(latents: Latents) -> NDArray[np.bool_]:
    """Which latents are feasible, of a space that has a constraint."""
    return np.asarray(latents.real[:, 0] < 0.1)
