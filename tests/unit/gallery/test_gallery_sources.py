import sys
import types

import pytest
from gallery_fakes import fake_run, fake_spec

from featviz.errors import RunDamaged, RunNotFound, WrongType
from featviz.gallery.sources import comparable_random, read_runs


@pytest.fixture
def study(monkeypatch):
    """A study package whose runs are folders with a ``run.toml``; those named "torn" cannot be read."""
    module = types.ModuleType("featviz.study")

    def load(path):
        if path.name == "torn":
            raise RunDamaged("run.toml is not TOML")
        return fake_run(path.name, path=path)

    module.load = load
    module.find_runs = lambda folder: sorted(path.parent for path in folder.rglob("run.toml"))
    monkeypatch.setitem(sys.modules, "featviz.study", module)


def make_run(folder):
    folder.mkdir(parents=True)
    (folder / "run.toml").write_text("")
    return folder


def test_a_folder_a_run_directory_a_run_and_a_list_of_them(tmp_path, study):
    a, b = make_run(tmp_path / "runs" / "a"), make_run(tmp_path / "runs" / "b")
    run = fake_run("c")
    assert [e.name for e in read_runs(tmp_path / "runs")] == ["a", "b"]
    assert [e.name for e in read_runs(str(a))] == ["a"]
    assert [e.run for e in read_runs(run)] == [run]
    assert sorted(e.name for e in read_runs([b, run, str(a)])) == ["a", "b", "c"]
    assert sorted(e.name for e in read_runs(iter((b, run)))) == ["b", "c"]


def test_a_damaged_run_is_an_entry_and_comes_last(tmp_path, study):
    for name in ("torn", "zebra"):
        make_run(tmp_path / name)
    first, last = read_runs(tmp_path)
    assert (first.name, first.error) == ("zebra", "")
    assert (last.name, last.run, last.error) == ("torn", None, "RunDamaged: run.toml is not TOML")


def test_nothing_to_show(tmp_path, study):
    with pytest.raises(RunNotFound, match="no folder"):
        read_runs(tmp_path / "absent")
    with pytest.raises(RunNotFound, match="no run in"):
        read_runs(tmp_path)
    with pytest.raises(RunNotFound, match="empty"):
        read_runs([])


@pytest.mark.parametrize("runs", [None, 3, b"runs", {"a": 1}, [3], [None]])
def test_wrong_types(runs):
    with pytest.raises(WrongType, match="folder of runs"):
        read_runs(runs)


def random_run(name, **changes):
    spec = fake_spec()
    spec["search"]["optimiser"] = "random"
    return fake_run(name, spec=spec | changes.pop("tables", {}), baseline=False, **changes)


def test_a_random_search_over_the_same_tables_stands_in_for_a_baseline():
    run = fake_run("cat", baseline=False)
    short, long = random_run("short", evaluations=100), random_run("long", evaluations=900)
    other_space = random_run("other", evaluations=9000, tables={"space": {"type": "ImageSpace", "height": 9}})
    other_box = random_run("box", evaluations=9000, tables={"box": {"from": "models:dogs"}})
    nothing = random_run("nothing", evaluations=9000, candidates=[])
    entries = read_runs([run, short, long, other_space, other_box, nothing, fake_run("another")])
    assert comparable_random(run, entries) is long
    assert comparable_random(run, read_runs([run, other_space])) is None


def test_runs_that_cannot_be_described_are_never_taken_for_equal():
    spec = fake_spec()
    del spec["box"], spec["objective"]
    run = fake_run("cat", spec=spec, baseline=False)
    blind = {key: value for key, value in random_run("r").spec.items() if key not in {"box", "objective"}}
    assert comparable_random(run, read_runs([run, fake_run("r", spec=blind)])) is None
