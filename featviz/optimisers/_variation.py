"""Ways to make children of good latents: batched over rows, for genes of every kind."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from featviz.latent import LatentDescription, Latents, Move
from featviz.optimisers._options import OptionTables

__all__ = ["FIRST_STEP", "Variation"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
# Of n parents, n mates and a generator: n children, in new arrays.
Operator = Callable[[Latents, Latents, np.random.Generator], Latents]

FIRST_STEP = 0.3
# Besides one gene that surely changes, how many others do on average.
_OTHERS = 0.5
# The standard deviations of a real gene that is drawn anew: mostly the prior's, at times one that reaches the ends.
_WIDE, _WIDE_PART = 2.0, 0.3


class Variation:
    """The operators that apply to the genes of ``latent``.

    Attributes:
        names: of the operators.
        weights: how often each is tried at first, relative to one another.
        crosses: for each, whether it recombines two latents without making anything new.
        step: the size of normal steps, which the caller adapts.
        step_operator: the number of the operator that makes normal steps; -2 when there is none.
    """

    def __init__(self, latent: LatentDescription) -> None:
        self._real = latent.real
        self._genes = latent.real + len(latent.options)
        self._parts = latent.genes
        self._tables = OptionTables(latent.probabilities)
        self.names: list[str] = []
        self.weights: list[float] = []
        self.crosses: list[bool] = []
        self._operators: list[Operator] = []
        self.step = FIRST_STEP
        self.step_operator = -2
        if self._genes:
            self._add("change", self._change, 1.0)
        if latent.real:
            self.step_operator = len(self.names)
            self._add("step", self._normal_step, 1.0)
            self._add("difference", self._difference_step, 1.0)
        if self._parts > 1:
            self._add("uniform crossover", self._uniform_crossover, 0.5, crosses=True)
        if self._parts > 2:
            self._add("two-point crossover", self._two_point_crossover, 0.5, crosses=True)
        for move in latent.moves:
            if move.weight > 0:
                self._add(f"move: {move.name}", _move(latent, move), move.weight)

    def apply(self, operator: int, parents: Latents, mates: Latents, rng: np.random.Generator) -> Latents:
        """The children that an operator makes of n parents and n mates."""
        return self._operators[operator](parents, mates, rng)

    def changed(self, latents: Latents, rows: NDArray[np.intp], rng: np.random.Generator) -> Latents:
        """``latents`` with one gene or few of each of ``rows`` drawn anew; the rest are as they were."""
        if not self._genes or not len(rows):
            return latents
        some = rng.random((len(rows), self._genes)) < _OTHERS / self._genes
        some[np.arange(len(rows)), rng.integers(self._genes, size=len(rows))] = True
        child = latents.copy()
        row, gene = np.nonzero(some[:, : self._real])
        if len(row):
            wide = np.where(rng.random(len(row)) < _WIDE_PART, _WIDE, 1.0)
            child.real[rows[row], gene] = rng.standard_normal(len(row)) * wide
        row, gene = np.nonzero(some[:, self._real :])
        if len(row):
            row = rows[row]
            child.categorical[row, gene] = self._tables.draw(rng, gene, child.categorical[row, gene])
        return child

    def _change(self, parents: Latents, _mates: Latents, rng: np.random.Generator) -> Latents:
        """One gene or few, drawn from the prior."""
        return self.changed(parents, np.arange(len(parents)), rng)

    def _normal_step(self, parents: Latents, _mates: Latents, rng: np.random.Generator) -> Latents:
        """A normal step of a few real genes or of all; its size varies by a factor e."""
        n, r = parents.real.shape
        steps = rng.standard_normal((n, r)) * (self.step * np.exp(rng.standard_normal((n, 1))))
        return self._moved(parents, steps, rng)

    def _difference_step(self, parents: Latents, mates: Latents, rng: np.random.Generator) -> Latents:
        """A step towards the mate, or along the difference of two other elites, of a few real genes or of all."""
        n = len(parents)
        other = np.where(rng.random((n, 1)) < 0.5, parents.real, mates.real[rng.permutation(n)])
        return self._moved(parents, (mates.real - other) * rng.uniform(0.2, 1.2, size=(n, 1)), rng)

    def _uniform_crossover(self, parents: Latents, mates: Latents, rng: np.random.Generator) -> Latents:
        """Each gene from the mate with a probability that each row draws."""
        n = len(parents)
        return _crossed(parents, mates, rng.random((n, self._parts)) < rng.uniform(0.05, 0.5, size=(n, 1)))

    def _two_point_crossover(self, parents: Latents, mates: Latents, rng: np.random.Generator) -> Latents:
        """From the mate the genes between two positions."""
        ends = np.sort(rng.integers(self._parts + 1, size=(len(parents), 2)), axis=1)
        place = np.arange(self._parts)
        return _crossed(parents, mates, (place >= ends[:, :1]) & (place < ends[:, 1:]))

    def _moved(self, parents: Latents, steps: Array, rng: np.random.Generator) -> Latents:
        """``parents`` plus ``steps`` in some real genes: one as likely as two to four or four to eight, and so on."""
        n, r = steps.shape
        some = rng.random((n, r)) < float(r) ** (rng.random((n, 1)) - 1)
        some[np.arange(n), rng.integers(r, size=n)] = True
        return Latents(parents.real + some * steps, parents.categorical.copy(), parents.records.copy())

    def _add(self, name: str, operator: Operator, weight: float, *, crosses: bool = False) -> None:
        self.names.append(name)
        self.weights.append(weight)
        self.crosses.append(crosses)
        self._operators.append(operator)


def _crossed(parents: Latents, mates: Latents, from_mate: Mask) -> Latents:
    r, c = parents.real.shape[1], parents.categorical.shape[1]
    return Latents(
        np.where(from_mate[:, :r], mates.real, parents.real),
        np.where(from_mate[:, r : r + c], mates.categorical, parents.categorical),
        np.where(from_mate[:, r + c :], mates.records, parents.records),
    )


def _move(latent: LatentDescription, move: Move) -> Operator:
    def operator(parents: Latents, mates: Latents, rng: np.random.Generator) -> Latents:
        children = move.propose(parents, mates, rng)
        latent.check(children)
        return children

    return operator
