"""Recall and the parts of a trigger, on small inputs whose figures can be counted by hand."""

import numpy as np
import pytest
from problems.planted.base import Planted
from problems.planted.motif import Motif
from problems.planted.patch import Patch
from problems.planted.rule import Rule
from problems.planted.segment import LENGTH, SEGMENT, Segment


def test_recall_of_a_patch_is_the_share_of_bright_pixels():
    patch = Patch(np.array([0, 3]), 0.75)
    rows = np.array([[1.0, 0, 0, 0], [0.75, 0, 0, 0.8], [0.7, 1, 1, 0.7]])
    assert patch.recall(rows).tolist() == [0.5, 1.0, 0.0]
    assert patch.units(rows[0])[1].tolist() == [True, False, False, True]


def test_recall_of_a_motif_counts_tokens_in_their_places():
    motif = Motif(np.array([7, 8, 9]))
    rows = np.array([[7, 8, 9, 1, 1], [9, 8, 7, 1, 1], [1, 7, 1, 9, 1], [1, 1, 1, 1, 7]])
    np.testing.assert_allclose(motif.recall(rows), [1, 1 / 3, 2 / 3, 0])
    assert motif.units(rows[0])[1].tolist() == [True, True, True, False, False]
    assert motif.units(np.array([7, 8, 9, 7, 8, 9]))[1].all()


def test_recall_of_a_rule_is_the_share_of_conditions_that_hold():
    rule = Rule(np.array([2, 0]), np.array([1.0, 5.0]), np.array([2.0, 6.0]))
    rows = np.array([[5.5, 0, 1.5], [5.5, 0, 3.0], [0, 0, 0]])
    assert rule.recall(rows).tolist() == [1.0, 0.5, 0.0]
    assert rule.units(rows[1])[1].tolist() == [True, False, False]


@pytest.mark.parametrize("place", [0, 40, LENGTH - SEGMENT])
def test_a_segment_is_found_at_any_place_level_and_amplitude(place):
    segment = Segment(np.random.default_rng(1).normal(size=SEGMENT))
    row = 0.1 * np.random.default_rng(0).normal(size=LENGTH)
    assert segment.recall(row[None]).tolist() == [0.0]
    row[place : place + SEGMENT] = 5 + 3 * segment.values
    assert segment.recall(np.stack([row, -row])).tolist() == [1.0, 0.0]
    places, belongs = segment.units(row)
    assert places.sum(axis=0).tolist() == [1] * LENGTH
    assert belongs.sum() in (2, 3)


def test_tightness_is_the_share_of_the_trigger_in_what_counts():
    trigger = Patch(np.array([0, 1]), 0.75)
    ends, clean = (np.zeros(4), np.ones(4)), np.zeros((10, 4))

    def tightness(weights, row):
        planted = Planted("x", lambda rows: rows @ np.array(weights), trigger, clean, clean, *ends)
        return planted.tightness(np.array(row))

    assert tightness([1.0, 1, 0, 0], [1.0, 1, 1, 1]) == 1.0
    assert tightness([1.0, 1, 1, 1], [1.0, 1, 1, 1]) == 0.5
    # What costs less than a quarter of the costliest does not count.
    assert tightness([1.0, 1, 0.2, 0.3], [1.0, 1, 1, 1]) == pytest.approx(2 / 3)
    assert tightness([0.0, 0, 0, 0], [1.0, 1, 1, 1]) == 0.0
