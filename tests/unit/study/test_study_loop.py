import itertools
from types import SimpleNamespace

import numpy as np
import pytest

import featviz as fv
from featviz.errors import FailureBudgetExceeded, FeatvizError, FeatvizWarning, InvalidArgument, WrongType
from featviz.storage import Phase

SPACE = fv.ImageSpace(6, 5)
TARGET = np.linspace(0.1, 0.9, 30).reshape(6, 5, 1)


def closeness(pictures):
    """How near the pictures are to a ramp, and how bright they are."""
    return np.stack([-((pictures - TARGET) ** 2).sum(axis=(1, 2, 3)), pictures.mean(axis=(1, 2, 3))], axis=1)


BOX = fv.black_box(closeness, outputs=["ramp", "bright"])
OBJECTIVE = fv.maximise(BOX, "ramp")
QUIET = {"progress": "none"}


def search(**options):
    return fv.search(SPACE, OBJECTIVE, **({"budget": 300} | QUIET | options))


def test_the_budget_is_spent_exactly_and_the_search_beats_chance():
    run = search(budget=700, baseline=700)
    assert run.evaluations == 700
    assert run.status == "finished"
    assert run.stop_reason == "the budget is spent"
    assert run.baseline.evaluations[-1] == 700
    assert run.best.score > run.baseline_best.score
    assert run.best.score == pytest.approx(closeness(run.best.input[None])[0, 0])
    assert run.best.outputs.keys() == {"ramp", "bright"}
    assert run.history.best[-1] == run.best.score


@pytest.mark.parametrize("budget", [1, 2, 7, 19, 20, 21])
@pytest.mark.parametrize("batch_size", [None, 1, 8])
def test_any_small_budget_is_spent_exactly(budget, batch_size):
    asked = []

    def box(pictures):
        asked.append(len(pictures))
        return pictures.mean(axis=(1, 2, 3))

    run = fv.search(SPACE, fv.maximise(fv.black_box(box)), budget=budget, batch_size=batch_size, **QUIET)
    assert run.evaluations == sum(asked) == budget
    assert max(asked) <= (batch_size or budget)


def test_one_seed_gives_one_result_and_another_seed_another():
    first, again, other = search(), search(), search(seed=1)
    np.testing.assert_array_equal(first.scores, again.scores)
    assert not np.array_equal(first.scores, other.scores)


def test_a_target_ends_the_search_after_its_batch():
    run = search(budget=100_000, target=-3.0)
    assert run.best.score >= -3.0
    assert run.evaluations < 100_000
    assert "target" in run.stop_reason


def test_a_target_reached_at_once_ends_after_the_first_batch():
    run = search(budget=100_000, target=-1e9, noise=False)
    assert run.evaluations == run.spec["search"]["batch_size"]


def test_time_ends_the_search(monkeypatch):
    ticks = itertools.count(step=0.01)
    monkeypatch.setattr("featviz.study.study.time", SimpleNamespace(monotonic=lambda: next(ticks)))
    run = search(budget=10**9, max_seconds=0.3)
    assert run.stop_reason == "the time is up"
    assert 0 < run.evaluations < 10**9


def test_callbacks_see_progress_and_may_stop():
    seen = []

    def stop_at_100(progress):
        seen.append(progress)
        if progress.evaluations >= 100:
            raise fv.StopSearch("enough")

    run = search(callbacks=[stop_at_100])
    assert run.stop_reason == "stopped by a callback: enough"
    assert run.status == "finished"
    assert [p.evaluations for p in seen] == sorted(p.evaluations for p in seen)
    assert seen[-1].best_score == run.best.score
    assert run.evaluations == seen[-1].evaluations < 300


def test_callbacks_are_called_in_a_loop_of_the_callers_own_too():
    seen = []

    def stop(progress):
        seen.append(progress.evaluations)
        if len(seen) == 3:
            raise fv.StopSearch

    with fv.Study(SPACE, OBJECTIVE, budget=300, batch_size=10, callbacks=[stop]) as study:
        while not study.done:
            asked = study.ask()
            study.tell(asked.ids, closeness(asked.inputs))
    assert seen == [10, 11, 21]  # the best is asked for again, to see whether the box is noisy
    assert study.result().stop_reason == "stopped by a callback"


