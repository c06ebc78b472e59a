"""Two studies side by side, as Markdown: what ``mnbench compare`` prints.

Open it to change what is printed. The trap: a difference is the second study's less the first's.
"""

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from mnbench.naming import networks_in_words, point_name, setting_name


def side_by_side(
    table: pd.DataFrame, first: str, second: str, cost: str, evaluated_on: str = "test"
) -> str:
    """Return a comparison as Markdown, a table for each data set and architecture set.

    Args:
        table: of :func:`mnbench.evaluation.comparison.compare`.
        first: the name of the first study.
        second: the name of the second.
        cost: the cost axis.
    """
    lines = []
    for setting, rows in table.groupby(["dataset", "architecture_set"], sort=False):
        lines += [
            f"## {setting_name(*setting)}: {second} less {first}, over {_seeds(rows)}, on the "
            f"{evaluated_on} images\n",
            f"| approach | size | {first}: error % | {second}: error % | difference (95 %) | "
            f"{cost}, multiple (95 %) |",
            "|---|--:|--:|--:|--:|--:|",
            *(_line(row) for row in rows.to_dict("records")),
            "",
        ]
    return "\n".join(lines)


def _seeds(rows: pd.DataFrame) -> str:
    seeds = rows["seeds"].max()
    return f"{seeds} seeds" if seeds > 1 else "one seed"


def _line(row: Mapping[Hashable, Any]) -> str:
    errors = [f"{100 * row[column]:.2f}" for column in ("first_error", "second_error")]
    low, high = (f"{100 * row[f'difference_{end}']:.2f}" for end in ("low", "high"))
    ratio = ""
    if np.isfinite(row["cost_ratio"]):
        ends = " to ".join(f"{row[f'cost_ratio_{end}']:.2f}" for end in ("low", "high"))
        ratio = f"{row['cost_ratio']:.2f} ({ends})"
    cells = [
        point_name(row),
        networks_in_words(row["approach"], row["size"]),
        *errors,
        f"{100 * row['difference']:+.2f} ({low} to {high})",
        ratio,
    ]
    return f"| {' | '.join(cells)} |"
