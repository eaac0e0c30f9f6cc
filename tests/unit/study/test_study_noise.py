"""Noisy boxes: found out, gauged, and their best input chosen by asking again; all of it from the records alone."""

import contextlib
import dataclasses
import sqlite3

import numpy as np
import pytest

import featviz as fv
from featviz.errors import InvalidArgument, RunDamaged
from featviz.storage import BatchRecord, Phase
from featviz.study.history import Records
from featviz.study.noise import NoisePolicy
from featviz.study.plan import Plan
from featviz.study.settings import Settings

SPACE = fv.ImageSpace(5, 4)


def true_score(pictures):
    return 10 - ((pictures - 0.7) ** 2).sum(axis=(1, 2, 3))


class Noisy(fv.BlackBox):
    """Noise that depends on the number of the batch alone, so that a resumed run meets the same."""

    def __init__(self, level=0.3, fail=None, interrupt_at=None):
        super().__init__(name="noisy", outputs=["score"])
        self.level, self.fail, self.left = level, fail, interrupt_at
        self.asked = 0

    def begin_batch(self, key):
        self._rng = np.random.default_rng(key)

    def answer(self, inputs):
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise KeyboardInterrupt
        self.asked += len(inputs)
        scores = true_score(inputs) + self.level * self._rng.standard_normal(len(inputs))
        if self.fail is not None:
            scores[self._rng.random(len(inputs)) < self.fail] = np.nan
        return scores


def search(out=None, box=None, **options):
    settings = {"budget": 400, "seed": 5, "batch_size": 9, "progress": "none"} | options
    return fv.search(SPACE, fv.maximise(Noisy() if box is None else box), out=out, **settings)


def phases(run):
    return [record.phase for record in run._records.batches]


def count(run, phase):
    return run._records.count(phase)


# -- end to end ------------------------------------------------------------------------------------------------------


def test_the_reported_best_is_a_mean_of_repeats_with_its_standard_error():
    box = Noisy()
    run = search(box=box)
    best = run.best
    again = run._records.again[best.id]
    assert best.replicates == len(again) >= 8
    assert best.score == pytest.approx(again.mean())
    assert best.standard_error == pytest.approx(again.std(ddof=1) / np.sqrt(len(again)))
    assert abs(best.score - true_score(best.input[None])[0]) < 4 * best.standard_error
    # The first observation, by which it may have been chosen, is not among them.
    assert run.history.best[-1] > best.score
    assert run.noise == pytest.approx(0.3, rel=0.3)
    assert f"({best.replicates} re-evaluations)" in repr(best)
    assert f"± {best.standard_error:.2g}" in repr(run)
    assert run.evaluations == box.asked == 400


def test_what_is_kept_for_the_rounds_is_taken_from_all_restarts_alike():
    run = search(budget=1000, restarts=12, noise=True)
    made = run.agreement.evaluations
    assert len(made) == 12
    assert made.max() <= 1.5 * made.min()
    assert run.evaluations == 1000


def test_the_choice_is_better_than_the_luckiest_observation():
    chosen, lucky = [], []
    space = fv.ImageSpace(12, 12)
    for seed in range(4):
        objective = fv.maximise(Noisy(4.0))
        run = fv.search(space, objective, budget=1000, seed=seed, progress="none")
        observed = run._records.observed(run._records.of_phase(Phase.SEARCH))[0]
        chosen.append(true_score(run.best.input[None])[0])
        lucky.append(true_score(run.candidate(int(observed)).input[None])[0])
    assert np.mean(chosen) > np.mean(lucky)


def test_a_deterministic_box_is_asked_again_three_times_at_most():
    run = search(box=Noisy(0.0))
    assert count(run, Phase.CHECK) == 3
    assert count(run, Phase.CONFIRM) == count(run, Phase.RECOMMENDED) == 0
    assert run.noise is None
    assert run.best.replicates == 0
    assert run.best.standard_error is None
    assert "re-evaluations" not in repr(run)


