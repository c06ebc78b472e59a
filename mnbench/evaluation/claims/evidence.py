"""What claims and marks are judged by: a study's points, and what its plan and records say."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mnbench.evaluation.bootstrap import interval
from mnbench.evaluation.points import Point
from mnbench.planning.plan import Plan
from mnbench.planning.training_id import TrainingId


@dataclass(frozen=True)
class Measured:
    """A figure with its 95 % interval, and what it rests on."""

    value: float
    low: float
    high: float
    records: tuple[str, ...]

    @classmethod
    def of(cls, value: float, replicates: np.ndarray, points: Iterable[Point]) -> "Measured":
        """A figure computed from *points*, and in every replicate."""
        low, high = interval(replicates)
        return cls(value, low, high, tuple(map(str, records_of(points))))

    @classmethod
    def exact(cls, value: float, records: Iterable[TrainingId | str]) -> "Measured":
        """A figure that nothing random decides: a count, a maximum."""
        return cls(value, value, value, tuple(dict.fromkeys(map(str, records))))


def records_of(points: Iterable[Point]) -> tuple[TrainingId, ...]:
    """The records that answer in *points*, each once."""
    found = (member for p in points for run in p.runs for member in run.ensemble.members)
    return tuple(dict.fromkeys(found))


@dataclass(frozen=True, eq=False)
class Evidence:
    """Of one data set and ensemble of a study."""

    dataset: str
    architecture_set: str
    points: tuple[Point, ...]
    plan: Plan
    networks: pd.DataFrame  # rows of ``tables.networks``
    hatching: Mapping[str, float]  # largest relative change of the logits, by hatched record
    cost: str  # the cost axis

    def full(self, approach: str, networks: int = 0) -> list[Point]:
        """An approach's largest points at its plain budget, g ascending; [] if too small.

        Args:
            approach: its name.
            networks: the least size that will do.
        """
        own = [p for p in self.points if p.key.approach == approach and p.key.budget == 1]
        largest = max((point.key.size for point in own), default=0)
        if not own or largest < networks:
            return []
        found = [point for point in own if point.key.size == largest]
        return sorted(found, key=lambda point: point.key.g or 0)

    def fastest(self, approach: str, networks: int = 0) -> Point | None:
        """Of an approach's largest points the one with the fewest clusters."""
        return next(iter(self.full(approach, networks)), None)

    def sized(self, like: Point) -> list[Point]:
        """The points that differ from *like* in size only, the smallest first."""
        key = like.key
        same = [
            point
            for point in self.points
            if (point.key.approach, point.key.g, point.key.budget)
            == (key.approach, key.g, key.budget)
        ]
        return sorted(same, key=lambda point: point.key.size)
