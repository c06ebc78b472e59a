"""Jobs that cannot run: one line that names the file at fault and what to do."""

import json
import math
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.reading import LARGEST, one_line
from support.tiny import (
    DATASET,
    MODULES,
    id_of,
    last_of,
    train,
)

from mnbench.errors import UserError
from mnbench.planning.plan import read_plan
from mnbench.planning.training_id import TrainingId
from mnbench.records.failure import Failure, leave
from mnbench.records.record import RECORD, WEIGHTS
from mnbench.records.validity import Standing, standing_of
from mnbench.training import run as run_module
from mnbench.training.divergence import Diverged, LossWatch
from mnbench.training.progress import Progress

# Bad input


def test_an_unknown_id_is_one_line(trained):
    unknown = TrainingId("fashion_mnist", "v5-small", 0, "full_data", "v99")
    with pytest.raises(UserError) as caught:
        run_module.run(MODULES["full_data"].train, trained.plan, unknown, Progress(None, None))
    assert one_line(caught).startswith(f"{trained.plan}: has no training '{unknown}'")


@pytest.mark.parametrize(
    "text", [None, "", "{", "[]", '"text"', "3", "{}", '{"format": 99}', "[" * 9999]
)
def test_a_missing_or_damaged_plan_is_one_line(tmp_path, text):
    file = tmp_path / "plan.json"
    if text is not None:
        file.write_text(text)
    with pytest.raises(UserError) as caught:
        read_plan(file)
    assert one_line(caught).startswith(f"{file}: not a readable plan")
    assert ("delete it" in one_line(caught)) == (text is not None)
    assert "name a study's plan.json" in one_line(caught)


@pytest.mark.parametrize("content", [None, b"", b"nonsense" * 20, "another network"])
def test_damaged_weights_of_a_parent_are_one_line(study, content):
    id = last_of(study, "mothernets")
    (parent,) = read_plan(study.plan).trainings[id].parents
    file = study.record(parent) / WEIGHTS
    if content is None:
        file.unlink()
    elif content == "another network":
        shutil.copy(study.record(id_of(study, f"full_data/{LARGEST}")) / WEIGHTS, file)
    else:
        file.write_bytes(content)
    with pytest.raises(UserError) as caught:
        train(study, id)
    said = "cannot be read (No such file" if content is None else "is not the file that this"
    assert one_line(caught).startswith(f"{file}: {said}")
    assert "run snakemake again" in one_line(caught)


@pytest.mark.parametrize("content", [b"", b"nonsense" * 20, "another network"])
def test_weights_of_no_network_are_one_line_without_checksums_too(study, content):
    """As of a program that writes none."""
    id = last_of(study, "mothernets")
    (parent,) = read_plan(study.plan).trainings[id].parents
    file = study.record(parent) / WEIGHTS
    record = file.with_name(RECORD)
    record.write_text(json.dumps(json.loads(record.read_text()) | {"checksums": {}}))
    if content == "another network":
        shutil.copy(study.record(id_of(study, f"full_data/{LARGEST}")) / WEIGHTS, file)
    else:
        file.write_bytes(content)
    with pytest.raises(UserError) as caught:
        train(study, id)
    assert one_line(caught).startswith(f"{file}: not the weights of this record's network")


def test_a_missing_parent_is_one_line(study):
    id = last_of(study, "mothernets")
    (parent,) = read_plan(study.plan).trainings[id].parents
    shutil.rmtree(study.record(parent))
    with pytest.raises(UserError) as caught:
        train(study, id)
    assert one_line(caught).startswith(f"{study.record(parent) / RECORD}: cannot be read (No such")


def test_what_waits_for_a_diverged_parent_is_trained_after_it(study):
    id = last_of(study, "mothernets")
    plan = read_plan(study.plan)
    (parent,) = plan.trainings[id].parents
    shutil.rmtree(study.record(id))
    kept = shutil.move(study.record(parent), study.root / "kept")
    study.finished(id).unlink()
    study.finished(parent).unlink()
    leave(study, plan.trainings[parent], Failure("diverged", "the loss is nan"))
    with pytest.raises(UserError, match="the training diverged: the loss is nan"):
        train(study, id)
    stands = standing_of(id, plan, study)
    assert stands.final and stands.lost.startswith("not begun: a parent is missing: ")
    shutil.rmtree(study.record(parent))  # a user's way to try it again
    stands = standing_of(id, plan, study)
    assert "the training was not begun" in stands.fault
    assert "it is trained once its parent is" in stands.fault
    shutil.move(kept, study.record(parent))
    train(study, id)
    assert standing_of(id, plan, study) == Standing()


def test_a_training_that_diverged_leaves_no_checkpoint_to_go_on_from(study, monkeypatch):
    id = id_of(study, "full_data/v13")
    shutil.rmtree(study.record(id))
    study.finished(id).unlink()
    check = LossWatch.check_validation
    monkeypatch.setattr(LossWatch, "check_validation", lambda watch, loss: check(watch, math.nan))
    with pytest.raises(Diverged):
        train(study, id)
    assert standing_of(id, read_plan(study.plan), study).final
    assert list(study.checkpoint(id).parent.glob(f"{id.name}*")) == []


@pytest.mark.parametrize("content", [None, b"", b"PK nonsense"])
def test_a_damaged_data_file_is_one_line(study, content):
    file = study.train_data(DATASET)
    file.unlink() if content is None else file.write_bytes(content)
    with pytest.raises(UserError) as caught:
        train(study, id_of(study, "full_data/v13"))
    said = "is missing" if content is None else "not readable data (altered"
    assert one_line(caught).startswith(f"{file}: {said}")


@pytest.mark.parametrize(
    ("id", "message"),
    [
        ("no/such/seed0/full_data/v13", "{plan}: has no training 'no/such/seed0/full_data/v13'"),
        ("no/such", "{plan}: has no training 'no/such'; see the keys of 'trainings'"),
    ],
)
def test_the_program_ends_with_one_line_and_status_2(prepared, tmp_path, id, message):
    log = tmp_path / "job.log"
    done = subprocess.run(
        [sys.executable, "-m", "mnbench", "train", prepared.plan, id, "--log", log],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("mnbench: " + message.format(plan=prepared.plan))
    assert not log.exists()  # no training, no job that could log
