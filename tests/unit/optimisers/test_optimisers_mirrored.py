"""Mirrored pairs in batches of any size and order, and what Pgpe and OpenAiEs make of them."""

import math

import numpy as np
import pytest

from featviz.errors import InvalidArgument, RunDamaged, WrongType
from featviz.latent import LatentDescription, Latents
from featviz.optimisers._adam import Adam
from featviz.optimisers._clip_up import ClipUp
from featviz.optimisers._mirrored import MirroredPairs, centred_ranks
from featviz.optimisers.openai_es import OpenAiEs
from featviz.optimisers.pgpe import Pgpe

BOTH = pytest.mark.parametrize("cls", [Pgpe, OpenAiEs])


def score(x):
    return -((1 + np.arange(x.shape[1])) * (x - 0.7) ** 2).sum(axis=1)


def ranks(scores):
    """Centred ranks of Salimans et al. 2017, one score at a time."""
    n = len(scores)
    return [sum(other < mine for other in scores) / (n - 1) - 0.5 for mine in scores]


def clip_up(velocity, gradient, most):
    length = math.sqrt(sum(g * g for g in gradient))
    velocity = [0.9 * v + most / 2 * g / length for v, g in zip(velocity, gradient, strict=True)]
    speed = math.sqrt(sum(v * v for v in velocity))
    return [v * min(1, most / speed) for v in velocity]


