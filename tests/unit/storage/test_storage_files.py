import io
import json
import os
import pickle  # noqa: TID251  to make the files that must be refused
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from PIL import Image

from featviz.blocks import ImageBlock, TextBlock
from featviz.errors import InvalidConfig, RunDamaged, RunNotFound, StorageError, WrongType
from featviz.storage import BestInput, read_best, read_toml, write_best, write_toml
from featviz.storage.encoding import checksum, decode_state, encode_state

PIXELS = np.arange(6 * 4, dtype=np.uint8).reshape(6, 4, 1)


def entry(number=7, x=None, blocks=None):
    return BestInput(number, "top", 1.5, x, blocks if blocks is not None else [ImageBlock(PIXELS, "a picture")])


def test_best_inputs_come_back_exactly(tmp_path):
    x = np.random.default_rng(0).random((6, 4, 1), dtype=np.float32)
    write_best(tmp_path, [entry(x=x), entry(8, x={"not JSON": object()}, blocks=[TextBlock("text \u202e", "b")])])
    first, second = read_best(tmp_path)
    assert (first.id, first.role, first.score) == (7, "top", 1.5)
    np.testing.assert_array_equal(first.input, x)
    np.testing.assert_array_equal(first.blocks[0].pixels, PIXELS)
    assert first.blocks[0].caption == "a picture"
    assert second.input is None
    assert second.blocks[0].text == "text \u202e"


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5])
def test_pictures_of_any_channel_count_are_written(tmp_path, channels):
    pixels = np.full((5, 3, channels), 100, dtype=np.uint8)
    write_best(tmp_path, [entry(blocks=[ImageBlock(pixels)])])
    assert Image.open(tmp_path / "best" / "01.png").size == (3, 5)


def test_writing_again_replaces_everything(tmp_path):
    write_best(tmp_path, [entry(), entry(8)])
    write_best(tmp_path, [entry(9)])
    assert [e.id for e in read_best(tmp_path)] == [9]
    assert not (tmp_path / "best" / "02.png").exists()


def test_a_lone_surrogate_in_a_text_is_kept_visible(tmp_path):
    write_best(tmp_path, [entry(blocks=[TextBlock("a\ud800b")])])
    assert read_best(tmp_path)[0].blocks[0].text == "a\\ud800b"


class Boom:
    def __reduce__(self):
        return (print, ("this must never run",))


def npy_with_pickle():
    buffer = io.BytesIO()
    np.save(buffer, np.array([Boom()], dtype=object), allow_pickle=True)
    return buffer.getvalue()


def zip_bomb():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("arr_0.npy", b"\0" * 10_000_000)
    return buffer.getvalue()


def huge_header():
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": "<f8", "fortran_order": False, "shape": (10**12,)})
    return buffer.getvalue()


def huge_png():
    head = bytearray()
    buffer = io.BytesIO()
    Image.new("L", (1, 1)).save(buffer, format="PNG")
    head += buffer.getvalue()
    head[16:24] = (60_000).to_bytes(4, "big") * 2
    return bytes(head)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("01-input.npy", npy_with_pickle()),
        ("01-input.npy", pickle.dumps(Boom())),
        ("01-input.npy", zip_bomb()),
        ("01-input.npy", huge_header()),
        ("01-input.npy", b"\x93NUMPY"),
        ("01-input.npy", b""),
        ("01.png", huge_png()),
        ("01.png", b"not a picture"),
        ("best.json", b"[{}]"),
        ("best.json", b"{"),
        ("best.json", b'[{"id": 1, "role": "top", "score": 1, "array": true, "blocks": [{"kind": "image"}]}]'),
        ("best.json", b"\xff\xfe"),
    ],
)
def test_a_doctored_file_is_a_named_error_and_runs_nothing(tmp_path, capsys, name, content):
    write_best(tmp_path, [entry(x=np.zeros((6, 4, 1), dtype=np.float32))])
    (tmp_path / "best" / name).write_bytes(content)
    with pytest.raises(RunDamaged):
        read_best(tmp_path)
    assert "never run" not in capsys.readouterr().out


def test_links_pipes_and_devices_are_not_read(tmp_path):
    (tmp_path / "secret").write_text("SECRET")
    write_best(tmp_path, [entry(blocks=[TextBlock("mine")])])
    place = tmp_path / "best" / "01.txt"
    for make in (
        lambda: place.symlink_to(tmp_path / "secret"),
        lambda: os.mkfifo(place),
        lambda: place.symlink_to("/dev/zero"),
    ):
        place.unlink()
        make()
        with pytest.raises(RunDamaged):
            read_best(tmp_path)


