"""Evaluating a study: each record is read once, and one that is refused is named and left out."""

import json
import shutil
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context

import numpy as np
import pandas as pd
import pytest
from support.toy_records import (
    A1,
    B1,
    COSTS,
    CYCLE1,
    CYCLE2,
    MOTHER,
    A,
    B,
    built,
    change_predictions,
    edit,
    plan_of,
    spoil_labels,
    summary_of,
)

from mnbench.errors import UserError
from mnbench.evaluation.combination import AVERAGE
from mnbench.evaluation.evaluate import CENTRED, evaluate
from mnbench.evaluation.tables import histories, networks
from mnbench.evaluation.unread import reasons
from mnbench.planning.plan import Plan, union
from mnbench.planning.training_id import TrainingId
from mnbench.records.record import HISTORY, PREDICTIONS, RECORD, WEIGHTS
from mnbench.records.refusal import Unreadable
from mnbench.records.store import RecordStore


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


def test_resamples_of_the_calibration_error_lie_about_the_measured_one(records):
    """A resample's bins are noisier: left as they are its errors would lie above."""
    for one in evaluate(RecordStore(plan_of(), records), replicates=200).evaluated:
        for measure in CENTRED:
            again = one.replicates[AVERAGE, measure]
            if again.min() > 0:  # else moved below zero, where none can be
                assert again.mean() == pytest.approx(one.values[AVERAGE, measure], abs=1e-6)
            assert again.min() >= 0
            assert abs(again.mean() - one.values[AVERAGE, measure]) < 0.5 * again.std() + 1e-6


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


# A record that is not what it should be


def spoil_id(records):
    edit(records / B / RECORD, id=str(A))


def spoil_recipe(records):
    """As it is found when Snakemake's own bookkeeping was deleted and the configuration changed."""
    edit(records / B / RECORD, recipe_hash="0123456789abcdef")


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
    (remove(RECORD), RECORD, "cannot be read"),
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


@pytest.mark.parametrize("name", [RECORD, HISTORY, PREDICTIONS])
def test_what_cannot_be_read_now_ends_the_evaluation(records, name):
    # Tables without it would count as complete, and never be made again.
    file = records / B / name
    aside = file.rename(records / B / "aside")
    file.symlink_to(file)  # nobody may read it, not even root
    store = RecordStore(plan_of(), records)
    with pytest.raises(Unreadable, match="cannot be read now"):
        evaluate(store, replicates=0)
    for table in (networks, histories) if name == RECORD else ():
        with pytest.raises(Unreadable):
            table.of_records(RecordStore(plan_of(), records))
    aside.replace(file)
    assert not evaluate(RecordStore(plan_of(), records), replicates=0).missing


def test_a_spoilt_mothernet_spoils_what_was_hatched_from_it(records):
    edit(records / MOTHER / RECORD, parents=[str(A)])
    found = evaluate(RecordStore(plan_of(), records), replicates=0)
    (one,) = found.missing
    assert (one.ensemble.g, "key 'parents'" in one.reason) == (1, True)


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


def test_another_number_of_networks_than_planned_is_refused(records):
    networks = json.loads((records / B / RECORD).read_text())["networks"]
    twice = {
        f"{split}_logits": lambda a: np.concatenate([a, a]) for split in ("validation", "test")
    }
    change_predictions(records / B, **twice)
    edit(records / B / RECORD, networks=2 * networks)
    (reason,) = {
        missing.reason
        for missing in evaluate(RecordStore(plan_of(), records), replicates=0).missing
        if missing.ensemble.approach == "full_data"
    }
    assert reason.startswith(f"{records / B / RECORD}: ")
    assert "has 3 networks, but the plan says 2" in reason


def test_one_network_may_stand_for_an_ensemble(records):
    plan = plan_of()
    control = replace(plan.ensembles[0], approach="wider_network", size=2)
    (row,) = summary_of(records, replace(plan, ensembles=(control,))).to_dict("records")
    assert (row["size"], row["trainings"]) == (2, 1)
    assert row["mean_member_error"] == row["test_error"]
    assert np.isnan(row["disagreement"])
