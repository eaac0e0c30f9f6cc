"""Time series: what the prior learns, what the moves change, windows, and what is refused."""

import itertools

import numpy as np
import pytest
from scipy import stats

import featviz as fv
from featviz.errors import FeatvizError, SpaceError
from featviz.search_spaces import space_from_spec

rng = np.random.default_rng(1)
# A slow wave with noise, in two channels of different size.
WAVES = np.sin(np.linspace(0, 9, 60) + rng.uniform(0, 6, (200, 1)))[:, :, None] * [1.0, 0.3] + rng.normal(
    0, 0.05, (200, 60, 2)
)


def spectrum(series):
    return np.sqrt((np.abs(np.fft.rfft(series - series.mean(axis=(0, 1)), axis=1)) ** 2).mean(axis=0))


def test_a_prior_without_examples_is_white_and_small():
    space = fv.TimeSeriesSpace(128)
    drawn = space.sample(np.random.default_rng(0), 400)
    assert (drawn.shape, drawn.dtype) == ((400, 128, 1), np.float32)
    assert drawn.std() == pytest.approx(0.2, abs=0.01)
    power = spectrum(drawn)[1:-1, 0]
    assert power.max() / power.min() < 1.4


def test_a_learnt_prior_has_the_spectrum_and_range_of_its_examples():
    space = fv.TimeSeriesSpace.from_examples(WAVES)
    drawn = space.sample(np.random.default_rng(0), 400)
    assert (space.length, space.channels) == (60, 2)
    assert space.low < WAVES.min() < WAVES.max() < space.high
    for channel in range(2):
        want, got = spectrum(WAVES)[:, channel], spectrum(drawn)[:, channel]
        assert stats.spearmanr(want, got).statistic > 0.5
        # Most of the energy lies where it lay.
        assert got[1:4].sum() / got.sum() == pytest.approx(want[1:4].sum() / want.sum(), abs=0.15)
    assert drawn[:, :, 0].std() > 2 * drawn[:, :, 1].std()


def test_phases_keep_the_magnitudes():
    space = fv.TimeSeriesSpace.from_examples(WAVES, decoder="phase", gain=None)
    genes = space.latent.sample(np.random.default_rng(0), 50)
    free = space._decoder.decode(genes.real)
    found = np.abs(np.fft.rfft(free, axis=1))[:, 1:30]
    np.testing.assert_allclose(found, np.broadcast_to(found[:1], found.shape), rtol=1e-9)


def test_stages_go_from_low_frequencies_to_all():
    sizes = [len(stage) for stage in fv.TimeSeriesSpace(256, 2).latent.stages]
    assert sizes == [32, 96, 288, 512]
    assert fv.TimeSeriesSpace(16).latent.stages == ()
    assert fv.TimeSeriesSpace(256, decoder="raw").latent.stages == ()
    # In a space of parts the other parts are searched from the first.
    both = type(
        "Both",
        (fv.Space,),
        {"variables": {"x": fv.Real(3), "wave": fv.TimeSeriesSpace(40)}, "decode": lambda self, v: v["wave"]},
    )()
    assert [stage.tolist() for stage in both.latent.stages] == [list(range(19)), list(range(43))]


def test_each_gene_is_the_height_of_one_cosine():
    decoder = fv.TimeSeriesSpace(37, 2)._decoder
    free = decoder.decode(np.eye(74)).reshape(37, 2, 37, 2)
    angle = np.outer(np.arange(37), np.arange(37) + 0.5) * (np.pi / 37)
    cosines = 0.2 * np.sqrt(2 / 37) * np.cos(angle)
    cosines[0] = 0.2 * np.sqrt(1 / 37)
    for channel in (0, 1):
        np.testing.assert_allclose(free[:, channel, :, channel], cosines, atol=1e-12)
        assert not free[:, channel, :, 1 - channel].any()


def test_long_series_need_no_table_of_cosines():
    space = fv.TimeSeriesSpace(200_000)
    series = space.sample(np.random.default_rng(0), 2)
    assert series.shape == (2, 200_000, 1)
    np.testing.assert_allclose(series.std(), 0.2, atol=0.01)


def moved(space, name, n=300):
    move = next(m for m in space.latent.moves if m.name == name)
    generator = np.random.default_rng(5)
    parents, mates = space.latent.sample(generator, n), space.latent.sample(generator, n)
    children = move.propose(parents, mates, generator)
    return (space._decoder.decode(latents.real) for latents in (parents, mates, children))


@pytest.mark.parametrize("decoder", ["fourier", "raw"])
def test_a_shift_turns_the_series(decoder):
    parents, _, children = moved(fv.TimeSeriesSpace(12, 2, decoder=decoder), "time shift")
    shifts = set()
    for parent, child in zip(parents, children, strict=True):
        found = [k for k in range(1, 12) if np.allclose(np.roll(parent, k, axis=0), child)]
        assert len(found) == 1
        shifts.update(found)
    assert shifts == set(range(1, 12))


def test_a_window_comes_from_the_mate_and_may_lie_anywhere():
    parents, mates, children = moved(fv.TimeSeriesSpace(10, decoder="raw"), "window of a mate")
    touched = set()
    for parent, mate, child in zip(parents, mates, children, strict=True):
        changed = np.flatnonzero(~np.isclose(parent, child).all(axis=1))
        touched.update(changed.tolist())
        if not len(changed):
            continue
        window = child[changed[0] : changed[-1] + 1]
        assert len(window) <= 5
        assert any(np.allclose(mate[k : k + len(window)], window) for k in range(11 - len(window)))
    assert touched == set(range(10))


