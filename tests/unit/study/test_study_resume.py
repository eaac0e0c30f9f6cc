import sqlite3

import numpy as np
import pytest

import featviz as fv
from featviz.errors import ReplayDivergence, RunDamaged, RunExists, RunLocked, RunMismatch
from featviz.study.searcher import restore_searcher

SPACE = fv.ImageSpace(5, 4)
OPTIMISERS = [
    "auto",
    "sep-cma",
    "snes",
    "cma",
    "random",
    "nevergrad:DE",
    "nevergrad:OnePlusOne",
    "optuna:TPE",
    "optuna:Random",
]


class Interrupting:
    """A box that a person interrupts at its n-th call."""

    def __init__(self, at=None):
        self.left = at

    def __call__(self, pictures):
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise KeyboardInterrupt
        return -((pictures - 0.7) ** 2).sum(axis=(1, 2, 3)) + pictures[:, 0, 0, 0]


def objective(at=None):
    return fv.maximise(fv.black_box(Interrupting(at), name="box"))


def search(out, at=None, **options):
    settings = {"budget": 90, "baseline": 30, "restarts": 2, "seed": 5, "batch_size": 9, "progress": "none"} | options
    return fv.search(SPACE, objective(at), out=out, **settings)


def latents_of(run):
    return [run.candidate(i).latents.digest() for i in range(len(run.scores))]


@pytest.mark.parametrize("optimiser", OPTIMISERS)
@pytest.mark.parametrize("at", [0, 1, 3, 6])
def test_an_interrupted_run_ends_bit_for_bit_where_it_would_have(tmp_path, optimiser, at):
    whole = search(None, optimiser=optimiser)
    with pytest.raises(KeyboardInterrupt):
        search(tmp_path / "run", at, optimiser=optimiser)
    part = fv.load(tmp_path / "run")
    assert part.status == "interrupted"
    assert part.evaluations < 90
    np.testing.assert_array_equal(part.scores, whole.scores[: len(part.scores)])
    resumed = search(tmp_path / "run", optimiser=optimiser)
    np.testing.assert_array_equal(resumed.scores, whole.scores)
    assert latents_of(resumed) == latents_of(whole)
    assert resumed.status == "finished"


@pytest.mark.parametrize("optimiser", ["sep-cma", "snes", "nevergrad:DE"])
def test_resuming_after_every_batch_changes_nothing(tmp_path, optimiser):
    whole = search(None, optimiser=optimiser)
    settings = {"budget": 90, "baseline": 30, "restarts": 2, "seed": 5, "batch_size": 9, "optimiser": optimiser}
    for _ in range(100):
        study = fv.Study(SPACE, objective(), out=tmp_path / "run", **settings)
        if study.done:
            break
        study.step()
        study.close()
    np.testing.assert_array_equal(study.close().scores, whole.scores)


def test_an_outstanding_batch_is_asked_for_again(tmp_path):
    with fv.Study(SPACE, objective(), budget=60, out=tmp_path / "run") as study:
        study.step()
        lost = study.ask()
    with fv.Study(SPACE, objective(), budget=60, out=tmp_path / "run") as again:
        assert again.ask().latents.digest() == lost.latents.digest()


def test_a_finished_run_is_given_back_without_asking_the_box(tmp_path):
    first = search(tmp_path / "run")
    again = search(tmp_path / "run", at=0)
    np.testing.assert_array_equal(first.scores, again.scores)


def test_a_larger_budget_goes_on(tmp_path):
    search(tmp_path / "run", restarts=1)
    longer = search(tmp_path / "run", restarts=1, budget=200)
    assert longer.evaluations == 200
    assert longer.spec["search"]["budget"] == 200
    assert fv.load(tmp_path / "run").spec["search"]["budget"] == 200


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"seed": 6}, "seed"),
        ({"optimiser": "snes"}, "optimiser"),
        ({"optimiser_options": {"sigma": 0.5}}, "optimiser_options"),
        ({"restarts": 1}, "restarts"),
        ({"batch_size": 4}, "batch_size"),
    ],
)
def test_another_search_in_the_same_directory_is_refused(tmp_path, change, named):
    search(tmp_path / "run")
    with pytest.raises(RunMismatch, match=named):
        search(tmp_path / "run", **change)
    assert fv.load(tmp_path / "run").evaluations == 90


