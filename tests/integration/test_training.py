"""What only one approach does when it trains."""

import json
import math
from dataclasses import replace
from unittest.mock import patch

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file
from support.reading import LARGEST, SHAPE, record_of
from support.tiny import (
    MODULES,
    TRAIN,
    VALIDATION,
    id_of,
    job_of,
    last_of,
    of_approach,
    train,
)
from torch.nn import functional

from baselines.bagging import bootstrap
from baselines.knowledge_distillation import distillation_loss
from mnbench.architectures import forward_flops, training_flops
from mnbench.errors import UserError
from mnbench.evaluation.tables import networks
from mnbench.planning.plan import read_plan
from mnbench.records.paths import StudyPaths
from mnbench.records.record import RECORD, WEIGHTS, read_record
from mnbench.records.store import RecordStore
from mnbench.training import job as job_module
from mnbench.training.job import Job
from mnbench.training.loop import Batch, fit

# What only one approach does


def flops(count, study: StudyPaths, name: str, **options) -> int:
    training = read_plan(study.plan).trainings[id_of(study, name)]
    return count(training.networks[0], 28, **SHAPE, **options)


def test_full_data_bills_each_image_once_an_epoch(trained):
    cost = record_of(trained, "full_data/v19").cost
    assert cost.training_flops == TRAIN * flops(training_flops, trained, "full_data/v19")


def test_a_student_bills_its_teachers_predicts_once(trained):
    student = record_of(trained, "knowledge_distillation/v13")
    assert student.parents == (id_of(trained, f"full_data/{LARGEST}"),)
    own = flops(training_flops, trained, "full_data/v13")
    answer = flops(forward_flops, trained, f"full_data/{LARGEST}")
    assert student.cost.training_flops == TRAIN * (own + answer)


def change_recipes(paths: StudyPaths, old: str, new: str) -> None:
    text = paths.plan.read_text()
    assert old in text
    paths.plan.write_text(text.replace(old, new))
    for id, training in read_plan(paths.plan).trainings.items():  # its records are by that recipe
        file = paths.record(id) / RECORD
        content = json.loads(file.read_text()) | {"recipe_hash": training.recipe_hash}
        file.write_text(json.dumps(content))


@pytest.mark.parametrize(("shift", "answers"), [(0, 1), (1, 2)])
def test_with_augmentation_a_teacher_predicts_every_epoch(study, shift, answers):
    change_recipes(study, '"shift": 0', f'"shift": {shift}')
    change_recipes(study, '"epochs": 1', '"epochs": 2')
    train(study, id_of(study, "knowledge_distillation/v13"))
    own = flops(training_flops, study, "full_data/v13")
    answer = flops(forward_flops, study, f"full_data/{LARGEST}")
    cost = record_of(study, "knowledge_distillation/v13").cost
    assert cost.training_flops == TRAIN * (2 * own + answers * answer)


def test_a_teacher_predicts_the_same_at_once_and_batch_by_batch(study):
    id = id_of(study, "knowledge_distillation/v13")
    at_once = job_of(study, id)
    change_recipes(study, '"flip": false', '"flip": true')
    batchwise = job_of(study, id)
    indices = torch.tensor([5, 0, 299, 5])
    images = at_once.data.normalise(at_once.data.train.images[indices])
    batch = Batch(images, at_once.data.train.labels[indices], indices)
    assert at_once.teacher(0).predicts_once and not batchwise.teacher(0).predicts_once
    torch.testing.assert_close(at_once.teacher(0)(batch), batchwise.teacher(0)(batch))


@pytest.mark.parametrize("flip", [False, True])
def test_a_resumed_student_makes_again_what_its_teacher_predicts_once(study, monkeypatch, flip):
    if flip:
        change_recipes(study, '"flip": false', '"flip": true')
    seen = []

    def noted(*arguments, **options):
        seen.append(options["beforehand"])
        return fit(*arguments, **options)

    monkeypatch.setattr(job_module, "fit", noted)
    train(study, id_of(study, "knowledge_distillation/v13"))
    assert [beforehand is None for beforehand in seen] == [flip]


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


def test_a_hatched_record_notes_what_the_noise_costs(trained):
    plan = read_plan(trained.plan)
    table = networks.of_records(RecordStore(plan, trained.records)).set_index("record")
    hatched = table[table["parents"].str.contains("mothernets/mothernet_")]
    assert len(hatched) >= 5
    for row in hatched.itertuples():
        # Hatching keeps the function, so an image or two at most may fall to another class.
        mothernets = table.loc[row.parents, "validation_error"]
        assert row.error_before_noise == pytest.approx(mothernets, abs=2.5 / VALIDATION)
        assert 0 <= row.error_after_noise <= 1
    assert (hatched["error_after_noise"] != hatched["error_before_noise"]).any()
    others = table.drop(index=hatched.index)
    assert others[["error_before_noise", "error_after_noise"]].isna().all(axis=None)


def test_without_noise_a_hatched_network_begins_where_its_mothernet_ended(study):
    id = last_of(study, "mothernets")
    job = job_of(study, id)
    quiet = replace(job, training=replace(job.training, options={"noise": 0.0}))
    with patch.object(Job, "fit", lambda job, network, **how: how["details"]):
        details = MODULES["mothernets"].train(quiet)
    assert details["error_after_noise"] == details["error_before_noise"]


@pytest.mark.parametrize("difference", [2e-4, float("nan")])
def test_a_hatching_that_changes_the_network_is_refused(study, monkeypatch, difference):
    from mnbench.mothernets import hatching

    monkeypatch.setattr(hatching, "hatching_difference", lambda *networks: difference)
    with pytest.raises(UserError, match=f"hatching changed the logits by {difference:.1e}"):
        train(study, last_of(study, "mothernets"))


def test_a_snapshot_continues_the_one_before(study, monkeypatch):
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
    assert twice.cost.training_flops == 2 * full.cost.training_flops
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
