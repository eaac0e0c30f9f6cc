"""SphericalCma against the paper written out, its plan of angles, its norm, and what it does with noise."""

import math

import numpy as np
import pytest

from featviz.errors import InvalidArgument, RunDamaged, WrongType
from featviz.latent import LatentDescription, Latents
from featviz.optimisers.spherical_cma import SphericalCma

PUBLISHED = {"two_sided": False, "first_angle": 50.0, "last_angle": 7.33, "restart_when_stuck": False}


def score(x):
    """A unit that prefers a direction, and cares little for the norm."""
    wanted = np.cos(1.0 + np.arange(x.shape[1]))
    return x @ wanted / np.sqrt(np.square(x).sum(axis=1))


def generation(own, n=None):
    asked = own.ask(n or own.batch_size)
    own.tell(asked, score(asked.real))
    return asked


class Paper:
    """Wang & Ponce 2022, row by row: rank weights, back onto the sphere, 1.5 times along the great circle."""

    def __init__(self, norm):
        self.norm, self.base = norm, None

    def tell(self, rows, scores):
        n, mu = len(rows), len(rows) // 2
        best = sorted(range(n), key=lambda i: -scores[i])
        raw = [math.log(mu + 0.5) - math.log(i) for i in range(1, mu + 1)]
        mean = sum(w / sum(raw) * rows[i] for w, i in zip(raw, best, strict=False))
        mean = mean / np.linalg.norm(mean) * self.norm
        if self.base is None:
            self.base = mean
            return
        angle = math.acos(self.base @ mean / self.norm**2)
        start, end = math.sin(-0.5 * angle), math.sin(1.5 * angle)
        self.base = (start * self.base + end * mean) / math.sin(angle)


@pytest.mark.parametrize(("d", "n"), [(2, 8), (30, 10), (200, 40)])
def test_equals_the_paper_written_out(d, n):
    own = SphericalCma(LatentDescription(d), 3, 30 * n, population=n, norm=7.0, **PUBLISHED)
    paper = Paper(7.0)
    for _ in range(30):
        asked = own.ask(n)
        own.tell(asked, score(asked.real))
        paper.tell(asked.real, score(asked.real))
        np.testing.assert_allclose(own.mean, paper.base, rtol=1e-7, atol=1e-9)


def test_two_sided_turns_away_from_the_worst():
    """One generation, pair by pair: the tangent parts of the best less those of the worst, at the mean cosine."""
    own = SphericalCma(LatentDescription(40), 3, 1000, population=10, learning_rate=1.2)
    generation(own)
    base = own.mean / own.norm
    asked = own.ask(10)
    x = asked.real / own.norm
    order = np.argsort(-score(asked.real))
    raw = [math.log(5.5) - math.log(i) for i in range(1, 6)]
    tangent = sum(w / sum(raw) * (x[i] - x[j]) for w, i, j in zip(raw, order, order[::-1], strict=False))
    tangent = tangent - tangent @ base * base
    turn = 1.2 * math.atan2(np.linalg.norm(tangent), float(np.mean(x @ base)))
    own.tell(asked, score(asked.real))
    expected = math.cos(turn) * base + math.sin(turn) * tangent / np.linalg.norm(tangent)
    np.testing.assert_allclose(own.mean / own.norm, expected, rtol=1e-9, atol=1e-12)


def test_every_row_has_the_norm_and_the_angle():
    own = SphericalCma(LatentDescription(3000), 1, 2000, population=20, norm=5.0)
    np.testing.assert_allclose(np.linalg.norm(own.ask(50).real, axis=1), 5.0)
    for expected in (50.0, 50.0 * 10**-0.01):
        generation(own)
        rows = own.ask(50).real
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 5.0)
        angles = np.degrees(np.arccos(rows @ own.mean / 25))
        assert angles.mean() == pytest.approx(own.angle, rel=0.02)
        assert own.angle == pytest.approx(expected, rel=0.03)


@pytest.mark.parametrize(("genes", "given", "norm"), [(4096, None, 300.0), (4096, 12.0, 12.0), (25, None, 5.0)])
def test_the_norm(genes, given, norm):
    own = SphericalCma(LatentDescription(genes), norm=given)
    assert own.norm == pytest.approx(norm)
    assert np.linalg.norm(own.ask(3).real, axis=1) == pytest.approx([norm] * 3)


def test_a_start_gives_the_norm_and_the_base_point():
    start = Latents.of_real(np.full((1, 100), 0.3))
    own = SphericalCma(LatentDescription(100), start=start)
    assert own.norm == pytest.approx(3.0)
    np.testing.assert_allclose(own.recommend().real, start.real)
    assert np.degrees(np.arccos(own.ask(50).real @ start.real[0] / 9)).mean() == pytest.approx(50, rel=0.1)
    grey = SphericalCma(LatentDescription(100), start=Latents.of_real(np.zeros((1, 100))))
    assert grey.norm == pytest.approx(300 / 64 * 10)
    assert len(generation(grey)) == grey.batch_size
    scaled = SphericalCma(LatentDescription(100), start=start, norm=6.0)
    np.testing.assert_allclose(scaled.mean, 2 * start.real[0])


