"""The parts of the genetic algorithm: elites, operators, options, credit, and the memory of what was evaluated."""

import numpy as np
import pytest

from featviz.errors import RunDamaged
from featviz.latent import LatentDescription, Latents, Move
from featviz.optimisers._credit import Credit
from featviz.optimisers._elites import Elites
from featviz.optimisers._options import OptionTables
from featviz.optimisers._seen import Seen, hashes
from featviz.optimisers._stored import latents_from_state, latents_to_state
from featviz.optimisers._variation import Variation

RNG = np.random.default_rng


def numbered(latents):
    return np.array(hashes(latents), dtype=np.uint64)


def add(elites, latents, scores, when=1, seed=0):
    elites.add(latents, np.asarray(scores, dtype=float), numbered(latents), when, RNG(seed))


def test_hashes_tell_latents_apart_and_minus_zero_is_zero():
    same = Latents.of_real(np.array([[0.0, 1.0], [-0.0, 1.0], [1.0, 0.0]]))
    first, second, third = hashes(same)
    assert first == second != third
    assert hashes(Latents.of_records([(("a", 1),), (("a", 2),)]))[0] != hashes(Latents.of_records([(("a", 2),)]))[0]


def test_seen_forgets_the_oldest():
    seen = Seen(10)
    for value in range(25):
        seen.add([value])
        assert value in seen
        assert len(seen) <= 10
    assert 3 not in seen
    other = Seen(10)
    other.restore(seen.stored())
    assert other.stored().tolist() == seen.stored().tolist()


@pytest.mark.parametrize("uniform", [True, False])
def test_options_are_others_and_follow_the_prior(uniform):
    p = np.array([0.25, 0.25, 0.25, 0.25]) if uniform else np.array([0.7, 0.2, 0.1, 0.0])
    tables = OptionTables([np.array([0.5, 0.5]), p])
    drawn = tables.draw(RNG(0), np.ones(40_000, dtype=np.intp), np.zeros(40_000, dtype=np.int64))
    counts = np.bincount(drawn, minlength=4) / 40_000
    assert counts[0] == 0
    assert (counts[3] > 0.3) == uniform
    assert counts[3] == 0 or uniform
    # Of what the prior draws, 1 and 2 come 2 : 1; the uniform half brings them nearer.
    assert uniform or 1.05 < counts[1] / counts[2] < 2
    flipped = tables.draw(RNG(0), np.zeros(100, dtype=np.intp), np.ones(100, dtype=np.int64))
    assert (flipped == 0).all()


def test_an_only_option_stays():
    tables = OptionTables([np.array([0.0, 1.0])])
    assert (tables.draw(RNG(0), np.zeros(9, dtype=np.intp), np.ones(9, dtype=np.int64)) == 1).all()


def test_elites_fill_up_and_then_the_alike_compete():
    latent = LatentDescription(2)
    elites = Elites(latent, 2)
    add(elites, Latents.of_real(np.array([[0.0, 0.0], [5.0, 5.0]])), [1.0, 2.0])
    assert elites.full
    assert elites.scores.tolist() == [2.0, 1.0]
    better = Latents.of_real(np.array([[0.1, 0.0]]))
    for seed in range(20):
        add(elites, better, [1.5], when=2, seed=seed)
    assert elites.scores.tolist() == [2.0, 1.5]
    assert elites.latents.real.tolist() == [[5.0, 5.0], [0.1, 0.0]]
    add(elites, Latents.of_real(np.array([[5.0, 5.1]])), [0.5], when=3)
    assert elites.scores.tolist() == [2.0, 1.5]


def test_an_equal_score_replaces_the_older():
    elites = Elites(LatentDescription(0, (3,)), 1)
    row = np.empty((1, 0))
    add(elites, Latents(row, np.array([[0]])), [1.0])
    add(elites, Latents(row, np.array([[1]])), [1.0], when=2)
    assert (elites.latents.categorical.item(), elites.born.item()) == (1, 2)


def test_elites_hold_each_latent_once_and_no_array_of_the_caller():
    elites = Elites(LatentDescription(1), 5)
    rows = Latents.of_real(np.array([[1.0], [1.0], [2.0]]))
    add(elites, rows, [1.0, 3.0, 2.0])
    add(elites, rows, [9.0, 9.0, 9.0], when=2)
    assert elites.scores.tolist() == [3.0, 2.0]
    rows.real[:] = 77.0
    assert elites.latents.real.ravel().tolist() == [1.0, 2.0]


