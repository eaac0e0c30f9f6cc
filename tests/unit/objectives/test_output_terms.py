"""The terms about what boxes answer: each against its definition, rebuilt from its spec, and its misuse."""

import tomllib

import numpy as np
import pytest
import tomli_w
from scipy.special import logsumexp, softmax

import featviz as fv
from featviz.errors import InvalidArgument, InvalidConfig, OutputNotFound, WrongType
from featviz.objectives import objective_from_spec

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(size=(6, 3)) * 4
P = softmax(LOGITS, axis=1)


def box(name="digits", outputs=("a", "b", "c")):
    return fv.black_box(lambda batch: batch, outputs=outputs, name=name)


def score(objective, *outputs):
    return objective.score(outputs, np.zeros((len(outputs[0]), 1)))


def rebuilt(objective):
    return objective_from_spec(tomllib.loads(tomli_w.dumps(objective.spec())), objective.boxes)


ONE, TWO, THREE, SINGLE = box("one"), box("two"), box("three"), box("single", ["x"])
EVERY = [
    (fv.log_odds(ONE, "b"), "log_odds(one, 'b')"),
    (fv.log_odds(ONE, "b", scale="probability"), "log_odds(one, 'b')"),
    (fv.target_value(ONE, "a", 0.5, tolerance=0.1), "target_value(one, 'a', 0.5, tolerance=0.1)"),
    (fv.direction(ONE, {"a": 1.0, "b": -0.5}), "direction(one, a: 1, b: -0.5)"),
    (fv.direction(ONE, [0, 1, 2], cosine_power=2), "direction(one, b: 1, c: 2, cosine_power=2)"),
    (fv.boundary(ONE, "a", "c"), "boundary(one, 'a', 'c')"),
    (fv.entropy(ONE), "entropy(one)"),
    (fv.disagreement(ONE, TWO, "a"), "disagreement(one, two, 'a')"),
    (fv.disagreement(ONE, TWO, "a", signed=True, scale="logits"), "disagreement(one, two, 'a', scale='logits', signed"),
    (fv.disagreement([ONE, TWO, THREE], "a", measure="deviation"), "disagreement(one, two, three, 'a', measure="),
    (fv.disagreement(ONE, TWO, scale="logits"), "disagreement(one, two, scale='logits')"),
]


@pytest.mark.parametrize(("objective", "formula"), EVERY, ids=lambda value: value if isinstance(value, str) else "")
def test_each_is_rebuilt_from_its_spec_and_says_what_it_is(objective, formula):
    again = rebuilt(objective)
    outputs = [RNG.random((5, len(b.outputs))) for b in objective.boxes]
    np.testing.assert_array_equal(score(again, *outputs), score(objective, *outputs))
    assert again.spec() == objective.spec()
    assert again.describe() == objective.describe()
    assert objective.describe().startswith(formula)
    assert score(objective, *outputs).shape == (5,)


class TestLogOdds:
    def test_of_logits_it_is_that_of_their_softmax(self):
        want = np.log(P[:, 1]) - np.log1p(-P[:, 1])
        np.testing.assert_allclose(score(fv.log_odds(box(), "b"), LOGITS), want, rtol=1e-9)
        # Log-probabilities are logits.
        log_p = LOGITS - logsumexp(LOGITS, axis=1, keepdims=True)
        np.testing.assert_allclose(score(fv.log_odds(box(), "b"), log_p), want, rtol=1e-9)
        np.testing.assert_allclose(score(fv.log_odds(box(), "b", scale="log"), log_p), want, rtol=1e-9)
        np.testing.assert_allclose(score(fv.log_odds(box(), "b", scale="probability"), P), want, rtol=1e-9)

    def test_it_does_not_saturate(self):
        outputs = np.array([[0.0, 100.0, 0.0], [0.0, 200.0, 0.0], [0.0, 5000.0, 0.0]])
        np.testing.assert_allclose(score(fv.log_odds(box(), "b"), outputs), [100, 200, 5000] - np.log(2))

    def test_a_single_logit_is_the_log_odds(self):
        np.testing.assert_array_equal(score(fv.log_odds(SINGLE), np.array([[-3.0], [2.0]])), [-3, 2])

    @pytest.mark.parametrize(("scale", "ends"), [("probability", [0.0, 1.0]), ("log", [-1e300, 0.0])])
    def test_certainty_is_finite_and_keeps_its_order(self, scale, ends):
        values = score(fv.log_odds(SINGLE, scale=scale), np.array(ends)[:, None])
        np.testing.assert_allclose(values, [-690.8, 690.8], atol=0.1)

    def test_what_is_no_probability_is_refused_with_a_way_out(self):
        with pytest.raises(InvalidArgument, match=r"single is 4.2, which is not a probability.*scale='logits'"):
            score(fv.log_odds(SINGLE, scale="probability"), np.array([[0.2], [4.2]]))
        with pytest.raises(InvalidArgument, match="at most 0"):
            score(fv.log_odds(SINGLE, scale="log"), np.array([[0.2]]))
        with pytest.raises(InvalidArgument, match="must be one of log, logits, probability"):
            fv.log_odds(SINGLE, scale="odds")
        # What rounding adds to 1 is let pass.
        assert np.isfinite(score(fv.log_odds(SINGLE, scale="probability"), np.array([[1.0000005]])))


