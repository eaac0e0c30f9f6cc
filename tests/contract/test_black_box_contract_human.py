"""A person against the contract of black boxes; a scripted one sits at the desk."""

import numpy as np
import pytest

import featviz as fv
from featviz.black_boxes.human.desk import Desk
from featviz.black_boxes.human.questions import Answer
from featviz.testing.black_boxes import BlackBoxContract, check_black_box


@pytest.fixture(autouse=True)
def rater(monkeypatch):
    """Answers 1 to whatever is asked: a rating of 1, or the left one."""

    def sit(desk, journal, sitting, plan, pages, timeout):
        while (question := plan.next(sitting.answers)) is not None:
            journal.answer(sitting, Answer(question.shown, 1.0, question.repeat), 0.1)
        return True

    monkeypatch.setattr(Desk, "sit", sit)
    monkeypatch.setattr("featviz.black_boxes.human.room.Room.open", lambda self, page, port: None)


class TestHuman(BlackBoxContract):
    noisy = True

    @pytest.fixture(params=["rating", "pairs"])
    def box(self, request):
        return fv.human("Which?", mode=request.param)

    @pytest.fixture
    def inputs(self):
        return np.random.default_rng(0).random((6, 5, 5, 1), dtype=np.float32)


def test_the_report():
    inputs = np.random.default_rng(0).random((6, 5, 5, 1), dtype=np.float32)
    report = check_black_box(fv.human("Which?", mode="pairs"), inputs, noisy=True)
    assert (report.outputs, report.rebuildable) == (("strength",), True)
