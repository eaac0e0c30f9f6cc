"""What is in the tree is in the wheel, and what must not be in the code is not."""

import ast
import io
import os
import re
import shutil
import subprocess
import sys
import tokenize
import tomllib
import zipfile
from pathlib import Path, PurePosixPath

import pytest

import featviz

ROOT = Path(__file__).resolve().parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
SETUPTOOLS = PYPROJECT["tool"]["setuptools"]
CODE_FOLDERS = ("gallery", "objectives", "search_spaces")


def folders():
    """Every folder of the package with its dotted name, seen through the links as Python sees it."""
    found = {}
    for folder, below, _ in os.walk(ROOT / "featviz", followlinks=True):
        below[:] = [name for name in below if name != "__pycache__"]
        parts = Path(folder).relative_to(ROOT).parts
        found[".".join(parts)] = Path(folder)
    return found


def sources():
    """Every Python file of the package."""
    return sorted(path for folder in folders().values() for path in folder.glob("*.py"))


def shown(path):
    return str(path.relative_to(ROOT))


PACKAGES = {name: folder for name, folder in folders().items() if (folder / "__init__.py").is_file()}


class TestLayout:
    @pytest.mark.parametrize("name", CODE_FOLDERS)
    def test_the_code_folders_are_reached_by_relative_links(self, name):
        link = ROOT / "featviz" / name
        assert link.is_symlink()
        assert link.readlink() == Path("..") / name
        assert (ROOT / name / "__init__.py").is_file()
        assert not (ROOT / name).is_symlink()
        assert SETUPTOOLS["package-dir"][f"featviz.{name}"] == name

    def test_there_are_no_other_links_in_the_package(self):
        links = {shown(p) for p in (ROOT / "featviz").rglob("*") if p.is_symlink()}
        assert links == {f"featviz/{name}" for name in CODE_FOLDERS}

    def test_every_package_is_named_in_pyproject_and_no_other(self):
        assert sorted(SETUPTOOLS["packages"]) == sorted(PACKAGES)

    def test_every_folder_with_code_is_a_package(self):
        with_code = {name for name, folder in folders().items() if any(folder.glob("*.py"))}
        assert with_code == set(PACKAGES)

    def test_every_other_file_is_named_as_package_data(self):
        left_out = [
            shown(path)
            for package, folder in PACKAGES.items()
            for path in data_files(folder)
            if not any(
                path.relative_to(folder).match(pattern) for pattern in SETUPTOOLS["package-data"].get(package, [])
            )
        ]
        assert left_out == []

    def test_every_pattern_of_package_data_matches_something(self):
        unmatched = [
            (package, pattern)
            for package, patterns in SETUPTOOLS["package-data"].items()
            for pattern in patterns
            if not any(PACKAGES[package].glob(pattern))
        ]
        assert unmatched == []

    def test_no_module_bears_the_name_of_a_public_function(self):
        # Importing such a module would put it in the place of the function.
        modules = {path.stem for path in (ROOT / "featviz").iterdir()}
        assert modules.isdisjoint(set(featviz.__all__))

    def test_versions_agree(self):
        assert PYPROJECT["tool"]["setuptools"]["dynamic"]["version"]["attr"] == "featviz.version.VERSION"
        version = featviz.__version__
        assert re.search(rf"^version: {re.escape(version)}$", (ROOT / "CITATION.cff").read_text(), re.MULTILINE)
        changes = (ROOT / "CHANGELOG.md").read_text()
        assert "\n## [Unreleased]\n" in changes or f"\n## [{version}]" in changes


def data_files(folder):
    """The files of a package that are no code, in folders that are no packages."""
    for path in sorted(folder.iterdir()):
        if path.is_dir() and path.name != "__pycache__" and not (path / "__init__.py").exists():
            yield from data_files(path)
        elif path.is_file() and path.suffix not in (".py", ".pyc"):
            yield path


FORBIDDEN = {"pickle", "_pickle", "cPickle", "cloudpickle", "joblib", "dill", "marshal", "shelve"}
GENERIC = set(CODE_FOLDERS)


@pytest.mark.parametrize("path", sources(), ids=shown)
class TestSource:
    def test_imports_nothing_that_runs_code_from_files(self, path):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        imported = {name.split(".")[0] for name in imported_modules(tree)}
        assert not imported & FORBIDDEN, f"{shown(path)} reads or writes pickles"
        assert not imported & GENERIC, f"{shown(path)}: import featviz.<name>; the bare name may be a user's own folder"
        for node in ast.walk(tree):
            if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
                assert isinstance(node.value, ast.Constant)
                assert node.value.value is False, f"{shown(path)}:{node.value.lineno} allows pickles"

    def test_does_not_validate_by_assert(self, path):
        # python -O leaves asserts out. The contract classes that are shipped for pytest are tests.
        if path.is_relative_to(ROOT / "featviz" / "testing"):
            return
        lines = [n.lineno for n in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(n, ast.Assert)]
        assert lines == []

    def test_holds_no_notes_to_do(self, path):
        text = path.read_text(encoding="utf-8")
        words = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
        tokens = tokenize.generate_tokens(io.StringIO(text).readline)
        assert [t.start[0] for t in tokens if t.type == tokenize.COMMENT and words.search(t.string)] == []

    def test_is_short_enough_to_read(self, path):
        lines = path.read_text(encoding="utf-8").splitlines()
        assert len(lines) <= 450  # "about 400"
        for node in ast.walk(ast.parse("\n".join(lines))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno - node.lineno < 60, f"{shown(path)}: {node.name}"


def imported_modules(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module


def test_relative_imports_are_not_used():
    # Through a link they would find another parent than at the real place of the file.
    relative = [
        shown(path)
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert relative == []


@pytest.mark.parametrize("name", CODE_FOLDERS)
def test_a_users_own_file_of_the_same_name_is_not_in_the_way(name, tmp_path):
    (tmp_path / f"{name}.py").write_text("raise SystemExit('the wrong module')\n")
    script = f"import featviz.{name} as m; print(m.__name__)"
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}
    ran = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert (ran.stdout.strip(), ran.returncode) == (f"featviz.{name}", 0), ran.stderr


@pytest.mark.slow
def test_the_wheel_holds_the_whole_package(tmp_path):
    pytest.importorskip("setuptools", minversion="77", reason="building the wheel needs setuptools 77 (extra: test)")
    tree = tmp_path / "tree with spaces"
    tree.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tree)
    for name in ("featviz", *CODE_FOLDERS):
        shutil.copytree(ROOT / name, tree / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    build = "from setuptools import build_meta; import sys; build_meta.build_wheel(sys.argv[1])"
    made = subprocess.run(
        [sys.executable, "-c", build, str(tmp_path)], cwd=tree, capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr[-2000:]
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        inside = {name for name in archive.namelist() if ".dist-info/" not in name}
        metadata = {PurePosixPath(name).name for name in archive.namelist() if ".dist-info/" in name}
    expected = {shown(path) for path in sources()}
    expected |= {shown(path) for folder in PACKAGES.values() for path in data_files(folder)}
    assert inside == expected
    assert {"featviz/py.typed", *(f"featviz/{name}/__init__.py" for name in CODE_FOLDERS)} <= inside
    assert {"LICENSE", "entry_points.txt"} <= metadata
