"""Tables computed from real records on disk: values, costs of lineages, and what is refused."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mnbench.architectures import Architecture, Layer, Plain
from mnbench.errors import UserError
from mnbench.evaluation import tables
from mnbench.evaluation.metrics import (
    average_probabilities,
    calibration_error,
    disagreement,
    error_rate,
    negative_log_likelihood,
)
from mnbench.evaluation.store import RecordStore
from mnbench.plan import Ensemble, Plan, Training, union
from mnbench.records import (
    HISTORY,
    HISTORY_COLUMNS,
    PREDICTIONS,
    RECORD,
    Cost,
    Record,
    read_predictions,
    write_history,
    write_predictions,
)

HOME = "toy/pair/seed7"
A, B = f"{HOME}/full_data/a", f"{HOME}/full_data/b"
MOTHER, A1, B1 = (f"{HOME}/mothernets/{name}" for name in ("mothernet", "a_g1", "b_g1"))
TREE = f"{HOME}/treenets/tree2"
CYCLE1, CYCLE2 = (f"{HOME}/snapshot_ensembles/cycle{i}" for i in (1, 2))
COSTS = {  # epochs, examples, FLOPs, device-seconds, CPU-seconds, peak memory
    A: Cost(10, 1000, 100, 1.0, 2.0, 50),
    B: Cost(10, 1000, 300, 3.0, 6.0, 70),
    MOTHER: Cost(10, 1000, 80, 0.5, 1.0, 90),
    A1: Cost(2, 200, 20, 0.25, 0.5, 40),
    B1: Cost(3, 300, 90, 0.75, 1.5, 60),
    TREE: Cost(10, 1000, 350, 3.5, 7.0, 80),
    CYCLE1: Cost(4, 400, 40, 0.5, 1.0, 30),
    CYCLE2: Cost(4, 400, 40, 0.5, 1.25, 30),
}
PARENTS = {A1: (MOTHER,), B1: (MOTHER,), CYCLE2: (CYCLE1,)}
LABELS = np.array([0, 1, 2, 0, 1, 2, 0, 1])


def network(name: str) -> Architecture:
    return Architecture((Plain((Layer(8),)),), name=name)


def plan_of() -> Plan:
    trainings = [
        Training(
            record,
            "mothernet" if record == MOTHER else "member",
            (network("a"), network("b")) if record == TREE else (network(record.split("/")[-1]),),
            {},
            seed=1234,
            data={},
            parents=PARENTS.get(record, ()),
        )
        for record in COSTS
    ]
    row = ("toy", "pair", 7)
    ensembles = (
        Ensemble(*row, "full_data", 1, (A,)),
        Ensemble(*row, "full_data", 2, (A, B)),
        Ensemble(*row, "mothernets", 2, (A1, B1), g=1),
        Ensemble(*row, "mothernets", 2, (A, B), g=2),
        Ensemble(*row, "treenets", 2, (TREE,)),
        Ensemble(*row, "snapshot_ensembles", 2, (CYCLE1, CYCLE2)),
    )
    return Plan("toy", union(trainings), ensembles)


@pytest.fixture
def records(tmp_path) -> Path:
    rng = np.random.default_rng(0)
    for training in plan_of().trainings.values():
        folder = tmp_path / training.id
        folder.mkdir(parents=True)
        Record(
            id=training.id,
            approach=training.approach,
            role=training.role,
            networks=tuple(
                {"name": net.name, "id": net.id, "parameters": 9, "architecture": net.to_dict()}
                for net in training.networks
            ),
            dataset="toy",
            seed=training.seed,
            recipe={},
            recipe_hash=training.recipe_hash,
            parents=training.parents,
            cost=COSTS[training.id],
        ).write(folder)
        arrays = {}
        for split in ("validation", "test"):
            logits = rng.normal(size=(len(training.networks), LABELS.size, 3)).astype(np.float32)
            arrays |= {f"{split}_logits": logits, f"{split}_labels": LABELS}
        write_predictions(folder, **arrays)
        rows = [
            dict.fromkeys(HISTORY_COLUMNS, 0.5) | {"epoch": i, "phase": "scratch"} for i in (1, 2)
        ]
        write_history(folder, rows)
    return tmp_path


def test_summary_has_the_documented_columns_and_a_row_an_ensemble(records):
    frame = tables.summary(RecordStore(plan_of(), records))
    assert list(frame.columns) == list(tables.SUMMARY_COLUMNS)
    assert len(frame) == 6
    assert frame["g"].dtype == "Int64"
    assert frame["g"].tolist() == [pd.NA, pd.NA, 1, 2, pd.NA, pd.NA]
    assert (frame["seed"] == 7).all(), "the repetition's seed, not the training's"
    assert all(tables.SUMMARY_COLUMNS.values())


def test_every_ancestor_is_billed_once(records):
    frame = tables.summary(RecordStore(plan_of(), records))
    columns = ["epochs", "examples", "training_flops", "device_seconds", "cpu_seconds"]
    expected = [
        [10, 1000, 100, 1.0, 2.0],  # a
        [20, 2000, 400, 4.0, 8.0],  # a + b
        [15, 1500, 190, 1.5, 3.0],  # one MotherNet, shared by a_g1 and b_g1
        [20, 2000, 400, 4.0, 8.0],  # g = 2 is Full Data
        [10, 1000, 350, 3.5, 7.0],  # one joint training
        [8, 800, 80, 1.0, 2.25],  # a path: cycle 1 is member and parent, and billed once
    ]
    np.testing.assert_allclose(frame[columns].astype(float), expected)
    assert frame["peak_memory_bytes"].tolist() == [50, 70, 90, 70, 80, 30]
    assert frame["trainings"].tolist() == [1, 2, 3, 2, 1, 2]


def test_metrics_are_those_of_the_members_test_predictions(records):
    frame = tables.summary(RecordStore(plan_of(), records))
    pair = [read_predictions(records / record, "test").logits for record in (A, B)]
    for row, logits in (
        (1, np.concatenate(pair)),
        (4, read_predictions(records / TREE, "test").logits),
    ):
        probabilities = average_probabilities(logits)
        members = [error_rate(one, LABELS) for one in logits]
        found = frame.iloc[row]
        assert found["test_error"] == error_rate(probabilities, LABELS)
        assert found["mean_member_error"] == np.mean(members)
        assert found["negative_log_likelihood"] == negative_log_likelihood(logits, LABELS)
        assert found["calibration_error"] == calibration_error(probabilities, LABELS)
        assert found["disagreement"] == disagreement(logits)
    assert np.isnan(frame["disagreement"][0])
    assert frame.loc[1, "test_error"] == frame.loc[3, "test_error"]


def test_networks_have_own_and_cumulated_costs(records):
    frame = tables.networks(RecordStore(plan_of(), records))
    assert list(frame.columns) == list(tables.NETWORKS_COLUMNS)
    frame = frame.set_index("record")
    assert frame.index.tolist() == list(COSTS)
    assert frame.loc[A1, "cpu_seconds"] == 0.5
    assert frame.loc[A1, "lineage_cpu_seconds"] == 1.5
    assert frame.loc[B1, "lineage_training_flops"] == 170
    assert frame.loc[CYCLE2, "lineage_epochs"] == 8
    assert frame.loc[A, "lineage_examples"] == frame.loc[A, "examples"] == 1000
    assert frame.loc[A1, "parents"] == MOTHER and frame.loc[A, "parents"] == ""
    assert frame.loc[TREE, "networks"] == "a+b"
    assert frame.loc[MOTHER, ["role", "name", "approach", "seed"]].tolist() == [
        "mothernet",
        "mothernet",
        "mothernets",
        7,
    ]
    for split in ("test", "validation"):
        logits = read_predictions(records / TREE, split).logits
        mean = np.mean([error_rate(one, LABELS) for one in logits])
        assert frame.loc[TREE, f"{split}_error"] == mean


def test_histories_have_a_row_an_epoch(records):
    frame = tables.histories(RecordStore(plan_of(), records))
    assert list(frame.columns) == list(tables.HISTORIES_COLUMNS)
    assert len(frame) == 2 * len(COSTS)
    rows = frame[frame["record"] == MOTHER]
    assert rows["epoch"].tolist() == [1, 2]
    assert set(rows["role"]) == {"mothernet"}


def test_tables_come_back_from_csv_unchanged(records, tmp_path):
    for table in (tables.summary, tables.networks, tables.histories):
        frame = table(RecordStore(plan_of(), records))
        tables.write_table(frame, tmp_path / "table.csv")
        pd.testing.assert_frame_equal(tables.read_table(tmp_path / "table.csv"), frame)


def test_a_damaged_table_is_named(tmp_path):
    path = tmp_path / "summary.csv"
    for content in (None, "", "some,thing\n1,2\n"):
        if content is not None:
            path.write_text(content)
        with pytest.raises(UserError, match=r"summary\.csv: not a readable table"):
            tables.read_table(path)


def test_select_keeps_one_data_set_and_ensemble(records):
    frame = tables.summary(RecordStore(plan_of(), records))
    other = pd.concat([frame.assign(dataset="other"), frame, frame.assign(ensemble="trio")])
    pd.testing.assert_frame_equal(tables.select(other, "toy", "pair"), frame)


def test_each_record_is_read_once(records, monkeypatch):
    read = []
    for name in ("read_record", "read_predictions"):
        real = getattr(sys.modules["mnbench.evaluation.store"], name)
        monkeypatch.setattr(
            f"mnbench.evaluation.store.{name}",
            lambda folder, *split, real=real: read.append((folder, *split)) or real(folder, *split),
        )
    plan = plan_of()
    store = RecordStore(plan, records)
    for table in (tables.summary, tables.networks, tables.histories):
        table(store)
    assert len(read) == len(set(read)) == 3 * len(COSTS)  # the record and two splits


def test_a_record_of_another_recipe_is_refused(records):
    """As it is found when Snakemake's own bookkeeping was deleted and the configuration changed."""
    path = records / A / "record.json"
    edit(path, recipe_hash="0123456789abcdef")
    with pytest.raises(UserError, match=r"record.json: key 'recipe_hash': trained by another rec"):
        tables.summary(RecordStore(plan_of(), records))


