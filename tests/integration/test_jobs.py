"""Training jobs: from a plan and an id to a record, for every approach there is."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from support.reading import LARGEST, SHAPE, history_of, record_of, weights_of
from support.tiny import (
    MODULES,
    TEST,
    TRAIN,
    TRAINERS,
    VALIDATION,
    config,
    id_of,
    job_of,
    last_of,
    of_approach,
    plan_of,
    prepare_study,
    train,
)

from mnbench.architectures import build
from mnbench.errors import UserError
from mnbench.planning.plan import read_plan
from mnbench.records.predictions import read_predictions
from mnbench.records.record import FILES, PREDICTIONS, RECORD, WEIGHTS, read_record
from mnbench.training import run as run_module
from mnbench.training.progress import Progress

# Every approach


@pytest.mark.parametrize("approach", TRAINERS)
def test_every_approach_leaves_records(trained, approach):
    trainings = of_approach(read_plan(trained.plan), approach)
    assert trainings
    for training in trainings:
        folder = trained.record(training.id)
        assert sorted(file.name for file in folder.iterdir()) == sorted(FILES)
        record = read_record(folder)
        assert (record.id, record.approach, record.role) == (training.id, approach, training.role)
        assert record.parents == training.parents
        assert record.recipe_hash == training.recipe_hash
        assert [n["id"] for n in record.networks] == [n.id for n in training.networks]
        assert record.environment["device"] == "cpu"
        rows = history_of(trained, training.id)[1:]
        assert len(rows) == training.recipe["epochs"] == record.cost.epochs
        assert record.cost.examples == len(rows) * TRAIN
        for split, images in (("validation", VALIDATION), ("test", TEST)):
            predictions = read_predictions(folder, split)
            assert predictions.logits.shape == (len(training.networks), images, 10)
            assert predictions.logits.dtype == np.float32
            assert predictions.labels.dtype == np.int64


def test_recorded_parameters_are_those_of_the_weights(trained):
    record = record_of(trained, "full_data/v16a")
    network = build(read_plan(trained.plan).trainings[record.id].networks[0], **SHAPE)
    assert record.networks[0]["parameters"] == sum(p.numel() for p in network.parameters())
    network.load_state_dict(weights_of(trained, "full_data/v16a"))  # nothing missing or unknown


def test_predictions_are_those_of_the_weights(trained):
    id = id_of(trained, "full_data/v13")
    job = job_of(trained, id)
    network = build(job.training.networks[0], **SHAPE).eval()
    network.load_state_dict(weights_of(trained, "full_data/v13"))
    with torch.no_grad():
        logits = network(job.data.normalise(job.data.validation.images))
    recorded = read_predictions(trained.record(id), "validation")
    torch.testing.assert_close(torch.from_numpy(recorded.logits[0]), logits, rtol=1e-4, atol=1e-4)
    assert torch.equal(torch.from_numpy(recorded.labels), job.data.validation.labels)


def test_nothing_is_left_beside_the_records(trained):
    assert not list(trained.root.rglob(".*"))
    assert not [file for file in (trained.root / "checkpoints").rglob("*") if file.is_file()]


@pytest.mark.parametrize("approach", TRAINERS)
def test_the_same_job_twice_gives_the_same_bytes(study, approach):
    id = last_of(study, approach)
    files = [study.record(id) / name for name in (WEIGHTS, PREDICTIONS)]
    before, history = [file.read_bytes() for file in files], history_of(study, id)
    shutil.rmtree(study.record(id))
    train(study, id)
    assert [file.read_bytes() for file in files] == before
    assert history_of(study, id) == history


def test_a_shrunk_member_is_checked_before_it_is_shrunk_and_has_the_same_bits_again(study):
    id = last_of(study, "mothernets")
    plain = read_record(study.record(id)).details
    values = config()
    values["approaches"]["mothernets"] |= {"hatched": {"epochs": 1, "keep": 0.3}}
    plan_of(values).write(study.plan)
    bits = []
    for _ in range(2):
        shutil.rmtree(study.record(id))
        train(study, id)
        bits.append((study.record(id) / WEIGHTS).read_bytes())
    assert bits[0] == bits[1]
    shrunk = read_record(study.record(id)).details
    for same in ("hatching_difference", "error_before_noise"):
        assert shrunk[same] == plain[same]
    assert shrunk["error_after_noise"] != plain["error_after_noise"]


@pytest.mark.parametrize("file", FILES)
def test_a_folder_in_place_of_a_records_file_makes_way(study, file):
    id = id_of(study, "full_data/v13")
    before = (study.record(id) / WEIGHTS).read_bytes()
    (study.record(id) / file).unlink()
    (study.record(id) / file / "inside").mkdir(parents=True)
    run_module.run(MODULES["full_data"].train, study.plan, id, Progress(None, None))
    assert (study.record(id) / WEIGHTS).read_bytes() == before


# Interruptions


def test_an_interrupted_job_resumes_to_the_same_record(study, monkeypatch):
    id = id_of(study, f"full_data/{LARGEST}@2")
    weights = study.record(id) / WEIGHTS
    before = weights.read_bytes()
    shutil.rmtree(study.record(id))
    epochs = []

    class Interrupted(Progress):
        def epoch(self, row, seconds_left):
            epochs.append(row["epoch"])
            if epochs == [1, 2]:
                raise KeyboardInterrupt

    for _ in range(2):
        try:
            run_module.run(MODULES["full_data"].train, study.plan, id, Interrupted(None, None))
        except KeyboardInterrupt:
            assert study.checkpoint(id).exists()
            assert not weights.exists()
    assert epochs == [1, 2, 2]
    assert weights.read_bytes() == before
    assert not study.checkpoint(id).exists()


def test_a_job_interrupted_while_writing_leaves_no_half_record(study, monkeypatch):
    import mnbench.training.predict

    id = id_of(study, "full_data/v13")
    folder = study.record(id)
    before = (folder / WEIGHTS).read_bytes()
    shutil.rmtree(folder)
    with monkeypatch.context() as broken:

        def fail(network, data, unseen, directory):
            (directory / PREDICTIONS).write_bytes(b"half")
            raise KeyboardInterrupt

        broken.setattr(mnbench.training.predict, "record_predictions", fail)
        with pytest.raises(KeyboardInterrupt):
            train(study, id)
    assert not list(folder.iterdir())
    with pytest.raises(UserError):
        read_record(folder)
    train(study, id)  # from the checkpoint of the last epoch: only prediction is left
    assert (folder / WEIGHTS).read_bytes() == before
    assert sorted(file.name for file in folder.iterdir()) == sorted(FILES)
    assert not list(folder.parent.glob(".*"))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no GPU")
def test_every_approach_trains_on_a_gpu(tmp_path):
    paths = prepare_study(tmp_path)
    plan = replace(read_plan(paths.plan), device="cuda")
    plan.write(paths.plan)
    for id in plan.trainings:
        train(paths, id)
        record = read_record(paths.record(id))
        assert record.environment["device"] == "cuda"
        # Convolutions rounded to TF32 would differ by more.
        assert record.details.get("hatching_difference", 0) < 1e-4


def test_a_checkpoint_that_outlived_its_record_s_job_is_removed(study):
    """A job may be killed between its record and its checkpoint's end."""
    id = id_of(study, "full_data/v13")
    left = study.checkpoint(id)
    left.parent.mkdir(parents=True, exist_ok=True)
    for file in (left, left.with_suffix(".begun")):
        file.write_bytes(b"of the job before")
    run_module.run(MODULES["full_data"].train, study.plan, id, Progress(None, None))
    assert list(left.parent.iterdir()) == []


