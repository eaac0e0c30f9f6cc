import json
import math
import re

import numpy as np
import pytest

import featviz as fv
from featviz.cli.main import run_cli
from featviz.errors import (
    FailureBudgetExceeded,
    InvalidArgument,
    InvalidConfig,
    RunDamaged,
    RunExists,
    RunMismatch,
    RunNotFound,
    WrongType,
)
from featviz.storage import Phase
from featviz.study import find_runs
from featviz.study.halving import Schedule
from featviz.study.members import ENSEMBLE_FILE

DCT, PIXELS, CPPN = (fv.ImageSpace(5, 4, decoder=d) for d in ("dct", "pixels", "cppn"))
MEMBERS = {"dct": DCT, "pixels": PIXELS, "cppn": CPPN, "snes": (DCT, "snes")}


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


def goal(at=None):
    return fv.maximise(fv.black_box(Interrupting(at), name="box"))


def search(out=None, at=None, members=MEMBERS, **options):
    settings = {"budget": 300, "seed": 5, "progress": "none"} | options
    return fv.search_ensemble(members, goal(at), out=out, **settings)


def assert_same(one, other):
    assert list(one.runs) == list(other.runs)
    for name, run in one.runs.items():
        np.testing.assert_array_equal(run.scores, other.runs[name].scores)
    assert (one.winner, one.best.id, one.evaluations) == (other.winner, other.best.id, other.evaluations)


def test_members_share_the_budget_by_halving():
    found = search()
    schedule = Schedule(4, 300)
    made = sorted(run.evaluations for run in found.runs.values())
    assert made == sorted([schedule.ends[0], schedule.ends[0], schedule.ends[1], schedule.last_share])
    assert found.evaluations == found.budget == 300
    first = {name: run.history.at(schedule.ends[0]) for name, run in found.runs.items()}
    left_behind = {name for name, run in found.runs.items() if run.evaluations == schedule.ends[0]}
    assert left_behind == set(sorted(first, key=first.get)[:2])
    assert found.best.score == max(run.best.score for run in found.runs.values())
    assert found.runs[found.winner].best.score == found.best.score


def test_a_member_does_what_it_would_do_alone():
    found = search()
    share = Schedule(4, 300).last_share
    for name, member in MEMBERS.items():
        space, optimiser = member if isinstance(member, tuple) else (member, "auto")
        alone = fv.search(space, goal(), budget=share, seed=5, optimiser=optimiser, progress="none")
        run = found.runs[name]
        same = min(alone.spec["search"]["batch_size"], Schedule(4, 300).ends[0])
        np.testing.assert_array_equal(run.scores[:same], alone.scores[:same])


@pytest.mark.parametrize("at", [0, 1, 7, 20])
def test_an_interrupted_ensemble_ends_bit_for_bit_where_it_would_have(tmp_path, at):
    whole = search(baseline=20)
    with pytest.raises(KeyboardInterrupt):
        search(tmp_path / "all", at, baseline=20)
    assert_same(search(tmp_path / "all", baseline=20), whole)
    assert_same(fv.Ensemble.load(tmp_path / "all"), whole)


