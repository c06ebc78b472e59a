"""Tables computed from real records on disk: values, costs of lineages, and what is refused."""

import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import log_softmax

from mnbench.architectures import Architecture, Layer, Plain
from mnbench.errors import UserError
from mnbench.evaluation import metrics
from mnbench.evaluation.combination import AVERAGE, average, super_learner_weights, vote
from mnbench.evaluation.evaluate import CENTRED, Evaluation, evaluate
from mnbench.evaluation.metrics import pairwise
from mnbench.evaluation.results import StudyResults
from mnbench.evaluation.tables import histories, networks, summary, table_module
from mnbench.evaluation.tables.files import read_table, select, write_table
from mnbench.evaluation.tables.writing import write_tables
from mnbench.evaluation.unread import reasons
from mnbench.planning.plan import Ensemble, Plan, Training, union
from mnbench.planning.training_id import TrainingId
from mnbench.records.checksums import checksums
from mnbench.records.predictions import read_predictions, write_predictions
from mnbench.records.record import (
    HISTORY,
    HISTORY_COLUMNS,
    PREDICTIONS,
    RECORD,
    WEIGHTS,
    Cost,
    Record,
    write_history,
)
from mnbench.records.store import RecordStore
from mnbench.report.overview import TABLES as OVERVIEW_TABLES
from mnbench.report.overview import summary_page

HOME = ("toy", "pair", 7)
A, B = (TrainingId(*HOME, "full_data", name) for name in ("a", "b"))
MOTHER, A1, B1 = (TrainingId(*HOME, "mothernets", name) for name in ("mothernet", "a_g1", "b_g1"))
TREE = TrainingId(*HOME, "treenets", "tree2")
CYCLE1, CYCLE2 = (TrainingId(*HOME, "snapshot_ensembles", f"cycle{i}") for i in (1, 2))
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
            (network("a"), network("b")) if record == TREE else (network(record.name),),
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
        arrays = {}
        for split in ("validation", "test"):
            logits = rng.normal(size=(len(training.networks), LABELS.size, 3)).astype(np.float32)
            arrays |= {f"{split}_logits": logits, f"{split}_labels": LABELS}
        write_predictions(folder, **arrays)
        rows = [
            dict.fromkeys(HISTORY_COLUMNS, 0.5) | {"epoch": i, "phase": "scratch"} for i in (1, 2)
        ]
        write_history(folder, rows)
        (folder / WEIGHTS).write_bytes(b"of no matter here")
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
            checksums=checksums(folder),
        ).write(folder)
    return tmp_path


def summary_of(records, plan=None) -> pd.DataFrame:
    return built("summary", evaluate(RecordStore(plan or plan_of(), records), replicates=0))


def built(name: str, evaluation: Evaluation) -> pd.DataFrame:
    return table_module(name).build(StudyResults(None, evaluation, ("cpu_seconds",)))


def test_summary_has_the_documented_columns_and_a_row_an_ensemble(records):
    frame = summary_of(records)
    assert list(frame.columns) == list(summary.COLUMNS)
    assert len(frame) == 6
    assert frame["g"].dtype == "Int64"
    assert frame["g"].tolist() == [pd.NA, pd.NA, 1, 2, pd.NA, pd.NA]
    assert (frame["seed"] == 7).all(), "the repetition's seed, not the training's"
    assert all(summary.COLUMNS.values())


def test_every_ancestor_is_billed_once(records):
    frame = summary_of(records)
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


def log_probabilities_of(folder, split="test") -> np.ndarray:
    return log_softmax(read_predictions(folder, split).logits.astype(np.float64), axis=-1)


def test_measures_are_those_of_the_members_test_predictions(records):
    frame = summary_of(records)
    pair = [log_probabilities_of(records / record) for record in (A, B)]
    held_out = [log_probabilities_of(records / record, "validation") for record in (A, B)]
    weights = super_learner_weights(np.concatenate(held_out), LABELS)
    both = np.concatenate(pair)
    for row, answers in ((1, both), (4, log_probabilities_of(records / TREE))):
        answer, found = average(answers), frame.iloc[row]
        predicted = answers.argmax(axis=-1)
        for column, measure in {
            "test_error": metrics.error_rate(answer, LABELS),
            "negative_log_likelihood": metrics.negative_log_likelihood(answer, LABELS),
            "brier_score": metrics.brier_score(answer, LABELS),
            "calibration_error": metrics.calibration_error(answer, LABELS),
            "risk_coverage": metrics.area_under_risk_coverage(answer, LABELS),
            "mean_member_error": metrics.member_error_rate(predicted, LABELS),
            "disagreement": pairwise.disagreement(predicted),
            "q_statistic": pairwise.q_statistic(pairwise.pairs(predicted, LABELS)),
            "error_correlation": pairwise.error_correlation(pairwise.pairs(predicted, LABELS)),
            "divergence": pairwise.divergence(answers),
            "vote_error": metrics.error_rate(vote(answers), LABELS),
            "oracle_error": metrics.oracle_error_rate(predicted, LABELS),
        }.items():
            assert found[column] == pytest.approx(measure.value(), nan_ok=True), column
    learned = metrics.error_rate(average(both, weights), LABELS).value()
    assert frame.loc[1, "super_learner_error"] == learned
    assert np.isnan(frame["disagreement"][0])
    assert frame.loc[1, "test_error"] == frame.loc[3, "test_error"]


