"""Wall time: trainings on several devices, by hand."""

import pytest
from support.lineages import plan_of

from mnbench.planning.critical_path import critical_paths, longest_chain
from mnbench.timing.queueing import wall_seconds


def seconds_of(plan, seconds):
    return {id: seconds(id) for id in plan.trainings}


def longest(plan, seconds):
    return max(critical_paths(plan, seconds).values())


def test_one_device_takes_the_sum_and_many_take_the_longest_chain():
    plan = plan_of(
        full_data=None, mothernets={"g": [1]}, snapshot_ensembles={"epochs_per_cycle": 2}
    )
    seconds = seconds_of(plan, lambda id: 1.0 + (id.approach == "mothernets"))
    assert wall_seconds(plan, seconds, 1) == pytest.approx(sum(seconds.values()))
    chain = longest_chain(plan, critical_paths(plan, seconds))
    assert longest(plan, seconds) == sum(map(seconds.__getitem__, chain)) == 5.0
    assert [id.name.split("_")[1] for id in chain] == [f"cycle{n}" for n in range(1, 6)]
    assert wall_seconds(plan, seconds, 1000) == pytest.approx(5.0)


def test_a_member_waits_for_its_mothernet():
    plan = plan_of(mothernets={"g": [1]})
    seconds = seconds_of(plan, lambda id: 10.0 if id.name.startswith("mothernet") else 3.0)
    # The MotherNet alone, then five members on two devices: 3 + 3 + 3.
    assert wall_seconds(plan, seconds, 2) == pytest.approx(19.0)
    first, last = longest_chain(plan, critical_paths(plan, seconds))
    assert longest(plan, seconds) == 13.0 and first in plan.trainings[last].parents


def test_a_chain_of_trainings_starts_before_those_that_nothing_waits_for():
    plan = plan_of(full_data=None, snapshot_ensembles={"epochs_per_cycle": 2})
    seconds = seconds_of(plan, lambda id: 1.0)
    # Five snapshots in a row on one device, and the five networks of Full Data on the other. In the
    # plan's order Full Data's would keep both busy first.
    assert wall_seconds(plan, seconds, 2) == pytest.approx(5.0)


@pytest.mark.parametrize("devices", [1, 2, 3, 5, 8])
def test_the_wall_time_is_within_grahams_bounds(devices):
    plan = plan_of(
        seeds=(0, 1), full_data=None, knowledge_distillation=None, mothernets={"g": [1, 2]}
    )
    seconds = seconds_of(plan, lambda id: 1.0 + len(id.name) % 7)
    least = max(sum(seconds.values()) / devices, longest(plan, seconds))
    assert least <= wall_seconds(plan, seconds, devices) <= 2 * least
