"""Table ``differences``: the test errors of every two full-size points, paired.

Open it to see how two approaches are compared. The trap: two points of the same records have no
row, such as Full Data and MotherNets with g = ensemble size.
"""

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from mnbench.evaluation.bootstrap import MINIMUM_SEEDS, interval, p_value
from mnbench.evaluation.points import Point, full_size
from mnbench.evaluation.results import StudyResults
from mnbench.evaluation.tables.columns import (
    POINT,
    SEEDS,
    SETTING,
    frame,
    prefixed,
    setting_columns,
    with_interval,
)

TITLE = "Test errors of every two full-size ensembles: the first's less the second's"

COLUMNS = {
    **SETTING,
    **prefixed(POINT, "first_", "the first point"),
    **prefixed(POINT, "second_", "the second point"),
    **SEEDS,
    **with_interval("difference", "test error of the first less that of the second, fraction"),
    "p": f"two-sided p of no difference, from {MINIMUM_SEEDS} seeds on",
    "q": "p adjusted for the number of comparisons (false discovery rate: Benjamini, Hochberg "
    "1995)",
}


def build(results: StudyResults) -> pd.DataFrame:
    """Return one row for every two full-size points of a data set and architecture set.

    Two points of the same records differ by nothing and have no row.
    """
    rows = []
    for setting, points in results.points.items():
        pairs = [difference(*pair) for pair in combinations(full_size(points), 2)]
        pairs = [row for row in pairs if row]
        tested = [row for row in pairs if np.isfinite(row["p"])]
        if tested:
            # Takes half a second to import, and every figure imports this module.
            from scipy.stats import false_discovery_control

            adjusted = false_discovery_control([row["p"] for row in tested], method="bh")
            for row, q in zip(tested, adjusted, strict=True):
                row["q"] = q
        rows += [setting_columns(setting) | row for row in pairs]
    return frame(rows, COLUMNS)


def difference(first: Point, second: Point, metric: str = "test_error") -> dict[str, Any]:
    """Return the paired difference of two points' metric; {} if the records are the same."""
    if first.members == second.members:
        return {}
    common = [seed for seed in first.seeds if seed in second.seeds]
    row = first.id.columns("first_") | second.id.columns("second_")
    row |= {"seeds": len(common)}
    if not common:
        return row | {"p": float("nan")}
    first, second = first.on_seeds(common), second.on_seeds(common)
    of_first, of_second = first.replicates(metric), second.replicates(metric)
    assert of_first is not None and of_second is not None
    replicates = of_first - of_second
    low, high = interval(replicates)
    return row | {
        "difference": first.value(metric) - second.value(metric),
        "difference_low": low,
        "difference_high": high,
        "p": p_value(replicates) if len(common) >= MINIMUM_SEEDS else float("nan"),
        "q": float("nan"),
    }
