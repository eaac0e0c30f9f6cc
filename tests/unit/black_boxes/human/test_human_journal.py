import json
import os

import numpy as np
import pytest

from featviz.black_boxes.human.journal import Journal, _digest
from featviz.black_boxes.human.pairs import Ladder
from featviz.black_boxes.human.questions import Answer
from featviz.blocks import ImageBlock
from featviz.errors import RunDamaged, RunMismatch, StorageError

ABOUT = {"question": "How \u202e dark?", "mode": "pairs"}


def block(value):
    return [ImageBlock(np.full((2, 2, 1), value, dtype=np.uint8))]


def written(path):
    """A journal with a complete batch and one that is not."""
    journal = Journal(ABOUT, path)
    first = journal.begin(0, ["a", "b"])
    journal.answer(first, Answer(("a", "b"), 1.0), 1.5)
    journal.answer(first, Answer(("b", "a"), 1.0, True), 1.5)
    journal.undo(first)
    journal.answer(first, Answer(("b", "a"), 0.0, True), 1.5)
    ladder = Ladder((("b", -1.0), ("a", 1.0)), 0.0)
    journal.complete(first, {"a": 1.0, "b": -1.0}, ladder, {"a": block(1), "b": block(2)})
    second = journal.begin(2, ["c", "d"])
    journal.answer(second, Answer(("c", "a"), 0.5), 0.5)
    return journal


def test_everything_comes_back(tmp_path):
    journal = written(tmp_path / "j.jsonl")
    back = Journal(ABOUT, tmp_path / "j.jsonl")
    assert back.sittings == journal.sittings
    assert back.ladder == journal.ladder
    assert {key: b[0].pixels.tolist() for key, b in back.shown.items()} == {
        key: b[0].pixels.tolist() for key, b in journal.shown.items()
    }
    assert [a.value for a in back.answers] == [1.0, 0.0, 0.5]


def test_a_journal_in_memory_writes_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert written(None).path is None
    assert not list(tmp_path.iterdir())


def test_batches_are_found_by_key_and_candidates(tmp_path):
    written(tmp_path / "j.jsonl")
    journal = Journal(ABOUT, tmp_path / "j.jsonl")
    assert journal.find(0, ["b", "a"]).number == 1
    assert journal.find(1, ["a", "b"]) is None  # answered for another batch
    assert journal.find(0, ["a", "c"]) is None
    assert journal.find(9, ["c", "d"]).number == 2  # left unfinished
    journal.find(0, ["a", "b"]).used = True
    assert journal.find(0, ["a", "b"]) is None


@pytest.mark.parametrize("cut", [1, 7, 30])
def test_a_line_that_a_crash_cut_short_is_dropped_and_written_over(tmp_path, cut):
    path = tmp_path / "j.jsonl"
    written(path)
    whole = path.read_bytes()
    last = whole.rstrip(b"\n").rfind(b"\n") + 1
    path.write_bytes(whole[: last + cut])
    journal = Journal(ABOUT, path)
    assert journal.sittings[1].answers == []
    journal.answer(journal.sittings[1], Answer(("c", "a"), 1.0), 0.1)
    assert [a.value for a in Journal(ABOUT, path).answers] == [1.0, 0.0, 1.0]


def test_any_other_damage_is_an_error_and_changes_nothing(tmp_path):
    path = tmp_path / "j.jsonl"
    written(path)
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    newlines = {i for i, byte in enumerate(whole) if byte == 10}
    for at in rng.choice(len(whole) - 1, 60, replace=False):
        if int(at) in newlines:
            continue
        damaged = bytearray(whole)
        damaged[at] ^= 1 << int(rng.integers(8))
        path.write_bytes(damaged)
        with pytest.raises((RunDamaged, RunMismatch)):
            Journal(ABOUT, path)
        assert path.read_bytes() == damaged


