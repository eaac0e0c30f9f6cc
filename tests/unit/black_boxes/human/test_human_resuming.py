"""Answers by a person without a browser: what is kept, what is asked again, what is not."""

import threading

import numpy as np
import pytest

import featviz as fv
from featviz.black_boxes.human.desk import Desk
from featviz.errors import RunMismatch

SIT = Desk.sit


@pytest.fixture(autouse=True)
def no_server(monkeypatch):
    """The desk is answered directly; nothing is served."""
    monkeypatch.setattr("featviz.black_boxes.human.room.Room.open", lambda self, page, port: None)


class Rater:
    """Answers at the desk of a box by ``rule``, in the thread in which the desk shows its questions."""

    def __init__(self, monkeypatch, rule, most=10_000):
        self.rule, self.left, self.asked = rule, most, []

        def seated(desk, *args):
            worker = threading.Thread(target=self._work, args=(desk,), daemon=True)
            worker.start()
            try:
                return SIT(desk, *args)
            finally:
                worker.join(5)

        monkeypatch.setattr(Desk, "sit", seated)

    def _work(self, desk):
        view = desk.view()
        while view["state"] != "asking":
            view = desk.wait(view["version"], 1)
        while view["state"] == "asking" and self.left:
            self.left -= 1
            self.asked.append(tuple(view["candidates"]))
            view = desk.answer(view["id"], self.rule(view))


def four(view):
    return 4.0


def pictures(n=4, first=0.0):
    return (first + np.linspace(0.1, 0.5, n))[:, None, None, None] * np.ones((1, 3, 3, 1))


def test_a_script_that_runs_again_with_its_journal_asks_nothing_again(monkeypatch, tmp_path):
    path = tmp_path / "j.jsonl"
    rater = Rater(monkeypatch, four)
    box = fv.human("How dark?", journal=path, repeats=0)
    first, second = box(pictures()), box(pictures(first=0.3))
    assert len(rater.asked) == 8
    again = fv.human("How dark?", journal=path, repeats=0)
    assert np.array_equal(again(pictures()), first)
    assert np.array_equal(again(pictures(first=0.3)), second)
    assert len(rater.asked) == 8
    again(pictures(first=0.2))
    assert len(rater.asked) == 12
    assert again.usage()["answers"] == 4.0


def test_the_same_inputs_in_another_batch_are_asked_about_again(monkeypatch):
    rater = Rater(monkeypatch, four)
    box = fv.human("How dark?", repeats=0)
    box.begin_batch(0)
    box(pictures())
    box.begin_batch(4)
    box(pictures())
    box(pictures())  # a replicate within a batch
    assert len(rater.asked) == 12


def test_a_batch_that_was_answered_and_not_stored_by_the_run_is_not_asked_again(monkeypatch, tmp_path):
    rater = Rater(monkeypatch, lambda view: 1.0)
    answers, counts = [], []
    for _ in range(2):  # a kill between the last answer and the run's own record
        box = fv.human("Which?", mode="pairs")
        box.keep_in(tmp_path)
        box.begin_batch(0)
        answers.append(box(pictures()))
        counts.append(len(rater.asked))
    assert np.array_equal(*answers)
    assert counts[0] == counts[1] > 0
    box.begin_batch(4)
    box(pictures(first=0.3))
    assert len(rater.asked) > counts[0]


def test_pairs_go_on_in_the_middle_and_end_as_if_never_stopped(monkeypatch, tmp_path):
    def rule(view):
        left, right = (hash(candidate) for candidate in view["candidates"])
        return float(left > right)

    def run(folder, most):
        rater = Rater(monkeypatch, rule, most)
        box = fv.human("Which?", mode="pairs", timeout=0.3, repeats=0.2)
        box.keep_in(folder)
        found = []
        try:
            for batch in range(3):
                box.begin_batch(6 * batch)
                found.append(box(pictures(6, first=0.13 * batch)))
        except fv.errors.RowsFailed:
            return rater.asked, None
        return rater.asked, np.concatenate(found)

    (tmp_path / "whole").mkdir()
    (tmp_path / "parts").mkdir()
    asked, whole = run(tmp_path / "whole", 10_000)
    parts, result = [], None
    for _ in range(30):
        some, result = run(tmp_path / "parts", 3)
        parts += some
        if result is not None:
            break
    assert np.array_equal(result, whole)
    assert parts == asked


def test_a_box_used_for_two_runs_keeps_them_apart(monkeypatch, tmp_path):
    rater = Rater(monkeypatch, four)
    space = fv.ImageSpace(3, 3)
    box = fv.human("How dark?", space=space, repeats=0)
    for name in ("one", "two"):
        fv.search(space, fv.maximise(box), budget=4, batch_size=4, out=tmp_path / name, progress="none")
    assert len(rater.asked) == 8
    assert len(list(tmp_path.glob("*/human-*.jsonl"))) == 2
    assert box.usage()["answers"] == 8.0


def test_a_run_counts_what_the_person_gave_and_keeps_the_question(monkeypatch, tmp_path):
    Rater(monkeypatch, four)
    space = fv.ImageSpace(3, 3)
    box = fv.human("How dark?", repeats=0.5)
    run = fv.search(space, fv.maximise(box), budget=8, batch_size=4, out=tmp_path / "run", progress="none")
    kept = run.spec["box"]
    assert (kept["kind"], kept["question"]) == ("human", "How dark?")
    steady = box.consistency()
    assert (steady.n, steady.mean_difference) == (4, 0.0)
    assert box.provenance()["consistency"].startswith("4 repeated ratings")
    assert box.usage() == {"answers": 12.0, "repeated answers": 4.0}


def test_a_journal_of_another_scale_is_refused(monkeypatch, tmp_path):
    Rater(monkeypatch, four)
    fv.human("How dark?", journal=tmp_path / "j.jsonl", scale=(1, 5))(pictures())
    with pytest.raises(RunMismatch, match="another scale"):
        fv.human("How dark?", journal=tmp_path / "j.jsonl", scale=(1, 7))
