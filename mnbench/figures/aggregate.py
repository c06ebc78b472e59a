"""Means and ranges over seeds: what the figures plot of a summary."""

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

POINT = ["approach", "g", "budget"]


def over_seeds(frame: pd.DataFrame, keys: Sequence[str], cost: str) -> pd.DataFrame:
    """Return one row for each value of *keys*: mean and range over its rows (the seeds).

    Args:
        frame: a summary or networks table.
        keys: the columns that tell the rows apart, ``g`` may be missing in some.
        cost: the column to take as the cost.

    Returns:
        Columns *keys*, then ``cost``, ``cost_low``, ``cost_high`` in the table's unit and
        ``error``, ``error_low``, ``error_high`` in percent, and ``seeds``.
    """
    values = frame.assign(_cost=frame[cost].astype(float), _error=100 * frame["test_error"])
    if "g" in keys:  # as CSV gives it, g is a float with NaN; zero clusters mean "has none"
        values["g"] = values["g"].astype("Float64").fillna(0).astype(int)
    groups = values.groupby(list(keys), sort=True)
    return groups.agg(
        cost=("_cost", "mean"),
        cost_low=("_cost", "min"),
        cost_high=("_cost", "max"),
        error=("_error", "mean"),
        error_low=("_error", "min"),
        error_high=("_error", "max"),
        seeds=("seed", "nunique"),
    ).reset_index()


def full_size(summary: pd.DataFrame) -> pd.DataFrame:
    """Keep the rows of each approach's largest size."""
    return summary[summary["size"] == summary.groupby("approach")["size"].transform("max")]


def main_budgets(pairs: Iterable[tuple[str, float]]) -> dict[str, float]:
    """Choose the budget at which figures without a budget axis show each approach.

    Args:
        pairs: (approach, budget) of what there is, in any order.

    Returns:
        By approach: 1, the recipe's own epochs, or the largest budget where 1 was not run.
    """
    found: dict[str, set[float]] = {}
    for approach, budget in pairs:
        found.setdefault(approach, set()).add(budget)
    return {approach: 1.0 if 1 in some else max(some) for approach, some in found.items()}


def sized_titles(summary: pd.DataFrame, titles: Mapping[str, str]) -> dict[str, str]:
    """Add its size to the title of each approach that trained fewer networks than the others.

    Args:
        summary: rows of one data set and ensemble.
        titles: by approach; the single network's says its size already.
    """
    sizes = summary.groupby("approach")["size"].max()
    found = {}
    for approach, title in titles.items():
        size = sizes[approach]
        smaller = size < sizes.max() and approach != "single_network"
        note = f" ({size} network{'s' if size > 1 else ''})" if smaller else ""
        found[approach] = title + note
    return found


def seeds_note(seeds: int) -> str:
    """Say what points and bars are."""
    return f"mean and range over {seeds} seeds" if seeds > 1 else "one seed, no spread"
