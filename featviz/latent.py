"""The latent: what a space declares and an optimiser searches.

A latent has real genes, each with a standard-normal prior, and categorical genes, each with its own number of
options and prior probabilities. Spaces decode latents, optimisers propose them; neither knows the other.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.errors import InvalidArgument, LatentShapeError

__all__ = ["MAX_GENES", "LatentDescription", "Latents"]

# 8 bytes a gene: a batch of 20 such latents is 1.6 GB. More is a mistake in a shape, not a search.
MAX_GENES = 10_000_000
_LOG_2PI = float(np.log(2 * np.pi))


@dataclass(frozen=True, eq=False, slots=True)
class Latents:
    """A batch of n latents.

    Args:
        real: float64 array of shape (n, r): the real genes. Prior: standard normal.
        categorical: int64 array of shape (n, c): the chosen option of each categorical gene.
    """

    real: NDArray[np.float64]
    categorical: NDArray[np.int64]

    @classmethod
    def of_real(cls, real: NDArray[np.float64]) -> "Latents":
        """Latents with real genes only. ``real`` has shape (n, r) and is not copied."""
        return cls(real, np.empty((len(real), 0), dtype=np.int64))

    def __len__(self) -> int:
        return len(self.real)

    def __getitem__(self, rows: slice | Sequence[int] | NDArray[Any]) -> "Latents":
        """The latents at ``rows`` (a slice, indices, or a mask), as a batch."""
        if isinstance(rows, tuple):  # which numpy would read as a row and a column
            rows = list(rows)
        return Latents(self.real[rows], self.categorical[rows])

    def __iter__(self) -> Iterator["Latents"]:
        """Each latent as a batch of one."""
        return (self[i : i + 1] for i in range(len(self)))

    def copy(self) -> "Latents":
        """A batch that shares no memory with this one."""
        return Latents(self.real.copy(), self.categorical.copy())

    def digest(self) -> bytes:
        """16 bytes that differ when any gene differs in any bit."""
        h = hashlib.blake2b(digest_size=16)
        h.update(np.array([self.real.shape, self.categorical.shape], dtype="<i8").tobytes())
        h.update(np.ascontiguousarray(self.real, dtype="<f8").data)
        h.update(np.ascontiguousarray(self.categorical, dtype="<i8").data)
        return h.digest()

    @staticmethod
    def concatenate(batches: Sequence["Latents"]) -> "Latents":
        """One batch from several."""
        return Latents(np.concatenate([b.real for b in batches]), np.concatenate([b.categorical for b in batches]))


@dataclass(frozen=True, eq=False)
class LatentDescription:
    """The kinds and numbers of genes of a space, with their prior.

    Args:
        real: number of real genes, each with a standard-normal prior.
        options: for each categorical gene, its number of options (at least 2).
        probabilities: for each categorical gene, the prior probabilities of its options; uniform when left out.
    """

    real: int
    options: tuple[int, ...] = ()
    probabilities: tuple[NDArray[np.float64], ...] = field(default=())

    def __post_init__(self) -> None:
        total = self.real + len(self.options)
        if self.real < 0 or total < 1:
            raise InvalidArgument("a latent needs at least one gene.")
        if total > MAX_GENES:
            raise InvalidArgument(f"a latent may have {MAX_GENES:,} genes at most, but {total:,} were asked for.")
        if any(not 2 <= count <= MAX_GENES for count in self.options):
            raise InvalidArgument(f"a categorical gene needs from 2 to {MAX_GENES:,} options.")
        if not self.probabilities:
            uniform = {count: np.full(count, 1.0 / count) for count in set(self.options)}
            object.__setattr__(self, "probabilities", tuple(uniform[count] for count in self.options))
        if len(self.probabilities) != len(self.options):
            raise InvalidArgument(
                "prior probabilities must be given for every categorical gene or for none, "
                f"but {len(self.probabilities)} came for {len(self.options)} genes."
            )
        for count, p in zip(self.options, self.probabilities, strict=True):
            # Written so that NaN fails.
            if p.shape != (count,) or not (p >= 0).all() or not abs(float(p.sum()) - 1) <= 1e-9:
                raise InvalidArgument("prior probabilities must be one non-negative number an option, with sum 1.")

    @property
    def genes(self) -> int:
        """The number of genes of both kinds."""
        return self.real + len(self.options)

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of genes that occur: of "real" and "categorical"."""
        return frozenset(k for k, n in (("real", self.real), ("categorical", len(self.options))) if n)

    def sample(self, rng: np.random.Generator, n: int) -> Latents:
        """``n`` latents drawn from the prior."""
        real = rng.standard_normal((n, self.real))
        categorical = np.empty((n, len(self.options)), dtype=np.int64)
        for gene, p in enumerate(self.probabilities):
            # Divided by the last sum, which may round to just under 1: so no draw, always below 1, falls behind the
            # last option that has a probability.
            cumulative = np.cumsum(p)
            categorical[:, gene] = np.searchsorted(cumulative / cumulative[-1], rng.random(n), side="right")
        return Latents(real, categorical)

    def log_prior(self, latents: Latents) -> NDArray[np.float64]:
        """The log density (real genes) plus log probability (categorical genes) of each latent; shape (n,)."""
        self.check(latents)
        total: NDArray[np.float64] = -0.5 * (np.einsum("ij,ij->i", latents.real, latents.real) + self.real * _LOG_2PI)
        for gene, p in enumerate(self.probabilities):
            with np.errstate(divide="ignore"):
                total += np.log(p)[latents.categorical[:, gene]]
        return total

    def check(self, latents: Latents) -> None:
        """Raise :class:`LatentShapeError` unless ``latents`` fit this description."""
        want = (self.real, len(self.options))
        real, categorical = latents.real, latents.categorical
        if real.ndim != 2 or categorical.ndim != 2 or (real.shape[1], categorical.shape[1]) != want:
            raise LatentShapeError(
                f"expected latents of {want[0]} real and {want[1]} categorical genes a row, "
                f"but they have shapes {real.shape} and {categorical.shape}."
            )
        if len(real) != len(categorical):
            raise LatentShapeError(f"{len(real)} rows of real genes came with {len(categorical)} of categorical ones.")
        if want[1] and len(latents):
            low, high = categorical.min(axis=0), categorical.max(axis=0)
            if (low < 0).any() or (high >= np.asarray(self.options)).any():
                raise LatentShapeError("a categorical gene holds an option that does not exist.")
