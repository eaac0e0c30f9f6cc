import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from featviz.errors import FeatvizError, InvalidArgument, WrongType
from featviz.storage import BatchRecord, Phase
from featviz.study.history import Records
from featviz.study.plan import Plan
from featviz.study.settings import Settings


@pytest.mark.parametrize("budget", [0, -1, math.nan, math.inf, 1e18, 10.5, "100", None, True, 1 + 2j, [5]])
def test_a_budget_that_cannot_be_spent_is_refused(budget):
    with pytest.raises(FeatvizError, match="budget must be"):
        Settings(budget)


@pytest.mark.parametrize("budget", [1, 1e4, np.int64(7), 10**12])
def test_a_whole_budget_is_accepted(budget):
    assert Settings(budget).budget == int(budget)


@pytest.mark.parametrize("seed", [-1, 1.0, 2**64, "0", None, True])
def test_a_bad_seed_is_refused(seed):
    with pytest.raises(FeatvizError, match="seed must be"):
        Settings(10, seed)


@pytest.mark.parametrize("seed", [0, 2**64 - 1, np.uint64(2**64 - 1)])
def test_every_64_bit_seed_is_accepted(seed):
    assert Settings(10, seed).seed == int(seed)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("restarts", 0), ("restarts", 11), ("restarts", 2.5), ("batch_size", 0), ("batch_size", -3),
        ("batch_size", "8"), ("batch_size", 10**9),
        ("baseline", -1), ("baseline", math.nan), ("target", math.nan), ("target", "high"),
        ("max_seconds", 0), ("max_seconds", -1.0), ("max_seconds", math.inf),
    ],
)  # fmt: skip
def test_other_settings_are_checked_by_name(name, value):
    with pytest.raises(FeatvizError, match=name):
        Settings(10, **{name: value})


def test_an_optimiser_must_be_a_name():
    with pytest.raises(WrongType, match="optimiser must be a name"):
        Settings(10, optimiser=object())
    with pytest.raises(WrongType, match="optimiser_options"):
        Settings(10, optimiser_options=[1])


def test_more_restarts_than_evaluations_are_refused():
    with pytest.raises(InvalidArgument, match="restarts need a budget"):
        Settings(3, restarts=4)
    with pytest.raises(InvalidArgument, match="restarts must be between 1 and 10,000"):
        Settings(10**9, restarts=10**8, halving=True)


@given(st.integers(1, 500), st.data())
def test_restarts_share_the_budget_evenly_and_the_last_takes_what_is_added(budget, data):
    restarts = data.draw(st.integers(1, budget))
    longer = data.draw(st.integers(budget, 2 * budget))
    plan = Plan(Settings(longer, restarts=restarts), budget, 0)
    owners, records = [], Records()
    while (following := plan.next(records, 0.0)) is not None:
        n = min(following.most, 7)
        zeros = np.zeros(n)
        owners += [following.restart] * n
        records.add(
            BatchRecord(
                len(records.batches), records.count(), Phase.SEARCH, following.restart, 0.0, zeros.astype(np.uint8),
                zeros, zeros[:, None], {}, b"",
            )
        )  # fmt: skip
    assert len(owners) == longer
    assert owners == sorted(owners)
    shares = np.bincount(owners)
    shares[-1] -= longer - budget
    assert len(shares) == restarts
    assert shares.max() - shares.min() <= 1
