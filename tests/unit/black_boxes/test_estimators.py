"""Estimators as black boxes, on real ones from scikit-learn."""

import warnings
from functools import cache

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits
from sklearn.ensemble import IsolationForest, RandomForestClassifier, RandomForestRegressor, VotingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier, MultiOutputRegressor
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

import featviz as fv
from featviz.errors import BoxError, InvalidArgument, WrongType


@cache
def digits():
    x, y = load_digits(return_X_y=True)
    return x[:500] / 16, y[:500]


@cache
def svc():
    return SVC().fit(*digits())


def test_an_svc_answers_with_decision_values_named_after_its_classes():
    x, y = digits()
    box = fv.black_box(svc())
    assert (box.name, box.outputs) == ("SVC", tuple("0123456789"))
    np.testing.assert_array_equal(box(x[:20]), svc().decision_function(x[:20]))
    assert (box(x[:100]).argmax(axis=1) == y[:100]).mean() > 0.97


def test_a_data_frame_is_given_as_numbers_to_what_was_fitted_on_an_array():
    x, _ = digits()
    box = fv.black_box(svc())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(box(pd.DataFrame(x[:5]).rename(columns="pixel {}".format)), box(x[:5]))
    with pytest.raises(BoxError, match="fitted on 64 features, but an input here is 2 "):
        box(pd.DataFrame({"a": [1.0], "b": [True]}))


def test_a_dict_of_batches_is_refused_with_what_to_search_instead():
    with pytest.raises(BoxError, match=r"takes a table or an array, but the batch is a dict .* Search fv.TabularSpace"):
        fv.black_box(svc())({"a": np.zeros(2), "b": np.zeros(2)})


def test_pictures_are_flattened_to_the_features():
    x, _ = digits()
    box = fv.black_box(svc())
    np.testing.assert_array_equal(box(x[:5].reshape(5, 8, 8, 1)), box(x[:5]))


def test_pictures_of_another_size_say_both_numbers():
    with pytest.raises(BoxError, match=r"64 features.*16 x 16 x 1 = 256 numbers"):
        fv.black_box(svc())(np.zeros((2, 16, 16, 1)))


def test_two_classes_can_both_be_asked_for():
    x, y = digits()
    names = np.where(y[:200] < 5, "low", "high")
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(x[:200], names)
    box = fv.black_box(model)
    assert box.outputs == ("high", "low")
    decision = model.decision_function(x[:7])
    np.testing.assert_array_equal(box(x[:7]), np.column_stack([-decision, decision]))
    assert (np.array(box.outputs)[box(x[:200]).argmax(axis=1)] == model.predict(x[:200])).all()


def test_an_mlp_answers_with_log_probabilities():
    x, y = digits()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # 20 iterations do not converge, and need not
        model = MLPClassifier((16,), max_iter=20, random_state=0).fit(x, y)
    box = fv.black_box(model, name="mlp")
    np.testing.assert_allclose(box(x[:9]), np.log(model.predict_proba(x[:9])), rtol=1e-9)


def test_impossible_classes_have_a_finite_log_probability_below_every_other():
    x, y = digits()
    model = RandomForestClassifier(5, random_state=0).fit(x, y)
    assert (model.predict_proba(x[:50]) == 0).any()
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # log(0) warns
        outputs = fv.black_box(model)(x[:50])
    assert np.isfinite(outputs).all()
    assert outputs.min() == pytest.approx(-708.396, abs=1e-3)


@pytest.mark.parametrize("method", ["predict_proba", "predict_log_proba", "predict"])
def test_the_method_can_be_forced(method):
    x, y = digits()
    model = DecisionTreeClassifier(max_depth=4, random_state=0).fit(x, y)
    outputs = fv.black_box(model, method=method)(x[:30])
    if method == "predict_proba":
        np.testing.assert_array_equal(outputs, model.predict_proba(x[:30]))
    elif method == "predict":
        np.testing.assert_array_equal(outputs.argmax(axis=1), model.predict(x[:30]))
        assert set(outputs.ravel()) == {0.0, 1.0}
    else:
        assert outputs.max() <= 0


def test_pairs_of_classes_have_names_of_their_own():
    x, y = digits()
    few = y < 3
    model = SVC(decision_function_shape="ovo").fit(x[few], y[few])
    box = fv.black_box(make_pipeline(StandardScaler(), SVC(decision_function_shape="ovo")).fit(x[few], y[few]))
    assert fv.black_box(model).outputs == box.outputs == ("0 vs 1", "0 vs 2", "1 vs 2")
    assert box(x[:3]).shape == (3, 3)


