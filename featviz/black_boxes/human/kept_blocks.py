"""Blocks as JSON values and back: what was shown is told apart by them, and anchors are kept in the journal as them."""

import base64
import hashlib
import json
import math
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featviz.blocks import Block, ImageBlock, SeriesBlock, TableBlock, TextBlock, TokensBlock
from featviz.errors import RunDamaged, WrongType
from featviz.text import first_line, shown

__all__ = ["blocks_from_json", "blocks_to_json", "key_of"]

# What a reader bears of a journal that may come from somebody else.
_MOST_BYTES = 100_000_000
_TYPES = {"|u1": np.uint8, "<f4": np.float32, "<f8": np.float64}


def key_of(question: str, blocks: Sequence[Block]) -> str:
    """32 hexadecimal digits for what a person is shown: the question, and the blocks of an input.

    Inputs that look the same have the same key, whatever their last digits are: nobody could answer them differently.
    """
    content = json.dumps([question, blocks_to_json(blocks)], sort_keys=True)
    return hashlib.blake2b(content.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def blocks_to_json(blocks: Sequence[Block]) -> list[dict[str, Any]]:
    """``blocks`` as values that JSON holds."""
    return [_written(block) for block in blocks]


def blocks_from_json(values: Any) -> list[Block]:
    """The blocks that :func:`blocks_to_json` wrote.

    Raises:
        RunDamaged: when they are none.
    """
    try:
        return [_read(dict(value)) for value in values]
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, zlib.error) as error:
        raise RunDamaged(f"a stored candidate cannot be read: {first_line(error)}") from error


def _written(block: Block) -> dict[str, Any]:
    if isinstance(block, ImageBlock):
        return {"kind": "image", "pixels": _packed(block.pixels), "caption": block.caption}
    if isinstance(block, TextBlock):
        return {"kind": "text", "text": block.text, "caption": block.caption}
    if isinstance(block, TokensBlock):
        return {
            "kind": "tokens",
            "tokens": list(block.tokens),
            "caption": block.caption,
            "changed": list(block.changed),
        }
    if isinstance(block, TableBlock):
        return {
            "kind": "table",
            "columns": list(block.columns),
            "rows": [list(row) for row in block.rows],
            "caption": block.caption,
            "changed": list(block.changed),
        }
    if isinstance(block, SeriesBlock):
        return {
            "kind": "series",
            "values": _packed(block.values),
            "caption": block.caption,
            "sampling_rate": block.sampling_rate,
            "names": list(block.names),
        }
    raise WrongType(f"render must return blocks such as fv.ImageBlock, but it returned {shown(block)}.")


def _read(value: dict[str, Any]) -> Block:
    kind = value.pop("kind")
    if kind == "image":
        return ImageBlock(_unpacked(value["pixels"], {"|u1"}), str(value["caption"]))
    if kind == "text":
        return TextBlock(str(value["text"]), str(value["caption"]))
    if kind == "tokens":
        return TokensBlock(**value)
    if kind == "table":
        return TableBlock(**value)
    if kind == "series":
        return SeriesBlock(**value | {"values": _unpacked(value["values"], {"<f4", "<f8"})})
    raise ValueError(f"there are no blocks of kind {shown(kind)}")


def _packed(array: NDArray[Any]) -> list[Any]:
    little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    return [little.dtype.str, list(little.shape), base64.b64encode(zlib.compress(little.tobytes(), 6)).decode("ascii")]


def _unpacked(value: Any, types: set[str]) -> NDArray[Any]:
    dtype, shape, text = value
    if dtype not in types:
        raise ValueError(f"an array is of type {shown(dtype)}")
    size = math.prod(shape) * np.dtype(_TYPES[dtype]).itemsize
    if size > _MOST_BYTES:
        raise ValueError(f"an array would take {size:,} bytes")
    raw = zlib.decompressobj().decompress(base64.b64decode(text, validate=True), size + 1)
    if len(raw) != size:
        raise ValueError("an array has the wrong length")
    return np.frombuffer(raw, dtype=dtype).astype(_TYPES[dtype]).reshape(shape)
