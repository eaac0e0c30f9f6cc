import pytest

from featviz.errors import RunExists
from featviz.gallery.site import Site


def test_a_new_folder_is_made_and_claimed(tmp_path):
    site = Site(tmp_path / "a" / "b")
    site.write("index.html", b"x")
    assert (tmp_path / "a" / "b" / "index.html").read_bytes() == b"x"
    Site(tmp_path / "a" / "b")


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(RunExists, match="is not a gallery"):
        Site(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_file_is_not_a_folder(tmp_path):
    (tmp_path / "site").write_text("x")
    with pytest.raises(RunExists, match="is a file"):
        Site(tmp_path / "site")


def test_unchanged_files_are_not_touched(tmp_path):
    Site(tmp_path / "s").write("index.html", b"x")
    before = (tmp_path / "s" / "index.html").stat().st_mtime_ns
    Site(tmp_path / "s").write("index.html", b"x")
    assert (tmp_path / "s" / "index.html").stat().st_mtime_ns == before


def test_a_failing_write_leaves_the_old_page_and_no_rest(tmp_path, monkeypatch):
    site = Site(tmp_path / "s")
    site.write("index.html", b"old")

    def fail(self, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", fail)
    with pytest.raises(OSError, match="No space"):
        site.write("index.html", b"new")
    assert (tmp_path / "s" / "index.html").read_bytes() == b"old"
    assert sorted(path.name for path in (tmp_path / "s").iterdir()) == [".featviz-gallery", "index.html"]


def test_the_page_of_a_run_is_written_last(tmp_path, monkeypatch):
    site = Site(tmp_path / "s")
    order = []
    monkeypatch.setattr(site, "write", lambda name, data: order.append(name))
    site.write_run("cat-00000000", {"index.html": b"", "best.png": b"", "top-1.webp": b""})
    assert order[-1] == "runs/cat-00000000/index.html"
    assert len(order) == 3


def test_sweep_removes_stale_pages_and_nothing_of_the_user(tmp_path):
    old = Site(tmp_path / "s")
    old.write_run("cat-00000000", {"index.html": b"", "best.png": b"", "top-9.webp": b""})
    old.write_run("dog-00000000", {"index.html": b"", "best.npy": b"", ".best.png.77.tmp": b""})
    runs = tmp_path / "s" / "runs"
    (runs / "cat-00000000" / "notes.md").write_text("mine")
    (runs / "mine").mkdir()
    (runs / "mine" / "index.html").write_text("mine")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "index.html").write_text("mine")
    (runs / "link-00000000").symlink_to(elsewhere)

    new = Site(tmp_path / "s")
    new.write_run("cow-00000000", {"index.html": b""})
    new.sweep()
    left = sorted(str(path.relative_to(runs)) for path in runs.rglob("*") if path.is_file())
    assert left == ["cat-00000000/notes.md", "cow-00000000/index.html", "mine/index.html"]
    assert (elsewhere / "index.html").exists()
    assert not (runs / "dog-00000000").exists()