def test_a_classifier_that_only_names_classes():
    x, y = digits()
    model = VotingClassifier([("a", DecisionTreeClassifier(max_depth=5)), ("b", LogisticRegression())]).fit(x, y)
    box = fv.black_box(model)
    np.testing.assert_array_equal(box(x[:30]).argmax(axis=1), model.predict(x[:30]))


def test_regressors():
    x, y = digits()
    one = fv.black_box(LinearRegression().fit(x, y))
    assert one.outputs == ("prediction",)
    two = LinearRegression().fit(x, np.column_stack([y, -y]))
    assert fv.black_box(two).outputs == ("prediction 0", "prediction 1")
    np.testing.assert_array_equal(fv.black_box(two, outputs=["up", "down"])(x[:3]), two.predict(x[:3]))
    forest = make_pipeline(StandardScaler(), RandomForestRegressor(2)).fit(x, np.column_stack([y, -y]))
    assert len(fv.black_box(forest).outputs) == 2


def test_the_targets_of_a_regressor_are_counted_by_asking_it_once():
    x, y = digits()
    model = MultiOutputRegressor(LinearRegression()).fit(x, np.column_stack([y, -y, y]))
    assert fv.black_box(model).outputs == ("prediction 0", "prediction 1", "prediction 2")
    assert fv.black_box(model, outputs=["a", "b", "c"])(x[:4]).shape == (4, 3)
    with pytest.raises(BoxError, match=r"outputs=\[\.\.\.\] with 3 names"):
        fv.black_box(model, outputs=["a", "b"])(x[:4])


def test_a_regressor_that_cannot_be_asked_about_zeros_says_what_to_pass():
    class Regressor:
        n_features_in_ = 64

        def predict(self, x):
            if not x.any():
                raise ValueError("nothing to see")
            return np.column_stack([x[:, 0], x[:, 1], x[:, 2]])

    x, _ = digits()
    with pytest.raises(BoxError, match=r"outputs=\[\.\.\.\] with 3 names"):
        fv.black_box(Regressor())(x[:4])
    assert fv.black_box(Regressor(), outputs=["a", "b", "c"])(x[:4]).shape == (4, 3)


def test_detectors_searches_and_text():
    x, y = digits()
    assert fv.black_box(IsolationForest(n_estimators=5, random_state=0).fit(x)).outputs == ("decision",)
    search = GridSearchCV(SVC(), {"C": [1, 2]}, cv=2).fit(x[:100], y[:100])
    np.testing.assert_array_equal(fv.black_box(search)(x[:3]), search.decision_function(x[:3]))
    words = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(["good", "bad", "good one"], [1, 0, 1])
    good, bad = fv.black_box(words)(["good", "bad"])[:, 1]
    assert good > bad


def test_other_names_for_the_classes():
    names = [f"digit {i}" for i in range(10)]
    assert fv.black_box(svc(), outputs=names).outputs == tuple(names)
    with pytest.raises(InvalidArgument, match=r"10 outputs.*names 2"):
        fv.black_box(svc(), outputs=["a", "b"])


@pytest.mark.parametrize("model", [SVC(), make_pipeline(StandardScaler(), SVC()), GridSearchCV(SVC(), {"C": [1]})])
def test_an_unfitted_estimator_says_so(model):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(BoxError, match="not fitted"):
            fv.black_box(model)


def test_other_mistakes():
    with pytest.raises(WrongType, match=r"SVC is a class. Pass an instance"):
        fv.black_box(SVC)
    with pytest.raises(BoxError, match=r"has no method predict_proba. It has: decision_function, predict"):
        fv.black_box(svc(), method="predict_proba")
    with pytest.raises(InvalidArgument, match="method must be one of"):
        fv.black_box(svc(), method="decide")
    with pytest.raises(BoxError, match="none of decision_function"):
        fv.black_box(StandardScaler().fit([[1.0], [2.0]]))


def test_an_estimator_of_arrays_of_more_dimensions_is_told_what_to_do():
    series = np.random.default_rng(0).normal(size=(20, 16, 2))
    flat = FunctionTransformer(lambda x: x.reshape(len(x), -1))
    model = make_pipeline(flat, SVC()).fit(series, [0, 1] * 10)
    with pytest.raises(BoxError, match=r"takes arrays of 3 dimensions, wrap its method: model\.decision_function\."):
        fv.black_box(model)(series)
    assert fv.black_box(model.decision_function)(series).shape == (20, 1)


