"""Test error against training cost, with the Pareto front: the main figure.

Open this to change what the README shows first. The trap: intervals are those of the difference to
Full Data unless asked otherwise, so they are narrower than the seeds' own spread.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from mnbench.evaluation.dominance import pareto_front
from mnbench.figures import style
from mnbench.figures.aggregate import (
    interval_note,
    main_budgets,
    paired,
    plotted_points,
    sized_titles,
)
from mnbench.figures.figure_data import FigureData
from mnbench.figures.labels import Label, Obstacle, place
from mnbench.naming import configuration, epochs

TITLE = "Error against training cost"
CAPTION = (
    "Test error of the full-size ensemble against what its training cost; lower left is better, "
    "and outlined points on the dark staircase are the Pareto front. Intervals are of the "
    "difference to Full Data, paired over seeds and test images; pale points have other numbers of "
    "epochs."
)
COST_AXIS = True
ABSOLUTE = True
TABLES = ("estimates", "differences")

_SHADE = "#F3F3F3"
_FRONT = "#333333"


def draw(data: FigureData) -> Figure:
    """Draw the error of full-size ensembles against what they cost to train.

    A point is the mean over seeds of one (approach, g, budget). MotherNets are joined along g,
    other approaches along their budgets. An approach that ran at smaller sizes only is drawn at its
    largest and labelled with it. A study without Full Data has absolute intervals only.

    Args:
        data: what to draw.
    """
    cost = data.cost
    estimates = data.tables["estimates"]
    shown = plotted_points(estimates[estimates["full_size"].astype(bool)], cost)
    shown = shown.dropna(subset=["cost"]).reset_index(drop=True)
    if shown.empty:
        sentence = f"Nothing to show: no ensemble of these networks has {cost}."
        return style.notice(sentence, data.title)
    note = interval_note(shown)
    compared = None if data.absolute else paired(shown, data.tables["differences"])
    if compared is not None:
        shown = compared
        note = note.replace("interval", "interval of the difference to Full Data")
    axis = style.quantity(cost, shown["cost_high"])
    shown[["cost", "cost_low", "cost_high"]] /= axis.unit
    budgets = main_budgets(zip(shown["approach"], shown["budget"], strict=True))
    shown["front"] = pareto_front(shown["cost"], shown["error"])
    # Quiet points: other budgets, and the single network that ensembles are measured against.
    shown["quiet"] = shown["budget"] != shown["approach"].map(budgets)
    shown["quiet"] |= shown["approach"] == "single_network"
    looks = style.looks(shown["approach"])
    titles = sized_titles(shown, {approach: look.title for approach, look in looks.items()})
    with style.styled():
        figure = style.new_figure(4.7)
        axes = figure.add_subplot()
        axes.set(xlabel=axis.label, ylabel="test error (%)", title=data.title)
        _frame(axes, shown)
        labels, obstacles = [], [Obstacle(_draw_front(axes, shown), weight=0.3)]
        for approach, look in looks.items():
            for series in _series(shown[shown["approach"] == approach]):
                _draw_series(axes, series, look, shown)
                labels += _labels(series, titles[approach], look)
                obstacles.append(Obstacle(series[["cost", "error"]].to_numpy(), weight=0.6))
        _legend(figure, shown, note)
        place(axes, _merge(labels), obstacles + _marks(shown))
    return figure


def _series(points: pd.DataFrame) -> list[pd.DataFrame]:
    """Split an approach's points into those that a line joins, in its order."""
    if points["g"].notna().any():
        return [series.sort_values("g") for _, series in points.groupby("budget")]
    return [points.sort_values("budget")]


def _draw_series(axes: Axes, series: pd.DataFrame, look: style.Look, points: pd.DataFrame) -> None:
    clusters, loud = bool(series["g"].notna().any()), bool((~series["quiet"]).any())
    pale, faint = (style.mix(look.color, "white", share) for share in (0.5, 0.65))
    hero = clusters and loud and len(series) > 1
    if len(series) > 1:
        color, width = (look.color, 1.8) if hero else (faint, 0.7)
        axes.plot(series["cost"], series["error"], color=color, linewidth=width, zorder=3)
    if hero:
        band: style.Keywords = {"color": look.color, "alpha": 0.15, "linewidth": 0}
        axes.fill_between(
            series["cost"], series["error_low"], series["error_high"], **band, zorder=1.5
        )
    for _, row in series.iterrows():
        if not row["quiet"]:
            axes.errorbar(
                row["cost"],
                row["error"],
                xerr=[[row["cost"] - row["cost_low"]], [row["cost_high"] - row["cost"]]],
                yerr=[[row["error"] - row["error_low"]], [row["error_high"] - row["error"]]],
                fmt="none",
                ecolor=pale,
                elinewidth=1.2,
                zorder=2.5,
            )
        # Where two approaches coincide, the one without g lies below and is larger: both show.
        below = pd.isna(row["g"]) and _same(points, row).sum() > 1
        size = 4.5 if row["quiet"] else 7.0
        axes.plot(
            row["cost"],
            row["error"],
            look.marker,
            color=style.mix(look.color, "white", 0.35) if row["quiet"] else look.color,
            markersize=1.8 * size if below else size,
            markeredgecolor=_FRONT if row["front"] else "white",
            markeredgewidth=1.2 if row["front"] else 0.6,
            zorder=4 if below else 5,
        )


