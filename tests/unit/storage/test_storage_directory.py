import os
import subprocess
import sys

import pytest

from featviz.errors import FeatvizError, InvalidArgument, RunExists, RunLocked, RunNotFound, StorageError
from featviz.storage import RunDirectory, check_run_name
from featviz.storage.directory import find_run

REFUSED = [
    "", ".", "..", "a\0b", "CON", "aux.txt", "com1", "x" * 300, "é" * 150, "<img src=x onerror=alert(1)>", "~root",
    "$(id)", "-rf", "run\nname", "run\u202ename", ".hidden", "a\\b", "x:y", "tab\tname", "ends.", "`id`", "a\u200bb",
    " leading", "trailing ", "a;b", "\ud800",
]  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_harmful_name_is_refused_with_what_to_do(name):
    with pytest.raises(InvalidArgument, match="cannot name a run") as caught:
        check_run_name(name)
    message = str(caught.value)
    message.encode("utf-8")
    assert message.isprintable()
    assert "Use letters" in message


@pytest.mark.parametrize("name", ["person", "naïve-é", "run 2", "a.b-c_d", "デモ", "v1.0"])
def test_a_plain_name_is_accepted(name):
    assert check_run_name(name) == name


@pytest.mark.parametrize("path", ["..", ".", "", "/", "a/..", "../..", "x/.hidden", "x/-rf"])
def test_a_path_needs_a_name_of_its_own(tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidArgument):
        RunDirectory(path)
    assert list(tmp_path.iterdir()) == []


def test_a_symbolic_link_is_refused(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(InvalidArgument, match="symbolic link"):
        RunDirectory(tmp_path / "link")


def test_a_file_in_the_way_is_refused(tmp_path):
    (tmp_path / "taken").write_text("mine")
    with pytest.raises(RunExists, match="is a file"):
        RunDirectory(tmp_path / "taken")
    assert (tmp_path / "taken").read_text() == "mine"


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("mine")
    directory = RunDirectory(tmp_path / "thesis")
    with pytest.raises(RunExists, match="holds no run"):
        _ = directory.holds_run
    directory.close()
    assert (tmp_path / "thesis" / "chapter.txt").read_text() == "mine"


def test_what_a_kill_left_while_a_run_was_made_is_cleared(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "evaluations.sqlite").write_bytes(b"")
    directory = RunDirectory(tmp_path / "run")
    assert not directory.holds_run
    assert not directory.database.exists()
    directory.close()


def test_a_second_writer_in_another_process_is_refused_and_let_in_later(tmp_path):
    mine = RunDirectory(tmp_path / "run")
    code = f"from featviz.storage import RunDirectory; RunDirectory({str(tmp_path / 'run')!r})"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "RunLocked" in other.stderr
    assert RunDirectory.is_locked(tmp_path / "run")
    mine.close()
    assert not RunDirectory.is_locked(tmp_path / "run")
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0


def test_a_second_writer_in_this_process_is_refused(tmp_path):
    mine = RunDirectory(tmp_path / "run")
    with pytest.raises(RunLocked, match="another process is writing"):
        RunDirectory(tmp_path / "run")
    mine.close()


def test_a_read_only_directory_is_a_clear_error(tmp_path, monkeypatch):
    (tmp_path / "run").mkdir(mode=0o500)
    # The superuser may write anywhere; what everybody else is told must be seen there too.
    monkeypatch.setattr(os, "access", lambda path, mode: not mode & os.W_OK)
    with pytest.raises(StorageError, match="permissions"):
        RunDirectory(tmp_path / "run")


def test_a_place_that_cannot_hold_a_directory_is_a_clear_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot make the run directory"):
        RunDirectory(tmp_path / "file" / "below" / "run")


def test_a_missing_run_names_what_is_near(tmp_path):
    for name in ("alpha", "beta"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "run.toml").write_text("")
        (tmp_path / name / "evaluations.sqlite").write_text("")
    with pytest.raises(RunNotFound, match="alpha, beta"):
        find_run(tmp_path)
    with pytest.raises(RunNotFound, match="alpha, beta"):
        find_run(tmp_path / "gamma")
    assert issubclass(RunNotFound, FileNotFoundError)
    assert issubclass(RunNotFound, FeatvizError)