@pytest.mark.parametrize("declared", [True, False])
def test_what_is_said_of_the_noise_is_believed(declared):
    run = search(noise=declared, box=Noisy(0.0 if declared else 0.3))
    assert (count(run, Phase.CONFIRM) > 0) is declared
    if not declared:
        assert set(phases(run)) == {Phase.SEARCH}


def test_differences_of_rounding_are_no_noise():
    run = search(box=Noisy(1e-7))
    assert count(run, Phase.CONFIRM) == 0


@pytest.mark.parametrize("budget", [1, 2, 8, 9, 10, 30, 49, 50, 51, 60, 100])
@pytest.mark.parametrize("noise", ["auto", True])
def test_a_small_budget_is_kept_to_the_last_evaluation(budget, noise):
    box = Noisy()
    run = search(box=box, budget=budget, noise=noise)
    assert run.evaluations == box.asked == budget
    assert np.isfinite(run.best.score)
    assert run.status == "finished"
    assert run.stop_reason == "the budget is spent"


def test_restarts_are_each_asked_for_what_they_recommend():
    run = search(restarts=3, budget=600)
    recommended = [r.restart for r in run._records.batches_of(Phase.RECOMMENDED)]
    assert recommended == [0, 1, 2]
    assert run.evaluations == 600


def test_the_random_inputs_are_asked_again_too():
    run = search(baseline=50)
    assert run.baseline_best.replicates == 8
    assert run.baseline_best.standard_error > 0
    assert run.evaluations == 400


def test_repeats_that_fail_are_left_out():
    run = search(box=Noisy(fail=0.1), budget=500)
    assert run.evaluations == 500
    assert np.isfinite(run.best.score)
    assert run.best.replicates == np.isfinite(run._records.again[run.best.id]).sum()
    assert run.failures["nonfinite"] > 0


def test_replicates_are_means_and_each_counts():
    box = Noisy()
    run = search(box=box, noise=False, replicates=4, budget=400)
    assert run.evaluations == box.asked == 400
    assert len(run.scores) == 100
    errors = run.scores - [true_score(run.candidate(i).input[None])[0] for i in range(100)]
    assert errors.std() == pytest.approx(0.15, rel=0.25)


@pytest.mark.parametrize(("budget", "replicates", "restarts"), [(10, 2, 2), (100, 7, 3), (30, 4, 12)])
def test_a_restart_too_short_for_more_replicates_does_not_end_the_search(budget, replicates, restarts):
    run = search(noise=False, budget=budget, replicates=replicates, restarts=restarts, batch_size=4)
    assert budget - replicates < run.evaluations <= budget


def test_references_with_replicates_never_exceed_the_budget():
    references = np.random.default_rng(0).random((30, 5, 4, 1))
    run = search(noise=False, budget=101, replicates=5, references=references, restarts=2)
    assert run.evaluations == 100
    assert run.stop_reason == "the budget is spent"


def test_an_optimiser_plans_for_the_inputs_that_replicates_leave():
    settings = Settings(400, 0, "snes", {}, 2, 9, 0, False, 4)
    assert Plan(settings, 400, 0).budget_of(1) == 50


def test_without_boxes_nothing_is_found_to_differ():
    run = fv.search(SPACE, fv.naturalness(), budget=60, noise=True, progress="none")
    assert run.evaluations == 60
    assert run.best.standard_error == 0.0


# -- targets ---------------------------------------------------------------------------------------------------------


def test_a_target_that_luck_reached_once_is_not_reached():
    run = search(target=10.5, box=Noisy(1.0))
    assert run.history.best[-1] > 10.5
    assert run.stop_reason == "the budget is spent"


def test_a_target_that_is_reached_again_ends_the_search():
    run = search(target=9.0, box=Noisy(0.3))
    assert run.stop_reason == "the target 9 was reached"
    assert run.evaluations < 400
    assert run.best.replicates >= 8
    assert run.best.score >= 9.0
    assert run.best.standard_error > 0
    # What was luckier once does not count as better.
    assert run.scores[:-8].max() > run.best.score


