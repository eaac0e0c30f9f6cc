"""Does the genetic algorithm find planted answers, within twice what theory gives to the simplest of its kind?"""

import numpy as np
import pytest

from featviz.latent import LatentDescription
from featviz.optimisers import make_optimiser


def evaluations_to_reach(latent, score, target, budget, seed, optimiser="ga"):
    """Evaluations until the first score of at least ``target``, or infinity."""
    own = make_optimiser(optimiser, latent, seed=seed).optimiser
    for asked in range(0, budget, own.batch_size):
        rows = own.ask(own.batch_size)
        scores = score(rows)
        own.tell(rows, scores)
        if scores.max() >= target:
            return asked + own.batch_size
    return np.inf


def median(latent, score, target, budget, optimiser="ga", seeds=3):
    return np.median([evaluations_to_reach(latent, score, target, budget, seed, optimiser) for seed in range(seeds)])


def random_bits(length):
    planted = np.random.default_rng(9).integers(2, size=length)
    return LatentDescription(0, (2,) * length), planted


def test_one_max():
    latent, planted = random_bits(60)
    # (1+1) EA: e n ln n = 668 evaluations for 60 bits (Droste, Jansen & Wegener 2002).
    assert median(latent, lambda x: (x.categorical == planted).sum(axis=1) * 1.0, 60, 3_000) <= 2 * 668
    assert median(latent, lambda x: (x.categorical == planted).sum(axis=1) * 1.0, 60, 3_000, "random") == np.inf


def test_leading_ones():
    latent, planted = random_bits(40)

    def leading(x):
        return np.cumprod(x.categorical == planted, axis=1).sum(axis=1).astype(float)

    # (1+1) EA: about 0.86 n^2 = 1,376 evaluations for 40 bits (Böttcher, Doerr & Neumann 2010).
    assert median(latent, leading, 40, 4_000) <= 2 * 1_376


def test_a_mixed_sphere():
    latent = LatentDescription(6, (5,) * 6)

    def score(x):
        return -((x.real - 1) ** 2).sum(axis=1) - (x.categorical != 2).sum(axis=1)

    assert median(latent, score, -1e-3, 3_000) < np.inf
    assert median(latent, score, -1e-3, 3_000, "random") == np.inf


def test_a_motif_whose_order_counts_and_that_may_stand_anywhere():
    latent = LatentDescription(0, (30,) * 20)
    motif = np.array([3, 11, 7, 25])

    def score(x):
        windows = np.lib.stride_tricks.sliding_window_view(x.categorical, len(motif), axis=1)
        return (windows == motif).sum(axis=2).max(axis=1).astype(float)

    assert median(latent, score, 4, 5_000) < np.inf
    assert median(latent, score, 4, 5_000, "random") == np.inf


@pytest.mark.parametrize("missing", [np.nan, -np.inf])
def test_failed_evaluations_all_around_the_answer_do_not_stop_it(missing):
    latent = LatentDescription(0, (12,) * 10)

    def score(x):
        hits = (x.categorical == np.arange(10)).sum(axis=1)
        # Next to the same option twice, nothing is answered: 42 % of random rows are.
        broken = (np.diff(x.categorical, axis=1) == 0).any(axis=1)
        return np.where(broken, missing, hits.astype(float))

    reached = []
    for seed in range(3):
        own = make_optimiser("ga", latent, seed=seed).optimiser
        best = -np.inf
        for _ in range(150):
            rows = own.ask(20)
            scores = score(rows)
            own.tell(rows, scores)
            best = max(best, np.nanmax(np.append(scores, -np.inf)))
            if best == 10:
                break
        reached.append(best)
    assert np.median(reached) == 10
