"""Turbo: its Gaussian process against a naive one, its proposals, and what it finds in 60 evaluations."""

import dataclasses
import tracemalloc

import numpy as np
import pytest

from featviz.errors import InvalidArgument, RunDamaged
from featviz.latent import LatentDescription, Latents
from featviz.optimisers._coordinates import Coordinates
from featviz.optimisers._gaussian_process import Posterior, fitted, log_posterior
from featviz.optimisers._kernel import Kernel, Points
from featviz.optimisers._trust_region import SHORTEST, TrustRegion
from featviz.optimisers.turbo import Turbo

KERNELS = {
    "a length each": Kernel(np.ones(3), (), single=True, bag=False),
    "one length": Kernel(np.ones(4), (), single=False, bag=False),
    "coarse and fine": Kernel(1 / np.arange(1, 6.0), (), single=False, bag=False),
    "mixed, each": Kernel(np.ones(2), (3, 4, 2), single=True, bag=False),
    "mixed, one": Kernel(np.ones(2), (3, 4, 2), single=False, bag=False),
    "bag": Kernel(np.empty(0), (5, 5, 5), single=False, bag=True),
    "mixed bag": Kernel(np.ones(3), (4, 4, 4), single=False, bag=True),
}


@pytest.fixture(params=KERNELS)
def case(request):
    kernel, rng = KERNELS[request.param], np.random.default_rng(3)
    theta = 0.4 * rng.standard_normal(kernel.parameters)
    theta[1] = -2.0
    return kernel, theta, _points(kernel, rng, 12), rng.standard_normal(12)


def _points(kernel, rng, n):
    codes = np.array([[rng.integers(count) for count in kernel.options] for _ in range(n)], dtype=np.int64)
    return Points(rng.standard_normal((n, len(kernel.weights))), codes.reshape(n, len(kernel.options)))


def _naive(kernel, theta, a, b):
    """The covariance of two points, written out from the docstring of ``Kernel``."""
    d, c = len(kernel.weights), len(kernel.options)
    own = theta[2 : 2 + kernel.real_parameters]
    if kernel.single:
        inverse = [np.exp(t) / np.sqrt(d) for t in own]
    elif kernel.weights.size and kernel.weights.min() < kernel.weights.max():
        norm = np.sqrt(sum(w ** (2 * own[1]) for w in kernel.weights))
        inverse = [np.exp(own[0]) * w ** own[1] / norm for w in kernel.weights]
    else:
        inverse = [np.exp(own[0]) / np.sqrt(d)] * d if d else []
    r = np.sqrt(5 * sum((h * (x - y)) ** 2 for h, x, y in zip(inverse, a[0], b[0], strict=True)))
    kx = (1 + r + r * r / 3) * np.exp(-r)
    rates = np.exp(theta[2 + kernel.real_parameters :]) / max(c, 1)
    single = rates[:c] if kernel.single else [rates[0]] * c if c else []
    apart = sum(rate * (x != y) for rate, x, y in zip(single, a[1], b[1], strict=True))
    if kernel.bag:
        counts = [np.bincount(codes, minlength=max(kernel.options)) for codes in (a[1], b[1])]
        apart += rates[kernel.categorical_parameters - 1] * 0.5 * ((counts[0] - counts[1]) ** 2).sum()
    kc, scale = np.exp(-apart), np.exp(theta[0])
    if not c:
        return scale * kx
    if not d:
        return scale * kc
    part = 1 / (1 + np.exp(-theta[-1]))
    return scale * (part * kx * kc + (1 - part) * (kx + kc) / 2)


def _dense(kernel, theta, a, b):
    pairs = [[(p, q) for q in zip(*b, strict=True)] for p in zip(*a, strict=True)]
    return np.array([[_naive(kernel, theta, p, q) for p, q in row] for row in pairs])


