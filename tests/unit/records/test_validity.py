"""A valid record is never trained again, any other always is."""

import json
import os
import shutil

import pytest
from support.reading import one_line
from support.tiny import id_of

from mnbench.planning.plan import read_plan
from mnbench.records.failure import Failure, TrainingFailed, leave
from mnbench.records.record import FILES, RECORD, WEIGHTS, read_record
from mnbench.records.refusal import Unreadable
from mnbench.records.validity import standing
from mnbench.records.verified import Verified


@pytest.fixture
def case(study):
    """Return a record's folder and what was planned of it."""
    id = id_of(study, "full_data/v13")
    return study.record(id), read_plan(study.plan).trainings[id]


def test_a_record_is_valid_wherever_it_lies_and_whenever_it_was_written(case, tmp_path):
    folder, planned = case
    assert standing(folder, planned).fault is None
    shutil.copytree(folder, tmp_path / "copy")
    for file in (tmp_path / "copy").iterdir():
        os.utime(file, (0, 0))
    assert standing(tmp_path / "copy", planned).fault is None


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", ["missing", "empty", "truncated", "bit flipped", "swapped"])
def test_a_damaged_file_makes_a_record_invalid(case, study, name, damage):
    folder, planned = case
    file = folder / name
    verified = Verified()
    assert standing(folder, planned, verified).fault is None
    content = file.read_bytes()
    if damage == "missing":
        file.unlink()
    elif damage == "empty":
        file.write_bytes(b"")
    elif damage == "truncated":
        file.write_bytes(content[: len(content) // 2])
    elif damage == "bit flipped":
        place = content.index(b"recipe_hash") + 16 if name == RECORD else len(content) // 2
        file.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
    else:
        shutil.copy(study.record(id_of(study, "full_data/v16")) / name, file)
    said = standing(folder, planned, verified).fault
    assert said is not None and said.startswith(str(folder)) and "\n" not in said


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_cannot_be_read_now_is_not_trained_anew(case, study, name):
    folder, planned = case
    file = folder / name
    aside = file.rename(folder / "aside")
    file.symlink_to(file)  # nobody may read it, not even root
    try:
        with pytest.raises(Unreadable) as caught:
            standing(folder, planned)
    finally:
        aside.replace(file)
    said = one_line(caught)
    assert said.startswith(f"{file}: cannot be read now (Too many levels of symbolic links); make ")
    assert standing(folder, planned).fault is None


def test_another_recipe_makes_a_record_invalid(case):
    folder, planned = case
    content = json.loads((folder / RECORD).read_text())
    (folder / RECORD).write_text(json.dumps(content | {"recipe_hash": "another"}))
    assert "trained by another recipe" in standing(folder, planned).fault


def test_what_was_verified_is_read_again_once_it_was_written(case, tmp_path, monkeypatch):
    folder, planned = case
    read = []

    def watched(directory, record, name):
        read.append(name)

    monkeypatch.setattr("mnbench.records.verified.check_file", watched)
    first = Verified(tmp_path / "verified.json")
    standing(folder, planned, first)
    assert read == list(FILES[1:])
    first.save()
    second = Verified(tmp_path / "verified.json")
    standing(folder, planned, second)
    assert read == list(FILES[1:])
    times = (folder / WEIGHTS).stat()
    (folder / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes())
    os.utime(folder / WEIGHTS, ns=(times.st_atime_ns, times.st_mtime_ns))  # as if untouched
    standing(folder, planned, second)
    assert read == [*FILES[1:], WEIGHTS]


@pytest.mark.parametrize("content", ["", "[]", "{", '{"a": 1}'])
def test_damaged_fingerprints_are_no_fingerprints(case, tmp_path, content):
    (tmp_path / "verified.json").write_text(content)
    verified = Verified(tmp_path / "verified.json")
    assert standing(*case, verified).fault is None
    verified.save()
    assert len(json.loads((tmp_path / "verified.json").read_text())) >= 3


def test_a_diverged_training_is_final_and_a_failed_one_is_tried_again(study, case):
    folder, planned = case
    leave(study, planned, Failure("diverged", "the loss is nan"))
    with pytest.raises(TrainingFailed, match="the training diverged: the loss is nan; it is train"):
        read_record(folder)
    assert standing(folder, planned).fault is None
    assert standing(folder, planned).lost == "diverged: the loss is nan"
    leave(study, planned, Failure("failed", "not enough memory"))
    assert (
        "the training failed: not enough memory; run snakemake again"
        in standing(folder, planned).fault
    )
    assert standing(folder, planned).lost == "failed: not enough memory"


def test_a_training_that_diverged_by_another_recipe_is_tried_again(study, case):
    folder, planned = case
    leave(study, planned, Failure("diverged", "the loss is nan"))
    content = json.loads((folder / RECORD).read_text())
    (folder / RECORD).write_text(json.dumps(content | {"recipe_hash": "another"}))
    assert standing(folder, planned).fault is not None


def test_a_record_that_is_there_or_not_there_yet_is_not_lost(case, tmp_path):
    folder, planned = case
    assert standing(folder, planned).lost is None
    assert standing(tmp_path / "nowhere", planned).lost is None