# What Snakemake removes: record.json, of each training of a cluster's job that fails


def test_a_finished_training_whose_record_json_was_removed_is_not_trained_again(study):
    id = id_of(study, "full_data/v13")
    before = {file: (study.record(id) / file).read_bytes() for file in FILES}
    (study.record(id) / RECORD).unlink()
    run_module.run(unwanted, study.plan, id, Progress(None, None))
    assert {file: (study.record(id) / file).read_bytes() for file in FILES} == before
    assert sorted(file.name for file in study.record(id).iterdir()) == sorted(FILES)


def unwanted(job):
    raise AssertionError("it is trained again")


def test_a_job_killed_just_before_record_json_has_finished_its_training(study, monkeypatch):
    id = id_of(study, "full_data/v13")
    shutil.rmtree(study.record(id))

    def killed(file):
        if file.name == RECORD:
            raise KeyboardInterrupt

    with monkeypatch.context() as broken, pytest.raises(KeyboardInterrupt):
        broken.setattr(run_module, "only_a_file", killed)
        train(study, id)
    assert not (study.record(id) / RECORD).exists()
    run_module.run(unwanted, study.plan, id, Progress(None, None))
    assert read_record(study.record(id)).cost.repeated_examples == 0
    assert not list(study.root.rglob(".*"))  # of the record that was being written
    assert not [file for file in (study.root / "checkpoints").rglob("*") if file.is_file()]