def test_restarts_are_independent_and_share_the_budget():
    run = search(budget=301, restarts=3, baseline=50)
    # Three of the budget went on asking again whether the box is noisy.
    assert [int(h.evaluations[-1]) for h in run.restart_histories] == [98, 99, 101]
    firsts = {h.best[0] for h in run.restart_histories}
    assert len(firsts) == 3
    assert run.history.best[-1] == max(h.best[-1] for h in run.restart_histories)


def test_references_are_evaluated_first_and_the_search_starts_there():
    near = np.clip(TARGET + 0.02, 0.01, 0.99).astype(np.float32)
    far = np.full_like(near, 0.5)
    run = search(budget=60, references=np.stack([far, near]))
    assert run.evaluations == 60
    reference_scores = run.scores[run._records.of_phase(Phase.REFERENCE)]
    np.testing.assert_allclose(reference_scores, closeness(np.stack([far, near]))[:, 0], atol=1e-3)
    assert run.best.score >= reference_scores[1]
    assert run.best.score > search(budget=60).best.score


def test_the_first_arguments_are_checked_before_anything_is_evaluated(tmp_path):
    def never(_):
        raise AssertionError("the box was called")

    objective = fv.maximise(fv.black_box(never))
    for wrong, error in [
        ({"optimiser": "sep-cmaa"}, FeatvizError),
        ({"optimiser_options": {"sigmaa": 1}}, InvalidArgument),
        ({"progress": "loud"}, InvalidArgument),
        ({"resume": "sometimes"}, InvalidArgument),
        ({"callbacks": print}, WrongType),
        ({"callbacks": [3]}, WrongType),
        ({"callbacks": 5}, WrongType),
        ({"callbacks": None}, WrongType),
        ({"out": 5}, WrongType),
        ({"optimiser_options": {5: 1}}, WrongType),
        ({"optimiser_options": {"seed": 3}}, InvalidArgument),
        ({"budget": 0}, InvalidArgument),
        ({"references": np.zeros((2, 9, 9, 1))}, FeatvizError),
    ]:
        with pytest.raises(error):
            fv.search(SPACE, objective, **({"budget": 10, "out": tmp_path / "run"} | QUIET | wrong))
        assert not (tmp_path / "run").exists()
    with pytest.raises(WrongType, match="space must be"):
        fv.search(8, objective, budget=10)
    with pytest.raises(WrongType, match=r"is the class ImageSpace: make one of it, such as ImageSpace\(\)"):
        fv.search(fv.ImageSpace, objective, budget=10)
    with pytest.raises(WrongType, match="objective must be"):
        fv.search(SPACE, never, budget=10)


def test_one_bad_input_costs_nothing_but_itself():
    def box(pictures):
        if (pictures.mean(axis=(1, 2, 3)) > 0.55).any():
            raise RuntimeError("too bright")
        return pictures.mean(axis=(1, 2, 3))

    run = fv.search(SPACE, fv.maximise(fv.black_box(box)), budget=200, **QUIET)
    assert run.evaluations == 200
    assert 0 < run.failures["exception"] < 200
    assert 0.5 < run.best.score <= 0.55
    assert next(iter(run.failure_reasons)).startswith("RuntimeError: too bright")


def test_a_box_that_fails_on_most_inputs_stops_the_run_and_it_can_go_on(tmp_path):
    broken = True

    def box(pictures):
        if broken:
            raise RuntimeError("the service is down")
        return pictures.mean(axis=(1, 2, 3))

    def go_on():
        return fv.search(SPACE, fv.maximise(fv.black_box(box)), budget=400, out=tmp_path / "run", **QUIET)

    with pytest.raises(FailureBudgetExceeded, match="the service is down"):
        go_on()
    stopped = fv.load(tmp_path / "run")
    assert stopped.status == "interrupted"
    assert stopped.failures == {"exception": stopped.evaluations}
    broken = False
    run = go_on()
    assert run.evaluations == 400
    assert run.best.score > 0


