"""``RecordSpace.fixed``: the same inputs from a fixed number of genes."""

import numpy as np
import pytest

import featviz as fv
from featviz.errors import SpaceError, WrongType
from featviz.search_spaces import FixedShape, space_from_spec


@fv.space(valid=lambda x: x[1] != 3)
def parts(draw):
    return (
        draw.uniform("a", 0, 2),
        draw.integer("k", 1, 5),
        draw.choice("c", "xyz", [0.2, 0.3, 0.5]),
        draw.permutation("o", 3),
        draw.scope("in").boolean("b"),
        draw.log_uniform("l", 1, 10),
        draw.real("r"),
    )


def test_variables_are_the_choices():
    found = parts.fixed().variables
    assert found == {
        "a": fv.Uniform(0, 2), "k": fv.Integer(1, 5), "c": fv.Choice(3, [0.2, 0.3, 0.5]), "o/0": fv.Choice(3),
        "o/1": fv.Choice(2), "in/b": fv.Choice(2), "l": fv.LogUniform(1, 10), "r": fv.Real(),
    }  # fmt: skip


def test_inputs_are_those_of_the_records():
    view = parts.fixed()
    latents = view.latent.sample(np.random.default_rng(0), 50)
    inputs = view.decode_latents(latents)
    assert parts.decode_latents(view.records_of(latents)) == inputs
    assert all(x[1] != 3 for x in inputs)


def test_real_genes_are_searched_by_an_optimiser_for_them():
    peak = fv.space(lambda draw: [draw.uniform("x", -1, 1), draw.uniform("y", -1, 1)]).fixed()
    box = fv.black_box(lambda x: -((x[0] - 0.3) ** 2) - (x[1] + 0.7) ** 2, per_input=True)
    run = fv.search(peak, fv.maximise(box), budget=400, optimiser="sep-cma", progress="none")
    np.testing.assert_allclose(run.best.input, [0.3, -0.7], atol=0.01)


def test_it_is_rebuilt_from_its_spec():
    view = fv.from_regex("[ab]{3}").fixed()
    again = space_from_spec(view.spec())
    latents = view.latent.sample(np.random.default_rng(0), 5)
    assert again.decode_latents(latents) == view.decode_latents(latents)
    assert parts.fixed().spec() == {"type": "FixedShape", "space": {"type": f"{__name__}:parts"}}


def test_shapes_that_vary_are_refused_by_name():
    varying = fv.RecordSpace(lambda draw: draw.list("x", lambda d: d.real("v"), 0, 3), name="varying")
    ranges = fv.RecordSpace(lambda draw: draw.integer("k", 0, draw.integer("n", 1, 9)), name="ranges")
    with pytest.raises(SpaceError, match=r"varying depend on what is drawn.*'x/0/v'"):
        varying.fixed()
    with pytest.raises(SpaceError, match="'k' is not the same"):
        ranges.fixed()
    with pytest.raises(SpaceError, match="draws nothing"):
        fv.RecordSpace(lambda draw: 1).fixed()
    with pytest.raises(WrongType, match=r"made by fv\.space"):
        FixedShape(fv.ImageSpace(3, 3))


def test_a_branch_that_is_too_rare_to_be_seen_is_said_when_it_is_met():
    rare = fv.RecordSpace(lambda draw: draw.real("y") if draw.uniform("x", 0, 1) > 1 - 1e-9 else 0.0, name="rare")
    latents = fv.Latents.of_real(np.full((1, 1), 8.0))
    with pytest.raises(SpaceError, match="so it has no fixed shape"):
        rare.fixed().decode_latents(latents)


def test_without_a_constraint_the_function_runs_once_an_input():
    calls = []

    @fv.space
    def plain(draw):
        calls.append(1)
        return draw.real("x")

    view = plain.fixed()
    assert view.latent.feasible is None
    calls.clear()
    view.sample(np.random.default_rng(0), 10)
    assert len(calls) == 10
