"""The algebra of objectives, their scores and their formulas."""

import numpy as np
import pytest

import featviz as fv
from featviz.errors import InvalidArgument, OutputNotFound, WrongType
from featviz.protocols import ScoreFunction


def box(name="digits", outputs=("1", "2", "3")):
    return fv.black_box(lambda batch: batch, outputs=outputs, name=name)


OUTPUTS = np.array([[1.0, 5.0, 2.0], [0.0, -1.0, 3.0]])


def score(objective, *outputs):
    return objective.score(outputs or (OUTPUTS,), np.zeros((2, 4, 4, 1))).tolist()


def test_the_built_in_terms():
    digits = box()
    assert score(fv.maximise(digits, "2")) == [5, -1]
    assert score(fv.minimise(digits, "2")) == [-5, 1]
    assert score(fv.margin(digits, "2")) == [3, -4]
    assert score(fv.margin(digits, 3)) == [-3, 3]


def test_it_is_what_the_study_expects():
    objective = fv.maximise(box(), "1")
    assert isinstance(objective, ScoreFunction)
    assert objective.score((OUTPUTS,), None).dtype == np.float64


def test_a_single_output_needs_no_name():
    assert score(fv.maximise(box(outputs=["x"])), OUTPUTS[:, :1]) == [1, 0]
    with pytest.raises(InvalidArgument, match="3 outputs, so say which one: 1, 2, 3"):
        fv.maximise(box())
    with pytest.raises(InvalidArgument, match="Use maximise"):
        fv.margin(box(outputs=["x"]))


def test_an_unknown_output_lists_those_there_are():
    with pytest.raises(OutputNotFound, match=r"'Persn'. It has: background, person. Did you mean 'person'\?"):
        fv.maximise(box(outputs=["background", "person"]), "Persn")
    with pytest.raises(OutputNotFound, match="no output '7'"):
        fv.margin(box(), 7)
    with pytest.raises(OutputNotFound, match=r"\(1000 in all\)") as caught:
        fv.maximise(box(outputs=range(1000)), "cat")
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("output", [["1"], b"1", 1j, object()])
def test_an_output_is_a_name(output):
    with pytest.raises(WrongType, match="must be the name"):
        fv.maximise(box(), output)


@pytest.mark.parametrize("thing", [lambda x: x, np.mean, 3, None, "m:f", object()])
def test_a_bare_function_must_be_wrapped(thing):
    with pytest.raises(WrongType, match=r"featviz.black_box\(thing"):
        fv.maximise(thing, "1")


def test_sums_and_weights():
    digits = box()
    a, b = fv.maximise(digits, "1"), fv.maximise(digits, "3")
    assert score(a + b) == [3, 3]
    assert score(a - b) == [-1, -3]
    assert score(-a) == [-1, 0]
    assert score(2 * a + b / 2) == [3, 1.5]
    assert score(np.float64(2) * a) == score(a * 2) == [2, 0]
    assert score(sum([a, b])) == [3, 3]
    assert score(2 * (a - 0.5 * b)) == [0, -3]
    minus = -a
    assert score(-minus) == score(a)


def test_algebra_changes_no_operand():
    a = fv.maximise(box(), "1")
    assert score(3 * a - a) == [2, 0]
    assert (score(a), len(a.terms), a.describe()) == ([1, 0], 1, "maximise(digits, '1')")


def test_formulas():
    digits, other = box(), box("other", ["x"])
    assert (fv.margin(digits, 3) - 0.1 * fv.total_variation()).describe() == (
        "margin(digits, '3') - 0.1 * total_variation()"
    )
    assert (-fv.maximise(other) + 0.5 * fv.minimise(digits, 1)).describe() == (
        "-maximise(other, 'x') + 0.5 * minimise(digits, '1')"
    )
    assert (fv.maximise(other) - fv.total_variation(isotropic=True)).describe() == (
        "maximise(other, 'x') - total_variation(isotropic=True)"
    )
    assert "\u202e" not in fv.maximise(box("\u202e", ["\x1b"])).describe()


