"""Blocks and inputs of every type, written into ``best/`` and read back."""

import json
import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from featviz.blocks import SeriesBlock, TableBlock, TextBlock, TokensBlock
from featviz.errors import RunDamaged
from featviz.formats.block_files import MOST_BYTES
from featviz.formats.json_text import dump, load, plain, restored
from featviz.storage import BestInput, read_best, write_best

HOSTILE = (
    "", " ", "\n", "\t", "</script><script>alert(1)</script>", "{{7*7}}", "a\u2028b", "a\x00b", "a\ud800b", "a\u202eb",
    "\x1b[31m", "=1+1", "漢字 🦊", "../../x", '"', "'", "\r\n", "\ufeff",
)  # fmt: skip
WITHOUT_SURROGATES = tuple(text for text in HOSTILE if "\ud800" not in text)


def again(tmp_path, x=None, *blocks):
    write_best(tmp_path, [BestInput(1, "top", 1.0, x, list(blocks))])
    (entry,) = read_best(tmp_path)
    return entry


def files(tmp_path):
    return sorted(path.name for path in (tmp_path / "best").iterdir())


def test_tokens_are_a_list_in_json(tmp_path):
    block = TokensBlock(HOSTILE, "said \u202e", tuple(i % 2 == 0 for i in range(len(HOSTILE))))
    assert again(tmp_path, None, block).blocks == [block]
    content = (tmp_path / "best" / "01.json").read_bytes()
    assert json.loads(content) == list(HOSTILE)
    assert b"\xe2\x80\xae" not in content  # the override is escaped: the file reads as it is
    assert "漢字".encode() in content
    assert again(tmp_path, None, TokensBlock(())).blocks == [TokensBlock(())]


def test_a_table_is_csv(tmp_path):
    rows = tuple((text, "1.5") for text in WITHOUT_SURROGATES)
    block = TableBlock(("name <b>", "=x"), rows, changed=(True,) * len(rows))
    assert again(tmp_path, None, block).blocks == [block]
    assert files(tmp_path) == ["01.csv", "best.json"]
    assert again(tmp_path, None, TableBlock(("a",), ())).blocks == [TableBlock(("a",), ())]
    assert again(tmp_path, None, TableBlock(("\ud800",), ())).blocks[0].columns == ("\\ud800",)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("rate", "head"), [(None, '"sample","x","=y"'), (250.0, '"time_s","x","=y"')])
def test_a_series_is_csv_exact_to_the_last_bit(tmp_path, dtype, rate, head):
    values = np.random.default_rng(0).normal(size=(50, 2)).astype(dtype) * dtype(10.0) ** np.arange(-25, 25)[:, None]
    block = SeriesBlock(values.astype(dtype), "c", rate, ("x", "=y"))
    (read,) = again(tmp_path, None, block).blocks
    assert read.values.dtype == dtype
    assert read.values.tobytes() == block.values.tobytes()
    assert (read.caption, read.sampling_rate, read.names) == ("c", rate, ("x", "=y"))
    first, second, third = (tmp_path / "best" / "01.csv").read_text().splitlines()[:3]
    assert first == head.replace('"=y"', '"\'=y"')
    assert (second.split(",")[0], third.split(",")[0]) == (("0", "0.004") if rate else ("0", "1"))


def test_a_long_series_is_npy_beside_the_array_of_its_input(tmp_path):
    x = np.random.default_rng(0).normal(size=(60_000, 2)).astype(np.float32)
    entry = again(tmp_path, x[:, 0], SeriesBlock(x, "", 100, ("a", "b")))
    np.testing.assert_array_equal(entry.blocks[0].values, x)
    np.testing.assert_array_equal(entry.input, x[:, 0])
    assert files(tmp_path) == ["01-input.npy", "01.npy", "best.json"]


def test_what_is_too_large_leaves_a_note_and_a_readable_run(tmp_path, monkeypatch):
    monkeypatch.setitem(MOST_BYTES, "json", 1000)
    entry = again(tmp_path, ["a" * 5000], TokensBlock(("a" * 5000,)), TokensBlock(("b",) * 20))
    assert "too large" in entry.blocks[0].text
    assert entry.blocks[1] == TokensBlock(("b",) * 20)
    assert entry.input is None
    long = again(tmp_path, None, TokensBlock(("a",) * 90, changed=(True,) * 90), TextBlock("x", "c" * 1_000_000))
    assert len(long.blocks[1].caption) == 2000


def test_a_cell_of_a_megabyte_is_cut(tmp_path):
    (block,) = again(tmp_path, None, TableBlock(("x" * 1_000_000,), (("y" * 1_000_000,),))).blocks
    assert block.columns[0].endswith("x… (1000000 characters)")


INPUTS = [
    "text \u2028 \x00 \ud800 漢字", "", 5, -2.5, True, 10**400, ["a", ["b", 1, None]], {"a": 1, "": [True, "\u202e"]},
    {"age": 30, "tags": ["x", "y"], "inner": {"z": -0.0}}, (1, ("a", [2.5])), float("inf"), [float("-inf"), 1.0], [],
    {}, ["=1+1"],
]  # fmt: skip


