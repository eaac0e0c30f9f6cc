import datetime as dt
import re

import pytest
from gallery_fakes import HOSTILE

from featviz.gallery.formats import date, flat, page_name


def test_dates_come_as_text_or_as_toml_gives_them():
    assert date("2026-11-23T06:43:10+00:00") == "2026-11-23 06:43"
    assert date(dt.datetime(2026, 11, 23, 6, 43, tzinfo=dt.UTC)) == "2026-11-23 06:43"
    assert date(dt.date(2026, 11, 23)) == "2026-11-23"
    assert date(None) == ""
    assert date("yesterday") == "yesterday"


def test_flat_writes_tables_and_lists_on_one_line():
    assert flat({"commit": "abc", "dirty": True}) == "commit abc, dirty yes"
    assert flat(["a", "b"]) == "a, b"
    assert flat(1.5) == "1.5"


@pytest.mark.parametrize("name", [*HOSTILE, "", "..", "CON", "a/b", "-rf", "naïve-é"])
def test_page_names_are_safe_file_names(name):
    page = page_name(name, {"seed": 0})
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*-[0-9a-f]{8}", page)
    assert len(page) < 60


def test_page_names_tell_runs_apart_and_stay_the_same():
    assert page_name("cat", {"a": 1, "b": 2}) == page_name("cat", {"b": 2, "a": 1})
    assert page_name("cat", {"a": 1}) != page_name("cat", {"a": 2})
    assert page_name("cat!", {}) != page_name("cat?", {})
