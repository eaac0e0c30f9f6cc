"""ONNX files as black boxes, on files made here."""

import sys

import numpy as np
import onnx
import pandas as pd
import pytest
from onnx import TensorProto, helper, numpy_helper

import featviz as fv
from featviz.errors import BoxError, InvalidArgument, MissingDependency, OutputNotFound

FLOAT = TensorProto.FLOAT


def save(tmp_path, nodes, inputs, outputs, weights=(), name="model.onnx"):
    graph = helper.make_graph(nodes, "g", inputs, outputs, [numpy_helper.from_array(w, n) for n, w in weights])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    path = tmp_path / name
    onnx.save(model, path)
    return path


def linear(tmp_path, shape, features, k=3, dtype=FLOAT, output_shape=None, name="model.onnx"):
    """flatten -> matmul: the logits of a linear model on an input of ``shape``."""
    weights = np.random.default_rng(0).standard_normal((features, k)).astype(helper.tensor_dtype_to_np_dtype(dtype))
    nodes = [
        helper.make_node("Reshape", ["x", "to"], ["flat"]),
        helper.make_node("MatMul", ["flat", "w"], ["logits"]),
    ]
    to = np.array([-1, features], dtype=np.int64)
    outputs = [helper.make_tensor_value_info("logits", dtype, output_shape or [shape[0], k])]
    inputs = [helper.make_tensor_value_info("x", dtype, shape)]
    return save(tmp_path, nodes, inputs, outputs, [("w", weights), ("to", to)], name), weights


def pictures(n=5, channels=3):
    return np.random.default_rng(1).random((n, 8, 6, channels), dtype=np.float32)


def test_channels_first(tmp_path):
    path, w = linear(tmp_path, ["n", 3, 8, 6], 144)
    box = fv.black_box(path)
    assert (box.name, box.outputs) == ("model", ("0", "1", "2"))
    x = pictures()
    np.testing.assert_allclose(box(x), x.transpose(0, 3, 1, 2).reshape(5, -1) @ w, rtol=1e-5, atol=1e-5)


def test_channels_last(tmp_path):
    path, w = linear(tmp_path, ["n", 8, 6, 3], 144)
    x = pictures()
    np.testing.assert_allclose(fv.black_box(str(path))(x), x.reshape(5, -1) @ w, rtol=1e-5, atol=1e-5)


