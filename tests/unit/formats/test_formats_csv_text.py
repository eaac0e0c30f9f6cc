import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from featviz.formats.csv_text import from_csv, to_csv
from featviz.text import is_number

FORMULAS = [
    '=HYPERLINK("http://x","y")', "+1+2", "-2+3", "@SUM(A1)", "=1", "\t=1", "\r=1", "\n=1", "\uff1d1", "\uff0b1+1",
    "-a", "'=1", "''=1", "+", "=", "-1e5x", "1=2",
]  # fmt: skip
NUMBERS = ["-5", "+5", "-1.5e-3", "1.", ".5", "-.5", "-inf", "inf", "nan", "-0"]


@pytest.mark.parametrize(
    "cell", FORMULAS + NUMBERS + ["", "'", "'a", 'say "x"', "a,b", "a\r\nb", "\x00", "\u2028", "a;=1"]
)
def test_cells_come_back(cell):
    rows = [["head", cell], [cell, "tail"]]
    assert from_csv(to_csv(rows)) == rows


@pytest.mark.parametrize("cell", FORMULAS)
def test_no_cell_is_a_formula(cell):
    """What a spreadsheet reads begins with a sign only if that is all, and never within a cell cut at a semicolon."""
    ((read,),) = csv.reader(io.StringIO(to_csv([[cell]]).decode(), newline=""))
    assert len(read) == 1 or read[0] not in "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"


@pytest.mark.parametrize("cell", NUMBERS)
def test_numbers_stay_numbers(cell):
    assert is_number(cell)
    ((read,),) = csv.reader(io.StringIO(to_csv([[cell]]).decode(), newline=""))
    assert read == cell
    float(read)


def test_every_cell_is_quoted():
    assert to_csv([["a;=1", "1.5"]]) == b'"a;=1","1.5"\r\n'


@given(
    st.lists(st.lists(st.text(max_size=8) | st.sampled_from(FORMULAS), min_size=1, max_size=4), min_size=1, max_size=4)
)
def test_any_text_comes_back(rows):
    assert from_csv(to_csv(rows)) == rows


def test_other_programs_read_what_is_written():
    pandas = pytest.importorskip("pandas")
    frame = pandas.read_csv(io.BytesIO(to_csv([["a", "b"], ["-1.5", "x\ny"], ["2", "漢字"]])))
    assert frame["a"].tolist() == [-1.5, 2.0]
    assert frame["b"].tolist() == ["x\ny", "漢字"]


@pytest.mark.parametrize("content", [b'"a', b"\xff", b'"a"b"', b'"' + b"x" * 200_000 + b'"'])
def test_what_is_no_table_is_a_value_error(content):
    with pytest.raises(ValueError, match=r"table|utf-8"):
        from_csv(content)


def test_lone_surrogates_become_text_where_that_is_wanted():
    assert to_csv([["\ud800"]], "backslashreplace") == b'"\\ud800"\r\n'
    with pytest.raises(UnicodeEncodeError):
        to_csv([["\ud800"]])
