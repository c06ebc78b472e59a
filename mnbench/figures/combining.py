"""Error and calibration against size, for every rule of combining networks."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mnbench.figures import style
from mnbench.figures.aggregate import interval_note, main_budgets

RULES = {
    "average": ("average", "#0072B2", "o"),
    "vote": ("majority vote", "#E69F00", "s"),
    "super_learner": ("Super Learner", "#009E73", "^"),
    "oracle": ("oracle", "#999999", "x"),
}
MOST_COLUMNS = 4


def draw(estimates: pd.DataFrame, title: str | None = None) -> Figure:
    """Draw a column an approach: above the test error, below the calibration error.

    Of MotherNets the fewest clusters are shown; of approaches with budgets the plain one. Up to
    four approaches that ran at several sizes: MotherNets, Full Data, and others in their order.

    Args:
        estimates: rows of one data set and ensemble (``evaluation.estimates``).
        title: above the panels.
    """
    shown = _chosen(estimates)
    if shown.empty:
        return style.notice("Nothing to show: no approach ran at several sizes.", title)
    looks = style.looks(shown["approach"])
    with style.styled():
        figure = style.new_figure(4.2)
        grid = figure.subplots(2, len(looks), sharex=True, sharey="row", squeeze=False)
        for column, (approach, look) in enumerate(looks.items()):
            rows = shown[shown["approach"] == approach]
            g = rows["g"].dropna()
            name = look.title + (f", g = {int(g.iloc[0])}" if len(g) else "")
            grid[0, column].set_title(name)
            _draw(grid[0, column], rows, "test_error")
            _draw(grid[1, column], rows, "calibration_error")
            sizes = sorted(rows["size"].unique())
            grid[1, column].set_xlabel("networks")
            step = -(-len(sizes) // 6)
            grid[1, column].set_xticks(sizes[::-1][::step][::-1])
        grid[0, 0].set_ylabel("test error (%)")
        grid[1, 0].set_ylabel("calibration error (%)")
        figure.legend(
            *grid[0, 0].get_legend_handles_labels(),
            loc="outside lower center",
            ncols=len(RULES),
            title=interval_note(shown),
            title_fontsize=7.5,
        )
        if title:
            figure.suptitle(title)
    return figure


def _draw(axes: Axes, rows: pd.DataFrame, measure: str) -> None:
    for rule, (label, color, marker) in RULES.items():
        own = rows[(rows["combination"] == rule) & rows[measure].notna()].sort_values("size")
        if own.empty:
            continue
        low, high = (100 * own[f"{measure}_{end}"].astype(float) for end in ("low", "high"))
        axes.fill_between(own["size"], low, high, color=color, alpha=0.13, linewidth=0)
        axes.plot(
            own["size"],
            100 * own[measure].astype(float),
            color=color,
            marker=marker,
            markersize=3.5,
            linewidth=1.1,
            label=label,
        )


def _chosen(estimates: pd.DataFrame) -> pd.DataFrame:
    budgets = main_budgets(zip(estimates["approach"], estimates["budget"], strict=True))
    rows = estimates[estimates["budget"] == estimates["approach"].map(budgets)]
    fewest = rows.groupby("approach")["g"].transform("min")
    rows = rows[rows["g"].isna() | (rows["g"] == fewest)]
    sizes = rows.groupby("approach")["size"].nunique()
    several = [name for name in style.looks(rows["approach"]) if sizes[name] > 1]
    first = [name for name in ("mothernets", "full_data") if name in several]
    kept = [*first, *(name for name in several if name not in first)][:MOST_COLUMNS]
    return rows[rows["approach"].isin(kept)] if kept else rows.iloc[:0]
