"""Reliability diagrams: is an ensemble right as often as it says?"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mnbench.figures import style
from mnbench.figures.aggregate import main_budgets

COLUMNS = 4


def draw(reliability: pd.DataFrame, title: str | None = None) -> Figure:
    """Draw a panel an approach: accuracy against confidence in 15 bins; the diagonal is honest.

    Above it an ensemble is too modest, below it too sure. Whiskers are 95 % intervals; bars at the
    bottom say how the images
    are spread over the bins. Of MotherNets the fewest clusters are shown, of approaches with
    budgets the plain one.

    Args:
        reliability: rows of one data set and ensemble (``evaluation.reliability``).
        title: above the panels.
    """
    if reliability.empty:
        return style.notice("Nothing to show: the study has no ensemble of these networks.", title)
    budgets = main_budgets(zip(reliability["approach"], reliability["budget"], strict=True))
    rows = reliability[reliability["budget"] == reliability["approach"].map(budgets)]
    fewest = rows.groupby("approach")["g"].transform("min")
    rows = rows[rows["g"].isna() | (rows["g"] == fewest)]
    looks = style.looks(rows["approach"])
    columns = min(COLUMNS, len(looks))
    lines = -(-len(looks) // columns)
    with style.styled():
        figure = style.new_figure(0.7 + 1.9 * lines)
        grid = figure.subplots(lines, columns, sharey=True, squeeze=False)
        for axes, (approach, look) in zip(grid.flat, looks.items(), strict=False):
            own = rows[rows["approach"] == approach].sort_values("bin")
            g = own["g"].dropna()
            axes.set_title(look.title + (f", g = {int(g.iloc[0])}" if len(g) else ""))
            _draw(axes, own, look.color)
        for axes in grid.flat[len(looks) :]:
            axes.remove()
        for axes in grid.flat[max(0, len(looks) - columns) : len(looks)]:
            axes.set_xlabel("confidence (%)")
        for axes in grid[:, 0]:
            axes.set_ylabel("accuracy (%)")
        if title:
            figure.suptitle(title)
    return figure


def _draw(axes: Axes, rows: pd.DataFrame, color: str) -> None:
    share = rows["images"] / rows["images"].sum()
    width = 100 / len(rows)
    centres = width * (rows["bin"] + 0.5)
    axes.bar(centres, 100 * share, width=0.9 * width, color=style.mix(color, "white", 0.7))
    axes.plot([0, 100], [0, 100], color=style.GREY, linewidth=0.8, linestyle=":")
    shown = rows[share > 0.001]  # accuracies of a handful of images say nothing
    ends = 100 * shown[["accuracy_low", "accuracy_high"]].to_numpy(dtype=float).T
    accuracy = 100 * shown["accuracy"].to_numpy(dtype=float)
    spans = np.clip([accuracy - ends[0], ends[1] - accuracy], 0, None)
    axes.errorbar(
        100 * shown["confidence"],
        accuracy,
        yerr=np.nan_to_num(spans),
        color=color,
        marker="o",
        markersize=3.5,
        linewidth=1.1,
        elinewidth=0.8,
    )
    axes.set(xlim=(0, 100), ylim=(0, 100), xticks=np.arange(0, 101, 25))
