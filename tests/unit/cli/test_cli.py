import json
import os
import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import featviz as fv
from featviz.cli.main import run_cli

ROOT = Path(__file__).parents[3]
BOX = """
import numpy as np

def answer(pictures):
    return np.stack([pictures.mean(axis=(1, 2, 3)), pictures.std(axis=(1, 2, 3))], axis=1)

def broken(pictures):
    raise RuntimeError("the service is down")

asked = []

def tired(pictures):
    asked.append(len(pictures))
    if len(asked) > 3:
        from featviz.errors import BoxError
        raise BoxError("no more of these")
    return pictures.mean(axis=(1, 2, 3))

def make():
    import featviz as fv
    return fv.black_box(answer, outputs=["bright", "varied"])
"""
CONFIG = """
[space]
type = "ImageSpace"
height = 5
width = 4

[box]
from = "boxes:answer"
outputs = ["bright", "varied"]

[objective]
maximise = "bright"

[search]
budget = 100
baseline = 50
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "boxes", raising=False)
    (tmp_path / "boxes.py").write_text(BOX)
    (tmp_path / "bright.toml").write_text(CONFIG)
    return tmp_path


def featviz(*arguments):
    """Exit code of the command line, run in this process."""
    with pytest.raises(SystemExit) as stopped:
        run_cli([str(a) for a in arguments])
    return stopped.value.code


def test_run_list_show_resume_and_gallery(folder, capsys):
    assert featviz("run", "bright.toml") == 0
    out = capsys.readouterr().out
    assert "finished: the budget is spent; 100 evaluations" in out
    assert "featviz show runs/bright" in out
    assert featviz("list") == 0
    assert "bright" in capsys.readouterr().out
    assert featviz("list", "--json") == 0
    listed = json.loads(capsys.readouterr().out)
    assert [(row["run"], row["evaluations"], row["status"]) for row in listed] == [("bright", 100, "finished")]
    assert featviz("show", "runs/bright", "--json", "--top", "3") == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["best_score"] == listed[0]["score"] == shown["top"][0]["score"]
    assert shown["random_inputs"] == 50
    assert len(shown["top"]) == 3
    assert shown["top"][0]["outputs"].keys() == {"bright", "varied"}
    assert featviz("show", "runs/bright") == 0
    assert "best random score" in capsys.readouterr().out
    assert featviz("resume", "runs/bright", "--budget", "160") == 0
    assert "160 evaluations" in capsys.readouterr().out
    assert featviz("gallery", "runs", "site") == 0
    index = (folder / "site" / "index.html").as_uri()
    assert capsys.readouterr().out.strip() == index
    assert featviz("gallery", "runs", "site", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"index": index, "runs": 1}


def test_a_runs_own_description_repeats_it(folder):
    assert featviz("run", "bright.toml", "--seed", "4", "--out", "runs/first") == 0
    assert featviz("run", "runs/first/run.toml") == 0
    first, again = fv.load("runs/first"), fv.load("runs/first-again")
    assert first.best.score == again.best.score
    assert first.spec["search"] == again.spec["search"]
    assert first.spec["search"]["seed"] == 4


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("height = 5", "hieght = 5", "Did you mean 'height'"),
        ('type = "ImageSpace"', 'type = "ImageSpac"', "Did you mean 'ImageSpace'"),
        ('type = "ImageSpace"', "", "type"),
        ("height = 5", "height = 0", "height must be"),
        ("height = 5", 'height = "5"', "height must be"),
        ("height = 5", "height = 1_000_000_000", "height"),
        ('maximise = "bright"', 'maximise = "Bright"', "Did you mean 'bright'"),
        ('maximise = "bright"', 'maximize = "bright"', "Did you mean 'maximise'"),
        ('from = "boxes:answer"', 'from = "boxes:answr"', "Did you mean 'answer'"),
        ('from = "boxes:answer"', 'from = "boxess:answer"', "no module 'boxess'"),
        ('from = "boxes:answer"', 'from = "missing.onnx"', "missing.onnx"),
        ('outputs = ["bright", "varied"]', 'outputs = ["bright", "bright"]', "twice"),
        ("budget = 100", "budget = 0", "budget must be"),
        ("budget = 100", "budget = 1e18", "budget must be"),
        ("budget = 100", "budget = nan", "budget must be"),
        ("budget = 100", "", "needs a budget"),
        ("budget = 100", "budget = 100\nseed = -1", "seed must be"),
        ("budget = 100", "budget = 100\nseeds = 1", "Did you mean 'seed'"),
        ("budget = 100", 'budget = 100\noptimiser = "sep-cmaa"', "Did you mean 'sep-cma'"),
        ("budget = 100", 'budget = 100\noptimiser = "nevergrad:DEE"', "nevergrad"),
        ("budget = 100", 'budget = 100\nout = "../elsewhere"', "below the working one"),
        ("budget = 100", 'budget = 100\nout = "/tmp/elsewhere"', "below the working one"),
        ("budget = 100", "budget = 100\nout = 3", "must be text"),
        ("[search]", "[serch]", "Did you mean 'search'"),
        ("[objective]", "[[objective]]", "[objective]"),
        ("[box]", "[box", "not valid TOML"),
        ("[space]", "format = 99\n[space]", "format"),
    ],
)
def test_a_wrong_configuration_is_one_clear_line_and_nothing_is_evaluated(folder, capsys, old, new, said):
    (folder / "bright.toml").write_text(CONFIG.replace(old, new))
    assert featviz("run", "bright.toml") == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.err.startswith("featviz: ")
    assert captured.err.count("\n") == 1
    assert "Traceback" not in captured.err
    assert not (folder / "runs").exists()


@pytest.mark.parametrize(
    "name",
    ["..", "", "CON", "aux.txt", "x" * 300, "<img src=x onerror=alert(1)>", "~root", "$(id)", "run\nname", "a:b"],
)
def test_a_name_that_cannot_be_a_directory_is_one_clear_line(folder, capsys, name):
    assert featviz("run", "bright.toml", "--out", name) == 2
    error = capsys.readouterr().err
    assert "cannot name a run" in error
    assert error.count("\n") == 1


def test_missing_things_exit_with_2(folder, capsys):
    for arguments in (
        ["run", "none.toml"],
        ["resume", "runs/none"],
        ["show", "runs/none"],
        ["gallery", "none"],
        ["list", "none"],
        ["list", "none", "--json"],
        ["list", "bright.toml"],
        ["lst"],
    ):
        assert featviz(*arguments) == 2
        assert "Traceback" not in capsys.readouterr().err


def test_no_runs_yet_is_no_error(folder, capsys):
    assert featviz("list") == 0
    assert capsys.readouterr().out == "no runs in runs\n"
    (folder / "empty").mkdir()
    assert featviz("list", "empty") == 0
    assert featviz("list", "empty", "--json") == 0
    assert capsys.readouterr().out == "no runs in empty\n[]\n"


def test_a_box_that_fails_exits_with_3_and_says_how_to_go_on(folder, capsys):
    (folder / "bright.toml").write_text(
        CONFIG.replace("boxes:answer", "boxes:broken").replace('outputs = ["bright", "varied"]', 'outputs = ["bright"]')
    )
    assert featviz("run", "bright.toml") == 3
    error = capsys.readouterr().err
    assert "the service is down" in error
    assert "featviz resume runs/bright" in error


def test_bad_input_that_shows_after_evaluations_is_a_failure_and_says_how_to_go_on(folder, capsys):
    tired = CONFIG.replace("boxes:answer", "boxes:tired").replace(
        'outputs = ["bright", "varied"]', 'outputs = ["bright"]'
    )
    (folder / "bright.toml").write_text(tired)
    assert featviz("run", "bright.toml") == 1
    error = capsys.readouterr().err
    assert "BoxError: no more of these" in error
    assert "What was evaluated is kept; go on with: featviz resume runs/bright" in error
    kept = fv.load("runs/bright").evaluations
    assert kept > 0
    # Now it is refused before anything is evaluated.
    assert featviz("resume", "runs/bright") == 2
    assert featviz("resume", "runs/bright", "--budget", "0") == 2
    assert fv.load("runs/bright").evaluations == kept


def test_an_error_in_the_users_module_is_one_line_and_a_traceback_on_demand(folder, capsys):
    (folder / "boxes.py").write_text("raise ZeroDivisionError('mine')")
    assert featviz("run", "bright.toml") == 1
    error = capsys.readouterr().err
    assert "ZeroDivisionError: mine" in error
    assert "Traceback" not in error
    assert featviz("--debug", "run", "bright.toml") == 1
    assert "Traceback" in capsys.readouterr().err


def test_a_run_made_by_objects_of_a_script_cannot_be_resumed_here_and_says_why(folder, capsys):
    with fv.Study(
        fv.ImageSpace(3, 3), fv.maximise(fv.black_box(lambda x: x[:, 0, 0, 0])), budget=50, out="runs/x"
    ) as study:
        study.step()
    assert featviz("resume", "runs/x") == 2
    assert "run that script again" in capsys.readouterr().err


def test_a_damaged_run_does_not_hide_the_others(folder, capsys):
    assert featviz("run", "bright.toml") == 0
    (folder / "runs" / "bad").mkdir()
    (folder / "runs" / "bad" / "run.toml").write_text("[search]\n[provenance]\n")
    (folder / "runs" / "bad" / "evaluations.sqlite").write_bytes(b"garbage")
    capsys.readouterr()
    assert featviz("list") == 0
    out = capsys.readouterr().out
    assert "damaged" in out
    assert "finished" in out


def test_a_doctored_run_is_a_row_and_not_the_end_of_the_list(folder, capsys):
    assert featviz("run", "bright.toml") == 0
    spec = (folder / "runs" / "bright" / "run.toml").read_text()
    for number, (old, new) in enumerate([("budget = 100", "budget = nan"), ("seed = 0", "seed = 2020-01-01")]):
        shutil.copytree(folder / "runs" / "bright", folder / "runs" / f"odd{number}")
        (folder / "runs" / f"odd{number}" / "run.toml").write_text(spec.replace(old, new))
    shutil.copytree(folder / "runs" / "bright", folder / "runs" / "status")
    with sqlite3.connect(folder / "runs" / "status" / "evaluations.sqlite") as db:
        db.execute("UPDATE meta SET value = ? WHERE key = 'outputs'", ("[" * 50_000,))
    db.close()
    capsys.readouterr()
    assert featviz("list", "--json") == 0
    rows = {row["run"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["odd0"]["budget"] == "nan"
    assert rows["status"]["status"] == "damaged"
    assert rows["bright"]["status"] == "finished"


@pytest.mark.parametrize(
    "act", ["raise GeneratorExit", "import sys; sys.exit(0)", "raise type('Own', (BaseException,), {})('x')"]
)
def test_a_box_that_ends_the_program_is_one_line(folder, capsys, act):
    (folder / "boxes.py").write_text(f"def answer(pictures):\n    {act}\n")
    (folder / "bright.toml").write_text(CONFIG.replace('outputs = ["bright", "varied"]', 'outputs = ["bright"]'))
    assert featviz("run", "bright.toml") == 1
    error = capsys.readouterr().err
    assert "Traceback" not in error
    assert error.strip()


def test_a_closed_pipe_is_silent(folder):
    assert featviz("run", "bright.toml") == 0
    command = f"{shlex.quote(sys.executable)} -m featviz show runs/bright --json --top 90 | head -1"
    done = subprocess.run(
        command, shell=True, capture_output=True, text=True, check=False, env=os.environ | {"PYTHONPATH": str(ROOT)}
    )
    assert done.stdout.startswith("{")
    assert done.stderr == ""


def test_a_finished_run_says_that_nothing_was_done(folder, capsys):
    assert featviz("run", "bright.toml") == 0
    assert "already" not in capsys.readouterr().out
    assert featviz("run", "bright.toml") == 0
    assert "nothing was evaluated now" in capsys.readouterr().out


def test_the_numbers_that_are_shown_find_the_inputs(folder, capsys):
    assert featviz("run", "bright.toml") == 0
    capsys.readouterr()
    assert featviz("show", "runs/bright", "--top", "3") == 0
    shown = re.findall(r"candidate +([\d,]+) +score +(\S+)", capsys.readouterr().out)
    run = fv.load("runs/bright")
    assert len(shown) == 3
    for number, score in shown:
        assert f"{run.candidate(int(number)).score:.6g}" == score


def test_parts_of_the_best_input_are_shown_with_their_names(folder, capsys):
    parts = fv.DictSpace({"size": fv.Optional(fv.Integer(3, 4)), "photo": fv.ImageSpace(4, 5), "n": fv.Integer(0, 9)})
    box = fv.black_box(lambda batch: np.array([part is not None for part in batch["size"]]) + batch["n"] / 9)
    fv.search(parts, fv.maximise(box), budget=100, out="runs/parts", progress="none")
    assert featviz("show", "runs/parts") == 0
    assert "  photo: a picture of 5 by 4 pixels\n" in capsys.readouterr().out


def test_a_run_without_a_best_input_says_why_and_what_comes_nearest(folder, capsys):
    box = fv.black_box(lambda pictures: pictures.mean(axis=(1, 2, 3)), name="mean")
    goal = fv.maximise(box).subject_to(fv.maximise(box), at_least=2)
    with pytest.warns(fv.FeatvizWarning, match="none of the 20"):
        fv.search(fv.ImageSpace(4, 4), goal, budget=20, out="runs/never", progress="none")
    assert featviz("show", "runs/never") == 0
    assert re.search(r"so it has no best input\. .* Nearest comes evaluation \d+", capsys.readouterr().out)


def test_what_boxes_count_is_shown_as_whole_where_it_is(folder, capsys):
    class Priced(fv.BlackBox):
        asked = 0

        def answer(self, inputs):
            self.asked += len(inputs)
            return inputs.mean(axis=(1, 2, 3))

        def usage(self):
            return {"requests": 100.0 * self.asked, "cost": self.asked / 16}

    fv.search(
        fv.ImageSpace(4, 4),
        fv.maximise(Priced(name="priced", outputs=["m"])),
        budget=20,
        out="runs/paid",
        progress="none",
    )
    assert featviz("show", "runs/paid") == 0
    assert "2,000 requests, 1.25 cost" in capsys.readouterr().out


def test_version_and_help(capsys):
    assert featviz("--version") == 0
    assert fv.__version__ in capsys.readouterr().out
    assert featviz("--help") == 0
    assert "Exit codes" in capsys.readouterr().out


def test_it_runs_as_a_module_from_a_checkout(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "featviz", "list", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0
    assert "no runs" in done.stdout
