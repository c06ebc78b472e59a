"""Means and ranges over seeds: what the figures plot of a summary."""

from collections.abc import Sequence

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


def seeds_note(seeds: int) -> str:
    """Say what points and bars are."""
    return f"mean and range over {seeds} seeds" if seeds > 1 else "one seed, no spread"
