"""The gallery in a real browser, from disk and offline."""

import io
import itertools

import numpy as np
import pytest
from gallery_fakes import HOSTILE, fake_candidates, fake_history, fake_run, fake_spec
from PIL import Image

from featviz.blocks import SeriesBlock, TableBlock, TokensBlock
from featviz.gallery import build_gallery

pytestmark = pytest.mark.browser


def runs():
    """Five runs on two boxes, told apart by name, score, date and evaluations."""
    made = []
    for i, (name, score) in enumerate([("ant", 2.0), ("bee", 5.0), ("cow", 3.0), ("dog", 1.0), ("eel", 4.0)]):
        spec = fake_spec(
            boxes=["insects" if name in {"ant", "bee"} else "others"],
            objective=f"maximise({name})",
            created=f"2026-11-{20 + (i * 2) % 5} 10:00",
        )
        made.append(
            fake_run(name, spec=spec, candidates=fake_candidates(14, first=score), evaluations=1000 * (i * 3 % 5 + 1))
        )
    made[3].status = "interrupted"
    made[3].failures = {"nonfinite": 3}
    return made


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("browser") / "site"
    build_gallery(runs(), folder)
    return folder


def run_page(site, name):
    return next(site.glob(f"runs/{name}-*/index.html"))


def shown(page):
    return page.locator("ul.cards > li:visible b").all_inner_texts()


def test_opens_from_disk_and_leads_to_a_run_and_back(site, visit):
    page = visit(site).open(site / "index.html")
    assert page.locator("h1").inner_text() == "Gallery"
    page.get_by_role("link", name="maximise(bee)").click()
    assert page.locator("h1").inner_text() == "maximise(bee)"
    broken = "[...document.images].filter(i => !(i.complete && i.naturalWidth)).map(i => i.src)"
    assert page.evaluate(broken) == []
    assert page.locator("svg.chart").bounding_box()["height"] > 150
    page.get_by_role("link", name="Gallery").click()
    assert page.locator("h1").inner_text() == "Gallery"


def test_search(site, visit):
    page = visit(site).open(site / "index.html")
    assert page.locator("#showing").inner_text() == "Showing 5 of 5"
    page.fill("#q", "maximise( E")
    assert shown(page) == ["maximise(ant)", "maximise(bee)", "maximise(cow)", "maximise(dog)", "maximise(eel)"]
    page.fill("#q", "cow")
    assert shown(page) == ["maximise(cow)"]
    assert page.locator("#showing").inner_text() == "Showing 1 of 5"
    assert page.locator("section.group:visible").count() == 1
    page.fill("#q", "INSECTS sep-cma")
    assert shown(page) == ["maximise(ant)", "maximise(bee)"]
    page.fill("#q", "no such run")
    assert shown(page) == []
    page.get_by_role("button", name="Show all").click()
    assert page.locator("#showing").inner_text() == "Showing 5 of 5"


@pytest.mark.parametrize(
    ("key", "order"),
    [
        ("score", ["bee", "ant", "eel", "cow", "dog"]),
        ("date", ["bee", "ant", "cow", "eel", "dog"]),
        ("evaluations", ["bee", "ant", "dog", "eel", "cow"]),
        ("name", ["ant", "bee", "cow", "dog", "eel"]),
    ],
)
def test_sort_within_groups(site, visit, key, order):
    page = visit(site).open(site / "index.html")
    page.select_option("#sort", key)
    assert shown(page) == [f"maximise({name})" for name in order]
    page.select_option("#sort", "")
    assert shown(page) == [f"maximise({name})" for name in ("ant", "bee", "cow", "dog", "eel")]


def test_search_and_order_are_kept_in_the_address(site, visit):
    page = visit(site).open(site / "index.html")
    page.fill("#q", "others")
    page.select_option("#sort", "score")
    assert page.url.endswith("index.html#q=others&sort=score")
    page.reload()
    assert shown(page) == ["maximise(eel)", "maximise(cow)", "maximise(dog)"]


