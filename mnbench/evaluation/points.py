"""Points: an approach at one g, budget, size and variant, over its seeds, and replicates.

Open this module to see what is compared, drawn and claimed. A point keeps the replicates of its
metrics, so a quantity of several points (a difference, a front, a speed-up) is computed in every
replicate and has an interval. The trap: points are paired by seed; compare them on common seeds.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import groupby
from typing import Any

import numpy as np

from mnbench.evaluation.bootstrap import Bootstrap
from mnbench.evaluation.combination import AVERAGE
from mnbench.evaluation.evaluate import EvaluatedEnsemble, Evaluation
from mnbench.naming import named_variant
from mnbench.planning.config import COST_AXES, TIMES

COSTS = (*COST_AXES, "epochs")
# Student's t with two seeds has tails that no float holds as a factor. Ratios of two such costs,
# and their differences, stay finite within these.
_LARGEST_LOGARITHM = 300.0
CurveId = tuple[str, str]  # an approach, and the name of a variant of it or ""
Points = Mapping[tuple[str, str], list["Point"]]  # by (data set, architecture set)


@dataclass(frozen=True)
class PointId:
    """What tells a point from the others of its data set and architecture set."""

    approach: str
    g: int | None
    budget: float
    size: int
    variant: str = ""

    @property
    def line(self) -> CurveId:
        """The approach, and the variant's name in the configuration, "" for none."""
        return self.approach, named_variant(self.variant)

    def columns(self, prefix: str = "") -> dict[str, Any]:
        """Return the columns by which every table names a point."""
        return {f"{prefix}{name}": value for name, value in asdict(self).items()}


@dataclass(frozen=True, eq=False)
class Point:
    """One approach at one g, budget, size and variant.

    Attributes:
        id: the approach, g, budget, size and variant.
        runs: one evaluated ensemble a seed, in the study's order.
        bootstrap: the replicates that all points of a data set share.
    """

    id: PointId
    runs: tuple[EvaluatedEnsemble, ...]
    bootstrap: Bootstrap

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds that were evaluated."""
        return tuple(run.ensemble.seed for run in self.runs)

    @property
    def full_size(self) -> bool:
        """Whether the plan has no larger ensemble of this approach."""
        return self.runs[0].full_size

    @property
    def members(self) -> set[tuple]:
        """The records of every seed: equal sets are the same networks, whatever they are called."""
        return {run.ensemble.members for run in self.runs}

    def on_seeds(self, seeds: Iterable[int]) -> "Point":
        """Return the same point on some of its seeds only."""
        chosen = set(seeds)
        runs = tuple(run for run in self.runs if run.ensemble.seed in chosen)
        return Point(self.id, runs, self.bootstrap)

    def value(self, metric: str, combination: str = AVERAGE) -> float:
        """Return the mean of a metric over the seeds."""
        return float(np.mean([run.values[combination, metric] for run in self.runs]))

    def replicates(self, metric: str, combination: str = AVERAGE) -> np.ndarray | None:
        """Return the mean over seeds in every replicate; None of a metric without replicates."""
        key = (combination, metric)
        if any(key not in run.replicates for run in self.runs):
            return None
        return self.bootstrap.over_seeds(
            self.seeds,
            np.array([run.values[key] for run in self.runs]),
            np.stack([run.replicates[key] for run in self.runs]),
        )

    @cached_property
    def error(self) -> np.ndarray:
        """The replicates of the test error: ``(replicates,)``."""
        replicates = self.replicates("test_error")
        assert replicates is not None
        return replicates

    def timed(self, cost: str) -> tuple[EvaluatedEnsemble, ...]:
        """Return the runs whose cost is a measurement: all, or of times those not shared."""
        if cost not in TIMES:
            return self.runs
        return tuple(run for run in self.runs if not run.cost.shared_device)

    def cost(self, cost: str) -> float:
        """Return the mean of a cost over the seeds; NaN where no run's time is a measurement."""
        values = [cost_of(run, cost) for run in self.timed(cost)]
        return float(np.mean(values)) if values else float("nan")

    def cost_replicates(self, cost: str) -> np.ndarray:
        """Return the mean cost over seeds in every replicate: ``(replicates,)``.

        Seeds vary it by a factor, so that it stays positive, as costs are.
        """
        runs = self.timed(cost)
        values = np.array([cost_of(run, cost) for run in runs], dtype=np.float64)
        if not len(values) or not (values > 0).all() or (values == values[0]).all():
            mean = values.mean() if len(values) else np.nan
            return np.full(self.bootstrap.replicates, mean)
        seeds = [run.ensemble.seed for run in runs]
        logarithms = self.bootstrap.over_seeds(seeds, np.log(values)) - np.log(values).mean()
        return values.mean() * np.exp(logarithms.clip(-_LARGEST_LOGARITHM, _LARGEST_LOGARITHM))


def cost_of(run: EvaluatedEnsemble, cost: str) -> float:
    """Return one cost of an ensemble by the name of its column."""
    return float(getattr(run.cost, cost))


def points(evaluation: Evaluation) -> Points:
    """Return every point of a study by (data set, architecture set), in the plan's order."""
    runs: dict[tuple[str, str], dict[PointId, list[EvaluatedEnsemble]]] = {}
    for run in evaluation.evaluated:
        ensemble = run.ensemble
        setting = (ensemble.dataset, ensemble.architecture_set)
        id = PointId(
            ensemble.approach, ensemble.g, ensemble.budget, ensemble.size, ensemble.variant
        )
        runs.setdefault(setting, {}).setdefault(id, []).append(run)
    return {
        setting: [
            Point(id, tuple(of_point), evaluation.bootstraps[setting[0]])
            for id, of_point in by_id.items()
        ]
        for setting, by_id in runs.items()
    }


def full_size(of_set: Iterable[Point]) -> list[Point]:
    """Return the points of each approach's largest planned size, evaluated or not."""
    return [point for point in of_set if point.full_size]


def budget_curves(of_set: Iterable[Point]) -> Iterator[tuple[CurveId, list[Point]]]:
    """Yield each line, an approach or a named variant of it, with what it offers at its costs."""
    ordered = sorted(of_set, key=lambda point: point.id.line)
    for line, group in groupby(ordered, key=lambda point: point.id.line):
        yield line, list(group)


def mean_curve(of_set: Iterable[Point], cost: str) -> np.ndarray:
    """Return the mean cost and test error of each point: ``(points, 2)``."""
    return np.array([(point.cost(cost), point.value("test_error")) for point in of_set])


def replicate_curves(of_set: Iterable[Point], cost: str) -> np.ndarray:
    """Return cost and test error of each point in every replicate: ``(replicates, points, 2)``."""
    stacked = np.stack([[point.cost_replicates(cost), point.error] for point in of_set])
    return np.moveaxis(stacked, -1, 0)


def on_shared_seeds(compared: Sequence[Point], cost: str | None = None) -> list[Point]:
    """Return the points on the seeds that all of them have; [] if there is no such seed.

    Args:
        compared: the points, one or more.
        cost: a cost that each seed must have a measurement of, or None.
    """
    of_each = [
        {run.ensemble.seed for run in (point.timed(cost) if cost else point.runs)}
        for point in compared
    ]
    shared = set.intersection(*of_each)
    return [point.on_seeds(shared) for point in compared] if shared else []


def on_common_seeds(of_set: Iterable[Point], cost: str) -> list[Point]:
    """Return the points on the seeds that all have, with a cost that is a measurement.

    Points without any such seed are left out first.
    """
    usable = [point for point in of_set if point.timed(cost)]
    return on_shared_seeds(usable, cost) if usable else []
