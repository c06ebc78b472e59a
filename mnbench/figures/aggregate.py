"""What the figures plot of the tables: points, sizes, budgets, and what is said of them.

Open this when a table's columns change. The trap: tables hold fractions, figures show percent.
"""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import pandas as pd

from mnbench.figures.figure_data import FigureData
from mnbench.figures.style import COST_TITLES
from mnbench.naming import named_variant, networks_in_words
from mnbench.planning.config import TIMES
from mnbench.planning.lineage import Ensemble

Owner = TypeVar("Owner")
# The columns of the table of ensembles that say which one a row is.
_ENSEMBLE = (
    *("dataset", "architecture_set", "seed"),
    *("approach", "g", "budget", "size", "variant"),
)
MOST_VARIANTS = 2  # of an approach, each a line of its own; more cannot be told apart


def plotted_points(estimates: pd.DataFrame, cost: str) -> pd.DataFrame:
    """Return what a figure with a cost axis shows of ensembles that average their networks.

    Args:
        estimates: rows of one data set and architecture set.
        cost: the column to take as the cost; NaN where every time was taken on a shared device.

    Returns:
        Columns ``approach``, ``g`` (NA is none), ``budget``, ``variant``, ``size``,
        ``full_size``, ``seeds``, ``timed_seeds``, ``images``; then ``cost_seeds``, the number of
        seeds that the cost is a mean over, ``cost``, ``cost_low``, ``cost_high`` in the table's
        unit and ``error``, ``error_low``, ``error_high`` in percent.
    """
    rows = estimates[estimates["combination"] == "average"]
    # As CSV gives it, g is a float with NaN.
    points = ["approach", "budget", "variant", "size", "full_size"]
    shown = rows[[*points, "seeds", "timed_seeds", "images"]].assign(g=rows["g"].astype("Int64"))
    shown["cost_seeds"] = rows["timed_seeds" if cost in TIMES else "seeds"]
    for end in ("", "_low", "_high"):
        shown[f"cost{end}"] = rows[f"{cost}{end}"].astype(float)
        shown[f"error{end}"] = 100 * rows[f"test_error{end}"].astype(float)
    for name in ("cost", "error"):  # replicates of what hardly varies may differ by rounding
        shown[f"{name}_low"] = shown[[f"{name}_low", name]].min(axis=1)
        shown[f"{name}_high"] = shown[[f"{name}_high", name]].max(axis=1)
    return shown.reset_index(drop=True)


def paired(points: pd.DataFrame, differences: pd.DataFrame) -> pd.DataFrame | None:
    """Return *points* with the intervals of their paired differences to Full Data.

    Seeds that err more do so for every approach. An interval of the difference leaves out what
    they have in common, and so shows what the comparison does. Where a seed is missing of one of
    the two, the difference of their means is of other seeds as well, and may have the wrong sign.
    So the point is moved: it lies as far from Full Data as on the seeds that both have.

    Args:
        points: full-size points (:func:`plotted_points`).
        differences: rows of the same data set and architecture set, errors as fractions.

    Returns:
        The points; ``error_low`` and ``error_high`` are Full Data's mean error plus the interval,
        in percent, and the point's own error where no difference is known: for Full Data itself
        and the same networks under another name. Further columns are ``gap``, ``gap_low`` and
        ``gap_high``, the difference in percentage points with its interval, and ``gap_seeds``,
        the number of seeds that both have; NaN likewise. None where the study has no Full Data.
    """
    reference = points[(points["approach"] == "full_data") & (points["variant"] == "")]
    if reference.empty:
        return None
    budget = main_budgets(zip(reference["approach"], reference["budget"], strict=True))["full_data"]
    reference = reference[reference["budget"] == budget].iloc[0]
    keys = ["approach", "g", "budget", "size", "variant"]
    gaps = {}
    for row in differences.to_dict("records"):
        first, second = (
            _without_na(row[f"{end}_{key}"] for key in keys) for end in ("first", "second")
        )
        gap, low, high = (100 * row[f"difference{end}"] for end in ("", "_low", "_high"))
        if second == _without_na(reference[keys]):
            gaps[first] = (gap, low, high, row["seeds"])
        elif first == _without_na(reference[keys]):
            gaps[second] = (-gap, -high, -low, row["seeds"])
    unknown = (float("nan"),) * 4
    rows = [gaps.get(_without_na(point), unknown) for point in points[keys].to_numpy()]
    shown = points.copy()
    shown[["gap", "gap_low", "gap_high", "gap_seeds"]] = pd.DataFrame(
        rows, index=points.index, columns=["gap", "gap_low", "gap_high", "gap_seeds"]
    )
    numbers = shown[["seeds", "gap_seeds"]].assign(of_reference=reference["seeds"])
    moved = shown["gap"].notna() & (numbers.nunique(axis=1) > 1)
    shown["error"] = shown["error"].mask(moved, reference["error"] + shown["gap"])
    for end, furthest in (("low", "min"), ("high", "max")):  # replicates may differ by rounding
        ends = shown.assign(end=reference["error"] + shown[f"gap_{end}"])[["end", "error"]]
        shown[f"error_{end}"] = ends.agg(furthest, axis=1)
    return shown


def _without_na(values: Iterable[Any]) -> tuple:
    """Return values that can be compared: None for a missing one."""
    return tuple(None if pd.isna(value) else value for value in values)


def fewest_clusters(rows: pd.DataFrame) -> pd.DataFrame:
    """Keep what figures without room for every point show of each approach.

    That is its main configuration (:func:`in_main`), and of MotherNets the fewest clusters.
    """
    main = rows[in_main(rows)]
    fewest = main.groupby("approach")["g"].transform("min")
    return main[main["g"].isna() | (main["g"] == fewest)]


