import io
import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from featviz.batches import take_one
from featviz.formats.csv_text import from_csv
from featviz.formats.native import digest_of, native_files

PICTURE = np.linspace(0, 1, 24, dtype=np.float32).reshape(2, 4, 3)


def by_name(x, number=7):
    return {file.name(number): file for file in native_files(x)}


def array(file):
    return np.load(io.BytesIO(file.content), allow_pickle=False)


class TestForms:
    @pytest.mark.parametrize("channels", [1, 3, 4])
    @pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
    def test_a_picture_is_a_png_beside_its_numbers(self, channels, dtype):
        x = np.random.default_rng(0).random((5, 4, channels)).astype(np.float32)
        x = (x * 255).astype(np.uint8) if dtype == np.uint8 else x.astype(dtype)
        files = by_name(x)
        assert {name: file.label for name, file in files.items()} == {"000007.npy": "file", "000007.png": "picture"}
        assert array(files["000007.npy"]).dtype == dtype
        assert np.array_equal(array(files["000007.npy"]), x)
        shown = np.asarray(Image.open(io.BytesIO(files["000007.png"].content)))
        wanted = x if dtype == np.uint8 else np.rint(x * 255)
        assert np.array_equal(shown.reshape(x.shape), wanted)

    @pytest.mark.parametrize(
        "x", [PICTURE * 2, PICTURE - 1, np.full((2, 2, 1), np.nan), np.ones((2, 2, 5)), np.ones((2, 2, 1), np.int32)]
    )
    def test_what_is_no_picture_has_none(self, x):
        assert list(by_name(x)) == ["000007.npy"]

    def test_a_series_is_a_table(self):
        x = np.random.default_rng(0).standard_normal((6, 2)).astype(np.float32)
        head, *rows = from_csv(by_name(x)["000007.csv"].content)
        assert head == ["sample", "channel 1", "channel 2"]
        assert np.array_equal(np.array([row[1:] for row in rows], dtype=np.float32), x)

    @pytest.mark.parametrize(
        ("x", "name", "content"),
        [
            ("héllo\n\ud800", "000007.txt", "héllo\n\\ud800"),
            (np.array([3, 1]), "000007.json", [3, 1]),
            (np.array([0.5, np.nan]), "000007.json", [0.5, None]),
            (2.5, "000007.json", 2.5),
            (np.int64(3), "000007.json", 3),
            ({"a": 1, "b": (2, "x")}, "000007.json", {"a": 1, "b": [2, "x"]}),
            ((1, "x"), "000007.json", [1, "x"]),
            ([{"pitch": "C"}], "000007.json", [{"pitch": "C"}]),
        ],
    )
    def test_the_rest_is_text_or_json(self, x, name, content):
        (file,) = native_files(x)
        assert file.name(7) == name
        text = file.content.decode()
        assert (text if name.endswith("txt") else json.loads(text)) == content

    def test_a_row_of_a_data_frame_is_a_table(self):
        frame = pd.DataFrame({"age": [30, 40], "job": ["=1+1", "x"]})
        assert from_csv(by_name(take_one(frame, 0))["000007.csv"].content) == [["age", "job"], ["30", "=1+1"]]
        mixed = pd.DataFrame({"age": [30], "job": [(1, 2)]})
        assert json.loads(by_name(mixed)["000007.json"].content) == {"age": 30, "job": [1, 2]}

    def test_many_numbers_are_an_array(self):
        x = np.arange(2000.0)
        assert np.array_equal(array(by_name(x)["000007.npy"]), x)
        assert list(by_name(np.zeros((3, 2), int))) == ["000007.npy"]
        assert list(by_name(np.zeros((2, 2, 2, 2)))) == ["000007.npy"]

    def test_large_parts_are_files_of_their_own(self):
        files = by_name({"photo": PICTURE, "who": {"age": 3}, "../x\u202e": np.ones((3, 1)), "///": 1, "PHOTO": 2})
        assert {name: file.label for name, file in files.items()} == {
            "000007-photo.npy": "file photo",
            "000007-photo.png": "picture photo",
            "000007-who.json": "file who",
            "000007-x.csv": "file ../x\\u202e",
            "000007-3.json": "file ///",
            "000007-PHOTO_4.json": "file PHOTO",
        }
        assert list(by_name((PICTURE, "t"))) == ["000007-0.npy", "000007-0.png", "000007-1.txt"]

    def test_long_names_stay_bearable(self):
        assert max(map(len, by_name({"n" * 5000: PICTURE}))) < 60

    @pytest.mark.parametrize("x", [object(), {1, 2}, np.ones(2, complex), float("inf"), {"a": [object()]}])
    def test_what_has_no_form_is_refused(self, x):
        with pytest.raises((TypeError, ValueError)):
            native_files(x)


class TestDigests:
    def test_equal_inputs_have_equal_ones_and_others_do_not(self):
        def digest(x, *more):
            return digest_of(native_files(x), *more)

        assert digest(PICTURE) == digest(PICTURE.copy())
        inputs = ["a", "b", 1, 1.5, [1], PICTURE, PICTURE[::-1], PICTURE.astype(float), {"a": PICTURE}, {"b": PICTURE}]
        seen = {digest(x) for x in inputs} | {digest("a", "b"), digest("a", "", "b"), digest("a", "b", "")}
        assert len(seen) == len(inputs) + 3

    def test_the_picture_has_no_say(self):
        files = native_files(PICTURE)
        assert digest_of(files) == digest_of(files[:1])
