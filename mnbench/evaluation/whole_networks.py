"""Full Data with fewer networks, each trained for all its epochs: the rival that a cost pays for.

Open this module to see which ensembles those are, for tables, figures and proposals alike. The
trap: they are the first networks of their set, in its order, which is mostly the smallest first;
and the most that a cost pays for need not err least.
"""

from typing import Any

import pandas as pd

from mnbench.architectures import load_architectures
from mnbench.errors import UserError
from mnbench.evaluation.combination import AVERAGE
from mnbench.evaluation.curves import ROUNDING


def are_whole(points: Any) -> Any:
    """Return which points are Full Data of the plain epochs, whatever their size.

    Args:
        points: a :class:`~mnbench.evaluation.points.PointId`, or a table with its columns.

    Returns:
        A bool of a point, a mask ``(rows,)`` of a table.
    """
    return (points.approach == "full_data") & (points.budget == 1) & (points.variant == "")


def whole_networks_for(estimates: pd.DataFrame, flops: float) -> pd.Series | None:
    """Return the row of the most first networks of Full Data that cost no more FLOPs, or of all.

    Args:
        estimates: of one data set and architecture set, every size.
        flops: training FLOPs; times are of other seeds in each row, and cannot be compared.

    Returns:
        None if the first network costs more, if the study has no Full Data of the plain epochs, or
        if it has a part of the set's networks, and the FLOPs might pay for more of them.
    """
    rows = estimates[(estimates["combination"] == AVERAGE) & are_whole(estimates)]
    most = most_within(rows, flops, "training_flops")
    if most is None or most["size"] < rows["size"].max():
        return most
    return most if most["size"] == _networks(most["architecture_set"], most["size"]) else None


def _networks(architecture_set: str, known: int) -> int:
    """Return how many networks a set has; a set of another checkout has those that are *known*."""
    try:
        return len(load_architectures(architecture_set))
    except UserError:
        return known


def most_within(sizes: pd.DataFrame, budget: float, cost: str) -> pd.Series | None:
    """Return the row of the most networks within a budget, None if there is none.

    Args:
        sizes: a row each number of networks.
        budget: in the unit of the costs.
        cost: the column of the costs.
    """
    rows = sizes[sizes[cost] <= budget * (1 + ROUNDING)]
    return None if rows.empty else rows.loc[rows["size"].idxmax()]
