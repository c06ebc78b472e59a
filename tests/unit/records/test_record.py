"""The record and its history: written, read back, damaged in every way; costs add up."""

import json
import shutil
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.example_record import EXAMPLE
from support.reading import one_line

from mnbench.errors import UserError
from mnbench.records.predictions import read_predictions
from mnbench.records.record import (
    HISTORY,
    HISTORY_COLUMNS,
    RECORD,
    Cost,
    read_record,
    write_history,
)


def test_a_record_is_read_as_it_was_written(tmp_path):
    EXAMPLE.write(tmp_path)
    assert read_record(tmp_path) == EXAMPLE


def without(key):
    return lambda data: {k: v for k, v in data.items() if k != key}


@pytest.mark.parametrize("key", ["id", "networks", "cost", "parents", "recipe_hash", "format"])
def test_a_record_that_lacks_a_key_is_one_line(tmp_path, key):
    EXAMPLE.write(tmp_path)
    file = tmp_path / RECORD
    file.write_text(json.dumps(without(key)(json.loads(file.read_text()))))
    with pytest.raises(UserError) as caught:
        read_record(tmp_path)
    assert one_line(caught).startswith(f"{file}: not a readable record (")
    assert f"'{key}'" in one_line(caught)
    assert "run snakemake again, which trains it anew" in one_line(caught)


@pytest.mark.parametrize(
    "content",
    [
        None,
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b"3",
        b'"text"',
        b"null",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"1" * 5000,
        b'{"format": 2}',
        b'{"format": 3}',
    ],
)
def test_a_missing_or_damaged_record_is_one_line(tmp_path, content):
    file = tmp_path / RECORD
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(UserError) as caught:
        read_record(tmp_path)
    said = "not a readable record (" if content is not None else "cannot be read (No such file"
    assert one_line(caught).startswith(f"{file}: {said}")


@pytest.mark.parametrize(
    "change",
    [
        {"surprise": 1},
        {"cost": {"euros": 3}},
        {"cost": None},
        {"cost": {"training_flops": "many"}},
        {"cost": {"flops": 7}},
        {"cost": {"cpu_seconds": -1.0}},
        {"cost": {"cpu_seconds": float("nan")}},
        {"details": None},
        {"networks": [{"name": "v13"}]},
        {"networks": ["v13"]},
        {"parents": "none"},
        {"parents": ["fashion_mnist/v5-small"]},
        {"id": "fashion_mnist/v5-small/0/full_data/v13"},
        {"id": 3},
    ],
)
def test_an_unknown_key_or_a_wrong_cost_is_one_line(tmp_path, change):
    EXAMPLE.write(tmp_path)
    file = tmp_path / RECORD
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    with pytest.raises(UserError) as caught:
        read_record(tmp_path)
    assert one_line(caught).startswith(f"{file}: not a readable record (")


@pytest.mark.parametrize("number", [1, 4, 99, "3", None])
def test_a_record_of_another_version_says_so(tmp_path, number):
    replace(EXAMPLE, format=number).write(tmp_path)
    with pytest.raises(UserError) as caught:
        read_record(tmp_path)
    assert f"key 'format': {number} was written by another version" in one_line(caught)
    assert "this one reads 2, 3" in one_line(caught)


def test_a_record_moves_as_a_folder(trained, tmp_path):
    id = next(iter(sorted(trained.records.rglob(RECORD)))).parent
    shutil.copytree(id, tmp_path / "moved")
    assert read_record(tmp_path / "moved") == read_record(id)
    assert read_predictions(tmp_path / "moved", "test").logits.shape[2] == 10


# history.csv


def test_history_has_a_row_an_epoch(tmp_path):
    row = dict.fromkeys(HISTORY_COLUMNS, 1) | {"phase": "scratch"}
    write_history(tmp_path, [row, row | {"epoch": 2}])
    first, second, third = (tmp_path / HISTORY).read_text().splitlines()
    assert first == ",".join(HISTORY_COLUMNS)
    assert (second.split(",")[:2], third.split(",")[:2]) == (["1", "scratch"], ["2", "scratch"])


def test_history_takes_no_other_column(tmp_path):
    with pytest.raises(ValueError, match="surprise"):
        write_history(tmp_path, [dict.fromkeys((*HISTORY_COLUMNS, "surprise"), 1)])


# Costs


def test_costs_add_up_but_peak_memory_is_the_larger():
    total = Cost(1.5, 10, 100, 0.5, 0.25, 7) + Cost(2.0, 20, 200, 1.0, 0.5, 5)
    assert total == Cost(3.5, 30, 300, 1.5, 0.75, 7)


def test_a_device_is_shared_over_all_that_is_billed():
    alone, crowded = (
        Cost(device_seconds=9, held_seconds=8.8),
        Cost(device_seconds=1, held_seconds=0.5),
    )
    assert (alone.shared_device, crowded.shared_device) == (False, True)
    assert (alone + crowded).shared_device is False
    assert (alone + Cost(device_seconds=9, held_seconds=4.5)).shared_device is True
    assert Cost().shared_device is False


COSTS = st.builds(
    Cost,
    epochs=st.integers(0, 100).map(float),
    examples=st.integers(0, 10**12),
    training_flops=st.integers(0, 10**20),
    device_seconds=st.integers(0, 10**6).map(float),
    cpu_seconds=st.integers(0, 10**6).map(float),
    peak_memory_bytes=st.integers(0, 10**12),
    held_seconds=st.integers(0, 10**6).map(float),
)


@given(COSTS, COSTS, COSTS)
def test_costs_add_up_in_any_order(a, b, c):
    assert a + b == b + a
    assert (a + b) + c == a + (b + c)
    assert a + Cost() == a