def test_a_box_shared_by_terms_is_there_once():
    one, two = box("one"), box("two")
    objective = fv.maximise(one, 1) + fv.maximise(two, 1) + fv.minimise(one, 2) + fv.maximise(two, 3)
    assert [b.name for b in objective.boxes] == ["one", "two"]
    assert score(objective, OUTPUTS, 10 * OUTPUTS) == [1 + 10 - 5 + 20, 0 + 0 + 1 + 30]
    # A twin with the same name is another box.
    assert len((fv.maximise(one, 1) + fv.maximise(box("one"), 1)).boxes) == 2


def test_penalties_are_subtracted():
    pictures = np.zeros((2, 4, 4, 1))
    pictures[1, 0, 0] = 1
    objective = fv.maximise(box(), "1") - 0.5 * fv.total_variation() - fv.total_variation()
    np.testing.assert_allclose(objective.score((OUTPUTS,), pictures), [1, -1.5 * 2 / 16])
    np.testing.assert_allclose((2 * objective).score((OUTPUTS,), pictures), [2, -3 * 2 / 16])
    both = objective + objective
    assert (len(both.terms), len(both.penalties)) == (2, 4)


def test_penalties_cannot_be_made_rewards():
    a, tv = fv.maximise(box(), "1"), fv.total_variation()
    for spoil in (
        lambda: a + tv,
        lambda: tv + a,
        lambda: a + 0.1 * tv,
        lambda: -tv,
        lambda: -0.1 * tv,
        lambda: a - (-0.1) * tv,
        lambda: -(a - tv),
        lambda: a - (a - tv),
        lambda: -2 * (a - tv),
        lambda: tv + tv,
        lambda: sum([tv]),
    ):
        with pytest.raises(InvalidArgument, match=r"(?i)subtract"):
            spoil()
    with pytest.raises(WrongType):
        tv - a


@pytest.mark.parametrize("other", [3, 0.5, "x", None, np.zeros(2)])
def test_constants_and_strangers_cannot_be_added(other):
    a = fv.maximise(box(), "1")
    for add in (lambda: a + other, lambda: a - other):
        with pytest.raises(WrongType, match="only an objective"):
            add()


@pytest.mark.parametrize("weight", [float("nan"), float("inf"), True, "2", None, 1j])
def test_weights_are_finite_numbers(weight):
    a = fv.maximise(box(), "1")
    for part in (a, fv.total_variation()):
        with pytest.raises((InvalidArgument, WrongType), match="weight"):
            weight * part
    with pytest.raises(WrongType, match="not by another"):
        a * a
    with pytest.raises(WrongType, match="not by another"):
        a * fv.total_variation()
    with pytest.raises(InvalidArgument, match="divided by 0"):
        a / 0
    with pytest.raises(InvalidArgument, match="finite"):
        1e308 * (1e308 * a)


def test_nan_stays_in_its_row():
    digits = box()
    outputs = OUTPUTS.copy()
    outputs[0, 0] = np.nan
    for objective in (
        fv.maximise(digits, "1"),
        fv.margin(digits, "2"),
        fv.minimise(digits, 1) + fv.maximise(digits, 2),
    ):
        values = objective.score((outputs,), None)
        assert np.isnan(values[0])
        assert np.isfinite(values[1])


def test_an_overflow_is_infinite_and_silent():
    digits = box()
    outputs = np.full((1, 3), 1e308)
    assert np.isinf((fv.maximise(digits, 1) + fv.maximise(digits, 2)).score((outputs,), None)[0])
    assert np.isnan((1e10 * fv.maximise(digits, 1) - 1e10 * fv.maximise(digits, 2)).score((outputs,), None)[0])


def test_a_penalty_below_zero_is_a_mistake():
    class Wrong(fv.Penalty):
        def value(self, inputs):
            return np.array([0.0, -1.0])

    with pytest.raises(InvalidArgument, match=r"Wrong\(\) must be at least 0, but it is -1"):
        score(fv.maximise(box(), 1) - Wrong())
