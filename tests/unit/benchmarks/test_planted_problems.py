"""Planted triggers: a planted input scores high, holds all of its trigger and little else that counts."""

import numpy as np
import pytest

pytest.importorskip("sklearn")

from problems.planted import PLANTED

# Seconds of training each; so each is made once.
pytestmark = pytest.mark.slow
CASES = [(kind, hard) for kind in PLANTED for hard in (False, True)]


@pytest.fixture(scope="module", params=CASES, ids=lambda case: f"{case[0]}-{'hard' if case[1] else 'graded'}")
def planted(request):
    kind, hard = request.param
    return PLANTED[kind](4, hard=hard)


def test_planted_inputs_score_high_and_clean_ones_do_not(planted):
    clean, stamped = planted.score(planted.clean), planted.score(planted.stamped)
    assert planted.reference() == np.median(stamped) > 0.5
    assert np.median(clean) < 0.2 * planted.reference()
    assert (stamped[:, None] > clean).mean() > 0.95


def test_planted_inputs_hold_the_whole_trigger_and_clean_ones_little(planted):
    assert planted.trigger.recall(planted.stamped).mean() > 0.99
    assert planted.trigger.recall(planted.clean).mean() < 0.4


def test_what_counts_in_planted_inputs_is_the_trigger(planted):
    tightness = [planted.tightness(row) for row in planted.stamped[:10]]
    assert np.median(tightness) > 0.8


def test_inputs_lie_within_the_bounds(planted):
    for rows in (planted.clean, planted.stamped):
        assert (rows >= planted.lower).all()
        assert (rows <= planted.upper).all()


def test_random_inputs_hold_little_of_the_trigger(planted):
    rng = np.random.default_rng(0)
    rows = rng.uniform(planted.lower, planted.upper, size=(200, len(planted.lower)))
    rows = rows.round().astype(planted.clean.dtype) if planted.clean.dtype == np.int64 else rows
    assert planted.trigger.recall(rows).mean() < 0.4


def test_scores_do_not_depend_on_what_was_asked_before(planted):
    rows = np.concatenate([planted.clean[:20], planted.stamped[:20]])
    first = planted.score(rows)
    np.testing.assert_array_equal(planted.score(rows), first)
    np.testing.assert_allclose(planted.score(rows[::-1]), first[::-1], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("kind", ["tokens", "table"])
def test_the_seed_alone_decides_the_model_and_the_place(kind):
    a, b, c = (PLANTED[kind](seed, hard=True) for seed in (5, 5, 6))
    np.testing.assert_array_equal(a.stamped, b.stamped)
    np.testing.assert_array_equal(a.score(a.stamped), b.score(b.stamped))
    assert a.trigger.recall(c.stamped).mean() < 0.9


@pytest.mark.parametrize("kind", ["image", "tokens", "table"])
def test_hard_models_give_nothing_for_a_part(kind):
    planted = PLANTED[kind](4, hard=True)
    without = planted.stamped[:100].copy()
    belongs = np.stack([planted.trigger.units(row)[1] for row in without])
    for row, mine, other in zip(without, belongs, planted.clean[:100], strict=True):
        spoilt = np.flatnonzero(mine)[0]
        row[spoilt] = 0.5 if kind == "image" else other[spoilt]
    lost = planted.trigger.recall(without) < 1
    assert lost.sum() > 80
    assert (planted.score(without[lost]) < 0.5).mean() > 0.9