LINES = {
    "no journal line": b"x",
    "not JSON": None,
    "another word": {"do": "run"},
    "an answer to no batch": {"do": "answer", "batch": 9, "shown": ["a"], "value": 1, "repeat": False},
    "an undo of nothing": {"do": "undo", "batch": 2},
    "a second head": {"do": "journal", "version": 1, **ABOUT},
    "an anchor that nobody saw": {"do": "complete", "batch": 1, "outputs": {}, "ladder": [["z", 1.0]], "level": 0},
}


@pytest.mark.parametrize("name", LINES)
def test_lines_that_make_no_sense(tmp_path, name):
    path = tmp_path / "j.jsonl"
    journal = written(path)
    journal.undo(journal.sittings[1])
    line = LINES[name]
    if isinstance(line, dict) or line is None:
        text = b"{" if line is None else json.dumps(line).encode()
        line = _digest(text).encode() + b" " + text
    path.write_bytes(path.read_bytes() + line + b"\n")
    with pytest.raises(RunDamaged, match="line 13"):
        Journal(ABOUT, path)


def test_another_question_is_refused(tmp_path):
    written(tmp_path / "j.jsonl")
    with pytest.raises(RunMismatch, match="about another question") as caught:
        Journal(ABOUT | {"question": "How light?"}, tmp_path / "j.jsonl")
    assert "\u202e" not in str(caught.value)


def test_files_that_cannot_be_used(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "j.jsonl")
    with pytest.raises(StorageError, match="symbolic link"):
        Journal(ABOUT, tmp_path / "link")
    with pytest.raises(StorageError, match="cannot be"):
        Journal(ABOUT, tmp_path)
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageError, match="cannot be read"):
        Journal(ABOUT, tmp_path / "file" / "j.jsonl")


def test_an_answer_that_cannot_be_written_does_not_count(tmp_path, monkeypatch):
    path = tmp_path / "j.jsonl"
    journal = written(path)
    before = path.read_bytes()

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="No space left"):
        journal.answer(journal.sittings[1], Answer(("d", "b"), 1.0), 0.1)
    assert len(journal.sittings[1].answers) == 1
    monkeypatch.undo()
    journal.answer(journal.sittings[1], Answer(("d", "a"), 1.0), 0.1)
    assert path.read_bytes().startswith(before)
    assert [a.shown for a in Journal(ABOUT, path).answers][-2:] == [("c", "a"), ("d", "a")]


def test_the_journal_is_for_its_owner_only(tmp_path):
    written(tmp_path / "j.jsonl")
    assert (tmp_path / "j.jsonl").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("change", ["another program writes", "cut", "removed"])
def test_what_somebody_else_wrote_meanwhile_is_not_written_over(tmp_path, change):
    path = tmp_path / "j.jsonl"
    journal = written(path)
    if change == "another program writes":
        other = Journal(ABOUT, path)
        other.answer(other.sittings[1], Answer(("d", "a"), 1.0), 0.1)
    elif change == "cut":
        path.write_bytes(path.read_bytes()[:-20])
    else:
        path.unlink()
    content = path.read_bytes() if path.exists() else b""
    with pytest.raises(StorageError, match="somebody else"):
        journal.answer(journal.sittings[1], Answer(("d", "b"), 1.0), 0.1)
    assert path.read_bytes() == content
    assert len(journal.sittings[1].answers) == 1


@pytest.mark.parametrize(
    "text",
    ["[" * 100_000, '{"do": "batch", "key": 1e999, "keys": []}'],
    ids=["deep", "infinite"],
)
def test_a_doctored_line_with_a_right_checksum_is_a_named_error(tmp_path, text):
    path = tmp_path / "journal"
    Journal({"question": "q"}, path)
    with path.open("a") as file:
        file.write(f"{_digest(text.encode())} {text}\n")
    with pytest.raises(RunDamaged, match="line 2"):
        Journal({"question": "q"}, path)


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "journal")
    with pytest.raises(StorageError, match="regular"):
        Journal({"question": "q"}, tmp_path / "journal")
