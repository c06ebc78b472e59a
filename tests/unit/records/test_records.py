"""Records: written and read back, damaged in every way, their costs and lineage added up."""

import hashlib
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnbench.errors import UserError
from mnbench.records.record import (
    HISTORY,
    HISTORY_COLUMNS,
    PREDICTIONS,
    RECORD,
    WEIGHTS,
    Cost,
    Record,
    check_file,
    checksums,
    lineage_of,
    read_predictions,
    read_record,
    write_history,
    write_predictions,
)

EXAMPLE = Record(
    id="fashion_mnist/v5-small/seed0/mothernets/v13_from_v13+v16",
    approach="mothernets",
    role="member",
    networks=({"name": "v13", "id": "0" * 12, "parameters": 7, "architecture": {"blocks": []}},),
    dataset="fashion_mnist",
    seed=2**62,
    recipe={"epochs": 4},
    recipe_hash="f" * 16,
    parents=("fashion_mnist/v5-small/seed0/mothernets/mothernet_v13+v16",),
    cost=Cost(4.0, 1200, 10**15, 1.25, 1.5, 10**9),
    environment={"device": "cpu"},
    details={"hatching_difference": 1e-7},
)


def one_line(caught: pytest.ExceptionInfo) -> str:
    text = str(caught.value)
    assert "\n" not in text
    return text


# record.json


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
    assert "delete the record's folder to train it again" in one_line(caught)


@pytest.mark.parametrize(
    "content",
    [None, b"", b"{", b"\xff\xfe", b"[]", b"3", b'"text"', b"null", b'{"format": 2}'],
)
def test_a_missing_or_damaged_record_is_one_line(tmp_path, content):
    file = tmp_path / RECORD
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(UserError) as caught:
        read_record(tmp_path)
    assert one_line(caught).startswith(f"{file}: not a readable record (")


@pytest.mark.parametrize(
    "change",
    [
        {"surprise": 1},
        {"cost": {"euros": 3}},
        {"cost": None},
        {"cost": {"flops": "many"}},
        {"cost": {"cpu_seconds": -1.0}},
        {"cost": {"cpu_seconds": float("nan")}},
        {"details": None},
        {"networks": [{"name": "v13"}]},
        {"networks": ["v13"]},
        {"parents": "none"},
    ],
)
def test_an_unknown_key_or_a_wrong_cost_is_one_line(tmp_path, change):
    EXAMPLE.write(tmp_path)
    file = tmp_path / RECORD
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    with pytest.raises(UserError) as caught:
        read_record(tmp_path)
    assert one_line(caught).startswith(f"{file}: not a readable record (")


def test_a_record_of_another_version_says_so(tmp_path):
    replace(EXAMPLE, format=99).write(tmp_path)
    with pytest.raises(UserError) as caught:
        read_record(tmp_path)
    assert "key 'format': 99 was written by another version" in one_line(caught)


# Checksums


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
        assert one_line(caught).startswith(f"{tmp_path / name}: cannot be read (FileNotFoundError")
        assert one_line(caught).endswith("delete the record's folder to train it again")


# predictions.npz


def arrays(networks=2, images=5, classes=3):
    rng = np.random.default_rng(0)
    return {
        "validation_logits": rng.normal(size=(networks, images, classes)).astype(np.float32),
        "validation_labels": rng.integers(classes, size=images),
        "test_logits": rng.normal(size=(networks, 2 * images, classes)).astype(np.float32),
        "test_labels": rng.integers(classes, size=2 * images),
    }


@pytest.mark.parametrize("split", ["validation", "test"])
def test_predictions_are_read_as_they_were_written(tmp_path, split):
    written = arrays()
    write_predictions(tmp_path, **written)
    read = read_predictions(tmp_path, split)
    np.testing.assert_array_equal(read.logits, written[f"{split}_logits"])
    np.testing.assert_array_equal(read.labels, written[f"{split}_labels"])
    assert read.logits.dtype == np.float32


