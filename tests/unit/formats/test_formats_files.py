import os

import pytest

from featviz.formats.files import read_regular, write_new, write_whole


def test_a_file_is_replaced_whole_and_leaves_no_part(tmp_path):
    path = tmp_path / "a.txt"
    write_whole(path, b"one")
    write_whole(path, b"two")
    assert read_regular(path, 10) == b"two"
    assert [file.name for file in tmp_path.iterdir()] == ["a.txt"]


def test_a_link_in_the_place_of_a_file_is_not_followed(tmp_path):
    (tmp_path / "mine").write_bytes(b"mine")
    for write in (write_new, write_whole):
        path = tmp_path / write.__name__
        path.symlink_to(tmp_path / "mine")
        write(path, b"new")
        assert not path.is_symlink()
        assert path.read_bytes() == b"new"
    assert (tmp_path / "mine").read_bytes() == b"mine"


def test_what_is_no_regular_file_of_bearable_size_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").write_bytes(b"12345")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    for name in ("pipe", "link", "absent"):
        with pytest.raises(OSError, match=r"regular|symbolic|No such"):
            read_regular(tmp_path / name, 10)
    with pytest.raises(ValueError, match="at most 4"):
        read_regular(tmp_path / "file", 4)
