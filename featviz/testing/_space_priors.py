"""What the prior of a space must be: valid samples, and the distribution that its description declares."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.batches import batch_length
from featviz.latent import Latents
from featviz.protocols import SearchSpace
from featviz.search_spaces.joining import JointPrior
from featviz.testing._inputs import ROWS, drawn, expect, near

__all__ = ["check_canonical", "check_prior", "check_samples_are_valid", "check_settled"]

# Draws for a test of distribution, fewer where genes are many, and genes that are tested.
_DRAWS, _FEWEST, _NUMBERS, _GENES = 2_000, 200, 1_000_000, 24
# The seed is fixed, so a space that keeps its word passes always or never: once in 10^9 tests never.
_LEVEL = 1e-9
# The chi-squared distribution is that of counts which are not too small.
_COUNT = 5.0
# Far out of the prior, in its standard deviations.
_FAR = 20.0


def check_samples_are_valid(space: SearchSpace) -> None:
    """The prior draws as many latents as asked for, the same ones from the same generator, all of them feasible."""
    for n in (0, 1, 64):
        latents = drawn(space, 1, n)
        space.latent.check(latents)
        expect(len(latents) == n, f"{n} latents were asked for, and {len(latents)} drawn.")
        expect(bool(np.isfinite(latents.real).all()), "the prior draws real genes that are not finite.")
        expect(
            latents.digest() == drawn(space, 1, n).digest(), "the prior draws other latents from the same generator."
        )
        feasible = space.latent.feasible
        if feasible is None:
            continue
        before = latents.digest()
        ok = feasible(latents)
        good = isinstance(ok, np.ndarray) and ok.dtype == np.bool_ and ok.shape == (n,)
        expect(good, f"feasible must return {n} truth values in an array.")
        expect(bool(ok.all()), "a sample of the space is not valid.")
        expect(latents.digest() == before, "feasible changed its latents.")
    expect(batch_length(space.decode_latents(drawn(space, 1, 64))) == 64, "64 samples are not decoded as 64 inputs.")


def check_prior(space: SearchSpace) -> None:
    """What is drawn has the declared prior, before constraints rule any out; and log densities are numbers.

    Real genes are held against the standard normal distribution (Kolmogorov and Smirnov), options against their
    probabilities (chi-squared), and the log density of every sample must be finite.
    """
    prior = space.latent.prior
    if isinstance(prior, JointPrior):
        prior = prior.unconstrained()
    latent = replace(space.latent, feasible=None, prior=prior)
    n = int(np.clip(_NUMBERS // latent.genes, _FEWEST, _DRAWS))
    # A function that makes an object for each record takes longer than an array of numbers.
    latents = latent.sample(np.random.default_rng(2), _FEWEST if latent.records else n)
    for gene in _some(latent.real):
        _expect_normal(latents.real[:, gene], gene)
    for gene in _some(len(latent.options)):
        _expect_options(latents.categorical[:, gene], latent.probabilities[gene], gene)
    _check_density(space, latents[:ROWS])


def check_canonical(space: SearchSpace) -> None:
    """Canonical latents, where a space has them, stand for the same inputs, and are their own canonical ones."""
    canonical = space.latent.canonical
    if canonical is None:
        return
    latents = drawn(space, 6, 64)
    before = latents.digest()
    reduced = canonical(latents)
    expect(latents.digest() == before, "canonical changed its latents.")
    space.latent.check(reduced)
    expect(
        near(space.decode_latents(reduced), space.decode_latents(latents)), "canonical latents stand for other inputs."
    )
    expect(canonical(reduced).digest() == reduced.digest(), "the canonical form of canonical latents is another.")


def check_settled(space: SearchSpace) -> None:
    """Settled latents, where a space has them, are new and finite, and each row's own."""
    settled = space.latent.settled
    if settled is None:
        return
    latents = drawn(space, 7, 16)
    latents.real[8:] *= _FAR
    before = latents.digest()
    nearer = settled(latents)
    expect(latents.digest() == before, "settled changed its latents.")
    space.latent.check(nearer)
    expect(bool(np.isfinite(nearer.real).all()), "settled genes are not finite.")
    alone = np.concatenate([settled(latents[row : row + 1]).real for row in range(len(latents))])
    expect(near(alone, nearer.real), "settled latents depend on the others in their batch.")


def _check_density(space: SearchSpace, latents: Latents) -> None:
    density = space.latent.log_prior(latents)
    expect(np.shape(density) == (len(latents),), f"the log density must have shape {(len(latents),)}.")
    expect(bool(np.isfinite(density).all()), f"what the prior draws has the log density {density}.")
    alone = [space.latent.log_prior(latents[row : row + 1])[0] for row in range(len(latents))]
    expect(bool(np.allclose(density, alone)), "the log density of a latent depends on the others in its batch.")


def _some(count: int) -> NDArray[np.intp]:
    """Genes spread over all of them."""
    return np.unique(np.linspace(0, max(count - 1, 0), min(count, _GENES)).astype(np.intp))


def _expect_normal(genes: NDArray[np.float64], gene: int) -> None:
    from scipy.stats import kstest  # noqa: PLC0415  slow to import

    p: Any = kstest(genes, "norm").pvalue
    expect(
        bool(p > _LEVEL),
        f"real gene {gene} is not standard normal: mean {genes.mean():.3g} and standard deviation {genes.std():.3g} "
        f"over {len(genes):,} draws.",
    )


def _expect_options(chosen: NDArray[np.int64], probabilities: NDArray[np.float64], gene: int) -> None:
    from scipy.stats import chisquare  # noqa: PLC0415  slow to import

    n = len(chosen)
    counts = np.bincount(chosen, minlength=len(probabilities)).astype(np.float64)
    expect(not counts[probabilities == 0].any(), f"categorical gene {gene} takes an option whose probability is 0.")
    order = np.argsort(probabilities, kind="stable")
    # The rarest options are counted together until enough of them are expected, at most one group.
    rare = np.cumsum(probabilities[order]) * n < _COUNT
    rare |= probabilities[order] * n < _COUNT
    together, alone = order[rare], order[~rare]
    seen = np.append(counts[alone], counts[together].sum())
    expected = np.append(probabilities[alone], probabilities[together].sum()) * n
    seen, expected = seen[expected > 0], expected[expected > 0]
    if len(seen) > 1:
        p: Any = chisquare(seen, expected * seen.sum() / expected.sum()).pvalue
        expect(bool(p > _LEVEL), f"categorical gene {gene} does not take its options as often as it declares.")
