"""Tokens, tables and series on the pages: whole, small, and on a card."""

import html
import json
import re

import numpy as np
import pytest
from gallery_fakes import HOSTILE, fake_candidates, fake_run

from featviz.blocks import SeriesBlock, TableBlock, TextBlock, TokensBlock
from featviz.gallery import build_gallery

TOKENS = TokensBlock(
    (" the", "film", "\n", "", "a\u00a0b", "very good"), "a review", (False, True, False, False, False, False)
)
TABLE = TableBlock(
    ("column", "value"),
    tuple((f"name {i}", str(i - 3)) for i in range(12)),
    changed=tuple(i in {2, 9} for i in range(12)),
)
SERIES = SeriesBlock(np.sin(np.linspace(0, 9, 700))[:, None].astype(np.float32), "a heart", 100.0)


def pages(tmp_path, *blocks, x=None):
    candidates = fake_candidates(3)
    for candidate in candidates:
        object.__setattr__(candidate, "input", x)
    run = fake_run("one", candidates=candidates, diverse=[])
    run.render = lambda candidate: list(blocks)
    index = build_gallery(run, tmp_path / "site")
    (page,) = (tmp_path / "site").glob("runs/*/index.html")
    return index.read_text(encoding="utf-8"), page.read_text(encoding="utf-8"), page.parent


def test_tokens_are_chips_with_their_spaces_in_sight(tmp_path):
    index, page, folder = pages(tmp_path, TOKENS)
    for text in (index, page):
        assert '<span class="chip"><bdi><i>␣</i>the</bdi></span>' in text
        assert '<mark class="chip"><bdi>film</bdi></mark>' in text
        assert '<span class="chip"><i>empty</i></span>' in text
        assert "a\\u00a0b" in text
        assert '<span class="chip"><bdi>very<i>␣</i>good</bdi></span>' in text
    assert "<i>↵</i></bdi></span><br>" in page
    assert "<br>" not in index
    assert "Underlined in bold: changed" in page
    assert json.loads((folder / "best.json").read_text()) == list(TOKENS.tokens)
    assert '<a href="best.json" download>tokens, JSON</a>' in page


def test_a_table_marks_what_changed_and_shows_it_first_where_room_is_short(tmp_path):
    index, page, folder = pages(tmp_path, TABLE)
    assert page.count('<table class="sheet">') == 5  # the best, the best random one, and three in the grid
    first = page[page.index("<tbody>") : page.index("</tbody>")]
    assert re.findall(r"name \d+", first) == [f"name {i}" for i in range(12)]
    assert first.count('<tr class="changed"><td><span class="sr">changed: </span>') == 2
    assert '<td class="num"><bdi>-3</bdi></td>' in first
    card = index[index.index("<tbody>") : index.index("</tbody>")]
    assert re.findall(r"name \d+", card)[:3] == ["name 2", "name 9", "name 0"]
    assert "and 5 more rows" in index
    assert (folder / "best.csv").read_bytes().startswith(b'"column","value"\r\n"name 0","-3"\r\n')


def test_a_series_is_a_chart_with_a_text(tmp_path):
    index, page, folder = pages(tmp_path, SERIES, x=SERIES.values)
    titles = [html.unescape(title) for title in re.findall(r'role="img"><title>(.*?)</title>', page)]
    assert titles[0] == "the best input found: a series of 700 samples over 7 s, from −1 to 1, score 3"
    assert titles[2].startswith("number 1: a series of 700 samples")
    assert "<title>best input: a series of 700 samples over 7 s" in index
    assert "time in seconds" in page
    assert "time in seconds" not in index
    assert sorted(path.name for path in folder.iterdir() if path.name.startswith("best")) == ["best.csv", "best.npy"]
    assert len(index) < 6_000
    assert len(page) < 40_000


def test_the_card_prefers_what_tells_more_than_text(tmp_path):
    index, _, _ = pages(tmp_path, TextBlock("only words"), SERIES)
    assert "only words" not in index
    assert '<svg class="trace"' in index
    assert "only words" in pages(tmp_path, TextBlock("only\nwords"))[0]


def test_inputs_can_be_downloaded(tmp_path):
    _, page, folder = pages(tmp_path, TextBlock("x"), x={"age": 3, "city": "a\u202eb"})
    assert json.loads((folder / "best.json").read_text()) == {"age": 3, "city": "a\u202eb"}
    assert '<a href="best.json" download>input, JSON</a>' in page
    frame = pytest.importorskip("pandas").DataFrame({"age": [3]})
    _, page, folder = pages(tmp_path / "2", TABLE, x=frame)
    assert (folder / "best-input.csv").read_bytes() == b'"age"\r\n"3"\r\n'
    _, page, folder = pages(tmp_path / "3", TOKENS, x=list(TOKENS.tokens))
    assert page.count("download>") == 1


def test_much_is_cut_and_counted(tmp_path):
    many = TokensBlock(("token",) * 50_000)
    wide = TableBlock(tuple("abcdefghijklmnop"), (("1",) * 16,) * 5_000)
    _, page, folder = pages(tmp_path, many, wide)
    assert "and 49,000 more" in page
    assert "and 4,900 more rows, 4 more columns" in page
    assert len(page) < 400_000
    assert len(json.loads((folder / "best.json").read_text())) == 50_000


@pytest.mark.parametrize("block", [TokensBlock(()), TableBlock(("a",), ()), SeriesBlock(np.zeros((1, 1)))])
def test_the_least_of_each_is_shown(tmp_path, block):
    index, page, _ = pages(tmp_path, block)
    assert "The best input scores" in page
    assert "maximise" in index


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_shown_as_text_in_every_block(tmp_path, text):
    blocks = [
        TokensBlock((text, "b"), text, (True, False)),
        TableBlock((text, "b"), ((text, text),), text, (True,)),
        SeriesBlock(np.ones((3, 2)), text, names=(text, "b")),
    ]
    index, page, _ = pages(tmp_path, *blocks, x=[text])
    for raw in (index, page):
        assert not set("\u202e\u200b\ufeff\u2028\x00\x1b") & set(raw)
        assert len(raw) < 100_000
        tags = re.findall(r"<[a-z][^>]*>", raw)
        assert not [tag for tag in tags if re.search(r"\s(on\w+|style)=", tag)]
        assert not [tag for tag in tags if tag.startswith(("<img", "<iframe"))]
        assert len([tag for tag in tags if tag.startswith("<script")]) == 1
    if text.isprintable() and " " not in text:
        assert html.escape(text[:20], quote=True) in page.replace("&#34;", "&quot;").replace("&#39;", "&#x27;")


def test_building_again_with_other_blocks_leaves_no_file_behind(tmp_path):
    pages(tmp_path, TOKENS, TABLE, x={"a": 1})
    folder = pages(tmp_path, TextBlock("x"))[2]
    assert sorted(path.name for path in folder.iterdir()) == ["best.txt", "index.html", "random.npy", "random.txt"]
