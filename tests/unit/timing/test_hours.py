"""Hours: what each training takes on a made-up machine, added up by hand."""

from dataclasses import replace

import pytest
from support.clockwork import EPOCH, FORWARD, JOB, SECONDS_OF_FLOP, calibrated
from support.lineages import id_of
from support.tiny import config, plan_of

from mnbench.architectures import load_architectures, training_flops
from mnbench.timing.cost_model import CostModel
from mnbench.timing.hours import SNAKEMAKE_SECONDS, seconds_of_trainings
from mnbench.timing.kinds import Works

V13 = load_architectures("v5-small")[0]
APPROACHES = {
    "full_data": None,
    "knowledge_distillation": None,
    "mothernets": {"g": [1], "hatched": {"epochs": 4}},
    "treenets": {"sizes": [2]},
}


def study(**changes):
    return plan_of(
        config()
        | {
            "recipe": {"epochs": 10, "batch_size": 64},
            "data": {"train_images": 640, "validation_images": 100},
            "approaches": APPROACHES,
        }
        | changes
    )


def seconds(plan, calibration=None):
    return seconds_of_trainings(plan, CostModel(calibration or calibrated(plan)))


def test_a_training_takes_its_steps_and_what_surrounds_them():
    plan = study()
    own = seconds(plan)[id_of("full_data", "v13")]
    flops = training_flops(V13, 28, in_channels=1)
    assert own.billed == pytest.approx(640 * 10 * flops * SECONDS_OF_FLOP)
    # 10,000 test images; validation images after each epoch, and once more for the record.
    assert own.rest == pytest.approx(
        JOB + SNAKEMAKE_SECONDS + 10 * EPOCH + (11 * 100 + 10_000) * FORWARD
    )


@pytest.mark.parametrize("batch_size", [100, 600, 640, 10_000])
def test_hours_do_not_depend_on_a_last_batch_that_is_smaller(batch_size):
    own = seconds(study(recipe={"epochs": 10, "batch_size": batch_size}))
    flops = training_flops(V13, 28, in_channels=1)
    billed = own[id_of("full_data", "v13")].billed
    assert billed == pytest.approx(640 * 10 * flops * SECONDS_OF_FLOP)


def test_a_teacher_predicts_every_image_once_or_in_every_epoch_that_augments():
    plan = study()
    alone = seconds(plan)[id_of("full_data", "v16")].billed
    taught = seconds(plan)[id_of("knowledge_distillation", "v16")].billed
    assert taught - alone == pytest.approx(640 * FORWARD)
    plan = study(recipe={"epochs": 10, "batch_size": 64, "augmentation": {"shift": 1}})
    alone = seconds(plan)[id_of("full_data", "v16")].billed
    taught = seconds(plan)[id_of("knowledge_distillation", "v16")].billed
    assert taught - alone == pytest.approx(10 * 640 * FORWARD)


def test_a_hatched_network_takes_its_own_epochs_of_the_steps_of_one_from_scratch():
    plan = study()
    (hatched,) = [id for id in plan.trainings if id.name.startswith("v16_from_")]
    whole = seconds(plan)[id_of("full_data", "v16")].billed
    assert seconds(plan)[hatched].billed == pytest.approx(0.4 * whole)
    works = Works(plan)
    assert works.kind(plan.trainings[hatched]) is not None
    assert works.kind(plan.trainings[hatched]) == works.kind(
        plan.trainings[id_of("full_data", "v16")]
    )


def test_networks_that_train_jointly_are_a_kind_of_their_own():
    plan = study()
    works = Works(plan)
    tree = works.kind(plan.trainings[id_of("treenets", "tree_of_2")])
    assert tree.jointly and len(tree.networks) == 2
    other = study(approaches={"treenets": {"sizes": [2], "shared_layers": 2}})
    again = Works(other).kind(next(iter(other.trainings.values())))
    assert again.networks == tree.networks and again.key != tree.key


@pytest.mark.parametrize(
    "recipe",
    [
        {"epochs": 10, "batch_size": 32},
        {"epochs": 10, "batch_size": 64, "precision": "bfloat16"},
        {"epochs": 10, "batch_size": 64, "augmentation": {"flip": True}},
        {"epochs": 10, "batch_size": 64, "compile": True},
    ],
    ids=str,
)
def test_what_changes_a_step_makes_another_kind(recipe):
    def key(plan):
        return Works(plan).kind(plan.trainings[id_of("full_data", "v13")]).key

    assert key(study(recipe=recipe)) != key(study())
    # The rate and the number of epochs do not.
    same = {"epochs": 3, "batch_size": 64, "optimiser": {"learning_rate": 0.01}}
    assert key(study(recipe=same)) == key(study())


def test_a_network_that_was_not_measured_is_predicted_from_the_others():
    plan = study()
    whole = calibrated(plan)
    works = Works(plan)
    kinds = {works.kind(training) for training in plan.trainings.values()}
    for kind in kinds:
        others = tuple(one for one in whole.measured if one.key != kind.key)
        model = CostModel(replace(whole, measured=others))
        assert not model.knows(kind) and CostModel(whole).knows(kind)
        # On a machine of one speed FLOPs say everything.
        assert model.step_seconds(kind) == pytest.approx(CostModel(whole).step_seconds(kind))


def test_the_fit_finds_what_a_step_consists_of():
    """It separates time on FLOPs, on elements and on starting operations."""
    plan = plan_of(
        config() | {"architecture_sets": ["v100-small"], "approaches": {"full_data": None}}
    )

    def truth(kind):
        sizes = kind.sizes
        per_image = 2e-11 * sizes.training_flops + 3e-9 * sizes.elements
        return kind.batch_size * per_image + 5e-5 * sizes.operations

    whole = calibrated(plan, truth)
    few = replace(whole, measured=whole.measured[::9])
    works, model = Works(plan), CostModel(few)
    kinds = {works.kind(training) for training in plan.trainings.values()}
    assert sum(model.knows(kind) for kind in kinds) < 15
    for kind in kinds:
        assert model.step_seconds(kind) == pytest.approx(truth(kind), rel=0.05)


def test_a_smaller_batch_that_was_measured_is_scaled_by_what_grows_with_its_images():
    """The part of a step that is the same for every batch is not scaled."""
    plan = plan_of(
        config() | {"architecture_sets": ["v100-small"], "approaches": {"full_data": None}}
    )

    def truth(kind, batch_size):
        sizes = kind.sizes
        return batch_size * 2e-11 * sizes.training_flops + 1e-3 * sizes.operations

    kind = Works(plan).kind(next(iter(plan.trainings.values())))
    whole = calibrated(plan, lambda kind: truth(kind, kind.batch_size))
    few = tuple(
        replace(one, batch_size=8, step_seconds=truth(kind, 8)) if one.key == kind.key else one
        for one in whole.measured
    )
    model = CostModel(replace(whole, measured=few))
    assert model.step_seconds(kind) == pytest.approx(truth(kind, kind.batch_size), rel=0.02)
