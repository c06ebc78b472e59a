"""A row for every ensemble of a plan: what it trains, and what that takes of this machine.

Open it to add a column. The trap: ensembles share trainings, so that rows do not add up; only the
plan's own total bills each training once.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from mnbench.planning.disk import record_bytes
from mnbench.planning.forecast import predicted_training_flops
from mnbench.planning.lineage import Ensemble
from mnbench.planning.plan import Plan
from mnbench.planning.training_id import TrainingId
from mnbench.timing.hours import HOUR, Seconds


@dataclass(frozen=True)
class Bill:
    """What a training, or several of them, take."""

    trainings: int = 0
    networks: int = 0
    training_flops: int = 0  # at most
    device_seconds: float = 0.0
    disk_bytes: int = 0
    longest_chain_seconds: float = 0.0  # no number of devices is faster

    def __add__(self, other: "Bill") -> "Bill":
        """Add everything up but the longest chain, which is the longer one's."""
        longest = max(self.longest_chain_seconds, other.longest_chain_seconds)
        names = [own.name for own in fields(self)][:-1]
        sums = {key: getattr(self, key) + getattr(other, key) for key in names}
        return Bill(**sums, longest_chain_seconds=longest)


@dataclass(frozen=True)
class PlanRow:
    """An ensemble of a plan, all seeds together."""

    dataset: str
    architecture_set: str
    approach: str
    variant: str
    g: int | None
    budget: float
    size: int
    seeds: int
    bill: Bill

    @property
    def line(self) -> tuple[Any, ...]:
        """What it has in common with the same ensemble of other sizes."""
        return (*self.setting, self.approach, self.variant, self.g, self.budget)

    @property
    def setting(self) -> tuple[str, str]:
        """Data set and architecture set."""
        return (self.dataset, self.architecture_set)

    def plain(self) -> dict[str, Any]:
        """Return the row for a CSV file: hours, TFLOPs and gigabytes, no seed billed twice."""
        bill = self.bill
        return {key: value for key, value in asdict(self).items() if key != "bill"} | {
            "trainings": bill.trainings,
            "networks": bill.networks,
            "training_tflops": bill.training_flops / 1e12,
            "device_hours": bill.device_seconds / HOUR,
            "longest_chain_hours": bill.longest_chain_seconds / HOUR,
            "disk_gb": bill.disk_bytes / 1e9,
        }


def plan_rows(plan: Plan, seconds: Mapping[TrainingId, Seconds]) -> list[PlanRow]:
    """Return a row for every ensemble, the seeds of each together, in the plan's order.

    Args:
        plan: the study's plan.
        seconds: what each training takes; empty if that is not known, and hours are then 0.
    """
    bills = _bills(plan, seconds)
    rows: dict[tuple[Any, ...], PlanRow] = {}
    for ensemble, bill in _billed(plan, bills):
        row = PlanRow(
            ensemble.dataset,
            ensemble.architecture_set,
            ensemble.approach,
            ensemble.variant,
            ensemble.g,
            ensemble.budget,
            ensemble.size,
            1,
            bill,
        )
        key = (*row.line, row.size)
        if before := rows.get(key):
            row = replace(row, seeds=before.seeds + 1, bill=before.bill + bill)
        rows[key] = row
    return list(rows.values())


def whole_bill(plan: Plan, seconds: Mapping[TrainingId, Seconds]) -> Bill:
    """Return what all trainings of a plan take, each billed once."""
    return sum(_bills(plan, seconds).values(), start=Bill())


def largest_rows(rows: Iterable[PlanRow]) -> list[PlanRow]:
    """Return those of which there is no larger one of the same approach, g, budget and variant."""
    largest: dict[tuple[Any, ...], PlanRow] = {}
    for row in rows:
        if row.line not in largest or row.size > largest[row.line].size:
            largest[row.line] = row
    return list(largest.values())


def rows_as_csv(rows: Iterable[PlanRow]) -> str:
    """Return rows as the text of a CSV file."""
    plain = [row.plain() for row in rows]
    text = io.StringIO()
    writer = csv.DictWriter(text, plain[0].keys(), lineterminator="\n")
    writer.writeheader()
    writer.writerows(plain)
    return text.getvalue()


def _bills(plan: Plan, seconds: Mapping[TrainingId, Seconds]) -> dict[TrainingId, Bill]:
    """Return what each training takes by itself; its longest chain ends with it."""
    bills: dict[TrainingId, Bill] = {}
    for id, training in plan.trainings.items():
        own = seconds[id].total if seconds else 0.0
        before = max((bills[one].longest_chain_seconds for one in training.parents), default=0.0)
        bills[id] = Bill(
            1,
            len(training.networks),
            predicted_training_flops(training, plan),
            own,
            record_bytes(plan, id),
            before + own,
        )
    return bills


@dataclass
class _Line:
    """The members of a growing ensemble, and the bill of their lineage."""

    members: tuple[TrainingId, ...] = ()
    lineage: set[TrainingId] = field(default_factory=set)
    bill: Bill = field(default_factory=Bill)


def _billed(plan: Plan, bills: Mapping[TrainingId, Bill]) -> Iterator[tuple[Ensemble, Bill]]:
    """Yield every ensemble with the bill of its lineage, each training once.

    Most ensembles are the one before and a member more: only what is new is added.
    """
    line = _Line()
    for ensemble in plan.ensembles:
        known = len(line.members)
        if ensemble.members[:known] != line.members:
            line, known = _Line(), 0
        waiting = list(ensemble.members[known:])
        while waiting:
            id = waiting.pop()
            if id not in line.lineage:
                line.lineage.add(id)
                line.bill += bills[id]
                waiting += plan.trainings[id].parents
        line.members = ensemble.members
        yield ensemble, line.bill
