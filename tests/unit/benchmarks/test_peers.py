"""Every peer asks within its budget, starts from equal knowledge, and is judged at the same queries."""

import numpy as np
import pytest
from peers import discrete, mixed, real
from peers.comparison import Mean, Method, compare
from peers.recorder import Recorder

DISCRETE = {
    "prior": discrete.prior_sampling,
    "greedy": discrete.greedy,
    "catcma": discrete.catcma,
    "nevergrad array": discrete.nevergrad("DiscreteOnePlusOne"),
    "nevergrad batches": discrete.nevergrad("DiscreteDE", 10),
    "nevergrad transitions": discrete.nevergrad("DiscreteLenglerOnePlusOne", transitions=True),
    "optuna": discrete.optuna_tpe,
}
REAL = {
    "random": real.random_search,
    "cma": real.cma_diagonal,
    "cma from examples": real.cma_from_examples,
    "catcma": real.catcma,
    "nevergrad": real.nevergrad("DE", 10),
    "optuna": real.optuna("TPE"),
    "optuna CMA": real.optuna("CMA"),
    "scipy differential evolution": real.scipy_differential_evolution,
    "scipy dual annealing": real.scipy_dual_annealing,
}


def one_max(options=(4,) * 6):
    def prior(rng, n):
        return rng.integers(0, options, size=(n, len(options)))

    return discrete.DiscreteProblem("ones", options, lambda rows: (rows == 1).mean(axis=1), prior, 1.0)


def box(score):
    examples = np.random.default_rng(0).uniform([-1, 0], [3, 10], size=(150, 2))
    return real.RealProblem("box", np.array([-1.0, 0.0]), np.array([3.0, 10.0]), score, 1.0, examples)


def test_best_is_read_at_each_checkpoint():
    recorder = Recorder(lambda rows: rows[:, 0], 6)
    recorder(np.array([[1.0], [3.0], [2.0]]))
    assert recorder.left() == 3
    recorder(np.array([[0.0], [5.0]]))
    assert recorder.best([1, 2, 4, 5, 6, 7])[:5] == [1, 3, 3, 5, 5]
    assert np.isnan(recorder.best([7])[0])


def test_queries_beyond_the_budget_do_not_count():
    recorder = Recorder(lambda rows: rows[:, 0], 2)
    recorder(np.array([[1.0], [2.0], [9.0]]))
    assert recorder.left() == 0
    assert recorder.best([2]) == [2]


def test_with_noise_the_true_score_of_what_is_reported_counts():
    recorder = Recorder(lambda rows: rows[:, 0], 200, noise=5.0, seed=1)
    rows = np.linspace(0, 1, 200)[:, None]
    seen = recorder(rows)
    assert np.abs(seen - rows[:, 0]).max() > 5
    assert recorder.best([200]) == [rows[seen.argmax(), 0]]
    recorder.recommend(np.array([[0.75]]))
    assert recorder.best([200]) == [0.75]
    assert recorder.queries == 200
    recorder.recommend(None)
    assert recorder.best([100, 200]) == [rows[seen[:100].argmax(), 0], rows[seen.argmax(), 0]]


def test_the_noise_is_the_same_for_every_method():
    rows = np.zeros((3, 1))
    one, other = (Recorder(lambda rows: rows[:, 0], 3, noise=1.0, seed=4)(rows) for _ in range(2))
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", ["cma", "nevergrad"])
@pytest.mark.filterwarnings("ignore")
def test_libraries_that_recommend_are_believed(name):
    pytest.importorskip(name)
    seen = []
    search = real.cma_diagonal if name == "cma" else real.nevergrad("OnePlusOne")
    problem = box(lambda rows: -np.square(rows).sum(axis=1))
    recorder = Recorder(problem.score, 60, noise=2.0)
    recorder.recommend = seen.append
    search(problem, recorder, 0)
    assert len(seen) >= 1
    assert seen[-1].shape == (1, 2)


@pytest.mark.parametrize("name", DISCRETE)
@pytest.mark.filterwarnings("ignore")
def test_discrete_peers_stay_within_options_and_budget(name):
    problem, asked = one_max(), []

    def score(rows):
        asked.append(rows)
        return problem.score(rows)

    recorder = Recorder(score, 200)
    DISCRETE[name](problem, recorder, 0)
    assert 200 <= recorder.queries < 240
    rows = np.concatenate(asked)
    assert np.issubdtype(rows.dtype, np.integer)
    assert rows.min() >= 0
    assert rows.max() < 4
    # The design is one and the same for all that begin with one.
    if name != "prior":
        np.testing.assert_array_equal(rows[:50], problem.prior(np.random.default_rng(0), 50))


