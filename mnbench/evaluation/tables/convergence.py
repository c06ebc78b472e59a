"""Table ``convergence``: what one network gains from longer training.

Open it to see what a longer training is compared with. The trap: the verdict on these rows is
:func:`mnbench.evaluation.convergence.convergence_of`.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from mnbench.evaluation.points import Point
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

# Whose networks are trained from scratch, each by itself. The first with longer trainings counts:
# the mean over several networks has less noise than one.
FROM_SCRATCH = ("full_data", "single_network")
COLUMNS = {
    **SETTING,
    "budget": "multiple of the epochs of budget 1",
    "networks": "number of networks a seed that the row is a mean over",
    **SEEDS,
    **with_interval(
        "gain", "a network's test error at budget 1 less that at this budget, fraction"
    ),
}


def build(results: StudyResults) -> pd.DataFrame:
    """Return one row for every longer budget: of Full Data's networks, or of the single one."""
    rows = []
    for setting, points in results.points.items():
        of_each = (
            [p for p in points if (p.id.approach, p.id.variant) == (name, "")]
            for name in FROM_SCRATCH
        )
        gains = next(filter(None, (list(_gains(of_one)) for of_one in of_each)), [])
        rows += [setting_columns(setting) | gain for gain in gains]
    return frame(rows, COLUMNS)


def _gains(points: Sequence[Point]) -> Iterator[dict[str, Any]]:
    """Yield what an approach's networks gain at each budget above 1, of its most networks there."""
    plain = {point.id.size: point for point in points if point.id.budget == 1}
    for budget in sorted({point.id.budget for point in points if point.id.budget > 1}):
        longer = max(
            (point for point in points if point.id.budget == budget), key=lambda p: p.id.size
        )
        networks = longer.id.size
        gain = difference(plain[networks], longer, "mean_member_error") if networks in plain else {}
        if "difference" in gain:
            ends = {f"gain{end}": gain[f"difference{end}"] for end in ("", "_low", "_high")}
            yield {"budget": budget, "networks": networks, "seeds": gain["seeds"]} | ends
