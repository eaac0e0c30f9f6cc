"""featviz is said to be first, within the spread or behind as the figures have it, on the seeds that both ran on."""

import json
from dataclasses import replace

import numpy as np
import pytest
from peers.comparison import Method, Result
from peers.effort import Effort, _read, _write
from peers.verdicts import Comparison, Target, table, targets_table, verdicts


def result(*columns):
    return Result(np.array(columns, dtype=np.float64).T, 1.0, 10)


def compared(**results):
    return Comparison("family", "problem: figures", (100,), {k.replace("_", " "): v for k, v in results.items()})


@pytest.mark.parametrize(
    ("ours", "theirs", "words"),
    [
        ([5, 5, 5], [4, 4, 4], "first"),
        ([5, 5, 5], [5, 5, 5], "first"),
        ([4, 4, 4.5], [4.2, 4.2, 4.2], "within the spread"),
        ([4, 4, 4], [3, 5, 6], "within the spread"),
        ([4, 4, 4], [5, 5, 6], "behind"),
    ],
)
def test_words(ours, theirs, words):
    (verdict,) = verdicts(compared(featviz=result(ours), other=result(theirs)))
    assert verdict.words == words
    assert verdict.rival == "other"
    assert verdict.theirs == np.median(theirs)


def test_figures_that_say_nothing_of_the_method_are_not_judged():
    unjudged = replace(compared(featviz=result([1]), other=result([2])), judged=False)
    assert list(verdicts(unjudged)) == []


def test_an_opponent_with_fewer_runs_is_compared_on_its_own_seeds():
    (verdict,) = verdicts(compared(featviz=result([1, 9, 9]), other=result([2])))
    assert (verdict.runs, verdict.ours, verdict.words) == (1, 1, "behind")


def test_other_rows_of_featviz_and_yardsticks_are_no_opponents():
    results = {"featviz": result([1, 1]), "featviz, other": result([2, 2]), "gradients": result([3, 3])}
    (verdict,) = verdicts(Comparison("f", "p", (100,), results, yardsticks=("gradients",)))
    assert (verdict.rival, verdict.words) == ("", "first")


def test_nothing_is_said_of_queries_that_featviz_was_not_run_to():
    assert not list(verdicts(compared(featviz=result([np.nan]), other=result([1.0]))))
    assert not table([compared(other=result([1.0]))])


def test_known_figures_of_opponents_are_taken_and_featviz_runs_again(tmp_path):
    class Problem:
        name, maximum = "p", 2.0

        def score(self, rows):
            return rows[:, 0]

    asked = []

    def method(name):
        def search(problem, recorder, seed):
            asked.append((name, seed))
            recorder(np.array([[1.0], [2.0]]))

        return Method(search)

    methods = {name: method(name) for name in ("featviz", "other", "slow")}

    def compare(effort):
        return effort.compare("family", "title", methods, [Problem()] * 2, (1, 2), quick=("featviz", "other"))

    first = compare(Effort(seeds=2, first_seed=0))
    assert asked == [(name, seed) for name in methods for seed in (0, 1)]
    np.testing.assert_array_equal(first.results["slow"].best, [[0.5, 1.0], [0.5, 1.0]])
    asked.clear()
    _write(tmp_path / "figures.json", [first])
    again = compare(Effort(seeds=2, first_seed=0, known=_read([tmp_path / "figures.json"])))
    assert asked == [("featviz", 0), ("featviz", 1)]
    assert table([again]) == table([first])
    assert json.loads((tmp_path / "figures.json").read_text())["family"]["title"]["slow"]["queries"] == 4
    asked.clear()
    compare(Effort(seeds=2, first_seed=0, quick=True, only=("other", "slow")))
    assert asked == [("other", 0), ("other", 1)]


def test_what_was_asked_for_is_reached_in_the_median_or_by_all_below():
    results = {"featviz": result([5, 6, 7]), "random": result([-2, -1, 0.5])}
    targets = (Target(100, 6.0), Target(100, 0.0, "random", below=True), Target(100, 1.0, "other"), Target(7, 1.0))
    rows = targets_table([Comparison("f", "p: figures", (100,), results, targets=targets)])
    assert rows == [
        ["f", "p", "100", "featviz", "median ≥ 6", 6.0, "reached"],
        ["f", "p", "100", "random", "all < 0", 0.5, "not reached"],
    ]


def test_a_run_may_be_cut_short_and_figures_of_longer_ones_are_not_taken_for_its_own():
    class Problem:
        name, maximum = "p", np.nan

        def score(self, rows):
            return rows[:, 0]

    def search(problem, recorder, seed):
        recorder(np.arange(recorder.left(), dtype=np.float64)[:, None])

    methods = {"featviz": Method(search), "other": Method(search)}
    known = {"f": {"t": {"other": {"best": [[9.0, 9.0, 9.0]], "seconds": 1, "queries": 9, "error": ""}}}}

    def compare(most):
        effort = Effort(seeds=1, most=most, known=known)
        return effort.compare("f", "t", methods, [Problem()], (3, 5, 8), quick=())

    whole, cut, tiny = compare(10), compare(6), compare(2)
    assert (whole.checkpoints, cut.checkpoints, tiny.checkpoints) == ((3, 5, 8), (3, 5), (2,))
    assert whole.results["featviz"].best.tolist() == [[2, 4, 7]]
    assert whole.results["other"].best.tolist() == [[9, 9, 9]]
    assert cut.results["other"].best.tolist() == [[2, 4]]
    assert tiny.results["other"].best.tolist() == [[1]]
