"""The genetic algorithm: what it asks for, in which order of what, and what it must survive."""

import json

import numpy as np
import pytest

from featviz.errors import InvalidArgument, LatentShapeError, RunDamaged, WrongType
from featviz.latent import LatentDescription, Latents, Move
from featviz.optimisers.genetic import GeneticAlgorithm

MIXED = LatentDescription(4, (3, 5, 2, 7))
BINARY = LatentDescription(0, (2,) * 12)


def score(latents):
    return -((latents.real - 1) ** 2).sum(axis=1) - (latents.categorical != 1).sum(axis=1)


def run(own, steps, score=score, n=None):
    asked = []
    for _ in range(steps):
        asked.append(own.ask(n or own.batch_size))
        own.tell(asked[-1], score(asked[-1]))
    return Latents.concatenate(asked)


@pytest.mark.parametrize(
    "latent", [MIXED, BINARY, LatentDescription(6), LatentDescription(1), LatentDescription(0, (9,))]
)
@pytest.mark.parametrize("n", [1, 3, 20, 64])
def test_any_number_of_rows_of_any_genes_fits(latent, n):
    asked = run(GeneticAlgorithm(latent, seed=1), 6, n=n)
    latent.check(asked)
    assert len(asked) == 6 * n
    assert np.isfinite(asked.real).all()


def test_nothing_is_asked_for_twice():
    asked = run(GeneticAlgorithm(LatentDescription(0, (2,) * 14), seed=2), 60)
    assert len(set(asked.keys())) == len(asked) == 1200


def test_a_space_that_is_exhausted_is_drawn_from_again():
    tiny = LatentDescription(0, (2, 3))
    own = GeneticAlgorithm(tiny, seed=3)
    first = own.ask(20)
    assert len(set(first.keys())) == 6
    own.tell(first, score(first))
    assert len(run(own, 5)) == 100


def test_options_of_probability_zero_are_never_asked_for():
    banned = np.array([0.5, 0.0, 0.5, 0.0])
    asked = run(GeneticAlgorithm(LatentDescription(0, (4,) * 6, (banned,) * 6), seed=1), 20)
    assert set(np.unique(asked.categorical)) == {0, 2}


def test_rare_options_are_tried():
    rare = np.array([1 - 1e-9, 1e-9])
    asked = run(GeneticAlgorithm(LatentDescription(0, (2,) * 8, (rare,) * 8), seed=1), 10)
    assert (asked.categorical == 1).any(axis=0).all()


def test_forbidden_latents_are_never_asked_for_though_the_best_are_at_their_edge():
    latent = LatentDescription(4, (3, 5), feasible=lambda latents: latents.real.sum(axis=1) < 0.5)
    own = GeneticAlgorithm(latent, seed=5)
    asked = run(own, 40, score=lambda latents: latents.real.sum(axis=1))
    assert (asked.real.sum(axis=1) < 0.5).all()
    assert asked.real.sum(axis=1).max() > 0.49


def test_a_forbidden_start_is_not_asked_for():
    latent = LatentDescription(2, feasible=lambda latents: latents.real[:, 0] < 0)
    own = GeneticAlgorithm(latent, start=Latents.of_real(np.full((1, 2), 3.0)))
    assert (own.ask(30).real[:, 0] < 0).all()


