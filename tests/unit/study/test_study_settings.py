import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from featviz.errors import FeatvizError, InvalidArgument, WrongType
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
        ("restarts", 0), ("restarts", 11), ("restarts", 2.5), ("batch_size", 0), ("batch_size", -3), ("batch_size", "8"),
        ("batch_size", 10**9), ("baseline", -1), ("baseline", math.nan), ("target", math.nan), ("target", "high"),
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


@given(st.integers(1, 500), st.data())
def test_restarts_share_the_budget_evenly_and_spend_all_of_it(budget, data):
    restarts = data.draw(st.integers(1, budget))
    settings = Settings(budget, restarts=restarts)
    owners = [settings.restart_at(spent) for spent in range(budget)]
    assert sorted(set(owners)) == list(range(restarts))
    assert owners == sorted(owners)
    shares = np.bincount(owners)
    assert shares.max() - shares.min() <= 1