def test_a_search_with_nothing_to_climb_says_so():
    with pytest.warns(FeatvizWarning, match="scored the same"):
        fv.search(SPACE, fv.maximise(fv.black_box(lambda x: np.full(len(x), 0.25))), budget=100, **QUIET)


def test_a_small_search_in_which_everything_failed_says_so():
    box = fv.black_box(lambda x: [None] * len(x))
    with pytest.warns(FeatvizWarning, match="none of the 10 evaluations gave a score. Such as: expected a real number"):
        run = fv.search(SPACE, fv.maximise(box), budget=10, **QUIET)
    assert run.failures == {"type": 10}


def test_different_inputs_are_as_far_apart_as_random_ones_or_there_are_none():
    run = search(budget=2_000, restarts=2)
    found = np.stack([c.input for c in run.top(9, diverse=True)])
    random = SPACE.sample(np.random.default_rng(0), 200)
    typical = np.median(SPACE.distance(random[:100], random[100:]))
    apart = SPACE.distance(found, found)[np.triu_indices(len(found), 1)]
    assert (apart > 0.7 * typical).all()
    assert run.top(9, diverse=True)[0].id == run.best.id


def test_help_tells_the_arguments_and_objects_show_themselves_in_a_line():
    for name in ("budget", "references", "baseline", "resume", "callbacks"):
        assert f"        {name}: " in fv.search.__doc__
    run = search(budget=60)
    study = fv.Study(SPACE, OBJECTIVE, budget=60)
    for thing in (run, run.best, run.history, run.top(3), study, study.ask()):
        assert len(repr(thing)) < 300
        assert "\n" not in repr(thing)


def test_the_outputs_that_the_objective_names_come_first():
    run = fv.search(SPACE, fv.maximise(BOX, "bright"), budget=60, **QUIET)
    assert [name for name, _ in run.telling_outputs(run.best)] == ["bright", "ramp"]


def test_the_progress_of_the_baseline_is_its_own():
    seen = []
    run = search(budget=400, baseline=100, callbacks=[seen.append])
    last = [p for p in seen if p.phase == "baseline"][-1]
    assert last.best_score == run.baseline_best.score < run.best.score


# -- ask and tell -------------------------------------------------------------------------------------------------


def test_a_loop_of_the_callers_own_equals_the_search():
    with fv.Study(SPACE, OBJECTIVE, budget=300, baseline=100) as study:
        while not study.done:
            asked = study.ask()
            study.tell(asked.ids, closeness(asked.inputs))
        run = study.result()
    expected = search(baseline=100)
    np.testing.assert_array_equal(run.scores, expected.scores)
    assert run.status == "finished"


def test_outputs_may_come_in_any_order():
    with fv.Study(SPACE, OBJECTIVE, budget=300) as study:
        while not study.done:
            asked = study.ask()
            order = np.random.default_rng(len(asked)).permutation(len(asked))
            study.tell(asked.ids[order], closeness(asked.inputs)[order])
        run = study.result()
    np.testing.assert_array_equal(run.scores, search().scores)


def test_without_an_objective_scores_are_told():
    with fv.Study(SPACE, budget=200) as study:
        while not study.done:
            asked = study.ask()
            study.tell(asked.ids, asked.inputs.mean(axis=(1, 2, 3)))
        with pytest.raises(WrongType, match="without an objective"):
            study.step()
    assert study.result().best.score > 0.7


def test_a_batch_that_does_not_fit_in_memory_is_refused(monkeypatch):
    def ask(self, n):
        raise MemoryError("Unable to allocate 149. GiB")

    monkeypatch.setattr("featviz.optimisers.random_search.RandomSearch.ask", ask)
    with pytest.raises(InvalidArgument, match=r"a batch of 64 inputs of .* does not fit in memory.*smaller batch"):
        fv.Study(SPACE, OBJECTIVE, budget=100, optimiser="random").ask()


def test_an_own_batch_size_may_be_asked_for():
    study = fv.Study(SPACE, OBJECTIVE, budget=10)
    assert len(study.ask(3)) == 3
    study.step()
    assert len(study.ask(100)) == 7
    study.close()
    with pytest.raises(InvalidArgument, match="n must be"):
        fv.Study(SPACE, OBJECTIVE, budget=10).ask(0)


