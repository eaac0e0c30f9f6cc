"""FullCma against ``cma.purecma`` and against the tutorial written out; its constants, roots and limits."""

import math
from itertools import pairwise

import numpy as np
import pytest
from cma import purecma
from cma.recombination_weights import RecombinationWeights

from featviz.errors import InvalidArgument
from featviz.latent import LatentDescription, Latents
from featviz.optimisers.full_cma import FullCma, FullCmaConstants


def turned_ellipsoid(x):
    """Condition 100, its axes along no gene, its top at 0.7 in each."""
    d = x.shape[1]
    axes = np.linalg.qr(np.random.default_rng(d).standard_normal((d, d)))[0]
    return -((10.0 ** (2 * np.arange(d) / max(d - 1, 1))) * ((x - 0.7) @ axes) ** 2).sum(axis=1)


def make(d, constants=None, **options):
    cls = FullCma
    if constants is not None:
        cls = type("Tuned", (FullCma,), {"_constants": staticmethod(lambda *_: constants)})
    return cls(LatentDescription(d), 3, **{"restart_when_stuck": False, **options})


def close(a, b):
    return np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


def shape(own):
    """The covariance without the step size."""
    return own.covariance / own._sigma**2


@pytest.mark.parametrize(("d", "n"), [(2, 6), (5, 9), (10, 10), (8, 40)])
def test_equals_purecma_step_by_step(d, n):
    """With its weights and rates. Its rules for the step size and for h_sigma are others, and are taken over."""
    full = purecma.CMAES([0.0] * d, 1.0, popsize=n)
    full.params = p = purecma.CMAESParameters(d, n, RecombinationWeights)
    assert min(p.weights) < 0
    constants = FullCmaConstants(np.array(p.weights), p.mu, p.mueff, p.cs, p.damps, p.cc, p.c1, p.cmu)
    own = make(d, constants, population=n)
    agreed = 0
    for _ in range(30):
        asked = own.ask(n)
        scores = turned_ellipsoid(asked.real)
        full.C.update_eigensystem(full.counteval, 0)  # its own ask would do so
        full.tell(asked.real.tolist(), (-scores).tolist())
        own.tell(asked, scores)
        close(own._mean, full.xmean)
        close(own._path_sigma, full.ps)
        # Where both let the covariance path go on, all the rest is equal.
        if np.allclose(own._path_c, full.pc, rtol=1e-9):
            agreed += 1
            close(shape(own), full.C)
        own._path_c[:], own._covariance[:], own._sigma = full.pc, full.C, full.sigma
        own._decompose()
    assert agreed > 24


class Tutorial:
    """Hansen 2016, figure 6 and table 1: row by row, by the eigenvectors, nothing clever."""

    def __init__(self, d, n):
        self.d, self.n = d, n
        raw = [math.log((n + 1) / 2) - math.log(i) for i in range(1, n + 1)]
        self.mu = n // 2
        good, bad = raw[: self.mu], raw[self.mu :]
        self.mu_eff = sum(good) ** 2 / sum(w * w for w in good)
        mu_eff_bad = sum(bad) ** 2 / sum(w * w for w in bad)
        self.c_1 = 2 / ((d + 1.3) ** 2 + self.mu_eff)
        self.c_mu = min(
            1 - self.c_1, 2 * (0.25 + self.mu_eff + 1 / self.mu_eff - 2) / ((d + 2) ** 2 + 2 * self.mu_eff / 2)
        )
        most = min(
            1 + self.c_1 / self.c_mu,
            1 + 2 * mu_eff_bad / (self.mu_eff + 2),
            (1 - self.c_1 - self.c_mu) / (d * self.c_mu),
        )
        self.w = [w / sum(good) for w in good] + [w * most / sum(abs(v) for v in bad) for w in bad]
        self.c_s = math.sqrt(self.mu_eff + 1) / (math.sqrt(d) + 2 * math.sqrt(self.mu_eff))  # the one rate of its own
        self.d_s = 1 + 2 * max(0, math.sqrt((self.mu_eff - 1) / (d + 1)) - 1) + self.c_s
        self.c_c = (4 + self.mu_eff / d) / (d + 4 + 2 * self.mu_eff / d)
        self.m, self.s, self.c = np.zeros(d), 1.0, np.eye(d)
        self.ps, self.pc, self.g = np.zeros(d), np.zeros(d), 0
        self.decompose()

    def decompose(self):
        values, vectors = np.linalg.eigh(self.c)
        self.inverse_root = vectors @ np.diag(1 / np.sqrt(values)) @ vectors.T

    def tell(self, rows, scores, every):
        d = self.d
        y = [(rows[i] - self.m) / self.s for i in sorted(range(self.n), key=lambda i: -scores[i])]
        y_w = sum(self.w[i] * y[i] for i in range(self.mu))
        self.m = self.m + self.s * y_w
        self.ps = (1 - self.c_s) * self.ps
        self.ps = self.ps + math.sqrt(self.c_s * (2 - self.c_s) * self.mu_eff) * self.inverse_root @ y_w
        chi = math.sqrt(d) * (1 - 1 / (4 * d) + 1 / (21 * d * d))
        norm = math.sqrt(sum(p * p for p in self.ps))
        h = norm / math.sqrt(1 - (1 - self.c_s) ** (2 * (self.g + 1))) < (1.4 + 2 / (d + 1)) * chi
        self.pc = (1 - self.c_c) * self.pc + h * math.sqrt(self.c_c * (2 - self.c_c) * self.mu_eff) * y_w
        new = (1 + self.c_1 * (1 - h) * self.c_c * (2 - self.c_c) - self.c_1 - self.c_mu * sum(self.w)) * self.c
        new = new + self.c_1 * np.outer(self.pc, self.pc)
        for w, row in zip(self.w, y, strict=True):
            scaled = w if w >= 0 else w * d / sum(v * v for v in self.inverse_root @ row)
            new = new + self.c_mu * scaled * np.outer(row, row)
        self.c = new
        self.s *= math.exp(self.c_s / self.d_s * (norm / chi - 1))
        self.g += 1
        if self.g % every == 0:
            self.decompose()
        return h