def test_an_interruption_while_it_is_made_is_none(tmp_path, monkeypatch):
    from featviz.study import team

    def trip(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(team, "write_toml", trip)
        with pytest.raises(KeyboardInterrupt):
            search(tmp_path / "all")
    assert not (tmp_path / "all" / ENSEMBLE_FILE).exists()
    assert_same(search(tmp_path / "all"), search())


def test_members_are_ordinary_runs(tmp_path):
    found = search(tmp_path / "all", baseline=20)
    assert [path.name for path in find_runs(tmp_path / "all")] == sorted(MEMBERS)
    behind = fv.load(tmp_path / "all" / min(found.runs, key=lambda name: found.runs[name].evaluations))
    assert behind.status == "interrupted"
    assert "left behind by the ensemble" in behind.stop_reason
    last = max(found.runs.values(), key=lambda run: run.evaluations)
    assert (last.status, last.stop_reason) == ("finished", "the budget is spent")
    assert last.baseline_best is not None
    assert behind.baseline_best is None
    index = fv.build_gallery(tmp_path / "all", tmp_path / "site")
    assert all(name in index.read_text() for name in MEMBERS)


def test_a_larger_budget_is_for_the_last_one(tmp_path):
    first = search(tmp_path / "all")
    longer = search(tmp_path / "all", budget=350)
    assert longer.evaluations == 350
    grown = [name for name in MEMBERS if longer.runs[name].evaluations > first.runs[name].evaluations]
    assert grown == [max(first.runs, key=lambda name: first.runs[name].evaluations)]
    np.testing.assert_array_equal(
        longer.runs[grown[0]].scores[: first.runs[grown[0]].evaluations], first.runs[grown[0]].scores
    )
    with pytest.raises(InvalidArgument, match="made with a budget of 300"):
        search(tmp_path / "all", budget=200)


def test_optimisers_seeds_and_settings_can_race_on_one_space():
    members = {
        "zero": DCT,
        "one": (DCT, {"seed": 1}),
        "de": [DCT, "random"],
        "small": (DCT, {"optimiser": "sep-cma", "optimiser_options": {"population": 6}, "batch_size": 6}),
    }
    found = search(members=members)
    specs = {name: run.spec["search"] for name, run in found.runs.items()}
    assert [specs[name]["seed"] for name in members] == [5, 1, 5, 5]
    assert specs["de"]["optimiser"] == "random"
    assert specs["small"]["optimiser_options"] == {"population": 6}
    assert specs["small"]["batch_size"] == 6


def test_what_a_query_costs_is_said_to_every_member():
    members = {"dct": DCT, "pixels": PIXELS}
    chosen = [
        {run.spec["provenance"]["optimiser"] for run in search(members=members, budget=600, **said).runs.values()}
        for said in ({}, {"query_seconds": 5.0})
    ]
    # What the last member gets is more than a model of the scores is worth unless the box is slow.
    assert chosen == [{"full-cma"}, {"turbo"}] or chosen == [{"sep-cma"}, {"turbo"}]


def test_options_of_an_optimiser_are_not_those_of_another():
    members = {"shared": (DCT, {}), "own": (DCT, "random")}
    found = search(members=members, optimiser="sep-cma", optimiser_options={"population": 6})
    assert "optimiser_options" not in found.runs["own"].spec["search"]
    assert found.runs["shared"].spec["search"]["optimiser_options"] == {"population": 6}


@pytest.mark.parametrize("options", [{"noise": True}, {"replicates": 3}, {"replicates": 3, "noise": True}])
def test_replicates_and_noise_never_exceed_the_budget(options):
    found = search(budget=400, **options)
    assert 400 - 3 * 4 < found.evaluations <= 400


def test_of_a_noisy_box_the_winner_was_asked_for_again():
    rng = np.random.default_rng(0)
    box = fv.black_box(lambda x: x.mean(axis=(1, 2, 3)) + rng.standard_normal(len(x)), name="noisy", noisy=True)
    found = fv.search_ensemble(MEMBERS, fv.maximise(box), budget=600, progress="none")
    assert found.best.replicates > 0
    assert found.evaluations <= 600


def test_a_target_ends_all():
    found = search(target=-1.5, baseline=10)
    assert found.best.score >= -1.5
    assert found.evaluations < 300
    assert "target" in found.runs[found.winner].stop_reason
    assert len(found.runs[found.winner].baseline) > 0


def test_callbacks_see_all_members_and_can_end_the_search():
    seen = []

    def look(progress):
        seen.append(progress)
        if progress.evaluations >= 100:
            raise fv.StopSearch("enough")

    found = search(callbacks=[look])
    assert 100 <= found.evaluations < 300
    assert {p.restart for p in seen} == {0, 1, 2, 3}
    assert [p.evaluations for p in seen] == sorted(p.evaluations for p in seen)
    assert all(p.budget == 300 for p in seen)
    assert {run.stop_reason for run in found.runs.values()} == {"stopped by a callback: enough"}


def test_references_are_evaluated_by_every_member():
    references = np.random.default_rng(0).random((3, 5, 4, 1)).astype(np.float32)
    found = search(members={"dct": DCT, "pixels": PIXELS}, references=references)
    assert found.evaluations == 300
    assert all(run._records.count(Phase.REFERENCE) == 3 for run in found.runs.values())
    assert {run._records.batches[0].phase for run in found.runs.values()} == {Phase.REFERENCE}


def test_the_table_names_every_member(tmp_path):
    found = search()
    lines = str(found).splitlines()
    assert lines[0].split() == ["member", "evaluations", "best", "score", "optimiser"]
    assert [line.split()[0] for line in lines[1:]] == list(MEMBERS)
    assert repr(found).startswith("<Ensemble of 4: 300 evaluations, best ")
    assert "<table>" in found._repr_html_()


def test_an_ensemble_without_a_score_says_so():
    box = fv.black_box(lambda x: np.full(len(x), math.nan), name="nothing")
    found = fv.search_ensemble({"a": DCT, "b": PIXELS}, fv.maximise(box), budget=16, progress="none")
    assert repr(found) == "<Ensemble of 2: 16 evaluations>"
    assert str(found).splitlines()[1].split()[:3] == ["a", str(found.runs["a"].evaluations), "-"]
    with pytest.raises(InvalidArgument, match="no best input"):
        _ = found.best


def test_a_box_that_always_fails_ends_it_with_the_reason(tmp_path):
    def fail(pictures):
        raise ValueError("no such model")

    with pytest.raises(FailureBudgetExceeded, match="no such model"):
        fv.search_ensemble(MEMBERS, fv.maximise(fv.black_box(fail, name="b")), budget=3000, out=tmp_path / "all")
    statuses = {run.status for run in fv.Ensemble.load(tmp_path / "all").runs.values()}
    assert statuses == {"interrupted"}


@pytest.mark.parametrize(
    ("error", "members", "words"),
    [
        (WrongType, [DCT, PIXELS], "members must be a dict"),
        (InvalidArgument, {"one": DCT}, "needs 2 to 256 members, but it has 1"),
        (InvalidArgument, {}, "but it has 0"),
        (WrongType, {"a": DCT, "b": "dct"}, "the member 'b' must be a space.* but it is a str"),
        (WrongType, {"a": DCT, "b": fv.ImageSpace}, "but it is a class"),
        (WrongType, {"a": DCT, "b": (DCT, 3)}, "'b' must be a space"),
        (WrongType, {"a": DCT, 3: DCT}, "name of a member must be text"),
        (InvalidArgument, {"a": DCT, "../b": DCT}, "cannot name a run"),
        (InvalidArgument, {"a": DCT, "": DCT}, "cannot name a run"),
        (InvalidArgument, {"a": DCT, "A": DCT}, "cannot share a directory"),
        (InvalidArgument, {"\u00e9": DCT, "e\u0301": DCT}, "cannot share a directory"),
        (InvalidArgument, {"a": DCT, "ensemble.toml": DCT}, "'ensemble.toml' cannot name a member"),
        (InvalidArgument, {"a": DCT, "Run.toml": DCT}, "cannot name a member"),
        (InvalidArgument, {"a": DCT, "evaluations.sqlite": DCT}, "cannot name a member"),
        (InvalidArgument, {"a": DCT, "b": (DCT, {"optimizer": "snes"})}, "unknown setting 'optimizer'.*Did you mean"),
        (InvalidArgument, {"a": DCT, "b": (DCT, {"budget": 3})}, "the rest is for all"),
    ],
)
def test_members_that_cannot_be_are_refused(error, members, words):
    with pytest.raises(error, match=words):
        search(members=members)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"budget": 11}, "4 members needs a budget of at least 12"),
        ({"budget": 20, "replicates": 2}, "at least 24"),
        ({"budget": 0}, "budget must be"),
        ({"resume": "warm"}, "resume must be True or False"),
        ({"optimiser": "nothing"}, "there is no optimiser 'nothing'"),
        ({"seed": -1}, "seed must be"),
    ],
)
def test_settings_that_cannot_be_are_refused_and_leave_nothing_behind(tmp_path, options, words):
    with pytest.raises(fv.FeatvizError, match=words):
        search(tmp_path / "all", **options)
    assert not (tmp_path / "all").exists()