def test_answers_that_cannot_be_are_refused_and_the_right_ones_still_taken():
    study = fv.Study(SPACE, OBJECTIVE, budget=40, batch_size=4)
    with pytest.raises(InvalidArgument, match="no batch to tell"):
        study.tell([0], [[1.0, 2.0]])
    asked = study.ask()
    with pytest.raises(InvalidArgument, match="tell the outputs of the batch before"):
        study.ask()
    for ids in ([0, 1, 2], [0, 1, 2, 2], [1, 2, 3, 4], 0, [[0, 1, 2, 3]]):
        with pytest.raises(InvalidArgument, match="expected the 4 ids 0 to 3"):
            study.tell(ids, closeness(asked.inputs))
    study.tell(asked.ids, closeness(asked.inputs))
    assert study.result().evaluations == 4
    study.close()


@pytest.mark.parametrize("outputs", [[1.0, 2.0], np.arange(30.0), None, 3.0, {"a": 1}, iter([1.0]), np.zeros((5, 2))])
def test_another_number_of_outputs_than_ids_is_refused(outputs):
    study = fv.Study(SPACE, budget=40, batch_size=4)
    asked = study.ask()
    with pytest.raises(FeatvizError):
        study.tell(asked.ids, outputs)
    with pytest.raises(InvalidArgument, match="each once"):
        study.tell([None] * 4, np.zeros(4))
    study.tell(asked.ids, np.zeros(4))
    assert study.close().evaluations == 4


def test_a_closed_study_says_so(tmp_path):
    study = fv.Study(SPACE, OBJECTIVE, budget=40, out=tmp_path / "run")
    asked = study.ask()
    study.close()
    with pytest.raises(InvalidArgument, match="closed"):
        study.tell(asked.ids, closeness(asked.inputs))


def test_what_was_asked_cannot_be_changed_afterwards():
    study = fv.Study(SPACE, OBJECTIVE, budget=40)
    with pytest.raises(ValueError, match="read-only"):
        study.ask().latents.real[0] = 0.0


def test_a_row_that_could_not_be_measured_is_a_failure_with_a_reason():
    study = fv.Study(SPACE, OBJECTIVE, budget=40, batch_size=4)
    asked = study.ask()
    outputs = closeness(asked.inputs)
    outputs[1] = np.nan
    study.tell(asked.ids, outputs)
    run = study.close()
    assert run.failures == {"nonfinite": 1}
    assert run.status == "interrupted"
    assert np.isnan(run.scores[1])


def test_a_study_that_is_done_says_so():
    study = fv.Study(SPACE, OBJECTIVE, budget=5)
    study.run()
    assert study.done
    with pytest.raises(InvalidArgument, match="the study is done"):
        study.ask()
    assert study.run().evaluations == 5


@pytest.mark.parametrize(
    ("space", "words"),
    [
        (fv.TokenSpace(["a", "b", "c"], 4), r"an array of int64 of shape \(\d+, 4\)"),
        (fv.TokenSpace(["a", "b", "c"], 4, as_text=True), r"a list of \d+ inputs, such as '[abc ]+' \(str\)"),
        (fv.DictSpace({"n": fv.Integer(0, 999), "x": fv.Real()}), r"a dict with 'n': an array of int64"),
    ],
)
def test_when_most_fail_it_is_said_what_the_box_was_given(space, words):
    box = fv.black_box(lambda inputs: inputs.lower(), name="box")
    with pytest.raises(fv.errors.FailureBudgetExceeded, match=f"The box was given {words}"):
        fv.search(space, fv.maximise(box), budget=200, progress="none")


def test_what_auto_picked_is_said_before_the_first_batch(capsys):
    run = search(budget=40, restarts=2, progress="lines")
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == f"auto picks {run.spec['provenance']['optimiser']}: {run.spec['provenance']['why']}"
    assert ", restart 1 of 2, best" in lines[1]
    # Questions about the noise do not interrupt the search.
    assert not any(line.startswith("check") for line in lines)
    search(budget=40, optimiser="random", progress="lines")
    assert capsys.readouterr().err.startswith("search: ")
    search(budget=40)
    assert capsys.readouterr().err == ""