@pytest.mark.parametrize(("d", "n", "every"), [(1, 8, 1), (2, 6, 1), (5, 13, 1), (12, 10, 1), (6, 12, 4), (3, 60, 1)])
def test_equals_the_tutorial_written_out(d, n, every):
    k = FullCmaConstants.default(d, n, n)
    own = make(d, FullCmaConstants(*(getattr(k, f) for f in list(k.__dataclass_fields__)[:-1]), every), population=n)
    tutorial = Tutorial(d, n)
    stalls = 0
    for step in range(40):
        asked = own.ask(n)
        # A slope first, on which the step size grows and the covariance path stalls.
        scores = asked.real.sum(axis=1) if step < 6 else turned_ellipsoid(asked.real)
        stalls += not tutorial.tell(asked.real, scores, every)
        own.tell(asked, scores)
        close(own._mean, tutorial.m)
        close(shape(own), tutorial.c)
        close(own._path_sigma, tutorial.ps)
        close(own._path_c, tutorial.pc)
        close(own._sigma, tutorial.s)
    assert stalls > 0 or d > 10  # so many genes do not stall it so soon


@pytest.mark.parametrize(("genes", "n"), [(2, 6), (16, 12), (40, 15), (10, 100)])
def test_the_weights_are_those_of_the_cma_package(genes, n):
    k = FullCmaConstants.default(genes, n, n)
    weights = RecombinationWeights(n)
    weights.finalize_negative_weights(genes, k.c_1, k.c_mu)
    close(k.weights, np.array(weights))
    close(k.mu_eff, weights.mueff)


@pytest.mark.parametrize(
    ("genes", "n", "scored"),
    [(1, 1, 1), (1, 2, 2), (1, 4, 4), (3, 2, 1), (3, 3, 3), (16, 12, 9), (16, 12, 3), (1000, 24, 24), (2, 5000, 5000)],
)
def test_default_constants_are_usable(genes, n, scored):
    k = FullCmaConstants.default(genes, n, scored)
    assert len(k.weights) <= scored
    assert (np.diff(k.weights) <= 0).all()
    assert (k.weights[: k.mu] > 0).all()
    assert (k.weights[k.mu :] <= 0).all()
    assert math.isclose(k.weights[: k.mu].sum(), 1)
    assert 0 < k.c_sigma <= 1
    assert 0 < k.c_c <= 1
    assert k.c_1 + k.c_mu <= 1
    assert k.d_sigma >= 1
    assert k.every >= 1
    # What is left of the covariance outweighs what the negative weights can take from it.
    taken = -genes * k.c_mu * k.weights[k.mu :].sum()
    assert taken <= 1 - k.c_1 - k.c_mu * k.weights.sum() + 1e-12


def test_the_covariance_is_decomposed_when_it_has_changed_enough():
    own = make(40)
    every = FullCmaConstants.default(40, own.batch_size, own.batch_size).every
    assert every > 1
    roots = []
    for _ in range(2 * every):
        asked = own.ask(own.batch_size)
        own.tell(asked, turned_ellipsoid(asked.real))
        roots.append(own._root)
    kept = [a is b for a, b in pairwise(roots)]
    assert kept == [i % every != every - 2 for i in range(2 * every - 1)]
    close(own._root @ own._root, shape(own))
    close(own._root @ own._inverse_root, np.eye(40))


