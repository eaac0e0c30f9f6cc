"""Saliency: planted parts are found, controls are controls, and bad questions are refused."""

import numpy as np
import pytest

import featviz as fv
from featviz.errors import InvalidArgument, SpaceError, WrongType
from featviz.explain.methods import METHODS, choose

WEIGHTS = np.array([0.0, 3.0, 0.0, -2.0, 0.0, 0.0, 1.0, 0.0])


class Numbers(fv.Space):
    """Eight numbers by name, without encode: replaced through their genes."""

    variables = {f"x{i}": fv.Uniform(0, 1) for i in range(8)}

    def decode(self, values):
        return np.stack([values[f"x{i}"] for i in range(8)], axis=1)


def linear(inputs):
    return inputs @ WEIGHTS


def best_of(space, function, **options):
    goal = fv.maximise(fv.black_box(function, name="box"))
    return goal, fv.search(space, goal, budget=400, progress="none", **options).best


@pytest.mark.parametrize("method", ["ridge", "occlusion"])
def test_planted_variables_are_found(method):
    goal, best = best_of(Numbers(), linear)
    found = fv.saliency(Numbers(), goal, best, method=method)
    assert found.units == tuple(f"x{i}" for i in range(8))
    assert {name for name, _ in found.ranking[:3]} == {"x1", "x3", "x6"}
    # Hidden parts come from the prior, whose mean is a half: so each value is its weight times the way to there.
    np.testing.assert_allclose(found.values, WEIGHTS * (best.input - 0.5), atol=0.35)
    assert found.score == pytest.approx(best.score)
    assert found.deletion < found.deletion_by_chance
    assert "x1" in found.top(1)


def test_ridge_says_how_sure_it_is():
    goal, best = best_of(Numbers(), linear)
    sure, unsure = (fv.saliency(Numbers(), goal, best, method="ridge", budget=b) for b in (2_000, 40))
    assert (sure.errors < unsure.errors).all()
    away = np.abs(sure.values - WEIGHTS * (best.input - 0.5)) / sure.errors
    assert (away < 4).all()
    assert 0.5 < sure.explained <= 1


def test_a_score_that_needs_parts_together_is_not_explained_by_a_sum():
    goal, best = best_of(Numbers(), lambda x: np.where((x[:, 0] > 0.5) ^ (x[:, 1] > 0.5), 1.0, 0.0))
    assert fv.saliency(Numbers(), goal, best, method="ridge").explained < 0.3


def test_a_value_that_was_asked_once_has_no_error():
    goal, best = best_of(Numbers(), linear)
    why = fv.saliency(Numbers(), goal, best, method="occlusion", budget=9)
    assert "asked once" in why.top(1)
    assert "nan" not in why.top()


def test_the_same_seed_gives_the_same_explanation():
    goal, best = best_of(Numbers(), linear)
    first, again, other = (fv.saliency(Numbers(), goal, best, budget=64, seed=s) for s in (5, 5, 6))
    np.testing.assert_array_equal(first.values, again.values)
    assert not np.array_equal(first.values, other.values)


def test_a_patch_of_a_picture_is_found():
    def corner(pictures):
        return pictures[:, 2:6, 14:18, 0].mean(axis=(1, 2))

    space = fv.ImageSpace(24, 24)
    goal, best = best_of(space, corner)
    found = fv.saliency(space, goal, best.input, budget=600)
    assert len(found.units) == 144
    named = [name for name, _ in found.ranking[:4]]
    assert set(named) == {f"rows {r}, columns {c}" for r in ("2-3", "4-5") for c in ("14-15", "16-17")}


