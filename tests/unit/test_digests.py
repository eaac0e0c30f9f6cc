"""Digests of inputs: equal for equal inputs, different for any other."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from featviz.digests import file_sha256, input_digests

BATCHES = {
    "pictures": np.arange(24, dtype=np.float32).reshape(3, 4, 2, 1),
    "tokens": np.array([[1, 2], [2, 1], [1, 3]]),
    "a transposed array": np.arange(6.0).reshape(2, 3).T,
    "texts": ["ab", "ba", ""],
    "records": [{"a": [1, 2.5], "b": ("x",)}, {"a": [1, 2.5], "b": ("y",)}, {"a": [], "b": None}],
    "a frame": pd.DataFrame({"age": [1, 2, 2], "name": ["x", "x", None], "p": [0.5, np.nan, 0.5]}),
    "a dict of parts": {"picture": np.eye(3), "word": ["a", "a", "a"]},
    "a tuple of parts": (np.eye(3), np.arange(3)),
}


@pytest.mark.parametrize("name", BATCHES)
def test_different_inputs_have_different_digests_and_equal_ones_the_same(name):
    digests = input_digests(BATCHES[name])
    assert len(set(digests)) == len(digests) == 3
    assert all(isinstance(digest, bytes) for digest in digests)
    assert input_digests(BATCHES[name]) == digests


def test_digests_do_not_depend_on_the_batch_that_an_input_is_in():
    pictures = BATCHES["pictures"]
    assert input_digests(pictures[1:2]) == input_digests(pictures)[1:2]
    frame = BATCHES["a frame"]
    assert input_digests(frame.iloc[1:2]) == input_digests(frame)[1:2]


def test_digests_are_the_same_in_another_process():
    code = (
        "from featviz.digests import input_digests as d; print(d([{'a': {1: 'x'}}])[0].hex(), d(['é\\ud800'])[0].hex())"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    there = ran.stdout.split()
    assert there == [input_digests([{"a": {1: "x"}}])[0].hex(), input_digests(["é\ud800"])[0].hex()]


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ([1], [1.0]),
        (["1"], [1]),
        ([True], [1]),
        ([[1, [2]]], [[[1], 2]]),
        ([["a", "b"]], [["ab"]]),
        ([{"a": 1, "b": 2}], [{"a": 12}]),
        ([None], ["None"]),
        (np.array([[0.0]]), np.array([[-0.0]])),
        (np.array([[1.0, -1.0]]), np.array([[-1.0, 1.0]])),
    ],
)
def test_what_looks_alike_is_told_apart(a, b):
    assert input_digests(a) != input_digests(b)


def test_what_has_no_value_to_compare_has_no_digest():
    deep = []
    for _ in range(60):
        deep = [deep]
    assert input_digests([object()]) is None
    assert input_digests([deep]) is None
    assert input_digests((np.eye(2), [object(), object()])) is None
    assert input_digests(pd.DataFrame({"a": [object(), object()]})) is None


@pytest.mark.parametrize("cells", [[1, True], [1, 1.0], [1, "1"], ["a", "a\0"], [None, np.nan], [[1], [2]]])
def test_cells_that_pandas_takes_for_the_same_are_told_apart(cells):
    frame = pd.DataFrame({"a": pd.Series(cells, dtype=object)})
    assert len(set(input_digests(frame))) == 2


@pytest.mark.parametrize("dtype", ["Int64", "category", "string", "datetime64[ns]", "float64"])
def test_columns_of_every_type_have_digests(dtype):
    frame = pd.DataFrame({"a": pd.Series([1, None, 2, 1], dtype="Int64").astype(dtype, errors="ignore")})
    first, missing, second, again = input_digests(frame)
    assert len({first, missing, second}) == 3
    assert first == again


def test_the_rows_of_a_frame_without_columns_are_equal():
    assert len(input_digests(pd.DataFrame(index=[0, 1]))) == 2


def test_an_empty_batch_has_none():
    assert input_digests([]) == []
    assert input_digests(np.empty((0, 3))) == []


@given(st.lists(st.text(), min_size=2, max_size=5))
def test_texts_are_equal_exactly_where_their_digests_are(texts):
    digests = input_digests(texts)
    assert len(set(digests)) == len(set(texts))


@pytest.mark.parametrize(("a", "b"), [(1, "1"), (True, "True"), (1.0, "1.0"), ((1, 2), "(1, 2)")])
@pytest.mark.parametrize("dtype", [object, "category"])
def test_cells_of_a_mixed_column_that_look_alike_are_told_apart(a, b, dtype):
    column = pd.Series([a, b, a], dtype=object).astype(dtype)
    first, second, third = input_digests(pd.DataFrame({"number": [1.5] * 3, "mixed": column}))
    assert first != second
    assert first == third


def test_the_checksum_of_a_file_is_that_of_its_bytes(tmp_path):
    file = tmp_path / "model"
    file.write_bytes(b"abc")
    assert file_sha256(file) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
