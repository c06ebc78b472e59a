"""From a plan and a calibration to the seconds of every training.

What counts: steps, a teacher's predictions, validation and saving after each epoch, predictions of
unseen images, and what surrounds a job. Open it to count something else. The trap: under the
protocol "convergence" a training may end sooner, so that its seconds are a maximum.
"""

from dataclasses import dataclass

from mnbench.planning.plan import Plan
from mnbench.planning.training_id import TrainingId
from mnbench.timing.cost_model import CostModel
from mnbench.timing.kinds import TimedWork, Works

HOUR = 3600.0
# CPU-seconds of Snakemake's own process for a job: 183 for the 765 of config/improved.yaml.
SNAKEMAKE_SECONDS = 0.24


@dataclass(frozen=True)
class Seconds:
    """What a training takes of its device."""

    billed: float  # steps and a teacher's predictions: `device_seconds` of the record
    rest: float  # validation, the record's predictions, and the job itself

    @property
    def total(self) -> float:
        """From the start of its job to its record."""
        return self.billed + self.rest


def seconds_of(work: TimedWork, model: CostModel) -> Seconds:
    """Return what a training's work takes on the calibrated machine."""
    steps = work.steps * model.step_seconds(work.kind)
    taught = sum(images * model.forward_seconds(teacher) for teacher, images in work.taught)
    validated = work.validated * model.forward_seconds(work.kind)
    saved = work.epochs * model.epoch_seconds(work.kind)
    around = model.calibration.job_seconds + SNAKEMAKE_SECONDS
    return Seconds(steps + taught, validated + saved + around)


def seconds_of_trainings(plan: Plan, model: CostModel) -> dict[TrainingId, Seconds]:
    """Return the seconds of every training of a plan, in the plan's order."""
    works = Works(plan)
    known: dict[TimedWork, Seconds] = {}
    seconds: dict[TrainingId, Seconds] = {}
    for id, training in plan.trainings.items():
        work = works.of(training)
        if work not in known:
            known[work] = seconds_of(work, model)
        seconds[id] = known[work]
    return seconds


def duration(seconds: float) -> str:
    """Return a time as people say it.

    >>> duration(42), duration(5400), duration(100000), duration(400000)
    ('42 s', '1 h 30 min', '27 h 47 min', '4.6 days')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{seconds / 86400:.1f} days"
