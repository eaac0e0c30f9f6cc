"""ONNX files as black boxes, on files made here."""

import sys

import numpy as np
import onnx
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


def test_several_inputs_and_text_are_refused(tmp_path):
    both = [helper.make_tensor_value_info(name, FLOAT, ["n", 2]) for name in ("left", "right")]
    out = [helper.make_tensor_value_info("y", FLOAT, ["n", 2])]
    with pytest.raises(BoxError, match=r"2 inputs \(left, right\).*Wrap it in a function"):
        fv.black_box(save(tmp_path, [helper.make_node("Add", ["left", "right"], ["y"])], both, out))
    text = [helper.make_tensor_value_info("words", TensorProto.STRING, ["n"])]
    back = [helper.make_tensor_value_info("y", TensorProto.STRING, ["n"])]
    with pytest.raises(BoxError, match=r"'words'.*tensor\(string\)"):
        fv.black_box(save(tmp_path, [helper.make_node("Identity", ["words"], ["y"])], text, back))


def test_several_outputs_are_chosen_by_name(tmp_path):
    nodes = [helper.make_node("Neg", ["x"], ["minus"]), helper.make_node("Relu", ["x"], ["plus"])]
    inputs = [helper.make_tensor_value_info("x", FLOAT, ["n", 1])]
    outputs = [helper.make_tensor_value_info(name, FLOAT, ["n", 1]) for name in ("minus", "plus")]
    path = save(tmp_path, nodes, inputs, outputs)
    with pytest.raises(BoxError, match="several outputs: minus, plus"):
        fv.black_box(path)
    with pytest.raises(BoxError, match=r"no output 'mimus'.*Did you mean 'minus'"):
        fv.black_box(path, output="mimus")
    box = fv.black_box(path, output="minus")
    assert box.outputs == ("minus",)
    np.testing.assert_array_equal(box(np.array([[1.0], [2.0]])), [[-1], [-2]])
    with pytest.raises(OutputNotFound):
        fv.maximise(box, "plus")


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
