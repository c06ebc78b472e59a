"""Table ``equal_error``: cost at equal error and error at equal cost, read off budget curves.

Open it to see how a speed-up is computed. The trap: nothing is extrapolated, so an empty cell is a
place that the other approach's curve does not reach.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from mnbench.evaluation.curves import cost_at, error_at, with_ends
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
    read_off,
    rows_on_axes,
)

TITLE = "Speed-up at equal error, and error gained at equal cost"

COLUMNS = {
    **SETTING,
    **POINT,
    **COST_AXIS,
    "against": "approach whose budget curve the point is compared with",
    "against_variant": "the variant's name in the configuration, if the curve is a variant's",
    **SEEDS,
    **read_off(
        "speed_up", "cost of `against` at the point's error, divided by the point's own cost"
    ),
    **read_off(
        "error_gain", "error of `against` at the point's cost, less the point's own, fraction"
    ),
}


def build(results: StudyResults) -> pd.DataFrame:
    """Return, on every cost axis, one row for every full-size point and every other approach.

    A named variant is an approach of its own here.

    The other approach is read off its budget curve: the minimum error at no more than a cost, its
    full-size points (of all g and budgets) joined linearly in the logarithm of cost. A point that
    is on that curve itself has no row. Nothing is extrapolated: where the curve does not reach, the
    cell is empty, and with too few replicates that reach there is no interval.
    """
    return frame(rows_on_axes(results.points, results.costs, _rows), COLUMNS)


def _rows(of_set: Sequence[Point], cost: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of one data set and architecture set on one cost axis."""
    full = full_size(of_set)
    curves = dict(budget_curves(full))
    for point in full:
        for line, curve in curves.items():
            if line == point.id.line or _on_curve(point, curve):
                continue
            common = on_common_seeds([point, *curve], cost)
            if len(common) > 1 and common[0].id == point.id:
                against = dict(zip(("against", "against_variant"), line, strict=True))
                yield against | _compare(common[0], common[1:], cost)


def _on_curve(point: Point, curve: Sequence[Point]) -> bool:
    """Return whether the point is one of the curve's: MotherNets at the last g are Full Data."""
    return any(point.members == other.members for other in curve)


def _compare(point: Point, curve: Sequence[Point], cost: str) -> dict[str, Any]:
    mean_cost, mean_error = point.cost(cost), point.value("test_error")
    curve_means = mean_curve(curve, cost)
    own_cost, own_error = point.cost_replicates(cost), point.error
    replicates = replicate_curves(curve, cost)
    row = point.id.columns() | {"seeds": len(point.seeds)}
    for name, quantity in (("speed_up", _speed_up), ("error_gain", _error_gain)):
        value = float(quantity(mean_cost, mean_error, curve_means))
        row |= with_ends(name, value, quantity(own_cost, own_error, replicates))
    return row


def _speed_up(cost: ArrayLike, error: ArrayLike, curve: np.ndarray) -> np.ndarray:
    return cost_at(error, curve) / np.asarray(cost)


def _error_gain(cost: ArrayLike, error: ArrayLike, curve: np.ndarray) -> np.ndarray:
    return error_at(cost, curve) - np.asarray(error)