class TestTargetValue:
    def test_definition(self):
        np.testing.assert_allclose(
            score(fv.target_value(SINGLE, None, 2, tolerance=0.5), np.array([[2.0], [2.4], [3.0], [-1.0]])),
            [0, 0, -0.5, -2.5],
        )

    def test_misuse(self):
        for value, kind in ((np.nan, InvalidArgument), ("2", WrongType)):
            with pytest.raises(kind, match="value must be"):
                fv.target_value(SINGLE, "x", value)
        with pytest.raises(InvalidArgument, match="tolerance"):
            fv.target_value(SINGLE, "x", 1, tolerance=-1)


def test_a_box_whose_outputs_were_not_named_says_how_to_name_them():
    unnamed = fv.black_box(lambda batch: batch)
    with pytest.raises(OutputNotFound, match=r"has: output\. Where the black box is made.* outputs=\['cat', \.\.\.\]"):
        fv.maximise(unnamed, "cat")


class TestDirection:
    def test_definition(self):
        along = LOGITS @ np.array([1, -0.5, 0]) / np.hypot(1, 0.5)
        np.testing.assert_allclose(score(fv.direction(box(), {"a": 2, "b": -1}), LOGITS), along)
        cosine = along / np.linalg.norm(LOGITS, axis=1)
        want = along * np.maximum(cosine, 0.1) ** 3
        np.testing.assert_allclose(score(fv.direction(box(), [2, -1, 0], cosine_power=3), LOGITS), want)

    def test_no_outputs_at_all_give_0(self):
        assert score(fv.direction(box(), [1, 1, 1], cosine_power=2), np.zeros((2, 3))).tolist() == [0, 0]

    def test_misuse(self):
        with pytest.raises(OutputNotFound, match="no output 'd'"):
            fv.direction(box(), {"d": 1.0})
        with pytest.raises(InvalidArgument, match="each of the 3 outputs of digits, but it has 2"):
            fv.direction(box(), [1, 2])
        with pytest.raises(InvalidArgument, match="point nowhere"):
            fv.direction(box(), {"a": 0})
        for vector in ("a", 3, np.zeros((1, 3))):
            with pytest.raises(WrongType, match="vector must be a dict"):
                fv.direction(box(), vector)


class TestBoundary:
    def test_it_is_highest_where_two_are_equal_and_above_the_others(self):
        goal = fv.boundary(box(), "a", "b")
        outputs = np.array([[2.0, 2.0, -1.0], [2.0, 3.0, -1.0], [2.0, 2.0, 5.0], [9.0, 1.0, -1.0]])
        np.testing.assert_allclose(score(goal, outputs), [3, 2.5, -3, -2])
        assert score(fv.boundary(box(), "b", "a"), outputs).tolist() == score(goal, outputs).tolist()

    def test_of_two_outputs(self):
        two = box(outputs=["no", "yes"])
        assert score(fv.boundary(two, "no", "yes"), np.array([[1.0, 4.0], [2.0, 2.0]])).tolist() == [-3, 0]

    def test_misuse(self):
        with pytest.raises(InvalidArgument, match="both are 'a'"):
            fv.boundary(box(), "a", "a")
        with pytest.raises(OutputNotFound):
            fv.boundary(box(), "a", "d")
        with pytest.raises(InvalidArgument, match="between two"):
            objective_from_spec({"boundary": "a"}, [box()])


class TestEntropy:
    def test_definition(self):
        want = -(P * np.log(P)).sum(axis=1)
        np.testing.assert_allclose(score(fv.entropy(box()), LOGITS), want)
        np.testing.assert_allclose(score(fv.entropy(box(), scale="probability"), P), want)
        np.testing.assert_allclose(score(fv.entropy(box(), scale="log"), np.log(P)), want)

    def test_its_ends(self):
        values = score(fv.entropy(box(), scale="probability"), np.array([[1.0, 0, 0], [1 / 3, 1 / 3, 1 / 3]]))
        np.testing.assert_allclose(values, [0, np.log(3)], atol=1e-12)
        assert score(fv.entropy(box()), np.array([[1e6, 0.0, 0.0]])) == pytest.approx(0, abs=1e-9)

    def test_one_output_has_none(self):
        with pytest.raises(InvalidArgument, match=r"has only 'x'.*target_value"):
            fv.entropy(SINGLE)
        with pytest.raises(InvalidArgument, match="not a probability"):
            score(fv.entropy(box(), scale="probability"), LOGITS)