def timed(summary: pd.DataFrame, cost: str) -> pd.DataFrame:
    """Leave out the ensembles whose times were taken while another job used the device.

    Args:
        summary: rows of the table of that name. An ensemble's time is a measurement, or is none,
            as a whole: the flags of its trainings do not decide.
        cost: the cost axis; of anything but a time nothing is left out.
    """
    return summary[~summary["shared_device"].astype(bool)] if cost in TIMES else summary


def with_measured_cost(
    ensembles: Iterable[Ensemble], summary: pd.DataFrame, cost: str
) -> list[Ensemble]:
    """Return the ensembles that the tables have with a cost that is a measurement, in their order.

    Args:
        ensembles: of a plan.
        summary: rows of the table of that name.
        cost: the cost axis.
    """
    rows = timed(summary, cost)[list(_ENSEMBLE)]
    known = set(map(_without_na, rows.itertuples(index=False, name=None)))
    return [one for one in ensembles if tuple(getattr(one, key) for key in _ENSEMBLE) in known]


def full_size_rows(estimates: pd.DataFrame) -> pd.DataFrame:
    """Keep the full-size ensembles."""
    return estimates[estimates["full_size"].astype(bool)]


def unnamed(rows: pd.DataFrame) -> pd.DataFrame:
    """Leave out the named variants."""
    return rows[rows["variant"].map(named_variant) == ""]


def times_left_out(estimates: pd.DataFrame) -> str:
    """Count the ensembles of single seeds whose time is no measurement: "2 of 39 ensembles ...".

    Args:
        estimates: the rows of what is shown.

    Returns:
        An empty text where every time is a measurement.
    """
    rows = estimates[estimates["combination"] == "average"]
    number, left_out = int(rows["seeds"].sum()), int((rows["seeds"] - rows["timed_seeds"]).sum())
    return f"{left_out:,} of {number:,} ensembles of single seeds" if left_out else ""


def no_times(cost: str) -> str:
    """Return why a time axis is empty, for a figure to say: the same words in every figure."""
    return (
        f"the {COST_TITLES[cost]} of every ensemble was shared with other jobs, "
        "and so is no measure."
    )


def why_empty(data: FigureData, otherwise: str) -> str:
    """Return what a figure with a cost axis says in place of points.

    Args:
        data: what was to be drawn.
        otherwise: what is said unless the axis is a time and no full-size ensemble was timed alone.
    """
    rows = full_size_rows(data.tables["estimates"])
    if data.cost in TIMES and not rows.empty and not rows["timed_seeds"].any():
        return f"Nothing to show: {no_times(data.cost)}"
    return f"Nothing to show: {otherwise}"


def main_budgets(pairs: Iterable[tuple[Owner, float]]) -> dict[Owner, float]:
    """Choose the budget at which figures without a budget axis show each approach, or line.

    Args:
        pairs: (approach, budget) of what there is, in any order.

    Returns:
        By approach: 1, the recipe's own epochs, or the largest budget where 1 was not run.
    """
    budgets: dict[Owner, set[float]] = {}
    for approach, budget in pairs:
        budgets.setdefault(approach, set()).add(budget)
    return {approach: 1.0 if 1 in some else max(some) for approach, some in budgets.items()}


def in_main(rows: pd.DataFrame) -> pd.Series:
    """Tell which rows figures without a budget axis show: main budgets, and no variants.

    Args:
        rows: with the columns approach, budget and variant.
    """
    budgets = main_budgets(zip(rows["approach"], rows["budget"], strict=True))
    return (rows["budget"] == rows["approach"].map(budgets)) & (rows["variant"] == "")


def in_lines(rows: pd.DataFrame) -> pd.Series:
    """Tell which rows are the main ones of a line: an approach, or a named variant of it.

    With more than :data:`MOST_VARIANTS` of an approach, as a search has, none is a line.

    Args:
        rows: with the columns approach, budget and variant.
    """
    names = rows["variant"].map(named_variant)
    lines = list(zip(rows["approach"], names, strict=True))
    budgets = main_budgets(zip(lines, rows["budget"], strict=True))
    main = rows["budget"] == [budgets[line] for line in lines]
    number = names[names != ""].groupby(rows["approach"]).nunique()
    few = rows["approach"].map(number).fillna(0) <= MOST_VARIANTS
    return main & (rows["variant"] == names) & (few | (names == ""))


def small_note(points: pd.DataFrame) -> str:
    """Return a legend's words on small points: what they have other than the large ones."""
    named = (points["variant"].map(named_variant) != "").any()
    return f"small: other {'epochs or options' if named else 'numbers of epochs'}"


def sized_titles(points: pd.DataFrame, titles: Mapping[str, str]) -> dict[str, str]:
    """Add its size to the title of each approach that trained fewer networks than the others.

    Args:
        points: of one data set and architecture set.
        titles: by approach; the single network's says its size already.
    """
    plain = points[points["variant"] == ""] if (points["variant"] == "").any() else points
    sizes = plain.groupby("approach")["size"].max()
    sized = {}
    for approach, title in titles.items():
        size = sizes.get(approach, sizes.max())
        smaller = size < sizes.max() and approach != "single_network"
        note = f" ({networks_in_words(approach, size)})" if smaller else ""
        sized[approach] = title + note
    return sized


def interval_note(points: pd.DataFrame) -> str:
    """Return a legend's words on intervals: "95 % interval: 5 seeds, 10,000 images"."""
    seeds, images = points["seeds"].max(), f"{points['images'].max():,} images"
    return f"95 % interval: {seeds} seeds, {images}" if seeds > 1 else f"95 % interval: {images}"