def test_several_objectives_are_refused():
    box = fv.black_box(lambda x: x.mean(axis=(2, 3)), outputs=["a", "b", "c", "d", "e"])
    with pytest.raises(InvalidArgument, match="compared by one score"):
        fv.search_ensemble(MEMBERS, fv.pareto(fv.maximise(box, "a"), fv.minimise(box, "b")), budget=100)


def test_a_directory_of_something_else_is_refused(tmp_path):
    fv.search(DCT, goal(), budget=30, out=tmp_path / "run", progress="none")
    with pytest.raises(RunExists, match="holds a run"):
        search(tmp_path / "run")
    fv.search(DCT, goal(), budget=30, out=tmp_path / "all" / "dct", progress="none")
    with pytest.raises(RunExists, match="that no ensemble made"):
        search(tmp_path / "all")
    assert fv.load(tmp_path / "all" / "dct").spec["search"]["budget"] == 30
    search(tmp_path / "good")
    with pytest.raises(RunMismatch, match="other members: dct, pixels, cppn, snes"):
        search(tmp_path / "good", members={"dct": DCT, "pixels": PIXELS})
    with pytest.raises(RunExists, match="holds an ensemble already"):
        search(tmp_path / "good", resume=False)
    with pytest.raises(RunMismatch, match="seed"):
        search(tmp_path / "good", seed=6)


def test_reading_what_is_no_ensemble_is_refused(tmp_path):
    with pytest.raises(RunNotFound, match="no ensemble"):
        fv.Ensemble.load(tmp_path)
    (tmp_path / ENSEMBLE_FILE).write_text('[ensemble]\nmembers = "dct"\nbudget = 3\n')
    with pytest.raises(RunDamaged, match="does not name the members"):
        fv.Ensemble.load(tmp_path)
    (tmp_path / ENSEMBLE_FILE).write_text('[ensemble]\nmembers = ["../../x"]\nbudget = 3\n')
    with pytest.raises(InvalidArgument, match="cannot name a run"):
        fv.Ensemble.load(tmp_path)


