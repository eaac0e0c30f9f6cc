"""featviz.blocks: data for a reader, never markup."""

import dataclasses

import numpy as np
import pytest

from featviz.blocks import ImageBlock, TextBlock
from featviz.errors import InvalidArgument, WrongType


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 7])
def test_pictures_of_any_channel_count(channels):
    block = ImageBlock(np.zeros((4, 5, channels), dtype=np.uint8), caption="a picture")
    assert block.caption == "a picture"


@pytest.mark.parametrize(
    ("pixels", "error", "says"),
    [
        (np.zeros((4, 5, 3)), InvalidArgument, "float64 of shape (4, 5, 3)"),
        (np.zeros((4, 5), dtype=np.uint8), InvalidArgument, "shape (4, 5)"),
        (np.zeros((1, 4, 5, 3), dtype=np.uint8), InvalidArgument, "shape (1, 4, 5, 3)"),
        (np.zeros((0, 5, 3), dtype=np.uint8), InvalidArgument, "none of them 0"),
        (np.zeros((4, 5, 0), dtype=np.uint8), InvalidArgument, "none of them 0"),
        ([[[0]]], WrongType, "a list"),
        (None, WrongType, "a NoneType"),
    ],
)
def test_refuses(pixels, error, says):
    with pytest.raises(error) as caught:
        ImageBlock(pixels)
    assert says in str(caught.value)


@pytest.mark.parametrize("block", [ImageBlock(np.zeros((1, 1, 1), dtype=np.uint8)), TextBlock("<b>")])
def test_blocks_are_frozen_and_uncaptioned_by_default(block):
    assert block.caption == ""
    with pytest.raises(dataclasses.FrozenInstanceError):
        block.caption = "x"
