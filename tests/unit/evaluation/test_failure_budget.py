"""The failure budget."""

import numpy as np
import pytest

from featviz.errors import FailureBudgetExceeded, InvalidArgument
from featviz.evaluation import FailureBudget, Status

OK, BAD = Status.OK, Status.EXCEPTION


def codes(*statuses):
    return np.array(statuses, dtype=np.uint8)


def test_it_stops_when_more_than_half_of_the_last_hundred_failed():
    budget = FailureBudget()
    budget.add(codes(*[OK] * 50, *[BAD] * 50))
    budget.add(codes(OK))  # the first of the good ones is forgotten: still half
    with pytest.raises(FailureBudgetExceeded, match="51 of the last 100 evaluations failed"):
        budget.add(codes(BAD))


def test_it_judges_nothing_before_twenty():
    budget = FailureBudget()
    budget.add(codes(*[BAD] * 19))
    with pytest.raises(FailureBudgetExceeded, match="20 of the last 20"):
        budget.add(codes(BAD))


def test_the_message_has_the_most_common_reason():
    reasons = dict.fromkeys(range(30), "ValueError: weights are missing") | {30: "output is nan"}
    statuses = codes(*[BAD] * 30, Status.NONFINITE, *[OK] * 9)
    words = r"31 of the last 40 .* 30 of them with status 'exception', such as: ValueError: weights are missing"
    with pytest.raises(FailureBudgetExceeded, match=words):
        FailureBudget().add(statuses, reasons)


def test_infeasible_and_cancelled_are_no_failures():
    FailureBudget().add(codes(*[Status.INFEASIBLE] * 60, *[Status.CANCELLED] * 40))


@pytest.mark.parametrize("status", [s for s in Status if s not in {OK, Status.INFEASIBLE, Status.CANCELLED}])
def test_every_fault_counts(status):
    with pytest.raises(FailureBudgetExceeded, match=status.label):
        FailureBudget().add(codes(*[status] * 20))


def test_recall_gives_the_same_budget_as_going_on():
    rng = np.random.default_rng(0)
    for _ in range(20):
        statuses = np.where(rng.random(400) < 0.5, BAD, OK).astype(np.uint8)
        cut = int(rng.integers(0, 300))
        outcomes = []
        for budget in (FailureBudget(), FailureBudget()):
            if outcomes:
                budget.recall(statuses[:cut])
            else:
                for start in range(0, cut, 7):
                    budget.recall(statuses[start : min(start + 7, cut)])
            stopped = None
            for start in range(cut, 400, 5):
                try:
                    budget.add(statuses[start : start + 5])
                except FailureBudgetExceeded as error:
                    stopped = (start, str(error))
                    break
            outcomes.append(stopped)
        assert outcomes[0] == outcomes[1]


def test_recall_never_stops():
    FailureBudget().recall(codes(*[BAD] * 100))


def test_arguments():
    for wrong in ({"window": 0}, {"share": 1.5}, {"share": float("nan")}, {"minimum": 0}):
        with pytest.raises(InvalidArgument):
            FailureBudget(**wrong)