@pytest.mark.parametrize(
    ("error", "text", "words"),
    [
        (RunDamaged, 'members = ["dct", "dct"]\nbudget = 30', "2 to 256 different members"),
        (RunDamaged, 'members = ["dct"]\nbudget = 30', "2 to 256 different members"),
        (RunDamaged, 'members = ["dct", "pixels", "cppn", "snes"]\nbudget = 3', "a budget of 12 to .* it says 3"),
        (RunDamaged, f'members = ["dct", "pixels"]\nbudget = {10**30}', "a budget of 4 to"),
        (InvalidArgument, 'members = ["dct", "run.toml"]\nbudget = 30', "cannot name a member"),
    ],
)
def test_a_doctored_description_is_refused_and_nothing_is_evaluated(tmp_path, error, text, words):
    with pytest.raises(KeyboardInterrupt):
        search(tmp_path / "all", at=9)
    before = fv.Ensemble.load(tmp_path / "all").evaluations
    kept = (tmp_path / "all" / ENSEMBLE_FILE).read_text()
    (tmp_path / "all" / ENSEMBLE_FILE).write_text(f"[ensemble]\n{text}\n")
    for read in (fv.Ensemble.load, search):
        with pytest.raises(error, match=words):
            read(tmp_path / "all")
    (tmp_path / "all" / ENSEMBLE_FILE).write_text(kept.replace("format = 1", "format = 99"))
    with pytest.raises(InvalidConfig, match="format 99; this featviz reads format 1"):
        fv.Ensemble.load(tmp_path / "all")
    (tmp_path / "all" / ENSEMBLE_FILE).write_text(kept)
    assert fv.Ensemble.load(tmp_path / "all").evaluations == before


def test_an_error_says_which_member_it_is_about(tmp_path):
    class Broken(fv.Space):
        variables = {"x": fv.Real(shape=2)}

        def decode(self, values):
            raise RuntimeError("no decoder")

    with pytest.raises(RuntimeError, match="no decoder") as found:
        search(members={"dct": DCT, "mine": Broken()}, out=tmp_path / "all")
    assert found.value.__notes__[0] == "This was the member 'mine' of the ensemble."
    with pytest.raises(fv.FeatvizError, match="no optimiser 'nothing'") as found:
        search(members={"dct": DCT, "mine": (DCT, "nothing")})
    assert "'mine'" in found.value.__notes__[0]


def test_members_are_named_and_the_clock_never_goes_back(capsys):
    seen = []
    search(progress="lines", callbacks=[seen.append], budget=600)
    assert {progress.part for progress in seen} == set(MEMBERS)
    assert all(list(MEMBERS)[progress.restart] == progress.part for progress in seen)
    seconds = [progress.seconds for progress in seen]
    assert seconds == sorted(seconds)
    lines = capsys.readouterr().err.splitlines()
    # The one that was asked for by name was not picked by "auto".
    assert lines[0].startswith("auto picks sep-cma for dct, pixels, cppn: ")
    assert re.match(r"search: \d+ of 600 evaluations \(\d+%\), dct, best ", lines[1])


def test_what_was_left_behind_is_said_to_be(tmp_path, capsys):
    found = search(tmp_path / "both")
    behind = [name for name in MEMBERS if name != found.winner]
    assert [run.was_left_behind for run in found.runs.values()] == [name in behind for name in MEMBERS]
    assert "left behind" in called(capsys, "list", str(tmp_path))
    rows = json.loads(called(capsys, "list", str(tmp_path), "--json"))
    assert sorted(row["stop_reason"].startswith("left behind") for row in rows) == [False, True, True, True]
    assert called(capsys, "show", str(tmp_path / "both")).startswith(str(found))
    shown = json.loads(called(capsys, "show", str(tmp_path / "both"), "--json"))
    assert shown["winner"] == found.winner
    assert [row["run"] for row in shown["members"]] == list(MEMBERS)
    fv.build_gallery(tmp_path, tmp_path / "site")
    index = (tmp_path / "site" / "index.html").read_text()
    assert index.count("<span>left behind</span>") == 3
    assert "interrupted" not in index
    assert "both</bdi>/" in index
    pages = {
        page.parent.name.rpartition("-")[0]: page.read_text()
        for page in (tmp_path / "site" / "runs").rglob("index.html")
    }
    for name in MEMBERS:
        left = "The ensemble <bdi>both</bdi> left it behind" in pages[name]
        assert left == (name in behind)
        assert ("It is a member of the ensemble <bdi>both</bdi>." in pages[name]) == (not left)
        assert "was interrupted" not in pages[name]


def called(capsys, *arguments):
    with pytest.raises(SystemExit) as end:
        run_cli(list(arguments))
    assert end.value.code == 0
    return capsys.readouterr().out
