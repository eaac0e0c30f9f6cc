"""Models against the contract of a black box: boosted trees, several targets, ONNX of several inputs, torch."""

from functools import cache

import lightgbm
import numpy as np
import onnx
import pytest
import xgboost
from onnx import TensorProto, helper
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier

import featviz as fv
from featviz.testing import BlackBoxContract


@cache
def iris():
    return load_iris(return_X_y=True)


def lightgbm_classifier():
    return lightgbm.LGBMClassifier(n_estimators=5, n_jobs=1, verbose=-1).fit(*iris())


KINDS = {
    "LightGBM": lightgbm_classifier,
    "LightGBM's booster": lambda: lightgbm_classifier().booster_,
    "XGBoost": lambda: xgboost.XGBClassifier(n_estimators=5, n_jobs=1).fit(*iris()),
    "XGBoost's booster": lambda: xgboost.XGBClassifier(n_estimators=5, n_jobs=1).fit(*iris()).get_booster(),
    "two targets": lambda: RandomForestClassifier(5, random_state=0).fit(iris()[0], np.column_stack([iris()[1]] * 2)),
}


class TestEstimators(BlackBoxContract):
    @pytest.fixture(params=KINDS)
    def box(self, request):
        return fv.black_box(KINDS[request.param]())

    @pytest.fixture
    def inputs(self):
        return iris()[0][::30].copy()


class TestOnnxOfSeveralInputs(BlackBoxContract):
    @pytest.fixture(params=["n", 4])
    def box(self, request, tmp_path):
        nodes = [helper.make_node("Sub", ["left", "right"], ["y"]), helper.make_node("Neg", ["left"], ["z"])]
        values = [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, [request.param, 2])
            for name in ("left", "right", "y", "z")
        ]
        graph = helper.make_graph(nodes, "g", values[:2], values[2:])
        path = tmp_path / "model.onnx"
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
        return fv.black_box(path)

    @pytest.fixture
    def inputs(self):
        left, right = np.random.default_rng(0).random((2, 6, 2), dtype=np.float32)
        return {"left": left, "right": right}


class TestTorch(BlackBoxContract):
    @pytest.fixture(params=["convolutional", "of one number"])
    def box(self, request):
        torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'featviz[torch]'")
        nn = torch.nn
        torch.manual_seed(0)
        if request.param == "of one number":
            return fv.black_box(nn.Sequential(nn.Flatten(), nn.Linear(64, 1)))
        layers = [nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Dropout(), nn.Flatten(), nn.Linear(144, 3)]
        return fv.black_box(nn.Sequential(*layers))

    @pytest.fixture
    def inputs(self):
        return np.random.default_rng(0).random((5, 8, 8, 1), dtype=np.float32)
