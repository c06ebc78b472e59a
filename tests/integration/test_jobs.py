"""Training jobs: from a plan and an id to a record, for every approach there is."""

import json
import math
import shutil
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file
from support.tiny import (
    DATASET,
    MODULES,
    TEST,
    TRAIN,
    TRAINERS,
    VALIDATION,
    id_of,
    job_of,
    last_of,
    of_approach,
    prepare_study,
    train,
)
from torch.nn import functional

from baselines.bagging import bootstrap
from baselines.knowledge_distillation import distillation_loss
from mnbench.architectures import build, forward_flops, training_flops
from mnbench.errors import UserError
from mnbench.planning.plan import read_plan
from mnbench.records.paths import StudyPaths
from mnbench.records.record import (
    FILES,
    HISTORY,
    PREDICTIONS,
    RECORD,
    WEIGHTS,
    read_predictions,
    read_record,
)
from mnbench.training import job as job_module
from mnbench.training.loop import Batch, fit
from mnbench.training.progress import Progress

SHAPE = {"in_channels": 1, "num_classes": 10}
LARGEST = "v16b"  # of v5-small


def record_of(paths: StudyPaths, name: str):
    return read_record(paths.record(id_of(paths, name)))


def weights_of(paths: StudyPaths, name: str) -> dict[str, torch.Tensor]:
    return load_file(paths.record(id_of(paths, name)) / WEIGHTS)


def history_of(paths: StudyPaths, id: str) -> list[list[str]]:
    """The rows of ``history.csv`` without what is measured, its three last columns."""
    lines = (paths.record(id) / HISTORY).read_text().splitlines()
    return [line.split(",")[:-3] for line in lines]


def one_line(caught: pytest.ExceptionInfo) -> str:
    text = str(caught.value)
    assert "\n" not in text
    return text


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


# What only one approach does


def flops(count, study: StudyPaths, name: str, **options) -> int:
    training = read_plan(study.plan).trainings[id_of(study, name)]
    return count(training.networks[0], 28, **SHAPE, **options)


def test_full_data_bills_each_image_once_an_epoch(trained):
    cost = record_of(trained, "full_data/v19").cost
    assert cost.flops == TRAIN * flops(training_flops, trained, "full_data/v19")


def test_a_student_bills_its_teachers_answers_once(trained):
    student = record_of(trained, "knowledge_distillation/v13")
    assert student.parents == (id_of(trained, f"full_data/{LARGEST}"),)
    own = flops(training_flops, trained, "full_data/v13")
    answer = flops(forward_flops, trained, f"full_data/{LARGEST}")
    assert student.cost.flops == TRAIN * (own + answer)


def change_recipes(paths: StudyPaths, old: str, new: str) -> None:
    text = paths.plan.read_text()
    assert old in text
    paths.plan.write_text(text.replace(old, new))


@pytest.mark.parametrize(("shift", "answers"), [(0, 1), (1, 2)])
def test_with_augmentation_a_teacher_answers_every_epoch(study, shift, answers):
    change_recipes(study, '"shift": 0', f'"shift": {shift}')
    change_recipes(study, '"epochs": 1', '"epochs": 2')
    train(study, id_of(study, "knowledge_distillation/v13"))
    own = flops(training_flops, study, "full_data/v13")
    answer = flops(forward_flops, study, f"full_data/{LARGEST}")
    cost = record_of(study, "knowledge_distillation/v13").cost
    assert cost.flops == TRAIN * (2 * own + answers * answer)


def test_a_teacher_answers_the_same_at_once_and_batch_by_batch(study):
    id = id_of(study, "knowledge_distillation/v13")
    at_once = job_of(study, id)
    change_recipes(study, '"flip": false', '"flip": true')
    batchwise = job_of(study, id)
    indices = torch.tensor([5, 0, 299, 5])
    images = at_once.data.normalise(at_once.data.train.images[indices])
    batch = Batch(images, at_once.data.train.labels[indices], indices)
    assert at_once.teacher(0).answers_once and not batchwise.teacher(0).answers_once
    torch.testing.assert_close(at_once.teacher(0)(batch), batchwise.teacher(0)(batch))


def test_members_are_hatched_from_their_mothernet_exactly(trained):
    hatched = [
        read_record(trained.record(training.id))
        for training in of_approach(read_plan(trained.plan), "mothernets")
        if training.parents
    ]
    assert len(hatched) >= 5
    for record in hatched:
        assert 0 <= record.details["hatching_difference"] < 1e-4
        assert read_record(trained.record(record.parents[0])).role == "mothernet"


