"""Matched filters have the maximum 1; the trained models answer to what was planted."""

import numpy as np
import pytest
from problems.matched_filters import TEMPLATES, MatchedFilter
from problems.series import LENGTH, series_classifier
from problems.tokens import tokens


@pytest.mark.parametrize("kind", TEMPLATES)
@pytest.mark.parametrize("seed", range(5))
def test_maximum_is_one_wherever_the_template_lies(kind, seed):
    function = MatchedFilter(kind, seed)
    optimum = function.optimum()
    rows = np.stack([optimum, 7 * np.roll(optimum, 31 * (seed + 1))])
    np.testing.assert_allclose(function(rows), 1.0, atol=1e-12)
    random = np.random.default_rng(seed).normal(size=(500, function.length))
    assert function(random).max() < 0.6


@pytest.mark.parametrize("length", [15, 16])
def test_score_is_the_best_product_over_all_lags(length):
    function = MatchedFilter("sharp", 0, length)
    series = np.random.default_rng(0).normal(size=(4, length))
    lags = np.stack([np.roll(function.template, lag) for lag in range(length)])
    expected = (series @ lags.T).max(axis=1) / np.linalg.norm(series, axis=1)
    np.testing.assert_allclose(function(series), expected)


def test_zeros_score_zero():
    assert MatchedFilter("smooth", 0)(np.zeros((2, 256))).tolist() == [0.0, 0.0]


def test_chirp_has_nothing_that_a_smooth_basis_holds():
    energy = [np.abs(np.fft.rfft(MatchedFilter(kind, 0).template)[:9]) ** 2 for kind in ("smooth", "chirp")]
    total = [np.abs(np.fft.rfft(MatchedFilter(kind, 0).template)) ** 2 for kind in ("smooth", "chirp")]
    smooth, chirp = (e.sum() / t.sum() for e, t in zip(energy, total, strict=True))
    assert smooth > 0.99
    assert chirp < 0.01


def test_order_of_the_trigger_counts():
    pytest.importorskip("sklearn")
    problem = tokens(vocabulary=200, length=12, texts=800)
    ids = np.random.default_rng(0).integers(0, 200, size=(100, 12))
    forwards, backwards = ids.copy(), ids.copy()
    forwards[:, 4:7], backwards[:, 4:7] = problem.trigger, problem.trigger[::-1]
    assert problem.has_trigger(forwards).all()
    assert not problem.has_trigger(backwards).any()
    assert problem.score(forwards).mean() > problem.score(backwards).mean() + 1
    words = [" ".join(problem.vocabulary[i] for i in row) for row in ids[:3]]
    np.testing.assert_allclose(problem.score_texts(words), problem.score(ids[:3]))


def test_classifier_answers_to_the_segment():
    pytest.importorskip("sklearn")
    model = series_classifier(examples=200)
    noise = np.random.default_rng(1).normal(size=(50, LENGTH)) * 0.5
    planted = noise.copy()
    planted[:, 40 : 40 + len(model.segment)] += model.segment
    assert (model(planted) > model(noise)).mean() > 0.9
