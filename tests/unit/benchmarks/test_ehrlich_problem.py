"""Ehrlich functions: the optimum, feasibility, and the values against a plain transcription of the definition."""

import itertools
import math

import numpy as np
import pytest
from problems.ehrlich import INFEASIBLE, Ehrlich

SIZES = [(20, 15, 2, 5), (32, 32, 4, 4), (8, 12, 3, 2), (5, 4, 1, 4)]


def plain(function, sequence):
    """The definition, one sequence at a time."""
    if any(function.transitions[a, b] == 0 for a, b in itertools.pairwise(sequence)):
        return -math.inf
    value, q = 1.0, function.quantisation
    for motif, offsets in zip(function.motifs.tolist(), function.offsets.tolist(), strict=True):
        best = 0
        for start in range(len(sequence) - offsets[-1]):
            best = max(best, sum(sequence[start + o] == s for o, s in zip(offsets, motif, strict=True)))
        h = (best * q // len(motif)) / q
        value *= h * (1 + function.epistasis * h * (h - 1))
    return value


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("seed", range(10))
def test_optimum_is_feasible_and_has_value_one(size, seed):
    function = Ehrlich(*size, seed=seed, epistasis=0.3)
    optimum = function.optimum()
    assert optimum.shape == (size[1],)
    assert function.feasible(optimum[None]).all()
    assert function(optimum[None]).tolist() == [1.0]


@pytest.mark.parametrize("size", SIZES)
def test_samples_of_the_chain_are_feasible_and_reach_every_state(size):
    function = Ehrlich(*size, seed=3)
    samples = function.sample_chain(np.random.default_rng(0), 2_000)
    assert samples.shape == (2_000, size[1])
    assert function.feasible(samples).all()
    assert set(samples.ravel().tolist()) == set(range(size[0]))


@pytest.mark.parametrize(("quantisation", "epistasis"), [(None, 0.0), (2, 0.0), (1, 0.0), (4, 0.7)])
def test_values_are_those_of_the_definition(quantisation, epistasis):
    function = Ehrlich(8, 14, 2, 4, quantisation, epistasis, seed=1)
    rng = np.random.default_rng(2)
    drawn, optimum = function.sample_chain(rng, 150), function.optimum()[None]
    rows = np.concatenate([drawn, rng.integers(0, 8, size=(100, 14)), optimum])
    expected = np.array([plain(function, row) for row in rows.tolist()])
    assert np.isneginf(expected).any()
    assert len(set(expected.tolist())) > 2
    np.testing.assert_allclose(function.raw(rows), expected)
    np.testing.assert_allclose(function(rows), np.where(np.isneginf(expected), INFEASIBLE, expected))


def test_a_share_of_the_transitions_is_forbidden_but_no_repetition():
    function = Ehrlich(20, 15, 2, 5, seed=0)
    forbidden = function.transitions == 0
    # 17 of 20 states lie in the band; the diagonal may be allowed beside it.
    assert set(forbidden.sum(axis=1).tolist()) <= {2, 3}
    assert not forbidden.diagonal().any()
    np.testing.assert_allclose(function.transitions.sum(axis=1), 1)


def test_few_states_have_no_forbidden_transition():
    assert (Ehrlich(5, 10, 2, 3, seed=0).transitions > 0).all()


def test_seeds_differ_and_repeat():
    first, again, other = (Ehrlich(20, 15, 2, 5, seed=s) for s in (0, 0, 1))
    assert np.array_equal(first.motifs, again.motifs)
    assert not np.array_equal(first.transitions, other.transitions)


@pytest.mark.parametrize(
    "arguments", [(20, 9, 2, 5), (1, 9, 1, 2), (20, 9, 1, 1), (20, 15, 2, 5, 3), (20, 15, 2, 5, 0)]
)
def test_sizes_that_do_not_fit_are_refused(arguments):
    with pytest.raises(ValueError, match=r"fit|divide"):
        Ehrlich(*arguments, seed=0)
