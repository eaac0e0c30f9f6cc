"""``featviz show`` of a run with several objectives."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

import featviz as fv
from featviz.cli.main import cli


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    box = fv.black_box(lambda x: np.column_stack([x.mean(axis=(1, 2, 3)), -x.max(axis=(1, 2, 3))]), outputs=["a", "b"])
    goal = fv.pareto(fv.maximise(box, "a"), fv.maximise(box, "b"))
    where = tmp_path_factory.mktemp("cli") / "run"
    return fv.search(fv.ImageSpace(4, 4), goal, budget=200, seed=1, out=where, progress="none")


def shown(*arguments):
    done = CliRunner().invoke(cli, ["show", *map(str, arguments)])
    assert done.exit_code == 0, done.output
    return done.output


def test_the_front_is_printed_from_end_to_end(run):
    text = shown(run.path).partition("\nfront of ")[2]
    assert text.startswith(f"{len(run.front)}, from one end to the other\n")
    lines = text.partition("\n\n")[0].splitlines()[1:]
    assert len(lines) == min(7, len(run.front))
    for line, candidate in ((lines[0], run.front[0]), (lines[-1], run.front[-1])):
        assert f"candidate {candidate.id:>9,}" in line
        assert f"maximise({run.spec['provenance']['boxes'][0]}, 'b') {candidate.outputs[run.goals[1]]:.6g}" in line


def test_the_front_as_json(run):
    facts = json.loads(shown(run.path, "--json", "--top", 8))
    assert [entry["id"] for entry in facts["front"]][-1] == run.best.id
    assert len(facts["front"]) == min(8, len(run.front))
    assert list(facts["front"][0]["values"]) == list(run.goals)
    assert json.loads(shown(run.path, "--json", "--top", 0))["front"] == []