def test_records_and_many_genes_are_compared():
    latent = LatentDescription(600, (3,) * 600)
    elites = Elites(latent, 4)
    rows = latent.sample(RNG(0), 30)
    add(elites, rows, np.arange(30.0))
    assert len(elites) == 4
    assert elites.best == 29.0


def test_credit_follows_success_and_keeps_a_floor():
    credit = Credit([1.0, 1.0, 2.0], floor=0.2, memory=400)
    assert credit.probabilities() == pytest.approx([0.25, 0.25, 0.5])
    for _ in range(50):
        credit.learn(np.array([0, 1, 2, 2]), np.array([True, False, False, False]))
    p = credit.probabilities()
    assert p.sum() == pytest.approx(1)
    assert p[0] > 0.7
    assert p[1] >= 0.05
    for _ in range(500):
        credit.learn(np.array([0, 1]), np.array([False, True]))
    assert credit.probabilities()[1] > credit.probabilities()[0]


def test_which_operators_apply():
    assert Variation(LatentDescription(0, (2,))).names == ["change"]
    assert Variation(LatentDescription(1)).names == ["change", "step", "difference"]
    assert "two-point crossover" in Variation(LatentDescription(0, (2,) * 3)).names
    moves = (Move("twist", lambda p, m, rng: p.copy()), Move("never", lambda p, m, rng: p.copy(), 0.0))
    assert Variation(LatentDescription(0, (2,), moves=moves)).names == ["change", "move: twist"]


@pytest.mark.parametrize("operator", range(5))
def test_operators_change_no_argument_and_reach_every_gene(operator):
    latent = LatentDescription(3, (4, 2, 5))
    variation = Variation(latent)
    parents, mates = latent.sample(RNG(1), 400), latent.sample(RNG(2), 400)
    before = parents.digest(), mates.digest()
    children = variation.apply(operator, parents, mates, RNG(3))
    latent.check(children)
    assert (parents.digest(), mates.digest()) == before
    assert not np.shares_memory(children.real, parents.real)
    assert (children.real != parents.real).any(axis=0).all()
    reaches = variation.names[operator] not in {"step", "difference"}
    assert (children.categorical != parents.categorical).any(axis=0).tolist() == [reaches] * 3


def test_a_window_of_the_mate_is_contiguous_and_crossover_makes_nothing_new():
    latent = LatentDescription(0, (9,) * 10)
    parents, mates = (
        Latents(np.empty((300, 0)), np.zeros((300, 10), int)),
        Latents(np.empty((300, 0)), np.ones((300, 10), int)),
    )
    variation = Variation(latent)
    children = variation.apply(variation.names.index("two-point crossover"), parents, mates, RNG(0)).categorical
    edges = np.abs(np.diff(children, axis=1, prepend=0, append=0)).sum(axis=1)
    assert set(np.unique(edges)) == {0, 2}
    assert children.any(axis=0).all()
    assert set(np.unique(variation.apply(1, parents, mates, RNG(0)).categorical)) == {0, 1}


def test_records_are_exchanged_whole():
    pairs = LatentDescription(1, records=1, prior=object(), moves=(Move("m", lambda p, m, rng: p.copy()),))
    variation = Variation(pairs)
    parents = Latents.beside([Latents.of_real(np.zeros((50, 1))), Latents.of_records([(("a", 1),)] * 50)])
    mates = Latents.beside([Latents.of_real(np.ones((50, 1))), Latents.of_records([(("b", 2), ("c", 3))] * 50)])
    children = variation.apply(variation.names.index("uniform crossover"), parents, mates, RNG(0))
    assert set(children.records[:, 0]) == {(("a", 1),), (("b", 2), ("c", 3))}


def test_records_come_back_from_a_state():
    latent = LatentDescription(1, records=1, prior=object(), moves=(Move("m", lambda p, m, rng: p.copy()),))
    latents = Latents.beside([Latents.of_real(np.ones((2, 1))), Latents.of_records([(("a", 0.1), ("b", 2)), ()])])
    state = latents_to_state(latents)
    assert latents_from_state(latent, state, 2).digest() == latents.digest()
    for damaged in ("[", "[[]]", '[[[["a","x"]]],[[]]]', "7", f'[[[["a",{"9" * 400}]]],[[[]]]]'):
        with pytest.raises(RunDamaged):
            latents_from_state(latent, {**state, "records": damaged}, 2)
