"""Where the latents lie for a Gaussian process: few genes of many, each in units of its prior's spread."""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from featviz.latent import LatentDescription, Latents
from featviz.optimisers._kernel import Points

__all__ = ["RANGE", "Coordinates"]

Array = NDArray[np.float64]

# The range of a uniform number of standard deviation 1.
RANGE = math.sqrt(12)
# Genes that follow slopes lie within so many standard deviations; far, where some are coarser, since the best pictures
# have far more contrast than the prior: within 6, 12, 20 and 40 the search reached .66, .78, .85 and .89 of the optimum
# of a digit classifier in 200 evaluations.
_FARTHEST, _FARTHEST_OF_COARSE = 6.0, 40.0
# The part of the prior beyond the ends of a gene that is searched by its quantile.
_TAIL = 1e-4
# Genes of rows about a start lie this part of the way from it.
_NEAR = 0.3


class Coordinates:
    """Latents as points, and back.

    The genes of a space whose small steps change nothing (columns of a table) are searched by their quantile, scaled to
    standard deviation 1, since most of them stand for uniform numbers; all others as they are.

    Args:
        latent: the description of the genes.
        most: where the space says which genes are coarse: how many of them are searched, the coarsest.
        base: the real genes that are not searched stand here, float64 (r,).
    """

    def __init__(self, latent: LatentDescription, most: int, base: Array) -> None:
        self._latent, self._base, self._by_quantile = latent, base, latent.stepwise
        scales = coarseness(latent)
        every = np.arange(latent.real)
        few = np.sort(np.argsort(-scales, kind="stable")[:most])
        self.weighted = len(scales) > 0 and bool(scales.min() < scales.max())
        self._searched = few if self.weighted else every
        self.weights: Array = scales[self._searched]
        self.limit = RANGE / 2 if self._by_quantile else _FARTHEST_OF_COARSE if self.weighted else _FARTHEST

    @property
    def real(self) -> int:
        """How many real genes are searched."""
        return len(self._searched)

    def points(self, latents: Latents) -> Points:
        """The points of n latents."""
        real = latents.real[:, self._searched]
        # Rows that others bring may lie anywhere, and squares of huge numbers have no place in a covariance.
        near = RANGE * (ndtr(real) - 0.5) if self._by_quantile else np.clip(real, -2 * self.limit, 2 * self.limit)
        return Points(near, latents.categorical)

    def latents(self, points: Points) -> Latents:
        """The latents of n points, equal ones for equal inputs where the space knows which are."""
        real = np.tile(self._base, (len(points.codes), 1))
        quantiles = np.clip(points.real / RANGE + 0.5, _TAIL, 1 - _TAIL)
        real[:, self._searched] = ndtri(quantiles) if self._by_quantile else points.real
        return self.canonical(Latents(real, points.codes.astype(np.int64)))

    def canonical(self, latents: Latents) -> Latents:
        """The same inputs, equal latents for equal inputs."""
        return latents if self._latent.canonical is None else self._latent.canonical(latents)

    def design(self, rng: np.random.Generator, n: int) -> Latents:
        """``n`` feasible latents that spread over the prior: a Latin hypercube, where genes do not depend on others.

        McKay, Beckman & Conover 1979, "A comparison of three methods for selecting values of input variables".
        """
        latent = self._latent
        if latent.prior is not None:
            return self.canonical(latent.sample(rng, n))
        d, c = self.real, len(latent.options)
        strata = rng.permuted(np.tile(np.arange(n)[:, None], (1, d + c)), axis=0)
        parts = np.clip((strata + rng.random((n, d + c))) / n, _TAIL, 1 - _TAIL)
        codes = np.empty((n, c), dtype=np.int64)
        for gene, p in enumerate(latent.probabilities):
            cumulated = np.cumsum(p)
            codes[:, gene] = np.searchsorted(cumulated / cumulated[-1], parts[:, d + gene], side="right")
        real = np.tile(self._base, (n, 1))
        real[:, self._searched] = ndtri(parts[:, :d])
        found = self.canonical(Latents(real, codes))
        if latent.feasible is None:
            return found
        fine = latent.feasible(found)
        return Latents.concatenate([found[fine], self.canonical(latent.sample(rng, int((~fine).sum())))])

    def about(self, start: Latents, design: Latents) -> Latents:
        """As many rows as ``design``: ``start``, a batch of one, what lies near it, and half of the design."""
        near = design.copy()
        near.real[:] = start.real + _NEAR * (design.real - start.real)
        every = np.arange(near.categorical.size).reshape(near.categorical.shape)
        near.categorical[:] = np.where(every % 3 < 2, start.categorical, design.categorical)
        near = self.canonical(near)
        chosen = np.arange(len(design)) % 2 == 0
        if self._latent.feasible is not None:
            chosen &= self._latent.feasible(near)
            if not self._latent.feasible(start)[0]:
                return Latents.concatenate([near[chosen], design[~chosen]])
        return Latents.concatenate([start, near[chosen][1:], design[~chosen]])[: len(design)]


def coarseness(latent: LatentDescription) -> Array:
    """The scale of each real gene: the space's, or by the stages in which it wants them searched, or 1."""
    if latent.scales is not None:
        return latent.scales
    scales = np.ones(latent.real)
    for stage in reversed(latent.stages):
        scales[stage] = len(latent.stages[0]) / len(stage)
    return scales
