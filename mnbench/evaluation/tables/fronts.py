"""Table ``fronts``: how far each approach pushes the Pareto front.

Open it to see how points are compared on cost and error together. The trap: rows are of two sorts:
approaches have a hypervolume, points have ``on_front``.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import moocore
import numpy as np
import pandas as pd

from mnbench.evaluation.bootstrap import interval
from mnbench.evaluation.dominance import pareto_front
from mnbench.evaluation.points import (
    Point,
    budget_curves,
    full_size,
    mean_curve,
    on_common_seeds,
    replicate_curves,
)
from mnbench.evaluation.results import StudyResults
from mnbench.evaluation.tables.columns import (
    COST_AXIS,
    POINT,
    SEEDS,
    SETTING,
    frame,
    rows_on_axes,
    with_interval,
)

TITLE = "Hypervolume of each approach; how often each point is on the front"

REFERENCE = 1.1  # the reference point: so many times the largest cost, and the largest error
COLUMNS = {
    **SETTING,
    **POINT,
    **COST_AXIS,
    **SEEDS,
    **with_interval(
        "hypervolume",
        "area that the approach's points dominate up to the reference point, as a fraction of the "
        "rectangle from zero cost and error to there (rows of approaches)",
    ),
    "on_front": "fraction of the replicates in which the point is on the front over all approaches "
    "(rows of points)",
    "reference_cost": f"cost of the reference point: {REFERENCE} times the largest",
    "reference_error": f"error of the reference point: {REFERENCE} times the largest, fraction",
}


def build(results: StudyResults) -> pd.DataFrame:
    """Return, on every cost axis, one row an approach and one row a full-size point."""
    return frame(rows_on_axes(results.points, results.costs, _rows), COLUMNS)


def _rows(of_set: Sequence[Point], cost: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of one data set and architecture set on one cost axis."""
    compared = on_common_seeds(full_size(of_set), cost)
    if not compared:
        return
    means, replicates = mean_curve(compared, cost), replicate_curves(compared, cost)
    reference = REFERENCE * means.max(axis=0)
    shared = {
        "seeds": len(compared[0].seeds),
        "reference_cost": reference[0],
        "reference_error": reference[1],
    }
    for (approach, variant), curve in budget_curves(compared):
        indices = [compared.index(point) for point in curve]
        volumes = [_hypervolume(replicate[indices], reference) for replicate in replicates]
        low, high = np.clip(interval(np.array(volumes)), 0, 1)  # few seeds: wide tails
        yield shared | {
            "approach": approach,
            "variant": variant,
            "hypervolume": _hypervolume(means[indices], reference),
            "hypervolume_low": low,
            "hypervolume_high": high,
        }
    on_front = np.mean([pareto_front(*replicate.T) for replicate in replicates], axis=0)
    for point, share in zip(compared, on_front, strict=True):
        yield shared | point.id.columns() | {"on_front": share}


def _hypervolume(points: np.ndarray, reference: np.ndarray) -> float:
    return float(moocore.hypervolume(points, ref=reference) / reference.prod())
