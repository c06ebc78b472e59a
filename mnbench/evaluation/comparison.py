"""Compare two studies point by point: before and after a change, or two machines.

Open this module to see the command ``mnbench compare``. The trap: points are compared over the
seeds that both studies have, on replicates that draw the same images for both.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from mnbench.errors import UserError
from mnbench.evaluation.bootstrap import MINIMUM_SEEDS, interval, p_value
from mnbench.evaluation.evaluate import Evaluation
from mnbench.evaluation.points import Point, full_size, points
from mnbench.evaluation.tables.columns import POINT, SEEDS, SETTING, frame, with_interval

COLUMNS = {
    **SETTING,
    **POINT,
    **SEEDS,
    "first_error": "test error in the first study, fraction",
    "second_error": "test error in the second study, fraction",
    **with_interval("difference", "the second's test error less the first's, fraction"),
    "p": f"two-sided p of no difference, from {MINIMUM_SEEDS} seeds on",
    **with_interval(
        "cost_ratio",
        "the second's cost as a multiple of the first's; empty where a device was shared",
    ),
}


@dataclass(frozen=True, eq=False)
class Pair:
    """The same point of two studies, on the seeds that both have."""

    dataset: str
    architecture_set: str
    first: Point
    second: Point


def compare(first: Evaluation, second: Evaluation, cost: str) -> pd.DataFrame:
    """Return one row, columns :data:`COLUMNS`, for every full-size point of both studies.

    Args:
        first: one study.
        second: the other.
        cost: the cost axis.

    Raises:
        UserError: the studies have nothing in common.
    """
    rows = [_row(pair, cost) for pair in _pairs(first, second)]
    if not rows:
        raise UserError(
            "the two studies have no full-size ensemble and seed in common: they need the same "
            "data set, architecture set, approach, g, budget and size, and test images"
        )
    return frame(rows, COLUMNS)


def _pairs(first: Evaluation, second: Evaluation) -> Iterator[Pair]:
    of_second = points(second)
    for setting, of_first in points(first).items():
        known = {point.id: point for point in full_size(of_second.get(setting, ()))}
        for point in full_size(of_first):
            match = known.get(point.id)
            if match is None or match.bootstrap.images != point.bootstrap.images:
                continue
            common = [seed for seed in point.seeds if seed in match.seeds]
            if common:
                yield Pair(*setting, point.on_seeds(common), match.on_seeds(common))


def _row(pair: Pair, cost: str) -> dict[str, object]:
    first, second = pair.first, pair.second
    difference = second.error - first.error
    low, high = interval(difference)
    costs = [point.cost_replicates(cost) for point in (first, second)]
    ratio_low, ratio_high = interval(costs[1] / costs[0])
    return {
        "dataset": pair.dataset,
        "architecture_set": pair.architecture_set,
        **first.id.columns(),
        "seeds": len(first.seeds),
        "first_error": first.value("test_error"),
        "second_error": second.value("test_error"),
        "difference": second.value("test_error") - first.value("test_error"),
        "difference_low": low,
        "difference_high": high,
        "p": p_value(difference) if len(first.seeds) >= MINIMUM_SEEDS else float("nan"),
        "cost_ratio": second.cost(cost) / first.cost(cost),
        "cost_ratio_low": ratio_low,
        "cost_ratio_high": ratio_high,
    }
