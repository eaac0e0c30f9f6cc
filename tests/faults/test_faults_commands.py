"""Programs that crash, hang, flood and leave children behind: what is lost, and that nothing of them stays running."""

import gc
import os
import signal
import subprocess
import sys
import textwrap
import time
import uuid
from pathlib import Path

import numpy as np
import pytest

import featviz as fv
from featviz.black_boxes.commands import pool
from featviz.black_boxes.commands.process import Process
from featviz.errors import (
    AnswerShapeError,
    AnswerTypeError,
    BoxTimeout,
    BoxUnavailable,
    ProcessDied,
    RowsFailed,
)

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="looks for processes in /proc")

# Answers a number with its double, and does to each of the words what the word says.
PROGRAM = r"""
import json, os, signal, subprocess, sys, time

def child(ignore=False):
    code = "import signal, time\n" + ("signal.signal(15, signal.SIG_IGN)\n" if ignore else "") + "time.sleep(600)"
    # It holds on to the pipes of its parent.
    subprocess.Popen([sys.executable, "-c", code, sys.argv[1]])
    time.sleep(0.1)

def act(word):
    if word == "exit 1":
        sys.stderr.write("loading\nValueError: no such \x1b[31mthing\n")
        sys.exit(1)
    elif word == "exit 0":
        sys.exit(0)
    elif word == "segfault":
        os.kill(os.getpid(), signal.SIGSEGV)
    elif word == "real segfault":
        import ctypes
        ctypes.string_at(0)
    elif word == "hang":
        time.sleep(600)
    elif word == "hang, deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        child(ignore=True)
        time.sleep(600)
    elif word == "child, then exit":
        child()
        sys.exit(3)
    elif word == "child, then answer":
        child()
        return 1.0
    elif word == "gigabyte":
        block = b"x" * 1_000_000
        for _ in range(1000):
            os.write(1, block)
    elif word == "gigabyte of lines":
        block = b"1234567\n" * 100_000
        for _ in range(1000):
            os.write(1, block)
    elif word == "gigabyte of errors":
        block = b"warning: x\n" * 100_000
        for _ in range(1000):
            os.write(2, block)
        return 2.0
    elif word == "not UTF-8":
        os.write(1, b"caf\xe9\n")
    elif word == "not JSON":
        os.write(1, b"Loading \x1b[31mmodel...\n")
    elif word == "half a line":
        os.write(1, b'{"id": ')
        sys.exit(1)
    elif word == "closes its output":
        os.close(1)
        time.sleep(600)
    elif word == "another id":
        os.write(1, b'{"id": 4711, "output": 1}\n')
    elif word == "deep":
        os.write(1, b"[" * 100_000 + b"\n")
    elif word == "long number":
        os.write(1, b"1" * 10_000 + b"\n")

def answer(x):
    return act(x) if isinstance(x, str) else 2 * x

if sys.argv[2] == "lines":
    for line in sys.stdin:
        asked = json.loads(line)
        print(json.dumps({"id": asked["id"], "output": answer(asked["input"])}))
else:
    for asked in [json.loads(line) for line in sys.stdin]:
        print(json.dumps({"id": asked["id"], "output": answer(asked["input"])}), flush=True)
"""


