import contextlib
import json
import sys

import numpy as np
import pandas as pd
import pytest

import featviz as fv
from featviz.black_boxes import box_from_spec
from featviz.errors import (
    AnswerShapeError,
    AnswerTypeError,
    BoxError,
    InvalidArgument,
    InvalidConfig,
    RowsFailed,
    WrongType,
)

# Answers with whatever stands behind it as a Python expression of the whole question q and the input x.
PROGRAM = """
import base64, json, struct, sys
for line in sys.stdin:
    q = json.loads(line)
    x = q["input"]
    print(json.dumps(eval(sys.argv[1])), flush=True)
"""
BY_ID = "dict(id=q['id'], output={})"


def program(expression, protocol="lines", **options):
    return fv.black_box([sys.executable, "-c", PROGRAM, expression], protocol=protocol, **options)


@pytest.fixture(params=["lines", "batch"])
def protocol(request):
    return request.param


class TestAnswers:
    @pytest.mark.parametrize("answer", ["x", BY_ID.format("x"), BY_ID.format("[x]"), BY_ID.format("dict(output=x)")])
    def test_one_number_in_each_form(self, protocol, answer):
        with program(answer, protocol) as box:
            assert box.outputs == ("output",)
            assert box(np.array([0.1, -2.0, 1e300])).tolist() == [[0.1], [-2.0], [1e300]]

    @pytest.mark.parametrize("answer", ["[x, -x]", BY_ID.format("[x, -x]"), BY_ID.format("dict(b=-x, a=x, c=7)")])
    def test_several_by_position_and_by_name(self, protocol, answer):
        with program(answer, protocol, outputs=["a", "b"]) as box:
            assert box(np.array([0.5, 2.0])).tolist() == [[0.5, -0.5], [2.0, -2.0]]

    def test_an_error_costs_one_input(self, protocol):
        answer = "dict(id=q['id'], error='too\\x1b large') if x > 1 else dict(id=q['id'], output=x, error=None)"
        with program(answer, protocol) as box, pytest.raises(RowsFailed) as failed:
            box(np.array([0.5, 2.0, 0.25]))
        assert failed.value.outputs[[0, 2]].tolist() == [[0.5], [0.25]]
        assert {row: repr(error) for row, error in failed.value.errors.items()} == {
            1: "RuntimeError('too\\\\x1b large')"
        }

    @pytest.mark.parametrize(
        ("value", "error", "words"),
        [
            ("None", AnswerTypeError, "None"),
            ("True", AnswerTypeError, "True"),
            ("'3.5'", AnswerTypeError, "3.5"),
            ("[]", AnswerShapeError, "expected 1 row of 1 number"),
            ("[[1, 2]]", AnswerTypeError, "real number"),
            ("dict(id=q['id'], outputs=1)", AnswerTypeError, "the answer has id, outputs"),
        ],
    )
    def test_what_is_no_number_costs_one_input(self, protocol, value, error, words):
        whole = value if "outputs" in value else BY_ID.format(value)
        with (
            program(f"{whole} if x > 1 else {BY_ID.format('x')}", protocol) as box,
            pytest.raises(RowsFailed) as failed,
        ):
            box(np.array([0.5, 2.0, 0.25]))
        assert list(failed.value.errors) == [1]
        with pytest.raises(error, match=words):
            raise failed.value.errors[1]

    def test_numbers_that_are_none_are_left_to_the_judge_of_answers(self, protocol):
        with program("[float('nan'), float('inf'), -10**400][int(x)]", protocol) as box:
            answers = box(np.arange(3.0)).ravel()
        assert np.isnan(answers[0])
        assert answers[1:].tolist() == [np.inf, -np.inf]

    @pytest.mark.parametrize("value", ["[x, x]", "dict(dog=x, cat=x)"])
    def test_several_without_names_are_a_mistake_of_the_caller(self, protocol, value):
        with program(BY_ID.format(value), protocol) as box, pytest.raises(BoxError, match=r"2 numbers.*outputs=\["):
            box(np.array([0.5, 2.0]))

    def test_ids_may_come_in_any_order_and_an_answer_twice(self, tmp_path):
        script = tmp_path / "score.py"
        script.write_text(
            "import json, sys\n"
            "lines = iter(sys.stdin)\n"
            "for a, b in zip(lines, lines):\n"
            "    for line in (b, a, a):\n"
            "        q = json.loads(line)\n"
            "        print(json.dumps({'id': q['id'], 'output': q['input']}), flush=True)\n"
        )
        with fv.black_box([sys.executable, str(script)]) as box:
            for _ in range(3):
                assert box(np.arange(8.0)).ravel().tolist() == [*range(8)]

    def test_a_number_printed_by_mistake_is_not_taken_for_an_answer(self):
        by_mistake = "print(7) or " + BY_ID.format("x")
        with program(f"({by_mistake}) if x > 1 else {BY_ID.format('x')}") as box, pytest.raises(RowsFailed) as failed:
            box(np.array([0.5, 2.0, 0.25]))
        assert {row: str(error)[:32] for row, error in failed.value.errors.items()} == {
            1: "expected an answer with an id, a"
        }
        assert failed.value.outputs[[0, 2]].tolist() == [[0.5], [0.25]]
        with program(by_mistake) as box, pytest.raises(BoxError, match=r"without an id and now one with an id"):
            box(np.array([0.5, 2.0]))
        with program("print(7) or x") as box:
            with contextlib.suppress(BoxError):
                box(np.array([0.5, 2.0]))
            # What it writes besides comes when it comes; each question leaves one more line of it.
            with pytest.raises(BoxError, match="more often than it was asked"):
                [box(np.array([0.5])) for _ in range(200)]

    def test_more_than_is_held_in_memory_at_a_time(self, monkeypatch):
        monkeypatch.setattr("featviz.black_boxes.commands.pool._MOST_WAITING", 1_000)
        with program("sum(x)") as box:
            assert box(np.ones((50, 400))).ravel().tolist() == [400] * 50

    def test_lines_of_the_world(self, tmp_path):
        script = tmp_path / "score.py"
        script.write_bytes(
            b"import sys\n"
            b"for line in sys.stdin:\n"
            b"    sys.stdout.buffer.write(b'\\r\\n  {\"output\":\\t1.5}  \\r\\n\\n'); sys.stdout.flush()\n"
        )
        with fv.black_box([sys.executable, str(script)]) as box:
            assert box(np.arange(3.0)).ravel().tolist() == [1.5] * 3


