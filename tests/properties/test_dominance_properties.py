"""Dominance, ranks and volumes against what their definitions say, row by row."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from featviz import dominance
from featviz.dominance import crowding, non_dominated, ranks
from featviz.hypervolume import hypervolume

# Few distinct numbers, so that ties are frequent; and now and then any number.
NUMBERS = st.one_of(st.integers(-3, 3).map(float), st.floats(-1e9, 1e9))


COLUMNS = st.integers(1, 4)


def rows(most=40, columns=COLUMNS, numbers=NUMBERS):
    return st.tuples(st.integers(0, most), columns).flatmap(lambda shape: arrays(np.float64, shape, elements=numbers))


def better(a, b):
    return all(x >= y for x, y in zip(a, b, strict=True)) and any(x > y for x, y in zip(a, b, strict=True))


def brute_ranks(values):
    found, left, rank = {}, set(range(len(values))), 0
    while left:
        front = {i for i in left if not any(better(values[j], values[i]) for j in left)}
        found.update(dict.fromkeys(front, rank))
        left -= front
        rank += 1
    return [found[i] for i in range(len(values))]


@given(rows())
def test_ranks_are_those_of_the_definition(values):
    assert ranks(values).tolist() == brute_ranks(values)
    assert non_dominated(values).tolist() == [rank == 0 for rank in brute_ranks(values)]


@settings(max_examples=50)
@given(rows(most=15))
def test_ranks_are_the_same_where_the_matrix_would_be_too_large(values):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dominance, "_WHOLE", 0)
        patch.setattr(dominance, "_AT_ONCE", 8)
        assert ranks(values).tolist() == brute_ranks(values)


@settings(max_examples=50)
@given(rows(most=25), st.integers(0, 20))
def test_ranks_may_stop_early(values, enough):
    whole, short = ranks(values), ranks(values, enough)
    last = short.max(initial=0)
    assert (short == np.minimum(whole, last)).all()
    assert (short < last).sum() >= min(enough, len(values)) or (short == whole).all()


def test_infinite_values_are_ranked_too():
    values = np.array([[-np.inf, -np.inf], [np.inf, -np.inf], [0.0, -np.inf], [0.0, 0.0]])
    assert ranks(values).tolist() == brute_ranks(values.tolist()) == [2, 0, 1, 0]


@settings(max_examples=50)
@given(rows(numbers=st.floats(-1e6, 1e6)), st.randoms(use_true_random=False))
def test_crowding_does_not_depend_on_the_order_of_distinct_rows(values, random):
    values = np.unique(values, axis=0)
    assume(all(len(np.unique(column)) == len(column) for column in values.T))
    order = list(range(len(values)))
    random.shuffle(order)
    fronts = ranks(values)
    assert np.array_equal(crowding(values[order], fronts[order]), crowding(values, fronts)[order])


def test_crowding_of_a_front_that_was_worked_out_by_hand():
    values = np.array([[0.0, 10.0], [1.0, 8.0], [4.0, 4.0], [10.0, 0.0], [0.0, 0.0]])
    # Row 1: (4 - 0) / 10 + (10 - 4) / 10; row 2: (10 - 1) / 10 + (8 - 0) / 10. The last row is a front of its own.
    assert crowding(values, ranks(values)).tolist() == pytest.approx([np.inf, 1.0, 1.7, np.inf, np.inf])


@settings(max_examples=50)
@given(rows(most=8, columns=st.integers(1, 3), numbers=st.integers(-1, 4).map(float)))
def test_a_volume_is_the_number_of_unit_cubes_below_the_rows(values):
    m = values.shape[1]
    corners = np.stack(np.meshgrid(*[np.arange(1, 5)] * m, indexing="ij"), axis=-1).reshape(-1, m)
    # A cube counts when its upper corner lies below a row that is above the reference everywhere.
    counted = [any((row >= corner).all() for row in values if (row > 0).all()) for corner in corners]
    assert hypervolume(values, np.zeros(m)) == pytest.approx(sum(counted))
