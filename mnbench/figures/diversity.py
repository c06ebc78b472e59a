"""Diversity against the members' own error: what an ensemble is made of.

Open this to see why an ensemble is good: members that are good, or that differ. The trap:
disagreement is of predicted classes, right or wrong.
"""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from mnbench.figures import style
from mnbench.figures.aggregate import main_budgets
from mnbench.figures.figure_data import FigureData
from mnbench.figures.labels import Label, Obstacle, place
from mnbench.naming import configuration

TITLE = "Diversity and members' error"
CAPTION = (
    "How often two networks of an ensemble disagree against how often they err by themselves. Good "
    "ensembles are to the left and up; labels say the ensemble's own error."
)
COST_AXIS = False
TABLES = ("estimates",)


def draw(data: FigureData) -> Figure:
    """Draw disagreement against the members' mean error; labels say the ensemble's own error.

    An ensemble is good if its members are good (left) and differ (up). Bars are 95 % intervals;
    pale points have other numbers of epochs, and a label where it covers nothing.

    Args:
        data: what to draw.
    """
    rows = data.tables["estimates"]
    rows = rows[(rows["combination"] == "average") & rows["disagreement"].notna()]
    rows = rows[rows["full_size"].astype(bool)].reset_index(drop=True)
    if rows.empty:
        return style.notice("Nothing to show: no ensemble has more than one network.", data.title)
    budgets = main_budgets(zip(rows["approach"], rows["budget"], strict=True))
    looks = style.looks(rows["approach"])
    x, y = 100 * rows["mean_member_error"], 100 * rows["disagreement"]
    # Of the same networks Full Data is drawn above MotherNets, and its name is kept.
    order = rows.assign(has_g=rows["g"].notna()).sort_values("has_g", kind="stable").index
    with style.styled():
        figure = style.new_figure(4.4)
        axes = figure.add_subplot()
        axes.set(
            xlabel="members' mean test error (%)",
            ylabel="disagreement of two members (%)",
            title=data.title,
        )
        obstacles, labels = [], []
        for i in order:
            row, look = rows.loc[i], looks[rows.loc[i, "approach"]]
            has_g = pd.notna(row["g"])
            quiet = row["budget"] != budgets[row["approach"]]
            color = style.mix(look.color, "white", 0.45) if quiet else look.color
            size = 4.5 if quiet else 7.0
            axes.plot(
                x[i],
                y[i],
                look.marker,
                color=color,
                markersize=size,
                markeredgecolor="white",
                markeredgewidth=0.6,
                zorder=3 if has_g else 4,
            )
            obstacles.append(Obstacle(np.array([[x[i], y[i]]]), weight=4, radius=6))
            if not quiet:
                spans = _spans(row)
                xerr, yerr = spans["mean_member_error"], spans["disagreement"]
                pale = style.mix(look.color, "white", 0.5)
                bars: style.Keywords = {"fmt": "none", "ecolor": pale, "elinewidth": 0.9}
                axes.errorbar(x[i], y[i], xerr=xerr, yerr=yerr, **bars, zorder=2)
                for (below, above), way in ((xerr, [1.0, 0.0]), (yerr, [0.0, 1.0])):
                    ends = np.array([[-below[0]], [above[0]]]) * np.array(way)
                    obstacles.append(Obstacle(np.array([x[i], y[i]]) + ends, weight=0.6))
            name = configuration(look.title, row["g"], row["budget"])
            ink = style.mix(look.ink, "white", 0.3 * quiet)
            text = f"{name}: {100 * row['test_error']:.1f} %"
            labels.append(Label(text, x[i], y[i], ink, needed=not quiet))
        axes.set_xlim(*_room(rows, "mean_member_error"))
        axes.set_ylim(*_room(rows, "disagreement"))
        labels.sort(key=lambda label: not label.needed)
        place(axes, _merged(labels), obstacles)
    return figure


def _room(rows: pd.DataFrame, column: str) -> tuple[float, float]:
    """Return limits with room for labels, of intervals that may be one only, or a point."""
    values = 100 * rows[[column, f"{column}_low", f"{column}_high"]]
    low, high = values.min(axis=None), values.max(axis=None)
    spread = max(high - low, 1.0)
    return (low + high) / 2 - 0.58 * spread, (low + high) / 2 + 0.58 * spread


def _merged(labels: list[Label]) -> list[Label]:
    """Keep the first label of points that coincide: Full Data is MotherNets at the last g."""
    kept: list[Label] = []
    for label in labels:
        if not any(np.allclose((label.x, label.y), (first.x, first.y)) for first in kept):
            kept.append(label)
    return kept


def _spans(row: pd.Series) -> dict[str, list[list[float]]]:
    return {
        column: [
            [100 * max(0.0, row[column] - row[f"{column}_low"])],
            [100 * max(0.0, row[f"{column}_high"] - row[column])],
        ]
        for column in ("mean_member_error", "disagreement")
    }
