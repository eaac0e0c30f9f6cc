import numpy as np
import pytest
from scipy.optimize import minimize

from featviz.black_boxes.human.strengths import SPREAD, STEP, Comparison, fit_strengths


def objective(s, keys, comparisons, known, level):
    """The negative log posterior, written out from the model."""
    strengths = dict(zip(keys, s, strict=True)) | known
    total = 0.0
    for c in comparisons:
        p = 1 / (1 + np.exp(strengths[c.second] - strengths[c.first]))
        total -= c.value * np.log(p) + (1 - c.value) * np.log(1 - p)
    covariance = SPREAD**2 * np.eye(len(keys)) + (0 if level is None else STEP**2)
    off = s - (level or 0.0)
    return total + 0.5 * off @ np.linalg.solve(covariance, off)


@pytest.mark.parametrize("level", [None, 0.0, 3.0])
@pytest.mark.parametrize("seed", range(4))
def test_is_the_maximum_of_the_posterior(level, seed):
    rng = np.random.default_rng(seed)
    keys, known = ["a", "b", "c", "d"], {"r": 1.0, "s": 4.0} if level is not None else {}
    names = [*keys, *known]
    comparisons = []
    for _ in range(12):
        first = keys[rng.integers(4)]
        second = str(rng.choice([name for name in names if name != first]))
        comparisons.append(Comparison(first, second, float(rng.choice([0, 0.5, 1]))))
    found = fit_strengths(keys, comparisons, known, level)
    best = minimize(objective, np.zeros(4), (keys, comparisons, known, level), tol=1e-12)
    assert list(found.values()) == pytest.approx(best.x, abs=1e-4)


def test_whoever_wins_everything_stays_finite_and_a_difference_of_one_is_73_in_100():
    keys = ["a", "b"]
    won = fit_strengths(keys, [Comparison("a", "b", 1.0)] * 1000, {}, None)
    assert won["a"] == pytest.approx(-won["b"])
    assert 4 < won["a"] < 40
    many = [Comparison("a", "b", 1.0)] * 731_06 + [Comparison("a", "b", 0.0)] * 268_94
    even = fit_strengths(keys, many, {}, None)
    assert even["a"] - even["b"] == pytest.approx(1.0, abs=0.01)


def test_known_strengths_stay_and_nothing_asked_is_the_level():
    assert fit_strengths(["a"], [], {"r": 9.0}, 2.5) == {"a": 2.5}
    assert fit_strengths([], [], {"r": 9.0}, 2.5) == {}