def test_patches_are_replaced_one_by_one():
    space = fv.ImageSpace(5, 30, 3)
    units = space.units(None)
    rng = np.random.default_rng(0)
    x, fill = space.sample(rng, 1)[0], space.sample(rng, 3)
    masks = rng.random((3, len(units))) < 0.5
    found = space.apply(x, units, masks, fill)
    assert found.dtype == np.float32
    for row in range(3):
        for unit, name in enumerate(units):
            spans = [part.split()[1].split("-") for part in name.split(", ")]
            (top, bottom), (left, right) = ((int(s[0]), int(s[-1]) + 1) for s in spans)
            want = x if masks[row, unit] else fill[row]
            np.testing.assert_array_equal(found[row, top:bottom, left:right], want[top:bottom, left:right])
    with pytest.raises(InvalidArgument, match="expected a mask of"):
        space.apply(x, units, masks[:, 1:], fill)


def test_failed_questions_are_left_out():
    def picky(inputs):
        return np.where(inputs[:, 2] > 0.8, np.nan, linear(inputs))

    goal = fv.maximise(fv.black_box(picky, name="box"))
    latents = Numbers().latent.sample(np.random.default_rng(3), 50)
    scores = goal.boxes[0](Numbers().decode_latents(latents))[:, 0]
    x = latents[[int(np.nanargmax(scores))]]
    found = fv.saliency(Numbers(), goal, x, budget=800)
    assert np.isfinite(found.values).all()


def test_bad_questions_are_refused():
    goal, best = best_of(Numbers(), linear)
    with pytest.raises(InvalidArgument, match="8 parts: a budget of at least 9"):
        fv.saliency(Numbers(), goal, best, budget=5)
    with pytest.raises(InvalidArgument, match="method must be one of"):
        fv.saliency(Numbers(), goal, best, method="rigde")
    with pytest.raises(SpaceError, match="encode"):
        fv.saliency(Numbers(), goal, best.input)
    with pytest.raises(WrongType):
        fv.saliency(goal, Numbers(), best)
    with pytest.raises(WrongType, match=r"a whole run: pass run\.best"):
        fv.saliency(Numbers(), goal, fv.search(Numbers(), goal, budget=20, progress="none"))
    single = type("Single", (fv.Space,), {"variables": {"x": fv.Real()}, "decode": lambda self, v: v["x"]})()
    with pytest.raises(InvalidArgument, match="single part"):
        fv.saliency(single, fv.maximise(fv.black_box(lambda x: x)), single.latent.sample(np.random.default_rng(0), 1))


def test_auto_looks_at_the_budget():
    assert choose("auto", 100, 512)[0] == "ridge"
    assert choose("auto", 400, 512)[0] == "occlusion"
    for method in METHODS.values():
        assert len(method.design(np.random.default_rng(0), 10, 64)) <= 64


class Ordered(fv.Space):
    """Two numbers, the first of which is the smaller."""

    variables = {"a": fv.Uniform(0, 1), "b": fv.Uniform(0, 1), "c": fv.Uniform(0, 1)}

    def decode(self, values):
        return np.stack([values[name] for name in "abc"], axis=1)

    def encode(self, inputs):
        return {name: inputs[:, i] for i, name in enumerate("abc")}

    def valid(self, inputs):
        return inputs[:, 0] <= inputs[:, 1]


@fv.space(valid=lambda x: x[0] <= x[1])
def ordered(draw):
    return [draw.uniform(name, 0, 1) for name in "abc"]


@pytest.mark.parametrize("space", [Ordered(), ordered], ids=["class", "function"])
@pytest.mark.parametrize("method", ["ridge", "occlusion"])
def test_inputs_that_are_not_valid_are_shown_to_no_box(space, method):
    shown = []

    def box(inputs):
        shown.extend(np.asarray(inputs))
        return np.asarray(inputs)[:, 2]

    goal = fv.maximise(fv.black_box(box, name="box"))
    x = space.latent.sample(np.random.default_rng(1), 1)
    found = fv.saliency(space, goal, x, method=method, budget=200)
    assert all(row[0] <= row[1] for row in shown)
    assert found.evaluations == len(shown) < 200 + 80
    assert abs(found.values[2]) > 2 * abs(found.values[:2]).max()
