"""Total variation against its definition, pixel by pixel."""

import math

import numpy as np
import pytest

import featviz as fv
from featviz.errors import InvalidArgument, WrongType


def by_definition(picture, isotropic):
    height, width, channels = picture.shape
    total = 0.0
    for c in range(channels):
        for y in range(height):
            for x in range(width):
                down = picture[y + 1, x, c] - picture[y, x, c] if y + 1 < height else 0.0
                right = picture[y, x + 1, c] - picture[y, x, c] if x + 1 < width else 0.0
                total += math.hypot(down, right) if isotropic else abs(down) + abs(right)
    return total / picture.size


@pytest.mark.parametrize("isotropic", [False, True])
@pytest.mark.parametrize("shape", [(3, 5, 4, 2), (2, 1, 6, 1), (2, 6, 1, 3), (1, 1, 1, 1)])
def test_definition(shape, isotropic):
    pictures = np.random.default_rng(0).random(shape)
    values = fv.total_variation(isotropic=isotropic).value(pictures)
    np.testing.assert_allclose(values, [by_definition(p, isotropic) for p in pictures], rtol=1e-12, atol=1e-15)


def test_a_weight_means_the_same_at_every_size():
    noise = np.random.default_rng(0).random((1, 200, 200, 1))
    small, large = fv.total_variation().value(noise[:, :50, :50])[0], fv.total_variation().value(noise)[0]
    assert large == pytest.approx(small, rel=0.05)


def test_bytes_do_not_wrap_around():
    pictures = np.array([[[[200], [10]]]], dtype=np.uint8)
    assert fv.total_variation().value(pictures)[0] == 190 / 2


def test_no_pictures_have_no_values():
    assert fv.total_variation().value(np.zeros((0, 4, 4, 1))).shape == (0,)


@pytest.mark.parametrize(
    ("inputs", "error"),
    [
        (np.zeros((2, 4, 4, 1, 1)), InvalidArgument),
        (np.zeros((2, 16)), InvalidArgument),
        (["text"], WrongType),
        ({"image": np.zeros((2, 4, 4, 1))}, WrongType),
        (np.array(["a"]), WrongType),
    ],
)
def test_it_is_for_pictures_and_series(inputs, error):
    with pytest.raises(error, match=r"\(n, height, width, channels\).*Leave it out"):
        fv.total_variation().value(inputs)


def test_isotropic_is_true_or_false():
    with pytest.raises(WrongType, match="isotropic"):
        fv.total_variation(isotropic=1)
