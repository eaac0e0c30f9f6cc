"""Constraints of objectives: what they measure, what an optimiser is told, and how they are written."""

import tomllib

import numpy as np
import pytest
import tomli_w

import featviz as fv
from featviz.errors import InvalidArgument, InvalidConfig, WrongType
from featviz.objectives import objective_from_spec


def box(name="digits", outputs=("a", "b")):
    return fv.black_box(lambda batch: batch, outputs=outputs, name=name)


ONE, TWO = box("one"), box("two")
OUTPUTS = np.array([[1.0, 0.0], [5.0, 0.3], [9.0, 0.8]])


def test_violations_stand_behind_the_scores():
    goal = fv.maximise(ONE, "a").subject_to(fv.maximise(ONE, "b"), at_least=0.2, at_most=0.5)
    np.testing.assert_allclose(goal.score([OUTPUTS], None), [[1, 0.2], [5, 0], [9, 0.3]])
    assert goal.recorded == ("violation of 0.2 <= maximise(one, 'b') <= 0.5",)
    assert goal.describe() == "maximise(one, 'a') subject to 0.2 <= maximise(one, 'b') <= 0.5"


def test_several_on_penalties_and_other_boxes():
    goal = fv.maximise(ONE, "a").subject_to(2 * fv.total_variation(), at_most=0.1)
    goal = goal.subject_to(fv.maximise(TWO, "b"), at_least=0.5)
    assert goal.boxes == (ONE, TWO)
    rough = np.zeros((3, 2, 1, 1))
    rough[1, 0] = 1
    values = goal.score([OUTPUTS, OUTPUTS], rough)
    np.testing.assert_allclose(values, [[1, 0, 0.5], [5, 0.9, 0.2], [9, 0, 0]])
    assert goal.broken(values[:, 1:]) == {
        0: "it breaks 0.5 <= maximise(two, 'b').",
        1: "it breaks 2 * total_variation() <= 0.1.",
    }


def test_the_limits_themselves_are_kept():
    goal = fv.maximise(ONE, "a").subject_to(fv.maximise(ONE, "b"), at_least=0.3, at_most=0.3)
    assert goal.score([OUTPUTS], None)[1, 1] == 0
    assert set(goal.broken(goal.score([OUTPUTS], None)[:, 1:])) == {0, 2}


def test_feasible_before_infeasible_and_less_broken_before_more():
    goal = fv.maximise(ONE, "a").subject_to(fv.maximise(ONE, "b"), at_most=0)
    scores = np.array([-1e9, np.nan, np.nan, np.nan, np.nan, 3.0])
    recorded = np.array([[0.0], [0.5], [0.1], [1e12], [np.nan], [0.0]])
    told = goal.told(scores, recorded)
    assert np.isnan(told[4])  # a failed evaluation stays one
    assert np.argsort(-told[[0, 1, 2, 3, 5]]).tolist() == [4, 0, 2, 1, 3]
    assert np.isfinite(told[[0, 1, 2, 3, 5]]).all()


def test_constraints_live_through_the_algebra():
    goal = fv.maximise(ONE, "a").subject_to(fv.maximise(ONE, "b"), at_most=0.5)
    for other in (2 * goal, -goal, goal - fv.total_variation(), goal + fv.maximise(ONE, "b"), goal / 2):
        assert other.recorded == goal.recorded
    np.testing.assert_allclose((2 * goal).score([OUTPUTS], None)[:, 1], goal.score([OUTPUTS], None)[:, 1])
    both = goal + fv.maximise(TWO, "a").subject_to(fv.total_variation(), at_most=1)
    assert len(both.recorded) == 2
    assert not fv.maximise(ONE, "a").recorded


def test_it_is_rebuilt_from_its_spec():
    goal = (
        (fv.maximise(ONE, "a") - 0.1 * fv.roughness())
        .subject_to(3 * fv.total_variation(isotropic=True), at_most=0.1)
        .subject_to(fv.maximise(TWO, "b") - fv.maximise(ONE, "b"), at_least=-0.5, at_most=2)
        .subject_to(fv.naturalness(), at_least=-0.2)
    )
    spec = tomllib.loads(tomli_w.dumps(goal.spec()))
    again = objective_from_spec(spec, goal.boxes)
    assert (again.spec(), again.describe(), again.recorded) == (spec, goal.describe(), goal.recorded)


def test_in_the_short_form():
    spec = {"maximise": "a", "constraints": [{"penalty": {"kind": "total_variation"}, "at_most": 0.1}]}
    assert objective_from_spec(spec, [ONE]).describe() == "maximise(one, 'a') subject to total_variation() <= 0.1"


def test_a_constraint_that_cannot_be_written_leaves_no_spec():
    goal = fv.maximise(ONE, "a").subject_to(fv.naturalness(lambda batch: np.zeros(len(batch))), at_least=0)
    assert goal.spec() is None


@pytest.mark.parametrize(
    ("spoil", "kind", "words"),
    [
        (lambda a: a.subject_to(fv.total_variation()), InvalidArgument, "needs a limit"),
        (lambda a: a.subject_to(fv.total_variation(), at_least=2, at_most=1), InvalidArgument, "at_least must not"),
        (lambda a: a.subject_to(fv.total_variation(), at_most=np.nan), InvalidArgument, "finite"),
        (lambda a: a.subject_to(fv.total_variation(), at_most="1"), WrongType, "at_most must be a number"),
        (lambda a: a.subject_to(ONE, at_most=1), WrongType, "an objective or a penalty"),
        (lambda a: a.subject_to("tv", at_most=1), WrongType, "an objective or a penalty"),
        (lambda a: a.subject_to(lambda x: x, at_most=1), WrongType, "an objective or a penalty"),
        (lambda a: a.subject_to(a.subject_to(fv.roughness(), at_most=1), at_most=1), InvalidArgument, "itself"),
    ],
)
def test_misuse(spoil, kind, words):
    with pytest.raises(kind, match=words):
        spoil(fv.maximise(ONE, "a"))


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"at_most": 1}, "a penalty or an objective"),
        ("total_variation", "must be a table"),
        ({"penalty": {"kind": "total_variation"}}, "needs a limit"),
        ({"penalty": {"kind": "total_variation"}, "at_mots": 1}, "Did you mean 'at_most'"),
        ({"penalty": {"kind": "total_variation"}, "objective": {"maximise": "a"}, "at_most": 1}, "a penalty or an"),
        ({"penalty": {"kind": "maximise"}, "at_most": 1}, "not a penalty"),
    ],
)
def test_mistakes_in_a_spec(entry, words):
    with pytest.raises(InvalidConfig, match=words):
        objective_from_spec({"maximise": "a", "constraints": [entry]}, [ONE])


def test_what_breaks_a_limit_beyond_all_numbers_is_told_and_not_failed():
    over = np.array([[1.0], [1e308], [np.inf]])
    goal = fv.maximise(ONE, "a").subject_to(fv.maximise(ONE, "b"), at_most=0)
    told = goal.told(np.full(3, np.nan), over)
    assert told[0] > told[1] >= told[2] > -np.inf
    front = fv.pareto(goal, fv.minimise(ONE, "a"))
    told = front.told(np.full(3, np.nan), np.column_stack([np.zeros((3, 2)), over]))
    assert told.shape == (3, 2)
    assert (told[0] > told[2]).all()
    assert np.isfinite(told).all()