def test_a_target_that_further_repeats_miss_is_not_reached():
    records, made = Records(), policy(known=True)
    record(records, Phase.SEARCH, [1.0, 5.0, 2.0])
    record(records, Phase.CHECK, [3.0, 3.0, 3.0, 3.0], [1] * 4)
    assert made.reached(records, 2.5)
    np.testing.assert_array_equal(made.proof_due(records, 2.5), [1] * 4)
    record(records, Phase.CONFIRM, [1.0, 1.0], [1] * 2)
    assert not made.reached(records, 2.5)
    assert not len(made.proof_due(records, 2.5))
    assert not len(made.proof_due(records, None))


# -- resuming --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("optimiser", ["sep-cma", "snes", "ga", "nevergrad:DE"])
def test_a_run_interrupted_before_any_batch_ends_bit_for_bit_where_it_would_have(tmp_path, optimiser):
    common = {"optimiser": optimiser, "budget": 200, "baseline": 20, "restarts": 2, "batch_size": 11}
    whole = search(**common)
    assert {Phase.CHECK, Phase.CONFIRM, Phase.BASELINE_CONFIRM} <= set(phases(whole))
    for at in range(0, len(whole._records.batches), 3):
        out = tmp_path / f"run{at}"
        with pytest.raises(KeyboardInterrupt):
            search(out, Noisy(interrupt_at=at), **common)
        resumed = search(out, **common)
        np.testing.assert_array_equal(resumed.scores, whole.scores)
        assert phases(resumed) == phases(whole)
        assert resumed.best.id == whole.best.id


@pytest.mark.parametrize("optimiser", ["sep-cma", "snes"])
def test_an_optimiser_that_expects_noise_resumes_from_its_state(tmp_path, optimiser, monkeypatch):
    monkeypatch.setattr("featviz.study.study._STATE_SECONDS", 0.0)
    common = {"optimiser": optimiser, "budget": 600, "batch_size": 20}
    whole = search(**common)
    with pytest.raises(KeyboardInterrupt):
        search(tmp_path / "run", Noisy(interrupt_at=20), **common)
    np.testing.assert_array_equal(search(tmp_path / "run", **common).scores, whole.scores)


def test_a_larger_budget_goes_on_with_the_search_and_chooses_again(tmp_path):
    short = search(tmp_path / "run")
    longer = search(tmp_path / "run", budget=800)
    np.testing.assert_array_equal(longer.scores[: len(short.scores)], short.scores)
    assert longer.evaluations == 800
    assert longer.best.replicates >= short.best.replicates


def test_a_larger_budget_replays_what_was_made_with_the_smaller_one(tmp_path, monkeypatch):
    # As after a kill: no state is stored, so every batch is asked for again.
    monkeypatch.setattr("featviz.study.searcher.Searcher.store_state", lambda self: None)
    common = {"optimiser": "snes", "box": None, "batch_size": 9}
    short = search(tmp_path / "run", budget=200, **common)
    longer = search(tmp_path / "run", budget=900, **common)
    np.testing.assert_array_equal(longer.scores[: len(short.scores)], short.scores)
    assert longer.evaluations == 900


def test_a_stored_run_tells_the_same(tmp_path):
    run = search(tmp_path / "run", baseline=30)
    loaded = fv.load(tmp_path / "run")
    assert repr(loaded.best) == repr(run.best)
    assert repr(loaded.baseline_best) == repr(run.baseline_best)
    assert loaded.noise == run.noise
    assert [c.id for c in loaded.top(5)] == [c.id for c in run.top(5)]


@pytest.mark.parametrize("change", [{"noise": False}, {"replicates": 2}])
def test_another_way_with_noise_is_another_search(tmp_path, change):
    search(tmp_path / "run")
    with pytest.raises(fv.errors.RunMismatch, match=next(iter(change))):
        search(tmp_path / "run", **change)


