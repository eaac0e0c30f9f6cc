"""Pictures as arrays and as files: read in the one way that is meant, or refused with a reason."""

import numpy as np
import pytest
from PIL import Image

from featviz.errors import InvalidArgument, SpaceError
from featviz.search_spaces import load_pictures
from featviz.search_spaces.pictures import PictureShape, to_unit

SIXTEENTHS = [[0, 4], [8, 16]]


def unit(values, dtype, low, high):
    return to_unit(np.array(values, dtype=dtype), PictureShape(2, 2, 1, low, high))[0, :, :, 0].tolist()


@pytest.mark.parametrize("dtype", ["uint8", "int32", "int64", "float32"])
@pytest.mark.parametrize(("low", "high"), [(0, 16), (0, 255), (-16, 48), (0, 1000)])
def test_numbers_are_values_of_the_range_whatever_their_dtype(dtype, low, high):
    assert unit(SIXTEENTHS, dtype, low, high) == [[(v - low) / (high - low) for v in row] for row in SIXTEENTHS]


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-1, 1), (-0.5, 0.5)])
def test_bytes_are_pictures_where_they_can_be_nothing_else(low, high):
    assert unit([[0, 51], [102, 255]], "uint8", low, high) == [[0, 0.2], [0.4, 1]]
    assert unit([[0, 0], [0, 0]], "uint8", low, high) == [[0, 0], [0, 0]]
    with pytest.raises(SpaceError, match=r"only 0 and 1.*Give floats"):
        unit([[0, 1], [0, 0]], "uint8", low, high)


def test_a_mask_of_whole_numbers_is_not_nearly_black():
    assert unit([[0, 1], [1, 0]], "int64", 0, 1) == [[0, 1], [1, 0]]


@pytest.mark.parametrize(
    ("values", "dtype", "low", "high", "hint"),
    [
        (SIXTEENTHS, "int64", 0, 1, r"from 0 to 16\. Whole numbers of 0 to 255 must be of the dtype uint8"),
        (SIXTEENTHS, "float64", 0, 1, r"\[0, 1\], but they go from 0 to 16\.$"),
        ([[0, 1], [2, 255]], "uint8", -2, 14, r"scaled: -2 \+ pictures \* \(16 / 255\)"),
        ([[0, 1], [2, 256]], "int16", 0, 255, r"\[0, 255\], but they go from 0 to 256"),
        ([[-1, 1], [2, 3]], "int16", 0, 255, r"from -1 to 3"),
        ([[0, 1], [2, np.nan]], "float32", 0, 255, "nan"),
    ],
)
def test_what_fits_no_reading_is_refused(values, dtype, low, high, hint):
    with pytest.raises(SpaceError, match=hint):
        unit(values, dtype, low, high)


@pytest.fixture
def files(tmp_path):
    paths = []
    for i, (mode, colour) in enumerate([("RGB", (255, 0, 0)), ("L", 128), ("RGBA", (0, 255, 0, 255))]):
        paths.append(tmp_path / f"{i}.png")
        Image.new(mode, (20 + i, 10), colour).save(paths[-1])
    return paths


def test_files_are_resized_and_converted(files):
    pictures = load_pictures(files, 6, 4, 3)
    assert pictures.shape == (3, 6, 4, 3)
    assert pictures.dtype == np.uint8
    np.testing.assert_array_equal(pictures[:, 0, 0], [[255, 0, 0], [128, 128, 128], [0, 255, 0]])
    assert load_pictures(files[:1], 5, 5).shape == (1, 5, 5, 1)
    assert load_pictures(str(files[0]), 5, 5, 4).shape == (1, 5, 5, 4)
    assert load_pictures([], 5, 5).shape == (0, 5, 5, 1)


def test_refuses_two_channels(files):
    with pytest.raises(InvalidArgument, match="1, 3 or 4 channels"):
        load_pictures(files, 5, 5, 2)


def png_header(width, height):
    """A PNG that claims a size and holds nothing."""
    import struct
    import zlib

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (png_header(60_000, 60_000), "too large to open safely"),
        (png_header(10_000, 10_000), "too large to open safely"),
        (png_header(10, 10), "cannot be read as a picture"),
        (b"not a picture", "cannot be read as a picture"),
        (b"", "cannot be read as a picture"),
    ],
)
def test_bad_files(tmp_path, content, message):
    path = tmp_path / "bad\u202egnp.png"
    path.write_bytes(content)
    with pytest.raises(SpaceError, match=message) as caught:
        load_pictures([path], 5, 5)
    assert "\u202e" not in str(caught.value)


def test_missing_file_and_folder(tmp_path):
    for path in (tmp_path / "none.png", tmp_path):
        with pytest.raises(SpaceError, match="cannot be read"):
            load_pictures([path], 5, 5)
