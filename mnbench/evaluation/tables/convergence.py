"""Table ``convergence``: what one network gains from longer training.

Open it to see what a longer training is compared with. The trap: the verdict on these rows is
:func:`mnbench.evaluation.convergence.convergence_of`.
"""

import pandas as pd

from mnbench.evaluation.results import StudyResults
from mnbench.evaluation.tables.columns import (
    SEEDS,
    SETTING,
    frame,
    setting_columns,
    with_interval,
)
from mnbench.evaluation.tables.differences import difference

TITLE = "What one network gains from longer training"

ALONE = "single_network"  # the approach that is one network, at several budgets
COLUMNS = {
    **SETTING,
    "budget": "multiple of the epochs of budget 1",
    **SEEDS,
    **with_interval("gain", "test error at budget 1 less that at this budget, fraction"),
}


def build(results: StudyResults) -> pd.DataFrame:
    """Return one row for every longer budget of the single network."""
    rows = []
    for setting, points in results.points.items():
        alone = [p for p in points if (p.id.approach, p.id.variant) == (ALONE, "")]
        plain = next((point for point in alone if point.id.budget == 1), None)
        for longer in (point for point in alone if point.id.budget > 1):
            gain = difference(plain, longer) if plain else {}
            if "difference" in gain:
                rows.append(
                    setting_columns(setting)
                    | {"budget": longer.id.budget, "seeds": gain["seeds"]}
                    | {f"gain{end}": gain[f"difference{end}"] for end in ("", "_low", "_high")}
                )
    return frame(rows, COLUMNS)
