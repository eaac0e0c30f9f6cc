"""Searches for several objectives: the front, stored and read back, resumed, under limits and failures."""

import json
import sys
import textwrap
import tomllib

import numpy as np
import pytest
import tomli_w

import featviz as fv
from featviz.dominance import non_dominated
from featviz.errors import IncompatibleOptimiser
from featviz.study.front import spread, spread_front
from featviz.study.spec import build_search

SPACE = fv.ImageSpace(5, 4)


class Interrupting:
    """A box of two outputs that are at odds, which a person interrupts at its n-th call."""

    def __init__(self, at=None):
        self.left = at

    def __call__(self, pictures):
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise KeyboardInterrupt
        left, right = pictures[:, :, :2], pictures[:, :, 2:]
        return np.column_stack([left.mean(axis=(1, 2, 3)) - right.std(axis=(1, 2, 3)), -left.max(axis=(1, 2, 3))])


def goal(at=None):
    box = fv.black_box(Interrupting(at), outputs=["bright", "dim"], name="box")
    return fv.pareto(fv.maximise(box, "bright"), fv.maximise(box, "dim"), fv.total_variation())


def search(out=None, at=None, objective=None, **options):
    settings = {"budget": 300, "seed": 5, "batch_size": 20, "progress": "none"} | options
    return fv.search(SPACE, goal(at) if objective is None else objective, out=out, **settings)


def test_the_front_is_what_nothing_in_the_search_dominates():
    run = search(baseline=50)
    assert run.spec["provenance"]["optimiser"] == "nsga2"
    assert run.goals == ("maximise(box, 'bright')", "maximise(box, 'dim')", "-total_variation()")
    values = run.values
    assert values.shape == (350, 3)
    expected = {tuple(row) for row in values[:300][non_dominated(values[:300])]}
    front = run.front
    assert {tuple(c.outputs[name] for name in run.goals) for c in front} == expected
    assert [c.score for c in front] == sorted(c.score for c in front)
    assert all(c.score == c.outputs[run.goals[0]] == c.outputs["bright"] for c in front)
    assert run.best.id == front[-1].id
    assert len(expected) > 10
    assert all(c.input.shape == (5, 4, 1) for c in front)


def test_of_one_objective_the_front_is_the_best_input():
    run = search(objective=fv.maximise(goal().boxes[0], "dim"))
    assert run.goals == ()
    assert [c.id for c in run.front] == [run.best.id]
    assert np.array_equal(run.values[:, 0], run.scores, equal_nan=True)


def test_a_stored_run_gives_the_same_front(tmp_path):
    run = search(tmp_path / "run", restarts=2)
    again = fv.load(tmp_path / "run")
    assert again.goals == run.goals
    assert [(c.id, c.outputs) for c in again.front] == [(c.id, c.outputs) for c in run.front]
    assert all(np.array_equal(a.input, b.input) for a, b in zip(run.front, again.front, strict=True))
    assert [name for name, _ in again.telling_outputs(again.best)][:3] == sorted(
        run.goals, key=lambda name: -run.best.outputs[name]
    )


def test_best_holds_a_spread_of_the_front(tmp_path):
    run = search(tmp_path / "run")
    listed = json.loads((tmp_path / "run" / "best" / "best.json").read_text())
    kept = [entry["id"] for entry in listed if entry["role"] == "front"]
    front = [c.id for c in run.front]
    assert len(kept) == 9
    assert kept == [i for i in front if i in kept]
    assert (kept[0], kept[-1]) == (front[0], front[-1])
    assert kept == [c.id for c in spread_front(run, 9)]


class Halves(fv.Space):
    """A space that only this file can build."""

    variables = {"x": fv.Uniform(0, 1, shape=3)}

    def decode(self, values):
        return values["x"]


def test_without_its_space_a_run_shows_what_was_stored(tmp_path):
    box = fv.black_box(lambda x: np.column_stack([x[:, 0], -(x**2).sum(axis=1)]), outputs=["a", "b"])
    goals = fv.pareto(fv.maximise(box, "a"), fv.maximise(box, "b"))
    run = fv.search(Halves(), goals, budget=200, out=tmp_path / "run", progress="none")
    again = fv.load(tmp_path / "run")
    assert again.space is None
    assert [c.id for c in again.front] == [c.id for c in run.front]
    shown = spread_front(again, 9)
    assert {c.id for c in spread_front(run, 9)} <= {c.id for c in shown} | {c.id for c in again.front}
    assert len(shown) == 9
    assert all(c.input is not None and again.render(c) for c in shown)


