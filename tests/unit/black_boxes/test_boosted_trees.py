"""LightGBM and XGBoost as black boxes, and CatBoost's form of a classifier."""

import warnings
from functools import cache

import lightgbm
import numpy as np
import pandas as pd
import pytest
import xgboost
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import featviz as fv

LIBRARIES = {
    "lightgbm": lambda **more: lightgbm.LGBMClassifier(n_estimators=8, n_jobs=1, verbose=-1, **more),
    "xgboost": lambda **more: xgboost.XGBClassifier(n_estimators=8, n_jobs=1, **more),
}


@cache
def iris(classes=3):
    x, y = load_iris(return_X_y=True)
    few = y < classes
    return x[few], y[few]


def margins_of(model, x):
    option = "raw_score" if isinstance(model, lightgbm.LGBMModel) else "output_margin"
    return model.predict(x, **{option: True})


@pytest.mark.parametrize("library", LIBRARIES)
class TestClassifiers:
    def test_margins_of_three_classes(self, library):
        x, y = iris()
        model = LIBRARIES[library]().fit(x, y)
        box = fv.black_box(model)
        assert box.outputs == ("0", "1", "2")
        np.testing.assert_array_equal(box(x), margins_of(model, x))
        assert (box(x).argmax(axis=1) == model.predict(x)).all()
        logs = fv.black_box(model, method="predict_proba")(x)
        np.testing.assert_allclose(logs, model.predict_proba(x))

    def test_two_classes_can_both_be_asked_for(self, library):
        x, y = iris(2)
        model = LIBRARIES[library]().fit(x, y)
        margin = margins_of(model, x)
        assert margin.shape == (100,)
        np.testing.assert_array_equal(fv.black_box(model)(x), np.column_stack([-margin, margin]))

    def test_inside_a_pipeline_and_a_search(self, library):
        x, y = iris()
        model = make_pipeline(StandardScaler(), LIBRARIES[library]()).fit(x, y)
        want = margins_of(model[-1], StandardScaler().fit(x).transform(x[:9]))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            np.testing.assert_allclose(fv.black_box(model)(x[:9]), want, rtol=1e-6)
            search = GridSearchCV(model, {f"{type(model[-1]).__name__.lower()}__max_depth": [2, 3]}, cv=2).fit(x, y)
        best = search.best_estimator_
        want = margins_of(best[-1], best[0].transform(x[:9]))
        np.testing.assert_allclose(fv.black_box(search)(x[:9]), want, rtol=1e-6)

    def test_a_data_frame(self, library):
        x, y = iris()
        frame = pd.DataFrame(x, columns=["a", "b", "c", "d"])
        model = LIBRARIES[library]().fit(frame, y)
        box = fv.black_box(model)
        np.testing.assert_array_equal(box(frame[["d", "c", "b", "a"]]), margins_of(model, frame))
        np.testing.assert_array_equal(box(x), margins_of(model, frame))

    def test_a_booster_answers_with_margins_named_by_number(self, library):
        x, y = iris()
        model = LIBRARIES[library]().fit(x, y)
        booster = model.booster_ if library == "lightgbm" else model.get_booster()
        box = fv.black_box(booster, name="trees")
        assert (box.name, box.outputs) == ("trees", ("0", "1", "2"))
        np.testing.assert_allclose(box(x.reshape(-1, 2, 2)), margins_of(model, x), rtol=1e-6)
        two = LIBRARIES[library]().fit(*iris(2))
        booster = two.booster_ if library == "lightgbm" else two.get_booster()
        assert fv.black_box(booster).outputs == ("margin",)
        np.testing.assert_allclose(fv.black_box(booster)(iris(2)[0])[:, 0], margins_of(two, iris(2)[0]), rtol=1e-6)


def test_text_labels_of_lightgbm():
    x, y = iris()
    model = LIBRARIES["lightgbm"]().fit(x, np.array(["setosa", "versicolor", "virginica"])[y])
    box = fv.black_box(model)
    assert box.outputs == ("setosa", "versicolor", "virginica")
    assert (np.array(box.outputs)[box(x).argmax(axis=1)] == model.predict(x)).all()


def test_regressors_answer_in_their_own_unit():
    x, _ = iris()
    model = lightgbm.LGBMRegressor(n_estimators=5, objective="poisson", verbose=-1).fit(x[:, 1:], x[:, 0])
    np.testing.assert_array_equal(fv.black_box(model)(x[:9, 1:])[:, 0], model.predict(x[:9, 1:]))
    both = xgboost.XGBRegressor(n_estimators=3, n_jobs=1).fit(x[:, 2:], x[:, :2])
    assert fv.black_box(both).outputs == ("prediction 0", "prediction 1")
    np.testing.assert_allclose(fv.black_box(both)(x[:9, 2:]), both.predict(x[:9, 2:]))


def test_an_xgboost_booster_with_named_columns_takes_arrays_and_frames():
    x, y = iris()
    frame = pd.DataFrame(x, columns=["a", "b", "c", "d"])
    booster = xgboost.train({"nthread": 1, "objective": "reg:squarederror"}, xgboost.DMatrix(frame, y), 5)
    box = fv.black_box(booster)
    np.testing.assert_array_equal(box(x[:5]), box(frame[:5]))


def test_the_form_of_catboost():
    class CatBoostClassifier:  # the part of its interface that is used; the library itself is not tested
        classes_ = np.array(["no", "yes"])

        def is_fitted(self):
            return True

        def predict(self, data, prediction_type="Class"):
            raw = data[:, 0] - 1
            return raw if prediction_type == "RawFormulaVal" else np.where(raw > 0, "yes", "no")

        def predict_proba(self, data):
            raise AssertionError("probabilities saturate")

    box = fv.black_box(CatBoostClassifier())
    np.testing.assert_array_equal(box(np.array([[0.0], [3.0]])), [[1, -1], [-2, 2]])
