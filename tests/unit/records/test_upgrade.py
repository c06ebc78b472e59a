"""Records of format 2, written before ``flops`` was called ``training_flops``, are still read."""

import json

import numpy as np
import pytest
from support.example_record import EXAMPLE
from support.reading import one_line

from mnbench.architectures import Architecture, Layer, Plain
from mnbench.errors import UserError
from mnbench.planning.lineage import Training
from mnbench.planning.plan import Plan
from mnbench.planning.training_id import TrainingId
from mnbench.records.checksums import check_file, checksums
from mnbench.records.predictions import write_predictions
from mnbench.records.record import (
    FILES,
    FORMAT,
    HISTORY,
    HISTORY_COLUMNS,
    RECORD,
    WEIGHTS,
    Cost,
    read_record,
)
from mnbench.records.store import RecordStore
from mnbench.records.upgrade import present_columns, with_present_keys

NETWORK = Architecture((Plain((Layer(8),)),), name="v13")
ID = TrainingId("fashion_mnist", "v5-small", 0, "full_data", "v13")
TRAINING = Training(ID, "member", (NETWORK,), {"epochs": 2}, 5, {"dataset": "fashion_mnist"})
PLAN = Plan("toy", {ID: TRAINING}, ())
HISTORY_2 = """\
epoch,phase,learning_rate,train_loss,train_accuracy,validation_loss,validation_accuracy,examples,\
flops,device_seconds,cpu_seconds,device_share
1,scratch,0.1,2.0,0.3,1.5,0.5,600,7000000000,0.5,0.5,1.0
2,scratch,0.05,1.0,0.6,0.9,0.7,600,7000000000,0.5,0.5,1.0
"""


@pytest.fixture
def store(tmp_path) -> RecordStore:
    """A record of two epochs, byte for byte as format 2 wrote it."""
    folder = tmp_path / ID
    folder.mkdir(parents=True)
    (folder / HISTORY).write_text(HISTORY_2)
    logits, labels = np.zeros((1, 4, 10), np.float32), np.arange(4)
    write_predictions(
        folder,
        validation_logits=logits,
        validation_labels=labels,
        test_logits=logits,
        test_labels=labels,
    )
    (folder / WEIGHTS).write_bytes(b"of no matter here")
    content = {
        "id": "fashion_mnist/v5-small/seed0/full_data/v13",
        "approach": "full_data",
        "role": "member",
        "networks": [
            {
                "name": "v13",
                "id": NETWORK.id,
                "parameters": 9,
                "architecture": NETWORK.to_dict(),
            }
        ],
        "dataset": "fashion_mnist",
        "seed": 5,
        "recipe": {"epochs": 2},
        "recipe_hash": TRAINING.recipe_hash,
        "parents": [],
        "cost": {
            "epochs": 2.0,
            "examples": 1200,
            "flops": 14000000000,
            "device_seconds": 1.0,
            "cpu_seconds": 1.0,
            "peak_memory_bytes": 1000,
            "held_seconds": 1.0,
        },
        "environment": {"device": "cpu"},
        "details": {},
        "checksums": checksums(folder),
        "format": 2,
    }
    (folder / RECORD).write_text(json.dumps(content, indent=2) + "\n")
    return RecordStore(PLAN, tmp_path)


def test_a_record_of_format_2_is_read_in_todays_names(store):
    record = store.record(ID)
    assert record.cost == Cost(2.0, 1200, 14 * 10**9, 1.0, 1.0, 1000, 1.0)
    assert record.format == FORMAT


def test_a_history_of_format_2_is_read_in_todays_names(store):
    history = store.history(ID)
    assert list(history) == list(HISTORY_COLUMNS)
    assert history["training_flops"].tolist() == [7 * 10**9] * 2


def test_the_files_stay_as_they_are_and_their_checksums_valid(store):
    folder = store.directory(ID)
    before = {name: (folder / name).read_bytes() for name in FILES}
    record = store.record(ID)
    store.history(ID)
    assert store.predictions(ID, "test").logits.shape == (1, 4, 10)
    assert {name: (folder / name).read_bytes() for name in FILES} == before
    for name in record.checksums:
        check_file(folder, record, name)


@pytest.mark.parametrize("number", [1, 4])
def test_older_and_newer_formats_are_refused(store, number):
    file = store.directory(ID) / RECORD
    file.write_text(json.dumps(json.loads(file.read_text()) | {"format": number}))
    with pytest.raises(UserError, match=f"key 'format': {number} was written by another") as caught:
        store.record(ID)
    assert one_line(caught).endswith("run snakemake again, which trains it anew")


@pytest.mark.parametrize("cost", [None, 3, {"euros": 3}, {"flops": "many"}])
def test_a_wrong_cost_of_format_2_is_one_line(store, cost):
    file = store.directory(ID) / RECORD
    file.write_text(json.dumps(json.loads(file.read_text()) | {"cost": cost}))
    with pytest.raises(UserError) as caught:
        read_record(file.parent)
    assert one_line(caught).startswith(f"{file}: not a readable record (key 'cost")


def test_a_record_read_from_format_2_is_written_in_the_present_format(store, tmp_path):
    record = store.record(ID)
    record.write(tmp_path)
    content = json.loads((tmp_path / RECORD).read_text())
    assert content["format"] == FORMAT
    assert "flops" not in content["cost"]
    assert read_record(tmp_path) == record


def test_a_present_record_is_left_alone(tmp_path):
    EXAMPLE.write(tmp_path)
    content = json.loads((tmp_path / RECORD).read_text())
    assert with_present_keys(content) == content
    assert present_columns(list(HISTORY_COLUMNS)) == list(HISTORY_COLUMNS)
    assert present_columns(["flops", "training_flops"]) == ["flops", "training_flops"]
