"""Seeds and images that a wanted half-width takes, as ``mnbench plan`` prints them.

Open this module to change that text. The trap: it predicts from a finished study's variances, which
few seeds hardly know; plan with a margin.
"""

import math
from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from mnbench.errors import UserError
from mnbench.evaluation.tables.components import COLUMNS, read_components
from mnbench.naming import point_name, setting_name

SEEDS_TRIED = (5, 10, 20, 50, 100, 1000)
MOST_SEEDS = SEEDS_TRIED[-1]


def seeds_needed(table: pd.DataFrame, half_width: float) -> str:
    """Return how many seeds each difference from Full Data needs, a line each.

    Args:
        table: the table ``components`` of a finished study.
        half_width: of a 95 % interval of a test error, fraction.

    Raises:
        UserError: another table, or a study of one seed.
    """
    if missing := [column for column in COLUMNS if column not in table]:
        raise UserError(
            f"--components: no column '{missing[0]}'; name the file components.csv of a study"
        )
    rows = table[table["against"].notna() & table["seed_variance"].notna()]
    if rows.empty:
        raise UserError(
            "--components: no difference from Full Data of two seeds or more; name the file "
            "components.csv of such a study"
        )
    lines = [f"For {100 * half_width:g} points to each side, of the difference from Full Data:"]
    lines += [_line(row, half_width) for row in rows.to_dict("records")]
    return "\n".join(lines)


def _line(row: Mapping[Hashable, Any], half_width: float) -> str:
    parts, images = read_components({str(key): value for key, value in row.items()}), row["images"]
    name = f"{setting_name(row['dataset'], row['architecture_set'])}: {point_name(row)}"
    now = f"{100 * row['half_width']:.2f} with {row['seeds']} seeds"
    needed = parts.seeds_for(half_width, images, MOST_SEEDS)
    if needed is not None:
        return f"  {name}: {needed} seeds ({now})"
    # The fewest seeds with which images could do the rest.
    enough = (n for n in SEEDS_TRIED if math.isfinite(parts.images_for(half_width, n)))
    seeds = next(enough, None)
    if seeds is None:
        return f"  {name}: more than {MOST_SEEDS} seeds ({now})"
    total = math.ceil(parts.images_for(half_width, seeds))
    return f"  {name}: {seeds} seeds and {total:,} test images in place of {images:,} ({now})"
