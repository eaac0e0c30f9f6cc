"""Imports stay light: the libraries that take seconds to load are loaded where they are used."""

import functools
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import featviz

ROOT = Path(__file__).resolve().parents[2]

# nevergrad alone takes about two seconds.
HEAVY = ("cv2", "nevergrad", "onnx", "onnxruntime", "optuna", "pandas", "scipy.stats", "sklearn", "torch", "matplotlib")
# What the public names may need, and ``import featviz`` not.
LATER = ("PIL", "jinja2", "click", "cma", "scipy", "tqdm", "sqlite3")


def modules():
    """The dotted name of every module of the package, through the links."""
    found = []
    for folder, below, files in os.walk(ROOT / "featviz", followlinks=True):
        below[:] = [name for name in below if name != "__pycache__"]
        parts = Path(folder).relative_to(ROOT).parts
        for file in files:
            if file == "__init__.py":
                found.append(".".join(parts))
            elif file.endswith(".py") and file != "__main__.py":  # which would start the command line
                found.append(".".join([*parts, file.removesuffix(".py")]))
    return sorted(found)


def in_fresh_interpreter(script):
    """What ``script`` prints as JSON, run with this checkout on the path."""
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr[-2000:]
    return json.loads(ran.stdout)


# Does one thing after another and says of each which heavy libraries it was the first to load, or how it failed.
REPORT = """
import importlib, json, sys
heavy, said = {heavy!r}, {{}}
for thing in {things!r}:
    before = set(sys.modules)
    try:
        {action}
        said[thing] = sorted(set(heavy) & (set(sys.modules) - before))
    except Exception as error:
        said[thing] = f"{{type(error).__name__}}: {{error}}"
print(json.dumps(said))
"""


@functools.cache
def loaded_by_modules():
    return in_fresh_interpreter(REPORT.format(heavy=HEAVY, things=modules(), action="importlib.import_module(thing)"))


@functools.cache
def loaded_by_names():
    script = "import featviz\n" + REPORT.format(heavy=HEAVY, things=featviz.__all__, action="getattr(featviz, thing)")
    return in_fresh_interpreter(script)


def test_importing_featviz_loads_numpy_and_little_else():
    script = """
import json, sys
import numpy, importlib, typing
before = set(sys.modules)
import featviz
print(json.dumps(sorted(set(sys.modules) - before)))
"""
    loaded = in_fresh_interpreter(script)
    assert "featviz" in loaded
    assert not set(loaded) & {*HEAVY, *LATER}
    # A count does not depend on the machine; the time is measured in benchmarks/overhead.py.
    others = [name for name in loaded if name.split(".")[0] != "featviz"]
    assert {name.split(".")[0] for name in others} <= {"numpy", *sys.stdlib_module_names}
    assert len(loaded) <= 20


@pytest.mark.parametrize("name", featviz.__all__)
def test_a_public_name_loads_nothing_heavy(name):
    assert loaded_by_names()[name] == []


@pytest.mark.parametrize("name", modules())
def test_a_module_loads_nothing_heavy(name):
    assert loaded_by_modules()[name] == []


def test_the_report_notices_a_heavy_import():
    said = in_fresh_interpreter(
        REPORT.format(
            heavy=("colorsys",), things=["json", "colorsys", "no_such_module"], action="importlib.import_module(thing)"
        )
    )
    assert said["json"] == []
    assert said["colorsys"] == ["colorsys"]
    assert said["no_such_module"].startswith("ModuleNotFoundError")