def test_what_is_fitted_sees_validation_images_only(records):
    """Whatever the test images' logits are, temperature and weights stay."""
    before = summary_of(records)["temperature"]
    for record in (A, B):
        change_predictions(records / record, test_logits=lambda logits: -3 * logits)
    pd.testing.assert_series_equal(summary_of(records)["temperature"], before)


def change_predictions(folder: Path, **changes) -> None:
    """Change arrays, and the checksums with them, as another program might have written them."""
    with np.load(folder / PREDICTIONS) as arrays:
        changed = {key: changes.get(key, lambda array: array)(arrays[key]) for key in arrays}
    write_predictions(folder, **changed)
    edit(folder / RECORD, checksums=checksums(folder))


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


def test_histories_have_a_row_an_epoch(records):
    frame = histories.of_records(RecordStore(plan_of(), records))
    assert list(frame.columns) == list(histories.COLUMNS)
    assert len(frame) == 2 * len(COSTS)
    rows = frame[frame["record"] == str(MOTHER)]
    assert rows["epoch"].tolist() == [1, 2]
    assert set(rows["role"]) == {"mothernet"}


def test_tables_come_back_from_csv_unchanged(records, tmp_path):
    store = RecordStore(plan_of(), records)
    for frame in (summary_of(records), networks.of_records(store), histories.of_records(store)):
        write_table(frame, tmp_path / "table.csv")
        pd.testing.assert_frame_equal(read_table(tmp_path / "table.csv"), frame)


def test_a_damaged_table_is_named(tmp_path):
    path = tmp_path / "summary.csv"
    for content in (None, "", "some,thing\n1,2\n"):
        if content is not None:
            path.write_text(content)
        with pytest.raises(UserError, match=r"summary\.csv: not a readable table"):
            read_table(path)


def test_select_keeps_one_data_set_and_ensemble(records):
    frame = summary_of(records)
    other = pd.concat([frame.assign(dataset="other"), frame, frame.assign(architecture_set="trio")])
    pd.testing.assert_frame_equal(select(other, "toy", "pair"), frame)


def test_each_record_is_read_once(records, monkeypatch):
    read = []
    real = sys.modules["mnbench.records.store"].read_record
    monkeypatch.setattr(
        "mnbench.records.store.read_record", lambda folder: read.append(folder) or real(folder)
    )
    store = RecordStore(plan_of(), records)
    evaluate(store, replicates=10)
    networks.of_records(store)
    histories.of_records(store)
    assert len(read) == len(set(read)) == len(COSTS)


def edit(path: Path, **changes) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


# A record that is not what it should be


def spoil_id(records):
    edit(records / B / RECORD, id=str(A))


def spoil_recipe(records):
    """As it is found when Snakemake's own bookkeeping was deleted and the configuration changed."""
    edit(records / B / RECORD, recipe_hash="0123456789abcdef")


def spoil_labels(records):
    change_predictions(records / B, test_labels=lambda labels: labels[::-1])


def spoil_validation_labels(records):
    change_predictions(records / B, validation_labels=lambda labels: np.roll(labels, 1))


def spoil_classes(records):
    change_predictions(records / B, test_logits=lambda logits: logits[..., :2])


def spoil_logits(records):
    change_predictions(records / B, test_logits=lambda logits: np.full_like(logits, np.nan))


def spoil_number(records):
    change_predictions(records / B, test_logits=lambda logits: np.repeat(logits, 2, axis=0))


def alter(name):
    def change(records):
        (records / B / name).write_bytes((records / A / name).read_bytes())

    return change


def remove(name):
    return lambda records: (records / B / name).unlink()


