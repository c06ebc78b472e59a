"""Full Data with fewer networks: how many, trained in whole, the cost of another ensemble pays for.

Open this module to see what tables for people set beside each approach. The trap: these are means;
the table ``fewer_networks`` of a study has the paired difference and its interval.
"""

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from mnbench.evaluation.combination import AVERAGE
from mnbench.evaluation.curves import ROUNDING

HEADING = "whole networks of Full Data for as much: error %"
_APPROACH = "full_data"


def affordable(estimates: pd.DataFrame, most: float, cost: str) -> pd.Series | None:
    """Return the row of the most first networks of Full Data that a cost pays for, or of all.

    Args:
        estimates: of one data set and architecture set, every size.
        most: the cost.
        cost: its column.

    Returns:
        None if the first network costs more, or the study has no Full Data of budget 1.
    """
    rows = estimates[estimates["combination"] == AVERAGE]
    whole = (rows["approach"] == _APPROACH) & (rows["budget"] == 1) & (rows["variant"] == "")
    rows = rows[whole & (rows[cost] <= most * (1 + ROUNDING))]
    return None if rows.empty else rows.loc[rows["size"].idxmax()]


def whole_networks_cell(
    row: Mapping[Hashable, Any], estimates: pd.DataFrame, cost: str = "training_flops"
) -> str:
    """Return the cell under :data:`HEADING`: "3: 10.74".

    Args:
        row: of the ensemble whose cost is spent.
        estimates: of its data set and architecture set, every size.
        cost: the cost axis.

    Returns:
        "" of Full Data's whole ensemble itself, and where :func:`affordable` returns none.
    """
    rival = affordable(estimates, row[cost], cost)
    itself = row["approach"] == _APPROACH and row["budget"] == 1 and row["variant"] == ""
    if rival is None or itself:
        return ""
    return f"{rival['size']}: {100 * rival['test_error']:.2f}"
