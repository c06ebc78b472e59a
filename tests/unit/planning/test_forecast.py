"""The forecast of a plan: how much each approach trains, and what the user is shown of it."""

import pytest
from support.tiny import config, plan_of

from mnbench.architectures import forward_flops, load_architectures, training_flops
from mnbench.planning.forecast import Forecast, _line, forecast, overview
from mnbench.planning.plan import read_plan
from mnbench.records.record import read_record

MEMBERS = load_architectures("v5-small")


def rows_of(**changes):
    return {row.approach: row for row in forecast(plan_of(config() | changes))}


def flops(*networks) -> int:
    return sum(training_flops(network, 28, in_channels=1) for network in networks)


def test_the_forecast_by_hand():
    rows = rows_of(
        recipe={"epochs": 10},
        data={"train_images": 300, "validation_images": 100},
        approaches={
            "full_data": None,
            "treenets": {"sizes": [2]},
            "knowledge_distillation": None,
            "mothernets": {"g": [1, 5], "hatched": {"epochs": 4}},
            "single_network": {"budgets": [1, 2]},
        },
    )
    v13, v16, _, largest, _ = MEMBERS
    full = rows["full_data"]
    # The single network at twice the budget is a training of Full Data's as well ...
    assert (full.trainings, full.networks) == (6, 6)
    assert full.training_flops == 300 * (10 * flops(*MEMBERS) + 20 * flops(largest))
    assert (rows["single_network"].trainings, rows["single_network"].training_flops) == (0, 0)
    assert (rows["treenets"].trainings, rows["treenets"].networks) == (1, 2)
    assert rows["treenets"].training_flops == 300 * 10 * flops(v13, v16)
    # The students: trained, and each image answered once by the teacher, which is the largest.
    answers = len(MEMBERS) * forward_flops(largest, 28, in_channels=1)
    assert rows["knowledge_distillation"].training_flops == 300 * (10 * flops(*MEMBERS) + answers)
    # ... and so are MotherNets at g = 5; at g = 1 the MotherNet is as v13 is.
    assert rows["mothernets"].trainings == 6
    assert rows["mothernets"].training_flops == 300 * (10 * flops(v13) + 4 * flops(*MEMBERS))
    assert not any(row.open_end for row in rows.values())


def test_all_training_images_are_those_not_held_out():
    rows = rows_of(
        data={"train_images": None, "validation_images": 5000}, approaches={"full_data": None}
    )
    assert rows["full_data"].training_flops == 55_000 * flops(*MEMBERS)


def test_training_to_convergence_makes_the_forecast_a_maximum():
    values = config() | {
        "recipe": {
            "protocol": "convergence",
            "convergence": {"max_epochs": 7},
            "schedule": {"name": "plateau"},
        },
        "approaches": {"full_data": None, "snapshot_ensembles": {"epochs_per_cycle": 2}},
    }
    rows = {row.approach: row for row in forecast(plan_of(values))}
    assert rows["full_data"].open_end and rows["full_data"].training_flops == 300 * 7 * flops(
        *MEMBERS
    )
    assert not rows["snapshot_ensembles"].open_end  # its cycles have their length
    lines = overview(plan_of(values)).splitlines()
    assert [line.split()[0] for line in lines if "at most" in line] == ["full_data", "total"]


def test_the_forecast_is_what_the_records_bill(trained):
    plan = read_plan(trained.plan)
    for row in forecast(plan):
        if row.approach in ("treenets", "knowledge_distillation"):
            continue  # a shared trunk and a teacher's answers are not foreseen
        ids = [id for id, training in plan.trainings.items() if training.approach == row.approach]
        assert row.training_flops == sum(
            read_record(trained.record(id)).cost.training_flops for id in ids
        )


def test_the_overview_adds_up_and_says_what_is_left_out():
    plan = plan_of(
        config()
        | {
            "architecture_sets": ["v5-small", "r5-small"],
            "seeds": [0, 1],
            "approaches": {"treenets": None, "bagging": None},
        }
    )
    head, *lines = overview(plan).splitlines()
    assert head.split() == ["approach", "trainings", "networks", "predicted", "training", "TFLOPs"]
    counts = {line.split()[0]: line.split()[1:3] for line in lines[:3]}
    assert counts == {"treenets": ["2", "10"], "bagging": ["20", "20"], "total": ["22", "30"]}
    total = sum(row.training_flops for row in forecast(plan)) / 1e12
    assert float(lines[2].split()[3]) == pytest.approx(total, rel=0.01)
    # Once for both seeds.
    (left_out,) = lines[3:]
    assert left_out == (
        "treenets leaves out r5-small (fashion_mnist): the networks have 0 first layers in common, "
        "fewer than 1; shared_layers: 0 shares their stem"
    )


@pytest.mark.parametrize(
    ("flops", "said"),
    [(36_500_000_000_000, "36.5"), (3_210_000_000, "0.00321"), (1_234_567 * 10**12, "1,234,567")],
)
def test_a_forecast_is_in_teraflops_as_figures_and_tables_are(flops, said):
    line = _line(Forecast("bagging", 5, 5, flops), 8)
    assert line.split()[-1] == said
