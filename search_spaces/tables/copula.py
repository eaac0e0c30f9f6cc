"""The Gaussian copula: the joint prior of the columns of a table."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz import checks
from featviz.errors import InvalidArgument, WrongType
from featviz.latent import Latents
from featviz.search_spaces.quantities import normal_of, quantile_of
from featviz.text import shown

__all__ = ["Copula", "matrix_of"]

_LOG_2PI = float(np.log(2 * np.pi))
_SMALLEST = 1e-300


class Copula:
    """Normal numbers with given correlations, one behind each gene.

    The number behind a real gene is the gene. The one behind a categorical gene is cut where the normal distribution
    reaches the cumulated probabilities of the options, in their order. So every gene has its own prior, and ranks of
    columns go together as the correlations say (Song 2000, "Multivariate dispersion models generated from Gaussian
    copula"; Sklar 1959).

    Args:
        correlation: float64 of shape (d, d), positive definite with ones on the diagonal: the real genes first.
        real: how many genes are real.
        probabilities: of the options of each categorical gene.

    Raises:
        InvalidArgument: if it is no such matrix.
    """

    def __init__(
        self, correlation: NDArray[np.float64], real: int, probabilities: Sequence[NDArray[np.float64]]
    ) -> None:
        d = real + len(probabilities)
        if correlation.shape != (d, d):
            raise InvalidArgument(
                f"correlation must have a row and a column for each of the {d} genes, but its shape is "
                f"{correlation.shape}."
            )
        good = np.isfinite(correlation).all() and np.array_equal(correlation, correlation.T)
        if not good or not (np.diag(correlation) == 1).all():
            raise InvalidArgument("correlation must be symmetric, with ones on the diagonal.")
        try:
            self._root = np.linalg.cholesky(correlation)
        except np.linalg.LinAlgError:
            raise InvalidArgument("correlation must be positive definite: no data have these correlations.") from None
        self.correlation = correlation
        self.real = real
        self._precision = np.linalg.inv(correlation)
        edges = [np.concatenate([[0.0], np.cumsum(p)[:-1] / np.cumsum(p)[-1], [1.0]]) for p in probabilities]
        self._edges = [_normal(edge) for edge in edges]
        self._middles = [normal_of((edge[:-1] + edge[1:]) / 2) for edge in edges]

    def sample(self, rng: np.random.Generator, n: int) -> Latents:
        """``n`` latents."""
        return self.latents(rng.standard_normal((n, len(self._root))) @ self._root.T)

    def log_density(self, latents: Latents) -> NDArray[np.float64]:
        """Shape (n,): the normal log density of the real genes, and the log probability of each option given them.

        The first is exact. The second adds up the categorical genes one by one, each with its exact probability given
        all real genes, and leaves out how categorical genes depend on each other beyond that: the probability of all of
        them together is an integral over a box that has no formula.
        """
        r, z = self.real, latents.real
        root, weights, spread = self._given_real
        solved = np.linalg.solve(root, z.T) if r else np.zeros((0, len(z)))
        total = -0.5 * (np.einsum("ij,ij->j", solved, solved) + r * _LOG_2PI) - float(np.log(np.diag(root)).sum())
        means = z @ weights
        for gene, edges in enumerate(self._edges):
            chosen = latents.categorical[:, gene]
            low = (edges[chosen] - means[:, gene]) / spread[gene]
            high = (edges[chosen + 1] - means[:, gene]) / spread[gene]
            # In the upper tail the difference of two numbers next to 1 would be 0.
            flipped = low > 0
            low, high = np.where(flipped, -high, low), np.where(flipped, -low, high)
            total += np.log(np.maximum(quantile_of(high) - quantile_of(low), _SMALLEST))
        return np.asarray(total)

    def numbers(self, latents: Latents) -> NDArray[np.float64]:
        """The numbers behind genes, shape (n, d): of an option the median of those that stand for it."""
        behind = [middles[latents.categorical[:, gene], None] for gene, middles in enumerate(self._middles)]
        return np.hstack([latents.real, *behind])

    def latents(self, numbers: NDArray[np.float64]) -> Latents:
        """The genes for numbers of shape (n, d)."""
        categorical = np.empty((len(numbers), len(self._edges)), dtype=np.int64)
        for gene, edges in enumerate(self._edges):
            categorical[:, gene] = np.searchsorted(edges[1:-1], numbers[:, self.real + gene], side="right")
        return Latents(numbers[:, : self.real].copy(), categorical)

    def redrawn(self, latents: Latents, genes: NDArray[np.int64], rng: np.random.Generator) -> Latents:
        """A copy in which one gene of each row is drawn from its distribution given the others.

        Args:
            latents: n rows.
            genes: int64 of shape (n,): which gene, a real one or (from ``real`` on) a categorical one.
            rng: the generator.
        """
        z = self.numbers(latents)
        rows = np.arange(len(z))
        precision = self._precision[genes]
        own = precision[rows, genes]
        drawn = z[rows, genes] - np.einsum("ij,ij->i", precision, z) / own
        drawn += rng.standard_normal(len(z)) / np.sqrt(own)
        children = latents.copy()
        is_real = genes < self.real
        children.real[rows[is_real], genes[is_real]] = drawn[is_real]
        for gene in np.unique(genes[~is_real]) - self.real:
            where = genes == self.real + gene
            children.categorical[where, gene] = np.searchsorted(self._edges[gene][1:-1], drawn[where], side="right")
        return children

    @cached_property
    def _given_real(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """The root of the real genes' correlations; means and spreads of the categorical numbers given them."""
        r, matrix = self.real, self.correlation
        weights = np.linalg.solve(matrix[:r, :r], matrix[:r, r:])
        spread = np.sqrt(np.maximum(1 - np.einsum("ij,ij->j", matrix[:r, r:], weights), 1e-9))
        return np.asarray(np.linalg.cholesky(matrix[:r, :r])), np.asarray(weights), np.asarray(spread)


def matrix_of(given: Any) -> NDArray[np.float64]:
    """A square matrix from one, or from the rows of its lower triangle.

    Raises:
        WrongType, InvalidArgument: if it is neither.
    """
    if isinstance(given, str) or not isinstance(given, Sequence | np.ndarray):
        raise WrongType(f"correlation must be a matrix, but it is {shown(given)}.")
    rows = [row.tolist() if isinstance(row, np.ndarray) else row for row in given]
    d = len(rows)
    if not all(isinstance(row, Sequence) and not isinstance(row, str) for row in rows):
        raise WrongType("correlation must be a list of lists of numbers.")
    widths = [len(row) for row in rows]
    is_triangle = widths == list(range(1, d + 1))
    if not is_triangle and widths != [d] * d:
        raise InvalidArgument(
            f"correlation must be square, or a lower triangle, but its {d} rows have {widths} numbers."
        )
    found = np.zeros((d, d))
    for place, row in enumerate(rows):
        found[place, : len(row)] = [checks.finite("each correlation", number, -1, 1) for number in row]
    return np.tril(found) + np.tril(found, -1).T if is_triangle else found


def _normal(quantiles: NDArray[np.float64]) -> NDArray[np.float64]:
    edges = normal_of(quantiles)
    edges[0], edges[-1] = -np.inf, np.inf
    return edges
