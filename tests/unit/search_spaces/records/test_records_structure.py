"""Paths of a record, read as lists, elements and parts."""

import pytest

from featviz.search_spaces.records.structure import elements_of, lists_of, rearranged, spans_of, unit_of, within

VALUES = {
    "tempo": 90,
    "row": 3,
    "row/0/cell": 2,
    "row/0/cell/0/v": 1,
    "row/0/cell/1/v": 2,
    "row/1/cell": 0,
    "order/0": 1,
}


@pytest.mark.parametrize(
    ("path", "unit"),
    [
        ("tempo", "tempo"), ("note", "note"), ("note/3/pitch", "note/3"), ("row/0/cell/1/v", "row/0"),
        ("order/2", "order"), ("a/order/2", "a/order"), ("applicant/age", "applicant/age"), ("x#2", "x#2"),
    ],
)  # fmt: skip
def test_units(path, unit):
    assert unit_of(path) == unit


def test_lists_and_elements():
    assert lists_of(VALUES) == {"row": 3, "row/0/cell": 2}
    assert elements_of(VALUES, "row") == {0: {"cell": 2, "cell/0/v": 1, "cell/1/v": 2}, 1: {"cell": 0}}
    assert elements_of(VALUES, "order") == {}


def test_rearranged():
    elements = elements_of(VALUES, "row")
    found = rearranged(VALUES, "row", [elements[1], {}, elements[0], elements[1]])
    assert found == {
        "tempo": 90, "order/0": 1, "row": 4, "row/0/cell": 0, "row/2/cell": 2, "row/2/cell/0/v": 1,
        "row/2/cell/1/v": 2, "row/3/cell": 0,
    }  # fmt: skip
    assert VALUES["row"] == 3


def test_spans():
    assert spans_of("row/0/cell") == ["row", "row/0", "row/0/cell"]
    assert within("row/0", "row")
    assert within("row", "row")
    assert not within("rows/0", "row")
