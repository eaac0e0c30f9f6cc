"""Several objectives at once: values, limits, what an optimiser is told, and the round trip through a spec."""

import tomllib

import numpy as np
import pytest
import tomli_w

import featviz as fv
from featviz.errors import InvalidArgument, InvalidConfig, WrongType
from featviz.evaluation import Evaluator, Status
from featviz.objectives import objective_from_spec
from featviz.protocols import ScoreFunction


class Counting:
    """Answers with the inputs themselves, and counts."""

    def __init__(self):
        self.calls = 0

    def __call__(self, inputs):
        self.calls += 1
        return inputs


def box(name="digits", outputs=("a", "b")):
    return fv.black_box(Counting(), outputs=outputs, name=name)


class Largest(fv.Penalty):
    def value(self, inputs):
        return np.abs(inputs).max(axis=1)


BATCH = np.array([[3.0, 1.0], [1.0, 3.0], [2.0, 2.0], [0.0, 0.0]])


def test_values_are_recorded_by_formula_and_the_first_is_the_score():
    one = box()
    goal = fv.pareto(fv.maximise(one, "a"), fv.margin(one, "b") - Largest(), 2 * Largest())
    assert isinstance(goal, ScoreFunction)
    assert goal.goals == 3
    assert goal.recorded == ("maximise(digits, 'a')", "margin(digits, 'b') - Largest()", "-2 * Largest()")
    found = Evaluator(goal).evaluate(BATCH)
    assert found.scores.tolist() == [3, 1, 2, 0]
    assert found.outputs[:, 2:].tolist() == [[3, -5, -6], [1, -1, -6], [2, -2, -4], [0, 0, 0]]
    assert one(BATCH).tolist() == BATCH.tolist()


def test_a_shared_box_is_asked_once_a_batch():
    answer, other = Counting(), Counting()
    one, two = (fv.black_box(a, outputs=["a", "b"], name=n) for a, n in ((answer, "one"), (other, "two")))
    goal = fv.pareto(fv.maximise(one, "a"), fv.maximise(two, "b"), fv.minimise(one, "b") + fv.margin(two, "a"))
    assert goal.boxes == (one, two)
    Evaluator(goal).evaluate(BATCH)
    assert (answer.calls, other.calls) == (1, 1)


def test_limits_of_any_objective_hold_for_all():
    one = box()
    goal = fv.pareto(
        fv.maximise(one, "a").subject_to(fv.maximise(one, "b"), at_least=1.5), fv.maximise(one, "b")
    ).subject_to(Largest(), at_most=2.5)
    assert goal.recorded[2:] == ("violation of 1.5 <= maximise(digits, 'b')", "violation of Largest() <= 2.5")
    found = Evaluator(goal).evaluate(BATCH)
    assert found.statuses.tolist() == [Status.INFEASIBLE, Status.INFEASIBLE, Status.OK, Status.INFEASIBLE]
    assert found.reasons[1] == "it breaks Largest() <= 2.5."
    told = Evaluator(goal).told(found.scores, found.outputs)
    assert told.shape == (4, 2)
    # Feasible before all others; of those, what breaks the limits less (0.5, then 1, then 1.5 in sum).
    assert [tuple(row) for row in told[[2]]] == [(2.0, 2.0)]
    assert (told[1] > told[0]).all()
    assert (told[0] > told[3]).all()
    assert (told[[0, 1, 3], 0] == told[[0, 1, 3], 1]).all()
    assert told[1].max() < -1e100


def test_the_same_limit_given_twice_is_one():
    one = box()
    parts = [fv.maximise(one, name).subject_to(Largest(), at_most=2.5) for name in "ab"]
    goal = fv.pareto(*parts)
    assert goal.recorded == ("maximise(digits, 'a')", "maximise(digits, 'b')", "violation of Largest() <= 2.5")
    assert Evaluator(goal).evaluate(BATCH).outputs[:, -1].tolist() == [0.5, 0.5, 0, 0]