SPOILT = [
    (spoil_id, RECORD, "key 'id'"),
    (spoil_recipe, RECORD, "key 'recipe_hash': trained by another recipe"),
    (spoil_labels, PREDICTIONS, "key 'test_labels': other labels than most"),
    (spoil_validation_labels, PREDICTIONS, "key 'validation_labels': other labels than most"),
    (spoil_classes, PREDICTIONS, "its networks tell 2 classes apart"),
    (spoil_logits, PREDICTIONS, "key 'test_logits': want finite floats"),
    (spoil_number, PREDICTIONS, "2 networks, but record.json names 1"),
    (alter(PREDICTIONS), PREDICTIONS, "is not the file that this record was written with"),
    (remove(RECORD), RECORD, "not a readable record"),
    (remove(PREDICTIONS), PREDICTIONS, "cannot be read"),
    (remove(HISTORY), HISTORY, "cannot be read"),
    (remove(WEIGHTS), WEIGHTS, "is missing"),
]


@pytest.mark.parametrize(("spoil", "file", "reason"), SPOILT)
def test_a_spoilt_record_is_named_and_the_rest_still_evaluated(records, spoil, file, reason):
    whole = summary_of(records)
    spoil(records)
    found = evaluate(RecordStore(plan_of(), records), replicates=0)
    # What b is a member of: Full Data of two, and MotherNets of two clusters.
    assert [(one.ensemble.approach, one.ensemble.size) for one in found.missing] == [
        ("full_data", 2),
        ("mothernets", 2),
    ]
    for one in found.missing:
        assert one.reason.startswith(f"{records / B / file}: ") and reason in one.reason
        assert "run snakemake again" in one.reason and "\n" not in one.reason
    rest = whole.drop(index=[1, 3]).reset_index(drop=True)
    pd.testing.assert_frame_equal(built("summary", found), rest)


def test_a_spoilt_mothernet_spoils_what_was_hatched_from_it(records):
    edit(records / MOTHER / RECORD, parents=[str(A)])
    found = evaluate(RecordStore(plan_of(), records), replicates=0)
    (one,) = found.missing
    assert (one.ensemble.g, "key 'parents'" in one.reason) == (1, True)


def test_the_tables_say_what_is_missing(records, tmp_path):
    spoil_labels(records)
    out = tmp_path / "tables"
    out.mkdir()
    (reason,) = write_tables(RecordStore(plan_of(), records), out, ["cpu_seconds"], replicates=20)
    assert "key 'test_labels'" in reason
    missing = pd.read_csv(out / "missing.csv")
    assert missing["reason"].unique().tolist() == [reason]
    assert missing["approach"].tolist() == ["full_data", "mothernets"]
    text = summary_page({name: read_table(out / f"{name}.csv") for name in OVERVIEW_TABLES})
    missing = "Missing: Full Data, seed 7, size 2, MotherNets, g = 2, seed 7, size 2"
    assert f"{missing}: {reason}." in text
    assert "| TreeNets | 2 |" in text
    assert str(B) not in pd.read_csv(out / "networks.csv")["record"].tolist()


def test_records_that_are_not_there_are_counted_and_damaged_ones_named(records, tmp_path):
    for id in (A1, B1, CYCLE1, CYCLE2):
        shutil.rmtree(records / id)
    spoil_id(records)
    edit(records / MOTHER / RECORD, recipe_hash="another")  # behind a record that is not there
    store = RecordStore(plan_of(), records)
    found = evaluate(store, replicates=0)
    count, *named = reasons(found.missing, store)
    said = "4 of 8 trainings have no record yet; run snakemake, which trains them"
    assert count == f"{records}: {said}"
    assert [reason.partition(": ")[0] for reason in named] == [
        str(records / id / RECORD) for id in (B, MOTHER)
    ]
    assert reasons((), store) == ()


def test_nothing_to_evaluate_is_an_error(tmp_path):
    with pytest.raises(UserError, match=r"^\S+: 8 of 8 trainings have no record yet"):
        evaluate(RecordStore(plan_of(), tmp_path), replicates=0)


def test_one_network_and_seed_by_two_recipes_is_no_ensemble(records):
    """Two trainings of one network, taken for two networks."""
    networks = json.loads((records / A / RECORD).read_text())["networks"]
    edit(records / B / RECORD, networks=networks)
    assert not evaluate(RecordStore(plan_of(), records), replicates=0).missing
    edit(records / B / RECORD, recipe={"epochs": 3})
    found = evaluate(RecordStore(plan_of(), records), replicates=0)
    assert len(found.missing) == 2
    reason = found.missing[0].reason
    assert reason.startswith(f"{records / B / RECORD}: key 'recipe': the same network and seed as")
    assert str(records / A / RECORD) in reason


