"""Files that are whole or absent."""

import errno
from pathlib import Path

import pytest

from mnbench.errors import UserError
from mnbench.files import remains, replacing, sha256, write_text


def test_a_file_appears_with_its_folders_when_it_is_whole(tmp_path):
    file = tmp_path / "a" / "b" / "plan.json"
    with replacing(file) as unfinished:
        unfinished.write_text("whole")
        assert not file.exists() and unfinished.suffix == ".json"
    assert file.read_text() == "whole"
    assert list(file.parent.iterdir()) == [file]


def test_an_error_while_writing_keeps_the_former_file_and_leaves_nothing(tmp_path):
    file = tmp_path / "table.csv"
    file.write_text("former")
    with pytest.raises(ValueError), replacing(file) as unfinished:
        unfinished.write_text("half")
        raise ValueError
    assert file.read_text() == "former" and list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("name", ["v16@2.safetensors", "v16@2.5.safetensors", "a[1]+.csv", "lock"])
def test_what_a_killed_process_leaves_of_a_file_is_found(tmp_path, name):
    file = tmp_path / name
    with replacing(file) as unfinished:
        unfinished.write_text("half")
        assert remains(file) == [unfinished]


def test_what_another_process_is_writing_is_no_remains(tmp_path):
    """Names may hold points, behind them anything, and all of these are being written."""
    others = ["v16@2.5.77.unfinished.safetensors", "v16@2.a1_in1k.77.unfinished.safetensors"]
    others += ["v16@25.77.unfinished.safetensors", "v16@2.77.unfinished.csv", "v16@2.77"]
    for name in others:
        (tmp_path / f".{name}").touch()
    assert remains(tmp_path / "v16@2.safetensors") == []


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_what_the_system_refuses_is_one_line_with_the_path_and_the_remedy(tmp_path, code):
    file = tmp_path / "figure.png"
    with pytest.raises(UserError) as caught, replacing(file):
        raise OSError(code, "the system says no")
    assert str(caught.value).startswith(f"{file}: cannot be written (the system says no); free ")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_a_file_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"x\.md: cannot be written"):
        write_text(tmp_path / "file" / "x.md", "text")


def test_text_is_utf_8_whatever_the_locale(tmp_path):
    write_text(tmp_path / "text", "×ä→")
    assert (tmp_path / "text").read_bytes() == "×ä→".encode()


def test_sha256_is_that_of_the_shell(tmp_path):
    """``printf abc | sha256sum``."""
    file = Path(tmp_path / "abc")
    file.write_bytes(b"abc")
    assert sha256(file)[:16] == "ba7816bf8f01cfea"
