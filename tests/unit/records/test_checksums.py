"""Checksums: a file that was altered, or is of another record, is refused."""

import hashlib
from dataclasses import replace

import pytest
from support.example_record import EXAMPLE
from support.reading import one_line

from mnbench.errors import UserError
from mnbench.records.checksums import check_file, checksums
from mnbench.records.record import (
    HISTORY,
    PREDICTIONS,
    WEIGHTS,
    read_record,
)


def record_with_files(folder):
    for name, content in ((HISTORY, "history"), (PREDICTIONS, "predictions"), (WEIGHTS, "w")):
        (folder / name).write_text(content)
    record = replace(EXAMPLE, checksums=checksums(folder))
    record.write(folder)
    return read_record(folder)


def test_checksums_are_of_the_files_beside_the_record(tmp_path):
    record = record_with_files(tmp_path)
    assert list(record.checksums) == [HISTORY, PREDICTIONS, WEIGHTS]
    assert record.checksums[WEIGHTS] == hashlib.sha256(b"w").hexdigest()
    for name in record.checksums:
        check_file(tmp_path, record, name)


@pytest.mark.parametrize("name", [HISTORY, PREDICTIONS, WEIGHTS])
def test_an_altered_or_missing_file_is_one_line(tmp_path, name):
    record = record_with_files(tmp_path)
    (tmp_path / name).write_text("of another record")
    with pytest.raises(UserError) as caught:
        check_file(tmp_path, record, name)
    assert one_line(caught).startswith(f"{tmp_path / name}: is not the file that this record was")
    check_file(tmp_path, EXAMPLE, name)  # a program in another language may leave checksums out
    (tmp_path / name).unlink()
    for expected in (record, EXAMPLE):
        with pytest.raises(UserError) as caught:
            check_file(tmp_path, expected, name)
        assert one_line(caught).startswith(f"{tmp_path / name}: cannot be read (No such file")
        assert one_line(caught).endswith("run snakemake again, which trains it anew")
