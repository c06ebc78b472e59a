"""Profiles of real trainings: what is counted exactly, never how long it took."""

import json

import pytest
import torch
from support.tiny import DATASET

from mnbench.architectures import load_architectures, training_flops
from mnbench.datasets import DATASETS, Images
from mnbench.planning.recipe import Augmentation, Recipe, Schedule
from mnbench.profiling.kinds import BETWEEN, OTHER
from mnbench.profiling.steps import profile_steps
from mnbench.training.data import TrainingSet

STEPS, BATCH = 3, 16


@pytest.fixture(scope="module")
def images(prepared) -> Images:
    data = TrainingSet.read(prepared.train_data(DATASET), torch.device("cpu"))
    return Images(data.train.images.numpy(), data.train.labels.numpy())


def profiled(images, architecture, trace=None, device="cpu", **recipe):
    return profile_steps(
        architecture,
        DATASETS[DATASET],
        images,
        Recipe(batch_size=BATCH, **recipe),
        torch.device(device),
        steps=STEPS,
        trace=trace,
    )


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no GPU")
def test_on_a_gpu_no_kernel_is_counted_twice(images):
    profile = profiled(images, load_architectures("v5-small")[0], device="cuda")
    parts = {kind: part for kind, part in profile.by_kind.items() if kind != BETWEEN}
    assert 0 < sum(parts.values()) <= profile.watched_seconds
    assert any("backward" in kind for kind in parts)


@pytest.mark.parametrize("architecture_set", ["v5-small", "r5-small", "d5-small"])
def test_steps_images_and_flops_are_exact(images, architecture_set):
    network = load_architectures(architecture_set)[0]
    profile = profiled(images, network)
    assert (profile.network, profile.steps) == (network.name, STEPS)
    assert profile.images == STEPS * BATCH
    assert profile.flops == STEPS * BATCH * training_flops(network, 28, in_channels=1)


def test_every_part_of_a_step_is_seen_and_the_parts_are_the_whole(images):
    profile = profiled(
        images, load_architectures("v5-small")[0], augmentation=Augmentation(shift=2, flip=True)
    )
    assert {
        "convolution, forward",
        "convolution, backward",
        "batch norm, forward",
        "batch norm, backward",
        "activation",
        "pooling",
        "fully connected",
        "loss",
        "optimiser",
        "batches: drawn, augmented, normalised",
        OTHER,
    } == set(profile.by_kind) - {BETWEEN}  # of that there may be none on a busy machine
    assert sum(profile.by_kind.values()) == pytest.approx(profile.watched_seconds)


def test_work_between_epochs_is_no_part_of_the_steps(images, monkeypatch):
    monkeypatch.setattr("mnbench.profiling.steps.VALIDATION_IMAGES", 20 * STEPS * BATCH)
    profile = profiled(images, load_architectures("v5-small")[0])
    assert sum(profile.by_kind.values()) == pytest.approx(profile.watched_seconds)


def test_fewer_images_than_steps_need_are_drawn_again(images):
    few = Images(images.images[:20], images.labels[:20])
    assert profiled(few, load_architectures("v5-small")[0]).images == STEPS * BATCH


def test_the_protocol_of_the_study_does_not_change_the_steps(images):
    network = load_architectures("v5-small")[0]
    recipe = {"protocol": "convergence", "schedule": Schedule(name="plateau")}
    assert profiled(images, network, **recipe).images == STEPS * BATCH


def test_a_trace_names_the_operations(images, tmp_path):
    trace = tmp_path / "new" / "trace.json"
    profiled(images, load_architectures("v5-small")[0], trace)
    names = {event.get("name") for event in json.loads(trace.read_text())["traceEvents"]}
    assert {"aten::conv2d", "aten::native_batch_norm"} <= names
