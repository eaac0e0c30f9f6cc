"""A scripted person with a hidden rule rates a search in a real browser, by keyboard only."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from human_person import Person, Searching, address_of, choose, rate

import featviz as fv
from featviz.black_boxes import box_from_spec
from featviz.blocks import SeriesBlock, TableBlock, TextBlock, TokensBlock

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}\u202edlrow\u2028\x00\u200b"

# A page that outlives its server notices it by a request that fails; how depends on when the socket was closed.
SERVER_GONE = ("ERR_CONNECTION_REFUSED", "ERR_CONNECTION_RESET", "ERR_EMPTY_RESPONSE", "ERR_SOCKET_NOT_CONNECTED")


@pytest.fixture
def visit_page(chromium):
    """``visit_page(address)`` gives a page; at the end none may have complained or asked anybody else."""
    contexts, problems = [], []

    def start(address, **options):
        context = chromium.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        origin = "/".join(address.split("/")[:3])
        page.on("console", lambda m: problems.append(f"console: {m.text}") if m.type != "log" else None)
        page.on("pageerror", lambda e: problems.append(f"error: {e}"))
        page.on("dialog", lambda d: (problems.append(f"dialog: {d.message}"), d.dismiss()))
        page.on(
            "request",
            lambda r: problems.append(f"request: {r.url[:100]}") if not r.url.startswith((origin, "data:")) else None,
        )
        page.goto(address)
        page.problems = problems
        return page

    yield start
    for context in contexts:
        context.close()
    assert [p for p in problems if not any(error in p for error in SERVER_GONE)] == []


@pytest.fixture
def boxes():
    """Boxes that are closed at the end."""
    made = []

    def make(*args, **options):
        made.append(fv.human(*args, open_browser=False, **options))
        return made[-1]

    yield make
    for box in made:
        box.close()


def pictures(n=4):
    """Grey pictures, the first the darkest."""
    return np.linspace(0.1, 0.9, n, dtype=np.float32)[:, None, None, None] * np.ones((1, 5, 5, 1), dtype=np.float32)


@pytest.mark.slow
@pytest.mark.parametrize(("mode", "rule"), [("rating", rate), ("pairs", choose)])
def test_a_search_finds_what_the_person_likes(mode, rule, boxes, visit_page, tmp_path):
    space = fv.ImageSpace(6, 6)
    box = boxes("Which is darker?" if mode == "pairs" else "How dark is this?", mode=mode, space=space)
    searching = Searching(
        lambda: fv.search(space, fv.maximise(box), budget=48, batch_size=8, out=tmp_path / "run", progress="none")
    )
    person = Person(visit_page(address_of(box)), rule)
    while searching.is_alive():
        if person.wait_until("asking", "thinking") == "thinking":
            searching.join(0.05)
        else:
            person.answer_one()
    run = searching.finish()
    shades = space.decode_latents(space.latent.sample(np.random.default_rng(0), 500)).mean(axis=(1, 2, 3))
    assert run.best.input.mean() < np.quantile(shades, 0.02)
    box.close()
    person.wait_until("finished")
    assert "Thank you" in person.page.inner_text("#finished")
    steady = box.consistency()
    assert steady.n >= 4
    # The rule is steady, so the measure must say so.
    assert steady.agreement == 1.0 if mode == "pairs" else steady.mean_difference == 0.0
    assert "steady" in person.page.inner_text("#finished .summary")
    assert box.usage()["answers"] == len(person.asked)


def test_closing_the_page_loses_nothing(boxes, visit_page):
    box = boxes("How dark?", repeats=0)
    asking = Searching(lambda: box(pictures()))
    person = Person(visit_page(address_of(box)), rate)
    person.wait_until("asking")
    person.answer_one()
    first = person.asked
    person.page.close()
    again = Person(visit_page(box.address), rate)
    again.wait_until("asking")
    assert again.page.inner_text("#count") == "2 of 4"
    again.answer_until("thinking")
    assert asking.finish()[:, 0].tolist() == [7.0, 6.0, 3.0, 1.0]
    assert sorted(first + again.asked) == sorted(set(first + again.asked))


def test_a_second_tab_goes_on_where_the_first_is(boxes, visit_page):
    box = boxes("How dark?", repeats=0)
    asking = Searching(lambda: box(pictures()))
    one, two = (Person(visit_page(address_of(box)), rate) for _ in range(2))
    for person in (one, two):
        person.wait_until("asking")
    one.answer_one()
    two.page.wait_for_function("() => document.querySelector('#count').textContent === '2 of 4'")
    two.answer_one()
    one.page.wait_for_function("() => document.querySelector('#count').textContent === '3 of 4'")
    one.answer_until("thinking")
    two.wait_until("thinking")
    assert asking.finish().shape == (4, 1)


@pytest.mark.slow
def test_stop_and_resume_asks_nobody_twice(boxes, visit_page, tmp_path):
    space = fv.ImageSpace(4, 4)

    def search(box):
        return fv.search(
            space, fv.maximise(box), budget=12, batch_size=6, seed=3, out=tmp_path / "run", progress="none"
        )

    box = boxes("How dark?", space=space, repeats=0)
    searching = Searching(lambda: search(box))
    person = Person(visit_page(address_of(box)), rate)
    for _ in range(8):  # a batch, and two of the next
        person.wait_until("asking")
        person.answer_one()
    person.wait_until("asking")
    interrupt(searching)
    searching.join(10)
    assert isinstance(searching.error, KeyboardInterrupt)
    person.wait_until("stopped")
    assert "stored" in person.page.inner_text("#stopped")
    box.close()
    resumed = boxes("How dark?", space=space, repeats=0)
    searching = Searching(lambda: search(resumed))
    second = Person(visit_page(address_of(resumed)), rate)
    second.wait_until("asking")
    assert second.page.inner_text("#batch") == "Batch 2"
    assert second.page.inner_text("#count") == "3 of 6"
    for _ in range(4):
        second.wait_until("asking")
        second.answer_one()
    run = searching.finish()
    assert run.evaluations == 12
    assert not set(person.asked) & set(second.asked)
    assert resumed.usage()["answers"] == 4


def interrupt(thread):
    """Ctrl-C, as it reaches a thread other than the main one."""
    import ctypes

    set_it = ctypes.pythonapi.PyThreadState_SetAsyncExc
    assert set_it(ctypes.c_ulong(thread.ident), ctypes.py_object(KeyboardInterrupt)) == 1


def test_undo_help_and_focus(boxes, visit_page):
    box = boxes("How dark?", repeats=0)
    asking = Searching(lambda: box(pictures()))
    person = Person(visit_page(address_of(box)), lambda shades: "1")
    page = person.page
    person.wait_until("asking")
    assert page.is_disabled("#undo")
    page.keyboard.press("u")  # nothing to take back yet
    person.answer_one()
    page.keyboard.press("?")
    assert page.is_visible("#help")
    page.keyboard.press("5")  # while help is open nothing is rated
    page.keyboard.press("?")
    assert not page.is_visible("#help")
    assert page.inner_text("#count") == "2 of 4"
    page.keyboard.press("u")
    page.wait_for_function("() => document.querySelector('#count').textContent === '1 of 4'")
    # Arrows move along the scale from its middle, and Enter chooses; the focus is seen.
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.dataset.value") == "5"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.querySelector('#count').textContent === '2 of 4'")
    person.rule = rate
    person.answer_until("thinking")
    assert 5.0 in asking.finish()[:, 0]


def test_everything_has_a_name_for_a_screen_reader(boxes, visit_page):
    box = boxes("How dark?", scale={"low": 1, "high": 5, "low_label": "black", "high_label": "white"})
    Searching(lambda: box(pictures()))
    person = Person(visit_page(address_of(box)), rate)
    person.wait_until("asking")
    page = person.page
    assert page.get_by_role("button", name="1, black").count() == 1
    assert page.get_by_role("button", name="5, white").count() == 1
    assert page.get_by_role("group", name="How dark?").count() == 1
    assert page.get_by_role("figure", name="The candidate").count() == 1
    assert page.get_by_role("img", name="a picture of 5 by 5 pixels").count() == 1
    assert page.get_by_role("progressbar", name="Progress in this batch").count() == 1
    assert page.get_by_role("status").inner_text() == "Candidate 1 of 4"


RENDERED = {
    "text": lambda x: [TextBlock(HOSTILE + str(x.mean()), caption=HOSTILE)],
    "tokens": lambda x: [TokensBlock((HOSTILE, " ", "", str(x.mean())), changed=(True, False, False, False))],
    "table": lambda x: [TableBlock((HOSTILE, "value"), ((HOSTILE, str(x.mean())),), changed=(True,))],
    "series": lambda x: [SeriesBlock(np.full((9, 1), x.mean(), dtype=np.float64), names=(HOSTILE,))],
}


@pytest.mark.parametrize("kind", RENDERED)
@pytest.mark.parametrize("mode", ["rating", "pairs"])
def test_hostile_text_is_shown_and_does_nothing(kind, mode, boxes, visit_page):
    box = boxes("Nice? " + HOSTILE, note=HOSTILE, mode=mode, render=RENDERED[kind], name=HOSTILE)
    Searching(lambda: box(pictures(3)))
    person = Person(visit_page(address_of(box)), rate)
    person.wait_until("asking")
    page = person.page
    assert page.locator("main script, main img, main iframe").count() == 0
    shown = page.inner_text("#question")
    assert "<script>alert(1)</script>" in shown
    assert "\\u202e" in shown
    assert not set("\u202e\u2028\u200b") & set(page.inner_text("main"))
    assert not set("\u202e\u2028\u200b") & set(page.title())


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("mode", ["rating", "pairs"])
def test_fits_a_phone(theme, mode, boxes, visit_page):
    box = boxes("How dark is this picture?", mode=mode, scale=(0, 10) if mode == "rating" else None)
    Searching(lambda: box(pictures()))
    viewport = {"width": 360, "height": 740}
    person = Person(visit_page(address_of(box), viewport=viewport, color_scheme=theme), rate)
    person.wait_until("asking")
    page = person.page
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    for button in page.locator(".answers button").all():
        place = button.bounding_box()
        assert place["height"] >= 44
        assert place["y"] + place["height"] <= 740
    colour = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    bright = sum(map(int, re.findall(r"\d+", colour)[:3])) > 380
    assert bright == (theme == "light")


def test_a_page_that_outlives_the_program_says_so(boxes, visit_page):
    box = boxes("How dark?", repeats=0)
    asking = Searching(lambda: box(pictures()))
    person = Person(visit_page(address_of(box)), rate)
    person.wait_until("asking")
    box._room._server.close()
    person.page.keyboard.press("1")
    person.wait_until("away")
    assert "stored" in person.page.inner_text("#away")
    interrupt(asking)
    asking.join(10)


def test_a_box_rebuilt_from_its_spec_asks_the_same(boxes, visit_page):
    box = boxes("How dark?", scale=(1, 3), repeats=0)
    rebuilt = box_from_spec(box.spec())
    asking = Searching(lambda: rebuilt(pictures(2)))
    person = Person(visit_page(address_of(rebuilt)), lambda shades: "3" if shades[0] < 0.5 else "1")
    person.answer_until("thinking")
    assert asking.finish()[:, 0].tolist() == [3.0, 1.0]
    rebuilt.close()


@pytest.mark.slow
def test_the_example(visit_page, tmp_path):
    """As a person runs it: the address is read from the terminal, and the page answered."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    environment |= dict.fromkeys(("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"), "")
    with subprocess.Popen(
        [sys.executable, str(ROOT / "examples" / "human.py")],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        try:
            line = next(line for line in running.stderr if "http://" in line)
            person = Person(visit_page(re.search(r"http://\S+", line)[0]), choose)
            person.answer_until("finished")
            out, err = running.communicate(timeout=20)
        finally:
            running.kill()
    assert running.returncode == 0, err[-2000:]
    assert "best" in out
    assert "came out the same" in out