def _same(points: pd.DataFrame, row: pd.Series) -> np.ndarray:
    """Return which points lie where *row* does."""
    ours = row[["cost", "error"]].to_numpy(dtype=float)
    same: np.ndarray = np.isclose(points[["cost", "error"]], ours, rtol=1e-6).all(axis=1)
    return same


def _labels(series: pd.DataFrame, title: str, look: style.Look) -> list[Label]:
    """Name a series at its first point or at its main budget, its other points by what differs."""
    has_g = series["g"].notna().any()
    named = series.index[0] if has_g else (series["budget"] - 1).abs().idxmin()
    labels = []
    for i, row in series.iterrows():
        g = f"g = {row['g']:g}" if has_g else ""
        budget = epochs(row["budget"]) if row["budget"] != 1 else ""
        text = configuration(title, row["g"], row["budget"])
        if i != named:
            # On the front a point has its whole name, unless the others of its line share it.
            text = g if has_g else (text if row["front"] else budget)
        color = style.mix(look.ink, "white", 0.25) if row["quiet"] else look.ink
        loud = not row["quiet"] and bool(i == named)
        needed = bool(not row["quiet"] or (i == named and (has_g or not budget)))
        labels.append(Label(text, row["cost"], row["error"], color, loud, needed=needed))
    return labels


def _merge(labels: list[Label]) -> list[Label]:
    """Give points that coincide one label, names before g and long labels first."""
    groups: list[list[Label]] = []
    for label in sorted(labels, key=lambda label: (-label.bold, -label.needed, -len(label.text))):
        for group in groups:
            if np.allclose((label.x, label.y), (group[0].x, group[0].y), rtol=1e-6):
                group.append(label)
                break
        else:
            groups.append([label])
    merged = []
    for first, *rest in groups:
        also = f" ({', '.join(label.text for label in rest)})" if rest else ""
        merged.append(replace(first, text=first.text + also, radius=3.0 if rest else 0.0))
    return merged


def _frame(axes: Axes, points: pd.DataFrame) -> None:
    """Set scale and limits, with room for labels; nothing drawn later changes them."""
    low, high = points["cost_low"].min(), points["cost_high"].max()
    style.scale_cost_axis(axes.xaxis, low, high)
    if axes.get_xscale() == "log":
        axes.set_xlim(low * (low / high) ** 0.1, high * (high / low) ** 0.14)
    else:
        # One point, or points that differ by seconds, are not blown up to the whole axis.
        spread = max(high - low, 0.3 * high)
        low, high = (low + high - spread) / 2, (low + high + spread) / 2
        axes.set_xlim(max(0, low - 0.12 * spread), high + 0.16 * spread)
    low, high = points["error_low"].min(), points["error_high"].max()
    spread = max(high - low, 0.5)
    axes.set_ylim(max(0, (low + high) / 2 - 0.58 * spread), (low + high) / 2 + 0.58 * spread)


def _draw_front(axes: Axes, points: pd.DataFrame) -> np.ndarray:
    """Draw the front as a staircase, shade what it dominates, return its corners."""
    front = points[points["front"]].sort_values("cost")
    cost, error = front["cost"].to_numpy(), front["error"].to_numpy()
    right, top = axes.get_xlim()[1], axes.get_ylim()[1]
    steps_x = np.concatenate([[cost[0]], np.repeat(cost, 2)[1:], [right]])
    steps_y = np.concatenate([[top], np.repeat(error, 2)])
    axes.fill_between(steps_x, steps_y, top, color=_SHADE, linewidth=0, zorder=0.5)
    axes.plot(steps_x, steps_y, color=_FRONT, linewidth=1.4, label="Pareto front", zorder=2)
    return np.column_stack([steps_x, steps_y])


def _marks(table: pd.DataFrame) -> list[Obstacle]:
    """Return markers and intervals as obstacles."""
    marks = []
    for p in table.itertuples():
        radius = 7 if ((table["cost"] == p.cost) & (table["error"] == p.error)).sum() > 1 else 4.5
        marks.append(Obstacle(np.array([[p.cost, p.error]]), weight=4, radius=radius))
        if not getattr(p, "quiet", True):
            ends = [[p.cost, p.error_low], [p.cost, p.error_high]]
            marks.append(Obstacle(np.array(ends), weight=0.6))
    return marks


def _legend(figure: Figure, points: pd.DataFrame, note: str) -> None:
    """Explain the front, the intervals and pale points."""
    handles: list[Line2D | Patch] = [
        Line2D([], [], color=_FRONT, linewidth=1.4, label="Pareto front"),
        Line2D([], [], marker="|", linestyle="none", color=style.GREY, markersize=9, label=note),
    ]
    if points["quiet"].any():
        pale: style.Keywords = {
            "marker": "o",
            "linestyle": "none",
            "markersize": 4.5,
            "color": "#BBBBBB",
        }
        handles.append(Line2D([], [], **pale, label="pale: other numbers of epochs"))
    figure.legend(
        handles=handles,
        loc="outside lower center",
        ncols=min(3, len(handles)),
        handletextpad=0.5,
        columnspacing=1.4,
    )
