"""Typed blocks: what a space's ``render`` returns, for the gallery and the run directory to show.

A block holds data and never markup, so that no space can put HTML into a page.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from featviz.errors import InvalidArgument, WrongType

__all__ = ["Block", "ImageBlock", "TextBlock"]


@dataclass(frozen=True, eq=False)
class ImageBlock:
    """A picture.

    Args:
        pixels: uint8 array of shape (height, width, channels); one channel is shown as grey, two or more than
            four as the mean of the channels, three as RGB, four as RGBA.
        caption: plain text, shown below; may be empty.
    """

    pixels: NDArray[np.uint8]
    caption: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.pixels, np.ndarray):
            raise WrongType(f"pixels must be a numpy array, but they are a {type(self.pixels).__name__}.")
        if self.pixels.dtype != np.uint8 or self.pixels.ndim != 3 or 0 in self.pixels.shape:
            raise InvalidArgument(
                "pixels must be a uint8 array of shape (height, width, channels), none of them 0, "
                f"but they are {self.pixels.dtype} of shape {self.pixels.shape}."
            )


@dataclass(frozen=True)
class TextBlock:
    """Plain text, shown as it is; what cannot be seen is shown escaped."""

    text: str
    caption: str = ""


Block = ImageBlock | TextBlock
