"""Table ``estimates``: every point with a confidence interval for every metric.

Open it to add a quantity that pages and figures show. The trap: below an approach's full size, slow
metrics have no interval.
"""

from typing import Any

import numpy as np
import pandas as pd

from mnbench.evaluation.bootstrap import interval
from mnbench.evaluation.combination import COMBINATIONS
from mnbench.evaluation.evaluate import METRICS
from mnbench.evaluation.points import COSTS, Point
from mnbench.evaluation.results import StudyResults
from mnbench.evaluation.tables.columns import (
    POINT,
    SEEDS,
    SETTING,
    WORK,
    frame,
    setting_columns,
    with_interval,
)

TITLE = "Every ensemble and combination method: mean over the seeds (95 % interval)"

COLUMNS = {
    **SETTING,
    **POINT,
    "combination": f"combination method: {', '.join(COMBINATIONS)}",
    **SEEDS,
    "images": "number of test images",
    "timed_seeds": "number of seeds whose times are measurements",
    "full_size": "whether the plan has no larger ensemble of this approach, g and variant",
}
# What a metric can be. Means of few seeds have wide tails in their replicates, beyond it.
_ANY_SIZE = (0.0, float("inf"))
RANGES = dict.fromkeys(METRICS, (0.0, 1.0)) | {
    "negative_log_likelihood": _ANY_SIZE,
    "brier_score": (0.0, 2.0),
    "divergence": _ANY_SIZE,
    "q_statistic": (-1.0, 1.0),
    "error_correlation": (-1.0, 1.0),
}
for _metric in METRICS:
    COLUMNS |= with_interval(_metric, METRICS[_metric])
for _cost in COSTS:
    COLUMNS |= with_interval(_cost, WORK[_cost])


def build(results: StudyResults) -> pd.DataFrame:
    """Return one row for every point and combination method.

    A metric is empty for a method that has none, and so are the intervals of slow metrics below an
    approach's full size. An interval ends where the metric's range does.
    """
    rows = (
        setting_columns(setting) | _row(point, combination)
        for setting, points in results.points.items()
        for point in points
        for combination in COMBINATIONS
    )
    return frame(rows, COLUMNS)


def _row(point: Point, combination: str) -> dict[str, Any]:
    row: dict[str, Any] = point.id.columns() | {
        "combination": combination,
        "seeds": len(point.runs),
        "images": point.bootstrap.images,
        "timed_seeds": len(point.timed("cpu_seconds")),
        "full_size": point.full_size,
    }
    for metric in METRICS:
        if (combination, metric) in point.runs[0].values:
            row[metric] = point.value(metric, combination)
            replicates = point.replicates(metric, combination)
            if replicates is not None:
                low, high = np.clip(interval(replicates), *RANGES[metric])
                row[f"{metric}_low"], row[f"{metric}_high"] = float(low), float(high)
    for cost in COSTS:
        row[cost] = point.cost(cost)
        row[f"{cost}_low"], row[f"{cost}_high"] = interval(point.cost_replicates(cost))
    return row