def test_flat(tmp_path):
    path, w = linear(tmp_path, ["n", 48], 48)
    x = pictures(channels=1)
    box = fv.black_box(path, outputs=["a", "b", "c"])
    np.testing.assert_allclose(box(x), x.reshape(5, -1) @ w, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(box(x.reshape(5, 48)), box(x))


def test_without_a_channel_axis(tmp_path):
    path, w = linear(tmp_path, ["n", 8, 6], 48)
    x = pictures(channels=1)
    np.testing.assert_allclose(fv.black_box(path)(x), x.reshape(5, -1) @ w, rtol=1e-5, atol=1e-5)


def test_series(tmp_path):
    path, w = linear(tmp_path, ["n", 2, 10], 20)
    x = np.random.default_rng(0).random((4, 10, 2), dtype=np.float32)
    np.testing.assert_allclose(fv.black_box(path)(x), x.transpose(0, 2, 1).reshape(4, -1) @ w, rtol=1e-5, atol=1e-5)


def test_flat_colours_are_ambiguous_and_the_layout_decides(tmp_path):
    path, w = linear(tmp_path, ["n", 144], 144)
    x = pictures()
    with pytest.raises(BoxError, match=r"flat_channels_last and as flat_channels_first.*layout='flat_channels_last'"):
        fv.black_box(path)(x)
    first = fv.black_box(path, layout="flat_channels_first")(x)
    np.testing.assert_allclose(first, x.transpose(0, 3, 1, 2).reshape(5, -1) @ w, rtol=1e-5, atol=1e-5)
    last = fv.black_box(path, layout="flat_channels_last")(x)
    np.testing.assert_allclose(last, x.reshape(5, -1) @ w, rtol=1e-5, atol=1e-5)


def test_a_file_that_leaves_all_sizes_open_is_ambiguous(tmp_path):
    node = helper.make_node("ReduceMean", ["x"], ["means"], axes=[2, 3], keepdims=0)
    inputs = [helper.make_tensor_value_info("x", FLOAT, ["n", "a", "b", "c"])]
    path = save(tmp_path, [node], inputs, [helper.make_tensor_value_info("means", FLOAT, ["n", "k"])])
    with pytest.raises(BoxError, match=r"how many numbers.*outputs=\[\.\.\.\]"):
        fv.black_box(path)
    with pytest.raises(BoxError, match="NHWC and as NCHW"):
        fv.black_box(path, outputs=["r", "g", "b"])(pictures())
    box = fv.black_box(path, outputs=["r", "g", "b"], layout="NCHW")
    np.testing.assert_allclose(box(pictures()), pictures().mean(axis=(1, 2)), rtol=1e-5)


def test_one_row_of_one_pixel_wide_pictures_is_not_ambiguous(tmp_path):
    # (n, 1, 1, 1) is the same in every layout.
    path, _ = linear(tmp_path, ["n", 1, 1, 1], 1)
    assert fv.black_box(path)(np.ones((2, 1, 1, 1), dtype=np.float32)).shape == (2, 3)


def test_pictures_that_fit_in_no_layout_say_both_shapes(tmp_path):
    path, _ = linear(tmp_path, ["n", 3, 8, 6], 144)
    with pytest.raises(BoxError, match=r"\(n, 3, 8, 6\).*\(2, 9, 9, 1\)"):
        fv.black_box(path)(np.zeros((2, 9, 9, 1)))
    with pytest.raises(BoxError, match="layout 'NHWC'"):
        fv.black_box(path, layout="NHWC")(pictures())
    with pytest.raises(BoxError, match="takes arrays"):
        fv.black_box(path)(["text"])


@pytest.mark.parametrize("size", [1, 4])
def test_a_fixed_batch_is_asked_in_parts(tmp_path, size):
    path, w = linear(tmp_path, [size, 3, 8, 6], 144)
    x = pictures(7)
    want = x.transpose(0, 3, 1, 2).reshape(7, -1) @ w
    np.testing.assert_allclose(fv.black_box(path)(x), want, rtol=1e-5, atol=1e-5)


def test_a_fixed_batch_of_one_whose_output_has_no_axis_for_it(tmp_path):
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["rows"]),
        helper.make_node("Reshape", ["rows", "to"], ["logits"]),
    ]
    w = np.arange(8, dtype=np.float32).reshape(4, 2)
    inputs = [helper.make_tensor_value_info("x", FLOAT, [1, 4])]
    outputs = [helper.make_tensor_value_info("logits", FLOAT, [2])]
    path = save(tmp_path, nodes, inputs, outputs, [("w", w), ("to", np.array([2], dtype=np.int64))])
    x = np.eye(4, dtype=np.float32)
    box = fv.black_box(path)
    assert box.outputs == ("0", "1")
    np.testing.assert_array_equal(box(x), w)


@pytest.mark.parametrize("dtype", [TensorProto.FLOAT16, TensorProto.DOUBLE])
def test_other_floats(tmp_path, dtype):
    path, w = linear(tmp_path, ["n", 48], 48, dtype=dtype)
    x = pictures(channels=1)
    np.testing.assert_allclose(fv.black_box(path)(x), x.reshape(5, -1) @ w, rtol=0.02, atol=0.02)


def identity(tmp_path, dtype, k=2):
    nodes = [helper.make_node("Cast", ["x"], ["y"], to=FLOAT)]
    inputs = [helper.make_tensor_value_info("x", dtype, ["n", k])]
    return save(tmp_path, nodes, inputs, [helper.make_tensor_value_info("y", FLOAT, ["n", k])])