def test_resamples_of_the_calibration_error_lie_about_the_measured_one(records):
    """A resample's bins are noisier: left as they are its errors would lie above."""
    for one in evaluate(RecordStore(plan_of(), records), replicates=200).evaluated:
        for measure in CENTRED:
            again = one.replicates[AVERAGE, measure]
            if again.min() > 0:  # else moved below zero, where none can be
                assert again.mean() == pytest.approx(one.values[AVERAGE, measure], abs=1e-6)
            assert again.min() >= 0
            assert abs(again.mean() - one.values[AVERAGE, measure]) < 0.5 * again.std() + 1e-6


def test_a_reliability_diagram_has_intervals_and_holds_every_image(records):
    table = built("reliability_bins", evaluate(RecordStore(plan_of(), records), replicates=50))
    keys = ["approach", "g", "budget", "size"]
    assert (table.groupby(keys, dropna=False)["images"].sum() == len(LABELS)).all()
    filled = table[table["images"] > 0]
    assert filled["accuracy_low"].notna().any()
    known = filled.dropna(subset=["accuracy_low"])
    assert (known["accuracy_low"] <= known["accuracy"] + 1e-6).all()
    assert (known["accuracy"] <= known["accuracy_high"] + 1e-6).all()
    assert table[table["images"] == 0][["accuracy", "accuracy_low"]].isna().all(axis=None)


def test_the_work_can_be_shared_among_processes(records):
    store = RecordStore(two_seeds(), records)
    for part in records.rglob("seed7"):
        shutil.copytree(part, part.with_name("seed8"))
    for file in records.rglob(f"seed8/**/{RECORD}"):
        file.write_text(file.read_text().replace("seed7", "seed8"))
        id = json.loads(file.read_text())["id"]
        edit(file, recipe_hash=store.plan.trainings[TrainingId.parse(id)].recipe_hash)
    (records / B / HISTORY).unlink()
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        shared = evaluate(store, replicates=20, pool=pool)
    alone = evaluate(store, replicates=20)
    assert len(alone.missing) == 2 and alone.missing == shared.missing
    pd.testing.assert_frame_equal(built("summary", alone), built("summary", shared))
    for one, other in zip(alone.evaluated, shared.evaluated, strict=True):
        assert one.replicates.keys() == other.replicates.keys()
        for name, values in one.replicates.items():
            np.testing.assert_allclose(values, other.replicates[name], rtol=1e-5, atol=1e-7)


def two_seeds() -> Plan:
    """The plan, and once more as of another seed."""
    plan = plan_of()
    again = [
        replace(
            training,
            id=training.id._replace(seed=8),
            parents=tuple(parent._replace(seed=8) for parent in training.parents),
        )
        for training in plan.trainings.values()
    ]
    rows = [
        replace(row, seed=8, members=tuple(member._replace(seed=8) for member in row.members))
        for row in plan.ensembles
    ]
    return replace(
        plan,
        trainings=union([*plan.trainings.values(), *again]),
        ensembles=(*plan.ensembles, *rows),
    )


def test_too_few_networks_for_the_size_are_refused(records):
    plan = plan_of()
    wrong = replace(plan, ensembles=(replace(plan.ensembles[1], size=3),))
    with pytest.raises(UserError, match=r"b/record\.json: .* 2 networks, but the plan says 3"):
        summary_of(records, wrong)


@pytest.mark.parametrize("content", ["", "epoch,phase\n1,scratch\n"])
def test_a_damaged_history_is_refused(records, content):
    (records / MOTHER / HISTORY).write_text(content)
    edit(records / MOTHER / RECORD, checksums={})
    store = RecordStore(plan_of(), records)
    with pytest.raises(UserError, match=r"mothernet/history\.csv: not a readable history"):
        store.history(MOTHER)
    assert str(MOTHER) not in histories.of_records(store)["record"].tolist()


def test_evaluation_imports_no_torch(records):
    plan_of().write(records / "plan.json")
    code = f"""
import sys
from pathlib import Path
from mnbench.evaluation.tables.writing import write_tables
from mnbench.planning.plan import read_plan
from mnbench.records.store import RecordStore
folder = Path({str(records)!r})
store = RecordStore(read_plan(folder / "plan.json"), folder)
write_tables(store, folder, ["cpu_seconds"], replicates=10)
assert "torch" not in sys.modules
"""
    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    assert run.returncode == 0, run.stderr