class TestDisagreement:
    def test_of_one_output(self):
        a, b = LOGITS, LOGITS[::-1]
        np.testing.assert_allclose(score(fv.disagreement(ONE, TWO, "b"), a, b), np.abs(a - b)[:, 1])
        np.testing.assert_allclose(score(fv.disagreement(ONE, TWO, "b", signed=True), a, b), (a - b)[:, 1])
        np.testing.assert_allclose(
            score(fv.disagreement(ONE, TWO, output="b", scale="logits"), a, b),
            np.abs(softmax(a, axis=1) - softmax(b, axis=1))[:, 1],
        )

    def test_among_many(self):
        three = [LOGITS, 2 * LOGITS, -LOGITS]
        columns = np.stack(three)[:, :, 2]
        boxes = [ONE, TWO, THREE]
        np.testing.assert_allclose(score(fv.disagreement(boxes, "c"), *three), np.ptp(columns, axis=0))
        np.testing.assert_allclose(score(fv.disagreement(boxes, "c", measure="deviation"), *three), columns.std(axis=0))

    def test_whole_distributions_in_the_order_of_their_names(self):
        turned = box("turned", ["c", "a", "b"])
        goal = fv.disagreement(ONE, turned, scale="logits")
        np.testing.assert_allclose(score(goal, LOGITS, LOGITS[:, [2, 0, 1]]), 0, atol=1e-12)
        sure = 1e3 * np.eye(3)
        np.testing.assert_allclose(score(goal, sure, sure), np.log(2), rtol=1e-6)
        from scipy.spatial.distance import jensenshannon

        q = softmax(LOGITS[::-1], axis=1)
        np.testing.assert_allclose(
            score(fv.disagreement(ONE, TWO, scale="probability"), P, q), jensenshannon(P, q, axis=1) ** 2, rtol=1e-9
        )

    def test_boxes_with_one_output_of_different_names(self):
        goal = fv.disagreement(SINGLE, box("other", ["y"]))
        assert score(goal, np.array([[1.0]]), np.array([[4.0]])).tolist() == [3]

    @pytest.mark.parametrize(
        ("make", "kind", "words"),
        [
            (lambda: fv.disagreement(ONE, "a"), InvalidArgument, "two or more different"),
            (lambda: fv.disagreement(ONE, ONE, "a"), InvalidArgument, "two or more different"),
            (lambda: fv.disagreement(ONE, TWO), InvalidArgument, r"which output.*scale='logits'"),
            (lambda: fv.disagreement(ONE, box("o", ["a", "b"]), scale="logits"), InvalidArgument, "different.*'c'"),
            (lambda: fv.disagreement(ONE, box("o", ["a", "b"]), "c"), OutputNotFound, "o has no output 'c'"),
            (lambda: fv.disagreement(ONE, TWO, THREE, "a", signed=True), InvalidArgument, "two boxes"),
            (lambda: fv.disagreement(ONE, TWO, scale="logits", signed=True), InvalidArgument, "one output"),
            (lambda: fv.disagreement(ONE, TWO, "a", output="b"), InvalidArgument, "about one output"),
            (lambda: fv.disagreement(ONE, TWO, "a", "b"), InvalidArgument, "about one output"),
            (lambda: fv.disagreement(ONE, np.mean, "a"), WrongType, "Wrap it first"),
            (lambda: fv.disagreement(ONE, TWO, "a", measure="std"), InvalidArgument, "deviation, range"),
        ],
    )
    def test_misuse(self, make, kind, words):
        with pytest.raises(kind, match=words):
            make()


def test_where_nobody_named_the_outputs_the_message_says_how_to():
    unnamed = fv.black_box(np.mean)
    with pytest.raises(
        OutputNotFound, match=r"no output 'cat'\. It has: output\. Where the black box is made, .*outputs="
    ):
        fv.maximise(unnamed, "cat")
    with pytest.raises(OutputNotFound, match=r"It has: a, b, c\.$"):
        fv.maximise(ONE, "lion")


