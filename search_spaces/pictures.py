"""Real pictures, from arrays or from files, in the one form that the decoders work with."""

import warnings
from collections.abc import Iterable
from os import PathLike
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from featviz import checks
from featviz.errors import InvalidArgument, SpaceError
from featviz.text import visible

__all__ = ["MAX_VALUES", "PictureShape", "load_pictures", "to_bytes", "to_unit"]

# A batch of 20 float32 pictures of this size is 800 MB. More is a mistake in a shape, not a search.
MAX_VALUES = 10_000_000
# How the channels go together is a matrix of channels x channels.
_MAX_CHANNELS = 1_000
_PIL_MODES = {1: "L", 3: "RGB", 4: "RGBA"}
# Values may lie outside their range by this part of it, for rounding.
_SLACK = 1e-5
# uint8 is 0 to 255 in a space that goes no higher; elsewhere digits of 0 to 16 in uint8 would come out nearly black.
_BYTES_UP_TO = 1


class PictureShape(NamedTuple):
    """The size of one picture and the range of its values."""

    height: int
    width: int
    channels: int
    low: float
    high: float

    @classmethod
    def checked(cls, height: Any, width: Any, channels: Any, low: Any, high: Any) -> "PictureShape":
        """The same, once every number makes sense; nothing is allocated before."""
        h, w = checks.integer("height", height, 1), checks.integer("width", width, 1)
        c = checks.integer("channels", channels, 1, _MAX_CHANNELS)
        values = h * w * c
        if values > MAX_VALUES:
            raise InvalidArgument(
                f"a picture may have {MAX_VALUES:,} values at most, but height x width x channels is "
                f"{h:,} x {w:,} x {c:,} = {values:,}."
            )
        # Pictures are float32, so the range must be one that float32 can tell apart.
        first, last = (checks.finite(name, value, -1e30, 1e30) for name, value in (("low", low), ("high", high)))
        if not np.float32(first) < np.float32(last):
            raise InvalidArgument(f"low must be below high, but low is {first:g} and high is {last:g}.")
        return cls(h, w, c, first, last)

    @property
    def array(self) -> tuple[int, int, int]:
        """(height, width, channels)."""
        return self[:3]


def to_unit(pictures: Any, shape: PictureShape) -> NDArray[np.float64]:
    """Pictures as float64 of shape (n, height, width, channels), with ``low`` as 0 and ``high`` as 1.

    Args:
        pictures: one picture or n, with or without the axis of a single channel. Numbers are values in [low, high],
            whole ones too; except that uint8 is 0 to 255 where high is at most 1, since no others fit there but
            0 and 1: pictures of only these can be read in two ways and are refused.
        shape: what they must have.

    Raises:
        SpaceError: if they have another size, values outside their range, or values that can be read in two ways.
    """
    try:
        given = np.asarray(pictures)
    except ValueError:
        raise SpaceError(f"expected pictures of one size, {_size(shape)}, but their sizes differ.") from None
    if given.dtype.kind not in "uif":
        raise SpaceError(f"pictures must be numbers, but they are {visible(given.dtype)}.")
    batch = _as_batch(given, shape)
    are_bytes = given.dtype == np.uint8 and shape.high <= _BYTES_UP_TO
    low, high = (0.0, 255.0) if are_bytes else (shape.low, shape.high)
    if are_bytes and batch.size and batch.max() == 1:
        raise SpaceError(
            "uint8 pictures are read as 0 to 255, but these hold only 0 and 1, which may be meant otherwise. Give "
            "floats in the range of the space."
        )
    unit = (batch.astype(np.float64) - low) / (high - low)
    # float32 cannot hold every bound: near 300, its numbers are 3e-5 apart.
    slack = _SLACK + float(np.spacing(np.float32(max(abs(low), abs(high))))) / (high - low)
    # Written so that NaN fails too.
    if not ((unit >= -slack) & (unit <= 1 + slack)).all():
        raise SpaceError(
            f"pictures must have values in [{low:g}, {high:g}], but they go from {batch.min():g} to {batch.max():g}."
            f"{_range_hint(given.dtype, shape)}"
        )
    clipped: NDArray[np.float64] = np.clip(unit, 0, 1)
    return clipped