def test_posterior_equals_a_naive_dense_one(case):
    kernel, theta, points, values = case
    at = _points(kernel, np.random.default_rng(5), 6)
    full = _dense(kernel, theta, points, points) + (np.exp(theta[1]) + 1e-8) * np.eye(12)
    across = _dense(kernel, theta, at, points)
    posterior = Posterior(kernel, theta, points, values)
    np.testing.assert_allclose(posterior.mean(at), across @ np.linalg.solve(full, values), rtol=1e-8, atol=1e-10)
    variance = np.exp(theta[0]) - np.diag(across @ np.linalg.solve(full, across.T))
    np.testing.assert_allclose(posterior.variance(at), variance, rtol=1e-7, atol=1e-9)


def test_marginal_likelihood_equals_the_density_of_a_normal_vector(case):
    from scipy.stats import multivariate_normal, norm

    kernel, theta, points, values = case
    full = _dense(kernel, theta, points, points) + (np.exp(theta[1]) + 1e-8) * np.eye(12)
    mean, spread = kernel.priors
    mean[1], spread[1] = -4.0, 2.0
    # The priors up to their constant.
    prior = norm.logpdf(theta, mean, spread) - norm.logpdf(mean, mean, spread)
    wanted = multivariate_normal.logpdf(values, np.zeros(12), full) + prior.sum()
    assert log_posterior(kernel, theta, points, values, (-4.0, 2.0))[0] == pytest.approx(wanted, rel=1e-9)


def test_gradient_of_the_marginal_likelihood_equals_differences(case):
    kernel, theta, points, values = case

    def at(parameters):
        return log_posterior(kernel, parameters, points, values, (-4.0, 2.0))[0]

    steps = 1e-5 * np.eye(kernel.parameters)
    differences = [(at(theta + step) - at(theta - step)) / 2e-5 for step in steps]
    found = log_posterior(kernel, theta, points, values, (-4.0, 2.0))[1]
    np.testing.assert_allclose(found, differences, rtol=1e-5, atol=1e-6)


def test_functions_drawn_have_the_posterior_mean_and_variance(case):
    kernel, theta, points, values = case
    at = _points(kernel, np.random.default_rng(5), 4)
    posterior = Posterior(kernel, theta, points, values)
    # Of 128 random features the kernel is known to a tenth, so several sets of them.
    drawn = np.concatenate([posterior.paths(np.random.default_rng(i), 200).values(at) for i in range(30)], axis=1)
    deviation = np.sqrt(posterior.variance(at))
    np.testing.assert_allclose(drawn.mean(axis=1), posterior.mean(at), atol=0.1 * deviation.max())
    np.testing.assert_allclose(drawn.std(axis=1), deviation, rtol=0.15)


def test_without_exploration_a_function_is_the_mean(case):
    kernel, theta, points, values = case
    at = _points(kernel, np.random.default_rng(5), 4)
    posterior = Posterior(kernel, theta, points, values)
    drawn = posterior.paths(np.random.default_rng(0), 1, temper=0.0).values(at)[:, 0]
    np.testing.assert_allclose(drawn, posterior.mean(at), rtol=1e-9)


def test_slopes_of_functions_equal_differences(case):
    kernel, theta, points, values = case
    at = _points(kernel, np.random.default_rng(5), 4)
    paths = Posterior(kernel, theta, points, values).paths(np.random.default_rng(1), 4)
    own = np.arange(4)
    found, slopes = paths.own(at, own)
    np.testing.assert_allclose(found, np.diag(paths.values(at)), rtol=1e-9, atol=1e-12)
    for gene in range(len(kernel.weights)):
        step = np.zeros_like(at.real)
        step[:, gene] = 1e-5
        ends = [paths.own(Points(at.real + sign * step, at.codes), own)[0] for sign in (1, -1)]
        np.testing.assert_allclose(slopes[:, gene], (ends[0] - ends[1]) / 2e-5, rtol=1e-4, atol=1e-6)


