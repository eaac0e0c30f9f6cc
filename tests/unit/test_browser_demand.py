"""tests/conftest.py: where a browser is demanded, a skipped browser test is a failure."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).resolve().parents[1] / "conftest.py"

FILES = {
    "test_in_test": "@pytest.mark.browser\ndef test_it():\n    pytest.skip('no browser')\n",
    "test_in_fixture": (
        "@pytest.fixture\ndef page():\n    pytest.skip('no browser')\n\n"
        "@pytest.mark.browser\ndef test_it(page):\n    pass\n"
    ),
    "test_in_module": "pytest.importorskip('no_such_module_q')\n\n@pytest.mark.browser\ndef test_it():\n    pass\n",
    "test_of_other_things": "def test_it():\n    pytest.skip('no GPU')\n",
    "test_expected": "@pytest.mark.browser\n@pytest.mark.xfail\ndef test_it():\n    raise ValueError\n",
}


@pytest.mark.parametrize(
    ("demanded", "failing"),
    [("1", {"test_in_test", "test_in_fixture", "test_in_module"}), ("0", set())],
)
def test_skips_that_become_failures(tmp_path, demanded, failing):
    shutil.copy(CONFTEST, tmp_path)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = browser: drives a browser\n")
    for name, text in FILES.items():
        (tmp_path / f"{name}.py").write_text("import pytest\n\n" + text)
    env = {**os.environ, "FEATVIZ_REQUIRE_BROWSER": demanded}
    command = [sys.executable, "-m", "pytest", "-rfE", "-p", "no:cacheprovider", "--continue-on-collection-errors"]
    ran = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert set(re.findall(r"^(?:FAILED|ERROR) (\w+)\.py", ran.stdout, re.MULTILINE)) == failing, ran.stdout
    assert ran.returncode == (1 if failing else 0)
    assert ("FEATVIZ_REQUIRE_BROWSER is set" in ran.stdout) == bool(failing)