def test_a_window_of_a_reference_is_one_of_theirs():
    space = fv.TimeSeriesSpace.from_examples(WAVES[:3])
    parents, _, children = moved(space, "window of a reference", 40)
    for parent, child in zip(parents, children, strict=True):
        changed = np.flatnonzero(~np.isclose(parent, child).all(axis=1))
        window = child[changed[0] : changed[-1] + 1]
        k = len(window)
        assert any(np.allclose(r[at : at + k], window) for r in space._free for at in range(61 - k))


def test_a_band_leaves_the_other_frequencies():
    parents, mates, children = moved(fv.TimeSeriesSpace(21), "band of a mate")
    p, m, c = (np.fft.rfft(s, axis=1) for s in (parents, mates, children))
    own, other = np.isclose(c, p).all(axis=2), np.isclose(c, m).all(axis=2)
    assert (own | other).all()
    assert other.any(axis=0).all()


def test_windows_are_replaced_one_by_one():
    space = fv.TimeSeriesSpace(30, 2, sampling_rate=10, names=["left", "right"])
    generator = np.random.default_rng(0)
    x, fill = space.sample(generator, 1)[0], space.sample(generator, 4)
    units = space.units(x)
    assert units[:2] == ("0-0.1 s, left", "0-0.1 s, right")
    masks = generator.random((4, len(units))) < 0.5
    found = space.apply(x, units, masks, fill)
    edges = np.linspace(0, 30, 25).astype(int)
    for row in range(4):
        for window, (first, end) in enumerate(itertools.pairwise(edges)):
            for channel in range(2):
                source = x if masks[row, 2 * window + channel] else fill[row]
                np.testing.assert_array_equal(found[row, first:end, channel], source[first:end, channel])
    with pytest.raises(SpaceError, match="expected a mask"):
        space.apply(x, units, masks[:, 1:], fill)


def test_a_single_channel_needs_no_axis():
    space = fv.TimeSeriesSpace(20)
    x = space.sample(np.random.default_rng(0), 3)
    flat = space.encode_inputs(x[:, :, 0])
    assert flat.digest() == space.encode_inputs(x).digest()
    assert len(space.encode_inputs(x[0, :, 0])) == 1


def test_examples_are_written_down_while_they_are_few():
    few = fv.TimeSeriesSpace.from_examples(WAVES[:5])
    assert space_from_spec(few.spec()).spec() == few.spec()
    assert fv.TimeSeriesSpace.from_examples(WAVES).spec() is None


def test_its_block_is_a_series():
    space = fv.TimeSeriesSpace(30, 2, sampling_rate=10, names=["left", "right"])
    (block,) = space.render(space.sample(np.random.default_rng(0), 1)[0])
    assert (block.values.shape, block.sampling_rate, block.names) == ((30, 2), 10.0, ("left", "right"))


@pytest.mark.parametrize(
    "make",
    [
        lambda: fv.TimeSeriesSpace(0),
        lambda: fv.TimeSeriesSpace(10**9),
        lambda: fv.TimeSeriesSpace(10, 0),
        lambda: fv.TimeSeriesSpace(10, low=1, high=1),
        lambda: fv.TimeSeriesSpace(10, low=2, high=1),
        lambda: fv.TimeSeriesSpace(10, sampling_rate=0),
        lambda: fv.TimeSeriesSpace(10, names=["a", "b"]),
        lambda: fv.TimeSeriesSpace(10, 2, names=["a", "a"]),
        lambda: fv.TimeSeriesSpace(10, decoder="furier"),
        lambda: fv.TimeSeriesSpace(10, decoder="raw", decay=1),
        lambda: fv.TimeSeriesSpace(10, knots=5),
        lambda: fv.TimeSeriesSpace(10, decoder="splines", knots=3),
        lambda: fv.TimeSeriesSpace(3, decoder="splines"),
        lambda: fv.TimeSeriesSpace(10, decoder="phase"),
        lambda: fv.TimeSeriesSpace(10, gain=0),
        lambda: fv.TimeSeriesSpace(10, examples=np.zeros((0, 10, 1))),
        lambda: fv.TimeSeriesSpace(10, examples=np.zeros((3, 10, 1))),
        lambda: fv.TimeSeriesSpace(10, examples=np.zeros((3, 9, 1))),
        lambda: fv.TimeSeriesSpace(10, examples=np.full((3, 10, 1), 2.0)),
        lambda: fv.TimeSeriesSpace(10, examples=[[1, 2], [3]]),
        lambda: fv.TimeSeriesSpace(10, examples=np.full((3, 10, 1), np.nan)),
        lambda: fv.TimeSeriesSpace.from_examples(np.full((3, 10), np.nan)),
        lambda: fv.TimeSeriesSpace.from_examples("abc"),
        lambda: fv.TimeSeriesSpace.from_examples(np.zeros((3, 10))),
        lambda: fv.TimeSeriesSpace.from_examples(np.zeros(10)),
        lambda: fv.TimeSeriesSpace(10).render(np.zeros(11)),
        lambda: fv.TimeSeriesSpace(10).encode_inputs(np.full(10, 5.0)),
    ],
)
def test_what_makes_no_sense_is_refused(make):
    with pytest.raises(FeatvizError):
        make()
