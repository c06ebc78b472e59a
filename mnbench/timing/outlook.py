"""What ``mnbench plan`` prints of a calibrated machine: rows, device-hours, wall time.

Open it to change that text. The trap: a wall time is that of a machine with nothing else to do,
whatever it did while it was measured.
"""

from dataclasses import dataclass
from functools import cached_property

from mnbench.figures import FIGURES
from mnbench.planning.critical_path import critical_paths, longest_chain
from mnbench.planning.plan import Plan
from mnbench.planning.training_id import TrainingId
from mnbench.timing.calibration import Calibration
from mnbench.timing.cost_model import CostModel
from mnbench.timing.hours import Seconds, duration, seconds_of_trainings
from mnbench.timing.kinds import Works
from mnbench.timing.queueing import wall_seconds
from mnbench.timing.rows import PlanRow, largest_rows, plan_rows, whole_bill
from mnbench.timing.rows_table import rows_table

_UNDISTURBED = 0.75  # the share of its device below which a measuring process was disturbed
# CPU-seconds behind the trainings, those of the default study on two cores: not calibrated, since
# they are a minute or two of hours.
FIGURE_SECONDS, TABLES_SECONDS = 2.0, 26.0


@dataclass(frozen=True)
class Outlook:
    """What a plan takes of the calibrated machine."""

    plan: Plan
    calibration: Calibration
    seconds: dict[TrainingId, Seconds]
    devices: int

    @classmethod
    def of(cls, plan: Plan, calibration: Calibration, devices: int | None = None) -> "Outlook":
        """Return the outlook of a plan on a number of devices, those of the machine unless given.

        With another number each device is thought to be as fast as when all of the machine work.
        """
        seconds = seconds_of_trainings(plan, CostModel(calibration))
        return cls(plan, calibration, seconds, devices or calibration.machine.devices)

    @cached_property
    def totals(self) -> dict[TrainingId, float]:
        """The seconds of each training, from its job's start to its record."""
        return {id: one.total for id, one in self.seconds.items()}

    @cached_property
    def wall_seconds(self) -> float:
        """From the first training to the last page."""
        return wall_seconds(self.plan, self.totals, self.devices) + self.evaluation_seconds

    @property
    def evaluation_seconds(self) -> float:
        """Of tables, figures and pages, behind the trainings."""
        settings = {(one.dataset, one.architecture_set) for one in self.plan.ensembles}
        drawn = FIGURE_SECONDS * len(settings) * len(FIGURES)
        return (drawn + TABLES_SECONDS) / self.devices

    @cached_property
    def rows(self) -> list[PlanRow]:
        """A row for every ensemble of every size."""
        return plan_rows(self.plan, self.seconds)

    def text(self) -> str:
        """Return rows and totals as a text for the terminal."""
        total = whole_bill(self.plan, self.seconds)
        return "\n".join([rows_table(largest_rows(self.rows), total), *self._said()])

    def _where(self) -> str:
        """Return on what the study runs. On GPUs trainings are counted: several may share one."""
        if self.calibration.machine.device == "cuda":
            return f"with {self.devices} trainings side by side"
        return f"on {self.devices} cores"

    def _said(self) -> list[str]:
        paths = critical_paths(self.plan, self.totals)
        chain = longest_chain(self.plan, paths)
        names = [f"{id.approach} {id.name}" for id in chain]
        if len(names) > 3:
            names = [names[0], f"{len(names) - 2} more", names[-1]]
        open_end = any(
            one.recipe["protocol"] == "convergence" for one in self.plan.trainings.values()
        )
        machine = self.calibration.machine
        works = Works(self.plan)
        kinds = {works.kind(one) for one in self.plan.trainings.values()}
        model = CostModel(self.calibration)
        unknown = sum(not model.knows(kind) for kind in kinds)
        lines = [
            f"seconds are of {machine.name} ({machine.processor}, torch {machine.torch}), with "
            f"{machine.devices} trainings side by side",
            f"wall time {self._where()}: "
            f"{'at most ' if open_end else ''}{duration(self.wall_seconds)}, "
            f"{duration(self.evaluation_seconds)} of it tables and figures",
            f"longest chain of trainings: {duration(paths[chain[0]])} ({', then '.join(names)})",
        ]
        if unknown:
            lines.append(
                f"{unknown} of {len(kinds)} kinds of steps were not measured and are predicted "
                "from the others; --calibrate measures this study's"
            )
        if self.calibration.device_share < _UNDISTURBED:
            lines.append(
                "the machine was busy when it was calibrated: hours are of CPU time, and a busy "
                "machine takes longer"
            )
        return lines
