"""What the figures plot of the tables: points, sizes, budgets, and what is said of them."""

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from mnbench.planning.config import TIMES


def points(estimates: pd.DataFrame, cost: str) -> pd.DataFrame:
    """Return what a figure with a cost axis shows of the averaging rule's estimates.

    Args:
        estimates: rows of one data set and ensemble (``evaluation.estimates``).
        cost: the column to take as the cost; NaN where every time was taken on a shared device.

    Returns:
        Columns ``approach``, ``g`` (0 is none), ``budget``, ``size``, ``full_size``, ``seeds``,
        ``images``; then ``cost``, ``cost_low``, ``cost_high`` in the table's unit and ``error``,
        ``error_low``, ``error_high`` in percent.
    """
    rows = estimates[estimates["combination"] == "average"]
    # As CSV gives it, g is a float with NaN; zero clusters mean "has none".
    found = rows[["approach", "budget", "size", "full_size", "seeds", "images"]].assign(
        g=rows["g"].astype("Float64").fillna(0).astype(int)
    )
    for end in ("", "_low", "_high"):
        found[f"cost{end}"] = rows[f"{cost}{end}"].astype(float)
        found[f"error{end}"] = 100 * rows[f"test_error{end}"].astype(float)
    for name in ("cost", "error"):  # replicates of what hardly varies may differ by rounding
        found[f"{name}_low"] = found[[f"{name}_low", name]].min(axis=1)
        found[f"{name}_high"] = found[[f"{name}_high", name]].max(axis=1)
    return found.reset_index(drop=True)


def timed(networks: pd.DataFrame, cost: str, flag: str = "shared_device") -> pd.DataFrame:
    """Leave out the rows whose times were taken while another job used the device.

    Args:
        networks: rows of ``evaluation.tables.networks``.
        cost: the cost axis; of anything but a time nothing is left out.
        flag: the column that says so.
    """
    return networks[~networks[flag].astype(bool)] if cost in TIMES else networks


def over_seeds(frame: pd.DataFrame, keys: Sequence[str], cost: str) -> pd.DataFrame:
    """Return one row for each value of *keys*: mean and range over its rows (the seeds).

    Args:
        frame: a networks table.
        keys: the columns that tell the rows apart.
        cost: the column to take as the cost.

    Returns:
        Columns *keys*, then ``cost``, ``cost_low``, ``cost_high`` in the table's unit and
        ``error``, ``error_low``, ``error_high`` in percent, and ``seeds``.
    """
    values = frame.assign(_cost=frame[cost].astype(float), _error=100 * frame["test_error"])
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


def sized_titles(points: pd.DataFrame, titles: Mapping[str, str]) -> dict[str, str]:
    """Add its size to the title of each approach that trained fewer networks than the others.

    Args:
        points: of one data set and ensemble.
        titles: by approach; the single network's says its size already.
    """
    sizes = points.groupby("approach")["size"].max()
    found = {}
    for approach, title in titles.items():
        size = sizes[approach]
        smaller = size < sizes.max() and approach != "single_network"
        note = f" ({size} network{'s' if size > 1 else ''})" if smaller else ""
        found[approach] = title + note
    return found


def interval_note(points: pd.DataFrame) -> str:
    """Say what points and bars are."""
    seeds, images = points["seeds"].max(), f"{points['images'].max():,} images"
    return f"95 % interval: {seeds} seeds, {images}" if seeds > 1 else f"95 % interval: {images}"
