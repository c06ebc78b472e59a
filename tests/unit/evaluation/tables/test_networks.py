"""Table ``networks``: what each training cost, by itself and with its ancestors."""

import numpy as np
from support.toy_records import A1, B1, COSTS, CYCLE2, LABELS, MOTHER, TREE, A, edit, plan_of

from mnbench.evaluation.tables import networks
from mnbench.records.predictions import read_predictions
from mnbench.records.record import RECORD
from mnbench.records.store import RecordStore


def test_networks_have_own_and_cumulated_costs(records):
    frame = networks.of_records(RecordStore(plan_of(), records))
    assert list(frame.columns) == list(networks.COLUMNS)
    frame = frame.set_index("record")
    assert frame.index.tolist() == list(map(str, COSTS))
    assert frame.loc[str(A1), "cpu_seconds"] == 0.5
    assert frame.loc[str(A1), "lineage_cpu_seconds"] == 1.5
    assert frame.loc[str(B1), "lineage_training_flops"] == 170
    assert frame.loc[str(CYCLE2), "lineage_epochs"] == 8
    assert frame.loc[str(A), "lineage_examples"] == frame.loc[str(A), "examples"] == 1000
    assert frame.loc[str(A1), "parents"] == str(MOTHER) and frame.loc[str(A), "parents"] == ""
    assert frame.loc[str(TREE), "networks"] == "a+b"
    assert frame.loc[str(MOTHER), ["role", "name", "approach", "seed"]].tolist() == [
        "mothernet",
        "mothernet",
        "mothernets",
        7,
    ]
    for split in ("test", "validation"):
        logits = read_predictions(records / TREE, split).logits
        mean = np.mean([(one.argmax(-1) != LABELS).mean() for one in logits])
        assert frame.loc[str(TREE), f"{split}_error"] == mean


def test_errors_around_the_noise_are_there_where_a_record_notes_them(records):
    edit(records / A1 / RECORD, details={"error_before_noise": 0.25, "error_after_noise": 0.5})
    edit(records / B1 / RECORD, details={"error_before_noise": "unknown"})
    frame = networks.of_records(RecordStore(plan_of(), records)).set_index("record")
    assert frame.loc[str(A1), ["error_before_noise", "error_after_noise"]].tolist() == [0.25, 0.5]
    # A record of a former version, or of another program, is read all the same.
    assert np.isnan(frame.loc[str(B1), "error_before_noise"])
    assert np.isnan(frame.loc[str(MOTHER), "error_after_noise"])
