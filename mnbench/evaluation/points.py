"""Points: an approach at one g, budget and size, over its seeds, with bootstrap replicates.

What is compared, drawn and claimed are points. A point keeps its figures' replicates, so that
whatever is computed from several points (a difference, a front, a speed-up) can be computed in
every replicate, and has an interval for it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

import numpy as np

from mnbench.evaluation.bootstrap import Bootstrap
from mnbench.evaluation.ensembles import AVERAGE, Evaluated, Evaluation, Named
from mnbench.planning.config import COST_AXES, TIMES

COSTS = (*COST_AXES, "epochs")


@dataclass(frozen=True)
class Key:
    """What tells a point from the others of its data set and ensemble."""

    approach: str
    g: int | None
    budget: float
    size: int

    def __str__(self) -> str:
        g = "" if self.g is None else f" g={self.g}"
        return self.approach + g + ("" if self.budget == 1 else f" ×{self.budget:g}")


@dataclass(frozen=True, eq=False)
class Point:
    """One approach at one g, budget and size."""

    key: Key
    runs: tuple[Evaluated, ...]  # one a seed, in the study's order
    bootstrap: Bootstrap

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds that were evaluated."""
        return tuple(run.ensemble.seed for run in self.runs)

    @property
    def full_size(self) -> bool:
        """Whether the plan has no larger ensemble of this approach."""
        return self.runs[0].full_size

    def on_seeds(self, seeds: Iterable[int]) -> "Point":
        """The same point on some of its seeds only."""
        chosen = set(seeds)
        runs = tuple(run for run in self.runs if run.ensemble.seed in chosen)
        return Point(self.key, runs, self.bootstrap)

    def value(self, measure: str, rule: str = AVERAGE) -> float:
        """The mean of a measure over the seeds."""
        return float(np.mean([run.values[rule, measure] for run in self.runs]))

    def replicates(self, measure: str, rule: str = AVERAGE) -> np.ndarray | None:
        """The mean over seeds in every replicate; None of what is not measured again."""
        name: Named = (rule, measure)
        if any(name not in run.replicates for run in self.runs):
            return None
        return self.bootstrap.over_seeds(
            self.seeds, np.stack([run.replicates[name] for run in self.runs])
        )

    @cached_property
    def error(self) -> np.ndarray:
        """The replicates of the test error: ``(replicates,)``."""
        found = self.replicates("test_error")
        assert found is not None
        return found

    def timed(self, cost: str) -> tuple[Evaluated, ...]:
        """The runs whose cost is a measurement: all, or of times those that had the device."""
        if cost not in TIMES:
            return self.runs
        return tuple(run for run in self.runs if not run.cost.shared_device)

    def cost(self, cost: str) -> float:
        """The mean of a cost over the seeds; NaN where no run's time is a measurement."""
        values = [cost_of(run, cost) for run in self.timed(cost)]
        return float(np.mean(values)) if values else float("nan")

    def cost_replicates(self, cost: str) -> np.ndarray:
        """The mean over seeds in every replicate: ``(replicates,)``."""
        runs = self.timed(cost)
        return self.bootstrap.over_seeds(
            [run.ensemble.seed for run in runs],
            np.array([cost_of(run, cost) for run in runs], dtype=np.float64),
        )


def cost_of(run: Evaluated, cost: str) -> float:
    """Return one cost of an ensemble by the name that it has in the tables."""
    return float(getattr(run.cost, cost))


def points(evaluation: Evaluation) -> Mapping[tuple[str, str], list[Point]]:
    """Gather every point of a study by (data set, ensemble), in the plan's order."""
    found: dict[tuple[str, str], dict[Key, list[Evaluated]]] = {}
    for one in evaluation.evaluated:
        row = one.ensemble
        key = Key(row.approach, row.g, row.budget, row.size)
        found.setdefault((row.dataset, row.architecture_set), {}).setdefault(key, []).append(one)
    return {
        where: [
            Point(key, tuple(runs), evaluation.bootstraps[where[0]]) for key, runs in by_key.items()
        ]
        for where, by_key in found.items()
    }


def full_size(of_ensemble: Iterable[Point]) -> list[Point]:
    """Keep the points of each approach's largest planned size, evaluated or not."""
    return [point for point in of_ensemble if point.full_size]


def curves(of_ensemble: Iterable[Point]) -> Iterator[tuple[str, list[Point]]]:
    """Group points by approach, g set aside: what an approach offers at its budgets."""
    ordered = sorted(of_ensemble, key=lambda point: point.key.approach)
    for approach, group in groupby(ordered, key=lambda point: point.key.approach):
        yield approach, list(group)


def on_common_seeds(of_ensemble: Iterable[Point], cost: str) -> list[Point]:
    """Restrict points to the seeds that all have, with a cost that is a measurement.

    Points without any such seed are left out first.
    """
    usable = [point for point in of_ensemble if point.timed(cost)]
    if not usable:
        return []
    common = set.intersection(*({r.ensemble.seed for r in p.timed(cost)} for p in usable))
    return [point.on_seeds(common) for point in usable] if common else []