def test_the_angle_falls_over_the_budget_and_stays():
    own = SphericalCma(LatentDescription(60), budget=400, population=20, first_angle=40, last_angle=10)
    seen = [own.angle]
    for _ in range(25):
        generation(own)
        seen.append(own.angle)
    assert seen[0] == pytest.approx(40)
    assert seen[10] == pytest.approx(20)  # half way in the logarithm
    assert seen[20:] == pytest.approx([10] * 6)
    free = SphericalCma(LatentDescription(60), population=20)
    angles = []
    for _ in range(400):
        angles.append(free.angle)
        generation(free)
    assert sorted(angles, reverse=True) == angles
    assert angles[-1] == pytest.approx(5)


def test_a_restart_plans_for_what_is_left():
    own = SphericalCma(LatentDescription(20), budget=1000, population=10)
    while not own.restarts:
        asked = own.ask(own.batch_size)
        own.tell(asked, np.zeros(len(asked)))
    assert own.angle == pytest.approx(50)
    done = 200
    while done < 1000:
        done += len(generation(own))
    assert own.angle == pytest.approx(5)


def test_finds_the_direction():
    own = SphericalCma(LatentDescription(100), 1, 4000)
    first = score(generation(own).real).max()
    for _ in range(4000 // own.batch_size):
        generation(own)
    limit = np.linalg.norm(np.cos(1.0 + np.arange(100)))
    assert first < 0.5 * limit
    assert score(own.recommend().real)[0] > 0.98 * limit


def test_row_order_and_monotone_maps_change_no_bit():
    a, b = SphericalCma(LatentDescription(30)), SphericalCma(LatentDescription(30))
    rng = np.random.default_rng(0)
    for _ in range(40):
        x, y = a.ask(a.batch_size), b.ask(b.batch_size)
        assert x.digest() == y.digest()
        y = y[rng.permutation(len(y))]
        a.tell(x, score(x.real))
        b.tell(y, np.arctan(score(y.real)))


def test_foreign_rows_are_pulled_to_the_angle_of_samples():
    own = SphericalCma(LatentDescription(200), 1, 3000, restart_when_stuck=False)
    generation(own)
    base = own.mean / own.norm
    rows = np.random.default_rng(0).standard_normal((own.batch_size, 200)) * 1e3
    rows[0], rows[1] = 0.0, -own.mean  # no direction; the opposite point, whose tangent is none
    own.tell(Latents.of_real(rows), score(rows + 1e-9))
    turned = math.degrees(math.acos(min(1.0, own.mean @ base / own.norm)))
    assert 0 < turned < 60
    assert np.linalg.norm(own.mean) == pytest.approx(own.norm)


def test_noise_widens_the_plan_and_keeps_the_rest():
    own = SphericalCma(LatentDescription(50), 1, 2000)
    generation(own)
    mean, before = own.mean, own.angle
    own.expect_noise(0.5, 2000)
    assert own.batch_size == 100
    assert own.mean.tolist() == mean.tolist()
    assert own.angle > 1.5 * before
    again = SphericalCma(LatentDescription(50), 1, 2000)
    again.load_state_dict(own.state_dict())
    assert again.angle == own.angle
    for _ in range(5):
        assert generation(own).digest() == generation(again).digest()
    own.expect_noise(0.001, 2000)
    given = SphericalCma(LatentDescription(50), 1, 2000, first_angle=30, last_angle=3, learning_rate=2.0)
    given.expect_noise(0.5, 2000)
    assert given.angle == pytest.approx(30)
    little = SphericalCma(LatentDescription(50), 1, 2000)
    little.expect_noise(0.02, 2000)
    assert (little.batch_size, little.angle) == (50, pytest.approx(50))


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"norm": 0}, InvalidArgument),
        ({"norm": "x"}, WrongType),
        ({"first_angle": 91}, InvalidArgument),
        ({"first_angle": 20, "last_angle": 30}, InvalidArgument),
        ({"last_angle": 0}, InvalidArgument),
        ({"learning_rate": 0}, InvalidArgument),
        ({"two_sided": 1}, WrongType),
        ({"population": 1}, InvalidArgument),
    ],
)
def test_bad_options(options, error):
    with pytest.raises(error):
        SphericalCma(LatentDescription(4), **options)


def test_one_gene_has_no_directions():
    with pytest.raises(InvalidArgument, match="two genes or more; use 'sep-cma'"):
        SphericalCma(LatentDescription(1))


@pytest.mark.parametrize("key", ["mean", "plan", "learnt", "began"])
def test_damaged_states_are_refused(key):
    own = SphericalCma(LatentDescription(4))
    with pytest.raises(RunDamaged):
        own.load_state_dict({k: v for k, v in own.state_dict().items() if k != key})
