"""Seeded results stay what they are unless a change means to change them (see make_golden.py)."""

import json

import pytest
from make_golden import GOLDEN, cases, result

KNOWN = json.loads(GOLDEN.read_text(encoding="utf-8"))
AGAIN = "if that is meant: python tests/unit/optimisers/make_golden.py"


@pytest.mark.parametrize(("name", "kind"), cases())
def test_seeded_results(name, kind):
    assert f"{name} {kind}" in KNOWN, f"it is not in golden.json; {AGAIN}"
    known, found = KNOWN[f"{name} {kind}"], result(name, kind)
    assert found["first"] == known["first"], f"it asks for other latents first; {AGAIN}"
    assert found["best"] == pytest.approx(known["best"], rel=1e-6), f"it finds something else; {AGAIN}"


def test_nothing_else_is_in_the_file():
    assert sorted(KNOWN) == sorted(f"{name} {kind}" for name, kind in cases()), AGAIN