@pytest.mark.parametrize("x", INPUTS)
def test_what_json_can_say_comes_back_equal(tmp_path, x):
    found = again(tmp_path, x).input
    assert found == x
    assert type(found) is type(x)
    assert files(tmp_path) == ["01-input.json", "best.json"]


def test_numpy_within_an_input_comes_back(tmp_path):
    x = {
        "n": np.float32(0.1), "i": np.int64(3), "b": np.True_, "s": np.str_("a"),
        "t": (np.arange(6).reshape(2, 3), "x"), "f": np.array([0.1, np.inf], dtype=np.float32),
        "u": np.array(["a", "bc"]), "e": np.zeros((0, 4)),
        "z": np.array(2.5),
    }  # fmt: skip
    found = again(tmp_path, x).input
    assert (found["n"], found["i"], found["b"], found["s"]) == (float(np.float32(0.1)), 3, True, "a")
    assert type(found["t"]) is tuple
    for a, b in [(found[key], x[key]) for key in "fuez"] + [(found["t"][0], x["t"][0])]:
        assert (a.dtype, a.shape) == (b.dtype, b.shape)
        np.testing.assert_array_equal(a, b)
    written = json.loads((tmp_path / "best" / "01-input.json").read_text())
    assert written["t"] == [[[0, 1, 2], [3, 4, 5]], "x"]


def looped():
    x = []
    x.append(x)
    return x


@pytest.mark.parametrize(
    "x",
    [
        None, object(), b"bytes", {1: "a"}, {"a": {1, 2}}, [object()], 1j, np.array([object()]),
        {"a": np.zeros(10_001)}, looped(), {"a": np.zeros(2, dtype=complex)}, np.datetime64("2020-01-01"), 2**5000,
    ],
    ids=range(13),
)  # fmt: skip
def test_what_no_file_can_hold_is_left_out(tmp_path, x):
    assert again(tmp_path, x, TextBlock("shown")).input is None
    assert files(tmp_path) == ["01.txt", "best.json"]


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**80), 2**80) | st.floats(allow_nan=False) | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=4), inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
    ),
    max_leaves=10,
)


@given(values)
def test_any_such_value_survives_json(value):
    written, notes = plain(value)
    assert restored(load(dump(written)), json.loads(json.dumps(notes))) == value


@pytest.fixture
def frame():
    pd = pytest.importorskip("pandas")
    return pd.DataFrame(
        {
            "age": [31], "price": [0.1], "small": np.array([0.1], dtype=np.float32), "yes": [True],
            "city, <b>": ["=São\nPaulo"], "none": pd.Series([None], dtype="object"), "gap": [np.nan],
            "size": pd.Categorical(["m"], ["s", "m", "l"], ordered=True), "level": pd.Categorical([2], [1, 2]),
            "when": pd.to_datetime(["2026-11-25T10:00:00.123456"]), "maybe": pd.array([None], dtype="Int64"),
            "sure": pd.array([True], dtype="boolean"), "count": np.array([200], dtype=np.uint8), "empty": [""],
        }
    )  # fmt: skip


def test_a_row_of_a_data_frame_is_csv_and_comes_back(tmp_path, frame):
    from pandas.testing import assert_frame_equal

    found = again(tmp_path, frame).input
    assert_frame_equal(found, frame)
    head, row = (tmp_path / "best" / "01-input.csv").read_bytes().split(b"\r\n")[:2]
    assert head.startswith(b'"age","price"')
    assert row.startswith(b'"31","0.1","0.1","True","\'=S')


def test_rows_that_text_cannot_stand_for_are_left_out(tmp_path, frame):
    import pandas as pd

    for bad in (
        frame.assign(x=[object()]), frame.assign(x=[{"a": 1}]), frame.rename(columns={"age": 3}), frame.iloc[:, :0],
        frame.assign(x=["\ud800"]), frame.assign(x=[1j]), frame.assign(x=["a" * 200_000]),
        pd.concat([frame, frame], axis=1), frame.assign(x=pd.to_datetime(["2026-01-01"]).tz_localize("UTC")),
    ):  # fmt: skip
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert again(tmp_path, bad).input is None


