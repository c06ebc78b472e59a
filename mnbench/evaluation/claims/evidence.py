"""Evidence: a study's points, and what its plan and records say, of one setting.

Open this module to see what claims and marks are judged by. The trap: as the page compares, an
approach is its largest size at its plain budget, and MotherNets are not at g = size, where they are
Full Data; see :meth:`Evidence.full`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from mnbench.evaluation.bootstrap import MINIMUM_SEEDS, interval
from mnbench.evaluation.convergence import Converged, convergence_of
from mnbench.evaluation.points import Point, PointId, Points, full_size
from mnbench.evaluation.tables.files import select
from mnbench.naming import approach_title, named_variant
from mnbench.planning.plan import Plan
from mnbench.planning.training_id import TrainingId
from mnbench.records.store import RecordStore


@dataclass(frozen=True)
class Untested:
    """Why a study cannot measure a quantity, in words that complete "not tested: ..."."""

    why: str


@dataclass(frozen=True)
class Measurement:
    """A quantity with its 95 % confidence interval, and what it rests on.

    Attributes:
        value: NaN where a budget curve does not reach; then the interval is a bound.
        low: lower end.
        high: upper end.
        records: ids of the records.
        points: the points that were compared.
        seeds: the fewest of any of them.
        possible: the least and the largest value that the configuration allows, if it bounds it.
    """

    value: float
    low: float
    high: float
    records: tuple[str, ...]
    points: tuple[PointId, ...] = ()
    seeds: int = MINIMUM_SEEDS
    possible: tuple[float, float] | None = None

    @classmethod
    def of(
        cls,
        value: float,
        replicates: np.ndarray | tuple[float, float],
        points: Sequence[Point],
        *,
        possible: tuple[float, float] | None = None,
    ) -> "Measurement":
        """Return a quantity computed from *points*, and in every replicate or with its interval."""
        low, high = replicates if isinstance(replicates, tuple) else interval(replicates)
        return cls(
            value,
            low,
            high,
            tuple(map(str, records_of(points))),
            tuple(point.id for point in points),
            min(len(point.runs) for point in points),
            possible,
        )

    @classmethod
    def exact(cls, value: float, records: Iterable[TrainingId | str]) -> "Measurement":
        """Return a quantity that nothing random decides: a count, a maximum."""
        return cls(value, value, value, tuple(dict.fromkeys(map(str, records))))


def too_few(approach: str, networks: int) -> Untested:
    """Return that an approach has no ensemble of that size."""
    of_size = f" of {networks} networks" if networks else ""
    return Untested(f"no {approach_title(approach)}{of_size}")


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
        gains: rows of the table ``convergence``.
        cost: the cost axis.
    """

    dataset: str
    architecture_set: str
    points: tuple[Point, ...]
    plan: Plan
    networks: pd.DataFrame
    hatching: Mapping[str, float]
    gains: pd.DataFrame
    cost: str

    @cached_property
    def approaches(self) -> frozenset[str]:
        """Those that the study has here, or has left out for a stated reason."""
        left_out = (
            out.approach
            for out in self.plan.left_out
            if (out.dataset, out.architecture_set) == (self.dataset, self.architecture_set)
            and not out.variant
        )
        return frozenset([*(point.id.approach for point in self.points), *left_out])

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
        full = [point for point in plain if point.id.size == largest and not is_full_data(point)]
        return sorted(full, key=lambda point: point.id.g or 0)

    def fastest(self, approach: str, networks: int = 0) -> Point | None:
        """Return the one of an approach's largest points with the fewest clusters."""
        return next(iter(self.full(approach, networks)), None)

    def curve(self, approach: str, size: int) -> list[Point]:
        """Return an approach's points of one size at every budget and g."""
        return [
            point
            for point in self.points
            if (point.id.approach, point.id.size) == (approach, size) and not is_full_data(point)
        ]

    def offers(self, *, page: bool) -> list[Point]:
        """Return the full-size points of every approach: at the plain budget only, or at all."""
        offered = [point for point in full_size(self.points) if not is_full_data(point)]
        return [p for p in offered if p.id.budget == 1] if page else offered

    def sized(self, like: Point) -> list[Point]:
        """Return the points that differ from *like* in size only, the smallest first."""

        def but_for_size(point: Point) -> tuple:
            return point.id.approach, point.id.g, point.id.budget

        same = [point for point in self.points if but_for_size(point) == but_for_size(like)]
        return sorted(same, key=lambda point: point.id.size)

    def lineage(self, point: Point) -> tuple[TrainingId, ...]:
        """Return all trainings that a point is billed for, of all its seeds."""
        return self.plan.lineage(records_of([point]))

    def possible_costs(self, point: Point, cost: str) -> tuple[float, float] | None:
        """Return between what costs the configuration leaves a point, or None if unknown.

        A training for a fixed number of epochs costs what it costs, but for how fast the machine
        is. One to convergence takes as many epochs as the rule's patience at least, and
        ``max_epochs`` at most.
        """
        recipes = {id: self.plan.trainings[id].recipe for id in self.lineage(point)}
        protocols = {recipe.get("protocol") for recipe in recipes.values()}
        if protocols == {"epochs"}:
            return point.cost(cost), point.cost(cost)
        if not protocols <= {"epochs", "convergence"}:
            return None
        rows = self.networks.set_index("record")
        least, most = 0.0, 0.0
        for id, recipe in recipes.items():
            if str(id) not in rows.index:
                return None
            own, epochs = rows.loc[str(id), [cost, "epochs"]]
            fewest, largest = epochs_allowed(recipe) or (epochs, epochs)
            least, most = least + own * fewest / epochs, most + own * largest / epochs
        runs = len(point.runs)
        return least / runs, most / runs

    def converged(self, approaches: Sequence[str]) -> Converged:
        """Return whether the networks of some approaches have converged."""
        rows = self.networks
        of_these = rows["approach"].isin([*approaches, "full_data"])
        return convergence_of(self.gains, rows[of_these])


