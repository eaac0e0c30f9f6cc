"""The gallery of real searches, from disk and from memory, and their snippets run as a reader would run them."""

import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

import featviz as fv
from featviz.errors import FeatvizWarning
from featviz.gallery.snippet import snippet

BOX = '''
import numpy as np

def halves(pictures):
    """The mean of the left half and of the right half."""
    width = pictures.shape[2] // 2
    return np.stack([pictures[:, :, :width].mean((1, 2, 3)), pictures[:, :, width:].mean((1, 2, 3))], axis=1)
'''


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """A user's folder: a module with a black box, and runs of it."""
    folder = tmp_path_factory.mktemp("work")
    (folder / "gallery_halves.py").write_text(BOX)
    sys.path.insert(0, str(folder))
    try:
        space = fv.ImageSpace(height=8, width=6)
        box = fv.black_box("gallery_halves:halves", outputs=["left", "right"])
        for seed, objective in enumerate((fv.margin(box, "left"), fv.minimise(box, "right"))):
            fv.search(
                space, objective, budget=80, seed=seed, baseline=30, out=folder / "runs" / f"r{seed}", progress=False
            )
        yield folder
    finally:
        sys.path.remove(str(folder))


def test_a_folder_of_runs(work, tmp_path):
    index = fv.build_gallery(work / "runs", tmp_path / "site")
    assert "2 runs, 1 black box, 160 evaluations" in " ".join(index.read_text(encoding="utf-8").split())
    pages = sorted(index.parent.glob("runs/*/index.html"))
    assert len(pages) == 2
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert "Best of 30 random inputs" in text
        assert 'class="line random"' in text
        assert 'fv.black_box("gallery_halves:halves"' in text.replace("&#34;", '"')
        best = np.load(page.with_name("best.npy"), allow_pickle=False)
        assert best.shape == (8, 6, 1)


@pytest.mark.parametrize("site", ["site", "pages/site"])
def test_the_command_is_typed_in_the_folder_that_holds_runs_and_gallery(work, site):
    index = fv.build_gallery(work / "runs", work / site)
    commands = {
        page.read_text().partition("<code>featviz run ")[2].partition("<")[0]
        for page in index.parent.rglob("*/index.html")
    }
    commands.discard("")
    assert commands == {"runs/r0/run.toml", "runs/r1/run.toml"}
    assert all((work / command).is_file() for command in commands)


def test_a_text_of_several_lines_fits_on_a_card(tmp_path):
    class Lines(fv.Space):
        variables = {"x": fv.Real()}

        def decode(self, values):
            return [f"first\nsecond {v:.3f}" for v in values["x"]]

    run = fv.search(
        Lines(), fv.maximise(fv.black_box(lambda t: [float(len(x)) for x in t])), budget=20, progress="none"
    )
    page = fv.build_gallery(run, tmp_path / "site").read_text()
    assert "first second" in page
    assert "x0a" not in page


def test_building_twice_changes_no_byte(work, tmp_path):
    for site in ("a", "b"):
        fv.build_gallery([work / "runs" / "r1", fv.load(work / "runs" / "r0")], tmp_path / site)
    first, second = (
        {
            path.relative_to(tmp_path / site): path.read_bytes()
            for path in (tmp_path / site).rglob("*")
            if path.is_file()
        }
        for site in ("a", "b")
    )
    assert first == second


def test_a_run_whose_files_are_damaged(work, tmp_path):
    for name, content in (("spec", "run.toml"), ("data", "evaluations.sqlite")):
        torn = tmp_path / "runs" / name
        torn.mkdir(parents=True)
        for file in ("run.toml", "evaluations.sqlite"):
            data = (work / "runs" / "r0" / file).read_bytes()
            (torn / file).write_bytes(b"\x00torn" * 50 if file == content else data)
    with pytest.warns(FeatvizWarning, match="shown as damaged"):
        index = fv.build_gallery([tmp_path / "runs", work / "runs"], tmp_path / "site")
    text = index.read_text(encoding="utf-8")
    assert text.count('class="card broken"') == 2
    assert text.count('class="card"') == 2


def test_a_run_in_memory(tmp_path):
    box = fv.black_box(lambda pictures: pictures.mean((1, 2, 3)), name="brightness")
    run = fv.search(fv.ImageSpace(8, 8, 3), fv.maximise(box), budget=40, progress=False)
    index = fv.build_gallery(run, tmp_path / "site")
    page = next(index.parent.glob("runs/*/index.html")).read_text(encoding="utf-8")
    assert "brightness" in page
    assert "its files cannot describe" in page
    assert "Run the search again with" in page


def test_failures_are_told(tmp_path):
    def fails_on_bright(picture):
        if picture[0, 0, 0] > 0.8:
            raise ValueError("<b>too bright</b>")
        return float(picture.mean())

    box = fv.black_box(fails_on_bright, per_input=True)
    run = fv.search(fv.ImageSpace(6, 6), fv.maximise(box), budget=40, optimiser="random", progress=False)
    index = fv.build_gallery(run, tmp_path / "site")
    page = next(index.parent.glob("runs/*/index.html")).read_text(encoding="utf-8")
    assert "&lt;b&gt;too bright&lt;/b&gt;" in page
    assert "gave no score" in page


def test_the_snippet_makes_the_same_run_again(work):
    run_directory = work / "runs" / "r0"
    tables = tomllib.loads((run_directory / "run.toml").read_text(encoding="utf-8"))
    code = snippet(tables, "r0").python
    assert "_from_spec" not in code
    root = Path(fv.__file__).parents[1]
    made = subprocess.run(
        [sys.executable, "-c", code],
        cwd=work,
        env={"PYTHONPATH": f"{root}:{work}", "PATH": "", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    assert float(made.stdout.splitlines()[-1]) == fv.load(run_directory).best.score
