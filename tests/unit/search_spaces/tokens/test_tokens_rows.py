"""Rows side by side, held against the same done row by row."""

import numpy as np
import pytest

from featviz.errors import SpaceError
from featviz.search_spaces.tokens.rows import NOTHING, beside, ids_of, without_padding


def test_rows_stand_side_by_side():
    found, lengths = beside([np.array([1, 2]), np.array([], dtype=np.int64), np.array([3, 4, 5, 6])], 3)
    assert found.tolist() == [[1, 2, NOTHING, NOTHING], [NOTHING] * 4, [3, 4, 5, 6]]
    assert lengths.tolist() == [2, 0, 4]
    assert beside([], 3)[0].shape == (0, 3)


@pytest.mark.parametrize("pad", [-1, 0, 2])
def test_padding_counts_only_at_the_end(pad):
    rows = np.random.default_rng(0).integers(-1, 3, size=(500, 4))
    found, lengths = without_padding(rows, pad)
    for row, got, length in zip(rows.tolist(), found.tolist(), lengths.tolist(), strict=True):
        while row and row[-1] == pad:
            row.pop()
        assert length == len(row)
        assert got == row + [NOTHING] * (4 - len(row))


def test_rows_without_padding_are_as_long_as_they_are():
    found, lengths = without_padding(*beside([np.array([1, 0]), np.array([2]), np.array([0, 0, 3])], 4)[:1], pad=0)
    assert found.tolist() == [[1] + [NOTHING] * 3, [2] + [NOTHING] * 3, [0, 0, 3, NOTHING]]
    assert lengths.tolist() == [1, 1, 3]


def test_ids_are_read_from_arrays_and_lists_alike():
    rows = np.arange(6, dtype=np.int32).reshape(2, 3)
    for given in (rows, rows.tolist(), list(rows), rows.astype(np.uint8)):
        found, lengths = ids_of(given, 3, 6)
        assert found.dtype == np.int64
        assert found.tolist() == rows.tolist()
        assert lengths.tolist() == [3, 3]
    found[0, 0] = 5
    assert rows[0, 0] == 0


@pytest.mark.parametrize(
    "given", [[[0, 6]], [[-2, 0]], [[0.5, 1]], [["a", "b"]], [[[0], [1]]], [3, 4], [None], [[0, None]]]
)
def test_what_is_no_row_of_ids_is_said(given):
    with pytest.raises(SpaceError, match="rows of ids"):
        ids_of(given, 2, 6)