def test_another_space_or_objective_is_refused(tmp_path):
    search(tmp_path / "run")
    for space, goal in [(fv.ImageSpace(4, 5), objective()), (SPACE, -objective())]:
        with pytest.raises(RunMismatch):
            fv.search(space, goal, budget=90, restarts=2, seed=5, batch_size=9, out=tmp_path / "run", progress="none")


def test_a_run_in_which_nothing_was_answered_does_not_stand_in_the_way(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        search(tmp_path / "run", at=0)
    run = search(tmp_path / "run", seed=77)
    assert run.spec["search"]["seed"] == 77
    np.testing.assert_array_equal(run.scores, search(None, seed=77).scores)


def test_resume_false_refuses_what_is_there(tmp_path):
    search(tmp_path / "run")
    with pytest.raises(RunExists, match="resume=True"):
        search(tmp_path / "run", resume=False)


def test_a_run_that_is_being_written_is_refused(tmp_path):
    with fv.Study(SPACE, objective(), budget=90, out=tmp_path / "run") as study:
        study.step()
        with pytest.raises(RunLocked):
            fv.Study(SPACE, objective(), budget=90, out=tmp_path / "run")
        assert fv.load(tmp_path / "run").status == "running"


def diverge(path):
    """Pretend that the optimiser had asked for something else in the last batch, checksum and all."""
    from featviz.storage.encoding import checksum
    from featviz.storage.store import _COLUMNS, _as_bytes

    with sqlite3.connect(path / "evaluations.sqlite") as db:
        db.execute("DELETE FROM states")
        row = list(db.execute(f"SELECT {_COLUMNS} FROM batches ORDER BY batch DESC LIMIT 1").fetchone())
        reals = np.zeros((row[2], SPACE.latent.real))
        row[-2] = fv.Latents.of_real(reals).digest()
        db.execute(
            "UPDATE batches SET digest = ?, checksum = ?, reals = ? WHERE batch = ?",
            (row[-2], checksum(*map(_as_bytes, row[:-1])), reals.tobytes(), row[0]),
        )
    db.close()


def test_a_replay_that_differs_is_an_error_with_a_way_on(tmp_path):
    search(tmp_path / "run", restarts=1, baseline=0)
    before = fv.load(tmp_path / "run").best.score
    diverge(tmp_path / "run")
    with pytest.raises(ReplayDivergence, match="warm"):
        search(tmp_path / "run", restarts=1, baseline=0, budget=200)
    warm = search(tmp_path / "run", restarts=1, baseline=0, budget=200, resume="warm")
    assert warm.evaluations == 200
    assert warm.best.score >= before
    assert not warm.reproducible
    assert not fv.load(tmp_path / "run").reproducible


def test_a_damaged_evaluation_is_named_and_nothing_is_overwritten(tmp_path):
    search(tmp_path / "run")
    with sqlite3.connect(tmp_path / "run" / "evaluations.sqlite") as db:
        db.execute("UPDATE batches SET scores = zeroblob(length(scores)) WHERE batch = 1")
    db.close()
    data = (tmp_path / "run" / "evaluations.sqlite").read_bytes()
    with pytest.raises(RunDamaged, match="batch 1"):
        search(tmp_path / "run", budget=200, restarts=2)
    assert (tmp_path / "run" / "evaluations.sqlite").read_bytes() == data
    with pytest.raises(RunDamaged, match="batch 1"):
        fv.load(tmp_path / "run")


def test_own_optimisers_resume_from_their_state_and_not_from_the_beginning(tmp_path, monkeypatch):
    search(tmp_path / "run", restarts=1, baseline=0)
    asked = []

    def counting(fresh, *rest):
        ask = fresh.ask
        monkeypatch.setattr(fresh, "ask", lambda n: asked.append(n) or ask(n))
        return restore_searcher(fresh, *rest)

    monkeypatch.setattr("featviz.study.study.restore_searcher", counting)
    with fv.Study(SPACE, objective(), budget=120, batch_size=9, seed=5, out=tmp_path / "run") as study:
        study.ask()
    assert len(asked) == 1
