"""Reliability diagrams: is an ensemble right as often as it says?

Open this to see calibration bin by bin. The trap: bins with a handful of images are left out.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mnbench.figures import style
from mnbench.figures.aggregate import fewest_clusters
from mnbench.figures.figure_data import FigureData
from mnbench.naming import configuration

TITLE = "Reliability diagrams"
CAPTION = (
    "How often an ensemble is right against how sure it says it is, with 95 % intervals. On the "
    "diagonal it is calibrated; below it too sure, above it too modest. Bars say how many images "
    "are in each bin."
)
COST_AXIS = False
TABLES = ("reliability_bins",)

COLUMNS = 4


def draw(data: FigureData) -> Figure:
    """Draw a panel an approach: accuracy against confidence in 15 bins.

    On the diagonal an ensemble is calibrated; above it too modest, below it too sure. The band is
    the 95 % interval. Bars at the bottom say how the images are spread over the bins. Of MotherNets
    the fewest clusters are shown, of approaches with budgets the main one.

    Args:
        data: what to draw.
    """
    rows = fewest_clusters(data.tables["reliability_bins"])
    if rows.empty:
        sentence = "Nothing to show: the study has no ensemble of these networks."
        return style.notice(sentence, data.title)
    looks = style.looks(rows["approach"])
    columns = min(COLUMNS, len(looks))
    lines = -(-len(looks) // columns)
    with style.styled():
        figure = style.new_figure(0.7 + 1.9 * lines)
        grid = figure.subplots(lines, columns, sharey=True, squeeze=False)
        for axes, (approach, look) in zip(grid.flat, looks.items(), strict=False):
            own = rows[rows["approach"] == approach].sort_values("bin")
            axes.set_title(configuration(look.title, own["g"].iloc[0]))
            _draw(axes, own, look.color)
        style.label_outer(grid, len(looks), "confidence (%)", "accuracy (%)")
        if data.title:
            figure.suptitle(data.title)
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
    confidence = 100 * shown["confidence"].to_numpy(dtype=float)
    axes.fill_between(confidence, *ends, color=color, alpha=0.2, linewidth=0)
    axes.plot(confidence, accuracy, "o-", color=color, markersize=3.5, linewidth=1.1, clip_on=False)
    axes.set(xlim=(0, 100), ylim=(0, 100), xticks=np.arange(0, 101, 25))
