import io

import numpy as np
import pytest
from PIL import Image

from featviz.display.pictures import png, shown_size, thumbnail, to_image


def pixels(height, width, channels, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, channels), dtype=np.uint8)


def reread(data):
    return np.asarray(Image.open(io.BytesIO(data)))


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_png_holds_the_very_pixels(channels):
    given = pixels(7, 5, channels)
    assert np.array_equal(reread(png(to_image(given))).reshape(given.shape), given)


@pytest.mark.parametrize("channels", [2, 5])
def test_other_channel_counts_show_the_mean(channels):
    given = pixels(7, 5, channels)
    shown = reread(png(to_image(given)))
    assert shown.shape == (7, 5)
    assert np.abs(shown - given.mean(axis=2)).max() <= 0.5


def test_an_array_that_is_not_contiguous():
    given = pixels(8, 8, 3)[::-1, ::2]
    assert np.array_equal(np.asarray(to_image(given)), given)


def test_small_thumbnails_are_lossless():
    given = pixels(8, 8, 3)
    assert np.array_equal(reread(thumbnail(to_image(given))), given)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_large_thumbnails_are_small_files(channels):
    rows, columns = np.mgrid[0:600, 0:1200]
    smooth = (127 + 100 * np.sin(rows / 90) * np.cos(columns / 70)).astype(np.uint8)
    data = thumbnail(to_image(np.repeat(smooth[:, :, None], channels, axis=2)))
    assert Image.open(io.BytesIO(data)).size == (256, 128)
    assert len(data) <= 6_000


def test_tiny_pictures_are_enlarged_by_a_whole_factor_with_square_pixels():
    size = shown_size(8, 12, 170)
    assert (size.width, size.height, size.pixelated) == (112, 168, True)


def test_larger_pictures_fill_the_square():
    size = shown_size(64, 128, 168)
    assert (size.width, size.height, size.pixelated) == (84, 168, False)
    assert (shown_size(4000, 1, 512).width, shown_size(4000, 1, 512).height) == (512, 1)
