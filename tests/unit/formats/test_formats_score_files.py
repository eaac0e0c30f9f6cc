import numpy as np
import pytest

from featviz.errors import InvalidArgument
from featviz.formats.csv_text import to_csv
from featviz.formats.score_files import read_scores


def read(tmp_path, content, ids=(10, 11), outputs=("a", "b")):
    folder = tmp_path / "batch-000003"
    folder.mkdir(exist_ok=True)
    path = folder / "scores.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_scores(path, ids, outputs)


GOOD = {
    "as asked for": "id,a,b\n10,1,2\n11,3,4\n",
    "in another order, with remarks": "note,b,id,a\nx,4,11,3\n,2,10,1\n",
    "of a spreadsheet": "\ufeffid;a;b\r\n10;1;2\r\n11;3;4\r\n",
    "with tabs": "id\ta\tb\n10\t1\t2\n11\t3\t4",
    "with quotes and spaces": ' "id" , a,b\n"10", 1 ,+2.0\n11,3e0,"4"\n'.replace(' "id" ', '"id"'),
    "with empty lines": "id,a,b\n\n10,1,2\n,,\n11,3,4\n\n",
}


@pytest.mark.parametrize("name", GOOD)
def test_tables_as_they_are_saved(tmp_path, name):
    scores = read(tmp_path, GOOD[name])
    assert scores.outputs.tolist() == [[1, 2], [3, 4]]
    assert scores.missing == {}


def test_a_row_that_lacks_a_number_has_none_and_a_reason(tmp_path):
    scores = read(tmp_path, "id,a,b,error\n10,1,,the \x1b lamp\n11,3,4,fine\n")
    assert np.isnan(scores.outputs[0]).all()
    assert scores.missing == {0: "the \\x1b lamp"}
    assert read(tmp_path, "id,a,b\n10,1,nan\n11,inf,4\n").outputs[1, 0] == np.inf


def test_an_output_may_be_called_error_or_like_a_formula(tmp_path):
    assert read(tmp_path, "id,error\n10,1\n11,2\n", outputs=["error"]).outputs.tolist() == [[1], [2]]
    assert read(tmp_path, to_csv([["id", "=x"], ["10", "1"], ["11", "2"]]), outputs=["=x"]).missing == {}


BAD = {
    "": "is empty; its first line must be 'id,a,b'",
    "id,a\n10,1\n": r"line 1: the column 'b' is missing. Expected the columns id, a, b, but it has 'id', 'a'",
    "id,a,B\n10,1,2\n": "Did you mean 'B'",
    "id,a,b,b\n10,1,2,3\n": "the column 'b' is there twice",
    "10,1,2\n11,3,4\n": "the column 'id' is missing",
    "id,a,b\n10,1,2\n": "has no line for id 11. Every input needs one",
    "id,a,b\n10,1,2\n11,3\n": "line 3: expected 3 cells, but it has 2",
    "id,a,b\n10,1,2\n11,3,4,5\n": "line 3: expected 3 cells, but it has 4",
    "id,a,b\n10,1,2\n12,3,4\n": "line 3, column 'id': expected one of the ids 10 to 11 of this batch, but it is '12'",
    "id,a,b\n10,1,2\n11.0,3,4\n": "but it is '11.0'",
    "id,a,b\n10,1,2\n\u0661\u0661,3,4\n": "line 3, column 'id'",
    "id,a,b\n" + "9" * 5000 + ",1,2\n": "line 2, column 'id'",
    "id,a,b\n,1,2\n": "but it is empty",
    "id,a,b\n10,1,2\n10,3,4\n": "line 3, column 'id': the id 10 stands in line 2 already",
    "id;a;b\n10;1;2,5\n11;3;4\n": "line 2, column 'b': .*'2,5'. Write it with a decimal point",
    "id,a,b\n10,high,2\n11,3,4\n": "line 2, column 'a': expected a number, or nothing where there is none, but it is",
    "id,a,b\n10,True,2\n11,3,4\n": "'True'",
    "id,a,b\n10,1_0,2\n11,3,4\n": "'1_0'",
    "id,a,b\n10,0x1F,2\n11,3,4\n": "'0x1F'",
    'id,a,b\n10,"1,2\n11,3,4\n': "is not CSV",
    "id,a,b\n10,\x1b[31m,2\n11,3,4\n": "x1b",
    b"PK\x03\x04\xff\xfe": "not text in UTF-8. Save the table as CSV, UTF-8",
    "id,a,b\n10,1,2\n11,3,4\n".encode("utf-16"): "not text in UTF-8",
    "id,a,b\n10,1," + "1" * 200_000 + "\n": "is not CSV",
}


@pytest.mark.parametrize("content", BAD, ids=range(len(BAD)))
def test_a_mistake_is_named_with_its_place(tmp_path, content):
    with pytest.raises(InvalidArgument, match=BAD[content]) as raised:
        read(tmp_path, content)
    assert "batch-000003/scores.csv" in str(raised.value)
    assert str(tmp_path) not in str(raised.value)
    assert "\x1b" not in str(raised.value)


def test_a_link_and_a_file_that_is_not_there(tmp_path):
    read(tmp_path, GOOD["as asked for"])
    (tmp_path / "scores.csv").symlink_to(tmp_path / "batch-000003" / "scores.csv")
    for path in (tmp_path / "scores.csv", tmp_path / "absent.csv"):
        with pytest.raises(OSError, match=r"symbolic|No such"):
            read_scores(path, (10, 11), ("a", "b"))


def test_a_file_that_is_too_large(tmp_path, monkeypatch):
    monkeypatch.setattr("featviz.formats.score_files._MOST_BYTES", 5)
    with pytest.raises(InvalidArgument, match="at most 5"):
        read(tmp_path, GOOD["as asked for"])


def test_the_first_line_too_many_ends_the_reading(tmp_path):
    # Were the rest read, its last line would be complained about as no CSV.
    with pytest.raises(InvalidArgument, match="line 3, column 'id': the id 10 stands in line 2"):
        read(tmp_path, "id,a,b\n10,1,2\n" + "10,1,2\n" * 1000 + '"')