def test_fit_climbs():
    kernel, rng = KERNELS["mixed, each"], np.random.default_rng(0)
    points = _points(kernel, rng, 40)
    values = np.sin(2 * points.real[:, 0]) + (points.codes[:, 0] == 1)
    theta = fitted(kernel, points, values, (-7.0, 2.0))
    first = kernel.priors[0].copy()
    first[1] = -7.0
    before, after = (log_posterior(kernel, t, points, values, (-7.0, 2.0))[0] for t in (first, theta))
    assert after > before + 1
    # It finds the genes that matter.
    assert theta[2] > theta[3]
    assert theta[4] > max(theta[5:7])


def test_region_doubles_halves_and_collapses():
    region = TrustRegion()
    for _ in range(3):
        region.count(True, 1, 5)
    assert region.length == 1.6
    assert region.successes == 0
    for _ in range(4):
        region.count(False, 1, 5)
    assert region.length == 1.6
    region.count(False, 1, 5)
    assert region.length == 0.8
    assert region.failures == 0
    # A batch larger than the tolerance halves it once.
    region.count(False, 50, 5)
    assert region.length == 0.4
    while not region.collapsed:
        region.count(False, 5, 5)
    assert SHORTEST / 2 <= region.length < SHORTEST


def test_a_latin_hypercube_is_the_first_design():
    own = Turbo(LatentDescription(3, (4,)), budget=100)
    asked = own.ask(10)
    from scipy.special import ndtr

    for gene in ndtr(asked.real).T:
        assert sorted(np.floor(gene * 10).astype(int).tolist()) == list(range(10))
    assert np.bincount(asked.categorical[:, 0], minlength=4).min() >= 2


def test_start_is_the_first_and_half_of_the_design_lies_near():
    latent = LatentDescription(6, (9, 9))
    start = Latents(np.full((1, 6), 2.5), np.array([[3, 4]]))
    asked = Turbo(latent, start=start, budget=100).ask(10)
    np.testing.assert_array_equal(asked.real[0], start.real[0])
    np.testing.assert_array_equal(asked.categorical[0], [3, 4])
    away = np.abs(asked.real - 2.5).mean(axis=1)
    assert (np.sort(away)[:5] < 1.5).all()
    assert np.sort(away)[5] > 1.5


def sphere(latents):
    return -np.square(latents.real - 0.8).sum(axis=1) - 2.0 * (latents.categorical != 1).sum(axis=1)