def to_bytes(pictures: NDArray[Any], shape: PictureShape) -> NDArray[np.uint8]:
    """Pictures with values in [low, high] as uint8 of the same shape."""
    unit = (pictures.astype(np.float64) - shape.low) / (shape.high - shape.low)
    return np.rint(np.clip(unit, 0, 1) * 255).astype(np.uint8)


def load_pictures(
    paths: Iterable[str | PathLike[str]], height: int, width: int, channels: int = 1
) -> NDArray[np.uint8]:
    """Picture files, resized, as uint8 of shape (n, height, width, channels).

    A space takes them as they are where its ``high`` is at most 1, or its range [0, 255]; for others scale them.

    Args:
        paths: files that Pillow can read.
        height: of the result, in pixels.
        width: of the result, in pixels. The proportions of a file are not kept.
        channels: 1 for grey, 3 for RGB, 4 for RGBA.

    Raises:
        SpaceError: if a file is missing, is no picture, or has so many pixels that it may be an attack.
    """
    from PIL import Image  # noqa: PLC0415  needed for files only

    shape = PictureShape.checked(height, width, channels, 0, 1)
    if shape.channels not in _PIL_MODES:
        raise InvalidArgument(f"picture files have 1, 3 or 4 channels, but {shape.channels} were asked for.")
    rows = []
    for path in [paths] if isinstance(paths, str | PathLike) else paths:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", Image.DecompressionBombWarning)
                with Image.open(path) as picture:
                    sized = picture.convert(_PIL_MODES[shape.channels]).resize((shape.width, shape.height))
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise SpaceError(f"the picture {visible(path)} is too large to open safely: {visible(error)}") from error
        except (OSError, SyntaxError, ValueError) as error:
            raise SpaceError(f"the file {visible(path)} cannot be read as a picture: {visible(error)}") from error
        rows.append(np.asarray(sized).reshape(shape.array))
    return np.stack(rows) if rows else np.empty((0, *shape.array), dtype=np.uint8)


def _as_batch(given: NDArray[Any], shape: PictureShape) -> NDArray[Any]:
    height, width, channels = shape.array
    if given.shape == shape.array:
        return given[None]
    if given.ndim == 4 and given.shape[1:] == shape.array:
        return given
    if channels == 1 and given.shape == (height, width):
        return given[None, :, :, None]
    if channels == 1 and given.ndim == 3 and given.shape[1:] == (height, width):
        return given[:, :, :, None]
    raise SpaceError(
        f"expected pictures of {_size(shape)} as an array of shape (n, {height}, {width}, {channels}), but it has "
        f"shape {given.shape}. {_what_to_do(given, height * width * channels, (height, width, channels))}"
    )


def _range_hint(dtype: np.dtype[Any], shape: PictureShape) -> str:
    if dtype.kind == "f":
        return ""
    if shape.high <= _BYTES_UP_TO:
        return " Whole numbers of 0 to 255 must be of the dtype uint8."
    return f" Pictures of 0 to 255 must be scaled: {shape.low:g} + pictures * ({shape.high - shape.low:g} / 255)."


def _what_to_do(given: NDArray[Any], values: int, shape: tuple[int, int, int]) -> str:
    if given.ndim >= 1 and given.size and given.size % values == 0:
        sizes = ", ".join(map(str, shape))
        return f"It holds as many numbers as {given.size // values} of them: reshape it to (-1, {sizes})."
    return "Resize them first; featviz.search_spaces.load_pictures does so for files."


def _size(shape: PictureShape) -> str:
    return f"{shape.height} x {shape.width} pixels with {shape.channels} channel{'s' * (shape.channels > 1)}"