def edit(path: Path, **changes) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def relabel(folder: Path, split: str, labels: np.ndarray) -> None:
    with np.load(folder / PREDICTIONS) as arrays:
        write_predictions(folder, **{**arrays, f"{split}_labels": labels})


def spoil_id(records):
    edit(records / B / RECORD, id=A)


def spoil_parents(records):
    edit(records / B1 / RECORD, parents=[])


def spoil_labels(records):
    relabel(records / B, "test", LABELS[::-1].copy())


def spoil_names(records):
    content = json.loads((records / TREE / RECORD).read_text())
    edit(records / TREE / RECORD, networks=content["networks"][:1])


def spoil_classes(records):
    with np.load(records / B / PREDICTIONS) as arrays:
        write_predictions(records / B, **{**arrays, "test_logits": arrays["test_logits"][..., :2]})


def remove_record(records):
    (records / CYCLE1 / RECORD).unlink()


def remove_predictions(records):
    (records / A1 / PREDICTIONS).unlink()


@pytest.mark.parametrize(
    ("spoil", "file", "reason"),
    [
        (spoil_id, f"{B}/{RECORD}", "key 'id'"),
        (spoil_parents, f"{B1}/{RECORD}", "key 'parents'"),
        (spoil_labels, f"{B}/{PREDICTIONS}", "key 'test_labels': other labels"),
        (spoil_names, f"{TREE}/{PREDICTIONS}", "2 networks, but record.json names 1"),
        (spoil_classes, f"{B}/{RECORD}", "2 classes"),
        (remove_record, f"{CYCLE1}/{RECORD}", "not a readable record"),
        (remove_predictions, f"{A1}/{PREDICTIONS}", "not readable predictions"),
    ],
)
def test_a_record_that_is_not_what_the_plan_says_is_refused(records, spoil, file, reason):
    spoil(records)
    with pytest.raises(UserError) as refusal:
        tables.summary(RecordStore(plan_of(), records))
    message = str(refusal.value)
    assert file in message and reason in message and "delete the record's folder" in message
    assert "\n" not in message