def test_pictures_become_bytes(tmp_path):
    box = fv.black_box(identity(tmp_path, TensorProto.UINT8))
    np.testing.assert_array_equal(box(np.array([[0.0, 1.0], [0.5, 0.1], [-1, 2]])), [[0, 255], [128, 26], [0, 255]])
    np.testing.assert_array_equal(box(np.array([[0, 200]])), [[0, 200]])
    with pytest.raises(BoxError, match=r"uint8 from 0 to 255.*to 300"):
        box(np.array([[0, 300]]))


def test_tokens_stay_whole(tmp_path):
    box = fv.black_box(identity(tmp_path, TensorProto.INT32))
    np.testing.assert_array_equal(box(np.array([[5, 7]], dtype=np.int64)), [[5, 7]])
    with pytest.raises(BoxError, match="takes int32, but the batch holds float64"):
        box(np.array([[0.5, 1.0]]))


def tensors(*specs):
    return [helper.make_tensor_value_info(name, dtype, shape) for name, dtype, shape in specs]


def weighted(tmp_path, batch="n", dtypes=(FLOAT, FLOAT)):
    """left - 2 right, of inputs of two numbers."""
    nodes = [
        helper.make_node("Cast", ["left"], ["l"], to=FLOAT),
        helper.make_node("Cast", ["right"], ["r"], to=FLOAT),
        helper.make_node("Mul", ["r", "two"], ["doubled"]),
        helper.make_node("Sub", ["l", "doubled"], ["y"]),
    ]
    inputs = tensors(("left", dtypes[0], [batch, 2]), ("right", dtypes[1], [batch, 2]))
    return save(tmp_path, nodes, inputs, tensors(("y", FLOAT, [batch, 2])), [("two", np.float32([2]))])


