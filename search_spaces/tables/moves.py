"""Search operators for rows of a table; each changes whole columns, most often one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.latent import LatentDescription, Latents, Move
from featviz.search_spaces.quantities import Integer, normal_of
from featviz.search_spaces.tables.columns import Column
from featviz.search_spaces.tables.copula import Copula
from featviz.search_spaces.tables.wrapped import Rounded

__all__ = ["moves_of"]

# Up to so many values of a column are all steps of a ladder; of more, so many quantiles.
_MOST_STEPS = 256
_QUANTILES = 100
# The chance of each further column to go back to the reference's value with the first.
_MORE = 0.2


@dataclass(frozen=True, eq=False)
class _Ladder:
    """The distinct values of a column, or some of them, in their order, with a gene for each."""

    values: NDArray[np.float64]
    genes: NDArray[np.float64]
    column: Column

    def next(self, genes: NDArray[np.float64], up: NDArray[np.bool_]) -> NDArray[np.float64]:
        """The genes of the next values, shape (n,); at either end the way back is taken."""
        now = _numbers(self.column, genes)
        tolerance = 1e-9 * (self.values[-1] - self.values[0])
        above = np.searchsorted(self.values, now + tolerance, side="right")
        below = np.searchsorted(self.values, now - tolerance, side="left") - 1
        last = len(self.values) - 1
        found = np.where((up & (above <= last)) | (below < 0), above, below)
        return np.asarray(self.genes[np.clip(found, 0, last)])


def moves_of(
    columns: Mapping[str, Column], whole: LatentDescription, copula: Copula | None, reference: Latents | None
) -> tuple[Move, ...]:
    """The moves of a table.

    Args:
        columns: that are searched.
        whole: the latent of them all.
        copula: how they depend on each other; None where they do not.
        reference: the genes of the reference row, a batch of one; None without one.
    """
    d = whole.real + len(whole.options)
    joint = copula or Copula(np.eye(d), whole.real, whole.probabilities)
    owners = _owners(columns)
    ladders = [_ladder(column) for column in columns.values() if column.base_latent and column.base_latent.real]
    options = np.array(whole.options, dtype=np.int64)

    def resample(parents: Latents, mates: Latents, rng: np.random.Generator) -> Latents:  # noqa: ARG001
        return joint.redrawn(parents, rng.integers(d, size=len(parents)), rng)

    def borrow(parents: Latents, mates: Latents, rng: np.random.Generator) -> Latents:
        n, k = len(parents), len(columns)
        taken = rng.random((n, k)) < rng.random((n, 1)) / 2
        taken[np.arange(n), rng.integers(k, size=n)] = True
        return _mixed(parents, mates, taken, owners)

    def step(parents: Latents, mates: Latents, rng: np.random.Generator) -> Latents:  # noqa: ARG001
        n = len(parents)
        genes, up = rng.integers(d, size=n), rng.random(n) < 0.5
        shift = rng.random(n)
        children = parents.copy()
        for gene in np.unique(genes):
            rows = np.flatnonzero(genes == gene)
            if gene < whole.real:
                children.real[rows, gene] = ladders[gene].next(parents.real[rows, gene], up[rows])
            else:
                count = options[gene - whole.real]
                further = 1 + np.floor(shift[rows] * (count - 1)).astype(np.int64)
                children.categorical[rows, gene - whole.real] += further
                children.categorical[rows, gene - whole.real] %= count
        return children

    moves = [
        Move("resample a column given the others", resample),
        Move("copy columns of another row", borrow),
        Move("step to the next value of a column", step),
    ]
    if reference is not None:
        moves.append(Move("set columns back to the reference", _back_to(reference, owners), weight=2.0))
    return tuple(moves)


@dataclass(frozen=True, eq=False)
class _Owners:
    """Which genes each of k columns has: bool of shapes (k, r) and (k, c)."""

    real: NDArray[np.bool_]
    categorical: NDArray[np.bool_]


def _back_to(reference: Latents, owners: _Owners) -> Any:
    def back(parents: Latents, mates: Latents, rng: np.random.Generator) -> Latents:  # noqa: ARG001
        n = len(parents)
        differ = (parents.real != reference.real) @ owners.real.T
        differ |= (parents.categorical != reference.categorical) @ owners.categorical.T
        order = np.where(differ, rng.random(differ.shape), -1.0)
        taken = rng.random(differ.shape) < _MORE
        taken[np.arange(n), order.argmax(axis=1)] = True
        return _mixed(parents, reference[np.zeros(n, dtype=np.intp)], taken & differ, owners)

    return back


def _mixed(rows: Latents, others: Latents, taken: NDArray[np.bool_], owners: _Owners) -> Latents:
    """``rows`` with the columns that are ``taken``, bool of shape (n, k), from ``others``."""
    return Latents(
        np.where(taken @ owners.real, others.real, rows.real),
        np.where(taken @ owners.categorical, others.categorical, rows.categorical),
        rows.records.copy(),
    )


def _owners(columns: Mapping[str, Column]) -> _Owners:
    counts = [(part.variable.latent.real, len(part.variable.latent.options)) for part in columns.values()]
    reals, categoricals = (np.array(kind) for kind in zip(*counts, strict=True))
    places = np.arange(len(counts))
    return _Owners(
        places[:, None] == np.repeat(places, reals)[None, :],
        places[:, None] == np.repeat(places, categoricals)[None, :],
    )


def _ladder(column: Column) -> _Ladder:
    base = column.base
    step = getattr(base, "step", 1.0)
    low, high = column.range
    is_grid = column.kind == "ordered" or isinstance(base, Integer | Rounded)
    if is_grid and (high - low) / step < _MOST_STEPS:
        count = round((high - low) / step) + 1
        values = np.clip(np.rint(low / step) * step + np.arange(count) * step, low, high)
        genes = base.genes(values.astype(np.int64) if column.kind == "ordered" else values).real[:, 0]
    else:
        genes = normal_of((np.arange(_QUANTILES) + 0.5) / _QUANTILES)
    # What each gene stands for counts, since rounding may have led it to a neighbour.
    values, first = np.unique(_numbers(column, genes), return_index=True)
    return _Ladder(values, genes[first], column)


def _numbers(column: Column, genes: NDArray[np.float64]) -> NDArray[np.float64]:
    """The values of genes of shape (n,) on a scale of numbers."""
    values = np.asarray(column.base.values(Latents.of_real(genes[:, None])))
    return values.astype("M8[us]").astype(np.int64).astype(float) if values.dtype.kind == "M" else values.astype(float)
