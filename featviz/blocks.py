"""Typed blocks: what a space's ``render`` returns, for the gallery and the run directory to show.

A block holds data and never markup, so that no space can put HTML into a page.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.checks import finite
from featviz.errors import InvalidArgument, WrongType
from featviz.text import shown

__all__ = ["Block", "ImageBlock", "SeriesBlock", "TableBlock", "TextBlock", "TokensBlock"]


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


@dataclass(frozen=True)
class TokensBlock:
    """A sequence of tokens, shown one by one, so that a reader sees where each begins.

    Args:
        tokens: text of each token in order, spaces included; none is an empty sequence.
        caption: plain text, shown below; may be empty.
        changed: for each token whether it is to be emphasised, for instance because it differs from a reference;
            empty when none is.
    """

    tokens: tuple[str, ...]
    caption: str = ""
    changed: tuple[bool, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "tokens", _texts("tokens", self.tokens))
        object.__setattr__(self, "changed", _flags(self.changed, len(self.tokens), "tokens"))
        _text("caption", self.caption)


@dataclass(frozen=True)
class TableBlock:
    """A small table of text, such as the columns of a data frame with the values that an input gives them.

    Args:
        columns: the head of each column, at least one.
        rows: the cells of each row, as many as there are columns; numbers are already written out.
        caption: plain text, shown below; may be empty.
        changed: for each row whether it differs from a reference; empty when there is none.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""
    changed: tuple[bool, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", _texts("columns", self.columns))
        if not self.columns:
            raise InvalidArgument("columns must hold at least one name, but it is empty.")
        if not isinstance(self.rows, tuple | list):
            raise WrongType(f"rows must be a tuple of tuples of text, but it is {shown(self.rows)}.")
        rows = tuple(_texts(f"row {i} of rows", row) for i, row in enumerate(self.rows))
        width = len(self.columns)
        for i, row in enumerate(rows):
            if len(row) != width:
                raise InvalidArgument(f"each row must have {width} cells, one a column, but row {i} has {len(row)}.")
        object.__setattr__(self, "rows", rows)
        object.__setattr__(self, "changed", _flags(self.changed, len(rows), "rows"))
        _text("caption", self.caption)


@dataclass(frozen=True, eq=False)
class SeriesBlock:
    """One or several channels over time.

    Args:
        values: float32 or float64 array of shape (length, channels), at least one of each, all finite.
        caption: plain text, shown below; may be empty.
        sampling_rate: samples per second; None when time has no unit.
        names: the name of each channel; empty when they have none.
    """

    values: NDArray[np.float32] | NDArray[np.float64]
    caption: str = ""
    sampling_rate: float | None = None
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        values = self.values
        if not isinstance(values, np.ndarray):
            raise WrongType(f"values must be a numpy array, but they are a {type(values).__name__}.")
        if values.dtype not in (np.float32, np.float64) or values.ndim != 2 or 0 in values.shape:
            raise InvalidArgument(
                "values must be a float32 or float64 array of shape (length, channels), none of them 0, "
                f"but they are {values.dtype} of shape {values.shape}."
            )
        if not np.isfinite(values).all():
            raise InvalidArgument("values must be finite, but there is NaN or infinity among them.")
        if self.sampling_rate is not None:
            rate = finite("sampling_rate", self.sampling_rate, minimum=0, exclusive=True)
            object.__setattr__(self, "sampling_rate", rate)
        object.__setattr__(self, "names", _texts("names", self.names))
        if len(self.names) not in {0, values.shape[1]}:
            raise InvalidArgument(
                f"names must hold one name a channel, or none, but {values.shape[1]} channels have {len(self.names)}."
            )
        _text("caption", self.caption)


Block = ImageBlock | TextBlock | TokensBlock | TableBlock | SeriesBlock


def _text(name: str, value: Any) -> None:
    if not isinstance(value, str):
        raise WrongType(f"{name} must be text, but it is {shown(value)}.")


def _texts(name: str, values: Any) -> tuple[str, ...]:
    if not isinstance(values, tuple | list):
        raise WrongType(f"{name} must be a tuple of text, but it is {shown(values)}.")
    for value in values:
        if not isinstance(value, str):
            raise WrongType(f"{name} must hold text, but it holds {shown(value)}. Write numbers out first.")
    return tuple(str(value) for value in values)


def _flags(values: Any, length: int, of: str) -> tuple[bool, ...]:
    if isinstance(values, np.ndarray):
        values = values.tolist()
    if not isinstance(values, tuple | list) or not all(isinstance(value, bool | np.bool_) for value in values):
        raise WrongType(f"changed must be a tuple of True and False, but it is {shown(values)}.")
    if len(values) not in {0, length}:
        raise InvalidArgument(f"changed must be empty or one for each of the {length} {of}, but it has {len(values)}.")
    return tuple(bool(value) for value in values)