def epochs_allowed(recipe: Mapping[str, Any]) -> tuple[int, int] | None:
    """Return the fewest and the most epochs of a training to convergence; None of a fixed number.

    The first epoch always improves; then patience runs out once, or with the schedule *plateau*
    once more for each decay.
    """
    if recipe["protocol"] == "epochs":
        return None
    rule, schedule = recipe["convergence"], recipe["schedule"]
    times = 1 + (schedule["decays"] if schedule["name"] == "plateau" else 0)
    return min(1 + rule["patience"] * times, rule["max_epochs"]), rule["max_epochs"]


def is_full_data(point: Point) -> bool:
    """Return whether the point is MotherNets with a cluster for every network: Full Data."""
    return point.id.approach == "mothernets" and point.id.g == point.id.size


def evidence_of(
    points: Points,
    networks: pd.DataFrame,
    gains: pd.DataFrame,
    store: RecordStore,
    cost: str,
) -> list[Evidence]:
    """Return the evidence of every data set and architecture set of a study.

    Args:
        points: all that claims are judged by.
        networks: the table ``networks``, whole. Those that named variants alone have are left out.
        gains: the table ``convergence``, whole.
        store: the records.
        cost: the cost axis that claims are judged on.
    """
    evidence = []
    unnamed = (row for row in store.plan.ensembles if not named_variant(row.variant))
    own = set(map(str, store.plan.lineage(id for row in unnamed for id in row.members)))
    for (dataset, architecture_set), of_set in points.items():
        rows = select(networks, dataset, architecture_set)
        rows = rows[rows["record"].isin(own)].reset_index(drop=True)
        hatching = {
            id: float(details["hatching_difference"])
            for id in rows["record"]
            if "hatching_difference" in (details := store.record(TrainingId.parse(id)).details)
        }
        evidence.append(
            Evidence(
                dataset,
                architecture_set,
                tuple(of_set),
                store.plan,
                rows,
                hatching,
                select(gains, dataset, architecture_set),
                cost,
            )
        )
    return evidence