def test_rows_have_the_covariance():
    own = run(make(4), turned_ellipsoid, 30)
    rows = own.ask(200_000).real
    np.testing.assert_allclose(np.cov(rows.T), own.covariance, atol=0.02 * own.covariance.max())
    np.testing.assert_allclose(rows.mean(axis=0), own.mean, atol=0.01 * math.sqrt(own.covariance.max()))


def run(own, score, generations):
    for _ in range(generations):
        asked = own.ask(own.batch_size)
        own.tell(asked, score(asked.real))
    return own


def test_learns_a_turned_ellipsoid():
    own = run(make(10), turned_ellipsoid, 150)
    assert turned_ellipsoid(own._mean[None])[0] > -1e-6
    # The covariance becomes the inverse of the curvature, up to a factor.
    axes = np.linalg.qr(np.random.default_rng(10).standard_normal((10, 10)))[0]
    product = own.covariance @ (axes * 10.0 ** (2 * np.arange(10) / 9)) @ axes.T
    assert np.linalg.cond(product) < 20


def test_rows_without_scores_pull_nothing():
    own = make(6, population=12)
    asked = own.ask(12)
    scores = np.full(12, np.nan)
    scores[[2, 5]] = 1.0, 2.0
    own.tell(asked, scores)
    # Mean and covariance know of the two alone that have a score.
    k = FullCmaConstants.default(6, 12, 2)
    best = asked.real[[5, 2]]
    step = k.weights @ best
    close(own._mean, step)
    path = math.sqrt(k.c_c * (2 - k.c_c) * k.mu_eff) * step
    learnt = k.c_1 * np.outer(path, path) + k.c_mu * (best.T * k.weights) @ best
    close(shape(own), (1 - k.c_1 - k.c_mu) * np.eye(6) + learnt)


def test_a_foreign_row_is_shortened_by_the_learnt_covariance_and_an_own_one_is_not():
    d, n = 20, 12
    longest = math.sqrt(d) + 2 * d / (d + 2)
    own = run(make(d, population=n), turned_ellipsoid, 40)
    mean, inverse = own.mean, np.linalg.inv(own.covariance)
    asked = own.ask(n)
    far = np.zeros((1, d))
    far[0, 0] = 1e6
    sigma = own._sigma
    own.tell(Latents.of_real(np.concatenate([far, asked.real[1:]])), np.r_[1.0, np.arange(n - 1) - 50.0])
    step = own.mean - mean
    # Longer than in units of the present covariance is what a decomposition some generations old lets pass.
    assert math.sqrt(step @ inverse @ step) < 1.3 * (FullCmaConstants.default(d, n, n).weights[0] * longest + 3)
    assert own._sigma <= sigma * math.e * 1.0001
    own = make(d, population=2000)
    asked = own.ask(2000)
    assert np.linalg.norm(asked.real, axis=1).max() > longest
    own.tell(asked, asked.real[:, 0])
    k = FullCmaConstants.default(d, 2000, 2000)
    order = np.argsort(-asked.real[:, 0], kind="stable")[: k.mu]
    close(own._mean, k.weights[: k.mu] @ asked.real[order])


def test_the_mean_itself_may_be_told_as_the_worst():
    own = make(5, population=8)
    rows = own.ask(8).real
    rows[3] = own.mean
    own.tell(Latents.of_real(rows), np.where(np.arange(8) == 3, -1.0, np.arange(8)))
    assert np.isfinite(own.ask(4).real).all()


@pytest.mark.parametrize("place", [0, 7])
def test_infinite_latents_are_refused_and_nothing_is_learnt(place):
    own = make(4)
    asked = own.ask(8)
    bad = asked.copy()
    bad.real[place, 1] = np.inf
    before = own.covariance
    with pytest.raises(InvalidArgument, match="finite"), np.errstate(all="ignore"):
        own.tell(bad, np.arange(8, 0, -1.0))
    assert not own._mean.any()
    np.testing.assert_array_equal(own.covariance, before)
    assert np.isfinite(own.ask(8).real).all()


def test_a_plane_that_never_ends_leaves_the_covariance_positive():
    own = run(make(3, population=6), lambda x: x @ [1.0, 1e3, 1e-3], 4000)
    assert (np.linalg.eigvalsh(own.covariance) > 0).all()
    assert np.isfinite(own.ask(5).real).all()


def test_a_covariance_that_rounding_made_indefinite_is_mended():
    own = make(3)
    own._covariance = np.diag([1.0, 4.0, -1e-18])
    own._decompose()
    np.testing.assert_allclose(np.diag(own._covariance), [1.0, 4.0, 4e-14], rtol=1e-9)
    close(own._root @ own._root, own._covariance)


def test_too_many_genes():
    with pytest.raises(InvalidArgument, match=r"full-cma.*hopeless beyond 1,000 genes.*1,001.*'sep-cma'"):
        FullCma(LatentDescription(1001))
