"""How much faster MotherNets are than each other approach at equal error, and how much better."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mnbench.figures import style

MOTHERNETS = "mothernets"


def draw(
    equal_error: pd.DataFrame, cost: str = "training_flops", title: str | None = None
) -> Figure:
    """Draw a bar, with its 95 % interval, for every g and every approach that reaches its error.

    Left, what the other approach costs at the same error; right, how much more it errs at the same
    cost. Both are read off its budget curve; nothing is extrapolated, so an approach whose curve
    does not reach has no bar; "?" is a bar whose interval it reaches in too few replicates.

    Args:
        equal_error: rows of one data set and ensemble (``evaluation.comparisons.equal_error``).
        cost: the cost axis, one of ``style.COSTS``.
        title: above the panels.
    """
    own = equal_error["point"].str.startswith(f"{MOTHERNETS} ")
    own &= equal_error["cost"] == cost
    rows = equal_error[own & (equal_error[["speed_up", "error_gain"]].notna().any(axis=1))]
    if rows.empty:
        return style.notice(
            "Nothing to show: no approach's budget curve reaches the error or the cost of "
            "MotherNets.",
            title,
        )
    rows = rows.sort_values(["against", "point"]).reset_index(drop=True)
    looks = style.looks(rows["against"])
    with style.styled():
        figure = style.new_figure(1.5 + 0.24 * len(rows))
        left, right = figure.subplots(1, 2, sharey=True)
        _draw_bars(left, rows, "speed_up", 1.0, 1.0, looks)
        _draw_bars(right, rows, "error_gain", 0.0, 100.0, looks)
        left.set(xlabel=f"{style.TITLES[cost]} at equal error (multiple)")
        right.set(xlabel=f"error at equal {style.TITLES[cost]} (points more)")
        names = [
            f"{looks[row.against].title}, {row.point.removeprefix(MOTHERNETS).strip()}"
            for row in rows.itertuples()
        ]
        left.set_yticks(range(len(rows)), names)
        left.set_ylim(len(rows) - 0.4, -0.6)
        for axes in (left, right):
            axes.grid(axis="y", visible=False)
            axes.tick_params(axis="y", length=0)
        if title:
            figure.suptitle(title)
    return figure


def _draw_bars(
    axes: Axes,
    rows: pd.DataFrame,
    column: str,
    even: float,
    unit: float,
    looks: dict[str, style.Look],
) -> None:
    """Draw bars from *even*, where neither is better."""
    for y, row in rows.iterrows():
        value = unit * row[column]
        if pd.isna(value):
            continue
        low, high = unit * row[f"{column}_low"], unit * row[f"{column}_high"]
        color = looks[row["against"]].color
        axes.barh(y, value - unit * even, left=unit * even, height=0.7, color=color)
        if pd.isna(low):  # too few replicates reach it for an interval
            ahead = value < unit * even
            text = {"va": "center", "ha": "right" if ahead else "left", "fontsize": 7}
            axes.text(value, y, "? " if ahead else " ?", color=style.GREY, **text)
            continue
        axes.errorbar(
            value,
            y,
            xerr=[[max(0, value - low)], [max(0, high - value)]],
            fmt="none",
            ecolor=style.GREY,
            elinewidth=0.9,
            capsize=1.8,
        )
    if rows[column].isna().all():
        axes.text(0.5, 0.5, "no curve reaches", transform=axes.transAxes, ha="center", va="center")
        axes.set_xticks([])
        return
    axes.axvline(unit * even, color=style.GREY, linewidth=0.8)
    axes.margins(x=0.08)
