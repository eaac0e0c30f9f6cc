"""ImageSpace: what it refuses, what its options do, and what the decoders compute."""

import numpy as np
import pytest

import featviz as fv
from featviz.blocks import ImageBlock
from featviz.errors import FeatvizError, InvalidArgument, LatentShapeError, NameNotFound, SpaceError, WrongType
from featviz.search_spaces import space_from_spec


def rng(seed=0):
    return np.random.default_rng(seed)


def pre_sigmoid(pictures):
    x = pictures.astype(np.float64)
    return np.log(x / (1 - x))


REFUSED = {
    "height 0": ({"height": 0, "width": 8}, "height must be at least 1"),
    "negative width": ({"height": 8, "width": -3}, "width must be at least 1"),
    "fractional": ({"height": 8.5, "width": 8}, "height must be a whole number"),
    "height True": ({"height": True, "width": 8}, "height must be a whole number"),
    "height NaN": ({"height": float("nan"), "width": 8}, "height must be a whole number"),
    "height text": ({"height": "8", "width": 8}, "height must be a whole number"),
    "channels 0": ({"height": 8, "width": 8, "channels": 0}, "channels must be between 1 and 1,000"),
    "channels 10^5": ({"height": 1, "width": 1, "channels": 100_000}, "channels must be between 1 and 1,000"),
    "a billion genes": ({"height": 40_000, "width": 25_000}, "10,000,000 values at most"),
    "beyond int64": ({"height": 2**40, "width": 2**40}, "10,000,000 values at most"),
    "too long a basis": ({"height": 10_000_000, "width": 1, "frequencies": 10_000_000}, "keep fewer"),
    "low = high": ({"height": 8, "width": 8, "low": 1.0}, "low must be below high"),
    "low > high": ({"height": 8, "width": 8, "low": 2.0}, "low must be below high"),
    "low and high equal in float32": (
        {"height": 8, "width": 8, "low": 1.0, "high": 1.0 + 1e-12},
        "low must be below high",
    ),
    "low NaN": ({"height": 8, "width": 8, "low": float("nan")}, "low must be finite"),
    "high infinite": ({"height": 8, "width": 8, "high": float("inf")}, "high must be finite"),
    "unknown decoder": ({"height": 8, "width": 8, "decoder": "dtc"}, "Did you mean 'dct'"),
    "decoder no function": ({"height": 8, "width": 8, "decoder": 3}, "must be a function"),
    "decoder not found": ({"height": 8, "width": 8, "decoder": "no_such_module:f", "genes": 3}, "no module"),
    "decoder without genes": ({"height": 8, "width": 8, "decoder": np.sin}, "needs genes="),
    "genes 0": ({"height": 8, "width": 8, "decoder": np.sin, "genes": 0}, "genes must be between 1"),
    "a billion genes of a decoder": (
        {"height": 8, "width": 8, "decoder": np.sin, "genes": 10**9},
        "genes must be between",
    ),
    "genes for dct": ({"height": 8, "width": 8, "genes": 3}, "has no option 'genes'"),
    "frequencies for pixels": (
        {"height": 8, "width": 8, "decoder": "pixels", "frequencies": 3},
        "has no option 'frequencies'",
    ),
    "frequencies 0": ({"height": 8, "width": 8, "frequencies": 0}, "frequencies must be between 1 and 8"),
    "more frequencies than pixels": (
        {"height": 8, "width": 6, "frequencies": 9},
        "frequencies must be between 1 and 8",
    ),
    "frequencies of one side": ({"height": 8, "width": 6, "frequencies": (8, 7)}, "horizontal"),
    "three frequencies": ({"height": 8, "width": 6, "frequencies": (2, 2, 2)}, "one number or"),
    "frequencies text": ({"height": 8, "width": 6, "frequencies": "all"}, "whole number"),
    "gain 0": ({"height": 8, "width": 8, "gain": 0}, "gain must be in (0"),
    "gain of pixels": ({"height": 8, "width": 8, "decoder": "pixels", "gain": -1}, "gain must be in (0"),
    "decay negative": ({"height": 8, "width": 8, "decay": -1}, "decay must be in [0"),
    "decay and spectrum": ({"height": 8, "width": 8, "decay": 1, "spectrum": [1, 1]}, "not both"),
    "spectrum empty": ({"height": 8, "width": 8, "spectrum": []}, "at least one number"),
    "spectrum with 0": ({"height": 8, "width": 8, "spectrum": [1, 0]}, "must be in (0"),
    "spectrum text": ({"height": 8, "width": 8, "spectrum": "pink"}, "list of numbers"),
    "natural colour of grey": ({"height": 8, "width": 8, "colour": "natural"}, "3 channels"),
    "unknown colour": ({"height": 8, "width": 8, "channels": 3, "colour": "hsv"}, "one of natural, none"),
    "colour of another size": ({"height": 8, "width": 8, "channels": 3, "colour": [[1.0]]}, "3 x 3 matrix"),
    "colour singular": ({"height": 8, "width": 8, "channels": 2, "colour": [[1, 1], [1, 1]]}, "invertible"),
    "colour NaN": ({"height": 8, "width": 8, "channels": 1, "colour": [[float("nan")]]}, "invertible"),
    "colour ragged": ({"height": 8, "width": 8, "channels": 2, "colour": [[1, 2], [3]]}, "matrix of numbers"),
    "mean of another length": ({"height": 8, "width": 8, "mean": [0.5, 0.5]}, "one a channel"),
    "mean at the bound": ({"height": 8, "width": 8, "mean": [1.0]}, "mean must be in (0"),
    "mean a number": ({"height": 8, "width": 8, "mean": 0.5}, "list of 1 numbers"),
    "examples of another size": ({"height": 8, "width": 8, "examples": np.zeros((3, 9, 9))}, "8 x 8 pixels"),
    "no examples": ({"height": 8, "width": 8, "examples": np.zeros((0, 8, 8))}, "at least one picture"),
    "flat examples": ({"height": 8, "width": 8, "examples": np.full((3, 8, 8), 0.5)}, "flat colour"),
    "examples with NaN": ({"height": 8, "width": 8, "examples": np.full((3, 8, 8), np.nan)}, "values in [0, 1]"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refuses(name):
    arguments, message = REFUSED[name]
    with pytest.raises(FeatvizError) as caught:
        fv.ImageSpace(**arguments)
    assert message in str(caught.value)
    assert isinstance(caught.value, ValueError | TypeError | LookupError)


@pytest.mark.parametrize(
    ("arguments", "kept"),
    [
        ({"height": 128, "width": 64}, [32, 16]),
        ({"height": 28, "width": 28}, [28, 28]),
        ({"height": 8, "width": 8}, [8, 8]),
        ({"height": 1, "width": 100}, [1, 32]),
        ({"height": 40, "width": 10}, [32, 8]),
        ({"height": 60, "width": 20, "frequencies": 15}, [15, 5]),
        ({"height": 60, "width": 20, "frequencies": [4, 9]}, [4, 9]),
    ],
)
def test_frequencies(arguments, kept):
    space = fv.ImageSpace(**arguments)
    assert space.spec()["frequencies"] == kept
    assert space.latent.real == kept[0] * kept[1]


def test_decay_is_gentler_where_every_frequency_is_kept():
    assert fv.ImageSpace(28, 28).spec()["decay"] == 0.3
    assert fv.ImageSpace(28, 28, frequencies=27).spec()["decay"] == 1.0


@pytest.mark.parametrize("gain", [0.5, 2.0])
@pytest.mark.parametrize("channels", [1, 3])
def test_gain_is_the_standard_deviation_before_the_sigmoid(gain, channels):
    pictures = fv.ImageSpace(20, 14, channels, gain=gain).sample(rng(), 400)
    assert np.sqrt(np.mean(pre_sigmoid(pictures) ** 2)) == pytest.approx(gain, rel=0.05)


def test_dct_agrees_with_scipy():
    from scipy.fft import idctn
    from scipy.special import expit

    space = fv.ImageSpace(9, 6, decay=1.5, gain=2)
    genes = rng().standard_normal((4, 54))
    f = np.hypot(np.arange(9)[:, None], np.arange(6)[None] * 9 / 6)
    amplitude = np.maximum(f, 1) ** -1.5
    amplitude *= 2 * np.sqrt(54 / np.sum(amplitude**2))
    expected = expit(idctn(genes.reshape(4, 9, 6) * amplitude, axes=(1, 2), norm="ortho"))
    got = space.decode_latents(fv.Latents.of_real(genes))[..., 0]
    np.testing.assert_allclose(got, expected, atol=1e-6)


def test_natural_colours_are_mostly_brightness():
    pictures = pre_sigmoid(fv.ImageSpace(16, 16, 3).sample(rng(), 50)).reshape(-1, 3)
    correlation = np.corrcoef(pictures.T)
    assert correlation[np.triu_indices(3, 1)].min() > 0.7
    independent = pre_sigmoid(fv.ImageSpace(16, 16, 3, colour="none").sample(rng(), 50)).reshape(-1, 3)
    assert np.abs(np.corrcoef(independent.T)[np.triu_indices(3, 1)]).max() < 0.2


def test_examples_teach_contrast_colour_mean_and_spectrum():
    truth = {"colour": [[1.0, 0.2], [0.4, 0.8]], "mean": [0.3, 0.6], "gain": 0.7}
    source = fv.ImageSpace(24, 24, 2, decay=1.6, **truth)
    learnt = fv.ImageSpace(24, 24, 2, examples=source.sample(rng(), 300))
    spec = learnt.spec()
    assert spec["gain"] == pytest.approx(0.7, rel=0.05)
    assert spec["mean"] == pytest.approx([0.3, 0.6], abs=0.03)
    rings = np.array(spec["spectrum"])
    slope = np.polyfit(np.log(np.arange(2, 20)), np.log(rings[2:20]), 1)[0]
    assert slope == pytest.approx(-1.6, abs=0.15)
    a, b = (pre_sigmoid(s.sample(rng(1), 300)).reshape(-1, 2) for s in (source, learnt))
    np.testing.assert_allclose(np.cov(a.T), np.cov(b.T), atol=0.05)


def test_what_is_given_is_not_learnt():
    photos = rng().random((4, 8, 8, 3))
    spec = fv.ImageSpace(8, 8, 3, examples=photos, decay=2, gain=3, colour="natural").spec()
    assert (spec["decay"], spec["gain"], spec["colour"]) == (2, 3, "natural")
    assert "spectrum" not in spec
    assert "mean" in spec


def test_spec_is_none_where_it_would_not_fit_a_file():
    assert fv.ImageSpace(2, 2, 80).spec() is not None
    assert fv.ImageSpace(2, 2, 80, colour=np.eye(80)).spec() is None


class TestEncode:
    def test_is_exact_at_full_rank(self):
        pictures = rng().uniform(0.01, 0.99, (3, 11, 7, 3))
        space = fv.ImageSpace(11, 7, 3)
        np.testing.assert_allclose(space.decode_latents(space.encode_inputs(pictures)), pictures, atol=1e-5)

    def test_projects_where_frequencies_are_left_out(self):
        space = fv.ImageSpace(32, 32, frequencies=4)
        once = space.encode_inputs(rng().uniform(0.2, 0.8, (3, 32, 32)))
        twice = space.encode_inputs(space.decode_latents(once))
        np.testing.assert_allclose(once.real, twice.real, atol=1e-4)

    @pytest.mark.parametrize("decoder", ["dct", "pixels"])
    def test_black_and_white_bytes_survive(self, decoder):
        picture = rng().choice(np.array([0, 255], dtype=np.uint8), (10, 10))
        space = fv.ImageSpace(10, 10, decoder=decoder, low=-1, high=1)
        latents = space.encode_inputs(picture)
        assert np.isfinite(latents.real).all()
        (block,) = space.render(space.decode_latents(latents)[0])
        np.testing.assert_array_equal(block.pixels[..., 0], picture)

    @pytest.mark.parametrize("low", [-300, 300, 1e6])
    def test_takes_bounds_that_float32_cannot_hold(self, low):
        space = fv.ImageSpace(4, 4, low=low + 1 / 3, high=low + 1)
        saturated = space.decode_latents(fv.Latents.of_real(np.full((2, 16), [[1e9], [-1e9]])))
        assert len(space.encode_inputs(saturated)) == 2

    @pytest.mark.parametrize("shape", [(6, 5), (6, 5, 1), (2, 6, 5), (2, 6, 5, 1)])
    def test_takes_every_layout(self, shape):
        assert len(fv.ImageSpace(6, 5).encode_inputs(np.full(shape, 0.4))) == (2 if shape[0] == 2 else 1)

    @pytest.mark.parametrize(
        ("inputs", "message"),
        [
            (np.zeros((3, 7, 5, 1)), "Resize them first"),
            (np.zeros((6, 5, 3)), "expected pictures of 6 x 5 pixels with 1 channel "),
            (np.zeros(30), "reshape it to (-1, 6, 5, 1)"),
            (np.full((6, 5), 200.0), "values in [0, 1]"),
            (np.full((6, 5), -0.1), "values in [0, 1]"),
            (np.full((6, 5), 300), "must be of the dtype uint8"),
            (np.full((6, 5), np.nan), "values in [0, 1]"),
            (np.full((6, 5), "a"), "must be numbers"),
            (np.zeros((6, 5), dtype=bool), "must be numbers"),
            (np.zeros((6, 5), dtype=complex), "must be numbers"),
            ([np.zeros((6, 5)), np.zeros((5, 6))], "sizes differ"),
            (None, "must be numbers"),
        ],
    )
    def test_refuses(self, inputs, message):
        with pytest.raises(SpaceError) as caught:
            fv.ImageSpace(6, 5).encode_inputs(inputs)
        assert message in str(caught.value)


class TestOwnDecoder:
    @staticmethod
    def space(function, **options):
        return fv.ImageSpace(3, 2, decoder=function, genes=2, **options)

    @pytest.mark.parametrize(
        ("function", "message"),
        [
            (lambda g: np.zeros((len(g), 2, 3, 1)), "must return shape (4, 3, 2, 1)"),
            (lambda g: np.zeros((len(g), 1, 3, 2)), "channels to the last axis"),
            (lambda g: np.zeros((1, 3, 2, 1)), "must return shape (4, 3, 2, 1)"),
            (lambda g: np.full((len(g), 3, 2), np.nan), "NaN"),
            (lambda g: np.zeros((len(g), 3, 2), dtype=int), "floats or uint8"),
            (lambda g: [["a"]], "floats or uint8"),
            (lambda g: None, "floats or uint8"),
        ],
    )
    def test_refuses(self, function, message):
        with pytest.raises(SpaceError) as caught:
            self.space(function).sample(rng(), 4)
        assert message in str(caught.value)

    def test_is_clipped_and_bytes_are_scaled(self):
        wild = self.space(lambda g: np.tile([[-np.inf, 9], [0.5, 1e300], [np.inf, -1]], (len(g), 1, 1)), high=0.7)
        expected = np.array([[0, 0.7], [0.5, 0.7], [0.7, 0]], dtype=np.float32)
        np.testing.assert_array_equal(wild.sample(rng(), 2)[1, ..., 0], expected)
        grey = self.space(lambda g: np.full((len(g), 3, 2), 51, dtype=np.uint8), low=-1)
        assert grey.sample(rng(), 1) == pytest.approx(-0.6)

    def test_may_write_to_its_argument(self):
        def careless(genes):
            genes[:] = 0
            return np.zeros((len(genes), 3, 2))

        space = self.space(careless)
        latents = space.latent.sample(rng(), 3)
        before = latents.digest()
        space.decode_latents(latents)
        assert latents.digest() == before

    def test_may_bring_an_inverse(self):
        def spread(genes):
            return np.broadcast_to(genes[:, :1, None], (len(genes), 3, 2))

        with pytest.raises(SpaceError, match="attribute encode"):
            self.space(spread).encode_inputs(np.full((3, 2), 0.25))
        spread.encode = lambda pictures: np.stack([pictures.mean(axis=(1, 2, 3)), np.zeros(len(pictures))], axis=1)
        np.testing.assert_allclose(self.space(spread).encode_inputs(np.full((3, 2), 0.25)).real, [[0.25, 0]])
        spread.encode = lambda pictures: np.zeros(3)
        with pytest.raises(SpaceError, match="encode must return shape"):
            self.space(spread).encode_inputs(np.full((3, 2), 0.25))

    def test_has_a_spec_only_by_name(self):
        assert self.space(lambda g: np.zeros((len(g), 3, 2))).spec() is None


def test_wrong_latents():
    with pytest.raises(LatentShapeError, match="expected latents of 64"):
        fv.ImageSpace(8, 8).decode_latents(fv.Latents.of_real(np.zeros((2, 63))))


def test_genes_that_are_no_numbers():
    genes = np.zeros((2, 64))
    genes[1, 5] = np.nan
    with pytest.raises(SpaceError, match="NaN"):
        fv.ImageSpace(8, 8).decode_latents(fv.Latents.of_real(genes))


def test_huge_genes_saturate():
    latents = fv.Latents.of_real(1e6 * rng().standard_normal((2, 64)))
    with np.errstate(all="raise"):
        pictures = fv.ImageSpace(8, 8).decode_latents(latents)
    assert set(np.unique(pictures)) <= {0.0, 1.0}


def test_render_and_distance():
    space = fv.ImageSpace(4, 4, 3, low=-1, high=1)
    black, white = np.full((4, 4, 3), -1.0, dtype=np.float32), np.full((4, 4, 3), 1.0, dtype=np.float32)
    (block,) = space.render(white)
    assert isinstance(block, ImageBlock)
    assert block.pixels.dtype == np.uint8
    assert block.pixels.min() == 255
    np.testing.assert_allclose(space.distance([black, white], [white]), [[1.0], [0.0]])
    with pytest.raises(SpaceError, match="expected one picture"):
        space.render(np.stack([black, white]))
    with pytest.raises(SpaceError, match="cannot be compared"):
        space.distance([black], [[0.0]])


def test_repr_and_attributes():
    space = fv.ImageSpace(5, 4, 3, low=-1, high=2)
    assert (space.height, space.width, space.channels, space.low, space.high) == (5, 4, 3, -1, 2)
    assert repr(space) == "ImageSpace(height=5, width=4, channels=3, low=-1, high=2, decoder=dct, genes=60)"


class TestSpecs:
    def test_unknown_key(self):
        with pytest.raises(InvalidArgument, match="Did you mean 'height'"):
            space_from_spec({"type": "ImageSpace", "heigth": 3, "width": 4})

    def test_missing_key(self):
        with pytest.raises(InvalidArgument, match="needs width"):
            space_from_spec({"type": "ImageSpace", "height": 3})

    def test_unknown_type(self):
        with pytest.raises(NameNotFound, match="Did you mean 'ImageSpace'"):
            space_from_spec({"type": "ImagSpace"})

    @pytest.mark.parametrize("spec", [{}, {"type": 3}, {"height": 3}])
    def test_no_type(self, spec):
        with pytest.raises(InvalidArgument, match="needs a type"):
            space_from_spec(spec)

    @pytest.mark.parametrize("spec", [{"type": "math:pi"}, {"type": "collections:OrderedDict"}, "ImageSpace"])
    def test_what_is_no_space(self, spec):
        with pytest.raises(WrongType):
            space_from_spec(spec)


def test_scales_are_wave_lengths_of_the_cosines():
    scales = fv.ImageSpace(4, 8, 3).latent.scales.reshape(3, 4, 8)
    # Half periods along the longer side: 1, 2, 3 along it; twice as many for as many along the shorter one.
    np.testing.assert_allclose(scales[0, 0, :4], [1, 1, 1 / 2, 1 / 3])
    np.testing.assert_allclose(scales[0, :3, 0], [1, 1 / 2, 1 / 4])
    np.testing.assert_array_equal(scales[1], scales[0])
    assert fv.ImageSpace(4, 4, decoder="pixels").latent.scales is None


def test_scales_of_a_whole_are_those_of_its_parts():
    image, number = fv.ImageSpace(3, 3), fv.Real(2)
    whole = fv.DictSpace({"number": number, "picture": image}).latent
    np.testing.assert_array_equal(whole.scales, [1, 1, *image.latent.scales])
    assert fv.DictSpace({"number": number}).latent.scales is None
    two = fv.ListSpace(image, 1, 2).latent
    np.testing.assert_array_equal(two.scales, [*image.latent.scales] * 2)
