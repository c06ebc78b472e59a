"""What ``mnbench plan`` prints of a calibrated machine: rows, device-hours, wall time.

Open it to change that text. The trap: a wall time is that of a machine with nothing else to do,
whatever it did while it was measured.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from mnbench.figures import FIGURES
from mnbench.planning.critical_path import critical_paths, longest_chain
from mnbench.planning.disk import GIGABYTE
from mnbench.planning.plan import Plan
from mnbench.planning.training_id import TrainingId
from mnbench.timing.calibration import Calibration
from mnbench.timing.cost_model import CostModel
from mnbench.timing.hours import HOUR, Seconds, duration, seconds_of_trainings
from mnbench.timing.kinds import Works
from mnbench.timing.queueing import wall_seconds
from mnbench.timing.rows import Bill, PlanRow, largest_rows, plan_rows, whole_bill

MOST_ROWS = 30  # on the terminal
_UNDISTURBED = 0.75  # the share of its device below which a measuring process was disturbed
# CPU-seconds behind the trainings, a guess from a tiny study on two cores: not calibrated, since
# they are a minute or two of hours.
FIGURE_SECONDS, TABLES_SECONDS = 6.0, 30.0


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
        return "\n".join([*_table(largest_rows(self.rows), total), *self._said()])

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
            f"wall time on {self.devices} {'GPUs' if machine.device == 'cuda' else 'cores'}: "
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


def _table(rows: Sequence[PlanRow], total: Bill) -> list[str]:
    """Return lines of a table: the largest ensemble of each approach, g, budget and variant."""
    shown = rows[:MOST_ROWS]
    several = len({row.setting for row in rows}) > 1
    names = [_name(row, several=several) for row in shown]
    width = max(map(len, [*names, "all trainings, each once"]))
    head = (
        f"{'ensemble':<{width}}  size  trainings  networks  TFLOPs  device-hours  "
        "longest chain  disk"
    )
    lines = [head]
    for name, row in zip(names, shown, strict=True):
        lines.append(_line(f"{name:<{width}}  {row.size:>4}", row.bill))
    if len(rows) > len(shown):
        lines.append(
            f"and {len(rows) - len(shown)} more; --csv FILE has all of them, of every size"
        )
    lines.append(_line(f"{'all trainings, each once':<{width}}  {'':>4}", total))
    return lines


def _name(row: PlanRow, *, several: bool) -> str:
    """Return what tells a row from the others."""
    parts = [row.approach]
    parts += [row.variant] if row.variant else []
    parts += [f"g={row.g}"] if row.g else []
    parts += [f"budget={row.budget:g}"] if row.budget != 1 else []
    return (f"{row.dataset} {row.architecture_set} " if several else "") + " ".join(parts)


def _line(start: str, bill: Bill) -> str:
    flops = bill.training_flops / 1e12
    return (
        f"{start}  {bill.trainings:>9,}  {bill.networks:>8,}  "
        f"{f'{flops:,.0f}' if flops >= 100 else f'{flops:.3g}':>6}  "
        f"{bill.device_seconds / HOUR:>12.3g}  {duration(bill.longest_chain_seconds):>13}  "
        f"{bill.disk_bytes / GIGABYTE:.2g} GB"
    )
