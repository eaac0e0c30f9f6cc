"""Objectives rebuilt from their specs, and written by hand."""

import sys
import textwrap
import tomllib

import numpy as np
import pytest
import tomli_w

import featviz as fv
from featviz.errors import InvalidConfig, NameNotFound, OutputNotFound
from featviz.objectives import OBJECTIVES, objective_from_spec


def box(name="digits", outputs=("1", "2", "3")):
    return fv.black_box(lambda batch: batch, outputs=outputs, name=name)


def test_the_canonical_form():
    one, two = box("one"), box("two")
    objective = fv.margin(one, 3) - 0.5 * fv.maximise(two, 1) - 0.1 * fv.total_variation(isotropic=True)
    spec = objective.spec()
    assert spec == {
        "terms": [
            {"kind": "margin", "weight": 1.0, "output": "3", "box": 0},
            {"kind": "maximise", "weight": -0.5, "output": "1", "box": 1},
        ],
        "penalties": [{"kind": "total_variation", "weight": 0.1, "isotropic": True}],
    }
    rebuilt = objective_from_spec(tomllib.loads(tomli_w.dumps(spec)), objective.boxes)
    assert (rebuilt.spec(), rebuilt.describe(), rebuilt.boxes) == (spec, objective.describe(), (one, two))
    assert "penalties" not in fv.maximise(one, 1).spec()


@pytest.mark.parametrize("kind", ["maximise", "minimise", "margin"])
def test_the_short_form(kind):
    digits = box()
    assert objective_from_spec({kind: "3"}, [digits]).spec() == getattr(fv, kind)(digits, "3").spec()
    assert objective_from_spec({kind: 3}, [digits]).spec() == getattr(fv, kind)(digits, "3").spec()


def test_penalties_in_the_short_form():
    digits = box()
    want = fv.maximise(digits, 1) - 0.1 * fv.total_variation()
    for penalties in ({"total_variation": 0.1}, [{"kind": "total_variation", "weight": 0.1}]):
        assert objective_from_spec({"maximise": "1", "penalties": penalties}, [digits]).spec() == want.spec()


def test_weight_and_box_may_be_left_out():
    digits = box()
    spec = {"terms": [{"kind": "margin", "output": "1"}]}
    assert objective_from_spec(spec, [digits]).spec() == fv.margin(digits, 1).spec()


@pytest.mark.parametrize(
    ("spec", "error", "words"),
    [
        ("maximise", InvalidConfig, "must be a table"),
        ({}, InvalidConfig, "has none"),
        ({"maximize": "1"}, InvalidConfig, "Did you mean 'maximise'"),
        ({"maximise": "1", "penalty": []}, InvalidConfig, "'maximise', 'penalty'"),
        ({"maximise": "1", "margin": "2"}, InvalidConfig, "list called terms"),
        ({"maximise": "9"}, OutputNotFound, "no output '9'"),
        ({"maximise": ["1"]}, InvalidConfig, "must be the name of an output"),
        ({"total_variation": 1}, InvalidConfig, "not a term"),
        ({"terms": [{"kind": "margin", "output": "1"}], "penaltys": []}, InvalidConfig, "Did you mean 'penalties'"),
        ({"terms": []}, InvalidConfig, "at least one term"),
        ({"terms": {"kind": "margin"}}, InvalidConfig, "must be a list"),
        ({"terms": ["margin"]}, InvalidConfig, "entry 'kind'"),
        ({"terms": [{"kind": "margn", "output": "1"}]}, NameNotFound, "Did you mean 'margin'"),
        ({"terms": [{"kind": "margin", "ouput": "1"}]}, InvalidConfig, "Did you mean 'output'"),
        ({"terms": [{"kind": "margin", "output": "1", "box": 1}]}, InvalidConfig, "box must be between 0 and 0"),
        ({"terms": [{"kind": "margin", "output": "1", "weight": "2"}]}, InvalidConfig, "weight must be a number"),
        ({"maximise": "1", "penalties": {"total_variation": -1}}, InvalidConfig, "weight must be in"),
        ({"maximise": "1", "penalties": {"margin": 1}}, InvalidConfig, "not a penalty"),
        ({"maximise": "1", "penalties": [{"kind": "total_variation", "wieght": 1}]}, InvalidConfig, "'weight'"),
        ({"maximise": "1", "penalties": [{"kind": "total_variation", "isotropic": 1}]}, InvalidConfig, "isotropic"),
        (
            {"maximise": "1", "penalties": [{"kind": "total_variation", "output": "1"}]},
            InvalidConfig,
            "no entry 'output'",
        ),
    ],
)
def test_mistakes_in_a_spec(spec, error, words):
    with pytest.raises(error, match=words):
        objective_from_spec(spec, [box()])


def test_the_short_form_is_for_one_box():
    with pytest.raises(InvalidConfig, match=r"there are 2. Use terms"):
        objective_from_spec({"maximise": "1"}, [box(), box()])
    with pytest.raises(InvalidConfig, match="at least one box"):
        objective_from_spec({"maximise": "1"}, [])


def test_kinds_of_ones_own_by_import_path(tmp_path, monkeypatch):
    (tmp_path / "users_objectives.py").write_text(
        textwrap.dedent(
            """
            from featviz.objectives import OutputTerm, Penalty

            class Squared(OutputTerm):
                def __init__(self, box, output=None, power=2):
                    super().__init__(box, output)
                    self.power = power

                def options(self):
                    return {**super().options(), "power": self.power}

                def value(self, outputs):
                    return outputs[:, self.index] ** self.power

            class Mean(Penalty):
                def value(self, inputs):
                    return inputs.mean(axis=(1, 2, 3))
            """
        )
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    try:
        digits = box()
        spec = {
            "terms": [{"kind": "users_objectives:Squared", "weight": 2.0, "output": "2", "power": 3, "box": 0}],
            "penalties": [{"kind": "users_objectives:Mean", "weight": 1.0}],
        }
        objective = objective_from_spec(spec, [digits])
        assert objective.spec() == spec
        assert objective.describe() == "2 * Squared(digits, '2') - Mean()"
        assert objective.score((np.full((1, 3), 2.0),), np.ones((1, 2, 2, 1))) == [15]
        with pytest.raises(InvalidConfig, match="Did you mean 'power'"):
            objective_from_spec({"terms": [{"kind": "users_objectives:Squared", "powr": 3}]}, [digits])
    finally:
        sys.modules.pop("users_objectives", None)


def test_a_kind_that_nobody_can_import_has_no_spec():
    class Local(fv.Penalty):
        def value(self, inputs):
            return np.zeros(len(inputs))

    assert (fv.maximise(box(), 1) - Local()).spec() is None


def test_the_registry_knows_the_built_in_kinds():
    assert {"maximise", "disagreement", "naturalness", "total_variation"} <= set(OBJECTIVES.names())
    assert all(OBJECTIVES.get(name).kind == name for name in OBJECTIVES.names())
