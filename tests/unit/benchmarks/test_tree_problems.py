"""The exact maximum of tree ensembles: reached by the row it comes with, and by no other."""

import itertools

import numpy as np
import pytest
from problems.ensembles import boosted_cancer, forest_diabetes
from problems.mixed import CATEGORIES, COUNT_MOST, INTEGERS, NUMBERS, mixed
from problems.tree_maximum import leaf_sum, maximise_trees

pytest.importorskip("sklearn")
pytest.importorskip("pandas")


@pytest.mark.parametrize(
    ("make", "maximum", "best_row"), [(boosted_cancer, 5.8869, 5.4001), (forest_diabetes, 312.09, 306.94)]
)
def test_maximum_is_the_models_value_at_its_row_and_above_all_others(make, maximum, best_row):
    ensemble = make()
    found = ensemble.maximum()
    lower, upper = ensemble.bounds.T
    assert found.value == pytest.approx(maximum, rel=1e-4)
    assert ensemble.best_row() == pytest.approx(best_row, rel=1e-4)
    assert ((found.row >= lower) & (found.row <= upper)).all()
    assert ensemble.score(found.row[None])[0] == pytest.approx(found.value, abs=1e-6)
    rows = np.random.default_rng(0).uniform(lower, upper, size=(5_000, len(lower)))
    assert ensemble.score(rows).max() <= found.value + 1e-6


def test_maximum_of_small_trees_is_that_of_every_cell():
    from sklearn.tree import DecisionTreeRegressor

    rng = np.random.default_rng(5)
    for seed in range(5):
        x = rng.integers(0, 6, size=(60, 3)).astype(float)
        trees = [
            DecisionTreeRegressor(max_depth=3, random_state=seed).fit(x, rng.normal(size=60)).tree_ for _ in range(4)
        ]
        grid = np.array(list(itertools.product(range(6), repeat=3)), dtype=float)
        best = max(leaf_sum(trees, row) for row in grid)
        found = maximise_trees(trees, np.zeros(3), np.full(3, 5.0), integers=range(3))
        assert found.value == pytest.approx(best)
        assert leaf_sum(trees, found.row) == pytest.approx(best)
        assert (found.row == np.round(found.row)).all()
        # A part of the box only.
        inner = grid[(grid[:, 0] >= 2) & (grid[:, 1] <= 1)]
        narrow = maximise_trees(trees, np.array([2.0, 0, 0]), np.array([5.0, 1, 5]), integers=range(3))
        assert narrow.value == pytest.approx(max(leaf_sum(trees, row) for row in inner))


def test_one_hot_groups_have_one_one():
    from sklearn.tree import DecisionTreeRegressor

    rng = np.random.default_rng(6)
    codes = np.eye(4)[rng.integers(0, 4, size=80)]
    x = np.column_stack([rng.random(80), codes])
    # Each tree likes another category, so that without the group two could be 1 at a time.
    trees = [
        DecisionTreeRegressor(max_depth=2, random_state=0).fit(x, codes[:, i] + 0.1 * x[:, 0]).tree_ for i in range(3)
    ]
    found = maximise_trees(trees, np.zeros(5), np.ones(5), one_hot=[range(1, 5)])
    free = maximise_trees(trees, np.zeros(5), np.ones(5), integers=range(1, 5))
    assert found.row[1:].sum() == 1
    assert found.value < free.value - 0.5
    assert leaf_sum(trees, found.row) == pytest.approx(found.value)


def test_mixed_maximum():
    problem = mixed(rows=600, trees=25)
    found = problem.maximum()
    assert problem.score_rows(found.row[None])[0] == pytest.approx(found.value, abs=1e-6)
    assert (found.row[NUMBERS:] == np.round(found.row[NUMBERS:])).all()
    rng = np.random.default_rng(0)
    random = np.column_stack(
        [
            rng.random((2_000, NUMBERS)),
            rng.integers(0, COUNT_MOST + 1, size=(2_000, INTEGERS)),
            *(rng.integers(0, size, size=2_000) for size in CATEGORIES),
        ]
    )
    assert problem.score_rows(random).max() <= found.value + 1e-6
    assert problem.score(problem.frame).max() <= found.value + 1e-6
