import csv
import json
import sys
import threading
import time
import warnings

import numpy as np
import pytest

import featviz as fv
from featviz.black_boxes import box_from_spec
from featviz.errors import (
    AnswerShapeError,
    BoxError,
    BoxTimeout,
    BoxUnavailable,
    FeatvizWarning,
    InvalidArgument,
    ProcessDied,
    RowsFailed,
    WrongType,
)

PICTURES = np.random.default_rng(0).random((3, 5, 4, 3)).astype(np.float32)

MEASURE = """
import csv, os, sys
import numpy as np
folder = sys.argv[-1]
with open(os.path.join(folder, "inputs.csv"), newline="") as file:
    rows = list(csv.DictReader(file))
with open(os.path.join(folder, "scores.csv"), "w") as file:
    print("id,output", file=file)
    for row in rows:
        print(row["id"], np.load(os.path.join(folder, row["file"])).mean(dtype=float), sep=",", file=file)
with open("ran", "a") as file:
    print(len(rows), file=file)
"""


def waiting(folder, **options):
    return fv.folder_box(folder, **({"timeout": 0.0, "poll": 0.01, "quiet": True} | options))


def lay(box, inputs):
    """Lay a batch down, and give its newest folder."""
    with pytest.raises(BoxUnavailable):
        box(inputs)
    return max(box._folder.glob("batch-*"))


def put(folder, text):
    (folder / "scores.csv").write_text(text, encoding="utf-8")


def means(x):
    return x.mean(axis=(1, 2, 3), dtype=float)


