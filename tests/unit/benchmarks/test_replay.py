"""What is said of a search's best input is said of the input that was best at that time."""

import numpy as np
from peers.comparison import Method, compare
from peers.real import RealProblem
from peers.replay import Replayed, kept, replays


def test_figures_are_those_of_the_best_input_at_each_checkpoint():
    def search(problem, recorder, seed):
        recorder(np.array([[1.0], [3.0]]))
        recorder(np.array([[2.0], [9.0], [4.0]]))

    methods, runs = {"a": Method(search), "b": Method(search, most=3)}, {}
    box = RealProblem("box", np.zeros(1), np.ones(1), lambda rows: rows[:, 0], 1.0)
    scores = compare(kept(methods, runs), [box], (1, 2, 4, 5))
    assert scores["a"].best.tolist() == [[1, 3, 9, 9]]
    replayed = Replayed("box", runs, lambda row: -10 * float(row[0]))
    figures = compare(replays(methods), [replayed], (1, 2, 4, 5))
    assert figures["a"].best.tolist() == [[-10, -30, -90, -90]]
    np.testing.assert_array_equal(figures["b"].best, [[-10, -30, np.nan, np.nan]])
    assert figures["a"].queries == scores["a"].queries


def test_a_search_that_failed_is_a_row_that_says_so():
    def search(problem, recorder, seed):
        raise RuntimeError("no")

    methods, runs = {"a": Method(search)}, {}
    box = RealProblem("box", np.zeros(1), np.ones(1), lambda rows: rows[:, 0], 1.0)
    assert compare(kept(methods, runs), [box], (5,))["a"].error == "RuntimeError: no"
    result = compare(replays(methods), [Replayed("box", runs, lambda row: 0.0)], (5,))["a"]
    assert result.error == "ValueError: the search failed"
    assert np.isnan(result.best).all()
