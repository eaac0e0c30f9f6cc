"""Asking and telling by way of files, also from one process to another and days later."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import featviz as fv
from featviz.errors import BoxError, InvalidArgument, StorageError

ROOT = Path(__file__).resolve().parents[3]


def study(out=None, objective=None, **options):
    options = {"budget": 30, "batch_size": 10, "seed": 4, "progress": "none", "optimiser": "sep-cma"} | options
    return fv.Study(fv.ImageSpace(3, 3), objective, out=out, **options)


def score(x):
    return float(x.mean(dtype=float) - x[0, 0, 0])


def measure(folder, ids, head="id,score"):
    lines = [f"{i},{score(np.load(folder / f'{i:06d}.npy'))!r}" for i in reversed(ids)]
    (folder / "scores.csv").write_text("\n".join([head, *lines, ""]))


def test_a_loop_by_files_is_the_loop_in_memory(tmp_path):
    with study() as by_files, study() as direct:
        while not by_files.done:
            asked = by_files.ask()
            folder = asked.save(tmp_path / f"batch-{asked.ids[0]:06d}")
            measure(folder, asked.ids)
            by_files.tell_file(folder)
            same = direct.ask()
            direct.tell(same.ids, [score(x) for x in same.inputs])
    assert np.array_equal(by_files.result().scores, direct.result().scores)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["batch-000000", "batch-000010", "batch-000020"]
    assert (tmp_path / "batch-000010" / "000010.png").is_file()


def test_a_study_that_was_closed_takes_the_scores_of_its_last_batch(tmp_path):
    folder = tmp_path / "laboratory"
    for start in (0, 10, 20):
        with study(tmp_path / "run") as first:
            asked = first.ask()
            asked.save(folder / str(start))
        measure(folder / str(start), asked.ids)
        with study(tmp_path / "run") as second:
            second.tell_file(folder / str(start) / "scores.csv")
    assert second.done
    assert second.result().evaluations == 30


def test_a_batch_of_another_size_is_asked_for_again(tmp_path):
    with study(tmp_path / "run") as first:
        asked = first.ask(4)
        folder = asked.save(tmp_path / "four")
    measure(folder, asked.ids)
    with study(tmp_path / "run") as second:
        second.tell_file(folder)
        assert second.ask().ids[0] == 4


def test_the_outputs_of_the_boxes_are_asked_for_by_name(tmp_path):
    box = fv.black_box(lambda x: np.zeros((len(x), 2)), outputs=["glow", "=heat"])
    with study(objective=fv.maximise(box, "glow")) as by_files:
        asked = by_files.ask()
        folder = asked.save(tmp_path / "a")
        assert "glow, =heat" in (folder / "INSTRUCTIONS.txt").read_text()
        text = (folder / "scores-template.csv").read_text()
        (folder / "scores.csv").write_text(text.replace('"",""', '"2.5","1"'))
        by_files.tell_file(folder)
    assert by_files.result().best.outputs == {"glow": 2.5, "=heat": 1.0}


def test_an_input_without_a_score_is_a_failed_evaluation(tmp_path):
    with study() as by_files:
        asked = by_files.ask()
        folder = asked.save(tmp_path / "a")
        measure(folder, asked.ids)
        text = (folder / "scores.csv").read_text().splitlines()
        text[-1] = "0,"
        (folder / "scores.csv").write_text("\n".join(text))
        by_files.tell_file(folder)
    assert sum(by_files.result().failures.values()) == 1
    assert np.isnan(by_files.result().scores[0])


def test_a_mistake_loses_nothing(tmp_path):
    with study() as by_files:
        asked = by_files.ask()
        folder = asked.save(tmp_path / "a")
        with pytest.raises(InvalidArgument, match=r"there are no scores yet: no file .*a/scores.csv"):
            by_files.tell_file(folder)
        measure(folder, asked.ids, head="id,points")
        with pytest.raises(InvalidArgument, match=r"line 1: the column 'score' is missing"):
            by_files.tell_file(folder)
        measure(folder, asked.ids)
        by_files.tell_file(folder)
        with pytest.raises(InvalidArgument, match=r"inputs 0 to 9, which were told already; .* asks about 10 to 19"):
            by_files.tell_file(folder)
        assert by_files.result().evaluations == 10


def test_scores_of_another_study_are_refused(tmp_path):
    with study(seed=1) as other:
        asked = other.ask()
        folder = asked.save(tmp_path / "a")
    measure(folder, asked.ids)
    with study(seed=2) as by_files, pytest.raises(InvalidArgument, match="of another batch"):
        by_files.tell_file(folder)


def test_saving_again_and_where_something_else_is(tmp_path):
    with study() as by_files:
        asked = by_files.ask()
        folder = asked.save(tmp_path / "a")
        measure(folder, asked.ids)
        assert asked.save(folder) == folder
        assert (folder / "scores.csv").is_file()
        by_files.tell_file(folder)
        with pytest.raises(InvalidArgument, match=r"does not hold this batch; .* such as batch-000010"):
            by_files.ask().save(folder)
        (tmp_path / "file").write_text("")
        with pytest.raises(StorageError, match="cannot write"):
            by_files._outstanding.save(tmp_path / "file" / "a")


def test_inputs_without_a_form_are_refused(tmp_path):
    class Things(fv.Space):
        variables = {"x": fv.Uniform(0, 1)}

        def decode(self, values):
            return [object() for _ in values["x"]]

    with fv.Study(Things(), budget=4, progress="none") as by_files, pytest.raises(BoxError, match="as files"):
        by_files.ask().save(tmp_path / "a")


ASK = """
import sys, featviz as fv
with fv.Study(fv.ImageSpace(3, 3), budget=20, batch_size=10, seed=4, optimiser="sep-cma", out=sys.argv[1]) as study:
    if len(sys.argv) > 2:
        study.tell_file(sys.argv[2])
    print("done" if study.done else study.ask().save(sys.argv[1] + "-batch-" + str(study.result().evaluations)))
"""


@pytest.mark.slow
def test_two_processes_days_apart(tmp_path):
    def session(*more):
        env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": str(len(more))}
        ran = subprocess.run(
            [sys.executable, "-c", ASK, "run", *more],
            env=env,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stdout.strip()

    first = session()
    assert session() == first, "asked again, it is the same batch"
    measure(tmp_path / first, range(10))
    second = session(first)
    assert second != first
    known = json.loads((tmp_path / second / "batch.json").read_text())
    assert known["first"] == 10
    measure(tmp_path / second, range(10, 20))
    assert session(second) == "done"
    run = fv.load(tmp_path / "run")
    assert (run.status, run.evaluations) == ("finished", 20)