def _best(optimiser, score, budget, n):
    best = -np.inf
    for _ in range(budget // n):
        asked = optimiser.ask(n)
        scores = score(asked)
        best = max(best, float(scores.max()))
        optimiser.tell(asked, scores)
    return best


@pytest.mark.parametrize("latent", [LatentDescription(6), LatentDescription(4, (5, 3)), LatentDescription(0, (6,) * 8)])
def test_finds_a_planted_optimum_in_60_evaluations(latent):
    random = np.array([sphere(latent.sample(np.random.default_rng(i), 60)).max() for i in range(20)])
    found = np.array([_best(Turbo(latent, seed, budget=60), sphere, 60, 4) for seed in range(2)])
    # A fifth of what is left to the best of 20 random searches.
    assert (found > random.max() / 5).all()


def test_of_many_genes_the_coarsest_are_searched():
    scales = 1 / np.arange(1, 401.0)
    latent = LatentDescription(400, scales=scales)

    def score(latents):
        return latents.real @ np.where(np.arange(400) < 8, 1.0, 0.0)

    own = Turbo(latent, budget=60, subspace=20)
    best = _best(own, score, 60, 5)
    assert (own.ask(1).real[:, 20:] == 0).all()
    assert best > 15  # five standard deviations; the best of 60 draws reaches 7


def test_stages_say_which_genes_are_coarse():
    latent = LatentDescription(12, stages=(np.arange(3), np.arange(12)))
    np.testing.assert_allclose(Coordinates(latent, 64, np.zeros(12)).weights, [1.0] * 3 + [0.25] * 9)


def test_huge_scores_and_rows_of_others_do_no_harm():
    latent = LatentDescription(3)
    own = Turbo(latent, budget=60)
    rows = np.concatenate([np.full((1, 3), 1e200), np.random.default_rng(0).standard_normal((12, 3))])
    scores = np.array([-1.5e200, np.nan, -np.inf, 1e300, *range(9)], dtype=np.float64)
    own.tell(Latents.of_real(rows), scores)
    own.ask(10)
    assert np.isfinite(own.ask(4).real).all()
    with pytest.raises(InvalidArgument, match="finite"):
        own.tell(Latents.of_real(np.array([[np.inf, 0.0, 0.0]])), np.zeros(1))


def test_equal_scores_do_no_harm():
    own = Turbo(LatentDescription(2, (3,)), budget=40)
    for _ in range(8):
        asked = own.ask(4)
        own.tell(asked, np.zeros(4))
    assert len(set(own.ask(6).keys())) == 6


def test_nothing_is_asked_twice_while_something_is_new():
    own = Turbo(LatentDescription(0, (3, 3, 3)), budget=27, initial=3)
    seen = set()
    for _ in range(6):
        asked = own.ask(2)
        assert not seen & set(asked.keys())
        seen |= set(asked.keys())
        own.tell(asked, sphere(asked))


def test_feasible_latents_only_though_the_scores_rise_towards_others():
    latent = dataclasses.replace(LatentDescription(4), feasible=lambda rows: rows.real[:, 0] < 0.3)
    own = Turbo(latent, budget=40, start=Latents.of_real(np.full((1, 4), 2.0)))
    for _ in range(8):
        asked = own.ask(5)
        assert (asked.real[:, 0] < 0.3).all()
        own.tell(asked, asked.real[:, 0])
    assert asked.real[:, 0].max() > 0.0


def test_a_collapsed_region_begins_elsewhere_and_the_best_is_kept():
    latent = LatentDescription(2)
    own = Turbo(latent, budget=200, initial=4)
    first = own.ask(4)
    own.tell(first, np.array([5.0, 1.0, 2.0, 3.0]))
    while not own.restarts:
        asked = own.ask(8)
        own.tell(asked, np.zeros(8))
    again = own.ask(4)
    assert not set(first.keys()) & set(again.keys())
    own.tell(again, np.full(4, -1.0))
    np.testing.assert_array_equal(own.recommend().real, first.real[:1])


def test_with_noise_the_posterior_mean_is_recommended():
    rng = np.random.default_rng(0)
    rows = rng.uniform(-2, 2, (100, 2))
    true = -np.square(rows - 0.5).sum(axis=1)
    scores = true + 0.3 * rng.standard_normal(100)
    lucky = int(np.abs(true + 1.5).argmin())
    scores[lucky] = scores.max() + 0.3
    own = Turbo(LatentDescription(2))
    own.expect_noise(0.3, 200)
    own.tell(Latents.of_real(rows), scores)
    assert np.square(own.recommend().real - 0.5).sum() < 0.5


@pytest.mark.parametrize("key", ["asks", "theta", "region", "scores", "real", "seen"])
def test_a_damaged_state_is_refused(key):
    own = Turbo(LatentDescription(3, (2,)))
    asked = own.ask(12)
    own.tell(asked, sphere(asked))
    own.ask(1)
    state = own.state_dict()
    del state[key]
    with pytest.raises(RunDamaged):
        Turbo(LatentDescription(3, (2,))).load_state_dict(state)


def test_records_are_refused():
    from featviz.optimisers import make_optimiser
    from featviz.testing._optimiser_genes import description_of

    with pytest.raises(InvalidArgument):
        Turbo(description_of("random"))
    with pytest.raises(ValueError, match="records"):
        make_optimiser("turbo", description_of("random"))


def test_beyond_a_cliff_without_scores_little_is_asked():
    own = Turbo(LatentDescription(4), budget=100)
    failed = []
    for _ in range(12):
        asked = own.ask(8)
        bad = asked.real[:, 0] > 0.5
        failed.append(int(bad.sum()))
        own.tell(asked, np.where(bad, np.nan, asked.real[:, 0] - np.square(asked.real[:, 1:]).sum(axis=1)))
    # Half of the rows, where it would climb towards the cliff without a thought of it, or all.
    assert sum(failed[6:]) < 20


def test_a_large_batch_of_many_genes_takes_little_memory():
    own = Turbo(LatentDescription(1000), budget=300, initial=5)
    latents = own.ask(5)
    own.tell(latents, -np.square(latents.real).sum(axis=1))
    tracemalloc.start()
    try:
        assert len(own.ask(100)) == 100
        # The 128 points of each of the functions at once are 100 MB, and were there four times.
        assert tracemalloc.get_traced_memory()[1] < 80e6
    finally:
        tracemalloc.stop()


def _parabola(rng, real):
    """Rows with noisy scores, highest at 0."""
    return Latents.of_real(real), -np.square(real).sum(axis=1) + 0.3 * rng.standard_normal(len(real))


def test_with_noise_a_region_does_not_shrink_because_one_row_was_lucky():
    sure, noisy = Turbo(LatentDescription(2), budget=100), Turbo(LatentDescription(2), budget=100)
    noisy.expect_noise(0.3, 100)
    rng = np.random.default_rng(0)
    told, scores = _parabola(rng, rng.uniform(-1.5, 1.5, (12, 2)))
    scores[0] = 2.0
    for own in (sure, noisy):
        own.tell(told, scores)
    for step in (0.8, 0.5, 0.3, 0.1):  # nearer and nearer, and never as high as the lucky one
        batch = _parabola(rng, rng.uniform(-step, step, (6, 2)))
        for own in (sure, noisy):
            own.tell(*batch)
    assert sure.state_dict()["region"][0] < noisy.state_dict()["region"][0]


def test_with_noise_what_a_collapsed_region_leaves_is_not_its_luckiest_row():
    own = Turbo(LatentDescription(2), budget=100)
    own.expect_noise(0.3, 100)
    rng = np.random.default_rng(1)
    told, scores = _parabola(rng, rng.uniform(-1.5, 1.5, (60, 2)))
    lucky = int(np.abs(np.linalg.norm(told.real, axis=1) - 1.2).argmin())
    scores[lucky] = 1.5
    own.tell(told, scores)
    for _ in range(60):
        if own.restarts:
            break
        own.tell(*_parabola(rng, 1.2 + rng.uniform(0, 0.5, (40, 2))))
    assert own.restarts == 1
    assert np.linalg.norm(own.recommend().real) < 0.8


def test_with_noise_a_stored_state_goes_on_alike():
    rng = np.random.default_rng(2)
    own, other = Turbo(LatentDescription(3), budget=60), Turbo(LatentDescription(3), budget=60)
    own.expect_noise(0.3, 60)
    for _ in range(12):
        own.tell(*_parabola(rng, own.ask(2).real))
    other.load_state_dict(own.state_dict())
    for _ in range(6):
        asked = own.ask(2)
        assert asked.digest() == other.ask(2).digest()
        batch = _parabola(rng, asked.real)
        own.tell(*batch)
        other.tell(*batch)
    np.testing.assert_array_equal(own.state_dict()["region"], other.state_dict()["region"])


@pytest.mark.parametrize(("known", "searched"), [({"scales": 1 / np.arange(1, 201.0)}, 64), ({}, 96)])
def test_how_many_coarse_genes_are_searched(known, searched):
    stages = np.arange(16), np.arange(200)
    own = Turbo(LatentDescription(200, stages=() if known else stages, **known), budget=60)
    rows = own.ask(8).real
    assert np.count_nonzero((rows != 0).any(axis=0)) == searched
