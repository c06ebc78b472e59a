"""A made-up machine on which every step takes what the test says: no clock is read."""

from collections.abc import Callable

from mnbench.planning.plan import Plan
from mnbench.timing.calibration import Calibration, Machine, MeasuredKind
from mnbench.timing.kinds import StepKind, Works

MACHINE = Machine("made-up", "of one speed", "cpu", 2, "2.0")
SECONDS_OF_FLOP = 1e-11
FORWARD, EPOCH, JOB = 1e-5, 0.02, 0.5  # seconds of an image, of an epoch's end, of a job


def step_seconds(kind: StepKind) -> float:
    """The seconds of a step on a machine of one speed."""
    return kind.batch_size * kind.sizes.training_flops * SECONDS_OF_FLOP


def measured(kind: StepKind, seconds: float) -> MeasuredKind:
    return MeasuredKind(
        key=kind.key,
        manner=kind.manner,
        batch_size=kind.batch_size,
        step_seconds=seconds,
        forward_seconds=FORWARD,
        epoch_seconds=EPOCH,
        **vars(kind.sizes),
    )


def calibrated(
    plan: Plan, seconds: Callable[[StepKind], float] = step_seconds, devices: int = 2
) -> Calibration:
    """A calibration in which every kind of a plan was measured."""
    works = Works(plan)
    kinds = {works.kind(training) for training in plan.trainings.values()}
    machine = Machine("made-up", "of one speed", "cpu", devices, "2.0")
    each = sorted((measured(kind, seconds(kind)) for kind in kinds), key=lambda one: one.key)
    return Calibration(machine, tuple(each), JOB, 1.0)
