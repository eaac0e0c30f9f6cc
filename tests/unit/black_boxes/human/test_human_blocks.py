import json

import numpy as np
import pandas as pd
import pytest

from featviz.black_boxes.human.default_blocks import default_blocks
from featviz.black_boxes.human.kept_blocks import blocks_from_json, blocks_to_json, key_of
from featviz.black_boxes.human.pages import candidate_page, frame_page
from featviz.blocks import ImageBlock, SeriesBlock, TableBlock, TextBlock, TokensBlock
from featviz.errors import RunDamaged, WrongType

HOSTILE = "</script><script>alert(1)</script>\"'><svg onload=alert(1)>{{7*7}}\u202e\u2028\x00\ud800\x1b[31m"
BLOCKS = [
    ImageBlock(np.arange(48, dtype=np.uint8).reshape(4, 4, 3), "a picture"),
    ImageBlock(np.zeros((2, 3, 1), dtype=np.uint8)),
    TextBlock("one\ntwo " + HOSTILE, "text"),
    TokensBlock(("a", " b", HOSTILE), "tokens", (True, False, False)),
    TableBlock(("x", "y"), (("1", HOSTILE), ("2", "b")), "table", (False, True)),
    SeriesBlock(np.linspace(0, 1, 12).reshape(6, 2), "series", 50.0, ("l", HOSTILE)),
    SeriesBlock(np.ones((3, 1), dtype=np.float32)),
]


def test_blocks_come_back_from_json():
    text = json.dumps(blocks_to_json(BLOCKS))
    back = blocks_from_json(json.loads(text))
    assert json.dumps(blocks_to_json(back)) == text
    assert [type(block) for block in back] == [type(block) for block in BLOCKS]
    assert np.array_equal(back[0].pixels, BLOCKS[0].pixels)
    assert back[5].values.dtype == np.float64
    assert back[6].values.dtype == np.float32


BAD = {
    "no kind": [{}],
    "another kind": [{"kind": "html", "text": "x"}],
    "not a list": 7,
    "an entry of text": ["x"],
    "a bomb": [{"kind": "image", "pixels": ["|u1", [100_000, 100_000, 3], "eJw="], "caption": ""}],
    "too short": [{"kind": "image", "pixels": ["|u1", [2, 2, 1], "eJwDAAAAAAE="], "caption": ""}],
    "an object type": [{"kind": "image", "pixels": ["|O", [2, 2, 1], "eJwDAAAAAAE="], "caption": ""}],
    "not base64": [{"kind": "image", "pixels": ["|u1", [1, 1, 1], "!"], "caption": ""}],
    "a negative shape": [{"kind": "image", "pixels": ["|u1", [-1, 2, 1], "eJwDAAAAAAE="], "caption": ""}],
    "another entry": [{"kind": "table", "columns": ["a"], "rows": [], "onload": "x"}],
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_block_is_refused(name):
    with pytest.raises(RunDamaged, match="cannot be read"):
        blocks_from_json(BAD[name])


def test_keys_tell_apart_what_looks_different():
    keys = [key_of("q", [block]) for block in BLOCKS]
    assert len(set(keys)) == len(BLOCKS)
    assert key_of("q", BLOCKS) == key_of("q", blocks_from_json(blocks_to_json(BLOCKS)))
    assert key_of("q", BLOCKS) != key_of("another", BLOCKS)


def test_what_is_no_block_has_no_key():
    with pytest.raises(WrongType, match="render must return blocks"):
        key_of("q", ["text"])


class Bare:
    pass


@pytest.mark.parametrize(
    ("x", "kinds"),
    [
        (np.zeros((4, 4, 3), dtype=np.float32), [ImageBlock]),
        (np.zeros((4, 4, 1), dtype=np.uint8), [ImageBlock]),
        (np.full((4, 4, 1), 7.0), [TextBlock]),
        (np.zeros((4, 4, 2)), [TextBlock]),
        (np.arange(5), [SeriesBlock]),
        (np.zeros((50, 3)), [SeriesBlock]),
        (np.array([1.0, np.nan]), [TextBlock]),
        (np.zeros(0), [TextBlock]),
        (np.array([True, False]), [TextBlock]),
        ("a text", [TextBlock]),
        (pd.DataFrame({"a": [1.23456789], "b": ["x"]}), [TableBlock]),
        ({"a": 1, "b": "x"}, [TableBlock]),
        ({"a": np.zeros((2, 2, 1)), "b": "x"}, [TextBlock, ImageBlock, TextBlock, TextBlock]),
        ((1, 2.5), [TableBlock]),
        ((), [TextBlock]),
        ([1, 2], [TextBlock]),
        (3.5, [TextBlock]),
        (None, [TextBlock]),
        (Bare(), [TextBlock]),
    ],
)
def test_inputs_of_any_kind_are_shown(x, kinds):
    blocks = default_blocks(x)
    assert [type(block) for block in blocks] == kinds
    assert candidate_page(blocks)
    assert "0x" not in str(blocks)


def test_a_row_of_a_table_shows_its_values():
    (block,) = default_blocks(pd.DataFrame({"a": [1.23456789], "b": ["x"]}))
    assert block.rows == (("a", "1.23457"), ("b", "x"))


def test_markup_holds_no_foreign_element():
    for mode in ("rating", "pairs"):
        page = frame_page(mode=mode, question=HOSTILE, note=HOSTILE, points=[1, 2], low=HOSTILE, high=HOSTILE)
        html = page.decode() + candidate_page(BLOCKS)
        assert "<script>alert" not in html
        assert "<svg onload" not in html
        assert "{{7*7}}" in html
        assert not {"\u202e", "\u2028", "\x00", "\x1b"} & set(html)
        assert page.decode().count("<script") == 1
        assert not any(word in page.decode() for word in ("style=", "onclick", "<style", "http://", "https://"))


def test_a_candidate_without_blocks_says_so():
    assert "nothing to show" in candidate_page([])
