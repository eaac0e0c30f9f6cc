"""What the own strategies share: generations, stagnation and restarts, state, arguments."""

import numpy as np
import pytest

from featviz.errors import InvalidArgument, LatentShapeError, RunDamaged, WrongType
from featviz.latent import LatentDescription, Latents
from featviz.optimisers._evolution import default_population
from featviz.optimisers.full_cma import FullCma
from featviz.optimisers.lm_ma_es import LmMaEs
from featviz.optimisers.sep_cma import SepCma
from featviz.optimisers.snes import Snes
from featviz.optimisers.xnes import Xnes

EACH = pytest.mark.parametrize("cls", [SepCma, Snes, FullCma, Xnes, LmMaEs])


def sphere(latents):
    return -((latents.real - 0.5) ** 2).sum(axis=1)


def generation(own, score=sphere, n=None):
    asked = own.ask(n or own.batch_size)
    own.tell(asked, score(asked))
    return asked


def test_default_population():
    assert [default_population(d) for d in (1, 16, 784, 12288)] == [4, 12, 23, 32]


@EACH
def test_small_batches_make_one_generation(cls):
    whole, parts = cls(LatentDescription(5), population=8), cls(LatentDescription(5), population=8)
    asked = whole.ask(8)
    parts.ask(8)
    whole.tell(asked, sphere(asked))
    for i in range(0, 8, 2):
        before = parts._mean.copy()
        parts.tell(asked[i : i + 2], sphere(asked)[i : i + 2])
        # Three quarters of the population suffice.
        assert (parts._mean != before).any() == (i == 4)
    assert parts._generation == 1
    six = cls(LatentDescription(5), population=8)
    six.ask(8)
    six.tell(asked[:6], sphere(asked)[:6])
    assert parts._mean.tolist() == six._mean.tolist()


@EACH
def test_batches_of_one_reach_the_top(cls):
    own = cls(LatentDescription(4), batch_size=1)
    best = max(sphere(generation(own, n=1))[0] for _ in range(1500))
    assert best > -1e-3


@pytest.mark.parametrize(("given", "population"), [(None, 12), (1, 12), (5, 12), (6, 6), (20, 20), (500, 500)])
def test_batch_size_becomes_the_population_when_it_is_large_enough(given, population):
    assert SepCma(LatentDescription(16), batch_size=given).batch_size == population


@EACH
def test_flat_scores_restart_with_twice_the_population(cls):
    own = cls(LatentDescription(5))
    first = own.batch_size
    for _ in range(20):
        assert own.restarts == 0
        generation(own, lambda latents: np.zeros(len(latents)))
    assert own.restarts == 1
    assert own.batch_size == 2 * first
    assert not own._mean.any()
    calm = cls(LatentDescription(5), restart_when_stuck=False)
    for _ in range(25):
        generation(calm, lambda latents: np.zeros(len(latents)))
    assert calm.restarts == 0


@EACH
def test_no_score_at_all_restarts(cls):
    own = cls(LatentDescription(5))
    for _ in range(20):
        generation(own, lambda latents: np.full(len(latents), np.nan))
    assert own.restarts == 1


@EACH
def test_collapsed_steps_restart(cls):
    own = cls(LatentDescription(3))
    for _ in range(400):
        # Relative to the step size, so that no score is ever flat before the steps are tiny.
        generation(own, lambda latents: -np.abs(latents.real - 0.25).sum(axis=1))
        if own.restarts:
            break
    assert own.restarts == 1


def test_an_endless_slope_restarts_before_numbers_overflow():
    own = SepCma(LatentDescription(3))
    largest = 0.0
    for _ in range(600):
        largest = max(largest, np.abs(generation(own, lambda latents: latents.real.sum(axis=1)).real).max())
    assert own.restarts > 0
    assert largest < 1e14


