"""featviz.blocks: data for a reader, never markup."""

import dataclasses

import numpy as np
import pytest

from featviz.blocks import ImageBlock, SeriesBlock, TableBlock, TextBlock, TokensBlock
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


ONE = np.zeros((3, 2), dtype=np.float32)


def test_tokens_and_tables_keep_tuples_whatever_list_they_are_given():
    tokens = TokensBlock(["a", "", "\ud800"], changed=np.array([True, False, False]))
    assert tokens == TokensBlock(("a", "", "\ud800"), "", (True, False, False))
    assert hash(tokens) == hash(TokensBlock(("a", "", "\ud800"), "", (True, False, False)))
    table = TableBlock(["a"], [["1"], ["2"]], changed=[np.True_, False])
    assert (table.columns, table.rows, table.changed) == (("a",), (("1",), ("2",)), (True, False))
    assert type(table.changed[0]) is bool
    assert TokensBlock(()).tokens == ()
    assert TableBlock(("a",), ()).rows == ()


def test_a_series_keeps_its_array_and_its_rate():
    block = SeriesBlock(ONE, sampling_rate=np.int64(250), names=["x", "y"])
    assert block.values is ONE
    assert (block.sampling_rate, block.names) == (250.0, ("x", "y"))
    assert type(block.sampling_rate) is float
    assert SeriesBlock(np.ones((1, 1))).sampling_rate is None


@pytest.mark.parametrize(
    ("make", "error", "says"),
    [
        (lambda: TokensBlock("abc"), WrongType, "tokens must be a tuple of text"),
        (lambda: TokensBlock(("a", 3)), WrongType, "tokens must hold text, but it holds 3 (int)"),
        (lambda: TokensBlock((b"a",)), WrongType, "bytes"),
        (lambda: TokensBlock(("a",), None), WrongType, "caption must be text"),
        (lambda: TokensBlock(("a",), changed=(True, False)), InvalidArgument, "each of the 1 tokens, but it has 2"),
        (lambda: TokensBlock(("a",), changed=(1,)), WrongType, "True and False"),
        (lambda: TableBlock((), ()), InvalidArgument, "at least one name"),
        (lambda: TableBlock("ab", ()), WrongType, "columns must be a tuple of text"),
        (lambda: TableBlock(("a",), "b"), WrongType, "rows must be a tuple"),
        (lambda: TableBlock(("a",), ("b",)), WrongType, "row 0 of rows must be a tuple"),
        (lambda: TableBlock(("a",), ((1.5,),)), WrongType, "Write numbers out first"),
        (lambda: TableBlock(("a", "b"), (("1", "2"), ("3",))), InvalidArgument, "row 1 has 1"),
        (lambda: TableBlock(("a",), (("1",),), changed=(True, True)), InvalidArgument, "each of the 1 rows"),
        (lambda: SeriesBlock([[1.0]]), WrongType, "a list"),
        (lambda: SeriesBlock(np.ones(3)), InvalidArgument, "float64 of shape (3,)"),
        (lambda: SeriesBlock(np.ones((3, 1), dtype=int)), InvalidArgument, "int64"),
        (lambda: SeriesBlock(np.ones((3, 1), dtype=np.float16)), InvalidArgument, "float16"),
        (lambda: SeriesBlock(np.ones((0, 1))), InvalidArgument, "none of them 0"),
        (lambda: SeriesBlock(np.ones((1, 0))), InvalidArgument, "none of them 0"),
        (lambda: SeriesBlock(np.array([[np.nan]])), InvalidArgument, "finite"),
        (lambda: SeriesBlock(np.array([[np.inf]])), InvalidArgument, "finite"),
        (lambda: SeriesBlock(ONE, sampling_rate=0), InvalidArgument, "sampling_rate"),
        (lambda: SeriesBlock(ONE, sampling_rate=np.nan), InvalidArgument, "sampling_rate"),
        (lambda: SeriesBlock(ONE, sampling_rate="fast"), WrongType, "sampling_rate"),
        (lambda: SeriesBlock(ONE, names=("x",)), InvalidArgument, "2 channels have 1"),
        (lambda: SeriesBlock(ONE, names=("x", 2)), WrongType, "names must hold text"),
    ],
)
def test_refuses_what_is_no_such_block(make, error, says):
    with pytest.raises(error) as caught:
        make()
    assert says in str(caught.value)


@pytest.mark.parametrize(
    "block",
    [
        ImageBlock(np.zeros((1, 1, 1), dtype=np.uint8)), TextBlock("<b>"), TokensBlock(("a",)), TableBlock(("a",), ()),
        SeriesBlock(ONE),
    ],
)  # fmt: skip
def test_blocks_are_frozen_and_uncaptioned_by_default(block):
    assert block.caption == ""
    with pytest.raises(dataclasses.FrozenInstanceError):
        block.caption = "x"
