"""The coordinate network, the shapes and the phase search: what they refuse and what they compute."""

import numpy as np
import pytest

import featviz as fv
from featviz.errors import FeatvizError, SpaceError
from featviz.search_spaces import space_from_spec


def rng(seed=0):
    return np.random.default_rng(seed)


def logits(pictures):
    x = pictures.astype(np.float64)
    return np.log(x / (1 - x))


REFUSED = {
    "hidden 0": ({"decoder": "cppn", "hidden": 0}, "hidden must be between 1"),
    "layers 99": ({"decoder": "cppn", "layers": 99}, "layers must be between 1 and 16"),
    "unknown activation": ({"decoder": "cppn", "activations": ["tahn"]}, "Did you mean 'tanh'"),
    "activations text": ({"decoder": "cppn", "activations": "tanh"}, "must be a list of names"),
    "no activations": ({"decoder": "cppn", "activations": []}, "at least one name"),
    "cppn gain 0": ({"decoder": "cppn", "gain": 0}, "gain must be in (0"),
    "count for cppn": ({"decoder": "cppn", "count": 3}, "has no option 'count'"),
    "unknown kind": ({"decoder": "shapes", "kind": "circles"}, "kind must be one of"),
    "count 0": ({"decoder": "shapes", "count": 0}, "count must be between 1"),
    "gain for shapes": ({"decoder": "shapes", "gain": 2}, "has no option 'gain'"),
    "phase of one frequency": ({"decoder": "phase", "frequencies": 1}, "at least 2 frequencies"),
    "decay and spectrum": ({"decoder": "phase", "decay": 1, "spectrum": [1, 1]}, "not both"),
    "spectra of too few channels": ({"decoder": "phase", "spectrum": [[1, 1], [1, 2]]}, "one a channel"),
    "spectrum with 0": ({"decoder": "phase", "spectrum": [[1, 0]] * 3}, "must be in (0"),
    "spectrum text": ({"decoder": "phase", "spectrum": "pink"}, "list of numbers"),
    "no examples": ({"decoder": "phase", "examples": np.zeros((0, 8, 6, 3))}, "at least one picture"),
    "flat examples": ({"decoder": "phase", "examples": np.full((3, 8, 6, 3), 0.5)}, "flat colour"),
    "unknown decoder": ({"decoder": "cpnn"}, "Did you mean 'cppn'"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refuses(name):
    options, message = REFUSED[name]
    with pytest.raises(FeatvizError) as caught:
        fv.ImageSpace(8, 6, 3, **options)
    assert message in str(caught.value)


def test_examples_of_flat_pictures_teach_no_phases():
    flat = np.broadcast_to(np.array([0.2, 0.7])[:, None, None], (2, 8, 6))
    with pytest.raises(FeatvizError, match="flat colours"):
        fv.ImageSpace(8, 6, decoder="phase", examples=flat)


@pytest.mark.parametrize("decoder", ["cppn", "shapes"])
def test_without_an_inverse_it_says_so(decoder):
    with pytest.raises(SpaceError, match=f"decoder '{decoder}' cannot start from given pictures: it has no encode"):
        fv.ImageSpace(8, 6, decoder=decoder).encode_inputs(np.zeros((8, 6)))


@pytest.mark.parametrize(
    "options", [{"decoder": "cppn"}, {"decoder": "shapes"}, {"decoder": "shapes", "kind": "ellipses"}]
)
@pytest.mark.parametrize("channels", [1, 3])
def test_prior_pictures_are_neither_flat_nor_alike(options, channels):
    pictures = fv.ImageSpace(32, 24, channels, **options).sample(rng(), 100)
    contrast = pictures.std(axis=(1, 2)).max(axis=1)
    assert np.mean(contrast > 0.05) > 0.9
    assert pictures.std(axis=0).min() > 0.1


@pytest.mark.parametrize("decoder", ["cppn", "shapes", "phase"])
def test_huge_genes_stay_in_range(decoder):
    space = fv.ImageSpace(8, 6, 3, decoder=decoder)
    genes = 1e6 * rng().standard_normal((3, space.latent.real))
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        pictures = space.decode_latents(fv.Latents.of_real(genes))
    assert (pictures >= 0).all()
    assert (pictures <= 1).all()


@pytest.mark.parametrize("decoder", ["cppn", "shapes", "phase"])
def test_a_large_batch_is_its_rows(decoder):
    # Large enough that the work is cut into parts, of pixels or of rows.
    space = fv.ImageSpace(60, 50, decoder=decoder)
    latents = space.latent.sample(rng(), 70)
    whole = space.decode_latents(latents)
    for row in (0, 43, 69):
        np.testing.assert_allclose(space.decode_latents(latents[row : row + 1])[0], whole[row], atol=2e-6)


@pytest.mark.parametrize("options", [{}, {"mean": [0.9, 0.5, 0.2]}, {"decoder": "pixels", "gain": 2.0}], ids=str)
def test_settled_pictures_look_alike_and_come_back_from_black_and_white(options):
    space = fv.ImageSpace(14, 10, 3, **options)
    latents = fv.Latents.of_real(15 * rng().standard_normal((6, space.latent.real)))
    settled = space.latent.settled(latents)
    before, after = space.decode_latents(latents), space.decode_latents(settled)
    inside = (before > 0.05) & (before < 0.95)
    np.testing.assert_allclose(after, np.clip(before, after.min(), after.max()), atol=1e-5)
    assert after.min() == pytest.approx(0.0474, abs=1e-4)
    assert after.max() == pytest.approx(1 - 0.0474, abs=1e-4)
    assert inside.any()
    np.testing.assert_allclose(space.latent.settled(settled).real, settled.real, atol=1e-9)


def test_settled_pictures_of_low_frequencies_are_the_nearest_ones():
    space = fv.ImageSpace(40, 24, frequencies=8)
    latents = fv.Latents.of_real(15 * rng().standard_normal((4, space.latent.real)))
    settled = space.latent.settled(latents)
    clipped = np.clip(space.decode_latents(latents), 1 / (1 + np.exp(3)), 1 / (1 + np.exp(-3)))
    np.testing.assert_allclose(settled.real, space.encode_inputs(clipped).real, atol=1e-3)
    assert np.square(settled.real).mean() < np.square(latents.real).mean()


class TestCppn:
    def test_agrees_with_the_formula(self):
        space = fv.ImageSpace(6, 9, 2, decoder="cppn", hidden=4, layers=2, activations=["tanh", "gaussian"], gain=1.5)
        (genes,) = rng().standard_normal((1, space.latent.real))
        y, x = np.mgrid[:6, :9]
        x, y = (2 * x - 8) / 9, (2 * y - 5) / 9
        values = np.stack([x, y, np.hypot(x, y), np.ones((6, 9))])
        first, second, last, rest = np.split(genes, [16, 36, 46])

        def activated(z):
            return np.concatenate([np.tanh(z[:2]), np.exp(-(z[2:] ** 2))])

        def layer(weights, values):
            weights = weights.reshape(-1, 5)
            return np.tensordot(weights[:, :4], values, 1) + weights[:, 4, None, None]

        values = activated(np.tensordot(2 * first.reshape(4, 4), values, 1))
        values = layer(last, activated(layer(second, values)))  # 2 / sqrt(4 units) is 1
        values -= values.mean(axis=(1, 2), keepdims=True)
        values /= np.sqrt(np.mean(values**2) + 1e-3)
        values = values * np.exp(0.5 * rest[2]) + rest[:2, None, None]
        expected = 1 / (1 + np.exp(-1.5 * values))
        got = space.decode_latents(fv.Latents.of_real(genes[None]))[0]
        np.testing.assert_allclose(got, np.moveaxis(expected, 0, 2), atol=1e-5)

    def test_genes_do_not_depend_on_the_size(self):
        small, large = (fv.ImageSpace(side, side, decoder="cppn") for side in (10, 50))
        latents = small.latent.sample(rng(), 4)
        # Every fifth pixel of the larger picture, from the middle of the first block of five, is one of the smaller.
        np.testing.assert_allclose(
            large.decode_latents(latents)[:, 2::5, 2::5], small.decode_latents(latents), atol=0.1
        )


class TestShapes:
    @staticmethod
    def genes(form, colour=9.0, opacity=99.0, background=-9.0, place=(0.0, 0.0)):
        return fv.Latents.of_real(np.array([[*place, *form, colour, opacity, background]]))

    def test_a_disc_has_its_area(self):
        space = fv.ImageSpace(60, 60, decoder="shapes", kind="ellipses", count=1)
        (picture,) = space.decode_latents(self.genes((0, 0, 0.3)))[..., 0]
        assert picture.sum() == pytest.approx(np.pi * (0.45 * 60) ** 2, rel=0.01)
        assert (picture[30, 30], picture[0, 0]) == pytest.approx((1, 0), abs=1e-3)

    def test_an_ellipse_turns(self):
        space = fv.ImageSpace(60, 60, decoder="shapes", kind="ellipses", count=1)
        lying, standing = (space.decode_latents(self.genes((0, -3, a)))[0, ..., 0] for a in (0, 1))
        assert lying[30, 10] > 0.9 > 0.1 > lying[10, 30]
        np.testing.assert_allclose(lying.T, standing, atol=1e-3)

    @pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0)])
    def test_a_triangle_has_its_area_whichever_way_round(self, order):
        space = fv.ImageSpace(60, 60, decoder="shapes", count=1)
        corners = np.array([(-1, -1), (1, -1), (0, 1)])[list(order)]
        (picture,) = space.decode_latents(self.genes(corners.ravel()))[..., 0]
        assert picture.sum() == pytest.approx(2 * 27**2, rel=0.02)
        assert (picture[20, 30], picture[50, 5]) == pytest.approx((1, 0), abs=1e-3)

    def test_opacity_and_order(self):
        space = fv.ImageSpace(20, 20, decoder="shapes", kind="ellipses", count=2)
        shape = [0, 0, 9, 9, 0]
        # A black one and a white one that lets the rest through, over grey: both cover the whole picture.
        genes = np.array([[*shape, -9, 99, *shape, 9, -1.5, 0.0]])
        np.testing.assert_allclose(space.decode_latents(fv.Latents.of_real(genes)), 0.5, atol=1e-3)

    def test_places_are_spread_over_the_picture(self):
        space = fv.ImageSpace(8, 16, decoder="shapes", kind="ellipses", count=1)
        latents = space.latent.sample(rng(), 2000)
        latents.real[:, 2:] = self.genes((-9, -9, 0)).real[:, 2:]
        hits = space.decode_latents(latents)[..., 0].sum(axis=0)
        assert hits.min() > 0.6 * hits.mean()
        assert hits.max() < 1.6 * hits.mean()


