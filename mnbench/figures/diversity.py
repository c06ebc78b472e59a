"""Diversity against the members' own error: what an ensemble is made of."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from mnbench.figures import style
from mnbench.figures.labels import Label, Obstacle, place


def draw(estimates: pd.DataFrame, title: str | None = None) -> Figure:
    """Draw disagreement against the members' mean error; labels say the ensemble's own error.

    An ensemble is good if its members are good (left) and differ (up). Bars are 95 % intervals.

    Args:
        estimates: rows of one data set and ensemble (``evaluation.estimates``).
        title: above the plot.
    """
    rows = estimates[(estimates["combination"] == "average") & estimates["disagreement"].notna()]
    rows = rows[rows["full_size"]].reset_index(drop=True)
    if rows.empty:
        return style.notice("Nothing to show: no ensemble has more than one network.", title)
    looks = style.looks(rows["approach"])
    x, y = 100 * rows["mean_member_error"], 100 * rows["disagreement"]
    with style.styled():
        # Room for a label a point: the more, the taller.
        figure = style.new_figure(3.2 + 0.12 * len(rows))
        axes = figure.add_subplot()
        axes.set(
            xlabel="members' mean test error (%)", ylabel="disagreement of two (%)", title=title
        )
        obstacles, labels = [], []
        for i, row in rows.iterrows():
            look = looks[row["approach"]]
            spans = _spans(row)
            axes.errorbar(
                x[i],
                y[i],
                xerr=spans["mean_member_error"],
                yerr=spans["disagreement"],
                fmt="none",
                ecolor=style.mix(look.color, "white", 0.4),
                elinewidth=0.8,
                zorder=2,
            )
            axes.plot(
                x[i],
                y[i],
                look.marker,
                color=look.color,
                markersize=6.5,
                markeredgecolor="white",
                markeredgewidth=0.6,
                zorder=3,
            )
            obstacles.append(Obstacle(np.array([[x[i], y[i]]]), weight=4, radius=6))
            for column, (below, above) in spans.items():
                way = np.array([1.0, 0.0] if column == "mean_member_error" else [0.0, 1.0])
                ends = [-below[0] * way, above[0] * way]
                obstacles.append(Obstacle(np.array([x[i], y[i]]) + np.array(ends)))
            text = f"{_name(row, look)}: {100 * row['test_error']:.1f} %"
            labels.append(Label(text, x[i], y[i], look.ink))
        axes.set_xlim(*_room(rows, "mean_member_error"))
        axes.set_ylim(*_room(rows, "disagreement"))
        place(axes, _merged(labels), obstacles)
    return figure


def _room(rows: pd.DataFrame, column: str) -> tuple[float, float]:
    """Limits with room for labels, of intervals that may be one only, or a point."""
    values = 100 * rows[[column, f"{column}_low", f"{column}_high"]]
    low, high = values.min(axis=None), values.max(axis=None)
    spread = max(high - low, 1.0)
    return (low + high) / 2 - 0.58 * spread, (low + high) / 2 + 0.58 * spread


def _name(row: pd.Series, look: style.Look) -> str:
    g = "" if pd.isna(row["g"]) else f", g = {int(row['g'])}"
    return style.at_budget(look.title, row["budget"]) + g


def _merged(labels: list[Label]) -> list[Label]:
    """Of points that coincide the first is named alone: Full Data is MotherNets at the last g."""
    found: list[Label] = []
    for label in labels:
        if not any(np.allclose((label.x, label.y), (other.x, other.y)) for other in found):
            found.append(label)
    return found


def _spans(row: pd.Series) -> dict[str, list[list[float]]]:
    return {
        column: [
            [100 * max(0.0, row[column] - row[f"{column}_low"])],
            [100 * max(0.0, row[f"{column}_high"] - row[column])],
        ]
        for column in ("mean_member_error", "disagreement")
    }
