"""Callables as black boxes."""

import functools

import numpy as np
import pytest

import featviz as fv
from featviz.errors import AnswerShapeError, BoxError, InvalidArgument, RowsFailed, WrongType


def pair(batch):
    return np.column_stack([batch.sum(axis=1), batch.max(axis=1)])


def brightness(one):
    return float(one.mean())


BATCH = np.arange(6.0).reshape(3, 2)


def test_a_function_of_a_batch():
    box = fv.black_box(pair, outputs=["sum", "max"])
    assert (box.name, box.outputs) == ("pair", ("sum", "max"))
    np.testing.assert_array_equal(box(BATCH), [[1, 1], [5, 3], [9, 5]])


def test_without_names_there_is_one_output():
    box = fv.black_box(lambda batch: batch[:, 0])
    assert (box.name, box.outputs) == ("function", ("output",))
    np.testing.assert_array_equal(box(BATCH), [[0], [2], [4]])


def test_several_columns_without_names_say_what_to_pass():
    with pytest.raises(BoxError, match=r"2 numbers an input.*outputs=\[\.\.\.\] with 2 names"):
        fv.black_box(pair)(BATCH)
    with pytest.raises(BoxError, match="with 2 names"):
        fv.black_box(lambda one: [1.0, 2.0], per_input=True)(BATCH)


def test_one_input_at_a_time():
    seen = []
    box = fv.black_box(lambda one: seen.append(one.shape) or one.sum(), per_input=True)
    np.testing.assert_array_equal(box(BATCH), [[1], [5], [9]])
    assert seen == [(2,)] * 3


@pytest.mark.parametrize("answer", [1.0, np.float32(2), np.array(3.0), np.ones(2)])
def test_a_function_of_one_input_passed_for_a_batch_function_says_so(answer):
    box = fv.black_box(lambda batch: answer, outputs=["a"] if np.ndim(answer) == 0 else ["a", "b"])
    with pytest.raises(BoxError, match="per_input=True"):
        box(BATCH)


def test_one_input_at_a_time_of_batches_of_every_type():
    def total(one):
        return one["a"][0] + one["b"][1]

    box = fv.black_box(total, per_input=True)
    batch = {"a": np.arange(4).reshape(2, 2), "b": (np.arange(2), [10, 20])}
    np.testing.assert_array_equal(box(batch), [[10], [22]])


def test_one_input_that_raises_costs_no_other_and_is_asked_once():
    asked = []

    def picky(one):
        asked.append(float(one[0]))
        if one[0] == 2:
            raise KeyError("two")
        return one[0]

    with pytest.raises(RowsFailed, match="row 1: KeyError") as caught:
        fv.black_box(picky, per_input=True)(BATCH)
    assert asked == [0, 2, 4]
    np.testing.assert_array_equal(caught.value.outputs, [[0], [np.nan], [4]])


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, MemoryError])
def test_what_is_about_the_process_passes(error):
    def fail(one):
        raise error

    with pytest.raises(error):
        fv.black_box(fail, per_input=True)(BATCH)


def test_the_wrong_number_of_rows():
    with pytest.raises(AnswerShapeError, match=r"expected 3 rows"):
        fv.black_box(lambda batch: batch[1:, 0])(BATCH)


def test_preprocess_is_applied_first():
    box = fv.black_box(lambda batch: batch[:, 0], preprocess=lambda batch: batch * 255)
    np.testing.assert_array_equal(box(BATCH), BATCH[:, :1] * 255)


def test_an_empty_batch_is_not_asked():
    assert fv.black_box(pair, outputs=["a", "b"])(BATCH[:0]).shape == (0, 2)


def test_callables_of_all_sorts_have_names():
    class Model:
        def __call__(self, batch):
            return batch[:, 0]

        def predict_all(self, batch):
            return batch[:, 0]

    assert fv.black_box(Model()).name == "Model"
    assert fv.black_box(Model().predict_all).name == "predict_all"
    assert fv.black_box(functools.partial(pair)).name == "partial"
    assert fv.black_box(pair, outputs=["a", "b"], name="mine").name == "mine"


async def later(batch):
    return batch[:, 0]


@pytest.mark.parametrize(
    ("thing", "options", "error", "words"),
    [
        (pair, {"concurrency": 0}, InvalidArgument, "concurrency"),
        (pair, {"timeout": 0}, InvalidArgument, "timeout"),
        (pair, {"per_input": 1}, WrongType, "per_input"),
        (pair, {"preprocess": 3}, WrongType, "preprocess"),
        (pair, {"per_imput": True}, InvalidArgument, "Did you mean 'per_input'"),
        (pair, {"layout": "NHWC"}, InvalidArgument, "no option 'layout'"),
        (pair, {"outputs": ["a", "a"]}, InvalidArgument, "twice"),
        (pair, {"outputs": []}, InvalidArgument, "at least one"),
        (pair, {"outputs": "person"}, WrongType, "list of names"),
        (pair, {"name": ""}, InvalidArgument, "name"),
    ],
)
def test_mistakes(thing, options, error, words):
    with pytest.raises(error, match=words):
        fv.black_box(thing, **options)