def test_everything_can_be_read_without_javascript(site, visit):
    one = visit(site, java_script_enabled=False)
    page = one.open(site / "index.html")
    assert len(shown(page)) == 5
    assert not page.locator("#tools").is_visible()
    page = one.open(run_page(site, "dog"))
    text = page.locator("body").inner_text()
    for words in ("What the box answers", "Run it again", "import featviz as fv", "Provenance", "nonfinite"):
        assert words in text
    assert page.locator("figure img").count() == 2


def test_everything_can_be_reached_with_the_keyboard(site, visit):
    one = visit(site)
    page = one.open(site / "index.html")
    focused = "document.activeElement.id || document.activeElement.className || document.activeElement.tagName"
    reached = []
    for _ in range(8):
        page.keyboard.press("Tab")
        reached.append(page.evaluate(focused))
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    assert reached == ["skip", "q", "sort", *["card"] * 5]
    page.keyboard.press("/")
    assert page.evaluate(focused) == "q"
    page.keyboard.type("bee/")
    assert page.input_value("#q") == "bee/"
    page.keyboard.press("Escape")
    assert page.input_value("#q") == ""
    assert len(shown(page)) == 5
    page.locator("a.card").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/runs/ant-*/index.html")


def test_copy(site, visit):
    one = visit(site, permissions=["clipboard-read", "clipboard-write"])
    page = one.open(run_page(site, "ant"))
    page.get_by_role("button", name="Copy").first.click()
    page.get_by_role("button", name="Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == page.locator("pre code").first.inner_text()


@pytest.mark.parametrize("width", [320, 390, 768, 1440])
def test_nothing_is_wider_than_the_screen(site, visit, width):
    one = visit(site, viewport={"width": width, "height": 800})
    for path in (site / "index.html", run_page(site, "dog")):
        page = one.open(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark(site, visit, scheme):
    one = visit(site, color_scheme=scheme, viewport={"width": 1200, "height": 900})
    for path in (site / "index.html", run_page(site, "bee")):
        pixels = np.asarray(Image.open(io.BytesIO(one.open(path).screenshot())).convert("L"), dtype=float)
        background = np.median(pixels)
        assert background > 230 if scheme == "light" else background < 40
        assert (np.abs(pixels - background) > 60).mean() > 0.02


CONTRAST = """() => {
  const linear = v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
  const lum = c => { const [r, g, b] = c.map(v => linear(v / 255));
    return .2126 * r + .7152 * g + .0722 * b; };
  const rgb = s => s.match(/[\\d.]+/g).map(Number);
  const behind = e => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor);
    if (c.length < 4 || c[3] > 0) return c.slice(0, 3); } return [255, 255, 255]; };
  const low = [];
  for (const e of document.querySelectorAll("body *")) {
    if (![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()) || !e.getClientRects().length) continue;
    if (e.closest(".skip")) continue;
    const s = getComputedStyle(e), ink = rgb(e instanceof SVGElement ? s.fill : s.color).slice(0, 3);
    const a = lum(ink), b = lum(behind(e)), ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 4.5) low.push(`${e.tagName} ${ratio.toFixed(2)} ${e.textContent.slice(0, 30)}`);
  }
  return low;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_the_contrast_that_wcag_asks_for(site, visit, scheme):
    one = visit(site, color_scheme=scheme)
    for path in (site / "index.html", run_page(site, "dog")):
        assert one.open(path).evaluate(CONTRAST) == []


def test_prints(site, visit):
    page = visit(site).open(run_page(site, "cow"))
    assert page.pdf().startswith(b"%PDF")


def test_hostile_text_executes_nothing_and_is_seen_as_it_is(tmp_path, visit):
    made = []
    for i, text in enumerate(HOSTILE):
        spec = fake_spec(boxes=[text], objective=text, optimiser=text, why=text, space=text, created=text)
        spec["box"] = {"from": text, "outputs": [text]}
        spec["search"] = spec["search"] | {"seed": i}
        candidates = fake_candidates(2)
        for candidate in candidates:
            candidate.outputs[text] = 1.0
        made.append(
            fake_run(
                text, spec=spec, candidates=candidates, stop_reason=text, failures={text: 1}, history=fake_history()
            )
        )
    build_gallery(made, tmp_path / "site")
    one = visit(tmp_path / "site", viewport={"width": 390, "height": 800})
    page = one.open(tmp_path / "site" / "index.html")
    assert page.locator("ul.cards > li").count() == len(HOSTILE)
    body = page.locator("body").inner_text()
    for words in ("<img src=x onerror=alert(1)>", "{{7*7}}", "a\\u202eb", "a\\ud800b", "\\x1b[31mred", "漢字 🦊 naïve"):
        assert words in body
    page.fill("#q", "<img src=x")
    assert page.locator("ul.cards > li:visible").count() == 1
    page.evaluate("location.hash = '#q=' + encodeURIComponent('<img src=x onerror=alert(1)>')")
    for path in sorted((tmp_path / "site").glob("runs/*/index.html")):
        page = one.open(path)
        assert page.locator("h1").count() == 1
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def block_runs():
    """A run for each type of block, with texts long and hostile."""
    long = "supercalifragilistic" * 10
    tokens = (" the", "film", "\n", "", "漢字", long, *HOSTILE)
    rows = tuple((f"column {i} {text[:80]}", text, "-1.5") for i, text in enumerate((long, *HOSTILE)))
    time = np.linspace(0, 9, 2000)
    values = np.stack([np.sin(time), np.cos(3 * time) * 1e6, time], axis=1)
    blocks = {
        "tokens": TokensBlock(tokens, "said", tuple(i % 3 == 0 for i in range(len(tokens)))),
        "table": TableBlock(("column", "value", "reference"), rows, "", tuple(i % 3 == 0 for i in range(len(rows)))),
        "series": SeriesBlock(values, "", 250.0, ("x", "<b>y</b>", long)),
    }
    made = []
    for name, block in blocks.items():
        made.append(fake_run(name, spec=fake_spec(boxes=[name]), candidates=fake_candidates(6)))
        made[-1].render = lambda candidate, block=block: [block]
    return made


@pytest.fixture(scope="module")
def block_site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("blocks") / "site"
    build_gallery(block_runs(), folder)
    return folder


def test_tokens_tables_and_series_are_seen(block_site, visit):
    one = visit(block_site, viewport={"width": 1280, "height": 900}, java_script_enabled=False)
    page = one.open(block_site / "index.html")
    assert page.locator(".card .chip:visible").count() > 5
    assert page.locator(".card .sheet tr.changed").count() >= 2
    assert page.locator(".card svg.trace path.line").count() == 3
    cards = [page.locator("a.card").nth(i).bounding_box() for i in range(3)]
    assert all(a["x"] + a["width"] <= b["x"] for a, b in itertools.pairwise(cards))
    page = one.open(run_page(block_site, "tokens"))
    assert page.locator("figure .chip").first.inner_text() == "␣the"
    weight = "getComputedStyle(document.querySelector('figure mark.chip')).fontWeight"
    assert int(page.evaluate(weight)) >= 600
    page = one.open(run_page(block_site, "series"))
    box = page.locator("figure svg.trace").first.bounding_box()
    assert box["height"] > 150
    assert page.locator("figure svg.trace text.name").all_text_contents()[:2] == ["x", "<b>y</b>"]
    assert page.get_by_role("img", name="the best input found: a series of 2,000 samples").count() == 1


@pytest.mark.parametrize("width", [320, 390, 768, 1440])
def test_no_block_is_wider_than_the_screen(block_site, visit, width):
    one = visit(block_site, viewport={"width": width, "height": 800})
    for path in (block_site / "index.html", *sorted(block_site.glob("runs/*/index.html"))):
        assert one.open(path).evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_blocks_have_the_contrast_that_wcag_asks_for(block_site, visit, scheme):
    one = visit(block_site, color_scheme=scheme)
    for path in (block_site / "index.html", *sorted(block_site.glob("runs/*/index.html"))):
        assert one.open(path).evaluate(CONTRAST) == []
