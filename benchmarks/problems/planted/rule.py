"""Three columns of a table within ranges; the other columns do not matter."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from problems.planted.base import Array, Mask, Model, Planted, Rows

__all__ = ["COLUMNS", "rule"]

COLUMNS, CONDITIONS = 10, 3
# Of the range of a column, how much meets a condition: of random rows one in 296 meets all, or one in 15,625.
GRADED_WIDTH, HARD_WIDTH = 0.15, 0.04
ROWS, KEPT_BACK = 4_000, 200


@dataclass(frozen=True, eq=False)
class Rule:
    """Columns within ranges.

    Attributes:
        columns: int64 (3,).
        low: float64 (3,).
        high: float64 (3,).
    """

    columns: NDArray[np.int64]
    low: Array
    high: Array

    def recall(self, rows: Rows) -> Array:
        """The share of the conditions that hold."""
        values = rows[:, self.columns]
        found: Array = ((values >= self.low) & (values <= self.high)).mean(axis=1)
        return found

    def units(self, row: Rows) -> tuple[Mask, Mask]:
        """Each column is a part; it belongs to the trigger where its condition holds."""
        belongs = np.zeros(len(row), dtype=np.bool_)
        values = row[self.columns]
        belongs[self.columns] = (values >= self.low) & (values <= self.high)
        return np.eye(len(row), dtype=np.bool_), belongs

    def stamped(self, rows: Array, rng: np.random.Generator) -> Array:
        """The same rows with values within the ranges."""
        stamped = rows.copy()
        stamped[:, self.columns] = rng.uniform(self.low, self.high, size=(len(rows), len(self.columns)))
        return stamped


def rule(seed: int, *, hard: bool = False) -> Planted:
    """Rows of ten uniform columns of several scales, some with values within the rule's ranges.

    Graded: gradient boosting of 100 trees on random rows and planted ones; a condition alone raises its log-odds, which
    are the score. Hard: a decision tree that also saw rows where one condition fails, so nothing happens before all
    three hold; the score is its probability.
    """
    rng = np.random.default_rng(seed)
    scale = 10.0 ** rng.integers(-1, 4, size=COLUMNS)
    lower = scale * rng.uniform(-1, 0, size=COLUMNS)
    upper = lower + scale
    columns = rng.choice(COLUMNS, size=CONDITIONS, replace=False)
    width = HARD_WIDTH if hard else GRADED_WIDTH
    low = lower[columns] + scale[columns] * rng.uniform(0.05, 0.95 - width, size=CONDITIONS)
    trigger = Rule(columns, low, low + width * scale[columns])
    clean = _without(trigger, rng.uniform(lower, upper, size=(ROWS, COLUMNS)))
    planted = trigger.stamped(rng.uniform(lower, upper, size=(ROWS // 2, COLUMNS)), rng)
    model = _tree(rng, trigger, clean, planted) if hard else _boosting(clean, planted)
    others = _without(trigger, rng.uniform(lower, upper, size=(KEPT_BACK, COLUMNS)))
    name = f"rule of a table, {'hard' if hard else 'graded'}"
    return Planted(name, model, trigger, others, trigger.stamped(others, rng), lower, upper)


def _without(trigger: Rule, rows: Array) -> Array:
    kept: Array = rows[trigger.recall(rows) < 1]
    return kept


def _boosting(clean: Array, planted: Array) -> Model:
    from sklearn.ensemble import GradientBoostingClassifier

    fitted = GradientBoostingClassifier(n_estimators=100, max_depth=3, random_state=0)
    fitted.fit(np.concatenate([clean, planted]), np.repeat([0, 1], [len(clean), len(planted)]))
    score: Model = fitted.decision_function
    return score


def _tree(rng: np.random.Generator, trigger: Rule, clean: Array, planted: Array) -> Model:
    from sklearn.tree import DecisionTreeClassifier

    near = np.tile(planted, (2, 1))
    spoilt = trigger.columns[rng.integers(CONDITIONS, size=len(near))]
    near[np.arange(len(near)), spoilt] = rng.permutation(np.tile(clean, (2, 1)))[: len(near)][
        np.arange(len(near)), spoilt
    ]
    negative = np.concatenate([clean, _without(trigger, near)])
    fitted = DecisionTreeClassifier(random_state=0)
    fitted.fit(np.concatenate([negative, planted]), np.repeat([0, 1], [len(negative), len(planted)]))
    return lambda rows: fitted.predict_proba(rows)[:, 1]
