"""The chain of bigrams against what it was learnt from, and against itself."""

import itertools

import numpy as np
import pytest
from scipy import stats

from featviz.search_spaces.tokens.bigrams import Chain, unigram

EXAMPLES = [np.array(e) for e in ([0, 1, 2], [0, 1, 3], [2, 0, 1, 2], [3])]
CHAIN = Chain(EXAMPLES, 5)


def test_probabilities_sum_to_one_and_everything_can_occur():
    for before in range(5):
        p = CHAIN.probability(np.full(5, before), np.arange(5))
        assert p.sum() == pytest.approx(1)
        assert (p > 0).all()
    assert CHAIN.first.sum() == pytest.approx(1)
    assert unigram(EXAMPLES, 5).sum() == pytest.approx(1)


def test_what_was_seen_often_is_likely():
    # 0 was followed by 1 three times and by nothing else; 4 was never seen.
    assert CHAIN.probability(np.array([0]), np.array([1]))[0] > 0.75
    np.testing.assert_allclose(CHAIN.probability(np.full(5, 4), np.arange(5)), CHAIN.unigram)


def test_samples_follow_the_density():
    drawn = CHAIN.sample(np.random.default_rng(0), 40_000, 2)
    pairs = np.array(list(itertools.product(range(5), repeat=2)))
    want = np.exp(CHAIN.log_density(pairs))
    assert want.sum() == pytest.approx(1)
    counts = np.bincount(drawn @ [5, 1], minlength=25)
    enough = want * 40_000 > 5
    expected = want[enough] / want[enough].sum() * counts[enough].sum()
    assert stats.chisquare(counts[enough], expected).pvalue > 0.01


def test_marginals_are_those_of_the_samples():
    drawn = CHAIN.sample(np.random.default_rng(1), 40_000, 4)
    for at, p in enumerate(CHAIN.marginals(4)):
        assert p.sum() == pytest.approx(1)
        np.testing.assert_allclose(np.bincount(drawn[:, at], minlength=5) / 40_000, p, atol=0.01)


def test_a_single_token_teaches_no_pairs():
    chain = Chain([np.array([2])], 3)
    drawn = chain.sample(np.random.default_rng(0), 2_000, 3)
    assert set(np.unique(drawn)) == {0, 1, 2}
    np.testing.assert_allclose(chain.probability(np.array([2]), np.array([1])), chain.unigram[[1]])


def test_memory_grows_with_the_examples_and_not_with_the_vocabulary():
    rng = np.random.default_rng(0)
    chain = Chain([rng.integers(50_000, size=500) for _ in range(20)], 50_000)
    tables = [v.nbytes for v in vars(chain).values() if isinstance(v, np.ndarray)]
    assert sum(tables) < 5_000_000
    drawn = chain.sample(rng, 64, 16)
    assert drawn.shape == (64, 16)
    assert np.isfinite(chain.log_density(drawn)).all()


def between(chain, left, right, n=40_000):
    rng = np.random.default_rng(3)
    found = chain.between(np.full(n, left), np.full(n, right), rng)
    return np.bincount(found, minlength=chain.options) / n


@pytest.mark.parametrize("left", [-1, 0, 3, 4])
@pytest.mark.parametrize("right", [-1, 1, 2, 4])
def test_what_is_drawn_between_two_fits_both(left, right):
    options = np.arange(5)
    follows = CHAIN.first if left < 0 else CHAIN.probability(np.full(5, left), options)
    leads = np.ones(5) if right < 0 else CHAIN.probability(options, np.full(5, right))
    want = follows * leads / (follows @ leads)
    found = between(CHAIN, left, right)
    # A few candidates stand for all, so it comes near and no more; with one neighbour it is exact.
    assert np.abs(found - want).sum() < (0.35 if right >= 0 else 0.02)
    if right >= 0:
        assert np.abs(found - want).sum() <= np.abs(follows - want).sum() + 0.02
    assert (found[want > 0.001] > 0).all()


def test_what_always_stands_around_a_sequence_counts():
    around = Chain(EXAMPLES, 5, behind=0, before=2)
    np.testing.assert_allclose(around.first, CHAIN.probability(np.zeros(5, dtype=np.int64), np.arange(5)))
    np.testing.assert_allclose(between(around, -1, -1), between(CHAIN, 0, 2), atol=0.01)
    np.testing.assert_allclose(around.marginals(1)[0], around.first)


def test_marginals_that_settle_are_one_array():
    marginals = CHAIN.marginals(500)
    assert len(marginals) == 500
    assert len({id(p) for p in marginals}) < 100
    p = marginals[-1]
    step = sum(p[a] * CHAIN.probability(np.full(5, a), np.arange(5)) for a in range(5))
    np.testing.assert_allclose(step, p, atol=1e-9)


def test_rare_options_share_little_however_many_there_are():
    p = unigram([np.array([0, 1, 1, 2])], 50_000)
    assert p[:3].sum() > 0.98
    assert p.min() > 0
