"""A study in parts: every record is found, once, and what is wrong is said in one line."""

import json
import shutil
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from operator import methodcaller
from pathlib import Path

import pytest
from support.tiny import config, plan_of

from mnbench.errors import UserError
from mnbench.evaluation.tables.writing import write_tables
from mnbench.files import sha256
from mnbench.planning.plan import Plan, read_plan
from mnbench.records.folders import locate, records_folder
from mnbench.records.paths import StudyPaths
from mnbench.records.record import PREDICTIONS, RECORD, read_record
from mnbench.records.store import RecordStore


@pytest.fixture
def plan(trained: StudyPaths) -> Plan:
    return read_plan(trained.plan)


@pytest.fixture
def parts(trained: StudyPaths, plan: Plan, tmp_path: Path) -> tuple[Path, Path]:
    """Return two folders of records: MotherNets' with what they need, and all others'."""
    folders = (tmp_path / "part-1/records", tmp_path / "part-2/records")
    for id in plan.trainings:
        folder = folders[id.approach != "mothernets"]
        shutil.copytree(trained.record(id), folder / id)
    return folders


def both(trained: StudyPaths, parts: tuple[Path, Path], approach: str = "bagging"):
    """Return the id of a training that both parts now have, and its two folders."""
    id = next(id for id in read_plan(trained.plan).trainings if id.approach == approach)
    shutil.copytree(parts[1] / id, parts[0] / id)
    return id, [folder / id for folder in parts]


def change(record: Path, **values: object) -> None:
    file = record / RECORD
    content = json.loads(file.read_text(encoding="utf-8")) | values
    file.write_text(json.dumps(content), encoding="utf-8")


# The parts' plans


@pytest.mark.parametrize(
    ("key", "first", "second"),
    [
        ("seeds", [0], [1, 2]),
        ("datasets", ["fashion_mnist"], ["cifar10"]),
        ("architecture_sets", ["v5-small"], ["r5-small"]),
        (
            "approaches",
            {"full_data": None},
            {"knowledge_distillation": None, "mothernets": {"g": [1, 2, 5]}, "full_data": None},
        ),
    ],
)
def test_a_training_is_the_same_in_the_whole_and_in_a_part(key, first, second, monkeypatch):
    monkeypatch.setattr("mnbench.planning.images.check_available", lambda *_: None)
    union = {**first, **second} if key == "approaches" else [*first, *second]
    base = config() | {"approaches": {"full_data": None, "bagging": None}}
    whole, *of_parts = (plan_of(base | {key: values}) for values in (union, first, second))
    known = {
        id: training.recipe_hash for part in of_parts for id, training in part.trainings.items()
    }
    assert known == {id: training.recipe_hash for id, training in whole.trainings.items()}


# Which record is taken


def test_tables_of_parts_are_byte_for_byte_those_of_the_whole(trained, plan, parts, tmp_path):
    located = locate(plan, parts)
    stores = {
        "whole": RecordStore(plan, trained.records),
        "parts": RecordStore(plan, located.first, elsewhere=located.elsewhere),
    }
    for name, store in stores.items():
        assert write_tables(store, tmp_path / name, ["training_flops"], replicates=20) == ()
    files = sorted(file.name for file in (tmp_path / "whole").iterdir())
    assert len(files) > 10
    for file in files:
        of_whole, of_parts = ((tmp_path / name / file).read_bytes() for name in stores)
        assert of_parts == of_whole, file


def test_another_process_finds_the_records_as_well(plan, parts):
    located = locate(plan, parts)
    store = RecordStore(plan, located.first, elsewhere=located.elsewhere)
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        theirs = [pool.submit(methodcaller("record", id), store) for id in plan.trainings]
        assert [found.result() for found in theirs] == list(map(store.record, plan.trainings))


def test_a_training_of_two_parts_counts_once(trained, plan, parts):
    id, _ = both(trained, parts)
    located = locate(plan, parts)
    assert id not in located.elsewhere and located.other_bits == []
    store = RecordStore(plan, located.first, elsewhere=located.elsewhere)
    whole = RecordStore(plan, trained.records)
    assert store.cost(plan.trainings) == whole.cost(plan.trainings)


def test_a_damaged_record_gives_way_to_a_good_one_and_is_named(trained, plan, parts):
    id, (first, _) = both(trained, parts)
    (first / PREDICTIONS).write_bytes(b"damaged")
    located = locate(plan, parts)
    assert located.elsewhere[id] == parts[1]
    (line,) = located.passed_over
    assert line.startswith(f"{first / PREDICTIONS}: is not the file")


def test_a_failed_training_gives_way_to_a_finished_one(trained, plan, parts):
    id, (first, _) = both(trained, parts)
    failure = {"kind": "failed", "reason": "no memory"}
    content = {"id": str(id), "recipe_hash": plan.trainings[id].recipe_hash, "failure": failure}
    (first / RECORD).write_text(json.dumps(content), encoding="utf-8")
    assert locate(plan, parts).elsewhere[id] == parts[1]


def test_a_record_that_is_damaged_everywhere_is_missing_from_the_tables(trained, plan, parts):
    id, folders = both(trained, parts)
    for folder in folders:
        (folder / PREDICTIONS).write_bytes(b"damaged")
    located = locate(plan, parts)
    assert located.passed_over == []
    with pytest.raises(UserError, match="altered"):
        RecordStore(plan, located.first, elsewhere=located.elsewhere).record(id)


def test_other_bits_of_the_same_training_are_noticed(trained, plan, parts):
    id, (first, second) = both(trained, parts)
    predictions = (first / PREDICTIONS).read_bytes()
    with (second / PREDICTIONS).open("ab") as file:
        file.write(b"\0")
    checksums = read_record(second).checksums | {PREDICTIONS: sha256(second / PREDICTIONS)}
    change(second, checksums=checksums)
    located = locate(plan, parts)
    assert located.other_bits == [id] and id not in located.elsewhere
    assert (located.first / id / PREDICTIONS).read_bytes() == predictions


# What is refused


@pytest.mark.parametrize("wrong", [0, 1])
def test_one_training_by_two_recipes_is_refused_and_the_wrong_one_named(
    trained, plan, parts, wrong
):
    _, folders = both(trained, parts)
    change(folders[wrong], recipe_hash="0" * 16)
    with pytest.raises(UserError, match="by another recipe, so that the two are no parts") as said:
        locate(plan, parts)
    assert str(said.value).startswith(f"{folders[wrong] / RECORD}: key 'recipe_hash'")


def test_a_folder_of_another_study_is_refused(plan, parts, tmp_path):
    (tmp_path / "other/records").mkdir(parents=True)
    with pytest.raises(UserError, match=r"other/records: has no record of study 'tiny'"):
        locate(plan, [*parts, tmp_path / "other/records"])


def test_missing_records_are_counted_for_all_folders(plan, parts):
    shutil.rmtree(parts[1] / "fashion_mnist/v5-small/seed0/bagging")
    located = locate(plan, parts)
    store = RecordStore(plan, located.first, elsewhere=located.elsewhere)
    assert store.places == f"{parts[0]}, {parts[1]}"


def test_a_study_and_its_records_are_named_alike(parts):
    assert records_folder(parts[0]) == records_folder(parts[0].parent) == parts[0]
    with pytest.raises(UserError, match="is no folder; name a study's folder"):
        records_folder(parts[0] / "nowhere")
