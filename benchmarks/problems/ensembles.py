"""Three tree ensembles trained on data sets that come with scikit-learn, with their exact maximum.

The maximum is over the box of the training data's column ranges, so a search must know those ranges and nothing else.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from problems.tree_maximum import TreeMaximum, leaf_sum, maximise_trees

__all__ = ["ENSEMBLES", "Ensemble", "boosted_cancer", "boosted_diabetes", "forest_diabetes"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Ensemble:
    """A fitted ensemble as a function of rows.

    Attributes:
        name: for tables.
        frame: the training inputs, a ``pandas.DataFrame`` of d float columns.
        score: the function, float64 (n, d) -> float64 (n,).
        bounds: the columns' least and greatest values, float64 (d, 2).
        trees: scikit-learn's ``tree_`` of every member.
        weight: what a leaf value counts in ``score``.
    """

    name: str
    frame: Any
    score: Callable[[Array], Array]
    bounds: Array
    trees: tuple[Any, ...]
    weight: float

    def maximum(self) -> TreeMaximum:
        """The exact maximum of ``score`` over ``bounds``, and an input that reaches it; seconds of work."""
        found = maximise_trees(self.trees, self.bounds[:, 0], self.bounds[:, 1])
        # What the model adds to its leaves: the first guess of boosting.
        row = self.frame.to_numpy()[0]
        constant = float(self.score(row[None])[0]) - self.weight * leaf_sum(self.trees, row)
        return TreeMaximum(found.value * self.weight + constant, found.row)

    def best_row(self) -> float:
        """The best score among the training inputs."""
        return float(self.score(self.frame.to_numpy()).max())


def boosted_cancer() -> Ensemble:
    """Log-odds of "benign" by 50 boosted trees of depth 3; 30 columns. Maximum 5.8869."""
    from sklearn.datasets import load_breast_cancer
    from sklearn.ensemble import GradientBoostingClassifier

    data = load_breast_cancer(as_frame=True)
    model = GradientBoostingClassifier(n_estimators=50, max_depth=3, random_state=0)
    model.fit(data.data.to_numpy(), data.target)
    return _ensemble("boosting, breast cancer", data.data, model.decision_function, model)


def boosted_diabetes() -> Ensemble:
    """Disease progression by 100 boosted trees of depth 3; 10 columns. Maximum 443.46."""
    from sklearn.datasets import load_diabetes
    from sklearn.ensemble import GradientBoostingRegressor

    data = load_diabetes(as_frame=True)
    model = GradientBoostingRegressor(n_estimators=100, max_depth=3, random_state=0)
    model.fit(data.data.to_numpy(), data.target)
    return _ensemble("boosting, diabetes", data.data, model.predict, model)


def forest_diabetes() -> Ensemble:
    """Disease progression by a forest of 20 trees of depth 5; 10 columns. Maximum 312.09."""
    from sklearn.datasets import load_diabetes
    from sklearn.ensemble import RandomForestRegressor

    data = load_diabetes(as_frame=True)
    model = RandomForestRegressor(n_estimators=20, max_depth=5, random_state=0)
    model.fit(data.data.to_numpy(), data.target)
    return _ensemble("forest, diabetes", data.data, model.predict, model)


def _ensemble(name: str, frame: Any, score: Callable[[Array], Array], model: Any) -> Ensemble:
    rows = frame.to_numpy()
    members = np.ravel(model.estimators_)
    weight = float(getattr(model, "learning_rate", 1 / len(members)))
    bounds = np.stack([rows.min(axis=0), rows.max(axis=0)], axis=1)
    return Ensemble(name, frame, score, bounds, tuple(m.tree_ for m in members), weight)


ENSEMBLES: tuple[Callable[[], Ensemble], ...] = (boosted_cancer, boosted_diabetes, forest_diabetes)