# -- a loop of the caller's own --------------------------------------------------------------------------------------


def test_a_study_without_boxes_asks_nothing_again():
    rng = np.random.default_rng(0)
    with fv.Study(SPACE, budget=100, batch_size=10) as study:
        while not study.done:
            asked = study.ask()
            study.tell(asked.ids, true_score(asked.inputs) + rng.standard_normal(len(asked)))
    assert set(phases(study.result())) == {Phase.SEARCH}


def test_a_caller_is_told_which_evaluations_are_repeated():
    box = fv.black_box(true_score)
    repeated = []
    rng = np.random.default_rng(0)
    with fv.Study(SPACE, fv.maximise(box), budget=100, batch_size=10) as study:
        while not study.done:
            asked = study.ask()
            if asked.again is not None:
                repeated.append(asked)
            study.tell(asked.ids, true_score(asked.inputs) + rng.standard_normal(len(asked)))
        run = study.result()
    assert repeated
    for asked in repeated:
        for row, original in enumerate(asked.again):
            np.testing.assert_array_equal(asked.inputs[row], run.candidate(int(original)).input)


# -- arguments -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{"noise": "yes"}, {"noise": 1}, {"replicates": 0}, {"replicates": 401}])
def test_arguments_that_make_no_sense_are_refused(options):
    with pytest.raises(InvalidArgument):
        search(**options)


# -- the policy on made-up records -----------------------------------------------------------------------------------


def record(records, phase, scores, originals=None):
    scores = np.array(scores, dtype=float)
    made = BatchRecord(
        batch=len(records.batches),
        first=records.count(),
        phase=phase,
        restart=0,
        seconds=0.0,
        statuses=np.isnan(scores).astype(np.uint8),
        scores=scores,
        outputs=scores[:, None],
        reasons={},
        digest=b"",
        originals=None if originals is None else np.array(originals, dtype=np.int64),
    )
    records.add(made)
    return made


def policy(known=None, budget=1000, recommends=False):
    return NoisePolicy(budget, budget, known, recommends)


def test_checks_are_due_at_the_first_batch_a_tenth_and_a_half():
    records, made = Records(), policy()
    due = []
    for _ in range(100):
        record(records, Phase.SEARCH, np.arange(10.0))
        if len(again := made.check_due(records, records.count())):
            due.append(records.count(Phase.SEARCH))
            record(records, Phase.CHECK, records.scores[again], again)
    assert due == [10, 100, 500]


def test_the_noise_is_gauged_by_eight_repeats_relative_to_the_scores():
    records, made = Records(), policy()
    record(records, Phase.SEARCH, [0.0, 100.0])
    record(records, Phase.CHECK, [110.0], [1])
    assert made.expected(records) is None
    again = made.check_due(records, 3)
    np.testing.assert_array_equal(again, [1] * 7)
    record(records, Phase.CHECK, [90, 110, 90, 110, 90, 110, 90], again)
    assert made.expected(records) == (3, pytest.approx(np.std([90, 110] * 4, ddof=1) / 100))
    assert not len(made.check_due(records, 10))


def test_halving_asks_the_better_ones_more_often():
    records, made = Records(), policy(known=True)
    record(records, Phase.SEARCH, np.arange(50.0))
    while len(again := made.round_due(records)):
        record(records, Phase.CONFIRM, 100.0 - again, again)  # the lowest id is the best one
    asked = np.bincount(records.originals(Phase.CONFIRM))
    assert asked.sum() == 100
    assert asked[40:].all()
    assert not asked[:40].any()
    assert asked.argmax() == 40
    assert records.ranked(records.of_phase(Phase.SEARCH))[0] == 40


