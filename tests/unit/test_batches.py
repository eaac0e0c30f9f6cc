"""featviz.batches: one set of operations for every kind of batch."""

import numpy as np
import pytest

from featviz.batches import batch_length, concatenate, stack, take, unstack
from featviz.errors import SpaceError


def pictures():
    return np.arange(24, dtype=np.float32).reshape(4, 3, 2)


def words():
    return ["a", "b", "c", "d"]


def nested():
    return {"image": pictures(), "meta": (words(), np.arange(4))}


def frame():
    pd = pytest.importorskip("pandas", reason="data frames need pandas")
    return pd.DataFrame({"age": [30, 40, 50, 60], "city": ["x", "y", "x", "z"]}, index=[9, 8, 7, 6])


BATCHES = [pictures, words, nested, frame]
ROWS = {
    "slice": (slice(1, 3), [1, 2]),
    "list": ([3, 0], [3, 0]),
    "tuple": ((3, 0), [3, 0]),
    "array": (np.array([2, 2]), [2, 2]),
    "mask": (np.array([False, True, False, True]), [1, 3]),
    "none": ([], []),
    "negative": ([-1], [3]),
}


def flat(batch):
    """The rows of a batch as plain Python values."""
    if isinstance(batch, dict):
        return list(zip(*map(flat, batch.values()), strict=True))
    if isinstance(batch, tuple):
        return list(zip(*map(flat, batch), strict=True))
    if hasattr(batch, "iloc"):
        return batch.to_numpy().tolist()
    return batch if isinstance(batch, list) else batch.tolist()


@pytest.mark.parametrize("make", BATCHES, ids=lambda f: f.__name__)
class TestEveryKind:
    def test_length(self, make):
        assert batch_length(make()) == 4

    @pytest.mark.parametrize(("rows", "expected"), ROWS.values(), ids=ROWS)
    def test_take(self, make, rows, expected):
        batch = make()
        taken = take(batch, rows)
        assert type(taken) is type(batch)
        assert flat(taken) == [flat(batch)[i] for i in expected]
        assert batch_length(taken) == len(expected)

    def test_concatenate_undoes_taking_apart(self, make):
        batch = make()
        whole = concatenate([take(batch, slice(0, 1)), take(batch, slice(1, 1)), take(batch, slice(1, 4))])
        assert type(whole) is type(batch)
        assert flat(whole) == flat(batch)

    def test_a_row_beyond_the_end_is_an_error(self, make):
        with pytest.raises(IndexError):
            take(make(), [4])


def test_concatenated_frames_are_numbered_anew():
    assert concatenate([frame(), frame()]).index.tolist() == list(range(8))


def test_types_of_arrays_are_kept():
    assert take(pictures(), [0]).dtype == np.float32
    assert concatenate([pictures(), pictures()]).dtype == np.float32


def test_parts_of_different_lengths_are_refused():
    with pytest.raises(SpaceError, match=r"one length, but they have \[3, 4\]"):
        batch_length({"a": np.zeros(4), "b": [1, 2, 3]})
    with pytest.raises(SpaceError, match="one length"):
        batch_length({})


@pytest.mark.parametrize("batch", [np.array(3.0), 3, None, iter([1])])
def test_what_has_no_length_is_refused(batch):
    with pytest.raises(SpaceError, match="must have a length, but it is a "):
        batch_length(batch)


@pytest.mark.parametrize(
    "inputs",
    [
        [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}],
        [{"a": 1}, {"b": 2}],
        [(1, ()), (2, ())],
        [(), ()],
        [{}, {}],
        [1, "x", None],
        [True, 2],
        [np.zeros(2), np.zeros(3)],
        [[np.zeros(2)], []],
    ],
)
def test_unstack_gives_back_what_was_stacked(inputs):
    again = unstack(stack(inputs))
    assert repr([_plain(x) for x in again]) == repr([_plain(x) for x in inputs])


def _plain(x):
    if isinstance(x, dict):
        return {name: _plain(part) for name, part in x.items()}
    if isinstance(x, list | tuple):
        return type(x)(map(_plain, x))
    return x.tolist() if isinstance(x, np.ndarray | np.generic) else x
