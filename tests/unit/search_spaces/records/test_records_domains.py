"""Domains of single choices: what is drawn is what is declared, and steps stay inside."""

import math

import numpy as np
import pytest
from scipy import stats

from featviz.errors import InvalidArgument, WrongType
from featviz.search_spaces.records import domains
from featviz.search_spaces.records.domains import Interval, Options, Range

NUMBERS = {
    "normal": (domains.normal(), stats.norm()),
    "interval": (domains.interval(-2, 3), stats.uniform(-2, 5)),
    "log interval": (domains.log_interval(1e-3, 10), stats.loguniform(1e-3, 10)),
}
WHOLE = {
    "range": domains.whole_range(-3, 4),
    "options": domains.options(5),
    "weighted options": domains.options(4, (0.5, 0.0, 0.2, 0.3)),
    "truth": domains.truth(0.2),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_are_drawn_as_declared(name):
    domain, declared = NUMBERS[name]
    rng = np.random.default_rng(0)
    drawn = [domain.draw(rng) for _ in range(3_000)]
    assert stats.kstest(drawn, declared.cdf).pvalue > 1e-6
    for value in drawn[:50]:
        assert domain.log_density(value) == pytest.approx(declared.logpdf(value))
        assert domain.contains(value)


@pytest.mark.parametrize("name", WHOLE)
def test_whole_numbers_are_drawn_as_declared(name):
    domain = WHOLE[name]
    rng = np.random.default_rng(0)
    drawn = [domain.draw(rng) for _ in range(4_000)]
    possible = sorted(value for value in range(-5, 8) if domain.contains(value))
    probabilities = [math.exp(domain.log_density(value)) for value in possible]
    assert sum(probabilities) == pytest.approx(1)
    counts = [drawn.count(value) for value in possible]
    assert sum(counts) == len(drawn)
    assert stats.chisquare(counts, np.array(probabilities) * len(drawn)).pvalue > 1e-6


@pytest.mark.parametrize("name", WHOLE)
def test_another_value_is_another_one_and_any(name):
    domain = WHOLE[name]
    rng = np.random.default_rng(0)
    possible = {value for value in range(-5, 8) if domain.contains(value)}
    for value in possible:
        assert {domain.other(value, rng) for _ in range(300)} == possible - {value}
        steps = {domain.near(value, rng) for _ in range(300)}
        assert value not in steps
        assert steps <= possible


@pytest.mark.parametrize("name", NUMBERS)
def test_steps_are_small_and_large(name):
    domain, _ = NUMBERS[name]
    rng = np.random.default_rng(0)
    value = domain.draw(rng)
    steps = np.abs([domain.near(value, rng) - value for _ in range(500)])
    assert steps.max() > 30 * np.median(steps[steps > 0]) > 0
    assert all(domain.contains(domain.near(value, rng)) for _ in range(200))


def test_steps_reach_the_bounds():
    rng = np.random.default_rng(0)
    domain = domains.interval(0, 1)
    assert {0.0, 1.0} <= {domain.near(value, rng) for value in (0.01, 0.99) for _ in range(300)}


def test_what_does_not_fit_is_moved_to_the_nearer_bound():
    assert domains.whole_range(2, 5).fitted(9) == 5
    assert domains.interval(0, 1).fitted(-3.0) == 0.0
    assert domains.log_interval(1, 2).fitted(5.0) == 2.0
    for domain in (domains.normal(), domains.options(3), domains.truth(0.5)):
        assert domain.fitted(9) is None
    assert domains.whole_range(2, 5).fitted(3.0) is None


@pytest.mark.parametrize("value", [True, "1", None, math.nan, math.inf, 10**400, np.float64(0.5), np.int64(1)])
def test_only_plain_numbers_are_values(value):
    found = [d.contains(value) for d in (domains.normal(), domains.interval(0, 1), domains.whole_range(0, 3))]
    assert not any(found)


def test_one_value_is_no_choice():
    assert domains.interval(2, 2).only == 2
    assert domains.log_interval(3, 3).only == 3
    assert domains.whole_range(4, 4).only == 4
    assert domains.options(1).only == 0
    assert domains.options(3, (0, 1, 0)).only == 1
    assert domains.truth(1).only == 1
    assert domains.options(2).only is None
    assert domains.normal().only is None


@pytest.mark.parametrize(
    ("make", "arguments", "error"),
    [
        (domains.interval, (3, 2), InvalidArgument),
        (domains.interval, (0, math.inf), InvalidArgument),
        (domains.interval, (-1e308, 1e308), InvalidArgument),
        (domains.interval, ("a", 2), WrongType),
        (domains.log_interval, (0, 2), InvalidArgument),
        (domains.log_interval, (-1, 2), InvalidArgument),
        (domains.whole_range, (0, 1.5), InvalidArgument),
        (domains.whole_range, (0, 2**60), InvalidArgument),
        (domains.options, (0,), InvalidArgument),
        (domains.options, (2, (0.5, 0.6)), InvalidArgument),
        (domains.options, (2, (1.5, -0.5)), InvalidArgument),
        (domains.options, (2, (1.0,)), InvalidArgument),
        (domains.truth, (1.2,), InvalidArgument),
    ],
)
def test_bad_domains_are_refused(make, arguments, error):
    with pytest.raises(error):
        make(*arguments)


def test_equal_domains_are_equal():
    assert domains.interval(0, 1) == Interval(0.0, 1.0)
    assert domains.whole_range(0, 1) == Range(0, 1) != Options(2)