@pytest.mark.parametrize("batch", ["n", 1, 4])
def test_several_inputs_by_name_and_by_position(tmp_path, batch):
    box = fv.black_box(weighted(tmp_path, batch))
    left, right = np.random.default_rng(0).random((2, 6, 2))
    want = left - 2 * right
    np.testing.assert_allclose(box({"right": right, "left": left}), want, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(box((left, right)), want, rtol=1e-5, atol=1e-6)
    space = fv.DictSpace({"left": fv.TimeSeriesSpace(2), "right": fv.TimeSeriesSpace(2)})
    run = fv.search(space, fv.maximise(box, "0"), budget=20, progress="none")
    assert run.best.score == pytest.approx(box({k: v[None] for k, v in run.best.input.items()})[0, 0], abs=1e-5)


def test_several_inputs_of_several_types(tmp_path):
    box = fv.black_box(weighted(tmp_path, dtypes=(TensorProto.INT64, TensorProto.BOOL)))
    np.testing.assert_array_equal(box((np.array([[5, 7]]), np.array([[True, False]]))), [[3, 7]])
    with pytest.raises(BoxError, match="takes int64, but the batch holds float64"):
        box((np.array([[0.5, 7]]), np.array([[True, False]])))


@pytest.mark.parametrize(
    ("batch", "words"),
    [
        (
            {"left": np.ones((3, 2)), "rigth": np.ones((3, 2))},
            r"an input 'right', which.*left, rigth.*Did you mean 'rigth'",
        ),
        ((np.ones((3, 2)),), r"takes 2 inputs \(left, right\), but the batch has 1 parts"),
        (np.ones((3, 2)), r"takes 2 inputs \(left, right\), but the batch is an array.*DictSpace"),
        ({"left": np.ones((3, 2)), "right": np.ones((3, 5))}, r"\(n, 2\).*\(3, 5\)"),
        ({"left": np.ones((3, 2)), "right": ["a", "b", "c"]}, "takes arrays"),
    ],
)
def test_batches_that_do_not_fit_several_inputs(tmp_path, batch, words):
    with pytest.raises(BoxError, match=words):
        fv.black_box(weighted(tmp_path))(batch)


def test_one_input_takes_a_dict_of_its_name(tmp_path):
    box = fv.black_box(identity(tmp_path, FLOAT))
    x = np.eye(2, dtype=np.float32)
    np.testing.assert_array_equal(box({"x": x}), x)
    np.testing.assert_array_equal(box((x,)), x)
    np.testing.assert_array_equal(box(pd.DataFrame(x, columns=["a", "b"])), x)


def test_columns_of_a_data_frame_are_inputs_of_one_number(tmp_path):
    nodes = [helper.make_node("Sub", ["income", "age"], ["y"])]
    inputs = tensors(("age", FLOAT, ["n", 1]), ("income", FLOAT, ["n", 1]))
    box = fv.black_box(save(tmp_path, nodes, inputs, tensors(("y", FLOAT, ["n", 1]))))
    frame = pd.DataFrame({"income": [5.0, 7.0], "other": ["a", "b"], "age": [1, 2]})
    np.testing.assert_array_equal(box(frame), [[4], [5]])
    with pytest.raises(BoxError, match="an input 'age', which the batch does not have"):
        box(frame.drop(columns="age"))


def test_layouts_of_several_inputs(tmp_path):
    nodes = [
        helper.make_node("ReduceMean", ["a"], ["means"], axes=[2, 3], keepdims=0),
        helper.make_node("Add", ["means", "b"], ["y"]),
    ]
    inputs = tensors(("a", FLOAT, ["n", "c", "h", "w"]), ("b", FLOAT, ["n", "c"]))
    path = save(tmp_path, nodes, inputs, tensors(("y", FLOAT, ["n", 3])))
    x = pictures()
    given = {"a": x, "b": np.ones((5, 3), dtype=np.float32)}
    with pytest.raises(BoxError, match="NHWC and as NCHW"):
        fv.black_box(path)(given)
    box = fv.black_box(path, layout={"a": "NCHW"})
    np.testing.assert_allclose(box(given), x.mean(axis=(1, 2)) + 1, rtol=1e-5)
    with pytest.raises(InvalidArgument, match=r"has no option 'c'"):
        fv.black_box(path, layout={"c": "NCHW"})
    with pytest.raises(InvalidArgument, match=r"must be a dict by their names, such as \{'a': 'NCHW'\}"):
        fv.black_box(path, layout="NCHW")


def labelled(tmp_path, shape, fixed=None):
    """The length class of known words: a for 1, bb for 2, anything else 0."""
    node = helper.make_node(
        "LabelEncoder", ["words"], ["y"], domain="ai.onnx.ml", keys_strings=["a", "bb"], values_floats=[1.0, 2.0],
        default_float=0.0,
    )  # fmt: skip
    graph = helper.make_graph([node], "g", tensors(("words", TensorProto.STRING, shape)), tensors(("y", FLOAT, shape)))
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    path = tmp_path / "words.onnx"
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=9), path)
    return path


@pytest.mark.parametrize("shape", [["n"], ["n", 1], [2], [2, 1]])
def test_text(tmp_path, shape):
    box = fv.black_box(labelled(tmp_path, shape))
    assert box.outputs == ("y",)
    np.testing.assert_array_equal(box(["bb", "a", "none"]), [[2], [1], [0]])
    np.testing.assert_array_equal(box(np.array(["bb", "a", "none"])), [[2], [1], [0]])
    with pytest.raises(BoxError, match=r"'words' of words takes text, but the batch holds 1\.5 \(float\)"):
        box([1.5, 2.5])
    with pytest.raises(BoxError, match=r"takes text, but the batch holds None"):
        box(["a", None])


