import io

import numpy as np
from gallery_fakes import fake_candidates, fake_run
from PIL import Image

from featviz.blocks import ImageBlock, TextBlock
from featviz.display.views import Picture, Words
from featviz.gallery.shown import show_large, show_small


def test_the_best_comes_as_png_and_npy_without_loss():
    run = fake_run()
    best = run.candidates[0]
    files = {}
    shown = show_large(run, best, "best", "the best input found", files)
    assert sorted(files) == ["best.npy", "best.png"]
    assert np.array_equal(np.load(io.BytesIO(files["best.npy"]), allow_pickle=False), best.input)
    pixels = np.rint(best.input[:, :, 0] * 255)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(files["best.png"]))), pixels)
    (picture,) = shown.blocks
    assert (picture.source, picture.width, picture.height, picture.pixelated) == ("best.png", 512, 512, True)
    assert picture.alt == "the best input found: a picture of 8 by 8 pixels, score 3"


def test_text_and_several_blocks(monkeypatch):
    run = fake_run()
    blocks = [TextBlock("a\ud800b", "said"), ImageBlock(np.zeros((2, 3, 1), np.uint8), "drawn")]
    monkeypatch.setattr(run, "render", lambda candidate: blocks)
    files = {}
    shown = show_large(run, run.candidates[0], "best", "it", files)
    assert [type(block) for block in shown.blocks] == [Words, Picture]
    assert files["best.txt"] == b"a\\ud800b"
    assert "best-2.png" in files
    grid = {}
    assert len(show_small(run, run.candidates[:1], "top", grid)[0].blocks) == 2
    assert sorted(grid) == ["top-1-2.png", "top-1-2.webp"]


def test_what_was_not_kept_is_not_shown(monkeypatch):
    run = fake_run()
    monkeypatch.setattr(run, "render", lambda candidate: [])
    assert show_small(run, run.candidates, "top", {}) == []


def test_inputs_that_are_no_arrays_have_no_npy(monkeypatch):
    run = fake_run()
    monkeypatch.setattr(run, "render", lambda candidate: [TextBlock("x")])
    for value in (None, "x", {"a": 1}, np.array([{}], dtype=object)):
        files = {}
        candidate = fake_candidates(1)[0]
        object.__setattr__(candidate, "input", value)
        show_large(run, candidate, "best", "it", files)
        assert sorted(files) == (["best.json", "best.txt"] if isinstance(value, dict) else ["best.txt"])


def test_large_pictures_have_thumbnails_only_in_a_grid():
    run = fake_run(candidates=fake_candidates(2, size=300))
    files = {}
    shown = show_small(run, run.candidates, "top", files)
    assert sorted(files) == ["top-1.webp", "top-2.webp"]
    assert [candidate.blocks[0].lossless for candidate in shown] == ["", ""]