def doctored(tmp_path, name, content, **changes):
    listed = json.loads((tmp_path / "best" / "best.json").read_text())
    listed[0] |= changes
    (tmp_path / "best" / "best.json").write_text(json.dumps(listed))
    if name:
        (tmp_path / "best" / name).write_bytes(content)
    with pytest.raises(RunDamaged):
        read_best(tmp_path)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("01.json", b"{}"), ("01.json", b'"abc"'), ("01.json", b"[1]"), ("01.json", b"["), ("01.json", b"\xff"),
        ("01.json", b'["a","b","c"]'), ("01.json", b"[" * 100_000), ("01.json", b" " * 20_000_001),
        ("01-2.csv", b""), ("01-2.csv", b'"a'), ("01-2.csv", b'"a","b"\r\n"c"\r\n'), ("01-2.csv", b"\xff"),
        ("01-2.csv", b'"' + b"x" * 200_000 + b'"'),
        ("01-3.csv", b""), ("01-3.csv", b"sample,a\r\n0,x\r\n"), ("01-3.csv", b"sample,a\r\n0,nan\r\n"),
        ("01-3.csv", b"sample,a\r\n0,1,2\r\n1,2\r\n"), ("01-3.csv", b"sample,a\r\n0\r\n"),
        ("01-input.json", b"["), ("01-input.json", b"[1]"), ("01-input.json", b"9" * 10_000),
        ("01-input.json", b"[[1, 2], 2]"),
    ],
)  # fmt: skip
def test_a_doctored_file_is_a_named_error(tmp_path, name, content):
    blocks = [
        TokensBlock(("a", "b"), changed=(True, False)),
        TableBlock(("a", "b"), (("c", "d"),)),
        SeriesBlock(np.ones((2, 1))),
    ]
    again(tmp_path, [np.arange(3), (1, 2)], *blocks)
    doctored(tmp_path, name, content)


@pytest.mark.parametrize(
    "described",
    [
        {"file": "exe"}, {"file": "../x"}, {"file": 3}, {}, "npy", 1, {"file": "json"}, {"file": "json", "notes": 3},
        {"file": "json", "notes": [[["a"], "tuple"]]}, {"file": "json", "notes": [[[], ["<U999999999", [1]]]]},
        {"file": "json", "notes": [[[], ["|O", [1]]]]}, {"file": "json", "notes": [[[], ["<f8", [10**12]]]]},
        {"file": "json", "notes": [[[], ["<f8", [-1]]]]}, {"file": "json", "notes": [[[{}], "tuple"]]},
        {"file": "csv", "columns": []}, {"file": "npy"},
    ],
)  # fmt: skip
def test_a_doctored_description_of_an_input_is_a_named_error(tmp_path, described):
    again(tmp_path, [1, 2])
    (tmp_path / "best" / "01-input.csv").write_text('"a"\r\n"b"\r\n')
    doctored(tmp_path, "", b"", input=described)


@pytest.mark.parametrize(
    "columns",
    [
        [{"dtype": "int64", "missing": []}], [{"dtype": "object", "missing": 3}],
        [{"dtype": "category", "missing": []}], [{"dtype": "datetime64[ns]", "missing": []}],
        [{"dtype": "bool", "missing": []}],
        [{"missing": []}], [3],
        [{"dtype": "category", "missing": [], "options": ["x"], "ordered": True}], [{"dtype": "|O8", "missing": []}],
    ],
)  # fmt: skip
def test_a_doctored_data_frame_is_a_named_error(tmp_path, columns):
    pytest.importorskip("pandas")
    again(tmp_path, [1, 2])
    doctored(tmp_path, "01-input.csv", b'"a"\r\n"b"\r\n', input={"file": "csv", "columns": columns})


def test_blocks_of_unknown_kinds_and_types_are_named_errors(tmp_path):
    again(tmp_path, None, SeriesBlock(np.ones((2, 1))))
    series = json.loads((tmp_path / "best" / "best.json").read_text())[0]["blocks"][0]
    for change in (
        {"kind": "html"}, {"dtype": "object"}, {"dtype": 3}, {"sampling_rate": "x"}, {"sampling_rate": -1},
        {"names": ["a", "b"]}, {"names": 3}, {"file": "npy"}, {"kind": "tokens", "changed": ""},
    ):  # fmt: skip
        doctored(tmp_path, "", b"", blocks=[series | change])


def test_a_run_that_kept_arrays_alone_is_still_read(tmp_path):
    again(tmp_path, None, TextBlock("x"))
    np.save(tmp_path / "best" / "01.npy", np.arange(3))
    old = {"id": 1, "role": "top", "score": 1.0, "array": True, "blocks": [{"kind": "text", "caption": ""}]}
    (tmp_path / "best" / "best.json").write_text(json.dumps([old]))
    np.testing.assert_array_equal(read_best(tmp_path)[0].input, np.arange(3))


def test_writing_again_leaves_no_file_of_other_types(tmp_path):
    again(tmp_path, ["a"], TokensBlock(("a",)), TableBlock(("a",), ()), SeriesBlock(np.ones((2, 1))))
    again(tmp_path, np.zeros(2), TextBlock("x"))
    assert files(tmp_path) == ["01-input.npy", "01.txt", "best.json"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(st.lists(st.text(max_size=6), min_size=1, max_size=4))
def test_any_tokens_come_back(tmp_path, tokens):
    assert again(tmp_path, tokens, TokensBlock(tuple(tokens))).blocks[0].tokens == tuple(tokens)