def test_a_hatching_that_changes_the_network_is_refused(trained, monkeypatch):
    from mnbench.mothernets import hatching

    monkeypatch.setattr(hatching, "hatching_difference", lambda *networks: 2e-4)
    with pytest.raises(UserError, match=r"hatching changed the logits by 2\.0e-04"):
        train(trained, last_of(trained, "mothernets"))


def test_a_snapshot_goes_on_from_the_one_before(study, monkeypatch):
    begun = []

    def watched(network, *arguments, **options):
        begun.append({key: value.clone() for key, value in network.state_dict().items()})
        return fit(network, *arguments, **options)

    monkeypatch.setattr(job_module, "fit", watched)
    first, second = of_approach(read_plan(study.plan), "snapshot_ensembles")[:2]
    assert second.parents == (first.id,)
    train(study, second.id)
    before = load_file(study.record(first.id) / WEIGHTS)
    after = load_file(study.record(second.id) / WEIGHTS)
    assert begun[0].keys() == before.keys()
    assert all(torch.equal(begun[0][key], before[key]) for key in before)
    assert any(not torch.equal(after[key], before[key]) for key in before)


def test_twice_the_budget_is_twice_the_epochs_from_the_same_weights(trained):
    full = record_of(trained, f"full_data/{LARGEST}")
    twice = record_of(trained, f"full_data/{LARGEST}@2")
    assert (full.cost.epochs, twice.cost.epochs) == (1.0, 2.0)
    assert twice.cost.flops == 2 * full.cost.flops
    starts = [
        job_of(trained, id_of(trained, f"full_data/{name}")).new_network().state_dict()
        for name in (LARGEST, f"{LARGEST}@2")
    ]
    assert all(torch.equal(starts[0][key], starts[1][key]) for key in starts[0])


def test_new_networks_depend_on_the_training_alone(trained):
    job, other = (job_of(trained, id_of(trained, f"full_data/{name}")) for name in ("v13", "v16"))
    torch.manual_seed(1)
    first = job.new_network().state_dict()
    torch.manual_seed(2)
    other.new_network()
    again = job.new_network().state_dict()
    assert all(torch.equal(first[key], again[key]) for key in first)


# Bagging's sample and Knowledge Distillation's loss


def test_bootstrap_draws_with_replacement():
    sample = bootstrap(10_000, torch.Generator().manual_seed(0))
    assert sample.shape == (10_000,)
    assert sample.min() >= 0 and sample.max() < 10_000
    distinct = len(sample.unique()) / 10_000
    assert distinct == pytest.approx(1 - 1 / math.e, abs=0.02)  # 63 %, deviation 0.3


def test_each_member_has_a_bootstrap_of_its_own(trained):
    def sample(name):
        job = job_of(trained, id_of(trained, f"bagging/{name}"))
        return bootstrap(TRAIN, job.generator("bootstrap"))

    assert torch.equal(sample("v13"), sample("v13"))
    assert not torch.equal(sample("v13"), sample("v16"))
    details = record_of(trained, "bagging/v13").details
    assert details == {"distinct_images": len(sample("v13").unique())}


