"""The front on the page of a run."""

import re

import numpy as np
import pytest

import featviz as fv
from featviz.gallery.fronts import front_of
from featviz.gallery.scatter import scatter
from featviz.gallery.snippet import snippet

FRONT = np.array([[0.0, 10.0], [1.0, 8.0], [5.0, 1.0]])


def dots(path):
    return [tuple(map(float, spot)) for spot in re.findall(r"M([-\d.]+),([-\d.]+)h0", path)]


def test_everything_lies_within_the_frame_and_the_front_on_its_edge():
    values = np.vstack([FRONT, [[0.5, 3.0], [4.0, 0.0], [np.nan, np.nan]]])
    drawn = scatter(values, FRONT, [0, 2])
    frame = drawn.frame
    spots = [(m.x, m.y) for m in drawn.marks] + dots(drawn.dots)
    assert all(frame.left <= x <= frame.width - frame.right for x, _ in spots)
    # Dots lie on a grid of two units.
    assert all(frame.top - 1 <= y <= frame.height - frame.bottom + 1 for _, y in spots)
    assert [m.label for m in drawn.marks] == ["", "1", "2"]
    marks = sorted((m.x, m.y) for m in drawn.marks)
    assert [y for _, y in marks] == sorted(y for _, y in marks)
    assert drawn.edge == "M{:g},{:g}V{:g}H{:g}V{:g}H{:g}".format(
        *marks[0], marks[1][1], marks[1][0], marks[2][1], marks[2][0]
    )
    assert [t.label for t in drawn.x_ticks] == ["0", "1", "2", "3", "4", "5"]


def test_a_few_bad_evaluations_do_not_press_the_front_into_a_corner():
    rng = np.random.default_rng(0)
    values = np.vstack([FRONT, rng.uniform(0, 1, size=(200, 2)), [[-1e6, -1e6], [-1e7, 0.0]]])
    drawn = scatter(values, FRONT, [])
    assert drawn.outside == 2
    assert np.ptp([m.x for m in drawn.marks]) > 200


@pytest.mark.parametrize("scale", [0.0, 1e-300, 1e308])
def test_extreme_values_can_be_drawn(scale):
    drawn = scatter(FRONT * (scale / 10), FRONT * (scale / 10), [0])
    assert np.isfinite([(m.x, m.y) for m in drawn.marks]).all()
    assert len(drawn.x_ticks) >= 2


def test_no_front_no_chart():
    assert scatter(np.full((3, 2), np.nan), np.empty((0, 2)), []) is None


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    box = fv.black_box(
        lambda x: np.column_stack([x.mean(axis=(1, 2, 3)), -x.max(axis=(1, 2, 3))]), outputs=["<b>mean", "dim"]
    )
    goal = fv.pareto(fv.maximise(box, "<b>mean"), fv.maximise(box, "dim"))
    where = tmp_path_factory.mktemp("runs") / "front"
    return fv.search(fv.ImageSpace(6, 5), goal, budget=300, seed=1, out=where, progress="none")


def test_the_page_shows_the_front_with_its_pictures(run, tmp_path):
    page = next((fv.build_gallery(run.path, tmp_path / "site").parent / "runs").iterdir())
    html = (page / "index.html").read_text()
    assert f"<h2>The front <small>{len(run.front)} of 300 evaluations</small></h2>" in html
    shown = re.findall(r'<li id="front-(\d)">', html)
    assert shown == [str(i + 1) for i in range(len(shown))]
    assert len(shown) >= 3
    assert f"candidate {run.front[0].id}<" in html
    assert f"candidate {run.best.id}<" in html
    assert len(list(page.glob("front-*.webp"))) == len(shown)
    # Formulas hold names of outputs, which are foreign text; and what boxes answer is no objective.
    assert "<b>mean" not in html
    assert "&lt;b&gt;mean" in html
    assert html.count('<th scope="row">') - html.count('<th scope="row">1') >= 2
    bars = html.partition("What the box answers")[2].partition("</table>")[0]
    assert "maximise(" not in bars


def test_the_page_of_one_objective_has_no_front(tmp_path):
    box = fv.black_box(lambda x: x.mean(axis=(1, 2, 3)), outputs=["mean"])
    run = fv.search(fv.ImageSpace(4, 4), fv.maximise(box), budget=30, progress="none")
    assert front_of(run, {}) is None
    index = fv.build_gallery(run, tmp_path / "site")
    assert "The front" not in next((index.parent / "runs").glob("*/index.html")).read_text()


def test_the_snippet_writes_the_objectives_as_a_person_would():
    spec = {
        "space": {"type": "ImageSpace", "height": 8, "width": 8},
        "box": {"from": "m:f", "outputs": ["a", "b"]},
        "objective": {
            "pareto": [
                {
                    "terms": [{"kind": "margin", "output": "a"}],
                    "penalties": [{"kind": "total_variation", "weight": 0.5}],
                },
                {"penalty": {"kind": "total_variation", "weight": 2.0}},
                {"penalty": {"kind": "total_variation", "weight": 1.0, "isotropic": True}},
            ]
        },
        "search": {"budget": 10},
        "provenance": {"rebuildable": True},
    }
    assert (
        'fv.pareto(fv.margin(box, "a") - 0.5 * fv.total_variation(), 2.0 * fv.total_variation(), '
        "fv.total_variation(isotropic=True))" in snippet(spec, "runs/x").python
    )
    for odd in ({"pareto": [3]}, {"pareto": []}, {"pareto": [{"pareto": []}]}, {"pareto": [{"penalty": 3}]}):
        assert "objective_from_spec(" in snippet(spec | {"objective": odd}, "runs/x").python
