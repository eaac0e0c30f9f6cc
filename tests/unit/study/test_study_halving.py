import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import featviz as fv
from featviz.errors import InvalidArgument, RunMismatch, WrongType
from featviz.storage import Phase
from featviz.study.halving import Race, Schedule, least_budget
from featviz.study.settings import Settings

SPACE = fv.ImageSpace(5, 4)
HALVED = {"budget": 400, "restarts": 5, "halving": True, "seed": 5, "batch_size": 9, "progress": "none"}


class Interrupting:
    """A box with two optima that a person interrupts at its n-th call."""

    def __init__(self, at=None):
        self.left = at

    def __call__(self, pictures):
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise KeyboardInterrupt
        return -(np.abs(pictures - 0.5) - 0.3).__pow__(2).sum(axis=(1, 2, 3)) + 0.1 * pictures[:, 0, 0, 0]


def search(out=None, at=None, **options):
    goal = fv.maximise(fv.black_box(Interrupting(at), name="box"))
    return fv.search(SPACE, goal, out=out, **(HALVED | options))


def restarts_of(run):
    """The restart of each batch of the search, and its size."""
    return [(b.restart, len(b)) for b in run._records.batches if b.phase is Phase.SEARCH]


def run_race(schedule, score, batch, unit=1):
    """The race with everyone's turns taken, and the order of the turns."""
    race, turns = Race(schedule, unit), []
    while (most := race.left(one := race.next())) > 0:
        n = min(most // unit, batch) * unit
        race.add(one, n, score(one, race.made[one], n))
        turns.append((one, n))
    return race, turns


# -- the schedule ----------------------------------------------------------------------------------------------------


@given(st.integers(2, 70), st.integers(0, 5000), st.integers(1, 40), st.integers(1, 50), st.integers(0, 10**6))
@settings(max_examples=200, deadline=None)
def test_the_whole_budget_is_spent_and_the_last_one_gets_half_of_it(contestants, more, step, batch, seed):
    budget = least_budget(contestants) + more
    schedule = Schedule(contestants, budget, step)
    rng = np.random.default_rng(seed)
    race, turns = run_race(schedule, lambda *_: rng.standard_normal(), batch)
    assert sum(n for _, n in turns) == budget
    assert race.is_decided
    assert race.made[race.live[0]] == schedule.last_share >= budget / 2
    assert max(race.made) == schedule.last_share
    # What a contestant was given is that of the rung in which it was left behind.
    assert set(race.made) <= {*schedule.ends, schedule.last_share}


@given(st.integers(2, 40), st.integers(0, 2000), st.integers(0, 10**6))
@settings(max_examples=100, deadline=None)
def test_the_better_half_of_each_rung_goes_on(contestants, more, seed):
    schedule = Schedule(contestants, least_budget(contestants) + more)
    # Few different scores, so that many are equal.
    scores = np.random.default_rng(seed).integers(0, 4, (contestants, schedule.last_share)).astype(float)
    race, _ = run_race(schedule, lambda one, made, n: scores[one, made : made + n].max(), 7)
    live = list(range(contestants))
    for end in schedule.ends:
        live = sorted(sorted(live, key=lambda one: (-scores[one, :end].max(), one))[: (len(live) + 1) // 2])
        left_behind = [one for one in range(contestants) if race.made[one] == end]
        assert not set(left_behind) & set(live)
    assert list(race.live) == live


@given(st.integers(2, 12), st.integers(0, 400), st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_the_order_of_the_turns_decides_nothing(contestants, more, seed):
    schedule = Schedule(contestants, least_budget(contestants) + more)
    scores = np.random.default_rng(seed).standard_normal((contestants, schedule.last_share))
    whole, _ = run_race(schedule, lambda one, made, n: scores[one, made : made + n].max(), 5)
    again = Race(schedule)
    for one in reversed(range(contestants)):
        for at in range(0, whole.made[one], 5):
            n = min(5, whole.made[one] - at)
            # Steps of five straddle the ends of rungs; single ones do not.
            for i in range(at, at + n):
                again.add(one, 1, scores[one, i])
    assert (again.live, again.made) == (whole.live, whole.made)


def test_eight_contestants_share_half_of_the_budget_in_three_rungs():
    schedule = Schedule(8, 4800)
    assert schedule.ends == (100, 300, 700)
    assert schedule.last_share == 4800 - 8 * 100 - 4 * 200 - 2 * 400 + 700
    # Generations of 30 are not cut where a rung is as long as one.
    assert Schedule(8, 4800, 30).ends == (90, 300, 720)
    assert Schedule(8, 4800, 1000).ends == (100, 300, 700)


def test_an_odd_one_stays_in_and_one_alone_has_no_rungs():
    assert least_budget(5) == 2 * (5 + 3 + 2)
    assert (Schedule(1, 10).ends, Schedule(1, 10).last_share) == ((), 10)
    assert Race(Schedule(1, 10)).left(0) == 10


def test_what_has_no_score_is_left_behind_and_the_first_of_equals_goes_on():
    race, _ = run_race(Schedule(4, 200), lambda one, *_: [math.nan, -math.inf, 1.0, 1.0][one], 5)
    assert race.live == (2,)
    race, _ = run_race(Schedule(4, 200), lambda *_: math.nan, 5)
    assert race.live == (0,)


def test_who_is_through_waits_and_who_is_out_is_done():
    race = Race(Schedule(2, 40))
    race.add(0, 10, 1.0)
    assert (race.left(0), race.next(), race.left(1)) == (0, 1, 10)
    race.add(1, 10, 0.0)
    assert (race.live, race.left(1), race.left(0)) == ((0,), 0, 20)


def test_a_rung_ends_when_what_is_left_is_too_little_for_one_input():
    race, turns = run_race(Schedule(2, 43), lambda *_: 0.0, 1, unit=3)
    assert race.made == (33, 9)
    assert all(n == 3 for _, n in turns)


# -- in a search -----------------------------------------------------------------------------------------------------


def test_restarts_take_turns_and_the_better_half_goes_on():
    run = search()
    schedule = Schedule(5, 400, 9)
    turns = restarts_of(run)
    assert [one for one, _ in turns[:5]] == [0, 1, 2, 3, 4]
    assert run.evaluations == 400
    made = np.bincount(run._records.restarts[run._records.of_phase(Phase.SEARCH)])
    assert sorted(made)[:2] == [schedule.ends[0]] * 2
    assert max(made) >= 200
    histories = run.restart_histories
    reached = [h.at(schedule.ends[0]) for h in histories]
    through = {one for one in range(5) if made[one] > schedule.ends[0]}
    assert through == set(np.argsort(-np.array(reached), kind="stable")[:3].tolist())
    assert [int(h.evaluations[-1]) for h in histories] == made.tolist()


def test_a_restart_that_is_left_behind_did_what_it_would_have_done_alone():
    """Nothing leaks from one optimiser into another."""
    run, alone = search(optimiser="sep-cma"), search(optimiser="sep-cma", restarts=1, halving=False)
    ids = run._records.of_phase(Phase.SEARCH)
    first = run.scores[ids[run._records.restarts[ids] == 0]]
    assert len(first) > 9  # more than one batch
    np.testing.assert_array_equal(first, alone.scores[alone._records.of_phase(Phase.SEARCH)[: len(first)]])


def test_without_halving_nothing_is_written_down():
    assert "halving" not in Settings(100, restarts=2).table()
    assert Settings(100, restarts=2, halving=True).table()["halving"] is True


@pytest.mark.parametrize("optimiser", ["auto", "sep-cma", "ga", "nevergrad:DE"])
@pytest.mark.parametrize("at", [2, 11])
def test_an_interrupted_run_ends_bit_for_bit_where_it_would_have(tmp_path, optimiser, at):
    whole = search(optimiser=optimiser)
    with pytest.raises(KeyboardInterrupt):
        search(tmp_path / "run", at, optimiser=optimiser)
    assert 0 < fv.load(tmp_path / "run").evaluations < 400
    resumed = search(tmp_path / "run", optimiser=optimiser)
    np.testing.assert_array_equal(resumed.scores, whole.scores)
    assert restarts_of(resumed) == restarts_of(whole)
    assert [resumed.candidate(i).latents.digest() for i in range(0, 400, 7)] == [
        whole.candidate(i).latents.digest() for i in range(0, 400, 7)
    ]


@pytest.mark.parametrize("options", [{}, {"noise": True}, {"budget": 240, "replicates": 2}])
def test_resuming_after_every_batch_changes_nothing(tmp_path, options):
    options = {"budget": 120, "optimiser": "sep-cma"} | options
    whole = search(**options)
    settings_ = {k: v for k, v in (HALVED | options).items() if k != "progress"}
    for _ in range(200):
        goal = fv.maximise(fv.black_box(Interrupting(), name="box"))
        study = fv.Study(SPACE, goal, out=tmp_path / "run", **settings_)
        if study.done:
            break
        study.step()
        study.close()
    resumed = study.close()
    np.testing.assert_array_equal(resumed.scores, whole.scores)
    assert restarts_of(resumed) == restarts_of(whole)


def test_a_noisy_box_is_gauged_for_every_restart_and_only_the_last_one_recommends(tmp_path):
    def noisy(pictures):
        # Noise that depends on the input alone would be none; this differs from call to call, and repeats in a run.
        noisy.calls += 1
        rng = np.random.default_rng(noisy.calls)
        return Interrupting()(pictures) + rng.standard_normal(len(pictures))

    noisy.calls = 0
    goal = fv.maximise(fv.black_box(noisy, name="noisy", noisy=True))
    run = fv.search(SPACE, goal, **(HALVED | {"budget": 800}))
    recommended = [b.restart for b in run._records.batches if b.phase is Phase.RECOMMENDED]
    last = [b.restart for b in run._records.batches if b.phase is Phase.SEARCH][-1]
    assert recommended == [last]
    assert run.evaluations == 800
    assert run.best.replicates > 1


def test_the_last_one_takes_what_a_larger_budget_adds(tmp_path):
    first = search(tmp_path / "run")
    longer = search(tmp_path / "run", budget=600)
    np.testing.assert_array_equal(longer.scores[:400], first.scores)
    assert len({restart for restart, _ in restarts_of(longer)[len(restarts_of(first)) :]}) == 1
    assert longer.evaluations == 600


def test_reference_inputs_are_not_part_of_the_rungs():
    references = np.random.default_rng(0).random((40, 5, 4, 1)).astype(np.float32)
    run = search(references=references, noise=False)
    assert run.evaluations == 400
    made = np.bincount([one for one, n in restarts_of(run) for _ in range(n)])
    assert max(made) == Schedule(5, 360, 9).last_share


def test_a_halved_run_is_not_continued_as_another(tmp_path):
    search(tmp_path / "run")
    with pytest.raises(RunMismatch, match="halving"):
        search(tmp_path / "run", halving=False)


def test_a_run_goes_on_warm_with_each_restart_at_its_own_best(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        search(tmp_path / "run", 4)
    part = fv.load(tmp_path / "run").scores
    warm = search(tmp_path / "run", resume="warm")
    np.testing.assert_array_equal(warm.scores[: len(part)], part)
    assert not warm.reproducible
    assert warm.evaluations == 400
    again = search(tmp_path / "run", budget=450)
    np.testing.assert_array_equal(again.scores[:400], warm.scores)


def test_a_target_ends_a_halved_run():
    run = search(target=-1.0)
    assert run.best.score >= -1.0
    assert run.evaluations < 400
    assert "target" in run.stop_reason


@pytest.mark.parametrize(
    ("error", "options", "words"),
    [
        (InvalidArgument, {"restarts": 1}, "chooses among several restarts"),
        (InvalidArgument, {"budget": 19}, "at least 20 evaluations"),
        (InvalidArgument, {"budget": 39, "replicates": 2}, "5 restarts of 2 replicates need .* at least 40"),
        (WrongType, {"halving": "yes"}, "halving must be True or False, but it is a str"),
        (WrongType, {"halving": 1}, "halving must be True or False, but it is a int"),
    ],
)
def test_halving_that_cannot_be_is_refused(error, options, words):
    with pytest.raises(error, match=words):
        search(**options)


def test_reference_inputs_that_leave_too_little_for_the_rungs_are_refused_and_leave_nothing_behind(tmp_path):
    references = np.random.default_rng(0).random((40, 5, 4, 1)).astype(np.float32)
    with pytest.raises(InvalidArgument, match="at least 60 evaluations to be halved beside 40 reference inputs"):
        search(tmp_path / "run", budget=59, references=references)
    assert not (tmp_path / "run").exists()
    assert search(budget=60, references=references, noise=False).evaluations == 60


def test_several_objectives_cannot_be_halved():
    box = fv.black_box(lambda x: x.mean(axis=(2, 3)), outputs=["a", "b", "c", "d", "e"])
    goals = fv.pareto(fv.maximise(box, "a"), fv.minimise(box, "b"))
    with pytest.raises(InvalidArgument, match="one score"):
        fv.search(SPACE, goals, budget=200, restarts=4, halving=True)


def test_the_smallest_budget_that_is_allowed_is_spent():
    assert search(budget=20).evaluations == 20
