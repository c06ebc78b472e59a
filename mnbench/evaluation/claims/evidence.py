"""Evidence: a study's points, and what its plan and records say, of one setting.

Open this module to see what claims and marks are judged by. The trap: an approach's points at its
largest size and plain budget count, see :meth:`Evidence.full`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mnbench.evaluation.bootstrap import interval
from mnbench.evaluation.points import Point, Points
from mnbench.evaluation.tables.files import select
from mnbench.planning.plan import Plan
from mnbench.planning.training_id import TrainingId
from mnbench.records.store import RecordStore


@dataclass(frozen=True)
class Measurement:
    """A quantity with its 95 % confidence interval, and the records that it rests on."""

    value: float
    low: float
    high: float
    records: tuple[str, ...]

    @classmethod
    def of(cls, value: float, replicates: np.ndarray, points: Iterable[Point]) -> "Measurement":
        """Return a quantity computed from *points*, and in every replicate."""
        low, high = interval(replicates)
        return cls(value, low, high, tuple(map(str, records_of(points))))

    @classmethod
    def exact(cls, value: float, records: Iterable[TrainingId | str]) -> "Measurement":
        """Return a quantity that nothing random decides: a count, a maximum."""
        return cls(value, value, value, tuple(dict.fromkeys(map(str, records))))


def records_of(points: Iterable[Point]) -> tuple[TrainingId, ...]:
    """Return the ids of the records that predict in *points*, each once."""
    members = (id for point in points for run in point.runs for id in run.ensemble.members)
    return tuple(dict.fromkeys(members))


@dataclass(frozen=True, eq=False)
class Evidence:
    """What claims are judged by, of one data set and architecture set.

    Attributes:
        dataset: name.
        architecture_set: name.
        points: all of them.
        plan: the study's plan.
        networks: rows of the table ``networks``.
        hatching: largest relative change of the logits, by hatched record.
        cost: the cost axis.
    """

    dataset: str
    architecture_set: str
    points: tuple[Point, ...]
    plan: Plan
    networks: pd.DataFrame
    hatching: Mapping[str, float]
    cost: str

    def full(self, approach: str, networks: int = 0) -> list[Point]:
        """Return an approach's largest points at its plain budget, g ascending; [] if too small.

        Args:
            approach: its name.
            networks: the minimum size.
        """
        plain = [
            point for point in self.points if (point.id.approach, point.id.budget) == (approach, 1)
        ]
        largest = max((point.id.size for point in plain), default=0)
        if not plain or largest < networks:
            return []
        full = [point for point in plain if point.id.size == largest]
        return sorted(full, key=lambda point: point.id.g or 0)

    def fastest(self, approach: str, networks: int = 0) -> Point | None:
        """Return the one of an approach's largest points with the fewest clusters."""
        return next(iter(self.full(approach, networks)), None)

    def sized(self, like: Point) -> list[Point]:
        """Return the points that differ from *like* in size only, the smallest first."""

        def but_for_size(point: Point) -> tuple:
            return point.id.approach, point.id.g, point.id.budget

        same = [point for point in self.points if but_for_size(point) == but_for_size(like)]
        return sorted(same, key=lambda point: point.id.size)


def evidence_of(
    points: Points, networks: pd.DataFrame, store: RecordStore, cost: str
) -> list[Evidence]:
    """Return the evidence of every data set and architecture set of a study.

    Args:
        points: all of the study.
        networks: the table ``networks``, whole.
        store: the records.
        cost: the cost axis that claims are judged on.
    """
    evidence = []
    for (dataset, architecture_set), of_set in points.items():
        rows = select(networks, dataset, architecture_set)
        hatching = {
            id: float(details["hatching_difference"])
            for id in rows["record"]
            if "hatching_difference" in (details := store.record(TrainingId.parse(id)).details)
        }
        evidence.append(
            Evidence(dataset, architecture_set, tuple(of_set), store.plan, rows, hatching, cost)
        )
    return evidence
