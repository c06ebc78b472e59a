"""A calibration made here and now, against trainings made here and now: CPU time on both sides."""

from dataclasses import replace

import pytest
import torch
from support.tiny import MODULES, config, plan_of, train

from mnbench.planning.plan import read_plan
from mnbench.records.record import read_record
from mnbench.timing.calibration import Calibration, Machine
from mnbench.timing.cost_model import CostModel
from mnbench.timing.hours import seconds_of_trainings
from mnbench.timing.measuring import affordable, calibrate, probes_of
from mnbench.timing.probing import Effort, Probe, measure_kind

CPU = torch.device("cpu")


def test_probes_begin_with_the_smallest_and_the_largest_network():
    plan = plan_of(config())
    probes = probes_of(plan)
    kinds = [probe.kind for probe in probes]
    assert len(set(kinds)) == len(kinds)
    alone = [kind.sizes.training_flops for kind in kinds if not kind.jointly]
    assert alone[0] == min(alone) and alone[1] == max(alone)
    # The tree is measured by its approach's own code, and so needs no parents.
    (tree,) = [probe for probe in probes if probe.kind.jointly]
    assert not tree.training.parents and hasattr(MODULES[tree.training.approach], "train")


def test_less_time_takes_steps_away_before_it_takes_images():
    probe: Probe = probes_of(plan_of(config()))[0]
    whole = Effort(64, 5).images * probe.kind.sizes.training_flops
    efforts = [affordable(probe, share * whole, 1.0) for share in (1, 0.5, 0.2, 0.1, 0.03)]
    assert efforts == [Effort(64, 5), Effort(64, 2), Effort(64, 1), Effort(32, 1), Effort(8, 1)]
    assert affordable(probe, 0.001 * whole, 1.0) is None


@pytest.mark.slow
def test_a_small_study_takes_about_what_a_calibration_predicts(study, tmp_path):
    """Measure and train in turns, so that what slows one down slows the other down as well.

    On an idle machine the two are within 30 % of each other; on a busy one they need not be, and
    what a wrong unit or a forgotten part would make of them is far more.
    """
    plan = read_plan(study.plan)
    probes = {probe.training.id: probe for probe in probes_of(plan)}
    measured, took = [], {}
    for id in plan.trainings:  # parents before children
        if probe := probes.get(id):
            measured.append(measure_kind(probe, Effort(64, 5), CPU, tmp_path).measured)
        train(study, id)
        took[id] = read_record(study.record(id)).cost.cpu_seconds
    machine = Machine.here("cpu")
    seconds = seconds_of_trainings(plan, CostModel(Calibration(machine, tuple(measured), 0.0, 1.0)))
    ratio = sum(seconds[id].billed for id in took) / sum(took.values())
    assert 0.4 < ratio < 2.5


@pytest.mark.slow
def test_a_calibration_measures_what_time_allows_on_as_many_devices_as_there_are():
    """Its seconds are compared in the test above, and on a study in benchmarks/plan_ahead.py."""
    plan = plan_of(config())
    machine = replace(Machine.here("cpu"), devices=2)
    known = calibrate(plan, machine, seconds=2)
    assert known.machine == machine and known.job_seconds > 0 and 0 < known.device_share <= 1
    smallest, largest = (probe.kind.key for probe in probes_of(plan)[:2])
    hurried = calibrate(plan, machine, seconds=0)  # one kind is measured whatever it takes
    assert [one.key for one in hurried.measured] == [smallest]
    assert [one.key for one in known.measured[:2]] == [smallest, largest]
