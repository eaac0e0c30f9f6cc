"""Random transformations: what they do, that a draw is shared by the batch, and how they are written."""

import tomllib

import numpy as np
import pandas as pd
import pytest
import tomli_w
from scipy import ndimage

import featviz as fv
from featviz.errors import InvalidArgument, InvalidConfig, NameNotFound, WrongType
from featviz.transformations import TRANSFORMATIONS, Transformation, as_transformations, spec_of

PICTURES = np.random.default_rng(0).random((5, 9, 7, 2)).astype(np.float32)
SERIES = np.random.default_rng(1).random((5, 20, 2)).astype(np.float32)
IDS = np.random.default_rng(2).integers(1, 50, (5, 12))
TEXTS = ["one two three four", "a b", "", "x y z x y z x y z", "p q r s t"]
FRAME = pd.DataFrame(
    {
        "age": [20, 30, 40, 50, 60],
        "income": [1e3, 2e3, 3e3, np.nan, 5e3],
        "small": np.arange(5, dtype=np.float32),
        "count": pd.array([1, 2, None, 4, 5], dtype="Int64"),
        "city": pd.Categorical(list("abcab")),
        "on": [True, False, True, False, True],
    }
)
EVERY = [
    (fv.jitter(2), PICTURES),
    (fv.scaling(0.8, 1.2), PICTURES),
    (fv.rotation(20), PICTURES),
    (fv.noise(0.1), PICTURES),
    (fv.noise(0.1, low=0.0, high=1.0), SERIES),
    (fv.time_shift(4), SERIES),
    (fv.token_dropout(0.4, fill=0), IDS),
    (fv.token_dropout(0.4), TEXTS),
    (fv.token_dropout(0.4, fill="[MASK]"), TEXTS),
    (fv.row_noise(0.1), FRAME),
    (fv.row_noise({"age": 5.0, "count": 2.0}), FRAME),
]
each = pytest.mark.parametrize(
    ("change", "inputs"), EVERY, ids=lambda v: repr(v) if isinstance(v, Transformation) else ""
)


def rng(seed=0):
    return np.random.default_rng(seed)


def same(a, b):
    if isinstance(a, pd.DataFrame):
        pd.testing.assert_frame_equal(a, b)
    else:
        np.testing.assert_array_equal(a, b)


@each
def test_the_form_is_kept_and_the_inputs_are_not_changed(change, inputs):
    before = inputs.copy()
    changed = change(inputs, rng())
    same(inputs, before)
    assert type(changed) is type(inputs)
    assert len(changed) == len(inputs)
    if isinstance(inputs, np.ndarray):
        assert (changed.dtype, changed.shape) == (inputs.dtype, inputs.shape)
    if isinstance(inputs, pd.DataFrame):
        assert changed.dtypes.equals(inputs.dtypes)


@each
def test_it_changes_something_and_is_seeded(change, inputs):
    same(change(inputs, rng(3)), change(inputs, rng(3)))
    several = [change(inputs, rng(seed)) for seed in range(8)]
    assert any(not _equal(one, several[0]) for one in several)


def _equal(a, b):
    return a.equals(b) if isinstance(a, pd.DataFrame) else bool(np.array_equal(a, b))


@each
def test_one_draw_is_shared_by_the_batch_however_it_is_cut(change, inputs):
    whole = change(inputs, rng(5))
    for rows in (slice(0, 1), slice(1, 4), slice(4, 5)):
        part = inputs.iloc[rows] if isinstance(inputs, pd.DataFrame) else inputs[rows]
        want = whole.iloc[rows] if isinstance(whole, pd.DataFrame) else whole[rows]
        same(change(part, rng(5)), want)


@each
def test_it_is_rebuilt_from_its_spec(change, inputs):
    spec = tomllib.loads(tomli_w.dumps({"t": spec_of([change])}))["t"]
    (again,) = as_transformations(spec)
    assert repr(again) == repr(change)
    same(again(inputs, rng()), change(inputs, rng()))


def test_jitter_moves_and_repeats_the_border():
    ramp = np.arange(5.0).reshape(1, 1, 5, 1) + 10 * np.arange(3).reshape(1, 3, 1, 1)
    seen = {tuple(fv.jitter(1)(ramp, rng(seed))[0, 1, :, 0]) for seed in range(60)}
    moved = {tuple(10 * row + np.clip(np.arange(5) + d, 0, 4)) for row in (0, 1, 2) for d in (-1, 0, 1)}
    assert seen == moved
    same(fv.jitter(0)(PICTURES, rng()), PICTURES)


@pytest.mark.parametrize("seed", range(5))
def test_rotation_and_scaling_agree_with_scipy(seed):
    smooth = ndimage.gaussian_filter(np.random.default_rng(0).random((1, 31, 21, 1)), (0, 3, 3, 0))
    angle = rng(seed).uniform(-30, 30)
    want = ndimage.rotate(smooth[0, ..., 0], angle, reshape=False, order=1, mode="nearest")
    np.testing.assert_allclose(fv.rotation(30)(smooth, rng(seed))[0, ..., 0], want, atol=1e-6)
    factor = np.exp(rng(seed).uniform(np.log(0.7), np.log(1.5)))
    centre = np.array([15, 10])
    want = ndimage.affine_transform(
        smooth[0, ..., 0], np.eye(2) / factor, centre - centre / factor, order=1, mode="nearest"
    )
    np.testing.assert_allclose(fv.scaling(0.7, 1.5)(smooth, rng(seed))[0, ..., 0], want, atol=1e-6)


