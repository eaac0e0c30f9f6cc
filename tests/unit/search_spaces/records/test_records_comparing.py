"""Distances between inputs of any shape."""

import dataclasses

import numpy as np
import pytest

from featviz.search_spaces.records.comparing import distances, flat, rows_of


@dataclasses.dataclass
class Point:
    x: float
    tags: list


def test_leaves():
    x = {"a": [1, (2.5, "t")], "p": Point(np.float32(0.5), []), "n": None, "b": True}
    assert flat(x) == {"a/0": 1, "a/1/0": 2.5, "a/1/1": "t", "p/x": 0.5, "p/tags": "list", "n": "None", "b": "True"}
    assert flat("word") == {"": "word"}
    assert flat(object()) == {"": "<object object>"}
    assert rows_of(x) == (
        ("a/0", "1"), ("a/1", "2.5, t"), ("p/x", "0.5"), ("p/tags", ""), ("n", "None"), ("b", "True"),
    )  # fmt: skip


def test_numbers_by_their_size():
    np.testing.assert_allclose(distances([1.0, 100.0, 0.0], [1.0, 3.0]), [[0, 0.5], [99 / 101, 97 / 103], [1, 1]])


def test_texts_by_what_they_share():
    (near, far, same) = distances(["melody"], ["melodic", "xyz", "melody"])[0]
    assert 0 < near < 0.6 < far <= 1
    assert same == 0
    assert distances(["ab"], ["abab"])[0, 0] > 0


def test_paths_that_one_lacks_count_in_full():
    assert distances([{"a": 1, "b": 2}], [{"a": 1}])[0, 0] == pytest.approx(0.5)
    assert distances([[1, 2, 3]], [[1, 2, 3, 4]])[0, 0] == pytest.approx(0.25)
    assert distances([[]], [[1]])[0, 0] == 1


def test_what_is_no_number_equals_itself():
    odd = [float("nan"), float("inf"), None, 10**400, -(10**400)]
    found = distances(odd, odd)
    assert (np.diag(found) == 0).all()
    assert (found + np.eye(5) > 0).all()
    np.testing.assert_allclose(found, found.T)
