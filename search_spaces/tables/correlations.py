"""Fitting a Gaussian copula: from the rank correlations of data, ties and all, to those of normal genes."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Ranks", "fitted_correlation", "nearest_correlation", "order_of_options", "ranks_of"]

# Hermite coefficients kept of each column. What is cut off matters at correlations next to 1 only.
_COEFFICIENTS = 60
# Steps in which the distribution of a column is described; a value more frequent than one step keeps its own.
_STEPS = 300
_GRID = np.linspace(-0.999, 0.999, 201)
# The smallest eigenvalue that a matrix of correlations is let have, so that densities are finite.
_FLOOR = 1e-3
_DIGITS = 6


@dataclass(frozen=True, eq=False)
class Ranks:
    """What of a column matters for rank correlations.

    Args:
        standard: float64 of shape (rows,): mid-ranks with mean 0 and variance 1; 0 where missing.
        there: bool of shape (rows,): where it is not missing.
        hermite: float64 of shape (60,): the coefficients of the standardised mid-rank as a function of a normal gene.
    """

    standard: NDArray[np.float64]
    there: NDArray[np.bool_]
    hermite: NDArray[np.float64]


def ranks_of(codes: NDArray[np.float64]) -> Ranks:
    """The ranks of a column of numbers of shape (rows,), at least two of them distinct; NaN where missing."""
    there = ~np.isnan(codes)
    _, inverse, counts = np.unique(codes[there], return_inverse=True, return_counts=True)
    p = counts / counts.sum()
    ends = np.cumsum(p)
    middles = ends - p / 2
    spread = float(np.sqrt((1 - (p**3).sum()) / 12))
    standard = np.zeros(len(codes))
    standard[there] = (middles[inverse] - 0.5) / spread
    return Ranks(standard, there, _hermite(ends, spread))


def fitted_correlation(columns: list[Ranks]) -> NDArray[np.float64]:
    """The correlations of normal genes under which columns have the rank correlations of the data; shape (d, d).

    For columns without ties that is r = 2 sin(pi s / 6) (Pearson 1907), s being Spearman's correlation. A column with
    ties (levels, truth values, many zeros) is a step function of its gene, which has a weaker rank correlation than the
    gene itself; it is undone by Mehler's formula: the correlation of f(X) and g(Y) is the sum over k of a_k b_k r^k, a
    and b being the coefficients of f and g in normalised Hermite polynomials. The result is made positive definite.
    """
    standard = np.column_stack([column.standard for column in columns])
    there = np.column_stack([column.there for column in columns]).astype(np.float64)
    # Rows in which both columns are there; exact where nothing is missing.
    squares = (standard**2).T @ there
    scale = np.sqrt(squares * squares.T)
    ranks = np.divide(standard.T @ standard, scale, out=np.zeros_like(scale), where=scale > 0)
    hermite = np.stack([column.hermite for column in columns])
    powers = _GRID[None, :] ** np.arange(1, _COEFFICIENTS + 1)[:, None]
    found = np.stack([_inverted(own * hermite, powers, row) for own, row in zip(hermite, ranks, strict=True)])
    return nearest_correlation((found + found.T) / 2)


def nearest_correlation(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """A correlation matrix near ``matrix`` whose eigenvalues are at least about .001; numbers of 6 decimals.

    Eigenvalues below are raised and the diagonal is made 1 again (Rebonato and Jaeckel 1999).
    """
    found = matrix.copy()
    np.fill_diagonal(found, 1.0)
    values, vectors = np.linalg.eigh(found)
    if values[0] < _FLOOR:
        found = (vectors * np.maximum(values, _FLOOR)) @ vectors.T
        size = np.sqrt(np.diag(found))
        found = found / np.outer(size, size)
    found = np.round((found + found.T) / 2, _DIGITS)
    np.fill_diagonal(found, 1.0)
    return found


def order_of_options(places: NDArray[np.float64], count: int, others: list[Ranks]) -> NDArray[np.int64]:
    """An order of options without one of their own in which they go best with the other columns.

    Args:
        places: of shape (rows,), the option in each row, NaN where missing.
        count: how many options there are; each occurs.
        others: the ranks of columns that have an order.

    Returns:
        The options from first to last: by their scores on the main direction in which the mean ranks of the other
        columns differ among them (as in correspondence analysis); the most frequent first where there are no others.
    """
    there = ~np.isnan(places)
    chosen = places[there].astype(np.int64)
    frequency = np.bincount(chosen, minlength=count).astype(np.float64)
    by_frequency = np.argsort(-frequency, kind="stable")
    if not others:
        return by_frequency
    sums = np.column_stack([np.bincount(chosen, column.standard[there], count) for column in others])
    means = sums / np.maximum(frequency, 1)[:, None]
    means -= frequency @ means / frequency.sum()
    scores, size, _ = np.linalg.svd(np.sqrt(frequency)[:, None] * means, full_matrices=False)
    if not size[0] > 0:
        return by_frequency
    main: NDArray[Any] = scores[:, 0] / np.sqrt(np.maximum(frequency, 1))
    main *= np.sign(main[np.argmax(np.abs(main))])
    return np.argsort(np.round(main, 9), kind="stable")


def _hermite(ends: NDArray[np.float64], spread: float) -> NDArray[np.float64]:
    """Coefficients of the standardised mid-rank in normalised Hermite polynomials of a normal gene, from the first."""
    from scipy.special import ndtri  # noqa: PLC0415  slow to import

    # Neighbours of small probability are taken together, so that few steps describe any column.
    _, first = np.unique(np.floor(ends[:-1] * _STEPS), return_index=True)
    kept = ends[:-1][first]
    edges = np.concatenate([[0.0], kept, [1.0]])
    p = np.diff(edges)
    jumps = (p[1:] + p[:-1]) / 2 / spread
    t = ndtri(kept)
    weights = jumps * np.exp(-0.5 * t**2) / np.sqrt(2 * np.pi)
    before, now = np.zeros_like(t), np.ones_like(t)
    found = np.empty(_COEFFICIENTS)
    for k in range(1, _COEFFICIENTS + 1):
        found[k - 1] = weights @ now / np.sqrt(k)
        before, now = now, (t * now - np.sqrt(k - 1) * before) / np.sqrt(k)
    return found


def _inverted(products: NDArray[np.float64], powers: NDArray[np.float64], wanted: NDArray[np.float64]) -> Any:
    """For each row of ``products`` the correlation at which its series is ``wanted``, shape (d,)."""
    curves = products @ powers
    rows = np.arange(len(wanted))
    after = np.clip((curves < wanted[:, None]).sum(axis=1), 1, len(_GRID) - 1)
    low, high = curves[rows, after - 1], curves[rows, after]
    part = np.clip(np.divide(wanted - low, high - low, out=np.zeros_like(low), where=high > low), 0, 1)
    return _GRID[after - 1] + part * (_GRID[after] - _GRID[after - 1])
