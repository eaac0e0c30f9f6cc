import shlex
import sys
import types

import pytest
from gallery_fakes import HOSTILE, fake_spec

from featviz.gallery.snippet import snippet


class Recorded:
    """A stand-in for what a call of featviz gives; arithmetic is recorded too."""

    def __init__(self, text):
        self.text = text

    def __repr__(self):
        return self.text

    def __add__(self, other):
        return Recorded(f"({self} + {other})")

    def __sub__(self, other):
        return Recorded(f"({self} - {other})")

    def __rmul__(self, weight):
        return Recorded(f"{weight}*{self}")

    @property
    def best(self):
        return types.SimpleNamespace(score=1.0)


@pytest.fixture
def calls(monkeypatch):
    """Every call that a snippet makes of featviz, as (name, arguments, keywords)."""
    made = []

    def recorder(module):
        class Module(types.ModuleType):
            def __getattr__(self, name):
                if name.startswith("__"):
                    raise AttributeError(name)

                def call(*args, **kwargs):
                    made.append((name, args, kwargs))
                    return Recorded(name)

                return call

        return Module(module)

    for module in ("featviz", "featviz.search_spaces", "featviz.black_boxes", "featviz.objectives"):
        monkeypatch.setitem(sys.modules, module, recorder(module))
    return made


def run(code):
    exec(compile(code, "snippet", "exec"), {})


def by_name(calls):
    return {name: (args, kwargs) for name, args, kwargs in calls}


def test_a_run_as_a_person_would_write_it(calls, capsys):
    made = snippet(fake_spec(), "cat")
    assert made.python.splitlines() == [
        "import featviz as fv",
        "",
        "space = fv.ImageSpace(height=8, width=8, channels=1)",
        'box = fv.black_box("models:cats", outputs=["cat", "dog"])',
        'objective = fv.maximise(box, "cat")',
        "run = fv.search(space, objective, budget=1000, seed=0, batch_size=20)",
        "print(run.best.score)",
    ]
    assert (made.command, made.note) == ("featviz run cat/run.toml", "")
    run(made.python)
    assert [name for name, _, _ in calls] == ["ImageSpace", "black_box", "maximise", "search"]
    assert calls[-1][2] == {"budget": 1000, "seed": 0, "batch_size": 20}
    assert capsys.readouterr().out == "1.0\n"


def test_every_setting_that_is_not_a_default_is_said(calls):
    spec = fake_spec()
    spec["search"] = {
        "optimiser": "nevergrad:DE", "optimiser_options": {"crossover": 0.5}, "budget": 50, "seed": 2**64 - 1,
        "restarts": 3, "baseline": 40, "target": float("inf"), "out": "elsewhere",
    }  # fmt: skip
    run(snippet(spec, "cat").python)
    expected = dict(spec["search"])
    del expected["out"]
    assert by_name(calls)["search"][1] == expected


def test_sums_weights_penalties_and_several_boxes(calls):
    spec = fake_spec()
    spec["boxes"] = [spec.pop("box"), {"from": "model.onnx", "threads": 1}]
    spec["objective"] = {
        "terms": [
            {"kind": "margin", "output": "cat", "weight": -1.0, "box": 0},
            {"kind": "minimise", "output": "dog", "weight": -0.5, "box": 1},
        ],
        "penalties": [{"kind": "total_variation", "weight": 0.25, "isotropic": True}],
    }
    code = snippet(spec, "cat").python
    assert (
        'objective = -1.0 * fv.margin(box_1, "cat") - 0.5 * fv.minimise(box_2, "dog")'
        " - 0.25 * fv.total_variation(isotropic=True)" in code
    )
    run(code)
    assert [args for name, args, _ in calls if name == "black_box"] == [("models:cats",), ("model.onnx",)]
    assert repr(by_name(calls)["search"][0][1]) == "((-1.0*margin - 0.5*minimise) - 0.25*total_variation)"


