"""Table ``cost_to_reach``: what Full Data's error costs every approach.

Open it to change what an approach is read off. The trap: a cell is empty where the approach does
not reach the error, and also where its cheapest ensemble already beats it.
"""

import numpy as np
import pandas as pd

from mnbench.evaluation.curves import cost_at, with_ends
from mnbench.evaluation.points import Points, budget_curves, on_common_seeds
from mnbench.evaluation.results import StudyResults
from mnbench.evaluation.tables.columns import (
    COST_AXIS,
    SEEDS,
    SETTING,
    frame,
    read_off,
    setting_columns,
)

TITLE = "What each approach costs where it is as good as Full Data with m networks"

YARDSTICK = "full_data"  # the approach whose errors are the goals
COLUMNS = {
    **SETTING,
    **COST_AXIS,
    "networks": "number of Full Data's networks",
    "error": "their test error, fraction",
    "approach": "the approach that is to reach it",
    **SEEDS,
    **read_off("cost_to_reach", "its cost at that error, in the unit of the cost axis"),
}


def build(results: StudyResults) -> pd.DataFrame:
    """Return, on every cost axis, one row for every size of Full Data and every approach.

    The approach is read off all that it offers, ensembles of every size at every budget and g. The
    cell is empty for an error that it does not reach, or that its cheapest ensemble beats.
    """
    rows = [row for cost in results.costs for row in rows_on(results.points, cost)]
    return frame(rows, COLUMNS)


def rows_on(points: Points, cost: str) -> list[dict]:
    """Return the rows on one cost axis."""
    rows = []
    for setting, of_set in points.items():
        goals = [
            point for point in of_set if point.id.approach == YARDSTICK and point.id.budget == 1
        ]
        for goal in goals:
            for approach, curve in budget_curves(of_set):
                common = on_common_seeds([goal, *curve], cost)
                if len(common) < 2 or common[0].id != goal.id:
                    continue
                target, offers = common[0], common[1:]
                error = target.value("test_error")
                means = np.array([(p.cost(cost), p.value("test_error")) for p in offers])
                stacked = np.stack([[p.cost_replicates(cost), p.error] for p in offers])
                replicates = cost_at(target.error, np.moveaxis(stacked, -1, 0))
                rows.append(
                    setting_columns(setting)
                    | {"cost": cost, "networks": goal.id.size, "error": error}
                    | {"approach": approach, "seeds": len(target.seeds)}
                    | with_ends("cost_to_reach", float(cost_at(error, means)), replicates)
                )
    return rows