def two_targets():
    _, y = digits()
    return np.column_stack([y % 3, np.where(y > 4, "high", "low")])


SEVERAL = {
    "forest": RandomForestClassifier(3, random_state=0),
    "pipeline": make_pipeline(StandardScaler(), DecisionTreeClassifier(max_depth=4, random_state=0)),
    "a classifier a target": MultiOutputClassifier(LogisticRegression()),
}


@pytest.mark.parametrize("kind", SEVERAL)
def test_classifiers_of_several_targets(kind):
    x, _ = digits()
    model = SEVERAL[kind].fit(x, two_targets())
    box = fv.black_box(model)
    assert box.outputs == ("0/0", "0/1", "0/2", "1/high", "1/low")
    probabilities = np.hstack(model.predict_proba(x[:20]))
    outputs = box(x[:20])
    sure = probabilities > 0
    np.testing.assert_allclose(outputs[sure], np.log(probabilities[sure]), rtol=1e-6, atol=1e-12)
    assert (outputs[~sure] < -708).all()
    named = fv.black_box(model, method="predict")(x[:20])
    np.testing.assert_array_equal(named[:, :3].argmax(axis=1).astype(str), model.predict(x[:20])[:, 0])
    np.testing.assert_array_equal(named[:, 4] == 1, model.predict(x[:20])[:, 1] == "low")
    with pytest.raises(InvalidArgument, match="5 outputs"):
        fv.black_box(model, outputs=["a", "b"])


def test_a_chain_of_classifiers_of_two_classes():
    x, y = digits()
    labels = np.column_stack([y > 4, y % 2]).astype(int)
    chain = ClassifierChain(LogisticRegression()).fit(x, labels)
    box = fv.black_box(chain)
    assert box.outputs == ("0/0", "0/1", "1/0", "1/1")
    decision = chain.decision_function(x[:5])
    np.testing.assert_array_equal(
        box(x[:5]), np.column_stack([-decision[:, 0], decision[:, 0], -decision[:, 1], decision[:, 1]])
    )
    proba = fv.black_box(chain, method="predict_proba")(x[:5])
    np.testing.assert_allclose(proba[:, [1, 3]], chain.predict_proba(x[:5]))
    np.testing.assert_allclose(proba[:, 0] + proba[:, 1], 1)
    np.testing.assert_allclose(
        fv.black_box(chain, method="predict_log_proba")(x[:5]), np.log(proba), rtol=1e-6, atol=1e-9
    )


@pytest.mark.parametrize(
    "model", [OneVsRestClassifier(LogisticRegression()), MLPClassifier((8,), max_iter=3, random_state=0)]
)
@pytest.mark.parametrize("count", [2, 3])
def test_one_column_a_label_where_several_hold_at_once(model, count):
    x, y = digits()
    labels = np.column_stack([y > 4, y % 2, y == 3])[:, :count].astype(int)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(x, labels)
    box = fv.black_box(model)
    assert box.outputs == tuple(map(str, range(count)))
    want = model.decision_function(x[:5]) if hasattr(model, "decision_function") else np.log(model.predict_proba(x[:5]))
    np.testing.assert_allclose(box(x[:5]), want)
    np.testing.assert_array_equal(fv.black_box(model, method="predict")(x[:5]), model.predict(x[:5]))


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        ([True, False], ("False", "True")),
        (np.array(["no", "yes"], dtype=object), ("no", "yes")),
        ([1.0, 2.0], ("1.0", "2.0")),
    ],
)
def test_labels_of_every_kind_become_text(labels, names):
    x, _ = digits()
    model = LogisticRegression().fit(x[:40], np.resize(labels, 40))
    box = fv.black_box(model, method="predict")
    assert box.outputs == names
    np.testing.assert_array_equal(model.classes_[box(x[:9]).argmax(axis=1)], model.predict(x[:9]))


def test_data_frames_and_arrays_for_an_estimator_that_was_fitted_on_a_data_frame():
    x, y = digits()
    frame = pd.DataFrame(x[:, 20:23], columns=["age", "income", "height"])
    box = fv.black_box(make_pipeline(StandardScaler(), LogisticRegression()).fit(frame, y > 4))
    want = box(frame[:6])
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # of arrays without names
        np.testing.assert_array_equal(box(frame[:6].to_numpy()), want)
        np.testing.assert_array_equal(box(frame[["height", "income", "age"]][:6].assign(more=1)), want)
    with pytest.raises(BoxError, match=r"fitted on a data frame with the columns income, which the inputs do not have"):
        box(frame.drop(columns="income")[:6])
