"""The table of a run: what each approach errs and costs, and what Full Data would, for as much.

Open this module to change the tables of docs/results.md. The trap: it has the plain budgets alone;
``summary.md`` of the run has all of them, and costs in seconds.
"""

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from mnbench.evaluation.tables.files import set_of
from mnbench.naming import named_variant, point_name
from mnbench.report.full_data_column import FULL_DATA_HEADING, full_data_cell
from mnbench.report.wording import Interval, signed, times

_CURVE, _COST = "full_data", "training_flops"
_HEADINGS = (
    "approach",
    "networks",
    "{set} error %",
    "members' mean error %",
    "disagreement %",
    "training TFLOPs",
    "Full Data's cost at equal error, times",
    "its error at equal cost, points more",
    FULL_DATA_HEADING,
)


def worth_table(estimates: pd.DataFrame, equal_error: pd.DataFrame) -> str:
    """Return a Markdown table of one architecture set, the cheapest first.

    Approaches are at their plain budget. MotherNets at the last g are left out: they are Full Data.

    Args:
        estimates: the averaging method's rows, of every size.
        equal_error: the table of that name.
    """
    against = equal_error[(equal_error["cost"] == _COST) & (equal_error["against"] == _CURVE)]
    against = against[against["against_variant"] == ""]
    compared = {point_name(row): row for row in against.to_dict("records")}
    plain = (estimates["budget"] == 1) & (
        estimates["variant"] == estimates["variant"].map(named_variant)
    )
    rows = each_point_once(estimates[plain & estimates["full_size"]])
    headings = " | ".join(_HEADINGS).format(set=set_of([estimates]))
    lines = [f"| {headings} |", f"|---{'|--:' * (len(_HEADINGS) - 1)}|"]
    for row in rows.sort_values(_COST, kind="stable").to_dict("records"):
        name = point_name(row)
        gains = _gains(compared[name]) if name in compared else ["", ""]
        fewer = full_data_cell(row, estimates)
        lines.append(f"| {' | '.join([name, *_measured(row), *gains, fewer])} |")
    return "\n".join(lines)


def each_point_once(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows of points without MotherNets at the last g, which are Full Data again."""
    return rows[(rows["g"] != rows["size"]).fillna(True)]


def _measured(row: Mapping[Hashable, Any]) -> list[str]:
    """Return the cells of what was measured of a point alone."""
    return [
        "1" if pd.isna(row["disagreement"]) else f"{row['size']}",
        _percents(_interval(row, "test_error"), 2),
        _percents(_interval(row, "mean_member_error"), 1),
        _percents(_interval(row, "disagreement"), 1),
        f"{row[_COST] / 1e12:.2f}",
    ]


def _gains(row: Mapping[Hashable, Any]) -> list[str]:
    """Return the cells of what Full Data's budget curve has at a point's error, and at its cost."""
    return [times(_interval(row, "speed_up")), signed(_interval(row, "error_gain"))]


def _interval(row: Mapping[Hashable, Any], column: str) -> Interval:
    return row[column], row[f"{column}_low"], row[f"{column}_high"]


def _percents(fraction: Interval, digits: int) -> str:
    """Return a fraction in percent with its interval; "" of what one network does not have."""
    value, low, high = (f"{100 * part:.{digits}f}" for part in fraction)
    return "" if pd.isna(fraction[0]) else f"{value} ({low} to {high})"
