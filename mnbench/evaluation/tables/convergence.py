"""Table ``convergence``: what one network gains from longer training.

Open it to see what a longer training is compared with. The trap: the verdict on these rows is
:func:`mnbench.evaluation.convergence.convergence_of`.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from mnbench.evaluation.points import Point, full_size
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

# Whose networks are trained from scratch, each by itself: the mean of several has less noise.
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
        longest: dict[float, dict[str, Any]] = {}
        for approach in FROM_SCRATCH:
            for row in _gains([p for p in points if p.id.line == (approach, "")]):
                longest.setdefault(row["budget"], row)
        rows += [setting_columns(setting) | longest[budget] for budget in sorted(longest)]
    return frame(rows, COLUMNS)


def _gains(points: Sequence[Point]) -> Iterator[dict[str, Any]]:
    """Yield what the networks of an approach gain at each budget above 1."""
    whole = [point for point in full_size(points) if not point.id.variant]
    plain = next((point for point in whole if point.id.budget == 1), None)
    for longer in (point for point in whole if point.id.budget > 1):
        gain = difference(plain, longer, "mean_member_error") if plain else {}
        if "difference" in gain:
            networks = {"budget": longer.id.budget, "networks": longer.id.size}
            ends = {f"gain{end}": gain[f"difference{end}"] for end in ("", "_low", "_high")}
            yield networks | {"seeds": gain["seeds"]} | ends
