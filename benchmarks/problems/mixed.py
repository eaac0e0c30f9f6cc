"""Gradient boosting on 9 numbers, 4 integers and 3 categories, with its exact maximum."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from problems.tree_maximum import TreeMaximum, leaf_sum, maximise_trees

__all__ = ["Mixed", "mixed"]

Array = NDArray[np.float64]

NUMBERS, INTEGERS = 9, 4
CATEGORIES = (4, 6, 8)
COUNT_MOST = 20


@dataclass(frozen=True, eq=False)
class Mixed:
    """A boosted classifier of rows; a row is 9 numbers in [0, 1], 4 integers in 0 .. 20 and 3 codes of categories.

    Attributes:
        frame: the training inputs as a ``pandas.DataFrame``: columns x0 .. x8 float, n0 .. n3 int, c0 .. c2 category.
        model: the fitted classifier, of the encoded rows.
    """

    frame: Any
    model: Any

    def score(self, frame: Any) -> Array:
        """Log-odds, float64 (n,), of a data frame with the columns of ``frame``."""
        numbers = frame.iloc[:, : NUMBERS + INTEGERS].to_numpy(dtype=np.float64)
        codes = [np.searchsorted(_labels(size), frame[f"c{i}"].astype(str)) for i, size in enumerate(CATEGORIES)]
        return self.score_rows(np.column_stack([numbers, *codes]))

    def score_rows(self, rows: Array) -> Array:
        """The same of float64 (n, 16): 9 numbers, 4 integers, 3 codes of categories."""
        scores: Array = self.model.decision_function(_encode(rows))
        return scores

    def maximum(self) -> TreeMaximum:
        """The exact maximum over the declared ranges, and a row as of ``score_rows`` that reaches it."""
        d, width = NUMBERS + INTEGERS, sum(CATEGORIES)
        ends = np.cumsum((d, *CATEGORIES))
        groups = [list(range(a, b)) for a, b in pairwise(ends)]
        upper = np.concatenate([np.ones(NUMBERS), np.full(INTEGERS, COUNT_MOST), np.ones(width)]).astype(np.float64)
        trees = [member.tree_ for member in self.model.estimators_.ravel()]
        found = maximise_trees(trees, np.zeros(len(upper)), upper, range(NUMBERS, d), groups)
        row = np.concatenate([found.row[:d], [found.row[group].argmax() for group in groups]])
        # What the model adds to its leaves, taken at another row: the first guess of boosting.
        rate, other = float(self.model.learning_rate), np.zeros((1, NUMBERS + INTEGERS + len(CATEGORIES)))
        constant = float(self.score_rows(other)[0]) - rate * leaf_sum(trees, _encode(other)[0])
        return TreeMaximum(found.value * rate + constant, row)


def mixed(seed: int = 0, rows: int = 2_000, trees: int = 100) -> Mixed:
    """Draw data whose label depends on intervals, counts and categories, and fit trees of depth 3 to it."""
    import pandas as pd
    from sklearn.ensemble import GradientBoostingClassifier

    rng = np.random.default_rng(seed)
    x = rng.random((rows, NUMBERS))
    n = rng.integers(0, COUNT_MOST + 1, size=(rows, INTEGERS))
    c = np.column_stack([rng.integers(0, size, size=rows) for size in CATEGORIES])
    centre, favourite = rng.uniform(0.2, 0.8, size=3), rng.integers(0, CATEGORIES)
    signal = (
        -6 * np.abs(x[:, :3] - centre).sum(axis=1)
        + 2 * x[:, 3] * (c[:, 0] == favourite[0])
        + 2.0 * ((c[:, 1] == favourite[1]) & (n[:, 0] > 10))
        + 1.5 * (c[:, 2] == favourite[2])
        - 0.2 * np.abs(n[:, 1] - 7)
    )
    noisy = signal + rng.logistic(size=rows) * 0.5
    labels = noisy > np.median(noisy)
    model = GradientBoostingClassifier(n_estimators=trees, max_depth=3, random_state=0)
    model.fit(_encode(np.column_stack([x, n, c])), labels)
    columns: dict[str, Any] = {f"x{i}": x[:, i] for i in range(NUMBERS)} | {f"n{i}": n[:, i] for i in range(INTEGERS)}
    for i, size in enumerate(CATEGORIES):
        columns[f"c{i}"] = pd.Categorical.from_codes(c[:, i], categories=_labels(size))
    return Mixed(pd.DataFrame(columns), model)


def _labels(size: int) -> list[str]:
    return [f"kind {chr(ord('a') + i)}" for i in range(size)]


def _encode(rows: Array) -> Array:
    """Numbers and integers as they are, each category as 0/1 columns; float64 (n, 13 + 18)."""
    d = NUMBERS + INTEGERS
    one_hot = [rows[:, d + i, None] == np.arange(size) for i, size in enumerate(CATEGORIES)]
    return np.concatenate([rows[:, :d], *one_hot], axis=1)
