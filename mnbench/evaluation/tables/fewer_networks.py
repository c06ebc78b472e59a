"""Table ``fewer_networks``: what the first networks of Full Data do for a point's cost.

Open it to see the rival that a budget curve lacks: it trains all networks for fewer epochs, and one
can also train fewer of them in whole. The trap: whole networks alone count, and nothing lies
between two sizes, so that Full Data spends less than the point, and never more.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from mnbench.evaluation.bootstrap import MINIMUM_SEEDS, interval, p_value
from mnbench.evaluation.curves import ROUNDING
from mnbench.evaluation.points import Point, full_size, on_common_seeds
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

TITLE = "The most networks of Full Data that each ensemble's cost pays for"

COLUMNS = {
    **SETTING,
    **POINT,
    **COST_AXIS,
    **SEEDS,
    "networks": "the most first networks of Full Data that cost no more than the point, fewer than "
    "Full Data has",
    "cost_share": "what these cost, divided by the point's cost",
    **with_interval("error_gain", "test error of these less the point's own, fraction"),
    "p": f"two-sided p of no difference, from {MINIMUM_SEEDS} seeds on",
}
_REFERENCE = "full_data"


def build(results: StudyResults) -> pd.DataFrame:
    """Return, on every cost axis, one row for every full-size point that costs less than Full Data.

    The networks are Full Data's first ones, in the set's order, trained for the epochs of budget 1.
    How many is decided by the mean costs, on the seeds that all have. A point that costs less than
    the first network has no row, nor has one of the same records.
    """
    return frame(rows_on_axes(results.points, results.costs, _rows), COLUMNS)


def _rows(of_set: Sequence[Point], cost: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of one data set and architecture set on one cost axis."""
    plain = [
        point
        for point in of_set
        if point.id.approach == _REFERENCE and point.id.budget == 1 and not point.id.variant
    ]
    for point in full_size(of_set):
        common = on_common_seeds([point, *plain], cost)
        if len(common) > 1 and common[0].id == point.id:
            yield from _row(common[0], common[1:], cost)


def _row(point: Point, sizes: Sequence[Point], cost: str) -> Iterator[dict[str, Any]]:
    """Yield the row of one point, if its cost pays for one network and not for all."""
    most = point.cost(cost) * (1 + ROUNDING)
    affordable = [some for some in sizes if some.cost(cost) <= most]
    if not affordable:
        return
    rival = max(affordable, key=lambda some: some.id.size)
    if rival.full_size or rival.members == point.members:
        return
    gain = rival.error - point.error
    low, high = interval(gain)
    yield point.id.columns() | {
        "seeds": len(point.seeds),
        "networks": rival.id.size,
        "cost_share": rival.cost(cost) / point.cost(cost),
        "error_gain": rival.value("test_error") - point.value("test_error"),
        "error_gain_low": low,
        "error_gain_high": high,
        "p": p_value(gain) if len(point.seeds) >= MINIMUM_SEEDS else np.nan,
    }