def test_a_kind_of_input_that_nothing_fits(tmp_path):
    sequence = helper.make_tensor_sequence_value_info("xs", FLOAT, ["n", 2])
    node = helper.make_node("ConcatFromSequence", ["xs"], ["y"], axis=0)
    with pytest.raises(BoxError, match=r"'xs' of model is a seq\(tensor\(float\)\), neither numbers nor text"):
        fv.black_box(save(tmp_path, [node], [sequence], tensors(("y", FLOAT, ["n", 2]))))
    node = helper.make_node("Add", ["x", "shift"], ["y"])
    inputs = tensors(("x", FLOAT, ["n", 2]), ("shift", FLOAT, []))
    with pytest.raises(BoxError, match="'shift' of model has no axis for a batch"):
        fv.black_box(save(tmp_path, [node], inputs, tensors(("y", FLOAT, ["n", 2]))))


def test_several_outputs_are_joined_or_chosen_by_name(tmp_path):
    nodes = [
        helper.make_node("Neg", ["x"], ["minus"]),
        helper.make_node("ReduceMax", ["x"], ["most"], axes=[1]),
        helper.make_node("ArgMax", ["x"], ["which"], axis=1),
        helper.make_node("Unsqueeze", ["x", "at"], ["column"]),
        helper.make_node("Transpose", ["column"], ["row"], perm=[0, 2, 1]),
        helper.make_node("MatMul", ["column", "row"], ["square"]),
    ]
    outputs = tensors(
        ("which", TensorProto.INT64, ["n", 1]),
        ("minus", FLOAT, ["n", 2]),
        ("square", FLOAT, ["n", 2, 2]),
        ("most", FLOAT, ["n", 1]),
    )
    path = save(tmp_path, nodes, tensors(("x", FLOAT, ["n", 2])), outputs, [("at", np.int64([2]))])
    x = np.array([[1.0, 3.0], [5.0, 2.0]])
    box = fv.black_box(path)
    assert box.outputs == ("minus/0", "minus/1", "most")
    np.testing.assert_array_equal(box(x), [[-1, -3, 3], [-5, -2, 5]])
    with pytest.raises(BoxError, match=r"no output 'mimus'.*Did you mean 'minus'"):
        fv.black_box(path, output="mimus")
    with pytest.raises(BoxError, match="'square' of model is a map of shape"):
        fv.black_box(path, output="square")
    box = fv.black_box(path, output="minus")
    assert box.outputs == ("0", "1")
    np.testing.assert_array_equal(box(x), -x)
    box = fv.black_box(path, output="which")
    assert box.outputs == ("which",)
    np.testing.assert_array_equal(box(x), [[1], [0]])
    with pytest.raises(OutputNotFound):
        fv.maximise(box, "plus")
    with pytest.raises(InvalidArgument, match="3 outputs, but outputs= names 2"):
        fv.black_box(path, outputs=["a", "b"])


def classifier(tmp_path, labels):
    """A linear classifier in the form that skl2onnx gives it: the label, and a table of each input."""
    strings = isinstance(labels[0], str)
    own, table = ("classlabels_strings",) * 2 if strings else ("classlabels_ints", "classlabels_int64s")
    kind = TensorProto.STRING if strings else TensorProto.INT64
    nodes = [
        helper.make_node(
            "LinearClassifier", ["x"], ["label", "raw"], domain="ai.onnx.ml", coefficients=[1.0, 0, 0, 1, -1, -1],
            intercepts=[0.0, 0, 0], post_transform="SOFTMAX", **{own: labels},
        ),
        helper.make_node("ZipMap", ["raw"], ["probability"], domain="ai.onnx.ml", **{table: labels}),
    ]  # fmt: skip
    tables = helper.make_map_type_proto(kind, helper.make_tensor_type_proto(FLOAT, []))
    outputs = [
        helper.make_tensor_value_info("label", kind, ["n"]),
        helper.make_value_info("probability", helper.make_sequence_type_proto(tables)),
    ]
    graph = helper.make_graph(nodes, "g", tensors(("x", FLOAT, ["n", 2])), outputs)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    path = tmp_path / "classifier.onnx"
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=9), path)
    return path