def test_noise_alone_is_seen_as_stagnation():
    rng = np.random.default_rng(0)
    own = SepCma(LatentDescription(4))
    for _ in range(2000):
        generation(own, lambda latents: rng.standard_normal(len(latents)))
        if own.restarts:
            break
    assert own.restarts == 1


def test_steady_progress_is_not_stagnation():
    own = SepCma(LatentDescription(300))
    for _ in range(600):
        generation(own)
    assert own.restarts == 0


@EACH
@pytest.mark.parametrize("generations", [0, 3, 47])
def test_state_goes_on_bit_for_bit(cls, generations):
    own = cls(LatentDescription(6), 11)
    for _ in range(generations):
        generation(own)
    out = own.ask(5)
    own.tell(out[:2], sphere(out[:2]))
    other = cls(LatentDescription(6), 11)
    other.load_state_dict(own.state_dict())
    own.tell(out[2:], sphere(out[2:]))
    other.tell(out[2:], sphere(out[2:]))
    for _ in range(150):
        assert generation(own).digest() == generation(other).digest()
    assert own.restarts == other.restarts


@EACH
def test_state_shares_no_memory(cls):
    own = cls(LatentDescription(6))
    generation(own)
    state = own.state_dict()
    copies = {k: np.array(v, copy=True) for k, v in state.items()}
    for _ in range(3):
        generation(own)
    assert all(np.array_equal(state[k], copies[k]) for k in state)


@EACH
def test_noise_makes_generations_and_steps_larger_and_keeps_the_mean(cls):
    own = cls(LatentDescription(50), seed=1)
    own.tell(asked := own.ask(own.batch_size), -np.square(asked.real).sum(axis=1))
    mean, spread = own.mean, own.ask(200).real.std()
    own.expect_noise(0.5, 2000)
    assert own.batch_size == 100
    np.testing.assert_array_equal(own.mean, mean)
    np.testing.assert_array_equal(own.recommend().real[0], mean)
    tried = own.ask(200).real.std(axis=1)
    assert np.median(tried[1::2]) > 2 * np.median(tried[::2])
    own.tell(asked := own.ask(100), asked.real[:, 0])  # on a slope long steps lose nothing
    assert own.ask(200).real.std() > 2 * spread
    again = cls(LatentDescription(50), seed=1)
    again.load_state_dict(own.state_dict())
    assert again.batch_size == 100
    np.testing.assert_array_equal(again.ask(5).real, own.ask(5).real)


@EACH
def test_long_steps_that_lose_much_are_given_up(cls):
    own = cls(LatentDescription(50), seed=1)
    usual = own.ask(200).real.std()
    own.expect_noise(0.5, 2000)
    own.tell(asked := own.ask(100), -np.square(asked.real).sum(axis=1))
    assert own.batch_size == 100
    assert own.ask(200).real.std() == pytest.approx(usual, rel=0.05)


@EACH
@pytest.mark.filterwarnings("error")
def test_what_breaks_constraints_is_no_evidence_about_long_steps(cls):
    own = cls(LatentDescription(50), seed=1)
    own.expect_noise(0.5, 2000)
    asked = own.ask(100)
    broken = np.arange(100) % 4 == 0
    own.tell(asked, np.where(broken, np.linspace(-2e200, -1e200, 100), -np.square(asked.real).sum(axis=1)))
    assert not own.state_dict()["on_trial"]
    assert np.isfinite(own.ask(100).real).all()


@EACH
@pytest.mark.parametrize(("level", "expected"), [(0.001, None), (0.05, 50), (0.2, 100)])
def test_the_more_noise_the_larger_are_generations(cls, level, expected):
    own = cls(LatentDescription(50))
    usual = own.batch_size
    own.expect_noise(level, 2000)
    assert own.batch_size == (usual if expected is None else expected)


@EACH
def test_what_the_user_chose_stays_under_noise(cls):
    own = cls(LatentDescription(50), population=10, sigma=0.5)
    own.expect_noise(0.5, 2000)
    assert own.batch_size == 10
    assert own.ask(200).real.std() == pytest.approx(0.5, rel=0.1)


