"""Black boxes rebuilt from their specs."""

import hashlib
import math
import tomllib

import numpy as np
import onnx
import pytest
import tomli_w
from onnx import TensorProto, helper

import featviz as fv
from featviz.black_boxes import box_from_spec
from featviz.errors import BoxError, InvalidConfig, NameNotFound


@pytest.fixture
def model(tmp_path):
    node = helper.make_node("Neg", ["x"], ["y"])
    value = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 2]) for name in ("x", "y")]
    graph = helper.make_graph([node], "g", value[:1], value[1:])
    path = tmp_path / "model.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    return path


def test_an_onnx_file_is_rebuilt_through_toml(model):
    box = fv.black_box(model, outputs=["a", "b"], threads=2, name="neg")
    spec = tomllib.loads(tomli_w.dumps(box.spec()))
    assert spec == {
        "from": str(model),
        "sha256": hashlib.sha256(model.read_bytes()).hexdigest(),
        "outputs": ["a", "b"],
        "name": "neg",
        "threads": 2,
    }
    rebuilt = box_from_spec(spec)
    assert (rebuilt.outputs, rebuilt.name, rebuilt.spec()) == (box.outputs, box.name, spec)
    np.testing.assert_array_equal(rebuilt(np.ones((1, 2))), [[-1, -1]])


def test_a_file_that_changed_is_refused(model):
    spec = fv.black_box(model).spec()
    with model.open("ab") as file:
        file.write(b"\x1a\x00")  # an empty field: still a model
    with pytest.raises(BoxError, match=r"has changed: its sha256 was .* and is"):
        box_from_spec(spec)
    del spec["sha256"]
    assert box_from_spec(spec).outputs == ("0", "1")


def test_a_function_is_rebuilt():
    spec = {"from": "math:sqrt", "per_input": True, "outputs": ["root"], "name": "sqrt"}
    box = box_from_spec(spec)
    assert box.spec() == spec
    np.testing.assert_array_equal(box([4.0, 9.0]), [[2], [3]])
    assert fv.black_box(math.sqrt, per_input=True).spec() == {"from": "math:sqrt", "per_input": True}


@pytest.mark.parametrize(
    ("spec", "error", "words"),
    [
        ({}, InvalidConfig, "needs an entry from"),
        ({"from": 3}, InvalidConfig, r"but it is 3 \(int\)"),
        ("math:sqrt", InvalidConfig, "must be a table"),
        ({"from": "math:sqrt", "output_names": ["a"]}, InvalidConfig, "no option 'output_names'.*Did you mean"),
        ({"from": "math:sqrt", "ouputs": ["a"]}, InvalidConfig, "Did you mean 'outputs'"),
        ({"from": "math:sqrt", "layout": "NHWC"}, InvalidConfig, "no option 'layout'"),
        ({"from": "math:sqrt", "name": 3}, InvalidConfig, "name of a box must be text"),
        ({"from": "math:sqrt", "sha256": "0" * 64}, InvalidConfig, "sha256 is for files"),
        ({"from": "math:sqrt", "outputs": ["a", "a"]}, InvalidConfig, "twice"),
        ({"from": "math:sqroot"}, NameNotFound, "no attribute 'sqroot'"),
    ],
)
def test_mistakes_in_a_spec(spec, error, words):
    with pytest.raises(error, match=words):
        box_from_spec(spec)


def test_boxes_nested_too_deeply_are_a_mistake_in_the_spec():
    itself = {"kind": "robust"}
    itself["box"] = itself
    with pytest.raises(InvalidConfig, match="nested too deeply"):
        box_from_spec(itself)