class TestLabelsOfClasses:
    """Names made of classes are text; numbers and truth values stand for the names that write them."""

    @pytest.mark.parametrize(
        ("outputs", "given", "name"),
        [
            (["False", "True"], True, "True"),
            (["False", "True"], np.bool_(False), "False"),
            (["0.0", "1.0"], 1, "1.0"),
            (["0.0", "1.0"], np.float64(1), "1.0"),
            (["0", "1"], 1.0, "1"),
            (["1", "1.0"], 1, "1"),
            (["1", "1.0"], 1.0, "1.0"),
        ],
    )
    def test_numbers_and_truth_values(self, outputs, given, name):
        assert fv.maximise(box(outputs=outputs), given).terms[0].output == name

    @pytest.mark.parametrize(
        ("outputs", "given", "words"),
        [
            (["0.0", "1.0"], "1", "Did you mean '1.0'"),
            (["0.0", "1.0"], True, "no output 'True'. It has: 0.0, 1.0"),
            (["1.0", "1.00"], 1, "no output '1'"),
            (["0", "1"], 1.5, "no output '1.5'"),
            (["0", "1"], float("nan"), "no output 'nan'"),
        ],
    )
    def test_what_does_not_stand_for_one(self, outputs, given, words):
        with pytest.raises(OutputNotFound, match=words):
            fv.maximise(box(outputs=outputs), given)

    def test_a_classifier_of_truth_values(self):
        from sklearn.linear_model import LogisticRegression

        model = LogisticRegression().fit(np.array([[0.0], [1.0]]), [False, True])
        assert fv.maximise(fv.black_box(model), fv.black_box(model).outputs[0]).terms[0].output


def test_short_forms():
    one = box()
    for spec, want in (
        ({"log_odds": "a"}, fv.log_odds(one, "a")),
        ({"boundary": ["a", "b"]}, fv.boundary(one, "a", "b")),
        ({"entropy": "probability"}, fv.entropy(one, scale="probability")),
        ({"direction": {"a": 1.0, "c": -1.0}}, fv.direction(one, {"a": 1, "c": -1})),
    ):
        assert objective_from_spec(spec, [one]).spec() == want.spec()
    assert objective_from_spec({"disagreement": "a"}, [ONE, TWO]).spec() == fv.disagreement(ONE, TWO, "a").spec()
    with pytest.raises(InvalidConfig, match="Use terms"):
        objective_from_spec({"naturalness": True}, [one])


def test_every_box_is_asked_once_a_batch():
    asked = []

    def counting(name):
        def answer(batch):
            asked.append(name)
            return batch[:, 0, 0, :1] * np.array([1.0, 2.0, 3.0])

        return fv.black_box(answer, outputs=["a", "b", "c"], name=name)

    one, two = counting("one"), counting("two")
    goal = (
        fv.log_odds(one, "a")
        + fv.entropy(one)
        + fv.boundary(one, "a", "b")
        + fv.disagreement(one, two, "a")
        + 0.1 * fv.naturalness()
    ).subject_to(fv.maximise(two, "c"), at_least=-100)
    run = fv.search(fv.ImageSpace(4, 4), goal, budget=30, batch_size=10, progress="none")
    assert sorted(asked) == ["one"] * 3 + ["two"] * 3
    assert set(run.best.outputs) == {f"{b}/{o}" for b in ("one", "two") for o in "abc"} | {
        "violation of -100 <= maximise(two, 'c')"
    }


def test_one_signed_value_for_two_classes_is_their_log_odds():
    from sklearn.datasets import load_breast_cancer
    from sklearn.linear_model import LogisticRegression

    x, y = load_breast_cancer(return_X_y=True)
    model = LogisticRegression(max_iter=20).fit(x / x.max(axis=0), y)
    rows = (x / x.max(axis=0))[:20]
    signed, log = fv.black_box(model), fv.black_box(model, method="predict_log_proba")
    expected = model.decision_function(rows)
    for box, scale in ((signed, "logits"), (log, "log"), (log, "logits")):
        np.testing.assert_allclose(fv.log_odds(box, "1", scale=scale).score([box(rows)], None), expected, rtol=1e-6)
    both = fv.disagreement(signed, log, scale="logits")
    np.testing.assert_allclose(both.score([signed(rows), log(rows)], None), 0, atol=1e-9)


def test_probabilities_taken_for_logits_are_refused():
    box = fv.black_box(lambda batch: batch, outputs=["a", "b", "c"])
    answers = np.array([[0.2, 0.3, 0.5], [1.0, 0.0, 0.0]])
    for goal in (fv.log_odds(box, "a"), fv.entropy(box)):
        with pytest.raises(InvalidArgument, match="scale='probability'"):
            goal.score([answers], None)
    assert np.isfinite(fv.log_odds(box, "a", scale="probability").score([answers], None)).all()
    assert np.isfinite(fv.log_odds(box, "a").score([answers + 0.1], None)).all()  # these can be logits