class TestWaiting:
    def test_a_batch_is_laid_down_and_its_scores_are_taken(self, tmp_path):
        box = waiting(tmp_path / "lab", outputs=["glow", "heat"])
        folder = lay(box, PICTURES)
        assert folder.name == "batch-000000"
        put(folder, "heat,id,note,glow\n1,0,x,10\n2.5e0,2,,30\n-3,1,y,20\n")
        assert box(PICTURES).tolist() == [[10, 1], [20, -3], [30, 2.5]]

    def test_nothing_is_asked_for_twice_in_another_session_or_order(self, tmp_path):
        folder = lay(waiting(tmp_path), PICTURES[:2])
        assert lay(waiting(tmp_path), PICTURES[:2]) == folder
        second = lay(waiting(tmp_path), PICTURES[[2, 1, 2]])
        with (second / "inputs.csv").open(newline="") as file:
            assert [row["id"] for row in csv.DictReader(file)] == ["0"]
        assert np.array_equal(np.load(second / "000000.npy"), PICTURES[2])
        put(folder, "id,output\n0,1\n1,2\n")
        put(second, "id,output\n0,3\n")
        assert waiting(tmp_path)(PICTURES[[2, 1, 2, 0]]).ravel().tolist() == [3, 2, 3, 1]
        assert sorted(path.name for path in tmp_path.iterdir()) == ["batch-000000", "batch-000001"]

    def test_other_outputs_and_other_numbers_are_other_questions(self, tmp_path):
        lay(waiting(tmp_path), PICTURES)
        lay(waiting(tmp_path, outputs=["glow"]), PICTURES)
        lay(waiting(tmp_path), PICTURES.astype(np.float64))
        assert len(list(tmp_path.iterdir())) == 3

    def test_a_noisy_box_is_asked_again_in_another_batch(self, tmp_path):
        def batch(key, inputs=PICTURES):
            box = waiting(tmp_path, noisy=True)
            box.begin_batch(key)
            return lay(box, inputs)

        first = batch(0)
        assert batch(0) == first
        assert batch(1) != first
        repeated = batch(2, PICTURES[[0, 0, 0]])
        assert len(list(repeated.glob("*.npy"))) == 3

    def test_an_input_without_a_score_fails_with_the_remark(self, tmp_path):
        box = waiting(tmp_path)
        put(lay(box, PICTURES), "id;output;error\n0;1;\n1;;the sample broke\u202e\n2;;\n")
        with pytest.raises(RowsFailed) as failed:
            box(PICTURES)
        assert {row: str(error) for row, error in failed.value.errors.items()} == {
            1: "the sample broke\\u202e",
            2: "no score was given",
        }
        assert failed.value.outputs[0].tolist() == [1]

    def test_a_file_with_a_mistake_is_named_and_waited_for_again(self, tmp_path):
        box = waiting(tmp_path, timeout=20.0)
        folder = lay(waiting(tmp_path), PICTURES)
        put(folder, "id,output\n0,1\n1,2;5\n2,3\n")

        def mend():
            until = time.monotonic() + 10
            while not (folder / "PROBLEM.txt").exists() and time.monotonic() < until:
                time.sleep(0.01)
            part = folder / "part"
            part.write_text("id,output\n0,1\n1,2.5\n2,3\n")
            part.replace(folder / "scores.csv")

        hand = threading.Thread(target=mend)
        hand.start()
        with pytest.warns(FeatvizWarning, match=r"scores.csv, line 3, column 'output'.*'2;5'.*waited for"):
            answer = box(PICTURES)
        hand.join()
        assert answer.ravel().tolist() == [1, 2.5, 3]
        assert not (folder / "PROBLEM.txt").exists()

    def test_a_file_that_is_being_written_is_left_until_it_stands_still(self, tmp_path):
        box = waiting(tmp_path, timeout=20.0, poll=0.2)
        folder = lay(waiting(tmp_path), PICTURES)
        written = []

        def write():
            # Every state but the last would be read otherwise, and the one before it is a whole table.
            for text in ("id,output\n", "0,1\n1,2\n", "2,3", "3", ".5", "\n"):
                with (folder / "scores.csv").open("a") as file:
                    file.write(text)
                written.append(text)
                time.sleep(0.05)

        hand = threading.Thread(target=write)
        hand.start()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            answer = box(PICTURES)
        hand.join()
        assert answer.ravel().tolist() == [1, 2, 33.5]
        assert len(written) == 6

    def test_it_says_what_it_waits_for(self, tmp_path, capsys):
        with pytest.raises(BoxUnavailable, match=r"batch-000000/scores.csv yet\. What was asked for is kept"):
            waiting(tmp_path, quiet=False)(PICTURES)
        with pytest.raises(BoxUnavailable):
            waiting(tmp_path, quiet=False, timeout=0.05)(PICTURES)
        assert "waiting for 3 scores; see" in capsys.readouterr().err

    @pytest.mark.parametrize("content", ["[]", '{"first": Infinity, "inputs": ["a"]}', "[" * 100_000])
    def test_a_folder_of_somebody_else_is_passed_over(self, tmp_path, content):
        (tmp_path / "batch-000007").mkdir()
        (tmp_path / "batch-000007" / "batch.json").write_text(content)
        (tmp_path / "notes").write_text("")
        assert lay(waiting(tmp_path), PICTURES).name == "batch-000008"

    def test_two_boxes_that_lay_down_at_once_take_two_numbers(self, tmp_path, monkeypatch):
        first, second = waiting(tmp_path), waiting(tmp_path)
        first._look_round()
        second._look_round()
        monkeypatch.setattr(type(first), "_look_round", lambda _: None)
        lay(first, PICTURES[:1])
        lay(second, PICTURES[1:2])
        assert sorted(path.name for path in tmp_path.iterdir()) == ["batch-000000", "batch-000001"]

    def test_a_folder_that_cannot_be_used(self, tmp_path):
        (tmp_path / "file").write_text("")
        with pytest.raises(BoxError, match=r"file cannot be used"):
            waiting(tmp_path / "file")(PICTURES)
        with pytest.raises(BoxError, match=r"cannot be written as files.*preprocess="):
            waiting(tmp_path / "lab")([object()])

    @pytest.mark.parametrize(
        ("options", "error"),
        [
            ({"timeout": -1}, InvalidArgument), ({"poll": 0}, InvalidArgument), ({"quiet": 1}, WrongType),
            ({"outputs": ["a", "id"]}, InvalidArgument), ({"folder": 3}, WrongType), ({"folder": ""}, WrongType),
            ({"noisy": 1}, WrongType), ({"max_batch": 0}, InvalidArgument), ({"preprocess": 3}, WrongType),
        ],
    )  # fmt: skip
    def test_options_that_cannot_be_used(self, tmp_path, options, error):
        with pytest.raises(error):
            fv.folder_box(**({"folder": tmp_path} | options))

    def test_it_is_rebuilt_from_its_spec(self, tmp_path):
        box = fv.folder_box(tmp_path, outputs=["glow"], timeout=0, noisy=True, max_batch=2, preprocess=np.negative)
        spec = {
            "kind": "folder", "folder": str(tmp_path), "outputs": ["glow"], "timeout": 0.0, "noisy": True,
            "max_batch": 2, "preprocess": "numpy:negative",
        }  # fmt: skip
        assert box.spec() == spec
        again = box_from_spec(spec)
        assert (again.spec(), again.noisy, again.outputs) == (spec, True, ("glow",))
        assert np.array_equal(np.load(lay(again, PICTURES) / "000000.npy"), -PICTURES[0])
        assert fv.folder_box(tmp_path, preprocess=lambda x: x).spec() is None