FRAME = pd.DataFrame(
    {
        "n": pd.array([1, None], dtype="Int64"),
        "f": [0.5, np.nan],
        "t": pd.Categorical(["x", None]),
        "d": pd.to_datetime(["2024-02-29", None]),
    },
    index=[7, 7],
)
# A batch, and the two inputs as the program must see them.
INPUTS = {
    "pictures": (np.arange(4, dtype=np.float32).reshape(2, 2, 1, 1), [[[[0]], [[1]]], [[[2]], [[3]]]]),
    "ids": (np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
    "texts": (["a\nb", "\ud800\u202e\x00"], ["a\nb", "\ud800\u202e\x00"]),
    "missing": (np.array([[1.0, np.nan], [3.0, 4.0]]), [[1, None], [3, 4]]),
    "records": (
        [{"notes": [("C", 1), ("D", np.int64(2))]}, {"notes": []}],
        [{"notes": [["C", 1], ["D", 2]]}, {"notes": []}],
    ),
    "dict": ({"a": np.array([1, 2]), "b": ["x", "y"]}, [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]),
    "tuple": ((np.array([[1], [2]]), np.array([True, False])), [[[1], True], [[2], False]]),
    "frame": (
        FRAME,
        [{"n": 1, "f": 0.5, "t": "x", "d": "2024-02-29T00:00:00"}, {"n": None, "f": None, "t": None, "d": None}],
    ),
}


class TestInputs:
    @pytest.mark.parametrize("kind", INPUTS)
    def test_inputs_of_each_kind_arrive(self, protocol, kind):
        batch, expected = INPUTS[kind]
        with program(f"json.loads({json.dumps(expected)!r}).index(x)", protocol) as box:
            assert box(batch).ravel().tolist() == [0, 1]

    def test_arrays_as_base64(self, protocol):
        batch = np.asarray(np.arange(12, dtype=">f4").reshape(2, 3, 2).swapaxes(1, 2))
        code = "sum(i * v for i, v in enumerate(struct.unpack('<6f', base64.b64decode(x['base64']))))"
        code += " if (x['dtype'], x['shape']) == ('<f4', [2, 3]) else x"
        with program(code, protocol, arrays="base64") as box:
            assert box(batch).ravel().tolist() == [float((np.arange(6) * x.ravel()).sum()) for x in batch]

    def test_an_infinite_number_costs_one_input(self, protocol):
        with program("sum(x)", protocol) as box, pytest.raises(RowsFailed) as failed:
            box(np.array([[1.0, 2.0], [np.inf, 0.0], [3.0, 4.0]]))
        assert failed.value.outputs[[0, 2]].tolist() == [[3], [7]]
        assert "infinite" in str(failed.value.errors[1])
        with program("1", protocol) as box, pytest.raises(RowsFailed):
            box(np.array([[np.inf]]))

    @pytest.mark.parametrize("batch", [[object(), object()], np.ones((2, 2), dtype=complex), [{1, 2}]])
    def test_what_json_has_no_form_for_ends_the_search(self, protocol, batch):
        with program("1", protocol) as box, pytest.raises(BoxError, match=r"cannot be written as JSON.*preprocess="):
            box(batch)

    def test_preprocess_is_applied_first(self, protocol):
        with program("x", protocol, preprocess=np.negative) as box:
            assert box(np.array([1.0, 2.0])).ravel().tolist() == [-1, -2]
            assert box.spec()["preprocess"] == "numpy:negative"

    def test_a_batch_in_parts(self, protocol):
        with program("x", protocol, max_batch=3) as box:
            assert box(np.arange(10.0)).ravel().tolist() == [*range(10)]


class TestMaking:
    def test_the_spec_is_what_was_given(self):
        box = program("x", "batch", outputs=["a"], timeout=float("inf"), noisy=True, name="it")
        spec = box.spec()
        assert spec["from"] == [sys.executable, "-c", PROGRAM, "x"]
        assert {key: spec[key] for key in spec if key != "from"} == {
            "protocol": "batch", "outputs": ["a"], "timeout": float("inf"), "noisy": True, "name": "it",
        }  # fmt: skip
        assert box_from_spec(spec)(np.array([1.0])).tolist() == [[1.0]]

    def test_the_label_shows_no_path(self, tmp_path):
        script = tmp_path / "score.py"
        script.write_text("")
        assert fv.black_box([sys.executable, str(script), "--fast"]).name.endswith(" score.py --fast")
        assert str(tmp_path) not in fv.black_box([sys.executable, str(script), "--fast"]).name
        assert fv.black_box([sys.executable, "-c", "1/2", "--at=/tmp"]).name.endswith(" -c 1/2 --at=/tmp")

    def test_what_identifies_the_program(self, tmp_path):
        script = tmp_path / "score.py"
        script.write_text("1")
        first = fv.black_box([sys.executable, str(script), "no file"]).provenance()
        assert set(first) == {"program", "program_sha256", "score.py_sha256"}
        assert not any(str(tmp_path) in value or "/" in value for value in first.values())
        script.write_text("2")
        second = fv.black_box([sys.executable, str(script), "no file"]).provenance()
        assert [key for key in first if first[key] != second[key]] == ["score.py_sha256"]

    def test_a_program_is_looked_up_once(self, tmp_path, monkeypatch):
        score = tmp_path / "score"
        score.write_text("#!/bin/sh\nwhile read line; do echo 1; done\n")
        score.chmod(0o755)
        monkeypatch.chdir(tmp_path)
        box = fv.black_box(["./score"])
        monkeypatch.chdir("/")
        with box:
            assert box(["x"]).tolist() == [[1]]

    def test_a_program_that_waits_is_used_again_and_closed_ones_are_started_again(self, tmp_path):
        script = tmp_path / "score.py"
        script.write_text("import os, sys\nfor line in sys.stdin: print(os.getpid(), flush=True)")
        box = fv.black_box([sys.executable, str(script)])
        first = box(["a"])[0, 0]
        assert box(["a"])[0, 0] == first
        box.close()
        box.close()
        assert box(["a"])[0, 0] != first
        box.close()

    def test_the_environment_and_the_directory(self, tmp_path, monkeypatch):
        monkeypatch.setenv("FEATVIZ_TEST", "7")
        code = "import os, sys; sys.stdin.readline(); sys.exit(os.environ['FEATVIZ_TEST'] + ' ' + os.getcwd())"
        with fv.black_box([sys.executable, "-c", code], cwd=tmp_path) as box, pytest.raises(RowsFailed) as failed:
            box(["x"])
        assert f"7 {tmp_path}" in str(failed.value.errors[0])
        assert box.spec()["cwd"] == str(tmp_path)

    @pytest.mark.parametrize(
        ("words", "message"),
        [
            (["no-such-program"], r"no program 'no-such-program' in the directories of PATH.*install"),
            (["./score --fast"], r"no such file.* word by word"),
            (["score --fast"], r"word by word"),
            (["./no/such"], r"no such file"),
            (["/"], "is a directory"),
            (["./script.py"], r"chmod \+x .*\['python', './script.py'\]"),
            (["script.py"], r"write ./script.py, and chmod \+x"),
            (["a\u202eb"], r"a\\u202eb"),
        ],
    )
    def test_a_program_that_is_not_there(self, tmp_path, monkeypatch, words, message):
        (tmp_path / "script.py").write_text("1")
        monkeypatch.chdir(tmp_path)
        with pytest.raises(BoxError, match=message):
            fv.black_box(words)

    def test_a_file_that_the_system_does_not_start(self, tmp_path):
        file = tmp_path / "score"
        file.write_text("print(1)")
        file.chmod(0o755)
        with pytest.raises(BoxError, match=r"cannot be started.*#!/usr/bin/env"):
            fv.black_box([str(file)])(["x"])

    @pytest.mark.parametrize(
        ("options", "error", "message"),
        [
            ({"protocol": "line"}, InvalidArgument, "batch, folder, lines"),
            ({"arrays": "raw"}, InvalidArgument, "base64"),
            ({"timeout": 0}, InvalidArgument, "timeout"),
            ({"timeout": float("nan")}, InvalidArgument, "finite"),
            ({"timeout": None}, WrongType, "timeout"),
            ({"timeout": "1"}, WrongType, "timeout"),
            ({"start_timeout": -1}, InvalidArgument, "start_timeout"),
            ({"workers": 0}, InvalidArgument, "workers"),
            ({"workers": 2, "protocol": "batch"}, InvalidArgument, 'of the protocol "lines"'),
            ({"folder": "x"}, InvalidArgument, "go together"),
            ({"protocol": "folder"}, InvalidArgument, "go together"),
            ({"cwd": "/no/such"}, InvalidArgument, "directory that exists"),
            ({"shell": True}, InvalidArgument, "no option 'shell'"),
            ({"outputs": "score"}, WrongType, "outputs"),
        ],
    )
    def test_options_that_cannot_be_used(self, options, error, message):
        with pytest.raises(error, match=message):
            fv.black_box([sys.executable], **options)

    def test_words_that_are_none(self):
        from featviz.black_boxes.commands import command_box

        for words, error in (
            ("./score", WrongType),
            ([], InvalidArgument),
            ([1], WrongType),
            (["a\0"], InvalidArgument),
        ):
            with pytest.raises(error):
                command_box(words)
        with pytest.raises(InvalidConfig):
            box_from_spec({"from": [sys.executable], "protocol": "line"})
