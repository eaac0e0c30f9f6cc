"""The failure budget."""

import numpy as np
import pytest

from featviz.errors import FailureBudgetExceeded, InvalidArgument
from featviz.evaluation import FailureBudget, Status, failure_budget

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


def stops_at(statuses, sizes, window):
    """The evaluation after which a budget stops, told in batches of ``sizes``, and what it says."""
    budget, done = FailureBudget(window=window), 0
    for size in sizes:
        try:
            budget.add(statuses[done : done + size])
        except FailureBudgetExceeded as error:
            return done + size, str(error)
        done += size
    return None


@pytest.mark.parametrize("window", [20, 37, 100])
def test_it_judges_the_last_ones_only_however_they_were_batched(window):
    rng = np.random.default_rng(window)
    for _ in range(30):
        sizes = rng.integers(1, 150, 20)
        statuses = rng.choice(codes(OK, OK, BAD, Status.TIMEOUT, Status.INFEASIBLE), sizes.sum())
        expected = None
        for end in np.cumsum(sizes):
            last = statuses[max(0, end - window) : end]
            faults = int(np.isin(last, [BAD, Status.TIMEOUT]).sum())
            if len(last) >= 20 and faults > len(last) / 2:
                expected = (int(end), f"{faults} of the last {len(last)} evaluations failed")
                break
        found = stops_at(statuses, sizes, window)
        assert (found is None) == (expected is None)
        if expected is not None:
            assert found[0] == expected[0]
            assert found[1].startswith(expected[1])


def test_a_batch_makes_no_members_of_the_enumeration(monkeypatch):
    made = []
    monkeypatch.setattr(failure_budget, "Status", made.append)
    budget = FailureBudget()
    for _ in range(30):
        budget.add(codes(*[OK] * 11, *[BAD] * 9))
    assert made == []


def test_arguments():
    for wrong in ({"window": 0}, {"share": 1.5}, {"share": float("nan")}, {"minimum": 0}):
        with pytest.raises(InvalidArgument):
            FailureBudget(**wrong)
