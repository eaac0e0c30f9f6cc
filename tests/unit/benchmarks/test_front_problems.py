"""The problems of two objectives, and the ways to search them that need no other library."""

import numpy as np
import pytest
from peers.fronts import ours, ours_with_sbx, random_search
from problems.fronts import digits, words, zdt

from featviz.hypervolume import hypervolume
from featviz.latent import Latents


@pytest.mark.parametrize(("number", "volume"), [(1, 0.21 + 2 / 3), (2, 0.21 + 1 / 3)])
def test_the_volume_of_a_true_front_is_what_it_is_by_integration(number, volume):
    # To the reference at 1.1 in both: a unit square, of which the front leaves 2/3 or 1/3, and a border of 0.21.
    assert zdt(number).best == pytest.approx(volume, abs=1e-3)


def test_a_point_of_the_true_front_has_its_values():
    genes = np.full((1, 30), -40.0)
    genes[0, 0] = 0.0  # the middle of the first variable
    assert zdt(1).values(Latents.of_real(genes))[0] == pytest.approx([-0.5, -(1 - np.sqrt(0.5))])


@pytest.mark.parametrize("method", [ours, ours_with_sbx, random_search])
def test_every_method_makes_the_evaluations_that_it_is_given(method):
    assert method(zdt(3, genes=4), 130, 0).shape == (130, 2)


def test_pictures_and_words_have_values_above_their_references():
    for problem in (digits(), words()):
        values = ours(problem, 100, 0)
        assert values.shape == (100, 2)
        assert hypervolume(values, problem.reference) > 0
    assert ours_with_sbx(words(), 10, 0) is None
