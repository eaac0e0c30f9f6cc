"""What must not matter to an evolution strategy of this package: order of rows, monotone maps, where, which way round.

Every registered optimiser that derives from ``EvolutionStrategy`` is asked.
"""

import numpy as np
import pytest

from featviz.latent import LatentDescription, Latents
from featviz.optimisers import OPTIMISERS
from featviz.optimisers._evolution import EvolutionStrategy
from featviz.optimisers._ranked_rows import ranking

GENES = 12
OWN = [name for name in OPTIMISERS.names() if issubclass(OPTIMISERS.get(name), EvolutionStrategy)]
# Those that lack an invariance by design, and those that have one more.
ABOUT_THE_ORIGIN = {"spherical-cma"}
TURNING = {"full-cma", "xnes", "lm-ma-es", "spherical-cma"}
each = pytest.mark.parametrize("name", OWN)


def ellipsoid(x):
    return -((10.0 ** (2 * np.arange(x.shape[1]) / (x.shape[1] - 1))) * (x - 0.7) ** 2).sum(axis=1)


def make(name, **options):
    return OPTIMISERS.get(name)(LatentDescription(GENES), 3, **{"restart_when_stuck": False, **options})


def run(own, score, generations=25, shuffle=None):
    """The rows of the generation after ``generations``."""
    for _ in range(generations):
        asked = own.ask(own.batch_size)
        if shuffle is not None:
            asked = asked[shuffle.permutation(len(asked))]
        own.tell(asked, score(asked.real))
    return own.ask(own.batch_size).real


def test_the_known_strategies_are_among_them():
    assert {"sep-cma", "snes", "full-cma", "xnes"} <= set(OWN)


@each
def test_row_order_changes_no_bit(name):
    shuffled = run(make(name), ellipsoid, shuffle=np.random.default_rng(0))
    np.testing.assert_array_equal(run(make(name), ellipsoid), shuffled)


@each
@pytest.mark.parametrize("restarting", [False, True])
def test_monotone_maps_of_scores_change_no_bit(name, restarting):
    """Nor where scores decide about stagnation."""
    mapped, plain = (
        run(make(name, restart_when_stuck=restarting), score, generations=150)
        for score in (lambda x: np.arctan(ellipsoid(x) / 1e4) ** 3, ellipsoid)
    )
    np.testing.assert_array_equal(mapped, plain)


@pytest.mark.parametrize("name", [name for name in OWN if name not in ABOUT_THE_ORIGIN])
def test_translation_moves_the_search_and_nothing_else(name):
    shift = np.linspace(-3, 3, GENES)
    moved = run(make(name, sigma=1.0, start=Latents.of_real(shift[None])), lambda x: ellipsoid(x - shift))
    np.testing.assert_allclose(moved - shift, run(make(name, sigma=1.0), ellipsoid), rtol=1e-7, atol=1e-8)


class Turned:
    """Streams of random numbers whose normal rows are turned."""

    def __init__(self, streams, turn):
        self._streams, self._turn = streams, turn

    def at(self, index):
        self._rng = self._streams.at(index)
        return self

    def standard_normal(self, shape):
        return self._rng.standard_normal(shape) @ self._turn.T


@pytest.mark.parametrize("name", [name for name in OWN if name in TURNING])
def test_rotation_turns_the_search_and_nothing_else(name):
    turn = np.linalg.qr(np.random.default_rng(1).standard_normal((GENES, GENES)))[0]
    own = make(name)
    own._streams = Turned(own._streams, turn)
    turned = run(own, lambda x: ellipsoid(x @ turn), generations=60)
    np.testing.assert_allclose(turned @ turn, run(make(name), ellipsoid, generations=60), rtol=1e-7, atol=1e-8)


def test_rotation_does_not_leave_a_separable_strategy_as_it_is():
    """So the test of rotation can fail."""
    turn = np.linalg.qr(np.random.default_rng(1).standard_normal((GENES, GENES)))[0]
    own = make("sep-cma")
    own._streams = Turned(own._streams, turn)
    turned = run(own, lambda x: ellipsoid(x @ turn), generations=60)
    assert np.abs(turned @ turn - run(make("sep-cma"), ellipsoid, generations=60)).max() > 1e-3


def steps_of_a_stair(x):
    """Few different scores, some of them missing."""
    scores = np.round(ellipsoid(x) / 300)
    scores[x[:, 0] < -0.5] = np.nan
    return scores


@each
def test_the_order_of_rows_with_equal_scores_changes_no_bit(name):
    shuffled = run(make(name), steps_of_a_stair, shuffle=np.random.default_rng(0))
    np.testing.assert_array_equal(run(make(name), steps_of_a_stair), shuffled)


def test_the_order_of_rows_with_equal_scores_changes_no_bit_of_a_joint_search():
    latent = LatentDescription(GENES, (3, 4))
    asked = []
    for shuffle in (None, np.random.default_rng(0)):
        own = OPTIMISERS.get("catcma")(latent, 3)
        for _ in range(15):
            rows = own.ask(own.batch_size)
            rows = rows if shuffle is None else rows[shuffle.permutation(len(rows))]
            own.tell(rows, steps_of_a_stair(rows.real) - (rows.categorical != 1).sum(axis=1))
        asked.append(own.ask(5))
    assert asked[0].digest() == asked[1].digest()


def test_chance_decides_among_equal_scores():
    """Not where a row stands in the batch, and not how large its first gene is: a plateau pulls no way."""
    rows = np.random.default_rng(0).standard_normal((4000, 3))
    scores = np.repeat([2.0, 1.0, np.nan, 0.0], 1000)
    order = ranking(scores, rows)
    assert sorted(order[:1000]) == list(range(1000))
    assert sorted(order[3000:]) == list(range(2000, 3000))
    for values in (np.arange(4000.0), rows[:, 0], np.abs(rows[:, 0])):
        ranked = values[order[:1000]]
        assert abs(np.corrcoef(ranked, np.arange(1000))[0, 1]) < 0.1
