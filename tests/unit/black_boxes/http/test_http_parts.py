"""A batch in parts, and the inputs that fail found."""

import numpy as np
import pytest

from featviz.black_boxes.http.messages import Trouble
from featviz.black_boxes.http.parts import ask_in_parts
from featviz.errors import AnswerShapeError, RequestFailed, RowsFailed


class Service:
    """Answers row i with i, and a part that holds a bad row with a trouble."""

    def __init__(self, bad=(), about_input=True):
        self.bad = set(bad)
        self.about_input = about_input
        self.rounds = []

    def __call__(self, parts, again):
        self.rounds.append(([len(rows) for rows in parts], again))
        return [self.answer(rows) for rows in parts]

    def answer(self, rows):
        if self.bad & set(rows.tolist()):
            return Trouble(RequestFailed("no"), self.about_input)
        return rows[:, None].astype(float)

    @property
    def requests(self):
        return sum(len(sizes) for sizes, _ in self.rounds)


@pytest.mark.parametrize(("n", "size"), [(1, 1), (7, 3), (64, 64), (64, 1), (5, 9)])
def test_all_is_well(n, size):
    service = Service()
    assert ask_in_parts(service, n, size, 1)[:, 0].tolist() == list(range(n))
    assert len(service.rounds) == 1
    assert service.requests == -(-n // size)


@pytest.mark.parametrize("bad", [{0}, {63}, {1, 2}, {0, 31, 63}, set(range(0, 64, 2)), set(range(5, 64)), {9, 18, 27}])
@pytest.mark.parametrize("size", [1, 5, 16, 17, 64])
def test_exactly_the_bad_ones_fail(bad, size):
    service = Service(bad)
    with pytest.raises(RowsFailed) as caught:
        ask_in_parts(service, 64, size, 1)
    failed = set(caught.value.errors)
    good = sorted(set(range(64)) - failed)
    assert caught.value.outputs[good, 0].tolist() == good
    assert bad <= failed
    if len(bad) < 50:
        assert failed == bad
    assert service.requests <= 3 * 64


def test_one_bad_of_many_costs_few_requests():
    service = Service({700})
    with pytest.raises(RowsFailed):
        ask_in_parts(service, 1024, 1024, 1)
    assert service.requests <= 1 + 8 + 2 * 10
    assert [again for _, again in service.rounds] == [False] + [True] * (len(service.rounds) - 1)


def test_all_bad_are_given_up_after_eight():
    service = Service(range(64))
    with pytest.raises(RowsFailed) as caught:
        ask_in_parts(service, 64, 64, 1)
    assert service.requests == 9
    assert sum("not asked alone" in str(error) for error in caught.value.errors.values()) == 56
    assert all(isinstance(error, RequestFailed) for error in caught.value.errors.values())


def test_a_trouble_that_is_not_about_inputs_is_not_looked_into():
    service = Service({3}, about_input=False)
    with pytest.raises(RowsFailed) as caught:
        ask_in_parts(service, 64, 32, 1)
    assert sorted(caught.value.errors) == list(range(32))
    assert service.requests == 2


def test_rows_that_the_answer_names_are_taken_at_its_word():
    def ask(parts, again):
        return [RowsFailed("some", np.array([[1.0], [np.nan]]), {1: AnswerShapeError("short")}) for _ in parts]

    with pytest.raises(RowsFailed, match="2 of 4 inputs failed; the first is row 1: AnswerShapeError: short") as caught:
        ask_in_parts(ask, 4, 2, 1)
    assert sorted(caught.value.errors) == [1, 3]
    assert caught.value.outputs[[0, 2], 0].tolist() == [1, 1]