@pytest.mark.parametrize("labels", [["cat", "ant", "bee"], [7, 0, 3]])
def test_tables_of_each_input_are_named_by_their_keys(tmp_path, labels):
    path = classifier(tmp_path, labels)
    box = fv.black_box(path)
    assert sorted(box.outputs) == sorted(map(str, labels))
    x = np.random.default_rng(0).normal(size=(5, 2)).astype(np.float32)
    logits = np.column_stack([x[:, 0], x[:, 1], -x.sum(axis=1)])
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    order = [list(map(str, labels)).index(name) for name in box.outputs]
    np.testing.assert_allclose(box(x), p[:, order], rtol=1e-5)
    names = list(map(str, sorted(labels, key=str)))
    order = [list(map(str, labels)).index(name) for name in names]
    again = fv.black_box(path, outputs=names)
    assert again.outputs == tuple(names)
    np.testing.assert_allclose(again(x), p[:, order], rtol=1e-5)
    assert fv.black_box(path, outputs=["a", "b", "c"])(x).shape == (5, 3)
    if isinstance(labels[0], str):
        with pytest.raises(BoxError, match=r"'label' of classifier is a tensor\(string\)"):
            fv.black_box(path, output="label")


def test_a_width_that_the_file_leaves_open_is_found_by_asking_once(tmp_path):
    path, w = linear(tmp_path, ["n", 48], 48, output_shape=["n", "k"])
    x = pictures(channels=1)
    box = fv.black_box(path)
    assert box.outputs == ("0", "1", "2")
    np.testing.assert_allclose(box(x), x.reshape(5, -1) @ w, rtol=1e-5, atol=1e-5)


def test_axes_of_length_one_after_the_outputs_do_not_count_and_maps_are_refused(tmp_path):
    node = helper.make_node("ReduceMean", ["x"], ["y"], axes=[2, 3], keepdims=1)
    inputs = [helper.make_tensor_value_info("x", FLOAT, ["n", 3, 8, 6])]
    path = save(tmp_path, [node], inputs, [helper.make_tensor_value_info("y", FLOAT, ["n", 3, 1, 1])])
    np.testing.assert_allclose(fv.black_box(path)(pictures()), pictures().mean(axis=(1, 2)), rtol=1e-5)
    node = helper.make_node("Relu", ["x"], ["y"])
    path = save(tmp_path, [node], inputs, [helper.make_tensor_value_info("y", FLOAT, ["n", 3, 8, 6])])
    with pytest.raises(BoxError, match="a map of shape"):
        fv.black_box(path)


@pytest.mark.parametrize("content", [b"", b"not a model", b"\x08\x07" * 50])
def test_files_that_are_no_models(tmp_path, content):
    path = tmp_path / "bad.onnx"
    path.write_bytes(content)
    with pytest.raises(BoxError, match="could not be opened as an ONNX model"):
        fv.black_box(path)


def test_a_missing_file_and_a_folder(tmp_path):
    (tmp_path / "folder.onnx").mkdir()
    for name in ("none.onnx", "folder.onnx"):
        with pytest.raises(BoxError, match="there is no file"):
            fv.black_box(tmp_path / name)


def test_without_onnxruntime_the_extra_is_named(tmp_path, monkeypatch):
    path, _ = linear(tmp_path, ["n", 48], 48)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingDependency, match=r"featviz\[onnx\]"):
        fv.black_box(path)


def test_wrong_names_and_options(tmp_path):
    path, _ = linear(tmp_path, ["n", 48], 48)
    with pytest.raises(InvalidArgument, match="3 outputs, but outputs= names 2"):
        fv.black_box(path, outputs=["a", "b"])
    with pytest.raises(InvalidArgument, match="layout must be one of"):
        fv.black_box(path, layout="WHCN")
    with pytest.raises(InvalidArgument, match="threads"):
        fv.black_box(path, threads=0)
    with pytest.raises(InvalidArgument, match="Did you mean 'layout'"):
        fv.black_box(path, layuot="NCHW")