@pytest.mark.parametrize("n", [1, 20])
def test_the_start_comes_first_and_some_are_near_it(n):
    start = Latents(np.full((1, 4), 2.5), np.full((1, 4), 1))
    own = GeneticAlgorithm(MIXED, seed=4, start=start)
    first = Latents.concatenate([own.ask(n) for _ in range(20 // n)])
    assert first[:1].digest() == start.digest()
    if n > 1:
        shared = (first.real == 2.5).sum(axis=1) + (first.categorical == 1).sum(axis=1)
        assert 3 <= (shared[1:] >= 5).sum() <= 15
    again = GeneticAlgorithm(MIXED, seed=4).ask(20)
    assert again[:1].digest() != start.digest()


def test_rows_without_a_score_never_become_parents():
    own = GeneticAlgorithm(MIXED, seed=6)
    asked = own.ask(60)
    scores = np.where(np.arange(60) < 30, np.nan, score(asked))
    scores[40] = -np.inf
    own.tell(asked, scores)
    lost = np.isnan(scores) | np.isinf(scores)
    elites = set(own._elites.latents.keys())
    assert elites.isdisjoint(asked[lost].keys())
    assert len(elites) == 10


def test_one_row_with_a_score_is_enough_to_go_on():
    own = GeneticAlgorithm(BINARY, seed=7)
    asked = own.ask(20)
    own.tell(asked, np.where(np.arange(20) == 4, 1.0, np.nan))
    near = (own.ask(40).categorical != asked.categorical[4]).sum(axis=1)
    assert (near <= 2).sum() >= 10


def test_foreign_rows_become_parents():
    own = GeneticAlgorithm(BINARY, seed=8)
    good = Latents(np.empty((2, 0)), np.ones((2, 12), dtype=np.int64))
    good.categorical[1, 0] = 0
    own.tell(good, score(good))
    run(own, 3)
    assert good.keys()[0] == own._elites.latents.keys()[0]
    assert good.keys()[0] not in own.ask(20).keys()  # noqa: SIM118  not a mapping


def test_rows_told_in_pieces_and_in_any_order():
    own, other = GeneticAlgorithm(MIXED, seed=9), GeneticAlgorithm(MIXED, seed=9)
    for _ in range(4):
        a, b = own.ask(20), other.ask(20)
        assert a.digest() == b.digest()
        order = np.random.default_rng(0).permutation(20)
        for half in (order[:7], order[7:]):
            own.tell(a[half], score(a[half]))
            other.tell(b[half[::-1]], score(b[half[::-1]]))


def test_the_best_is_never_lost():
    own = GeneticAlgorithm(LatentDescription(3, (4,) * 10), seed=10)
    best = -np.inf
    for _ in range(60):
        asked = own.ask(20)
        own.tell(asked, score(asked))
        best = max(best, score(asked).max())
        assert own._elites.scores[0] == best


def test_moves_are_used_and_what_they_gain_gives_them_chances():
    def up(parents, mates, rng):
        children = parents.copy()
        children.categorical[np.arange(len(parents)), rng.integers(12, size=len(parents))] = 1
        return children

    def spoil(parents, mates, rng):
        return Latents(
            parents.real.copy(), np.where(rng.random(parents.categorical.shape) < 0.7, 0, parents.categorical)
        )

    latent = LatentDescription(0, (9,) * 12, moves=(Move("up", up), Move("spoil", spoil)))
    own = GeneticAlgorithm(latent, seed=1)
    run(own, 6)
    chances = dict(zip(own._variation.names, own._credit.probabilities(), strict=True))
    assert chances["move: up"] > 2 * chances["move: spoil"] > 0
    plain = GeneticAlgorithm(LatentDescription(0, (9,) * 12), seed=1)
    run(plain, 6)
    assert own._elites.scores.mean() > plain._elites.scores.mean()


def test_a_move_that_makes_what_does_not_fit_is_an_error():
    latent = LatentDescription(2, moves=(Move("bad", lambda p, m, rng: Latents.of_real(np.zeros((len(p), 3))), 50.0),))
    own = GeneticAlgorithm(latent)
    with pytest.raises(LatentShapeError):
        run(own, 5)


def test_a_state_holds_all_and_stays_small():
    own = GeneticAlgorithm(MIXED, seed=11)
    run(own, 100)
    state = own.state_dict()
    size = sum(v.nbytes if isinstance(v, np.ndarray) else len(json.dumps(v)) for v in state.values())
    assert size < 2000 * 8 + 10_000
    other = GeneticAlgorithm(MIXED, seed=11)
    other.load_state_dict(state)
    assert run(own, 5).digest() == run(other, 5).digest()


def test_states_are_copies():
    own = GeneticAlgorithm(MIXED, seed=11)
    run(own, 3)
    state = own.state_dict()
    before = {k: np.array(v).copy() for k, v in state.items()}
    run(own, 3)
    assert all(np.array_equal(before[k], state[k], equal_nan=k == "out_parents") for k in state)


@pytest.mark.parametrize(
    "damage",
    [
        {"asks": "many"},
        {"asks": float("inf")},
        {"tells": -1},
        {"design": -1},
        {"step": 10**400},
        {"step": float("nan")},
        {"elites_real": np.full((20, 4), np.nan)},
        {"seen": "x"},
        {"out": np.zeros((2, 2))},
        {"out_parents": np.zeros(1)},
        {"trials": np.zeros(99)},
        {"elites_scores": np.zeros(3)},
        {"elites_counts": np.zeros(20, dtype=np.int64)},
        {"noisy": 2},
        {"elites_categorical": np.full((20, 4), 99)},
    ],
)
def test_a_damaged_state_is_refused(damage):
    own = GeneticAlgorithm(MIXED, seed=11)
    run(own, 3)
    state = own.state_dict()
    with pytest.raises(RunDamaged):
        GeneticAlgorithm(MIXED).load_state_dict({**state, **damage})
    for key in state:
        with pytest.raises(RunDamaged):
            GeneticAlgorithm(MIXED).load_state_dict({k: v for k, v in state.items() if k != key})


@pytest.mark.parametrize("record", [None, 3, "ab", [("a", 1)]])
def test_what_is_no_record_is_not_learnt(record):
    move = Move("m", lambda parents, _mates, _rng: parents.copy())
    own = GeneticAlgorithm(LatentDescription(0, records=1, prior=object(), moves=(move,)))
    with pytest.raises(InvalidArgument, match="tuples of names with numbers"):
        own.tell(Latents.of_records([(("a", 1),), record]), np.zeros(2))


@pytest.mark.parametrize(
    ("budget", "elites", "rows"),
    [(1, 5, 5), (500, 5, 5), (1_000, 7, 7), (2_000, 10, 10), (8_000, 10, 20), (10**6, 10, 20), (None, 10, 20)],
)
def test_a_small_budget_has_fewer_elites_and_smaller_batches(budget, elites, rows):
    own = GeneticAlgorithm(BINARY, budget=budget)
    assert own.batch_size == rows
    run(own, 10)
    assert len(own._elites) == elites
    given = GeneticAlgorithm(BINARY, budget=budget, population=30, batch_size=40)
    assert given.batch_size == 40
    run(given, 3)
    assert len(given._elites) == 30


def noisily(own, steps, level, seed=0):
    """The rows asked for in each of ``steps`` batches of scores with normal noise."""
    rng = np.random.default_rng(seed)
    batches = []
    for _ in range(steps):
        batches.append(own.ask(20))
        own.tell(batches[-1], score(batches[-1]) + level * rng.standard_normal(20))
    return batches


def test_where_scores_are_noisy_elites_are_asked_for_again_and_their_scores_are_means():
    own = GeneticAlgorithm(MIXED, seed=5)
    noisily(own, 5, 1.0)
    own.expect_noise(0.5, 1_000)
    before = own._elites.latents[:10].keys()
    asked = own.ask(20)
    again = [row for row, key in enumerate(asked.keys()) if key in before]
    assert len(again) == 5
    scores = np.full(20, -100.0)
    scores[again] = 7.0
    scores[again[0]] = np.nan
    known = dict(zip(own._elites.latents.keys(), own._elites.scores, strict=True))
    own.tell(asked, scores)
    now = dict(zip(own._elites.latents.keys(), own._elites.scores, strict=True))
    keys = asked.keys()
    assert now[keys[again[0]]] == known[keys[again[0]]]
    for row in again[1:]:
        assert now[keys[row]] == pytest.approx((known[keys[row]] + 7.0) / 2)
    assert (np.diff(own._elites.scores) <= 0).all()
    assert own.recommend().keys() == [own._elites.latents.keys()[0]]


@pytest.mark.parametrize("expects", [False, True])
def test_a_lucky_elite_stays_on_top_only_where_noise_is_not_expected(expects):
    own = GeneticAlgorithm(MIXED, seed=5)
    if expects:
        own.expect_noise(0.5, 1_000)
    rows = own.ask(20)
    # Luck lifts the worst one a little above what the best can reach.
    worst = score(rows).argmin()
    own.tell(rows, np.where(np.arange(20) == worst, 0.5, score(rows)))
    noisily(own, 60, 0.01)
    top = own._elites.latents.keys()[0]
    assert (top == rows.keys()[worst]) != expects


def test_little_noise_changes_nothing():
    own, other = GeneticAlgorithm(MIXED, seed=5), GeneticAlgorithm(MIXED, seed=5)
    own.expect_noise(0.001, 1_000)
    assert run(own, 8).digest() == run(other, 8).digest()


def test_what_is_expected_and_learnt_of_noise_is_in_the_state():
    own = GeneticAlgorithm(MIXED, seed=5)
    own.expect_noise(0.5, 1_000)
    noisily(own, 6, 1.0)
    other = GeneticAlgorithm(MIXED, seed=5)
    other.load_state_dict(own.state_dict())
    assert [rows.digest() for rows in noisily(own, 4, 1.0)] == [rows.digest() for rows in noisily(other, 4, 1.0)]


def test_the_order_of_rows_told_again_does_not_matter():
    own, other = (GeneticAlgorithm(MIXED, seed=5) for _ in range(2))
    for one in (own, other):
        one.expect_noise(0.5, 1_000)
        noisily(one, 4, 1.0)
    asked = own.ask(20)
    other.ask(20)
    doubled = np.tile(np.arange(20), 3)
    scores = np.random.default_rng(1).standard_normal(60)
    own.tell(asked[doubled], scores)
    other.tell(asked[doubled[::-1]], scores[::-1])
    assert own._elites.scores.tolist() == other._elites.scores.tolist()
    assert own.ask(20).digest() == other.ask(20).digest()


def test_what_is_recommended_before_anything_was_told():
    start = Latents(np.full((1, 4), 2.5), np.full((1, 4), 1))
    assert GeneticAlgorithm(MIXED, start=start).recommend().digest() == start.digest()
    drawn = GeneticAlgorithm(MIXED, seed=1).recommend()
    MIXED.check(drawn)
    assert len(drawn) == 1


def test_rows_that_never_come_back_are_forgotten_in_the_end(monkeypatch):
    monkeypatch.setattr("featviz.optimisers._breeding._OUTSTANDING", 50)
    monkeypatch.setattr("featviz.optimisers._breeding._REMEMBERED", 100)
    own = GeneticAlgorithm(MIXED, seed=1)
    for _ in range(20):
        own.ask(20)
    assert len(own._out) <= 50
    assert len(own._seen) <= 100


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"population": 1}, InvalidArgument),
        ({"population": "20"}, WrongType),
        ({"batch_size": 0}, InvalidArgument),
        ({"escape": 1.5}, InvalidArgument),
        ({"escape": float("nan")}, InvalidArgument),
        ({"budget": 0}, InvalidArgument),
        ({"seed": -1}, InvalidArgument),
        ({"start": Latents.of_real(np.zeros((1, 4)))}, LatentShapeError),
    ],
)
def test_arguments_are_checked(options, error):
    with pytest.raises(error):
        GeneticAlgorithm(MIXED, **options)