class TestPrograms:
    @pytest.fixture
    def box(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        (tmp_path / "measure.py").write_text(MEASURE)
        return fv.black_box([sys.executable, "measure.py"], protocol="folder", folder=tmp_path / "exchange")

    def test_a_program_is_run_on_each_batch_once(self, box, tmp_path):
        assert box(PICTURES).ravel().tolist() == means(PICTURES).tolist()
        assert box(PICTURES).ravel().tolist() == means(PICTURES).tolist()
        assert box(PICTURES[1:]).ravel().tolist() == means(PICTURES[1:]).tolist()
        assert (tmp_path / "ran").read_text() == "3\n2\n"
        assert box_from_spec(box.spec())(PICTURES).ravel().tolist() == means(PICTURES).tolist()
        assert json.dumps(box.spec())
        assert "measure.py_sha256" in box.provenance()

    def test_programs_that_fail(self, tmp_path):
        def box(code, **options):
            folder = tmp_path / "exchange"
            return fv.black_box([sys.executable, "-c", code], protocol="folder", folder=folder, **options)

        with pytest.raises(ProcessDied, match=r"exit code 2; its standard error ends: out of plaster"):
            box("import sys; print('out of plaster', file=sys.stderr); sys.exit(2)")(PICTURES)
        with pytest.raises(ProcessDied, match=r"left no batch-000000/scores.csv"):
            box("pass")(PICTURES)
        with pytest.raises(BoxTimeout):
            box("import time; time.sleep(60)", timeout=0.3)(PICTURES)
        write = "import sys; open(sys.argv[1] + '/scores.csv', 'w').write('id,output\\n0,x\\n')"
        with pytest.raises(AnswerShapeError, match=r"line 2, column 'output'"):
            box(write)(PICTURES)
        with pytest.raises(AnswerShapeError, match=r"line 2, column 'output'"):
            box(write)(PICTURES)
        assert [path.name for path in (tmp_path / "exchange").iterdir()] == ["batch-000000"]


class TestSearch:
    def test_a_search_that_is_stopped_and_goes_on_days_later(self, tmp_path):
        """Each session measures what the one before it asked for; the result is that of an uninterrupted search."""
        space = fv.ImageSpace(4, 4)

        def search(box, out):
            return fv.search(
                space, fv.maximise(box), budget=40, batch_size=10, seed=1, out=out, progress="none", optimiser="sep-cma"
            )

        lab, sessions = tmp_path / "lab", 0
        while True:
            sessions += 1
            assert sessions < 9
            try:
                run = search(waiting(lab), tmp_path / "run")
                break
            except BoxUnavailable:
                folder = max(lab.iterdir())
                assert not (folder / "scores.csv").exists()
                values = [float(np.load(path).mean(dtype=float)) for path in sorted(folder.glob("*.npy"))]
                put(folder, "id,output\n" + "".join(f"{i},{value!r}\n" for i, value in enumerate(values)))
        assert sessions == 5
        direct = search(fv.black_box(means), tmp_path / "direct")
        assert np.array_equal(run.scores, direct.scores)
