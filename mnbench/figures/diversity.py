"""Diversity against the members' own error: what an ensemble is made of.

Open this to see why an ensemble is good: members that are good, or that differ. The trap:
disagreement is of predicted classes, right or wrong.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from mnbench.figures import style
from mnbench.figures.aggregate import in_main, interval_note, small_note
from mnbench.figures.figure_data import FigureData
from mnbench.figures.labels import Label, Obstacle, place
from mnbench.naming import configuration

TITLE = "Diversity and members' error"
CAPTION = (
    "How often two networks of an ensemble disagree against how often they err by themselves. Good "
    "ensembles are to the left and up; labels say the ensemble's own error. Bars are 95 % "
    "intervals; small points have other numbers of epochs, or are variants."
)
COST_AXIS = False
TABLES = ("estimates",)

MEMBERS, DIFFER = "mean_member_error", "disagreement"


def draw(data: FigureData) -> Figure:
    """Draw disagreement against the members' mean error; labels say the ensemble's own error.

    An ensemble is good if its members are good (left) and differ (up). Bars are 95 % intervals.
    Points of other budgets than an approach's main one, and of variants, are small, without bars
    and label.

    Args:
        data: what to draw.
    """
    rows = data.tables["estimates"]
    rows = rows[(rows["combination"] == "average") & rows["disagreement"].notna()]
    rows = rows[rows["full_size"].astype(bool)].reset_index(drop=True)
    if rows.empty:
        return style.notice("Nothing to show: no ensemble has more than one network.", data.title)
    small = ~in_main(rows)
    looks = style.looks(rows["approach"])
    with style.styled():
        figure = style.new_figure(4.4)
        axes = figure.add_subplot()
        axes.set(
            xlabel=f"members' mean {data.evaluated_on} error (%)",
            ylabel="disagreement of two members (%)",
            title=data.title,
        )
        labels: list[Label] = []
        obstacles: list[Obstacle] = []
        # Of the same networks Full Data is drawn, and MotherNets with a cluster a network are not.
        for _, row in (
            rows.assign(small=small, has_g=rows["g"].notna())
            .sort_values(["has_g"], kind="stable")
            .iterrows()
        ):
            label = _draw(axes, row, looks[row["approach"]])
            if row["small"]:
                continue
            if not any(np.allclose((label.x, label.y), (kept.x, kept.y)) for kept in labels):
                labels.append(label)
                obstacles += _draw_bars(axes, row, looks[row["approach"]])
        obstacles += [
            Obstacle(np.array([100 * row[[MEMBERS, DIFFER]].to_numpy(dtype=float)]), 4, radius=6)
            for _, row in rows.iterrows()
        ]
        axes.set_xlim(*_room(rows[~small], rows[MEMBERS], MEMBERS))
        axes.set_ylim(*_room(rows[~small], rows[DIFFER], DIFFER))
        _legend(figure, rows, rows[small])
        place(axes, labels, obstacles)
    return figure


def _draw(axes: Axes, row: pd.Series, look: style.Look) -> Label:
    """Draw the point of an ensemble and return its label."""
    x, y = 100 * row[MEMBERS], 100 * row[DIFFER]
    axes.plot(
        x,
        y,
        look.marker,
        color=look.color,
        markersize=4.0 if row["small"] else 7.0,
        markeredgecolor="white",
        markeredgewidth=0.6,
        zorder=3 if row["has_g"] else 4,
    )
    name = configuration(look.title, row["g"], row["budget"], row["variant"])
    ends = [(100 * row[f"{MEMBERS}_{end}"], y) for end in ("low", "high")]
    ends += [(x, 100 * row[f"{DIFFER}_{end}"]) for end in ("low", "high")]
    return Label(f"{name}: {100 * row['test_error']:.1f} %", x, y, look.ink, ends=tuple(ends))


def _draw_bars(axes: Axes, row: pd.Series, look: style.Look) -> list[Obstacle]:
    """Draw both intervals of an ensemble and return them as obstacles."""
    x, y = 100 * row[MEMBERS], 100 * row[DIFFER]
    across, up = (
        [
            100 * min(row[column], row[f"{column}_low"]),
            100 * max(row[column], row[f"{column}_high"]),
        ]
        for column in (MEMBERS, DIFFER)
    )
    lines = (np.array([[end, y] for end in across]), np.array([[x, end] for end in up]))
    for line in lines:
        axes.plot(
            *line.T, color=style.mix(look.color, "white", 0.5), linewidth=0.9, zorder=2, marker=""
        )
    return [Obstacle(line, weight=8) for line in lines]


def _legend(figure: Figure, rows: pd.DataFrame, small: pd.DataFrame) -> None:
    """Say what bars and small points are."""
    note = f"bars: {interval_note(rows)}"
    handles = [Line2D([], [], marker="+", linestyle="none", color=style.GREY, ms=9, label=note)]
    if not small.empty:
        dot: style.Keywords = {"marker": "o", "linestyle": "none", "ms": 4, "color": style.GREY}
        handles.append(Line2D([], [], **dot, label=small_note(small)))
    figure.legend(handles=handles, loc="outside lower center", ncols=2)


def _room(main: pd.DataFrame, drawn: pd.Series, column: str) -> tuple[float, float]:
    """Return limits with room for labels, of intervals that may be one only, or a point."""
    ends = 100 * main[[f"{column}_low", f"{column}_high"]].astype(float)
    low = min(ends.min(axis=None), 100 * drawn.min())
    high = max(ends.max(axis=None), 100 * drawn.max())
    spread = max(high - low, 1.0)
    return (low + high) / 2 - 0.58 * spread, (low + high) / 2 + 0.58 * spread