def test_parts_without_a_public_constructor_are_built_from_their_specs(calls):
    spec = fake_spec()
    spec["space"] = {"type": "my.spaces:Polygons", "sides": [3, 4], "fill": None}
    spec["box"] = {"from": "model.onnx", "sha256": "00"}
    spec["objective"] = {"maximise": "cat"}
    run(snippet(spec, "cat").python)
    assert by_name(calls)["space_from_spec"][0] == (spec["space"],)
    assert by_name(calls)["box_from_spec"][0] == (spec["box"],)
    assert by_name(calls)["objective_from_spec"][0][0] == spec["objective"]


def test_a_long_description_is_read_from_the_run(calls, tmp_path, monkeypatch):
    spec = fake_spec()
    spec["space"]["colours"] = [0.123456789] * 1000
    code = snippet(spec, "cat").python
    assert len(code) < 1000
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "run.toml").write_text('[space]\ntype = "ImageSpace"\n', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    run(code)
    assert by_name(calls)["space_from_spec"][0] == ({"type": "ImageSpace"},)


@pytest.mark.parametrize(
    "text", [*(t for t in HOSTILE if len(t) < 1000), '"); import os #', "\\", "'\"", '"""', "\n", ""]
)
def test_foreign_text_comes_back_as_it_was_and_never_as_code(calls, text):
    spec = fake_spec()
    spec["box"] = {"from": text, "outputs": [text]}
    spec["objective"] = {"terms": [{"kind": "maximise", "output": text}]}
    spec["search"]["optimiser"] = text
    made = snippet(spec, text)
    run(made.python)
    assert by_name(calls)["black_box"] == ((text,), {"outputs": [text]})
    assert by_name(calls)["maximise"][0][1] == text
    assert by_name(calls)["search"][1]["optimiser"] == text
    words = shlex.split(made.command)
    assert words[:2] == ["featviz", "run"]
    assert len(words) == 3
    assert words[2].endswith("/run.toml")


def test_a_label_of_a_megabyte_is_not_printed():
    spec = fake_spec()
    spec["box"]["outputs"] = spec["objective"]["terms"][0]["output"] = "long" * 250_000
    assert len(snippet(spec, "long" * 250_000).python) < 1000
    spec["search"]["optimiser"] = "long" * 250_000
    made = snippet(spec, "cat")
    assert (made.python, made.command) == ("", "featviz run cat/run.toml")


@pytest.mark.parametrize("key", ["a) or print(1", "1a", "", "a b", "ﬁeld"])
def test_an_option_that_is_not_a_name_is_refused(key):
    spec = fake_spec()
    spec["search"][key] = 1
    made = snippet(spec, "cat")
    assert made.python == ""
    assert made.command
    assert "not a name" in made.note


def test_keywords_of_python_are_no_options():
    spec = fake_spec()
    spec["search"]["class"] = 1
    assert snippet(spec, "cat").python == ""


def test_a_run_that_cannot_be_rebuilt_says_so():
    made = snippet(fake_spec(rebuildable=False), "cat")
    assert (made.python, made.command) == ("", "")
    assert "cannot describe" in made.note


@pytest.mark.parametrize("missing", ["space", "box", "objective", "search"])
def test_a_table_that_is_missing(missing):
    spec = fake_spec()
    del spec[missing]
    made = snippet(spec, "cat")
    assert made.python == ""
    assert "not described" in made.note


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("-rf", "featviz run ./-rf/run.toml"),
        ("~root", "featviz run './~root/run.toml'"),
        ("a b", "featviz run 'a b/run.toml'"),
        ("$(id)", "featviz run '$(id)/run.toml'"),
        ("a\u202eb", "featviz run RUN/run.toml"),
        ("run\nname", "featviz run RUN/run.toml"),
        (None, ""),
    ],
)
def test_the_command_survives_a_shell(name, command):
    assert snippet(fake_spec(), name).command == command