@pytest.mark.parametrize("name", REAL)
@pytest.mark.filterwarnings("ignore")
def test_real_peers_stay_within_the_box_and_improve(name):
    asked = []

    def score(rows):
        asked.append(rows)
        return 1 - ((rows - [1.5, 7.0]) ** 2).mean(axis=1) / 50

    recorder = Recorder(score, 200)
    REAL[name](box(score), recorder, 0)
    rows = np.concatenate(asked)
    assert 200 <= recorder.queries < 250
    assert (rows >= [-1, 0]).all()
    assert (rows <= [3, 10]).all()
    first, last = recorder.best([1, 200])
    assert last > first


@pytest.mark.parametrize("name", ["scipy differential evolution", "scipy dual annealing"])
def test_scipy_is_stopped_at_the_last_query(name):
    recorder = Recorder(lambda rows: -(rows**2).sum(axis=1), 37)
    REAL[name](box(None), recorder, 0)
    assert recorder.queries == 37


def test_a_quarter_of_few_queries_is_the_initial_design():
    recorder = Recorder(one_max().score, 60)
    discrete.best_of_design(one_max(), recorder, 0)
    assert recorder.queries == 15


def test_optuna_has_variables_of_each_kind_within_their_ranges():
    asked = []

    def score(rows):
        asked.append(rows)
        return -np.abs(rows - [0.5, 3, 1]).sum(axis=1)

    ends = np.zeros(3), np.array([1, 5 - 1e-9, 3 - 1e-9])
    problem = mixed.MixedProblem("mixed", *ends, score, 0.0, integers=1, options=(3,))
    mixed.optuna("TPE")(problem, Recorder(score, 60), 0)
    rows = np.concatenate(asked)
    assert set(rows[:, 1].tolist()) == {0, 1, 2, 3, 4}
    assert set(rows[:, 2].tolist()) == {0, 1, 2}
    assert len(set(rows[:, 0].tolist())) > 50


def test_a_method_that_fails_is_a_row_and_one_that_costs_too_much_has_fewer():
    def broken(problem, recorder, seed):
        raise RuntimeError("no such thing\nmore")

    methods = {
        "broken": Method(broken),
        "short": Method(discrete.greedy, most=60, runs=1),
        "design": Method(discrete.best_of_design),
        "greedy": Method(discrete.greedy),
    }
    results = compare(methods, [one_max()] * 2, [50, 200])
    assert results["broken"].error == "RuntimeError: no such thing"
    assert results["short"].best.shape == (1, 2)
    assert results["short"].row(np.median)[1] is None
    assert results["design"].row(np.median)[0] == results["design"].row(np.median)[1]
    assert results["greedy"].best[:, 0].tolist() == results["design"].best[:, 0].tolist()
    assert results["greedy"].runs_above(0.5)[1] == 2


def test_no_query_is_left_after_a_score_that_is_enough():
    recorder = Recorder(lambda rows: rows[:, 0], 9, enough=3.0)
    recorder(np.array([[1.0], [2.0]]))
    assert recorder.left() == 7
    recorder(np.array([[3.0], [2.0]]))
    assert recorder.left() == 0
    assert recorder.best([2, 9]) == [2, 3]


def test_the_figure_of_several_problems_is_their_mean_with_one_seed():
    seen = []

    def search(problem, recorder, seed):
        seen.append((problem.name, seed, recorder.left()))
        recorder(np.array([[1.0], [2.0], [4.0]]))

    def part(name, maximum):
        return real.RealProblem(name, np.zeros(1), np.ones(1), lambda rows: rows[:, 0], maximum)

    both = Mean((part("a", 4.0), part("b", 8.0)))
    result = compare({"m": Method(search)}, [both] * 2, (1, 3), 7)["m"]
    np.testing.assert_array_equal(result.best, [[0.1875, 0.75]] * 2)
    assert seen == [("a", 7, 3), ("b", 7, 3), ("a", 8, 3), ("b", 8, 3)]
    assert result.queries == 12