class Program:
    """The program on disk, and a mark by which its processes and their children are found."""

    def __init__(self, folder):
        self.mark = f"mark-{uuid.uuid4()}"
        self.path = folder / "score.py"
        self.path.write_text(PROGRAM)

    def box(self, protocol="lines", **options):
        words = [sys.executable, str(self.path), self.mark, protocol]
        own = {"timeout": 20.0} if protocol == "batch" else {"timeout": 0.5, "start_timeout": 20.0}
        return fv.black_box(words, protocol=protocol, **(own | options))

    def running(self):
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                words = (folder / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
                state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
            except OSError:
                continue
            if self.mark in words and state != "Z":
                found.append(int(folder.name))
        return found

    def all_gone(self, seconds=10.0):
        until = time.monotonic() + seconds
        while self.running() and time.monotonic() < until:
            time.sleep(0.01)
        return not self.running()


@pytest.fixture
def program(tmp_path):
    made = Program(tmp_path)
    yield made
    left = made.running()
    for process in left:  # so that a test that fails leaves nothing behind
        os.kill(process, signal.SIGKILL)
    assert not left, "a process outlived its box"


def failures(box, inputs):
    """The outputs (n,), NaN where one failed, and the errors by row."""
    try:
        return box(inputs)[:, 0], {}
    except RowsFailed as error:
        return error.outputs[:, 0], error.errors


# What it does to an input, and what that input fails with.
BAD = {
    "exit 1": (ProcessDied, "ended with exit code 1; its standard error ends: loading | ValueError"),
    "segfault": (ProcessDied, r"killed by signal 11 \(SIGSEGV\)"),
    "real segfault": (ProcessDied, r"killed by signal 11 \(SIGSEGV\)"),
    "child, then exit": (ProcessDied, "exit code 3"),
    "hang": (BoxTimeout, r"no answer within 0.5 s.*read line by line.*flush"),
    "hang, deaf": (BoxTimeout, "no answer within 0.5 s"),
    "gigabyte": (AnswerTypeError, "more than 10,000,000 characters and no end of line"),
    "not UTF-8": (AnswerTypeError, r"line of JSON in UTF-8, but 'caf\\xe9' came.*standard error"),
    "not JSON": (AnswerTypeError, r"'Loading \\x1b\[31mmodel...' came.*standard error"),
    "half a line": (ProcessDied, "exit code 1"),
    "closes its output": (ProcessDied, "closed its output without an answer"),
    "another id": (AnswerTypeError, "has the id 4711"),
    "gigabyte of lines": (AnswerTypeError, "expected an answer with an id"),
    "deep": (AnswerTypeError, "expected a line of JSON"),
    "long number": (AnswerTypeError, "expected a line of JSON"),
}


class TestLines:
    @pytest.mark.parametrize("word", BAD)
    def test_one_input_is_lost_and_the_others_are_asked_again(self, program, word):
        kind, message = BAD[word]
        with program.box() as box:
            inputs = [1.0, word, 2.0, 3.0]
            outputs, errors = failures(box, inputs)
            assert list(errors) == [1]
            assert outputs[[0, 2, 3]].tolist() == [2, 4, 6]
            with pytest.raises(kind, match=message):
                raise errors[1]
            assert "\x1b" not in str(errors[1])
            assert len(program.running()) == 1, "what failed is ended before its successor is asked"
            assert box([5.0]).tolist() == [[10]]
        assert program.all_gone()

    def test_several_in_a_batch_each_cost_themselves(self, program):
        inputs = [*range(20), "segfault", *range(20), "exit 1", "not JSON", *range(20), "segfault"]
        with program.box() as box:
            outputs, errors = failures(box, inputs)
        assert sorted(errors) == [20, 41, 42, 63]
        assert outputs[~np.isnan(outputs)].tolist() == [2 * x for x in inputs if not isinstance(x, str)]

    def test_several_processes_share_a_batch_and_its_failures(self, program):
        inputs = [*range(30), "segfault", *range(30), "hang", *range(30)]
        with program.box(workers=3, start_timeout=3.0) as box:
            outputs, errors = failures(box, inputs)
            assert len(program.running()) in {2, 3}, "the one that hung is not needed again yet"
        assert {row: type(error) for row, error in errors.items()} == {30: ProcessDied, 61: BoxTimeout}
        assert outputs[~np.isnan(outputs)].tolist() == [2 * x for x in inputs if not isinstance(x, str)]

    def test_a_child_that_outlives_its_parent_is_ended_with_the_box(self, program):
        box = program.box()
        assert box(["child, then answer"]).tolist() == [[1]]
        assert len(program.running()) == 2
        box.close()
        assert program.all_gone()

    def test_a_flood_of_errors_blocks_nothing(self, program):
        with program.box(timeout=30.0) as box:
            assert box([1.0, "gigabyte of errors", 3.0]).ravel().tolist() == [2, 2, 6]

    def test_full_pipes_do_not_block_each_other(self, program):
        # Far more than both pipes hold, in both directions.
        box = fv.black_box(
            [
                sys.executable,
                "-c",
                "import sys\nfor line in sys.stdin: sys.stdout.write(line.replace('input', 'output'))",
            ],
            outputs=[f"o{i}" for i in range(20_000)],
        )
        inputs = np.random.default_rng(0).standard_normal((20, 20_000))
        with box:
            assert np.array_equal(box(inputs), inputs)

    def test_a_program_that_ends_cleanly_after_an_answer_is_started_again(self, tmp_path):
        code = "import json; q = json.loads(input()); print(json.dumps({'id': q['id'], 'output': q['input']}))"
        with fv.black_box([sys.executable, "-c", code]) as box:
            assert box([1.0, 2.0, 3.0]).ravel().tolist() == [1, 2, 3]

    def test_a_program_that_never_answers_is_given_up(self, program):
        with program.box() as box, pytest.raises(BoxUnavailable, match=r"not answered a single input.*ValueError"):
            box(["exit 1"] * 100)
        with (
            program.box() as box,
            pytest.raises(BoxUnavailable, match=r"ended without an answer.*until its input ends"),
        ):
            box(["exit 0"] * 100)

    def test_a_process_that_is_killed_between_batches_costs_nothing(self, program):
        with program.box() as box:
            box([1.0])
            os.kill(program.running()[0], signal.SIGKILL)
            assert program.all_gone()
            assert box([2.0, 3.0]).ravel().tolist() == [4, 6]

    def test_an_interruption_ends_the_process(self, program, monkeypatch):
        monkeypatch.setattr("featviz.black_boxes.commands.pool._wait", _interrupt)
        with pytest.raises(KeyboardInterrupt):
            program.box()([1.0])
        assert program.all_gone()

    def test_a_box_that_is_forgotten_ends_its_process(self, program):
        box = program.box()
        box([1.0])
        assert program.running()
        del box
        gc.collect()
        assert program.all_gone()

    def test_a_copy_keeps_the_process_that_it_shares(self, program):
        box = program.box()
        copy = box.configured(noisy=True)
        box([1.0])
        before = program.running()
        del box
        gc.collect()
        assert copy([1.0]).tolist() == [[2]]
        assert program.running() == before
        copy.close()


def _interrupt(*_):
    raise KeyboardInterrupt


@pytest.mark.parametrize("end", ["pass", "raise SystemExit(3)", "1 / 0", "import os, signal; os.kill(os.getpid(), 2)"])
def test_nothing_outlives_the_interpreter(program, end):
    script = textwrap.dedent(f"""
        import sys, featviz as fv
        box = fv.black_box([sys.executable, {str(program.path)!r}, {program.mark!r}, "lines"])
        print(box(["child, then answer"])[0, 0], flush=True)
        {end}
    """)
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True, check=False)
    assert ran.stdout == "1.0\n", ran.stderr
    assert program.all_gone()