@EACH
def test_damaged_states_are_refused(cls):
    own = cls(LatentDescription(6))
    good = own.state_dict()
    for key in good:
        with pytest.raises(RunDamaged):
            own.load_state_dict({k: v for k, v in good.items() if k != key})
    with pytest.raises(RunDamaged, match="other arguments"):
        cls(LatentDescription(7)).load_state_dict(good)


@EACH
@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"population": 1}, InvalidArgument),
        ({"population": 2.5}, InvalidArgument),
        ({"population": True}, WrongType),
        ({"batch_size": 0}, InvalidArgument),
        ({"sigma": 0}, InvalidArgument),
        ({"sigma": 5e-324}, InvalidArgument),
        ({"sigma": -1.0}, InvalidArgument),
        ({"sigma": float("nan")}, InvalidArgument),
        ({"sigma": "1"}, WrongType),
        ({"restart_when_stuck": 1}, WrongType),
        ({"budget": 0}, InvalidArgument),
        ({"seed": -1}, InvalidArgument),
        ({"seed": 2**64}, InvalidArgument),
        ({"start": Latents.of_real(np.zeros((2, 4)))}, InvalidArgument),
        ({"start": Latents.of_real(np.zeros((1, 3)))}, LatentShapeError),
        ({"start": Latents.of_real(np.full((1, 4), np.nan))}, InvalidArgument),
    ],
)
def test_bad_arguments(cls, options, error):
    with pytest.raises(error):
        cls(LatentDescription(4), **options)


@EACH
def test_categorical_genes_are_refused(cls):
    with pytest.raises(InvalidArgument, match="real genes only"):
        cls(LatentDescription(2, (3,)))


@EACH
@pytest.mark.parametrize("n", [0, -1, 1.5])
def test_bad_numbers_of_rows(cls, n):
    with pytest.raises(InvalidArgument):
        cls(LatentDescription(4)).ask(n)


@EACH
@pytest.mark.parametrize(
    ("scores", "error"),
    [(np.zeros(3), InvalidArgument), (np.zeros((4, 1)), InvalidArgument), (np.array(["1"] * 4), WrongType),
     (np.zeros(4, dtype=bool), WrongType), (np.zeros(4, dtype=complex), WrongType), (None, WrongType)],
)  # fmt: skip
def test_bad_scores(cls, scores, error):
    own = cls(LatentDescription(4))
    with pytest.raises(error):
        own.tell(own.ask(4), scores)


@EACH
def test_integer_scores_do(cls):
    own = cls(LatentDescription(4))
    own.tell(own.ask(8), np.arange(8))
    assert own._mean.any()


@EACH
def test_begins_at_the_start_and_begins_again_there(cls):
    start = Latents.of_real(np.full((1, 4), 5.0))
    own = cls(LatentDescription(4), start=start, sigma=0.1)
    assert np.abs(own.ask(100).real - 5).max() < 1
    for _ in range(20):
        generation(own, lambda latents: np.zeros(len(latents)))
    assert own.restarts == 1
    assert np.abs(own.ask(100).real - 5).max() < 1


@EACH
@pytest.mark.parametrize("slope", [True, False])
def test_without_restarts_numbers_stay_finite(cls, slope):
    own = cls(LatentDescription(3), restart_when_stuck=False)
    with np.errstate(all="raise"):
        for _ in range(3000):
            asked = generation(own, (lambda latents: latents.real[:, 0].copy()) if slope else sphere)
    assert np.isfinite(asked.real).all()
    assert own.restarts == 0
    # The same foreign rows over and over draw every step together.
    rows = Latents.of_real(np.random.default_rng(0).standard_normal((own.batch_size, 3)))
    own = cls(LatentDescription(3), restart_when_stuck=False)
    for _ in range(3000):
        own.tell(rows, rows.real[:, 0])
    assert np.isfinite(own.ask(5).real).all()
