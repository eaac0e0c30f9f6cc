"""A run in a notebook, of every type of block."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest

import featviz as fv
from featviz.blocks import ImageBlock, SeriesBlock, TableBlock, TextBlock, TokensBlock

HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>",
    "a\u202eb",
    "a\ud800b",
    "\x1b[31m",
    "' x='",
)

PLAIN_TAGS = {"p", "b", "br", "table", "thead", "tbody", "tr", "td", "th", "div", "code", "svg", "title", "polyline"}


def shown(*blocks):
    class Fixed(fv.Space):
        variables = {"x": fv.Real(2)}

        def decode(self, values):
            return values["x"]

        def render(self, x):
            return list(blocks)

    box = fv.black_box(lambda x: x[:, 0])
    text = fv.search(Fixed(), fv.maximise(box), budget=20, progress="none")._repr_html_()
    text.encode("utf-8")
    return text


def test_tokens():
    text = shown(TokensBlock((" a", "b", ""), changed=(False, True, False)))
    assert "<code>␣a</code> <code><b><u>b</u></b></code> <code><i>empty</i></code>" in text
    assert "and 40 more" in shown(TokensBlock(("a",) * 100))


def test_a_table_with_what_changed_first_where_it_is_long():
    rows = tuple((f"n{i}", "1") for i in range(20))
    text = shown(TableBlock(("name", "value"), rows, changed=tuple(i == 19 for i in range(20))))
    first = text[text.index("<tbody>") : text.index("</tbody>")]
    assert first.startswith("<tbody><tr><td><b><u>n19</u></b></td>")
    assert "n11" not in first
    assert "and 8 more rows" in text


@pytest.mark.parametrize(
    "values", [np.ones((1, 1)), np.array([[1.7e308], [-1.7e308]]), np.random.default_rng(0).normal(size=(9000, 6))]
)
def test_a_series_is_drawn_within_its_frame(values):
    text = shown(SeriesBlock(values))
    width, height = map(int, re.search(r"viewBox='0 0 (\d+) (\d+)'", text).groups())
    lines = re.findall(r"points='([^']*)'", text)
    assert len(lines) == min(4, values.shape[1]) * 5  # of five candidates
    for line in lines:
        pairs = np.array([list(map(float, pair.split(","))) for pair in line.split()])
        assert 2 <= len(pairs) <= 240
        assert (pairs >= 0).all()
        assert (pairs <= [width, height]).all()


def test_pictures_and_text():
    text = shown(ImageBlock(np.zeros((2, 2, 1), np.uint8)), TextBlock("<b>"))
    assert "data:image/png;base64," in text
    assert "<code>&lt;b&gt;</code>" in text


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_text_stays_text(hostile):
    tags = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag, attrs):
            tags.append((tag, [name for name, _ in attrs]))

    text = shown(
        TokensBlock((hostile,)), TableBlock((hostile,), ((hostile,),)), SeriesBlock(np.ones((3, 1)), names=(hostile,))
    )
    Reader().feed(text)
    assert {tag for tag, _ in tags} <= PLAIN_TAGS
    assert not [name for _, names in tags for name in names if name.startswith("on") or name in {"src", "href"}]
    assert not set("\u202e\x1b") & set(text)
