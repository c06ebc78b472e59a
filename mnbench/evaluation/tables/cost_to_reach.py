"""Table ``cost_to_reach``: what Full Data's error costs every approach.

Open it to change what an approach is read off. The trap: a cell is empty where the approach does
not reach the error, and also where its cheapest ensemble already beats it.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from mnbench.evaluation.curves import cost_at, with_ends
from mnbench.evaluation.points import (
    Point,
    budget_curves,
    mean_curve,
    on_common_seeds,
    replicate_curves,
)
from mnbench.evaluation.results import StudyResults
from mnbench.evaluation.tables.columns import (
    COST_AXIS,
    SEEDS,
    SETTING,
    frame,
    read_off,
    rows_on_axes,
)
from mnbench.evaluation.whole_networks import are_whole

TITLE = "What each approach costs where it is as good as Full Data with m networks"

COLUMNS = {
    **SETTING,
    **COST_AXIS,
    "networks": "number of Full Data's networks",
    "error": "their test error, fraction",
    "approach": "the approach that is to reach it",
    "variant": "its variant's name in the configuration, if it is one",
    **SEEDS,
    **read_off("cost_to_reach", "its cost at that error, in the unit of the cost axis"),
}


def build(results: StudyResults) -> pd.DataFrame:
    """Return, on every cost axis, one row for every size of Full Data and every approach.

    The approach is read off all that it offers, ensembles of every size at every budget and g. The
    cell is empty for an error that it does not reach, or that its cheapest ensemble beats.
    Goals are of Full Data's plain epochs, and of no variant.
    """
    return frame(rows_on_axes(results.points, results.costs, _rows), COLUMNS)


def _rows(of_set: Sequence[Point], cost: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of one data set and architecture set on one cost axis."""
    for goal in (point for point in of_set if are_whole(point.id)):
        for (approach, variant), curve in budget_curves(of_set):
            common = on_common_seeds([goal, *curve], cost)
            if len(common) < 2 or common[0].id != goal.id:
                continue
            target, offers = common[0], common[1:]
            error = target.value("test_error")
            value = float(cost_at(error, mean_curve(offers, cost)))
            replicates = cost_at(target.error, replicate_curves(offers, cost))
            yield {
                "networks": goal.id.size,
                "error": error,
                "approach": approach,
                "variant": variant,
                "seeds": len(target.seeds),
                **with_ends("cost_to_reach", value, replicates),
            }
