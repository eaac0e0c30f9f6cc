import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from gallery_fakes import HOSTILE, FakeHistory, fake_candidates, fake_history, fake_run, fake_spec

from featviz.blocks import TextBlock
from featviz.display.formats import number
from featviz.errors import FeatvizWarning, InvalidArgument, RunExists, RunNotFound, WrongType
from featviz.gallery import build_gallery

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'"
)


class Page(HTMLParser):
    """The tags, attributes and text of a page, as a browser would split them."""

    def __init__(self, path):
        super().__init__()
        self.path, self.tags, self.text = path, [], ""
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def all(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]


def tree(site):
    return {str(path.relative_to(site)): path.read_bytes() for path in site.rglob("*") if path.is_file()}


def run_pages(site):
    return [Page(path) for path in sorted(site.glob("runs/*/index.html"))]


def build(runs, tmp_path):
    index = build_gallery(runs, tmp_path / "site")
    return Page(index), run_pages(tmp_path / "site")


def test_two_runs(tmp_path):
    index, pages = build([fake_run("cat"), fake_run("dog", spec=fake_spec(boxes=["models:dogs"]))], tmp_path)
    assert index.path == tmp_path / "site" / "index.html"
    assert "2 runs, 2 black boxes, 2,000 evaluations" in " ".join(index.text.split())
    assert len(pages) == 2
    text = " ".join(pages[0].text.split())
    for words in ("maximise(cat)", "The best input scores 3 after", "the best of 1,000 random inputs scores 0.5"):
        assert words in text
    assert "import featviz as fv" in text
    assert "64 real genes, 1,000 evaluations" in text
    assert "none: every evaluation gave a score" in text


def test_the_same_runs_give_the_same_bytes_whatever_their_order(tmp_path):
    runs = [fake_run("cat"), fake_run("dog", failures={"b": 1, "a": 1}), fake_run("cow")]
    build_gallery(runs, tmp_path / "one")
    build_gallery(runs[::-1], tmp_path / "two")
    build_gallery(runs, tmp_path / "two")
    assert tree(tmp_path / "one") == tree(tmp_path / "two")


def test_every_link_leads_to_a_file_of_the_site(tmp_path):
    index, pages = build([fake_run("cat"), fake_run("dog", baseline=False)], tmp_path)
    for page in [index, *pages]:
        links = [
            attrs.get("href") or attrs.get("src") for tag, attrs in page.tags if tag in {"a", "img", "script", "link"}
        ]
        assert len(links) > 5
        for link in links:
            if link.startswith(("#", "data:")):
                continue
            assert not re.match(r"[a-z]+:|/", link)
            assert (page.path.parent / link).resolve().is_file(), link


def test_pages_obey_their_content_security_policy(tmp_path):
    index, pages = build(fake_run("cat"), tmp_path)
    for page in [index, *pages]:
        assert page.all("meta")[1] == {"http-equiv": "Content-Security-Policy", "content": CSP}
        assert not page.all("style")
        for tag, attrs in page.tags:
            assert not [name for name in attrs if name == "style" or name.startswith("on")], tag
            assert not any((value or "").strip().startswith("javascript:") for value in attrs.values())
        assert [set(attrs) for attrs in page.all("script")] == [{"src", "defer"}]
        assert all(attrs.get("alt") for attrs in page.all("img"))


def test_pages_of_runs_no_longer_given_are_removed(tmp_path):
    build_gallery([fake_run("cat"), fake_run("dog")], tmp_path / "site")
    build_gallery([fake_run("cat")], tmp_path / "site")
    build_gallery([fake_run("cat")], tmp_path / "fresh")
    assert tree(tmp_path / "site") == tree(tmp_path / "fresh")


def test_copies_of_one_run_have_a_page_each(tmp_path):
    index, pages = build([fake_run("cat"), fake_run("cat")], tmp_path)
    assert len(pages) == 2
    assert len({attrs["href"] for attrs in index.all("a") if "runs/" in attrs["href"]}) == 2


