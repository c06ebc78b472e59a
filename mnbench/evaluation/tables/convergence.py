"""Table ``convergence``: what one network gains from longer training, and the verdict on it.

Open this module to see when a study's networks count as converged. The trap: a study without a
longer run of one network cannot tell, and :attr:`Converged.converged` is None.
"""

from dataclasses import dataclass

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
from mnbench.naming import epochs

TITLE = "What one network gains from longer training"

ALONE = "single_network"  # the approach that is one network, at several budgets
MARGIN = 0.005  # of error: a network that gains less from a longer run has converged
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
        alone = [point for point in points if point.id.approach == ALONE]
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


@dataclass(frozen=True)
class Converged:
    """Whether a study's networks have converged, and a sentence that says so.

    Attributes:
        converged: None where no longer run settles it.
        sentence: without capital and full stop.
    """

    converged: bool | None
    sentence: str


def convergence_of(gains: pd.DataFrame) -> Converged:
    """Return whether networks have converged, judged by the intervals of what longer runs gain.

    *Not converged* where an interval lies above zero: there, every comparison is of networks that
    were stopped early. *Converged* where all end below :data:`MARGIN`. Between, it is not settled.

    Args:
        gains: rows of this table, of one data set and architecture set.
    """
    known = gains.dropna(subset=["gain_low", "gain_high"])
    if known.empty:
        return Converged(None, "no longer run of one network tells whether it has converged")
    largest = known.loc[known["gain"].idxmax()]
    if (known["gain_low"] > 0).any():
        early = known[known["gain_low"] > 0]
        return Converged(False, f"not converged: {_gain(early.loc[early['gain'].idxmax()])}")
    if (known["gain_high"] < MARGIN).all():
        return Converged(True, f"converged: {_gain(largest)}")
    return Converged(None, f"not settled whether converged: {_gain(largest)}")


def _gain(row: pd.Series) -> str:
    gain, low, high = (100 * row[key] for key in ("gain", "gain_low", "gain_high"))
    return (
        f"one network gains {gain:.1f} points ({low:.1f} to {high:.1f}) from "
        f"{epochs(row['budget'])}"
    )