def test_nothing_to_do_changes_nothing():
    np.testing.assert_allclose(fv.rotation(0)(PICTURES, rng()), PICTURES, atol=1e-6)
    np.testing.assert_allclose(fv.scaling(1, 1)(PICTURES, rng()), PICTURES, atol=1e-6)
    same(fv.noise(0)(PICTURES, rng()), PICTURES)
    same(fv.time_shift(0)(SERIES, rng()), SERIES)
    same(fv.token_dropout(0)(TEXTS, rng()), TEXTS)
    same(fv.row_noise(0)(FRAME, rng()), FRAME)


def test_bytes_are_rounded_and_do_not_wrap():
    white = np.full((1, 6, 6, 3), 255, dtype=np.uint8)
    for change in (fv.rotation(45), fv.scaling(0.5, 2), fv.jitter(2)):
        same(change(white, rng()), white)


def test_noise_is_normal_and_cut_off():
    drawn = fv.noise(0.5)(np.zeros((1, 100, 100, 1)), rng())
    assert drawn.std() == pytest.approx(0.5, rel=0.05)
    cut = fv.noise(0.5, low=0, high=1)(np.zeros((1, 100, 100, 1)), rng())
    assert cut.min() == 0
    assert 0.9 < cut.max() <= 1


def test_time_shift():
    ramp = np.arange(6.0).reshape(1, 6, 1)
    seen = {tuple(fv.time_shift(2)(ramp, rng(seed))[0, :, 0]) for seed in range(60)}
    assert seen == {tuple(np.clip(np.arange(6.0) + d, 0, 5)) for d in range(-2, 3)}


def test_token_dropout():
    same(fv.token_dropout(1, fill=7)(IDS, rng()), np.full_like(IDS, 7))
    assert fv.token_dropout(1)(TEXTS, rng()) == [""] * 5
    assert fv.token_dropout(1, fill="_")(["a b"], rng()) == ["_ _"]
    padded = np.array([[3, 4, -2, -2]])
    same(fv.token_dropout(1, fill=0)(padded, rng()), [[0, 0, -2, -2]])
    share = (fv.token_dropout(0.3, fill=0)(np.ones((1, 5000), dtype=np.int64), rng()) == 0).mean()
    assert share == pytest.approx(0.3, abs=0.03)


def test_row_noise_leaves_alone_what_is_no_number():
    changed = fv.row_noise(0.1)(FRAME, rng())
    for column in ("city", "on"):
        same(changed[[column]], FRAME[[column]])
    assert changed.isna().equals(FRAME.isna())
    some = fv.row_noise({"age": 5.0})(FRAME, rng())
    same(some.drop(columns="age"), FRAME.drop(columns="age"))
    assert len(set(some.age - FRAME.age)) == 1


@pytest.mark.parametrize(
    ("change", "inputs", "words"),
    [
        (fv.jitter(1), TEXTS, r"jitter is for pictures.*a list of 5 inputs"),
        (fv.rotation(1), SERIES, "rotation is for pictures"),
        (fv.time_shift(1), PICTURES, "time_shift is for series"),
        (fv.noise(1), IDS, "noise is for floats"),
        (fv.noise(1), FRAME, "noise is for pictures, series"),
        (fv.token_dropout(0.1), IDS, "the id that stands in"),
        (fv.token_dropout(0.1, fill=3), TEXTS, "filled with text"),
        (fv.token_dropout(0.1), PICTURES, "for texts and rows of ids"),
        (fv.row_noise(0.1), IDS, "rows of a table"),
        (fv.row_noise({"agee": 1}), FRAME, r"lack. Did you mean 'age'"),
        (fv.row_noise({"city": 1}), FRAME, "for numbers, but column 'city'"),
    ],
)
def test_inputs_of_another_kind(change, inputs, words):
    with pytest.raises(WrongType, match=words):
        change(inputs, rng())


@pytest.mark.parametrize(
    "make",
    [
        lambda: fv.jitter(-1),
        lambda: fv.jitter(1.5),
        lambda: fv.rotation(181),
        lambda: fv.scaling(0, 1),
        lambda: fv.scaling(2, 1),
        lambda: fv.noise(-1),
        lambda: fv.noise(float("nan")),
        lambda: fv.noise(1, low=1, high=0),
        lambda: fv.token_dropout(1.1),
        lambda: fv.row_noise({}),
        lambda: fv.time_shift(-3),
        lambda: as_transformations([]),
    ],
)
def test_options_that_make_no_sense(make):
    with pytest.raises(InvalidArgument):
        make()


def test_what_is_taken_for_a_transformation():
    def own(inputs, rng):
        return inputs

    assert as_transformations(own) == (own,)
    assert as_transformations("numpy:add") == (np.add,)
    assert spec_of([own]) is None
    for wrong in (3, None, fv.jitter, dict):
        if wrong is fv.jitter:
            continue  # a function; it fails when it is called
        with pytest.raises(WrongType, match="a transformation is one such as"):
            as_transformations(wrong)
    for table, kind, words in (
        ({"kind": "jiter", "pixels": 1}, NameNotFound, "Did you mean 'jitter'"),
        ({"kind": "jitter"}, InvalidConfig, "transformation jitter"),
        ({"kind": "jitter", "pixels": 1, "pixel": 1}, InvalidConfig, "pixel"),
        ({"pixels": 1}, InvalidConfig, "entry 'kind'"),
    ):
        with pytest.raises(kind, match=words):
            as_transformations([table])


def test_the_registry():
    assert all(TRANSFORMATIONS.get(name).kind == name for name in TRANSFORMATIONS.names())