@pytest.mark.parametrize("at", [0, 1, 4, 7])
def test_a_resumed_search_ends_bit_for_bit_where_another_ends(tmp_path, at):
    whole = search(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        search(tmp_path / "run", at=at)
    resumed = search(tmp_path / "run")
    assert resumed.reproducible
    assert np.array_equal(resumed.values, whole.values)
    latents = [[run.candidate(i).latents.digest() for i in (0, 150, 299)] for run in (whole, resumed)]
    assert latents[0] == latents[1]
    assert [c.id for c in resumed.front] == [c.id for c in whole.front]


def test_limits_and_failures_are_on_no_front(tmp_path):
    def box(x):
        out = np.column_stack([x[:, 0, 0, 0], -x.mean(axis=(1, 2, 3))])
        out[x[:, 0, 1, 0] > 0.8] = np.nan
        return out

    answers = fv.black_box(box, outputs=["corner", "dark"])
    goals = fv.pareto(fv.maximise(answers, "corner"), fv.maximise(answers, "dark"))
    goals = goals.subject_to(fv.maximise(answers, "corner"), at_most=0.9)
    run = search(tmp_path / "run", objective=goals)
    assert run.failures.keys() == {"infeasible", "nonfinite"}
    failed = np.isnan(run.scores)
    assert np.isnan(run.values[failed]).all()
    assert not failed[[c.id for c in run.front]].any()
    assert all(c.outputs["corner"] <= 0.9 for c in run.front)
    assert np.array_equal(fv.load(tmp_path / "run").values, run.values, equal_nan=True)


def test_without_a_score_there_is_no_front():
    box = fv.black_box(lambda x: np.full((len(x), 2), np.nan), outputs=["a", "b"])
    with pytest.warns(fv.FeatvizWarning):
        run = search(objective=fv.pareto(fv.maximise(box, "a"), fv.maximise(box, "b")), budget=10)
    assert run.front == []
    assert spread_front(run, 5) == []
    assert run._repr_html_()


def test_an_optimiser_of_one_objective_is_refused_before_anything_is_made(tmp_path):
    with pytest.raises(IncompatibleOptimiser, match="nsga2"):
        search(tmp_path / "run", optimiser="sep-cma")
    assert not (tmp_path / "run").exists()


def test_a_study_that_is_told_outputs(tmp_path):
    with fv.Study(SPACE, goal(), budget=60, batch_size=20) as study:
        while not study.done:
            asked = study.ask()
            study.tell(asked.ids, Interrupting()(asked.inputs))
        assert len(study.result().front) > 3


def test_run_toml_builds_the_same_search(tmp_path, monkeypatch):
    (tmp_path / "two_outputs.py").write_text(
        textwrap.dedent("""
        import numpy as np

        def answers(pictures):
            return np.column_stack([pictures.mean(axis=(1, 2, 3)), -pictures.max(axis=(1, 2, 3))])
        """)
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "two_outputs", raising=False)
    box = fv.black_box("two_outputs:answers", outputs=["mean", "dim"])
    goals = fv.pareto(fv.maximise(box, "mean"), fv.maximise(box, "dim") - 0.1 * fv.total_variation())
    run = search(tmp_path / "run", objective=goals, budget=40)
    tables = tomllib.loads((tmp_path / "run" / "run.toml").read_text())
    assert tables["provenance"]["rebuildable"]
    built = build_search(tables, "run.toml")
    again = fv.search(built.space, built.objective, **built.arguments, progress="none")
    assert np.array_equal(again.values, run.values)


@pytest.mark.parametrize("named", [3, ["nothing", "such"], ["maximise(box, 'dim')"], [["x"], {}]])
def test_a_doctored_description_counts_as_one_of_a_single_objective(tmp_path, named):
    search(tmp_path / "run", budget=40)
    file = tmp_path / "run" / "run.toml"
    tables = tomllib.loads(file.read_text())
    tables["provenance"]["objectives"] = named
    file.write_text(tomli_w.dumps(tables))
    run = fv.load(tmp_path / "run")
    assert run.goals == ()
    assert len(run.front) == 1


def test_a_spread_goes_from_end_to_end():
    values = np.column_stack([np.r_[np.linspace(0, 1, 50), 10.0], np.r_[np.linspace(9, 1, 50), 0.0]])
    chosen = spread(values, 4).tolist()
    assert (chosen[0], chosen[-1]) == (0, 50)
    assert len(chosen) == 4
    assert spread(values, 1).tolist() == [50]
    assert spread(values, 0).tolist() == []
    assert spread(values[:3], 9).tolist() == [0, 1, 2]
    assert len(spread(np.array([[-1e308, 1.0], [0, 1.0], [0.5, 1.0], [1e308, 1.0]]), 3)) == 3


def test_a_notebook_shows_the_front():
    html = search()._repr_html_()
    assert "on the front of" in html
    assert "<svg" in html
    assert "-total_variation()" in html