BAD_BATCHES = {
    "exit 1": (ProcessDied, "ended with exit code 1; its standard error ends: loading | ValueError"),
    "segfault": (ProcessDied, r"killed by signal 11 \(SIGSEGV\)"),
    "child, then exit": (ProcessDied, "exit code 3"),
    "gigabyte": (AnswerTypeError, "more than 100,000,000 bytes"),
    "gigabyte of lines": (AnswerTypeError, "more than 100,000,000 bytes"),
    "not UTF-8": (AnswerTypeError, "line of JSON in UTF-8"),
    "not JSON": (AnswerTypeError, "expected a line of JSON"),
    "half a line": (ProcessDied, "exit code 1"),
    "another id": (AnswerShapeError, "expected 3 lines, one an input, but 4 came"),
    "deep": (AnswerTypeError, "expected a line of JSON"),
}


class TestBatches:
    @pytest.mark.parametrize("word", BAD_BATCHES)
    def test_a_batch_fails_with_the_reason(self, program, word):
        kind, message = BAD_BATCHES[word]
        box = program.box("batch")
        with pytest.raises(kind, match=message):
            box([1.0, word, 2.0])
        assert program.all_gone()
        assert box([1.0, 2.0]).ravel().tolist() == [2, 4]

    @pytest.mark.parametrize("word", ["hang", "hang, deaf", "closes its output"])
    def test_a_batch_that_hangs_is_ended_with_its_children(self, program, word):
        with pytest.raises(BoxTimeout, match=r"took longer than 0.5 s"):
            program.box("batch", timeout=0.5)([1.0, word])
        assert program.all_gone()

    def test_what_has_no_answer_fails_alone(self, program):
        outputs, errors = failures(program.box("batch"), [1.0, "exit 0", 2.0])
        assert sorted(errors) == [1, 2]
        assert isinstance(errors[1], AnswerShapeError)
        assert outputs[0] == 2

    def test_a_child_that_outlives_its_parent_is_not_waited_for(self, program):
        assert program.box("batch")(["child, then answer", 1.0]).ravel().tolist() == [1, 2]
        assert program.all_gone()

    def test_a_program_that_reads_nothing(self):
        code = "for i in range(20): print(i)"
        box = fv.black_box([sys.executable, "-c", code], protocol="batch")
        assert box(np.zeros((20, 50_000)))[:, 0].tolist() == list(range(20))