def test_what_is_told_is_checked():
    own = GeneticAlgorithm(MIXED)
    asked = own.ask(3)
    with pytest.raises(InvalidArgument):
        own.tell(asked, np.zeros(2))
    with pytest.raises(LatentShapeError):
        own.tell(Latents.of_real(np.zeros((1, 4))), np.zeros(1))
    broken = asked.copy()
    broken.real[0, 0] = np.nan
    with pytest.raises(InvalidArgument, match="finite"):
        own.tell(broken, np.zeros(3))
    with pytest.raises(InvalidArgument):
        own.ask(0)


def needle(latents):
    """One option of 400 pairs counts, and nothing leads there."""
    return ((latents.categorical[:, 0] == 13) & (latents.categorical[:, 1] == 7)).astype(float)


def test_while_all_scores_are_equal_the_prior_is_drawn_from():
    latent = LatentDescription(2, (20, 20, 3))
    asked = run(GeneticAlgorithm(latent, seed=0, budget=10_000), 60, score=lambda latents: np.full(len(latents), 7.0))
    # 95% of all values: children of few parents would have those of their parents.
    for gene, options in enumerate(latent.options):
        assert len(np.unique(asked.categorical[:, gene])) == options
    assert len(np.unique(asked.real[:, 0])) > 0.75 * len(asked)


def test_what_nothing_leads_to_is_found_as_soon_as_by_chance():
    latent = LatentDescription(0, (20, 20, 20, 20))
    found = 0
    for seed in range(10):
        asked = run(GeneticAlgorithm(latent, seed=seed, budget=2_000), 400 * 3 // 10, score=needle, n=10)
        found += bool(needle(asked).any())
    assert found >= 8  # 900 draws of 400 pairs miss it once in ten


def test_flatness_is_part_of_the_state():
    flat = GeneticAlgorithm(MIXED, seed=0)
    run(flat, 10, score=lambda latents: np.zeros(len(latents)))
    other = GeneticAlgorithm(MIXED, seed=0)
    other.load_state_dict(flat.state_dict())
    for _ in range(3):
        assert flat.ask(20).digest() == other.ask(20).digest()
    damaged = flat.state_dict() | {"range": np.zeros(3)}
    with pytest.raises(RunDamaged):
        GeneticAlgorithm(MIXED, seed=0).load_state_dict(damaged)
