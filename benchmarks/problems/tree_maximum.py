"""The exact maximum of a sum of decision trees over a box, by mixed-integer linear programming.

The formulation of Mišić 2020, "Optimization of Tree Ensembles": a binary variable for each question "x_f <= θ?" that
some tree asks, and for each tree a choice of one leaf that agrees with the answers. Given the answers the leaves are
determined, so only the answers need be integer.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["TreeMaximum", "leaf_sum", "maximise_trees"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class TreeMaximum:
    """The largest sum of leaf values, and an input, float64 (d,), in the middle of the region that reaches it."""

    value: float
    row: Array


def maximise_trees(
    trees: Sequence[Any],
    lower: Array,
    upper: Array,
    integers: Collection[int] = (),
    one_hot: Sequence[Sequence[int]] = (),
) -> TreeMaximum:
    """Maximise the sum of the trees' leaf values over ``lower <= x <= upper``.

    Args:
        trees: ``tree_`` attributes of scikit-learn's regression trees.
        lower: shape (d,).
        upper: shape (d,).
        integers: features that take whole numbers only.
        one_hot: groups of 0/1 features of which exactly one is 1.

    Raises:
        RuntimeError: when the solver does not prove an optimum.
    """
    from scipy.optimize import Bounds, milp

    whole = set(integers) | {f for group in one_hot for f in group}
    thresholds = _thresholds(trees, lower, upper, whole)
    program = _Program({q: i for i, q in enumerate((f, t) for f in sorted(thresholds) for t in thresholds[f])})
    program.add_order(thresholds)
    for group in one_hot:
        program.add_one_hot(group, thresholds)
    for tree in trees:
        program.add_tree(tree, lower, upper, whole)
    gains = np.concatenate(program.gains)
    solved = milp(
        -gains,
        integrality=(np.arange(len(gains)) < len(program.question)).astype(np.int64),
        bounds=Bounds(0, 1),
        constraints=program.constraints(),
        options={"mip_rel_gap": 0.0},
    )
    if solved.status != 0:
        raise RuntimeError(f"the solver proved no optimum: {solved.message}")
    chosen = {question: bool(solved.x[i] > 0.5) for question, i in program.question.items()}
    return TreeMaximum(-float(solved.fun), _decode(thresholds, chosen, lower, upper, whole, one_hot))


def leaf_sum(trees: Sequence[Any], row: Array) -> float:
    """The sum of the leaf values that one row, float64 (d,), reaches: what ``maximise_trees`` maximises."""
    narrow = row[None].astype(np.float32)
    return float(sum(tree.value[tree.apply(narrow)[0], 0, 0] for tree in trees))


class _Program:
    """Variables and constraints as they are added.

    Attributes:
        question: the column of each question (feature, threshold); 1 is the answer "x_f <= threshold".
        gains: what each column adds to the score, in parts.
    """

    def __init__(self, question: dict[tuple[int, float], int]) -> None:
        self.question = question
        self.gains: list[Array] = [np.zeros(len(question))]
        self._columns = len(question)
        self._entries: list[tuple[int, int, float]] = []
        self._limits: list[tuple[float, float]] = []

    def add_order(self, thresholds: dict[int, list[float]]) -> None:
        """What is at most a threshold is at most the next."""
        for f, found in thresholds.items():
            for low, high in pairwise(found):
                self._constrain({self.question[f, low]: 1.0, self.question[f, high]: -1.0}, -np.inf, 0.0)

    def add_one_hot(self, group: Sequence[int], thresholds: dict[int, list[float]]) -> None:
        """Exactly one feature of the group is 1, for which "x_f <= 0" is 0."""
        asked = [self.question[f, t] for f in group for t in thresholds.get(f, [])]
        # A feature that no tree asks for may be the one: then all the others are 0.
        most = len(asked) - 1 if len(asked) == len(group) else len(asked)
        self._constrain(dict.fromkeys(asked, 1.0), len(asked) - 1, most)

    def add_tree(self, tree: Any, lower: Array, upper: Array, whole: Collection[int]) -> None:
        """One leaf is chosen, on the side of every question that its answer says."""
        leaves = np.flatnonzero(tree.children_left < 0)
        column = {int(leaf): self._columns + i for i, leaf in enumerate(leaves)}
        self._columns += len(leaves)
        self.gains.append(tree.value[leaves, 0, 0])
        self._constrain(dict.fromkeys(column.values(), 1.0), 1.0, 1.0)
        for node in np.flatnonzero(tree.children_left >= 0):
            f = int(tree.feature[node])
            threshold = _normal(float(tree.threshold[node]), f in whole)
            left = {column[leaf]: 1.0 for leaf in _leaves_below(tree, int(tree.children_left[node]))}
            right = {column[leaf]: 1.0 for leaf in _leaves_below(tree, int(tree.children_right[node]))}
            if threshold >= upper[f]:
                self._constrain(right, 0.0, 0.0)
            elif threshold < lower[f]:
                self._constrain(left, 0.0, 0.0)
            else:
                self._constrain(left | {self.question[f, threshold]: -1.0}, -np.inf, 0.0)
                self._constrain(right | {self.question[f, threshold]: 1.0}, -np.inf, 1.0)

    def constraints(self) -> Any:
        """All of them, as ``scipy.optimize.milp`` takes them."""
        from scipy.optimize import LinearConstraint
        from scipy.sparse import csr_array

        rows, columns, factors = zip(*self._entries, strict=True)
        least, most = np.array(self._limits).T
        return LinearConstraint(csr_array((factors, (rows, columns)), (len(self._limits), self._columns)), least, most)

    def _constrain(self, terms: dict[int, float], least: float, most: float) -> None:
        self._entries += [(len(self._limits), column, factor) for column, factor in terms.items()]
        self._limits.append((least, most))


def _normal(threshold: float, whole: bool) -> float:
    """Of a whole number, x <= 3.2 and x <= 3.9 are the same question."""
    return float(np.floor(threshold)) if whole else threshold


def _thresholds(trees: Sequence[Any], lower: Array, upper: Array, whole: Collection[int]) -> dict[int, list[float]]:
    """By feature, the thresholds in ascending order whose question has both answers within the box."""
    found: dict[int, set[float]] = {}
    for tree in trees:
        for f, threshold in zip(tree.feature.tolist(), tree.threshold.tolist(), strict=True):
            if f >= 0 and lower[f] <= _normal(threshold, f in whole) < upper[f]:
                found.setdefault(f, set()).add(_normal(threshold, f in whole))
    return {f: sorted(values) for f, values in found.items()}


def _leaves_below(tree: Any, node: int) -> list[int]:
    if tree.children_left[node] < 0:
        return [node]
    left, right = int(tree.children_left[node]), int(tree.children_right[node])
    return _leaves_below(tree, left) + _leaves_below(tree, right)


def _decode(
    thresholds: dict[int, list[float]],
    chosen: dict[tuple[int, float], bool],
    lower: Array,
    upper: Array,
    whole: Collection[int],
    one_hot: Sequence[Sequence[int]],
) -> Array:
    """The input in the middle of the region that the answers describe."""
    row = (lower + upper) / 2
    for f, found in thresholds.items():
        above = [t for t in found if not chosen[f, t]]
        below = [t for t in found if chosen[f, t]]
        low, high = (above[-1] if above else lower[f]), (below[0] if below else upper[f])
        row[f] = (low + high) / 2
        if f in whole:
            row[f] = high
    for f in whole:
        row[f] = np.floor(row[f])
    for group in one_hot:
        ones = [f for f in group if f in thresholds and not chosen[f, thresholds[f][0]]]
        free = [f for f in group if f not in thresholds]
        row[list(group)] = 0.0
        row[ones[0] if ones else free[0]] = 1.0
    return row
