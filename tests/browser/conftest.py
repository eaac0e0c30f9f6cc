"""A real Chromium, driven through Playwright. It is found by FEATVIZ_CHROMIUM or by its usual names."""

import os
import shutil
import sys
from pathlib import Path

import pytest

# The made-up runs of the gallery's unit tests serve here too.
sys.path.append(str(Path(__file__).parents[1] / "unit" / "gallery"))

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
]


def _missing(reason):
    if os.environ.get("FEATVIZ_REQUIRE_BROWSER") == "1":
        pytest.fail(f"FEATVIZ_REQUIRE_BROWSER=1, but {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def chromium():
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        _missing("playwright is not installed (pip install 'featviz[test]')")
    names = ("chromium", "chromium-browser", "google-chrome")
    found = os.environ.get("FEATVIZ_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if not found or not Path(found).exists():
        _missing("there is no Chromium (apt-get install chromium, or set FEATVIZ_CHROMIUM)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        browser.close()


class Visit:
    """A page that notes everything it should not do."""

    def __init__(self, context, folder):
        self.page = context.new_page()
        self.folder = folder.resolve().as_uri() + "/"
        self.problems = []
        self.page.on("console", lambda m: self.problems.append(f"console: {m.text}") if m.type != "log" else None)
        self.page.on("pageerror", lambda e: self.problems.append(f"error: {e}"))
        self.page.on("dialog", lambda d: (self.problems.append(f"dialog: {d.message}"), d.dismiss()))
        self.page.on("request", self._note)
        self.page.on("requestfailed", lambda r: self.problems.append(f"failed: {r.url[:200]}"))

    def open(self, path):
        self.page.goto(path.resolve().as_uri())
        return self.page

    def _note(self, request):
        if not request.url.startswith((self.folder, "data:")):
            self.problems.append(f"request outside of the folder: {request.url[:200]}")


@pytest.fixture
def visit(chromium):
    """``visit(site, **options of a browser context)`` gives a :class:`Visit`; at the end none may have a problem."""
    contexts, visits = [], []

    def start(site, **options):
        contexts.append(chromium.new_context(**options))
        visits.append(Visit(contexts[-1], site))
        return visits[-1]

    yield start
    for context in contexts:
        context.close()
    assert [problem for one in visits for problem in one.problems] == []
