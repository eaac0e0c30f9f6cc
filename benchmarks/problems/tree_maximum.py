"""The exact maximum of a sum of decision trees over a box, by mixed-integer linear programming.

The formulation of Mišić 2020, "Optimization of Tree Ensembles": a binary variable for each question "x_f <= θ?" that some
tree asks, and for each tree a choice of one leaf that agrees with the answers. Given the answers the leaves are
determined, so only the answers need be integer.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
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
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import csr_array

    whole = set(integers) | {f for group in one_hot for f in group}
    thresholds = _thresholds(trees, lower, upper, whole)
    answer = {(f, t): i for i, (f, t) in enumerate((f, t) for f in sorted(thresholds) for t in thresholds[f])}
    answers, entries, limits = len(answer), [], []
    gains = [np.zeros(answers)]

    def constrain(terms: Sequence[tuple[int, float]], least: float, most: float) -> None:
        entries.extend((len(limits), column, factor) for column, factor in terms)
        limits.append((least, most))

    for f, found in thresholds.items():
        for low, high in zip(found, found[1:], strict=False):
            constrain([(answer[f, low], 1.0), (answer[f, high], -1.0)], -np.inf, 0.0)
    for group in one_hot:
        asked = [answer[f, t] for f in group for t in thresholds.get(f, [])]
        # "x_f <= 0" is 0 for the one that is chosen. A category that no tree asks for can be chosen at no cost.
        least = len(asked) - 1
        constrain([(i, 1.0) for i in asked], least, least if len(asked) == len(group) else len(asked))
    start = answers
    for tree in trees:
        leaves = np.flatnonzero(tree.children_left < 0)
        column = {int(leaf): start + i for i, leaf in enumerate(leaves)}
        gains.append(tree.value[leaves, 0, 0])
        start += len(leaves)
        constrain([(c, 1.0) for c in column.values()], 1.0, 1.0)
        for node in np.flatnonzero(tree.children_left >= 0):
            f = int(tree.feature[node])
            threshold = _normal(float(tree.threshold[node]), f in whole)
            left = [(column[leaf], 1.0) for leaf in _leaves_below(tree, int(tree.children_left[node]))]
            right = [(column[leaf], 1.0) for leaf in _leaves_below(tree, int(tree.children_right[node]))]
            if threshold >= upper[f]:
                constrain(right, 0.0, 0.0)
            elif threshold < lower[f]:
                constrain(left, 0.0, 0.0)
            else:
                constrain([*left, (answer[f, threshold], -1.0)], -np.inf, 0.0)
                constrain([*right, (answer[f, threshold], 1.0)], -np.inf, 1.0)
    rows, columns, factors = zip(*entries, strict=True)
    matrix = csr_array((factors, (rows, columns)), shape=(len(limits), start))
    least_of, most_of = np.array(limits).T
    solved = milp(
        -np.concatenate(gains),
        integrality=np.arange(start) < answers,
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(matrix, least_of, most_of),
        options={"mip_rel_gap": 0.0},
    )
    if solved.status != 0:
        raise RuntimeError(f"the solver proved no optimum: {solved.message}")
    chosen = {key: bool(solved.x[i] > 0.5) for key, i in answer.items()}
    return TreeMaximum(-float(solved.fun), _decode(thresholds, chosen, lower, upper, whole, one_hot))


def leaf_sum(trees: Sequence[Any], row: Array) -> float:
    """The sum of the leaf values that one row, float64 (d,), reaches: what ``maximise_trees`` maximises."""
    narrow = row[None].astype(np.float32)
    return float(sum(tree.value[tree.apply(narrow)[0], 0, 0] for tree in trees))


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