def test_what_is_too_large_is_not_read(tmp_path):
    write_best(tmp_path, [entry(x=np.zeros((6, 4, 1), dtype=np.float32))])
    with (tmp_path / "best" / "01-input.npy").open("wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "<f8", "fortran_order": False, "shape": (20_000, 20_000)})
        file.truncate(file.tell() + 8 * 20_000**2)  # sparse: takes no room on the disk
    with pytest.raises(RunDamaged, match="bytes"):
        read_best(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        '[{"id": Infinity, "role": "top", "score": 1, "array": false, "blocks": []}]',
        '[{"id": 1, "role": "top", "score": 1' + "0" * 400 + ', "array": false, "blocks": []}]',
        "[" * 100_000,
        '{"id": 1}',
        "[" + ",".join(['{"id": 1, "role": "top", "score": 1, "array": false, "blocks": []}'] * 1000) + "]",
    ],
)
def test_a_doctored_list_is_a_named_error(tmp_path, text):
    write_best(tmp_path, [entry()])
    (tmp_path / "best" / "best.json").write_text(text)
    with pytest.raises(RunDamaged):
        read_best(tmp_path)


def test_files_of_the_user_stay_where_they_are(tmp_path):
    write_best(tmp_path, [entry(), entry(8)])
    (tmp_path / "best" / "notes.txt").write_text("mine")
    write_best(tmp_path, [entry(9)])
    assert (tmp_path / "best" / "notes.txt").read_text() == "mine"
    assert [e.id for e in read_best(tmp_path)] == [9]


def test_a_linked_folder_is_not_written_to(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "best").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StorageError, match="symbolic link"):
        write_best(tmp_path, [entry()])
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_linked_part_of_a_description_is_not_followed(tmp_path):
    (tmp_path / "victim").write_text("precious")
    (tmp_path / "run.toml.part").symlink_to(tmp_path / "victim")
    write_toml(tmp_path / "run.toml", {"a": 1})
    assert (tmp_path / "victim").read_text() == "precious"
    assert not (tmp_path / "run.toml").is_symlink()


def test_best_json_is_plain_json(tmp_path):
    write_best(tmp_path, [entry()])
    assert json.loads((tmp_path / "best" / "best.json").read_text())[0]["id"] == 7


arrays = npst.arrays(
    st.sampled_from([np.float64, np.float32, np.int64, np.int32, np.uint8, np.bool_]),
    npst.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
)
states = st.recursive(
    arrays | st.integers(-(2**63), 2**63) | st.floats() | st.text() | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def assert_same(a, b):
    if isinstance(a, np.ndarray):
        assert a.dtype == b.dtype
        assert a.tobytes() == b.tobytes()
        assert a.shape == b.shape
    elif isinstance(a, dict):
        assert a.keys() == b.keys()
        for key in a:
            assert_same(a[key], b[key])
    elif isinstance(a, list):
        assert len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            assert_same(x, y)
    elif isinstance(a, float):
        assert np.array_equal(a, b, equal_nan=True)
    else:
        assert a == b


@given(st.dictionaries(st.text(max_size=5), states, max_size=4))
def test_states_come_back_bit_for_bit(state):
    assert_same(state, decode_state(encode_state(state)))


@pytest.mark.parametrize("value", [object(), np.array([object()]), {1, 2}, b"bytes", np.array(["text"])])
def test_a_state_of_other_things_is_refused(value):
    with pytest.raises(WrongType, match="optimiser state"):
        encode_state({"x": value})


@pytest.mark.parametrize(
    "text",
    [
        "[]", "{", '{"x": {"__array__": ["|O", [1], "AAAA"]}}', '{"x": {"__array__": ["<f8", [2], "AAAA"]}}',
        '{"x": {"__array__": ["<f8", [1], "!!!"]}}', '{"x": {"__array__": 3}}',
        '{"x": {"__array__": ["<f8", [-1], ""]}}',
    ],
)  # fmt: skip
def test_a_doctored_state_is_a_named_error(text):
    with pytest.raises(RunDamaged):
        decode_state(text)


def test_the_checksum_tells_parts_apart():
    assert checksum(b"ab", b"c") != checksum(b"a", b"bc")


def test_toml_comes_back(tmp_path):
    tables = {"a": {"b": 1, "c": "x\u202e", "d": [1.5, 2.5]}, "e": [{"f": True}]}
    write_toml(tmp_path / "run.toml", tables)
    assert read_toml(tmp_path / "run.toml") == tables
    assert [p.name for p in tmp_path.iterdir()] == ["run.toml"]


@pytest.mark.parametrize(
    "content",
    [
        b"a = ",
        b"\xff\xfe\x00",
        b"a = 1\na = 2",
        b"x = " + b"[" * 100_000,
        b"a = 1\n" * 1_000_000,
        b"a." * 100_000 + b"a = 1",
    ],
)
def test_what_is_not_toml_is_a_clear_error(tmp_path, content):
    (tmp_path / "x.toml").write_bytes(content)
    with pytest.raises(InvalidConfig):
        read_toml(tmp_path / "x.toml")


def test_a_missing_file_is_a_clear_error(tmp_path):
    with pytest.raises(RunNotFound):
        read_toml(tmp_path / "none.toml")


@pytest.mark.parametrize("text", ["[box" + ".box" * 1500 + "]\nkind = 'robust'\n", "a = " + "[" * 310 + "]" * 310])
def test_tables_that_are_nested_too_deeply_are_a_named_error(tmp_path, text):
    (tmp_path / "run.toml").write_text(text)
    with pytest.raises(InvalidConfig, match="nested"):
        read_toml(tmp_path / "run.toml")
