"""Every kind of black box against the contract that plug-in authors run, and the contract against bad boxes."""

import math
from functools import cache

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from sklearn.datasets import load_digits
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import featviz as fv
from featviz.errors import BoxError
from featviz.testing.black_boxes import BlackBoxContract, check_black_box


@cache
def digits():
    x, y = load_digits(return_X_y=True)
    return (x[:300] / 16).astype(np.float32), y[:300]


def pictures():
    return digits()[0][:6].reshape(6, 8, 8, 1)


def onnx_file(folder, shape):
    w = np.random.default_rng(0).standard_normal((64, 10)).astype(np.float32)
    nodes = [
        helper.make_node("Reshape", ["x", "to"], ["flat"]),
        helper.make_node("MatMul", ["flat", "w"], ["logits"]),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [shape[0], 10])],
        [numpy_helper.from_array(w, "w"), numpy_helper.from_array(np.array([-1, 64]), "to")],
    )
    path = folder / "digits.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    return path


KINDS = {
    "function": lambda tmp: fv.black_box(lambda x: x.mean(axis=(1, 2))),
    "function of one input": lambda tmp: fv.black_box(lambda x: [x.min(), x.max()], per_input=True, outputs=["a", "b"]),
    "SVC": lambda tmp: fv.black_box(SVC().fit(*digits())),
    "pipeline": lambda tmp: fv.black_box(make_pipeline(StandardScaler(), SVC()).fit(*digits())),
    "regressor": lambda tmp: fv.black_box(LinearRegression().fit(*digits())),
    "ONNX": lambda tmp: fv.black_box(onnx_file(tmp, ["n", 1, 8, 8])),
    "ONNX of batch 4": lambda tmp: fv.black_box(onnx_file(tmp, [4, 8, 8, 1]), outputs=[f"d{i}" for i in range(10)]),
}


class TestBuiltIn(BlackBoxContract):
    @pytest.fixture(params=KINDS)
    def box(self, request, tmp_path):
        return KINDS[request.param](tmp_path)

    @pytest.fixture
    def inputs(self):
        return pictures()


class TestImportable(BlackBoxContract):
    @pytest.fixture
    def box(self):
        return fv.black_box(math.sqrt, per_input=True)

    @pytest.fixture
    def inputs(self):
        return [1.0, 4.0, 2.0]


def test_the_report_of_a_good_box():
    report = check_black_box(fv.black_box(math.sqrt, per_input=True), [1.0, 4.0])
    assert (report.name, report.outputs, report.inputs) == ("sqrt", ("output",), 2)
    assert (report.repeats, report.batch_difference, report.rebuildable) == (True, 0.0, True)


def test_the_report_of_a_noisy_box():
    rng = np.random.default_rng(0)
    noisy = fv.black_box(lambda x: rng.standard_normal(len(x)))
    with pytest.raises(AssertionError):
        check_black_box(noisy, pictures())
    report = check_black_box(noisy, pictures(), noisy=True)
    assert not report.repeats
    assert report.batch_difference > 0


class Plain(fv.BlackBox):
    def answer(self, inputs):
        return inputs.mean(axis=(1, 2))


def bad_boxes():
    calls = []

    class Renamed(Plain):
        outputs = ("a", "a")

    class Unnamed(Plain):
        outputs = ()

    class Single(Plain):
        def __call__(self, inputs):
            return super().__call__(inputs).astype(np.float32)

    class Spoils(Plain):
        def answer(self, inputs):
            inputs *= 2
            return inputs.mean(axis=(1, 2))

    class Lies(Plain):
        def spec(self):
            return {"from": "math:sqrt", "per_input": True, "outputs": ["b"]}

    class NoEmpty(Plain):
        def __call__(self, inputs):
            return np.ones((max(len(inputs), 1), 1))

    def box(cls):
        return cls(name="box", outputs=["a"])

    return {
        "distinct": box(Renamed),
        "at least one name": box(Unnamed),
        "float64 of shape": box(Single),
        "NaN or infinity": fv.black_box(lambda x: np.full(len(x), np.nan)),
        "alone otherwise than in a batch": fv.black_box(lambda x: x.mean(axis=(1, 2, 3)) - x.mean()),
        "in two ways": fv.black_box(
            lambda x: calls.append(0) or x.mean(axis=(1, 2, 3), dtype=float) + 1e-9 * len(calls)
        ),
        "changed the batch": box(Spoils),
        "other outputs": box(Lies),
        "no rows": box(NoEmpty),
    }


@pytest.mark.parametrize("words", bad_boxes())
def test_the_contract_finds_a_bad_box(words):
    with pytest.raises(AssertionError, match=words):
        check_black_box(bad_boxes()[words], pictures().copy())


def test_what_is_no_box_and_too_few_inputs():
    with pytest.raises(AssertionError, match="lacks one"):
        check_black_box(lambda x: x, pictures())
    with pytest.raises(AssertionError, match="at least 2"):
        check_black_box(KINDS["SVC"](None), pictures()[:1])
    with pytest.raises(BoxError, match="64 features"):
        check_black_box(KINDS["SVC"](None), np.zeros((2, 3, 3, 1)))
