"""Table ``fewer_networks``: what the first networks of Full Data do for a point's cost.

Open it to see the rival that a budget curve lacks: it trains all networks for fewer epochs, and one
can also train fewer of them for all epochs. The trap: nothing lies between two sizes, so that Full
Data spends less than the point, and never more.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from mnbench.evaluation.bootstrap import interval
from mnbench.evaluation.curves import ROUNDING
from mnbench.evaluation.points import Point, full_size, on_shared_seeds
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
from mnbench.evaluation.whole_networks import are_whole

TITLE = "Full Data with fewer networks, for no more than each ensemble's cost"

COLUMNS = {
    **SETTING,
    **POINT,
    **COST_AXIS,
    **SEEDS,
    "networks": "the largest m such that Full Data's first m networks, in the set's order and each "
    "trained for all its epochs, cost no more than the point",
    "cost_share": "what these cost, divided by the point's cost",
    **with_interval("error_gain", "test error of these less the point's own, fraction"),
}


def build(results: StudyResults) -> pd.DataFrame:
    """Return, on every cost axis, one row for every full-size point that costs less than Full Data.

    Each size is compared on the seeds that it shares with the point, of times on those that were
    measured of both. How many networks a cost pays for is decided by the mean costs, once for all
    replicates. A point has no row if it costs less than the first network or as much as all, if
    it is not known that one network more would cost more, and if it is these networks itself.
    """
    return frame(rows_on_axes(results.points, results.costs, _rows), COLUMNS)


def _rows(of_set: Sequence[Point], cost: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of one data set and architecture set on one cost axis."""
    sizes = sorted((one for one in of_set if are_whole(one.id)), key=lambda one: one.id.size)
    for point in full_size(of_set):
        pair = _with_rival(point, sizes, cost)
        if pair is not None:
            yield _row(*pair, cost)


def _with_rival(point: Point, sizes: Sequence[Point], cost: str) -> tuple[Point, Point] | None:
    """Return a point and the most networks that its cost pays for, on the seeds of both.

    Args:
        point: of any approach.
        sizes: Full Data's first networks, by their number.
        cost: the cost axis.
    """
    found = None
    for size in sizes:
        pair = on_shared_seeds([point, size], cost)
        if not pair:
            return None
        own, rival = pair
        if rival.cost(cost) > own.cost(cost) * (1 + ROUNDING):
            itself = found is not None and found[0].members == found[1].members
            return None if itself else found
        found = own, rival
    return None


def _row(point: Point, rival: Point, cost: str) -> dict[str, Any]:
    gain = rival.error - point.error
    low, high = interval(gain)
    return point.id.columns() | {
        "seeds": len(point.seeds),
        "networks": rival.id.size,
        "cost_share": rival.cost(cost) / point.cost(cost),
        "error_gain": rival.value("test_error") - point.value("test_error"),
        "error_gain_low": low,
        "error_gain_high": high,
    }