@given(
    temperature=st.floats(0.5, 20),
    mixing=st.floats(0, 1),
    seed=st.integers(0, 2**32),
)
def test_distillation_loss_is_its_formula(temperature, mixing, seed):
    generator = torch.Generator().manual_seed(seed)
    student, teacher = torch.randn(2, 6, 4, generator=generator, dtype=torch.float64)
    labels = torch.randint(4, (6,), generator=generator)
    expected = 0.0
    for z, v, label in zip(student.tolist(), teacher.tolist(), labels.tolist(), strict=True):
        soft_z, soft_v = ([math.exp(x / temperature) for x in logits] for logits in (z, v))
        q = [x / sum(soft_z) for x in soft_z]
        p = [x / sum(soft_v) for x in soft_v]
        divergence = sum(a * math.log(a / b) for a, b in zip(p, q, strict=True))
        entropy = -math.log(math.exp(z[label]) / sum(map(math.exp, z)))
        expected += (mixing * temperature**2 * divergence + (1 - mixing) * entropy) / 6
    loss = distillation_loss(student, teacher, labels, temperature, mixing)
    assert float(loss) == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_distillation_without_mixing_is_cross_entropy():
    student, teacher = torch.randn(2, 8, 10, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(8)
    loss = distillation_loss(student, teacher, labels, 4.0, 0.0)
    torch.testing.assert_close(loss, functional.cross_entropy(student, labels))


def test_distillation_from_oneself_teaches_nothing():
    logits = torch.randn(8, 10, generator=torch.Generator().manual_seed(0), requires_grad=True)
    loss = distillation_loss(logits, logits.detach(), torch.arange(8), 4.0, 1.0)
    loss.backward()
    assert loss.abs() < 1e-5
    assert logits.grad.abs().max() < 1e-6


# Interruptions


def test_an_interrupted_job_goes_on_to_the_same_record(study, monkeypatch):
    id = id_of(study, f"full_data/{LARGEST}@2")
    weights = study.record(id) / WEIGHTS
    before = weights.read_bytes()
    shutil.rmtree(study.record(id))
    monkeypatch.setattr(job_module, "fit", partial(fit, checkpoint_seconds=0.0))
    epochs = []

    class Interrupted(Progress):
        def epoch(self, row, seconds_left):
            epochs.append(row["epoch"])
            if epochs == [1, 2]:
                raise KeyboardInterrupt

    for _ in range(2):
        try:
            job_module.run(MODULES["full_data"].train, study.plan, id, Interrupted(None, None))
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
    monkeypatch.setattr(job_module, "fit", partial(fit, checkpoint_seconds=0.0))
    with monkeypatch.context() as broken:

        def fail(network, data, test_data, directory):
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


# Bad input


def test_an_unknown_id_is_one_line(trained):
    with pytest.raises(UserError) as caught:
        job_module.run(MODULES["full_data"].train, trained.plan, "no/such", Progress(None, None))
    assert one_line(caught).startswith(f"{trained.plan}: has no training 'no/such'")


@pytest.mark.parametrize("text", [None, "", "{", "[]", '"text"', "3", "{}", '{"format": 99}'])
def test_a_missing_or_damaged_plan_is_one_line(tmp_path, text):
    file = tmp_path / "plan.json"
    if text is not None:
        file.write_text(text)
    with pytest.raises(UserError) as caught:
        read_plan(file)
    assert one_line(caught).startswith(f"{file}: not a readable plan")
    assert "delete it" in one_line(caught)


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
    said = "cannot be read (FileNotFoundError" if content is None else "is not the file that this"
    assert one_line(caught).startswith(f"{file}: {said}")
    assert "delete the record's folder" in one_line(caught)


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
    assert one_line(caught).startswith(f"{study.record(parent) / RECORD}: not a readable record")


@pytest.mark.parametrize("content", [None, b"", b"PK nonsense"])
def test_a_damaged_data_file_is_one_line(study, content):
    file = study.train_data(DATASET)
    file.unlink() if content is None else file.write_bytes(content)
    with pytest.raises(UserError) as caught:
        train(study, id_of(study, "full_data/v13"))
    assert one_line(caught).startswith(f"{file}: not readable data")


def test_the_program_ends_with_one_line_and_status_2(prepared, tmp_path):
    log = tmp_path / "job.log"
    done = subprocess.run(
        [sys.executable, "-m", "baselines.full_data", prepared.plan, "no/such", "--log", log],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"mnbench: {prepared.plan}: has no training 'no/such'")
    assert log.read_text() == done.stderr


# Progress


def test_progress_says_which_network_of_how_many_its_epoch_error_and_time_left(
    trained, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr("mnbench.training.progress.SECONDS_BETWEEN_LINES", 0.0)
    plan = read_plan(trained.plan)
    training = next(iter(plan.trainings.values()))
    log = tmp_path / "logs" / "job.log"
    with Progress.to(log, quiet=False) as progress:
        progress.begin(plan, training)
        progress.epoch({"epoch": 3, "validation_accuracy": 0.875}, 65.0)
        progress.end()
    label = f"[ 1/{len(plan.trainings)}] {training.approach} {training.name} seed0"
    epoch = f"{label}: epoch 3, validation error 12.5 %"
    said = [f"{epoch}, 1:05 left", f"{label}: done: epoch 3, validation error 12.5 %"]
    assert capsys.readouterr().err.splitlines() == said
    assert log.read_text().splitlines() == [f"{label}: begins", *said]


def test_quiet_progress_says_nothing_but_errors(trained, capsys):
    plan = read_plan(trained.plan)
    with Progress.to(None, quiet=True) as progress:
        progress.begin(plan, next(iter(plan.trainings.values())))
        progress.epoch({"epoch": 1, "validation_accuracy": 0.5}, 1.0)
        progress.end()
        assert capsys.readouterr().err == ""
        progress.failed("mnbench: wrong")
    assert capsys.readouterr().err == "mnbench: wrong\n"


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
