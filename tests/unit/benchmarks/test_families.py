"""Every family of the suite runs, and each of its figures is what its title says."""

import json
import sys

import fooling
import noise
import numpy as np
import parity
import pedestrian
import pytest
import suite
from models import ConvNet
from peers.comparison import Method
from peers.effort import Effort, run_benchmark
from peers.noted import Noted, print_times
from peers.recorder import Recorder
from peers.verdicts import verdicts
from problems.noisy_units import NoisyUnit

MOST = 40
CHEAP = ("featviz", "random", "prior sampling", "local search", "cma, default")
NEEDS = {"noise": "onnx", "parity": "onnx", "pedestrian": "cv2"}
# These train models, find the maximum of tree ensembles, or search many genes with a Gaussian process.
SLOW = ("ensembles", "expensive", "fooling", "noise", "planted")


@pytest.fixture
def untrained(monkeypatch):
    """A net that comes with its weights in place of the one that is trained; and no gradient ascent."""
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    monkeypatch.setattr(parity, "trained_mlp", ConvNet.from_onnx)
    monkeypatch.setattr(fooling, "trained_mlp", ConvNet.from_onnx)
    monkeypatch.setattr(parity, "white_box_optimum", lambda model, label: 40.0 + label)


def first(family, **effort):
    return next(suite.FAMILIES[family](Effort(**({"seeds": 1, "first_seed": 0, "most": MOST} | effort))))


def test_the_suite_has_every_family():
    assert set(suite.FAMILIES) == {
        "parity", "noise", "bbob", "pseudo-boolean", "ehrlich", "ensembles", "series", "planted", "expensive",
        "pedestrian", "fooling",
    }  # fmt: skip


@pytest.mark.parametrize(
    "family", [pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in suite.FAMILIES]
)
def test_each_family_says_where_featviz_stands(family, untrained, monkeypatch):
    if family in NEEDS:
        pytest.importorskip(NEEDS[family])
    monkeypatch.setattr(parity, "GROUPS", parity.GROUPS[2:])
    comparison = first(family, only=CHEAP)
    assert comparison.family == family
    assert all(not result.error for result in comparison.results.values())
    (verdict,) = verdicts(comparison)
    assert verdict.rival
    assert np.isfinite([verdict.ours, verdict.theirs]).all()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("family", ["parity", "fooling", "pedestrian"])
def test_every_method_of_a_family_runs(family, untrained, monkeypatch):
    if family in NEEDS:
        pytest.importorskip(NEEDS[family])
    monkeypatch.setattr(parity, "GROUPS", [("class 0", 1, parity.ONE | parity.TWO | parity.TEN)])
    errors = {name: result.error for name, result in first(family).results.items() if result.error}
    assert not errors


def test_parity_is_the_mean_over_classes_of_parts_of_the_optimum(untrained):
    found = list(parity.comparisons(Effort(seeds=2, first_seed=0, most=30, only=("random",))))
    ten, two, one = found[:3]
    assert [c.title.split(":")[0] for c in found[:3]] == [
        "convnet, ten classes", "convnet, classes 0 and 1", "convnet, class 0",
    ]  # fmt: skip
    assert [(t.queries, t.value) for t in ten.targets] == [(3_000, 0.94), (10_000, 0.97)]
    assert two.targets == one.targets == ()
    logits = ConvNet.from_onnx().logits(np.random.default_rng(0).random((30, 784))).max(axis=0)
    parts = logits / (40 + np.arange(10))
    for comparison, classes in ((ten, 10), (two, 2), (one, 1)):
        assert comparison.results["random"].best[0, 0] == pytest.approx(parts[:classes].mean(), rel=1e-5)


def test_parity_compares_what_costs_much_on_as_many_runs_and_queries(untrained):
    for methods in (parity.TWO, parity.ONE):
        assert {(m.most, m.runs) for m in methods.values()} == {(methods["random"].most, 1)}


def test_noise_reports_the_true_score_of_what_a_search_ends_with():
    asked = []

    def search(problem, questions, seed):
        asked.append((questions, seed))
        return np.array([3.0, 4.0])

    both = [noise.reporting(search, which) for which in (0, 1)]
    for method, expected in zip(both, (3.0, 4.0), strict=True):
        recorder = Recorder(lambda figures: figures, 50)
        method.search(None, recorder, 5)
        assert recorder.best([50]) == [expected]
        assert recorder.queries == 50
    assert asked == [(50, 5)] * 2


def test_noise_asks_a_rival_once_for_both_of_its_inputs(monkeypatch):
    pytest.importorskip("onnx")
    made = []
    monkeypatch.setattr(noise, "NoisyUnit", lambda *args: made.append(args) or NoisyUnit(*args))
    comparison = first("noise", only=("cma, default",))
    assert list(comparison.results) == ["cma, default: best sample", "cma, default: mean"]
    assert len(made) == 1


def test_a_class_is_done_when_the_batch_ends_in_which_it_was():
    watched = fooling.Watched(lambda rows: np.where(np.arange(10) == rows[:, :1], 20.0, 0.0))
    for labels in ([3, 0, 3], [5], [3, 5]):
        pictures = np.zeros((len(labels), 28, 28, 1))
        pictures[:, 0, 0, 0] = labels
        watched(pictures)
    assert watched.done == [0, 0, 2, 3, 3, 3]
    assert watched.best_for(5)[0, 0, 0, 0] == 5


def test_queries_until_all_is_found_are_printed_beside_what_is_expected(capsys):
    class Problem:
        maximum = 2.0

    def search(problem, recorder, seed):
        recorder(np.array([0.0] * seed + [2.0]))

    noted = Noted(search)
    for seed in (1, 3):
        noted(Problem(), Recorder(lambda rows: rows, 10), seed)
    assert noted.queries == [2, 4]
    print_times("Queries", {"a": Method(noted), "not run": Method(Noted(search))}, {"theory": 6.0})
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines[4:]] == [
        ["theory,", "expected", "-", "-", "-", "6", "-", "-", "1"],
        ["a", "3", "2", "4", "3", "2", "2", "0.5"],
    ]


def test_one_command_ends_with_a_line_of_json(monkeypatch, capsys, tmp_path):
    pytest.importorskip("cv2")
    figures = tmp_path / "figures.json"
    command = ["pedestrian.py", "--quick", "--seeds", "1", "--first-seed", "0", "--most", "20", "--save", str(figures)]
    monkeypatch.setattr(sys, "argv", command)
    run_benchmark(pedestrian.__doc__, {"pedestrian": pedestrian.comparisons})
    report = json.loads(capsys.readouterr().out.splitlines()[-1])
    (title,) = report["families"]["pedestrian"]
    assert sum(report["verdicts"].values()) == 1
    # Nobody asked for anything after 20 queries.
    assert report["targets"] == []
    assert set(json.loads(figures.read_text("utf-8"))["pedestrian"][title]) == set(pedestrian.QUICK)
