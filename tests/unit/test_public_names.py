"""The names of ``import featviz as fv``."""

import ast
import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest

import featviz

NAMES = [name for name in featviz.__all__ if name != "__version__"]


@pytest.mark.parametrize("name", NAMES)
def test_resolves_and_says_what_it_is(name):
    value = getattr(featviz, name)
    assert inspect.isclass(value) or callable(value)
    # A class that says nothing would show what its base says.
    doc = vars(value).get("__doc__") if inspect.isclass(value) else inspect.getdoc(value)
    assert doc
    assert len(doc.split()) >= 4


@pytest.mark.parametrize("name", NAMES)
def test_is_the_object_of_its_home(name):
    value = getattr(featviz, name)
    assert value.__module__.startswith("featviz.")
    assert getattr(featviz, name) is value


def test_all_is_sorted_and_without_doubles():
    assert sorted(set(featviz.__all__)) == sorted(featviz.__all__)
    assert set(featviz.__all__) <= set(dir(featviz))


def test_type_checkers_see_the_same_names():
    tree = ast.parse(Path(featviz.__file__).read_text(encoding="utf-8"))
    (block,) = [n for n in tree.body if isinstance(n, ast.If) and ast.unparse(n.test) == "TYPE_CHECKING"]
    seen = {alias.asname: node.module for node in block.body for alias in node.names}
    homes = {name: home for home, names in featviz._HOMES.items() for name in names}
    homes |= dict.fromkeys(featviz._MODULES, "featviz")
    assert seen == homes


def test_a_name_that_is_not_there():
    with pytest.raises(AttributeError, match="module 'featviz' has no attribute 'maximize'"):
        featviz.maximize  # noqa: B018


def test_testing_is_loaded_when_it_is_used():
    script = """
import sys
import featviz as fv
assert "testing" in dir(fv)
assert "featviz.testing" not in sys.modules
fv.testing.check_space(fv.ImageSpace(4, 4))
assert "featviz.testing" in sys.modules
print(*fv.testing.__all__)
"""
    environment = {**os.environ, "PYTHONPATH": str(Path(featviz.__file__).parents[1])}
    ran = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert {"check_black_box", "check_optimiser", "check_space"} <= set(ran.stdout.split())