def test_rounds_begin_anew_after_the_search_went_on():
    records, made = Records(), policy(known=True, budget=200)
    record(records, Phase.SEARCH, np.arange(9.0))
    while len(again := made.round_due(records)):
        record(records, Phase.CONFIRM, again, again)
    record(records, Phase.SEARCH, np.arange(9.0) + 20)
    longer = policy(known=True, budget=400)
    np.testing.assert_array_equal(longer.round_due(records)[:4], [37, 36, 35, 34])
    asked = 0
    while len(again := longer.round_due(records)[:3]):
        record(records, Phase.CONFIRM, again, again)
        asked += len(again)
    assert asked == 40


def test_the_input_by_which_noise_is_gauged_stays():
    records, made = Records(), policy(known=True)
    record(records, Phase.SEARCH, [5.0, 6.0, 7.0])
    record(records, Phase.CHECK, [7.0] * 8, [2] * 8)
    expected = made.expected(records)
    record(records, Phase.CHECK, [1.0] * 8, [1] * 8)
    assert made.expected(records) == expected == (2, 0.0)


def test_a_candidate_whose_repeats_all_fail_loses():
    records, made = Records(), policy(known=True, budget=100)
    record(records, Phase.SEARCH, [1.0, 2.0])
    while len(again := made.round_due(records)):
        record(records, Phase.CONFIRM, np.where(again == 1, np.nan, 0.5), again)
    assert records.ranked(records.of_phase(Phase.SEARCH))[0] == 0


def test_one_repeat_more_does_not_decide_between_the_last_two():
    records = Records()
    record(records, Phase.SEARCH, [1.0, 2.0, 3.0])
    record(records, Phase.CONFIRM, [1.0, 5.0, 1.0, 5.0, 1.0, 9.0], [1, 2, 1, 2, 1, 0])
    assert records.ranked(records.of_phase(Phase.SEARCH)).tolist() == [2, 1, 0]


def test_records_are_not_changed_by_the_policy():
    records, made = Records(), policy(known=True)
    first = record(records, Phase.SEARCH, np.arange(50.0))
    before = dataclasses.replace(first, scores=first.scores.copy())
    made.round_due(records)
    np.testing.assert_array_equal(first.scores, before.scores)


def test_where_a_batch_meets_one_chance_no_input_is_asked_for_twice_in_it():

    def edge(pictures):  # which no shift leaves as it was
        return (pictures[:, :, :3] - pictures[:, :, 3:]).mean(axis=(1, 2, 3))

    plain = fv.black_box(edge, name="edge", noisy=False)
    box = fv.robust(plain, fv.jitter(1), draws=1)
    run = fv.search(fv.ImageSpace(6, 6), fv.maximise(box), budget=400, progress="none")
    batches = [b for b in run._records.batches if b.originals is not None]
    assert {b.phase for b in batches} == {Phase.CONFIRM}  # nothing is gauged: a batch ranks as if there were no noise
    assert all(len(np.unique(b.originals)) == len(b.originals) for b in batches)
    assert run.evaluations == 400
    assert run.best.replicates > 1
    assert run.best.standard_error > 0


def test_a_run_that_lost_what_was_repeated_is_damaged(tmp_path):
    search(tmp_path / "run")
    with contextlib.closing(sqlite3.connect(tmp_path / "run" / "evaluations.sqlite")) as database:
        assert database.execute("DELETE FROM meta WHERE key LIKE 'originals of batch %'").rowcount > 0
        database.commit()
    with pytest.raises(RunDamaged, match="does not say which evaluations batch"):
        fv.load(tmp_path / "run")


def test_a_box_whose_noise_comes_from_the_key_is_not_taken_for_another_one(tmp_path):
    options = {"budget": 100, "replicates": 3}
    with pytest.raises(KeyboardInterrupt):
        search(tmp_path / "run", Noisy(interrupt_at=4), **options)
    resumed = search(tmp_path / "run", Noisy(), **options)
    np.testing.assert_array_equal(resumed.scores, search(box=Noisy(), **options).scores)
