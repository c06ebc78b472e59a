"""Table ``fronts``: how far each approach pushes the Pareto front.

Open it to see how points are compared on cost and error together. The trap: rows are of two sorts:
approaches have a hypervolume, points have ``on_front``.
"""

import moocore
import numpy as np
import pandas as pd

from mnbench.evaluation.bootstrap import interval
from mnbench.evaluation.dominance import pareto_front
from mnbench.evaluation.points import Points, budget_curves, full_size, on_common_seeds
from mnbench.evaluation.results import StudyResults
from mnbench.evaluation.tables.columns import (
    COST_AXIS,
    POINT,
    SEEDS,
    SETTING,
    frame,
    setting_columns,
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
    rows = [row for cost in results.costs for row in rows_on(results.points, cost)]
    return frame(rows, COLUMNS)


def rows_on(points: Points, cost: str) -> list[dict]:
    """Return the rows on one cost axis."""
    rows = []
    for setting, of_set in points.items():
        compared = on_common_seeds(full_size(of_set), cost)
        if not compared:
            continue
        stacked = np.stack([[p.cost_replicates(cost), p.error] for p in compared])
        replicates = np.moveaxis(stacked, -1, 0)
        means = np.array([[p.cost(cost), p.value("test_error")] for p in compared])
        reference = REFERENCE * means.max(axis=0)
        on_front = np.mean([pareto_front(*replicate.T) for replicate in replicates], axis=0)
        shared = setting_columns(setting) | {
            "cost": cost,
            "seeds": len(compared[0].seeds),
            "reference_cost": reference[0],
            "reference_error": reference[1],
        }
        for approach, curve in budget_curves(compared):
            indices = [compared.index(point) for point in curve]
            volumes = [_hypervolume(replicate[indices], reference) for replicate in replicates]
            low, high = interval(np.array(volumes))
            rows.append(
                shared
                | {
                    "approach": approach,
                    "hypervolume": _hypervolume(means[indices], reference),
                    "hypervolume_low": low,
                    "hypervolume_high": high,
                }
            )
        rows += [
            shared | point.id.columns() | {"on_front": share}
            for point, share in zip(compared, on_front, strict=True)
        ]
    return rows


def _hypervolume(points: np.ndarray, reference: np.ndarray) -> float:
    return float(moocore.hypervolume(points, ref=reference) / reference.prod())
