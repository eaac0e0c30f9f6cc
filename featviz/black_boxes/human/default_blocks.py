"""What a person is shown of an input when nobody said how to render it."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.blocks import Block, ImageBlock, SeriesBlock, TableBlock, TextBlock
from featviz.text import visible, without_address

__all__ = ["default_blocks"]

_LONGEST = 20_000
# A table of two axes whose second is this short is taken for a series with so many channels.
_MOST_CHANNELS = 64
# Rounding may leave values this far outside of [0, 1].
_TOLERANCE = 1e-6


def default_blocks(x: Any) -> list[Block]:
    """One input as blocks.

    An array of shape (height, width, 1, 3 or 4) with bytes, or with floats in [0, 1], is a picture; another one of one
    or two axes a line for each channel; text is text; a row of a data frame a table; a dict or tuple is shown part
    after part; anything else as Python writes it.
    """
    if isinstance(x, str):
        return [TextBlock(x)]
    if isinstance(x, Mapping) or (isinstance(x, tuple) and x):
        return _parts(x)
    if hasattr(x, "columns") and hasattr(x, "itertuples"):
        return [_table(x)]
    if isinstance(x, np.ndarray) and x.dtype.kind in "fiub" and x.size and np.isfinite(x).all():
        return [_array(x)]
    return [_text(x)]


def _parts(x: Any) -> list[Block]:
    named = x.items() if isinstance(x, Mapping) else ((f"part {i + 1}", part) for i, part in enumerate(x))
    values = list(named)
    if all(not isinstance(part, np.ndarray | Mapping | tuple) and not hasattr(part, "columns") for _, part in values):
        return [TableBlock(("name", "value"), tuple((str(name), _written(part)) for name, part in values))]
    blocks: list[Block] = []
    for name, part in values:
        shown = default_blocks(part)
        blocks += [TextBlock(visible(name)), *shown]
    return blocks


def _table(frame: Any) -> TableBlock:
    rows = next(frame.itertuples(index=False, name=None), ())
    return TableBlock(
        ("column", "value"), tuple((str(name), _written(v)) for name, v in zip(frame.columns, rows, strict=False))
    )


def _array(x: NDArray[Any]) -> Block:
    if x.ndim == 3 and x.shape[2] in {1, 3, 4}:
        if x.dtype == np.uint8:
            return ImageBlock(np.ascontiguousarray(x))
        if x.dtype.kind == "f" and x.min() >= -_TOLERANCE and x.max() <= 1 + _TOLERANCE:
            return ImageBlock(np.rint(np.clip(x, 0, 1) * 255).astype(np.uint8))
    if x.dtype.kind != "b" and (x.ndim == 1 or (x.ndim == 2 and x.shape[1] <= _MOST_CHANNELS)):
        return SeriesBlock(x.astype(np.float64).reshape(len(x), -1))
    return _text(x)


def _text(x: Any) -> TextBlock:
    written = np.array2string(x, precision=4, threshold=400) if isinstance(x, np.ndarray) else _written(x)
    return TextBlock(written[:_LONGEST])


def _written(x: Any) -> str:
    return f"{x:.6g}" if isinstance(x, float | np.floating) else visible(without_address(str(x)), _LONGEST)