@pytest.mark.parametrize("d", [1, 7])
def test_pgpe_equals_the_papers_written_out(d):
    """Sehnke et al. 2010 (symmetric samples, pair by pair), Toklu et al. 2020 (ranks, ClipUp, limited change)."""
    n, speed, rate = 10, 0.2, 0.4
    own = Pgpe(LatentDescription(d), 5, population=n, sigma=1.0, speed=speed, learning_rate=rate)
    mu, sigma, velocity = [0.0] * d, [1.0] * d, [0.0] * d
    for _ in range(30):
        asked = own.ask(n)
        u = ranks(score(asked.real).tolist())
        gradient, change = [0.0] * d, [0.0] * d
        for k in range(0, n, 2):
            for j in range(d):
                eps = asked.real[k, j] - mu[j]
                gradient[j] += (u[k] - u[k + 1]) / 2 * eps / (n / 2)
                change[j] += (u[k] + u[k + 1]) / 2 * (eps * eps - sigma[j] ** 2) / sigma[j] / (n / 2)
        velocity = clip_up(velocity, gradient, speed * math.sqrt(d))
        mu = [m + v for m, v in zip(mu, velocity, strict=True)]
        sigma = [s + max(-0.2 * s, min(0.2 * s, rate * c)) for s, c in zip(sigma, change, strict=True)]
        own.tell(asked, score(asked.real))
        np.testing.assert_allclose(own.mean, mu, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(own._steps, sigma, rtol=1e-9)


@pytest.mark.parametrize("ascent", ["adam", "clip-up"])
def test_openai_es_equals_the_paper_written_out(ascent):
    """Salimans et al. 2017, algorithm 1 with mirrored samples and ranks; Kingma & Ba 2015, algorithm 1."""
    d, n, speed, sigma = 6, 12, 0.1, 0.5
    own = OpenAiEs(LatentDescription(d), 5, population=n, sigma=sigma, speed=speed, ascent=ascent)
    theta, m, v, velocity = np.zeros(d), np.zeros(d), np.zeros(d), [0.0] * d
    for t in range(1, 31):
        asked = own.ask(n)
        u = ranks(score(asked.real).tolist())
        gradient = sum(u[i] * (asked.real[i] - theta) / sigma for i in range(n)) / (n * sigma)
        if ascent == "adam":
            m, v = 0.9 * m + 0.1 * gradient, 0.999 * v + 0.001 * gradient**2
            theta = theta + speed * sigma * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        else:
            velocity = clip_up(velocity, gradient.tolist(), speed * sigma * math.sqrt(d))
            theta = theta + np.array(velocity)
        own.tell(asked, score(asked.real))
        np.testing.assert_allclose(own.mean, theta, rtol=1e-9, atol=1e-12)


def test_centred_ranks():
    np.testing.assert_allclose(centred_ranks(5, 5), [0.5, 0.25, 0, -0.25, -0.5])
    np.testing.assert_allclose(centred_ranks(5, 3), [0.5, 0.25, 0, -0.375, -0.375])
    assert centred_ranks(1, 1).tolist() == [0.0]


def test_clip_up_keeps_the_limit_and_the_direction():
    ascent = ClipUp(3, 2.0, 0.9)
    first = ascent.step(np.array([0.0, 1e-9, 0.0])).copy()
    assert first.tolist() == pytest.approx([0.0, 1.0, 0.0])
    for _ in range(20):
        move = ascent.step(np.array([0.0, 1e9, 0.0]))
    assert move.tolist() == pytest.approx([0.0, 2.0, 0.0])
    assert ascent.step(np.zeros(3)).tolist() == pytest.approx([0.0, 1.8, 0.0])


@pytest.mark.parametrize("make", [lambda: ClipUp(3, 1.0, 0.9), lambda: Adam(3, 0.1)])
def test_ascents_go_on_from_their_state(make):
    own, other = make(), make()
    for g in np.random.default_rng(0).standard_normal((5, 3)):
        own.step(g)
    other.restore(own.state())
    g = np.ones(3)
    assert own.step(g).tolist() == other.step(g).tolist()
    with pytest.raises(RunDamaged):
        other.restore({})


@BOTH
@pytest.mark.parametrize("sizes", [[1] * 12, [3, 3, 5, 1], [7, 5], [12], [2, 9, 1]])
def test_pairs_go_on_across_batches(cls, sizes):
    own = cls(LatentDescription(6), sigma=1.0)
    rows = np.concatenate([own.ask(n).real for n in sizes])
    np.testing.assert_allclose(rows[::2], -rows[1::2], rtol=1e-12)
    assert len(np.unique(np.abs(rows[:, 0]))) == 6


@BOTH
def test_split_and_shuffled_batches_are_learnt_pair_by_pair(cls):
    """Whatever comes first, what is learnt is always whole pairs, so both learners see the same generation."""
    whole, parts = cls(LatentDescription(6), 1, population=8), cls(LatentDescription(6), 1, population=8)
    rng = np.random.default_rng(0)
    for _ in range(30):
        x, y = whole.ask(8), parts.ask(8)
        assert x.digest() == y.digest()
        whole.tell(x, score(x.real))
        before = parts.mean
        # Six rows would make a generation, but only four of these are pairs.
        first, last = y[rng.permutation([0, 2, 4, 6, 7, 1])], y[rng.permutation([3, 5])]
        parts.tell(first, score(first.real))
        assert parts.mean.tolist() == before.tolist()
        parts.tell(last, score(last.real))


@BOTH
def test_a_row_waits_for_the_partner_in_the_next_batch(cls):
    own = cls(LatentDescription(5), 1, population=6)
    first = own.ask(7)
    own.tell(first, score(first.real))
    held = own.state_dict()["pairs_rows"]
    np.testing.assert_array_equal(held, first.real[6:])
    second = own.ask(7)
    assert own.state_dict()["pairs_next"].shape == (0, 5)
    own.tell(second[1:], score(second[1:].real))
    assert len(own.state_dict()["pairs_rows"]) == 1
    own.tell(second[:1], score(second[:1].real))
    assert len(own.state_dict()["pairs_rows"]) == 0
    assert len(own.state_dict()["pairs_out"]) == 0


@BOTH
def test_partners_that_never_come_are_not_waited_for_for_ever(cls):
    own = cls(LatentDescription(5), 1, population=6)
    for _ in range(200):
        asked = own.ask(6)[::2]
        own.tell(asked, score(asked.real))
        state = own.state_dict()
        assert len(state["pairs_rows"]) <= 12
        assert len(state["pairs_out"]) <= 24
    assert score(own.mean[None])[0] > score(np.zeros((1, 5)))[0]


@BOTH
def test_rows_of_no_one_are_learnt_at_once(cls):
    own = cls(LatentDescription(5), 1, population=6)
    rows = np.random.default_rng(0).standard_normal((6, 5))
    own.tell(Latents.of_real(rows), score(rows))
    assert own.mean.any()


@BOTH
def test_state_within_a_pair_goes_on_bit_for_bit(cls):
    own, other = cls(LatentDescription(6), 11), cls(LatentDescription(6), 11)
    for n in (7, 10, 3):
        asked = own.ask(n)
        own.tell(asked[1:], score(asked[1:].real))
    other.load_state_dict(own.state_dict())
    for n in (5, 8, 1, 11):
        x, y = own.ask(n), other.ask(n)
        assert x.digest() == y.digest()
        own.tell(x, score(x.real))
        other.tell(y, score(y.real))
    for key in ("pairs_out", "pairs_rows", "pairs_scores", "pairs_next", "pairs_most"):
        with pytest.raises(RunDamaged):
            other.load_state_dict({k: v for k, v in own.state_dict().items() if k != key})


@BOTH
def test_row_order_and_monotone_maps_change_no_bit(cls):
    a, b = cls(LatentDescription(9)), cls(LatentDescription(9))
    rng = np.random.default_rng(0)
    for _ in range(40):
        x, y = a.ask(a.batch_size), b.ask(b.batch_size)
        assert x.digest() == y.digest()
        y = y[rng.permutation(len(y))]
        a.tell(x, score(x.real))
        b.tell(y, np.arctan(score(y.real)))


@BOTH
def test_climbs_an_ellipsoid(cls):
    own = cls(LatentDescription(10), 1, speed=0.05)
    begins = score(own.mean[None])[0]
    for _ in range(150):
        asked = own.ask(own.batch_size)
        own.tell(asked, score(asked.real))
    assert score(own.mean[None])[0] > 0.2 * begins


@BOTH
def test_the_search_for_a_noisy_box_keeps_its_pairs(cls):
    own = cls(LatentDescription(50), 1)
    asked = own.ask(own.batch_size)
    own.tell(asked, score(asked.real))
    mean = own.mean
    own.expect_noise(0.5, 2000)
    assert own.batch_size == 100
    assert own.mean.tolist() == mean.tolist()
    asked = own.ask(100)
    own.tell(asked, score(asked.real))
    rows = own.ask(100).real
    np.testing.assert_allclose(rows[::2] - mean, mean - rows[1::2], rtol=1e-9, atol=1e-9)


@BOTH
@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"speed": 0}, InvalidArgument),
        ({"speed": "x"}, WrongType),
        ({"momentum": 1.0}, InvalidArgument),
        ({"momentum": -0.1}, InvalidArgument),
        ({"population": 1}, InvalidArgument),
    ],
)
def test_bad_options(cls, options, error):
    with pytest.raises(error):
        cls(LatentDescription(3), **options)


def test_bad_ascent_and_rate():
    with pytest.raises(InvalidArgument, match="Did you mean 'adam'"):
        OpenAiEs(LatentDescription(3), ascent="adamm")
    with pytest.raises(InvalidArgument):
        Pgpe(LatentDescription(3), learning_rate=-1)


def test_nothing_told_settles_nothing():
    pairs = MirroredPairs(3)
    rows, scores = pairs.settle(np.empty((0, 3)), np.empty(0), 4)
    assert len(rows) == len(scores) == 0