def test_the_same_predictions_give_the_same_bytes(tmp_path):
    write_predictions(tmp_path, **arrays())
    first = (tmp_path / PREDICTIONS).read_bytes()
    write_predictions(tmp_path, **arrays())
    assert (tmp_path / PREDICTIONS).read_bytes() == first


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("test_logits", np.zeros((10, 3), np.float32)),
        ("test_logits", np.zeros((2, 9, 3), np.float32)),
        ("test_logits", np.full((2, 10, 3), np.nan, np.float32)),
        ("test_logits", np.full((2, 10, 3), np.inf, np.float32)),
        ("test_logits", np.full((2, 10, 3), "text")),
        ("test_logits", np.zeros((), np.float32)),
        ("test_labels", np.zeros((10, 1), np.int64)),
        ("test_labels", np.zeros(3, np.int64)),
    ],
)
def test_predictions_of_another_shape_or_kind_are_one_line(tmp_path, key, value):
    write_predictions(tmp_path, **(arrays() | {key: value}))
    with pytest.raises(UserError) as caught:
        read_predictions(tmp_path, "test")
    text = one_line(caught)
    assert text.startswith(f"{tmp_path / PREDICTIONS}: key 'test_logits': want finite floats")
    assert "delete the record's folder to train it again" in text
    read_predictions(tmp_path, "validation")  # which is as it should be


@pytest.mark.parametrize("how", ["missing", "empty", "truncated", "flipped", "npy", "pickle"])
def test_damaged_predictions_are_one_line(tmp_path, how):
    file = tmp_path / PREDICTIONS
    write_predictions(tmp_path, **arrays(images=50))
    content = file.read_bytes()
    match how:
        case "missing":
            file.unlink()
        case "empty":
            file.write_bytes(b"")
        case "truncated":
            file.write_bytes(content[: len(content) // 2])
        case "flipped":  # a byte of an array's
            place = content.index(arrays(images=50)["test_logits"].tobytes()[:40])
            file.write_bytes(content[:place] + b"\x00\xff" + content[place + 2 :])
        case "npy":
            with file.open("wb") as opened:
                np.save(opened, np.zeros(3))
        case "pickle":
            write_predictions(tmp_path, test_logits=np.array([{}]), test_labels=np.array([{}]))
    with pytest.raises(UserError) as caught:
        read_predictions(tmp_path, "test")
    assert one_line(caught).startswith(f"{file}: not readable predictions (")


def test_a_split_that_is_not_there_is_one_line(tmp_path):
    write_predictions(tmp_path, **without("test_labels")(arrays()))
    with pytest.raises(UserError, match="test_labels"):
        read_predictions(tmp_path, "test")


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


# Costs and lineage


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
    flops=st.integers(0, 10**20),
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


# A MotherNet "m" with two members, a path of snapshots, and a teacher that is a member itself.
PARENTS = {
    "m": (),
    "a": ("m",),
    "b": ("m",),
    "s1": (),
    "s2": ("s1",),
    "s3": ("s2",),
    "t": (),
    "k": ("t", "m"),
}


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ("a", ("m", "a")),
        ("ab", ("m", "a", "b")),
        (["s3"], ("s1", "s2", "s3")),
        (["s1", "s2", "s3"], ("s1", "s2", "s3")),
        (["k", "t", "a"], ("t", "m", "k", "a")),
        ([], ()),
    ],
)
def test_lineage_by_hand(members, expected):
    assert lineage_of(members, PARENTS) == expected


@given(st.lists(st.sampled_from(sorted(PARENTS))))
def test_lineage_has_each_record_once_and_parents_first(members):
    found = lineage_of(members, PARENTS)
    assert len(found) == len(set(found))
    assert set(members) <= set(found)
    for place, record in enumerate(found):
        assert set(PARENTS[record]) <= set(found[:place])
