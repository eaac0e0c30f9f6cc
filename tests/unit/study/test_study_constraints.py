"""Searches under constraints: feasible before infeasible, kept with the run, resumed and shown."""

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import featviz as fv
from featviz.cli.main import cli
from featviz.errors import FeatvizWarning, InvalidArgument, StopSearch
from featviz.study.spec import build_search

SPACE = fv.ImageSpace(8, 8)
ROUGH = "violation of total_variation() <= 0.35"


# A rough part that pays and a smooth one that pays less.
PATTERN = (np.indices((8, 8)).sum(axis=0) % 2 * 2.0 - 1) + np.linspace(-1, 1, 8)


def likeness(x):
    return (np.asarray(x, dtype=np.float64)[..., 0] * PATTERN).mean(axis=(1, 2))


def goal(most=0.35):
    box = fv.black_box(likeness, name="likeness")
    return fv.maximise(box).subject_to(fv.total_variation(), at_most=most)


def test_pictures():
    run = fv.search(SPACE, goal(), budget=600, seed=0, progress="none")
    assert fv.total_variation().value(run.best.input[None])[0] <= 0.35 + 1e-9
    assert run.best.outputs[ROUGH] == 0
    assert run.output_names == ("output", ROUGH)
    assert 0 < run.failures["infeasible"] < 600
    free = fv.search(SPACE, fv.maximise(fv.black_box(likeness)), budget=600, seed=0, progress="none")
    assert fv.total_variation().value(free.best.input[None])[0] > 0.35
    # It is a search under the constraint and no random one that happens to keep it.
    luck = fv.search(SPACE, goal(), budget=600, seed=0, optimiser="random", progress="none")
    assert run.best.score > (luck.best.score if len(luck.top(1)) else 0)


def test_rows_of_a_table():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.random(80), "b": rng.random(80), "c": rng.choice(["x", "y"], 80)})
    space = fv.TabularSpace.from_dataframe(frame)
    box = fv.black_box(lambda df: df[["a", "b"]].to_numpy(), outputs=["a", "b"], name="columns")
    run = fv.search(
        space, fv.maximise(box, "a").subject_to(fv.maximise(box, "b"), at_most=0.2), budget=300, progress="none"
    )
    assert run.best.input.b.iloc[0] <= 0.2
    assert run.best.score > 0.9
    assert np.isnan(run.scores).sum() == run.failures["infeasible"]


def test_infeasible_inputs_keep_their_outputs_and_have_no_score():
    run = fv.search(SPACE, goal(), budget=100, seed=0, progress="none")
    infeasible = np.flatnonzero(np.isnan(run.scores))
    one = run.candidate(int(infeasible[0]))
    assert np.isfinite(one.outputs["output"])
    over = fv.total_variation().value(one.input[None])[0] - 0.35
    assert one.outputs[ROUGH] == pytest.approx(over, rel=1e-6)


def test_where_nothing_is_feasible_the_nearest_is_named(tmp_path):
    with pytest.warns(FeatvizWarning, match="none of the 60 evaluations"):
        run = fv.search(SPACE, goal(1e-9), budget=60, seed=0, progress="none", out=tmp_path / "run")
    assert run.top(3) == []
    for each in (run, fv.load(tmp_path / "run")):
        with pytest.raises(
            InvalidArgument, match=r"Nearest comes evaluation \d+, which breaks total_var.*Loosen"
        ) as caught:
            _ = each.best
        over = [each.candidate(i).outputs["violation of total_variation() <= 1e-09"] for i in range(60)]
        assert (
            f"evaluation {int(np.argmin(over)) + 1}, which breaks total_variation() <= 1e-09 by {min(over):.4g}."
            in str(caught.value)
        )
    assert run.failure_reasons == {"it breaks total_variation() <= 1e-09.": 60}
    shown = CliRunner().invoke(cli, ["show", str(tmp_path / "run")])
    assert shown.exit_code == 0
    assert "60 infeasible" in shown.output


@pytest.mark.parametrize("optimiser", ["sep-cma", "ga"])
def test_an_interrupted_run_ends_where_a_whole_one_does(tmp_path, optimiser):
    def stop(progress):
        if progress.evaluations >= 90:
            raise StopSearch("enough")

    options = {"seed": 3, "progress": "none", "optimiser": optimiser, "batch_size": 30}
    whole = fv.search(SPACE, goal(), budget=210, out=tmp_path / "whole", **options)
    fv.search(SPACE, goal(), budget=210, out=tmp_path / "parts", callbacks=[stop], **options)
    parts = fv.search(SPACE, goal(), budget=210, out=tmp_path / "parts", **options)
    assert parts.evaluations == 210
    np.testing.assert_array_equal(parts.scores, whole.scores)
    assert parts.best.outputs == whole.best.outputs


def test_it_is_rebuilt_from_run_toml_and_shown(tmp_path):
    sum_of = fv.black_box("numpy:ravel", outputs=["x"], name="value")
    space = fv.TimeSeriesSpace(1)
    objective = fv.maximise(sum_of).subject_to(fv.maximise(sum_of), at_most=0.5)
    run = fv.search(space, objective, budget=60, seed=0, progress="none", out=tmp_path / "runs" / "a")
    search = build_search(run.spec, "run.toml")
    assert search.objective.describe() == objective.describe()
    again = fv.search(search.space, search.objective, progress="none", **search.arguments)
    np.testing.assert_array_equal(again.scores, run.scores)
    assert run.best.score == pytest.approx(0.5, abs=0.1)
    assert run.telling_outputs(run.best)[-1] == ("violation of maximise(value, 'x') <= 0.5", 0.0)
    loaded = fv.load(tmp_path / "runs" / "a")
    assert loaded.best.outputs == run.best.outputs
    fv.build_gallery(tmp_path / "runs", tmp_path / "site")
    pages = "".join(page.read_text(encoding="utf-8") for page in (tmp_path / "site").rglob("*.html"))
    assert "subject to" in pages
    shown = CliRunner().invoke(cli, ["show", str(tmp_path / "runs" / "a")])
    assert "subject to maximise(value, 'x') <= 0.5" in shown.output


def test_the_outputs_that_the_objective_names_come_first():
    outputs = ["a", "b", "c", "d"]
    one, two = (fv.black_box(lambda x: np.arange(4.0) + np.zeros((len(x), 4)), outputs=outputs, name=n) for n in "xy")
    first = {
        fv.boundary(one, "b", "a"): ["b", "a"],
        fv.direction(one, {"a": 1.0, "b": 2.0}): ["b", "a"],
        fv.disagreement(one, two, "c"): ["x/c", "y/c"],
        fv.entropy(one).subject_to(fv.total_variation(), at_most=1): ["d", "c"],
    }
    for objective, want in first.items():
        run = fv.search(SPACE, objective, budget=20, progress="none")
        assert [name for name, _ in run.telling_outputs(run.best)][:2] == want