def test_a_run_keeps_its_address_while_it_goes_on(tmp_path):
    spec = fake_spec()
    spec["search"] = spec["search"] | {"budget": 9000}
    build_gallery(fake_run("cat", status="running", evaluations=10), tmp_path / "one")
    build_gallery(fake_run("cat", spec=spec, evaluations=9000), tmp_path / "two")
    assert set(tree(tmp_path / "one")) == set(tree(tmp_path / "two"))


class Damaged:
    """A run whose files turn out to be torn when they are read."""

    name, path, status, baseline = "torn <b>", Path("runs/torn"), "finished", None

    def __init__(self):
        self.spec = fake_spec()

    def top(self, k, diverse=False):
        raise ValueError("database disk image is malformed")

    def render(self, candidate):
        return []


def test_a_damaged_run_is_a_card_that_says_so(tmp_path):
    with pytest.warns(FeatvizWarning, match="database disk image is malformed"):
        index, pages = build([Damaged(), fake_run("cat")], tmp_path)
    assert len(pages) == 1
    assert "ValueError: database disk image is malformed" in index.text
    assert "torn <b>" in index.text
    assert "2 runs" in index.text


def test_a_gallery_of_damaged_runs_alone(tmp_path):
    with pytest.warns(FeatvizWarning):
        index, pages = build([Damaged()], tmp_path)
    assert not pages
    assert "Could not be read" in index.text


def test_a_run_that_is_damaged_later_loses_its_page(tmp_path):
    run = fake_run("cat")
    build_gallery(run, tmp_path / "site")
    run.history = None
    with pytest.warns(FeatvizWarning, match="shown as damaged"):
        build_gallery(run, tmp_path / "site")
    assert not run_pages(tmp_path / "site")


def test_without_a_baseline_the_page_says_how_to_get_one(tmp_path):
    _, (page,) = build(fake_run("cat", baseline=False), tmp_path)
    text = " ".join(page.text.split())
    assert "Run the search again with baseline=" in text
    assert not [attrs for attrs in page.all("path") if attrs.get("class") == "line random"]


def test_a_random_search_of_the_gallery_stands_in_for_a_baseline(tmp_path):
    spec = fake_spec(optimiser="random", created="2026-11-24")
    spec["search"] = spec["search"] | {"optimiser": "random"}
    chance = fake_run("chance", spec=spec, baseline=False, history=fake_history(top=0.25), evaluations=700)
    _, pages = build([fake_run("cat", baseline=False), chance], tmp_path)
    cat, random = (" ".join(page.text.split()) for page in pages)
    assert "Best of 700 random inputs" in cat
    assert "from the run chance" in cat
    assert "this run (random search)" in random
    assert "Run the same search" not in random


def test_a_run_without_any_score(tmp_path):
    empty = FakeHistory(np.empty(0, np.int64), np.empty(0))
    run = fake_run(candidates=[], diverse=[], history=empty, baseline=False, failures={"failed": 30}, evaluations=30)
    index, (page,) = build(run, tmp_path)
    assert "no score" in index.text
    text = " ".join(page.text.split())
    assert "No input has a score after 30 evaluations" in text
    assert "30 evaluations of 30 gave no score" in text


def test_interrupted_runs_and_their_failures(tmp_path):
    run = fake_run(status="interrupted", failures={"nonfinite": 12}, failure_reasons={"output was nan": 12})
    index, (page,) = build(run, tmp_path)
    assert "interrupted" in index.text
    text = " ".join(page.text.split())
    for words in ("interrupted before its budget was spent", "nonfinite", "output was nan"):
        assert words in text


@pytest.mark.parametrize("halved", [False, True])
@pytest.mark.parametrize("count", [3, 9])
def test_where_restarts_ended_is_said_unless_most_were_stopped_early(tmp_path, halved, count):
    histories = [fake_history(top=3.0 - i) for i in reversed(range(count))]
    run = fake_run(restart_histories=histories, agreement="They agree.", is_halved=halved)
    _, (page,) = build(run, tmp_path)
    text = " ".join(page.text.split())
    ends = ", ".join(number(h.best[-1]) for h in reversed(histories))
    if halved:
        assert "ended at" not in text
        assert "independent" not in text
        assert f"its {count} restarts, halved" in text
    elif count == 3:
        assert f"Its 3 independent restarts ended at {ends}. They agree." in text
        assert "halved" not in text
    else:
        lowest, highest = ends.rpartition(", ")[2], ends.partition(", ")[0]
        assert f"Its 9 independent restarts ended at {lowest} to {highest}. They agree." in text
    assert "They agree." in text


