"""LmMaEs against the paper written out, and its options."""

import math
from dataclasses import replace

import numpy as np
import pytest

from featviz.errors import InvalidArgument, RunDamaged
from featviz.latent import LatentDescription, Latents
from featviz.optimisers.lm_ma_es import LmMaConstants, LmMaEs


def ellipsoid(x):
    d = x.shape[1]
    return -((10.0 ** (2 * np.arange(d) / max(d - 1, 1))) * (x - 0.7) ** 2).sum(axis=1)


class Paper:
    """Loshchilov et al. 2019, algorithm 1: row by row, vector by vector, nothing clever."""

    def __init__(self, d, n, vectors):
        self.d, self.n, self.m = d, n, vectors
        mu = n // 2
        raw = [math.log(mu + 0.5) - math.log(i) for i in range(1, mu + 1)]
        self.w = [r / sum(raw) for r in raw]
        self.mu_w = 1 / sum(w * w for w in self.w)
        self.c_sigma = 2 * n / d
        self.c_d = [1 / (1.5**i * d) for i in range(vectors)]
        self.c_c = [n / (4**i * d) for i in range(vectors)]
        self.y, self.sigma, self.t = np.zeros(d), 1.0, 0
        self.p, self.v = np.zeros(d), [np.zeros(d) for _ in range(vectors)]

    def draw(self, z):
        rows = []
        for z_i in z:
            d_i = z_i.copy()
            for j in range(min(self.t, self.m)):
                d_i = (1 - self.c_d[j]) * d_i + self.c_d[j] * self.v[j] * (self.v[j] @ d_i)
            rows.append(d_i)
        return rows

    def tell(self, z, scores):
        best = sorted(range(self.n), key=lambda i: -scores[i])
        d = self.draw(z)
        self.y = self.y + self.sigma * sum(w * d[i] for w, i in zip(self.w, best, strict=False))
        z_w = sum(w * z[i] for w, i in zip(self.w, best, strict=False))
        self.p = (1 - self.c_sigma) * self.p + math.sqrt(self.mu_w * self.c_sigma * (2 - self.c_sigma)) * z_w
        self.v = [(1 - c) * v + math.sqrt(self.mu_w * c * (2 - c)) * z_w for c, v in zip(self.c_c, self.v, strict=True)]
        self.sigma *= math.exp(self.c_sigma / 2 * (self.p @ self.p / self.d - 1))
        self.t += 1


class Watched(LmMaEs):
    """Notes the standard normal numbers behind the rows."""

    def _transform(self, z):
        self.drawn = z.copy()
        return super()._transform(z)


@pytest.mark.parametrize(("d", "n", "vectors"), [(40, 10, 5), (60, 12, None), (30, 14, 1)])
def test_equals_the_paper_written_out(d, n, vectors):
    own = Watched(LatentDescription(d), 3, population=n, vectors=vectors, restart_when_stuck=False)
    paper = Paper(d, n, vectors or 4 + math.floor(3 * math.log(d)))
    for _ in range(50):
        asked = own.ask(n)
        z = own.drawn
        np.testing.assert_allclose(asked.real, paper.y + paper.sigma * np.array(paper.draw(z)), rtol=1e-7, atol=1e-9)
        scores = ellipsoid(asked.real)
        own.tell(asked, scores)
        paper.tell(z, scores)
        np.testing.assert_allclose(own.mean, paper.y, rtol=1e-7, atol=1e-9)
        np.testing.assert_allclose(own._sigma, paper.sigma, rtol=1e-7)
        np.testing.assert_allclose(own._directions, paper.v, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("d", [1, 2, 9, 100])
def test_the_inverse_undoes_the_transformation(d):
    own = LmMaEs(LatentDescription(d), restart_when_stuck=False)
    for _ in range(40):
        asked = own.ask(own.batch_size)
        own.tell(asked, ellipsoid(asked.real))
    z = np.random.default_rng(0).standard_normal((5, d))
    np.testing.assert_allclose(own._invert(own._transform(z)), z, rtol=1e-8, atol=1e-8)
    full = own._transform(np.eye(d)).T
    assert own._largest_step() == pytest.approx(own._sigma * np.sqrt(np.diag(full @ full.T).max()), rel=1e-9)


class Blind(LmMaEs):
    """Its vectors are learnt and have no part in the transformation."""

    @staticmethod
    def _constants(*args):
        usual = LmMaConstants.default(*args)
        return replace(usual, c_d=np.zeros_like(usual.c_d))


def test_learns_a_direction_in_any_rotation():
    """A cigar: along one direction slopes are a hundred times as gentle as along all others."""
    d = 10
    axis = np.random.default_rng(5).standard_normal(d)
    axis /= np.linalg.norm(axis)

    def cigar(x):
        along = (x - 2) @ axis
        return -(1e4 * (((x - 2) ** 2).sum(axis=1) - along**2) + along**2)

    best = {}
    for cls in (LmMaEs, Blind):
        own = cls(LatentDescription(d), 2, restart_when_stuck=False)
        best[cls] = -np.inf
        for _ in range(1000):
            asked = own.ask(own.batch_size)
            best[cls] = max(best[cls], cigar(asked.real).max())
            own.tell(asked, cigar(asked.real))
    assert best[LmMaEs] > 1e-3 * best[Blind]


def test_row_order_and_monotone_maps_change_no_bit():
    a, b = LmMaEs(LatentDescription(30)), LmMaEs(LatentDescription(30))
    rng = np.random.default_rng(0)
    for _ in range(60):
        x, y = a.ask(a.batch_size), b.ask(b.batch_size)
        assert x.digest() == y.digest()
        y = y[rng.permutation(len(y))]
        a.tell(x, ellipsoid(x.real))
        b.tell(y, np.arctan(ellipsoid(y.real)))


@pytest.mark.parametrize("d", [1, 3, 10, 100])
def test_solves_a_sphere(d):
    own = LmMaEs(LatentDescription(d), 1)
    best = -np.inf
    for _ in range(40 * d + 300):
        asked = own.ask(own.batch_size)
        scores = -np.square(asked.real - 0.7).sum(axis=1)
        best = max(best, scores.max())
        own.tell(asked, scores)
    assert best > -1e-5


def test_foreign_rows_are_shortened():
    own = LmMaEs(LatentDescription(50), 1)
    for _ in range(10):
        asked = own.ask(own.batch_size)
        own.tell(asked, ellipsoid(asked.real))
    before, sigma = own.mean, own._sigma
    rows = np.full((own.batch_size, 50), 1e9)
    own.tell(Latents.of_real(rows), np.arange(len(rows)))
    assert np.linalg.norm(own.mean - before) < 20 * sigma
    assert own._sigma < 3 * sigma


@pytest.mark.parametrize("vectors", [0, -1, 1.5, 10**6])
def test_bad_options(vectors):
    with pytest.raises(InvalidArgument):
        LmMaEs(LatentDescription(3), vectors=vectors)


def test_a_state_of_another_number_of_vectors_is_refused():
    with pytest.raises(RunDamaged, match="other arguments"):
        LmMaEs(LatentDescription(9), vectors=3).load_state_dict(LmMaEs(LatentDescription(9)).state_dict())