def test_too_few_networks_for_the_size_are_refused(records):
    plan = plan_of()
    wrong = replace(plan, ensembles=(replace(plan.ensembles[1], size=3),))
    with pytest.raises(UserError, match=r"b/record\.json: .* 2 networks, but the plan says 3"):
        tables.summary(RecordStore(wrong, records))


def test_validation_labels_must_agree_too(records):
    relabel(records / A1, "validation", np.roll(LABELS, 1))
    tables.summary(RecordStore(plan_of(), records))  # which looks at the test set only
    with pytest.raises(UserError, match="key 'validation_labels': other labels"):
        tables.networks(RecordStore(plan_of(), records))


@pytest.mark.parametrize("content", ["", "epoch,phase\n1,scratch\n"])
def test_a_damaged_history_is_refused(records, content):
    (records / MOTHER / HISTORY).write_text(content)
    with pytest.raises(UserError, match=r"mothernet/history\.csv: not a readable history"):
        tables.histories(RecordStore(plan_of(), records))


def test_evaluation_imports_no_torch(records):
    code = f"""
import sys
from pathlib import Path
from test_tables import plan_of
from mnbench.evaluation import tables
from mnbench.evaluation.store import RecordStore
for table in (tables.summary, tables.networks, tables.histories):
    assert len(table(RecordStore(plan_of(), Path({str(records)!r}))))
assert "torch" not in sys.modules
"""
    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    assert run.returncode == 0, run.stderr
