"""When a search has stagnated: flat scores, blocks without progress, and the state."""

import numpy as np
import pytest

from featviz.errors import RunDamaged
from featviz.optimisers._stagnation import Stagnation


def generations(own, bests, rows=4):
    """The numbers of the generations, from 1, after which it said that the search is over."""
    return [i for i, best in enumerate(bests, 1) if own.over(best - np.arange(float(rows)), rows)]


def test_two_blocks_without_progress_end_a_search():
    assert generations(Stagnation(10, 10), [1.0] * 100) == [100]
    assert generations(Stagnation(10, 30), [1.0] * 90) == [60, 90]


def test_progress_in_the_best_or_in_the_middle_goes_on():
    assert generations(Stagnation(10, 30), np.arange(300.0)) == []
    own = Stagnation(10, 30)
    ended = [own.over(np.array([9.0, step, 0.0]), 3) for step in np.linspace(0, 8, 200)]
    assert not any(ended)


def test_twenty_flat_generations_end_a_search():
    own = Stagnation(100, 10)
    assert [own.over(np.zeros(5), 5) for _ in range(20)] == [False] * 19 + [True]
    missing = Stagnation(100, 10)
    assert [missing.over(np.full(5, -np.inf), 0) for _ in range(20)] == [False] * 19 + [True]
    broken = Stagnation(100, 10)
    for step in range(40):  # one generation that differs begins the count again
        assert not broken.over(np.array([1.0, 0.0 if step % 15 == 0 else 1.0]), 2)


def test_goes_on_from_its_state():
    own, other = Stagnation(10, 30), Stagnation(10, 30)
    generations(own, [1.0] * 47)
    other.restore(own.state())
    assert generations(own, [1.0] * 50) == generations(other, [1.0] * 50) == [13, 43]


@pytest.mark.parametrize("change", [{"flat": "no"}, {"bests": np.zeros(3)}, {"before": np.zeros(3)}, {"middles": "no"}])
def test_a_damaged_state_is_refused(change):
    own = Stagnation(10, 30)
    with pytest.raises(RunDamaged):
        own.restore({**own.state(), **change})