def test_a_run_of_text(tmp_path, monkeypatch):
    run = fake_run("words", baseline=False)
    monkeypatch.setattr(run, "render", lambda candidate: [TextBlock("first line\n<b>second</b>\u202e")])
    index, (page,) = build(run, tmp_path)
    assert "first line\n<b>second</b>\\u202e" in page.text
    assert "first line <b>second</b>\\u202e" in index.text
    assert (page.path.parent / "best.txt").is_file()


def test_a_run_in_memory_names_no_directory(tmp_path):
    _, (page,) = build(fake_run("run in memory", path=None), tmp_path)
    assert "featviz run" not in page.text
    assert "import featviz as fv" in page.text


def hostile_run(text, i):
    spec = fake_spec(
        boxes=[text], objective=text, optimiser=text, why=text, space=text, platform=text, python=text, created=text,
        versions={text: text}, git={text: text},
    )  # fmt: skip
    spec["box"] = {"from": text, "outputs": [text, "other"]}
    spec["objective"] = {"terms": [{"kind": "maximise", "output": text}]}
    spec["search"] = spec["search"] | {"seed": i, "optimiser": text[:900]}
    candidates = fake_candidates(2)
    for candidate in candidates:
        candidate.outputs[text] = 1.0
    return fake_run(
        text, spec=spec, candidates=candidates, stop_reason=text, failures={text: 2}, failure_reasons={text: 2}
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_shown_as_text(tmp_path, text):
    tame, (tame_page,) = build(hostile_run("tame", 1), tmp_path / "tame")
    index, (page,) = build(hostile_run(text, 1), tmp_path / "hostile")
    # The same elements and attributes as with harmless text: nothing became markup.
    for wild, calm in ((index, tame), (page, tame_page)):
        assert [(tag, sorted(attrs)) for tag, attrs in wild.tags] == [(tag, sorted(attrs)) for tag, attrs in calm.tags]
        raw = wild.path.read_text(encoding="utf-8")
        assert not set("\u202e\u200b\ufeff\u2028\x00\x1b") & set(raw)
        assert len(raw) < 100_000
    shown = {"a\u202eb": "a\\u202eb", "a\ud800b": "a\\ud800b", "a\x00b": "a\\x00b"}.get(text, text[:30])
    if shown.isprintable():
        assert shown in index.text
        assert shown in page.text


def test_foreign_folders_are_not_overwritten(tmp_path):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "index.html").write_text("mine")
    with pytest.raises(RunExists, match="not a gallery"):
        build_gallery(fake_run(), tmp_path / "site")
    assert (tmp_path / "site" / "index.html").read_text() == "mine"


def test_wrong_arguments(tmp_path):
    with pytest.raises(WrongType, match="site must be"):
        build_gallery(fake_run(), 3)
    for name in ("", "a\0b"):
        with pytest.raises(InvalidArgument, match="site must be"):
            build_gallery(fake_run(), name)
    with pytest.raises(RunNotFound):
        build_gallery([], tmp_path / "site")
    assert not (tmp_path / "site").exists()


def test_sizes(tmp_path):
    runs = [
        fake_run(
            f"run-{i}", diverse=[], baseline_best=None, candidates=fake_candidates(1), spec=fake_spec(created=str(i))
        )
        for i in range(40)
    ]
    build_gallery(runs, tmp_path / "site")
    site = tmp_path / "site"
    assert (site / "index.html").stat().st_size < 40 * 1_000
    assert sum(path.stat().st_size for path in (site / "assets").iterdir()) <= 25_000
    assert max(path.stat().st_size for path in site.glob("runs/*/index.html")) <= 30_000