class TestPhase:
    @pytest.mark.parametrize("shape", [(8, 6), (7, 9), (8, 9), (9, 8), (1, 8), (7, 1), (1, 2)])
    def test_magnitudes_are_fixed(self, shape):
        space = fv.ImageSpace(*shape, 2, decoder="phase", decay=0.7, gain=0.8)
        transformed = np.abs(np.fft.fft2(np.moveaxis(logits(space.sample(rng(), 5)), 3, 1), norm="ortho"))
        f = 2 * max(shape) * np.hypot(np.fft.fftfreq(shape[0])[:, None], np.fft.fftfreq(shape[1])[None])
        expected = np.maximum(f, 1) ** -0.7
        expected[0, 0] = 0
        expected *= 0.8 * np.sqrt(np.prod(shape) / np.sum(expected**2))
        own = np.isin(2 * np.arange(shape[0]) % shape[0], 0)[:, None] & np.isin(2 * np.arange(shape[1]) % shape[1], 0)
        np.testing.assert_allclose(
            transformed[..., ~own], np.broadcast_to(expected[~own], transformed[..., ~own].shape), atol=1e-4
        )
        # A frequency that is its own mirror is real: a cosine of its phase.
        assert (transformed[..., own] <= np.sqrt(2) * expected[own] + 1e-4).all()

    @pytest.mark.parametrize("shape", [(8, 6), (7, 9), (9, 8), (1, 8)])
    def test_as_many_genes_as_there_are_frequencies(self, shape):
        own = (1 + (shape[0] % 2 == 0)) * (1 + (shape[1] % 2 == 0))
        independent = (np.prod(shape) - own) // 2 + own - 1
        assert fv.ImageSpace(*shape, 3, decoder="phase").latent.real == 2 * 3 * independent

    def test_phases_are_uniform(self):
        from scipy.stats import kstest

        pictures = logits(fv.ImageSpace(7, 9, decoder="phase").sample(rng(), 400))[..., 0]
        phases = np.angle(np.fft.rfft2(pictures)[:, 1:4, 1:].ravel())
        assert kstest(phases, "uniform", (-np.pi, 2 * np.pi)).pvalue > 0.01

    def test_low_frequencies_only(self):
        space = fv.ImageSpace(32, 24, decoder="phase", frequencies=(8, 6))
        transformed = np.abs(np.fft.rfft2(logits(space.sample(rng(), 3))[..., 0]))
        present = transformed.max(axis=0) > 1e-3
        assert np.flatnonzero(present.any(axis=0)).tolist() == [0, 1, 2, 3]
        assert np.flatnonzero(present.any(axis=1)).tolist() == [0, 1, 2, 3, 4, 28, 29, 30, 31]

    def test_the_mean_colour_is_kept(self):
        space = fv.ImageSpace(12, 10, 3, decoder="phase", mean=[0.2, 0.5, 0.7], gain=0.5)
        means = 1 / (1 + np.exp(-logits(space.sample(rng(), 5)).mean(axis=(1, 2))))
        np.testing.assert_allclose(means, np.tile([0.2, 0.5, 0.7], (5, 1)), atol=1e-5)

    def test_examples_teach_spectra_by_channel_contrast_and_mean(self):
        truth = {"gain": 0.7, "mean": [0.3, 0.6], "colour": "none"}
        spectra = [[k**-1.0 for k in range(1, 40)], [k**-0.3 for k in range(1, 40)]]
        source = fv.ImageSpace(24, 24, 2, decoder="phase", spectrum=spectra, **truth)
        spec = fv.ImageSpace(24, 24, 2, decoder="phase", examples=source.sample(rng(), 200)).spec()
        assert spec["gain"] == pytest.approx(0.7, rel=0.02)
        assert spec["mean"] == pytest.approx([0.3, 0.6], abs=0.01)
        for learnt, true in zip(spec["spectrum"], spectra, strict=True):
            ratio = np.array(learnt[2:24]) / true[2:24]
            assert ratio.std() / ratio.mean() < 0.1

    def test_encode_keeps_the_phases_of_a_real_picture(self):
        photo = rng().uniform(0.1, 0.9, (11, 8))
        space = fv.ImageSpace(11, 8, decoder="phase")
        again = space.decode_latents(space.encode_inputs(photo))[0, ..., 0]
        a, b = (np.angle(np.fft.rfft2(logits(p)))[1:, 1:4] for p in (photo, again))
        np.testing.assert_allclose(np.exp(1j * a), np.exp(1j * b), atol=1e-3)

    def test_genes_of_zero_are_a_picture(self):
        space = fv.ImageSpace(6, 5, decoder="phase")
        assert np.isfinite(space.decode_latents(fv.Latents.of_real(np.zeros((1, space.latent.real))))).all()


@pytest.mark.parametrize(
    "options",
    [
        {"decoder": "cppn", "hidden": 7, "layers": 1, "activations": ["abs", "sine"], "gain": 3.0, "colour": "none"},
        {"decoder": "shapes", "kind": "ellipses", "count": 9},
        {"decoder": "phase", "frequencies": [4, 3], "gain": 1.5, "colour": "none", "spectrum": [[1.0, 2.0]] * 3},
    ],
)
def test_every_option_is_in_the_spec(options):
    spec = fv.ImageSpace(8, 6, 3, **options).spec()
    assert options.items() <= spec.items()
    assert space_from_spec(spec).spec() == spec
