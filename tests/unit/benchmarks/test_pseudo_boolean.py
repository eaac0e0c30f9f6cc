"""OneMax and LeadingOnes: values, and the expected run times against simulations and what is known in closed form."""

import math
from fractions import Fraction

import numpy as np
import pytest
from peers.bits import local_search, one_plus_one
from peers.discrete import DiscreteProblem
from peers.noted import Noted
from peers.recorder import Recorder
from problems.pseudo_boolean import (
    LeadingOnes,
    OneMax,
    leading_ones_ea,
    leading_ones_rls,
    one_max_ea,
    one_max_rls,
)


def test_values_count_agreement_with_the_hidden_string():
    one_max, leading = OneMax(6, 3), LeadingOnes(6, 3)
    target = one_max.target
    np.testing.assert_array_equal(target, leading.target)
    rows = np.stack([target, 1 - target, target ^ [0, 0, 0, 1, 0, 0], target ^ [1, 0, 0, 0, 0, 0]])
    assert one_max(rows).tolist() == [6, 0, 5, 5]
    assert leading(rows).tolist() == [6, 0, 3, 0]


def test_the_hidden_string_is_not_what_a_search_of_the_same_seed_draws_first():
    hits = [(OneMax(30, seed).target == np.random.default_rng(seed).integers(2, size=30)).all() for seed in range(50)]
    assert not any(hits)
    assert len({tuple(OneMax(30, seed).target) for seed in range(50)}) == 50


@pytest.mark.parametrize(
    ("function", "search", "expected"),
    [
        (OneMax, local_search, one_max_rls),
        (OneMax, one_plus_one, one_max_ea),
        (LeadingOnes, local_search, leading_ones_rls),
        (LeadingOnes, one_plus_one, leading_ones_ea),
    ],
)
def test_expected_times_are_those_of_simulations(function, search, expected):
    """Within four standard errors of the mean of 200 runs, which tells the two searches apart."""
    n, times = 7, []
    for seed in range(200):
        scores = function(n, seed)
        problem = DiscreteProblem("", (2,) * n, scores, lambda rng, rows: rng.integers(2, size=(rows, n)), float(n))
        noted = Noted(search)
        times += _until_solved(noted, problem, seed)
    error = np.std(times) / math.sqrt(len(times))
    assert abs(np.mean(times) - expected(n)) < 4 * error
    assert error < expected(n) / 15


def _until_solved(noted, problem, seed):
    class Solved(Recorder):
        def left(self):
            return 0 if self.first(problem.maximum) else super().left()

    noted(problem, Solved(problem.score, 10_000), seed)
    return noted.queries


def test_the_chain_of_the_ea_on_one_max_by_fractions():
    """Two bits: each of the three transitions written out."""
    # From one wrong bit: it is righted and the other one is left. From two: both, or one of them.
    one = 1 / Fraction(1, 4)
    both, either = Fraction(1, 4), Fraction(1, 2)
    two = (1 + either * one) / (both + either)
    assert one_max_ea(2) == pytest.approx(float(1 + one / 2 + two / 4))


@pytest.mark.parametrize("n", [50, 100])
def test_the_ea_on_one_max_near_its_asymptotic_expansion(n):
    asymptotic = math.e * n * math.log(n) - 1.89254 * n + math.e / 2 * math.log(n) + 0.59789
    assert one_max_ea(n) == pytest.approx(1 + asymptotic, abs=0.5)


def test_local_search_on_one_max_near_its_asymptotic_expansion():
    harmonic = sum(1 / k for k in range(1, 51))
    assert one_max_rls(100) == pytest.approx(1 + 100 * harmonic - 0.5, abs=0.1)


def test_the_first_query_that_reaches_a_value():
    recorder = Recorder(lambda rows: rows[:, 0].astype(float), 4)
    assert recorder.first(0.0) is None
    recorder(np.array([[1], [3]]))
    recorder(np.array([[2], [5], [9]]))
    assert recorder.first(3.0) == 2
    assert recorder.first(4.0) == 4
    assert recorder.first(9.0) is None  # beyond the budget