def test_what_failed_has_no_value():
    answers = fv.black_box(lambda x: np.where(x == 2, np.nan, x), outputs=["a", "b"])
    goal = fv.pareto(fv.maximise(answers, "a"), fv.maximise(answers, "b"))
    found = Evaluator(goal).evaluate(BATCH)
    told = Evaluator(goal).told(found.scores, found.outputs)
    assert np.isnan(told).all(axis=1).tolist() == [False, False, True, False]


def test_a_value_that_is_not_finite_fails_though_it_is_not_the_first():
    class Broken(fv.Penalty):
        def value(self, inputs):
            return np.where(inputs[:, 0] == 1, np.inf, 0.0)

    found = Evaluator(fv.pareto(fv.maximise(box(), "a"), Broken())).evaluate(BATCH)
    assert np.isnan(found.scores).tolist() == [False, True, False, False]


def test_equal_formulas_get_different_names():
    goal = fv.pareto(fv.maximise(box("x"), "a"), fv.maximise(box("x"), "a"))
    assert goal.recorded == ("maximise(x, 'a')", "maximise(x, 'a') (2)")


def test_the_round_trip_through_toml():
    one, two = box("one"), box("two")
    goal = fv.pareto(
        fv.margin(two, "a") - 0.1 * fv.total_variation(),
        fv.maximise(one, "b").subject_to(fv.maximise(two, "a"), at_least=0.5),
        0.5 * fv.total_variation(isotropic=True),
    )
    spec = goal.spec()
    again = objective_from_spec(tomllib.loads(tomli_w.dumps(spec)), goal.boxes)
    assert (again.spec(), again.describe(), again.boxes, again.recorded) == (
        spec,
        goal.describe(),
        goal.boxes,
        goal.recorded,
    )


def test_the_short_form():
    one = box()
    spec = {"pareto": [{"margin": "a"}, {"penalty": {"kind": "total_variation"}}]}
    assert objective_from_spec(spec, [one]).spec() == fv.pareto(fv.margin(one, "a"), fv.total_variation()).spec()


def test_what_cannot_be_written_down_has_no_spec():
    class Local(fv.Penalty):
        def value(self, inputs):
            return np.zeros(len(inputs))

    assert fv.pareto(fv.maximise(box(), "a"), Local()).spec() is None


@pytest.mark.parametrize(
    ("make", "error", "said"),
    [
        (lambda b: fv.pareto(), InvalidArgument, "from 2 to 5, but there are 0"),
        (lambda b: fv.pareto(fv.maximise(b, "a")), InvalidArgument, "but there are 1"),
        (lambda b: fv.pareto(*[fv.maximise(b, "a")] * 6), InvalidArgument, "Add up"),
        (lambda b: fv.pareto(Largest(), fv.maximise(b, "a")), InvalidArgument, "Put the penalty second"),
        (lambda b: fv.pareto(b, fv.maximise(b, "a")), WrongType, "maximise"),
        (lambda b: fv.pareto(fv.maximise(b, "a"), 3), WrongType, "one is 3"),
        (
            lambda b: fv.pareto(fv.maximise(b, "a"), fv.pareto(fv.maximise(b, "a"), Largest())),
            InvalidArgument,
            r"pareto\(a, b, c\)",
        ),
    ],
)
def test_what_cannot_be_pursued_together(make, error, said):
    with pytest.raises(error, match=said):
        make(box())


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"pareto": 3}, "pareto must be a list"),
        ({"pareto": [{"maximise": "a"}]}, "but there are 1"),
        ({"pareto": [{"maximise": "a"}, 3]}, "must be a table of one objective"),
        ({"pareto": [{"maximise": "a"}, {"pareto": []}]}, "must be a table of one objective"),
        ({"pareto": [{"maximise": "a"}, {"maximise": "b"}], "terms": []}, "no entry 'terms'"),
        ({"pareto": [{"penalty": {"kind": "total_variation"}}, {"maximise": "b"}]}, "cannot be a penalty"),
    ],
)
def test_specs_that_are_wrong(spec, said):
    with pytest.raises(InvalidConfig, match=said):
        objective_from_spec(spec, [box()])
