"""Coarse to fine: the race, the growing, and a state that goes on at any moment."""

import numpy as np
import pytest

from featviz.errors import InvalidArgument, RunDamaged
from featviz.latent import LatentDescription, Latents
from featviz.optimisers import make_optimiser
from featviz.optimisers.coarse_to_fine import CoarseToFine
from featviz.storage.encoding import decode_state, encode_state

GENES = 40
# Interleaved, as in a space of several parts: a stage is not always the first genes.
STAGES = (np.arange(0, GENES, 8), np.arange(0, GENES, 2), np.arange(GENES))
LATENT = LatentDescription(GENES, stages=STAGES)


def coarse(rows):
    """A sphere in the first stage's genes alone."""
    return -((rows[:, STAGES[0]] - 1) ** 2).sum(axis=1)


def fine(rows):
    """A plane that only genes of the last stage slope on."""
    return rows[:, 1::2].sum(axis=1)


def advance(optimiser, function, evaluations):
    stages, told = [], 0
    while told < evaluations:
        stages.append(optimiser.stage)
        asked = optimiser.ask(optimiser.batch_size)
        optimiser.tell(asked, function(asked.real))
        told += len(asked)
    return stages


def test_auto_picks_it_where_there_are_stages():
    made = make_optimiser("auto", LATENT)
    assert (made.name, type(made.optimiser)) == ("coarse-to-fine", CoarseToFine)
    assert make_optimiser("auto", LatentDescription(GENES)).name == "sep-cma"


def test_the_other_genes_stay_at_the_mean():
    asked = CoarseToFine(LATENT).ask(6).real
    rest = np.setdiff1d(np.arange(GENES), STAGES[0])
    assert not asked[:, rest].any()
    assert asked[:, STAGES[0]].all()


def test_a_coarse_answer_is_found_coarse_and_then_refined():
    coarse_won = 0
    for seed in range(7):
        optimiser = CoarseToFine(LATENT, seed=seed)
        stages = advance(optimiser, coarse, 1_200)
        assert set(stages[:8]) == {0, 2}
        assert stages[16:] == sorted(stages[16:])
        assert stages[-1] == 2
        coarse_won += 1 in stages[16:]
        # What was learnt is kept when genes are added.
        assert coarse(optimiser.ask(10).real).mean() > -0.5
    # The luckier of the two goes on after a short race.
    assert coarse_won > 7 // 2


def test_a_fine_answer_is_searched_with_all_genes_after_the_race():
    optimiser = CoarseToFine(LATENT, seed=1)
    stages = advance(optimiser, fine, 800)
    assert set(stages[20:]) == {2}


def test_a_start_is_searched_whole():
    start = Latents.of_real(np.full((1, GENES), 3.0))
    asked = CoarseToFine(LATENT, start=start, sigma=0.1).ask(50).real
    np.testing.assert_allclose(asked.mean(axis=0), 3.0, atol=0.1)


@pytest.mark.parametrize("evaluations", [15, 120, 260, 700])
def test_a_stored_state_goes_on_as_if_nothing_had_happened(evaluations):
    optimiser, other = CoarseToFine(LATENT, seed=3), CoarseToFine(LATENT, seed=3)
    advance(optimiser, coarse, evaluations)
    out = optimiser.ask(5)
    other.load_state_dict(decode_state(encode_state(optimiser.state_dict())))
    for _ in range(30):
        optimiser.tell(out, coarse(out.real))
        other.tell(out, coarse(out.real))
        out = optimiser.ask(7)
        assert other.ask(7).digest() == out.digest()


def test_a_state_stored_as_a_stage_begins_goes_on_to_the_last_bit():
    def flat(rows):
        return -((rows - np.isin(np.arange(GENES), STAGES[0])) ** 2).sum(axis=1)

    optimiser, begun = CoarseToFine(LATENT, seed=3), []
    for _ in range(120):
        other = CoarseToFine(LATENT, seed=3)
        other.load_state_dict(decode_state(encode_state(optimiser.state_dict())))
        begun.append(optimiser.stage)
        asked = optimiser.ask(20)
        assert other.ask(20).digest() == asked.digest()
        optimiser.tell(asked, flat(asked.real))
    assert begun[-1] == 2
    assert 1 in begun


def test_rows_of_a_stage_that_is_over_are_let_go():
    optimiser = CoarseToFine(LATENT, seed=1)
    late = optimiser.ask(4)
    while optimiser.stage != 2:
        advance(optimiser, fine, 1)
    advance(optimiser, fine, 400)
    optimiser.tell(late, fine(late.real))
    assert optimiser.ask(3).real.shape == (3, GENES)


def test_what_it_cannot_search_and_damaged_states_are_refused():
    with pytest.raises(InvalidArgument, match="real genes only"):
        CoarseToFine(LatentDescription(3, (2,)))
    with pytest.raises(InvalidArgument, match="the last one all"):
        LatentDescription(3, stages=(np.arange(2),))
    state = CoarseToFine(LATENT).state_dict()
    with pytest.raises(RunDamaged, match="does not exist"):
        CoarseToFine(LATENT).load_state_dict({**state, "racing": np.array([7, 8])})
    with pytest.raises(RunDamaged):
        CoarseToFine(LATENT).load_state_dict({})


def test_noise_is_expected_by_every_stage_and_after_a_restore():
    own = CoarseToFine(LATENT, seed=3)
    advance(own, coarse, 100)
    own.expect_noise(0.5, 1_000)
    again = CoarseToFine(LATENT, seed=3)
    again.load_state_dict(decode_state(encode_state(own.state_dict())))
    for optimiser in (own, again):
        advance(optimiser, coarse, 1_500)
    assert own.stage == 2
    np.testing.assert_array_equal(own.ask(5).real, again.ask(5).real)
    assert own._searches[2].batch_size == 50
    assert len(own.recommend()) == 1


def test_under_noise_a_new_stage_begins_with_the_steps_that_were_learnt():
    own = CoarseToFine(LATENT, seed=3)
    advance(own, coarse, 100)
    own.expect_noise(0.5, 1_000)
    while own.stage != 1:
        advance(own, coarse, 1)
    learnt = own._searches[1].steps
    assert learnt.min() < 0.6
    rows = own.ask(1_000)
    np.testing.assert_allclose(rows.real[:, STAGES[1]].std(axis=0), learnt, rtol=0.15)
    advance(own, lambda rows: np.zeros(len(rows)), own._searches[1].batch_size)
    # A generation that says nothing throws nothing away.
    np.testing.assert_allclose(own._searches[1].steps, learnt, rtol=0.4)


def test_rows_that_are_never_told_are_forgotten_in_the_end():
    own = CoarseToFine(LATENT)
    for _ in range(70):
        own.ask(500)
    state = own.state_dict()
    assert 500 < len(state["out"]) <= 1 << 14
    asked = own.ask(5)
    own.tell(asked, coarse(asked.real))
    assert len(own.state_dict()["out"]) == len(state["out"])
