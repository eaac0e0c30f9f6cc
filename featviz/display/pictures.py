"""Pictures of a block as files, and how large to show them."""

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["Size", "png", "shown_size", "thumbnail", "to_image"]

THUMBNAIL_SIDE = 256
# A thumbnail is lossless while it stays below this, so that small pictures are what the box saw.
_LOSSLESS_BYTES = 6_000
_LOSSY_QUALITY = 82
# Below this long side the pixels themselves are the subject, and interpolation would invent what is not there.
_PIXELATED_SIDE = 96


@dataclass(frozen=True)
class Size:
    """Width and height in CSS pixels, and whether pixels are shown as squares."""

    width: int
    height: int
    pixelated: bool


def to_image(pixels: NDArray[np.uint8]) -> Image.Image:
    """The picture of a uint8 array of shape (height, width, channels).

    One channel is grey, three are RGB, four RGBA; of any other number the mean is shown.
    """
    channels = pixels.shape[2]
    if channels == 1:
        return Image.fromarray(np.ascontiguousarray(pixels[:, :, 0]))
    if channels in {3, 4}:
        return Image.fromarray(np.ascontiguousarray(pixels))
    mean = pixels.mean(axis=2) if channels else np.zeros(pixels.shape[:2])
    return Image.fromarray(np.rint(mean).astype(np.uint8))


def png(image: Image.Image) -> bytes:
    """``image`` without loss."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def thumbnail(image: Image.Image) -> bytes:
    """``image`` as WebP, at most 256 pixels on its long side; lossless where that stays small."""
    small = image.convert("RGB" if image.mode == "L" else image.mode)
    small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    small.save(buffer, "WEBP", lossless=True, quality=100, method=4)
    if buffer.tell() > _LOSSLESS_BYTES:
        buffer = io.BytesIO()
        small.save(buffer, "WEBP", quality=_LOSSY_QUALITY, alpha_quality=_LOSSY_QUALITY // 2, method=6)
    return buffer.getvalue()


def shown_size(width: int, height: int, target: int) -> Size:
    """The size at which a picture of ``width`` x ``height`` fills a square of ``target`` CSS pixels.

    The pixels of a tiny picture are shown as squares, and for that it is enlarged by a whole factor.
    """
    longest = max(width, height)
    pixelated = longest <= min(_PIXELATED_SIDE, target)
    factor = target // longest if pixelated else target / longest
    return Size(max(1, round(width * factor)), max(1, round(height * factor)), pixelated)
