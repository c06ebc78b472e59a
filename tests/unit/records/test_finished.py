"""Copies of ``record.json``: one that was removed comes back, if the record is then valid."""

import json
import shutil

import pytest
from support.tiny import id_of

from mnbench.planning.plan import read_plan
from mnbench.records.failure import Failure, leave
from mnbench.records.finished import bring_back, keep_copy
from mnbench.records.record import FILES, RECORD, WEIGHTS
from mnbench.records.refusal import Unreadable
from mnbench.records.validity import standing


@pytest.fixture
def case(study):
    """Return a planned training whose ``record.json`` was removed, its folder, and the copy."""
    training = read_plan(study.plan).trainings[id_of(study, "full_data/v13")]
    directory = study.record(training.id)
    (directory / RECORD).unlink()
    return training, directory, study.finished(training.id)


def test_a_removed_record_json_comes_back_with_its_content(study, trained, case):
    training, directory, _ = case
    bring_back(study, training)
    assert standing(directory, training).fault is None
    before = trained.record(training.id) / RECORD
    assert (directory / RECORD).read_bytes() == before.read_bytes()


@pytest.mark.parametrize("file", FILES[1:])
def test_beside_files_of_another_training_it_does_not(study, case, file):
    training, directory, _ = case
    shutil.copy(study.record(id_of(study, "full_data/v16")) / file, directory / file)
    bring_back(study, training)
    assert not (directory / RECORD).exists()


def test_beside_a_file_that_cannot_be_read_now_nothing_is_decided(study, case):
    training, directory, _ = case
    (directory / WEIGHTS).rename(directory / "aside")
    (directory / WEIGHTS).symlink_to(directory / WEIGHTS)  # nobody may read it, not even root
    with pytest.raises(Unreadable, match="cannot be read now"):
        bring_back(study, training)
    (directory / "aside").replace(directory / WEIGHTS)
    bring_back(study, training)
    assert standing(directory, training).fault is None


def test_for_another_recipe_it_does_not(study, case):
    training, directory, copy = case
    copy.write_text(json.dumps(json.loads(copy.read_text()) | {"recipe_hash": "another"}))
    bring_back(study, training)
    assert not (directory / RECORD).exists()


@pytest.mark.parametrize("content", [None, "", "{}", "nonsense"])
def test_without_a_readable_copy_it_does_not(study, case, content):
    training, directory, copy = case
    copy.unlink()
    if content is not None:
        copy.write_text(content)
    bring_back(study, training)
    assert not (directory / RECORD).exists()


def test_a_folder_that_was_deleted_stays_deleted(study, case):
    training, directory, _ = case
    shutil.rmtree(directory)
    bring_back(study, training)
    assert not directory.exists()


def test_what_is_there_is_left_alone(study, case):
    training, directory, _ = case
    leave(study, training, Failure("failed", "its process was killed"))
    before = (directory / RECORD).read_bytes()
    bring_back(study, training)
    assert (directory / RECORD).read_bytes() == before


def test_a_copy_takes_the_place_of_the_former_one_and_of_a_folder(study, case):
    training, directory, copy = case
    copy.unlink()
    copy.mkdir()
    for text in ("first", "second"):
        (directory / RECORD).write_text(text)
        keep_copy(study, training, directory / RECORD)
        assert copy.read_text() == text
    assert (directory / WEIGHTS).exists()
