import contextlib
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from featviz.errors import FeatvizError, InvalidArgument, RunDamaged, RunExists, RunLocked, RunNotFound, StorageError
from featviz.latent import LatentDescription
from featviz.storage import BatchRecord, Phase, RunDirectory, RunStore, check_run_name
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


LATENT = LatentDescription(2)


def stored_run(path, batches, *, closed=True):
    """A directory with ``batches`` stored batches and no ``run.toml``; not ``closed`` is as a kill leaves it."""
    path.mkdir()
    store = RunStore.create(path / "made.sqlite", ("score",), LATENT)
    for batch in range(batches):
        latents, ones = LATENT.sample(np.random.default_rng(batch), 3), np.ones(3)
        record = BatchRecord(
            batch, 3 * batch, Phase.SEARCH, 0, 0.0, np.zeros(3, np.uint8), ones, ones[:, None], {}, latents.digest()
        )
        store.append(record, latents)
    if closed:
        store.close()
    for made in path.glob("made.sqlite*"):
        if not made.name.endswith("-shm"):
            shutil.copy(made, path / made.name.replace("made", "evaluations"))
    store.close()
    for made in path.glob("made.sqlite*"):
        made.unlink()
    return path


def contents(path):
    return {p.name: p.read_bytes() for p in path.iterdir() if p.is_file() and not p.name.endswith(("-shm", ".lock"))}


def foreign_database(path):
    path.mkdir()
    with contextlib.closing(sqlite3.connect(path / "evaluations.sqlite")) as db:
        db.execute("CREATE TABLE letters (text)")
    return path


def first_page_only(path):
    """What a kill leaves after the first thing that is written."""
    path.mkdir()
    with contextlib.closing(sqlite3.connect(path / "evaluations.sqlite")) as db:
        db.execute("PRAGMA application_id = 0x66765A31")
    return path


def with_files(path, **files):
    path.mkdir()
    for name, content in files.items():
        (path / name.replace("__", "-").replace("_", ".")).write_bytes(content)
    return path


@pytest.mark.parametrize(
    "make",
    [
        lambda path: with_files(path, evaluations_sqlite=b""),
        lambda path: with_files(path, evaluations_sqlite=b"", evaluations_sqlite__journal=b"begun"),
        first_page_only,
        lambda path: stored_run(path, 0),
        lambda path: stored_run(path, 0, closed=False),
    ],
    ids=["an empty file", "a journal", "the first page", "no batch", "no batch, with a log"],
)
@pytest.mark.parametrize("part", [False, True])
def test_what_a_kill_left_while_a_run_was_made_is_cleared(tmp_path, make, part):
    make(tmp_path / "run")
    if part:
        (tmp_path / "run" / "run.toml.part").write_text("[spa")
    directory = RunDirectory(tmp_path / "run")
    assert not directory.holds_run
    assert [p.name for p in directory.path.iterdir() if p.name != ".lock"] == []
    directory.close()


@pytest.mark.parametrize(
    ("make", "missing"),
    [
        (lambda path: stored_run(path, 2), "run.toml"),
        (lambda path: stored_run(path, 2, closed=False), "run.toml"),
        (lambda path: with_files(path, evaluations_sqlite=b"garbage"), "run.toml"),
        (lambda path: with_files(path, evaluations_sqlite=b"", evaluations_sqlite__wal=b"log"), "run.toml"),
        (foreign_database, "run.toml"),
        (lambda path: with_files(path, run_toml=b"[search]"), "evaluations.sqlite"),
        (lambda path: with_files(path, evaluations_sqlite__wal=b"log"), "evaluations.sqlite"),
    ],
    ids=["batches", "batches in the log", "unreadable", "a log alone", "foreign", "a description", "no main file"],
)
@pytest.mark.parametrize("best", [False, True])
def test_a_part_of_a_run_is_left_alone_and_what_is_missing_is_said(tmp_path, make, missing, best):
    path = make(tmp_path / "run")
    if best:
        (path / "best").mkdir()
    before = contents(path)
    directory = RunDirectory(path)
    with pytest.raises(RunDamaged, match=rf"but {re.escape(missing)} is missing. Nothing there was touched"):
        _ = directory.holds_run
    directory.close()
    assert contents(path) == before


def test_a_truncated_store_is_left_alone(tmp_path):
    path = stored_run(tmp_path / "run", 40)
    whole = (path / "evaluations.sqlite").read_bytes()
    for size in (50, 4096, len(whole) // 2, len(whole) - 4096):
        (path / "evaluations.sqlite").write_bytes(whole[:size])
        directory = RunDirectory(path)
        with pytest.raises(RunDamaged):
            _ = directory.holds_run
        directory.close()
        assert (path / "evaluations.sqlite").read_bytes() == whole[:size]


def test_a_kill_while_a_run_is_cleared_leaves_what_is_cleared_later(tmp_path, monkeypatch):
    unlink = Path.unlink
    for kill in range(6):
        path = stored_run(tmp_path / f"run{kill}", 0, closed=False)
        (path / "run.toml").write_text("[search]")
        directory = RunDirectory(path)
        left = iter(range(kill))

        def stopping(path, left=left, **options):
            if next(left, None) is None:
                raise KeyboardInterrupt
            unlink(path, **options)

        with monkeypatch.context() as patch:
            patch.setattr(Path, "unlink", stopping)
            with pytest.raises(KeyboardInterrupt):
                directory.clear()
        if directory.spec_file.exists():
            assert directory.holds_run
        else:
            assert not directory.holds_run
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


def test_a_reader_that_looks_whether_a_run_is_locked_does_not_keep_a_writer_out(tmp_path):
    RunDirectory(tmp_path / "run").close()
    # Released by another thread than the one that took it.
    reader = FileLock(tmp_path / "run" / ".lock", thread_local=False)
    reader.acquire()
    threading.Timer(0.1, reader.release).start()
    RunDirectory(tmp_path / "run").close()


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