@pytest.mark.slow
def test_a_search_completes_with_crashes_and_hangs(tmp_path):
    """A tenth of the inputs crash, a tenth hang, and the search spends its budget and says what failed."""
    path = tmp_path / "score.py"
    path.write_text(
        "import json, os, sys, time\n"
        "for line in sys.stdin:\n"
        "    q = json.loads(line)\n"
        "    x = q['input']['x']\n"
        "    if x < 0.1: os.abort()\n"
        "    if x > 0.97: time.sleep(600)\n"
        "    print(json.dumps({'id': q['id'], 'output': -(x - 0.5) ** 2}))\n"
    )
    space = fv.DictSpace({"x": fv.Uniform(0, 1)})
    with fv.black_box([sys.executable, str(path)], timeout=0.3) as box:
        run = fv.search(space, fv.maximise(box), budget=100, optimiser="random", progress="none")
    assert run.evaluations == 100
    assert set(run.failures) == {"worker died", "timeout"}
    assert run.best.score > -0.01


SEARCH = """
import sys, featviz as fv
if sys.argv[1] == "folder":
    box = fv.folder_box("lab", poll=0.02)
else:
    box = fv.black_box([sys.executable, *sys.argv[2:]], timeout=600)
space = fv.DictSpace({"x": fv.Uniform(0, 1)}) if sys.argv[1] == "folder" else fv.from_regex("hang, deaf")
run = fv.search(space, fv.maximise(box), budget=20, batch_size=10, optimiser="random", out="run", progress="none")
print(run.status, run.evaluations)
"""


def search(folder, *words):
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-c", SEARCH, *words], env=env, cwd=folder, text=True, stdout=-1, stderr=-1
    )


def wait_for(condition, seconds=60.0):
    until = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.02)
    return found


def measure(folder):
    """The part of the laboratory: whatever it is, its sum of digits."""
    files = sorted(folder.glob("*.json"))
    files = [file for file in files if file.name != "batch.json"]
    lines = [f"{int(file.stem)},{sum(map(int, filter(str.isdigit, file.read_text()[:9])))}" for file in files]
    (folder / "part").write_text("\n".join(["id,output", *lines]))
    (folder / "part").rename(folder / "scores.csv")


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_search_that_waits_for_a_laboratory_is_stopped_and_goes_on(tmp_path, how):
    lab = tmp_path / "lab"
    first = search(tmp_path, "folder")
    wait_for((lab / "batch-000000").exists)
    first.send_signal(how)
    _, said = first.communicate(timeout=60)
    assert first.returncode != 0
    assert "waiting for 10 scores; see" in said
    measure(lab / "batch-000000")
    second = search(tmp_path, "folder")
    wait_for((lab / "batch-000001").exists)
    second.send_signal(how)
    second.communicate(timeout=60)
    assert len(list(lab.glob("batch-*"))) == 2
    third = search(tmp_path, "folder")
    measure(lab / "batch-000001")
    assert third.communicate(timeout=60)[0] == "finished 20\n"
    assert sorted(path.name for path in lab.iterdir()) == ["batch-000000", "batch-000001"]


@pytest.mark.slow
def test_a_search_that_is_interrupted_ends_a_program_that_hangs(program, tmp_path):
    searching = search(tmp_path, "lines", str(program.path), program.mark, "lines")
    wait_for(lambda: len(program.running()) == 2)  # it, and the child that ignores SIGTERM
    searching.send_signal(signal.SIGINT)
    _, said = searching.communicate(timeout=60)
    assert "KeyboardInterrupt" in said
    assert program.all_gone()


def test_a_second_interruption_leaves_no_process_behind(program, monkeypatch):
    box = program.box(timeout=30.0)
    wait = pool._wait

    def first(workers):
        if len(program.running()) == 2:  # the program and its child, which are deaf by now
            raise KeyboardInterrupt
        return wait(workers)

    def second(_process, _seconds):
        raise KeyboardInterrupt

    # The second one comes while the program is given time to end.
    monkeypatch.setattr(pool, "_wait", first)
    monkeypatch.setattr(Process, "ends_within", second)
    with pytest.raises(KeyboardInterrupt):
        box(["hang, deaf"])
    assert program.all_gone(2.0)
