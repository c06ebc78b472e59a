"""Test error against training cost, with the Pareto front: the main figure.

Open this to change what the README shows first. The trap: intervals are those of the difference to
Full Data unless asked otherwise, so they are narrower than the seeds' own spread.
"""

from collections.abc import Hashable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from mnbench.evaluation.dominance import pareto_front
from mnbench.figures import style
from mnbench.figures.aggregate import (
    in_lines,
    interval_note,
    paired,
    plotted_points,
    sized_titles,
    small_note,
    why_empty,
)
from mnbench.figures.fewer import draw_fewer, fewer_networks, legend_entry
from mnbench.figures.figure_data import FigureData
from mnbench.figures.framing import set_limits
from mnbench.figures.headline import message, write
from mnbench.figures.labels import Label, Obstacle, place
from mnbench.naming import CONTROLS, configuration, named_variant, networks_in_words

TITLE = "Error against training cost"
CAPTION = (
    "Test error of the full-size ensemble against what its training cost; lower left is better, "
    "and outlined points on the dark staircase are the Pareto front. The wide orange staircase "
    "joins MotherNets by their number of clusters g. The dotted line is of Full Data with fewer "
    "networks, each trained for all its epochs; the circles are means. Intervals are "
    "of the difference to Full Data, paired over seeds and test images. Where a seed is missing, a "
    "point lies as far from Full Data as on the seeds that both have. Small points have other "
    "numbers of epochs or are variants. Pale markers on a dashed staircase are a variant of the "
    "approach of that colour."
)
COST_AXIS = True
ABSOLUTE = True
TABLES = ("estimates", "differences")

_SHADE = "#F3F3F3"
_FRONT = "#333333"
_WIDE = 5.0  # points: the steps of MotherNets show on both sides of the front
_PALE = 0.7
_DASHES = (0, (0.9, 0.4))  # of a variant's steps, in widths
_SMALL = 4.0
_INTERVAL = 12.0  # of an interval as an obstacle: no text touches one


def draw(data: FigureData) -> Figure:
    """Draw the error of full-size ensembles against what they cost to train.

    A point is the mean over seeds of one (approach, g, budget, variant). Steps join MotherNets
    along g, since nothing lies between them. A named variant has pale markers and steps of its own.
    Points of other budgets are small and have no label. An approach that ran at smaller sizes only
    is drawn at its largest and labelled with it. A study without Full Data has absolute intervals
    only.

    Args:
        data: what to draw.
    """
    cost = data.cost
    estimates = data.tables["estimates"]
    points = plotted_points(estimates, cost)
    shown = points[points["full_size"].astype(bool)]
    shown = shown.dropna(subset=["cost"]).reset_index(drop=True)
    fewer = fewer_networks(points, cost)
    if shown.empty:
        sentence = why_empty(data, "the study has no ensemble of these networks.")
        return style.notice(sentence, data.title)
    note = interval_note(shown)
    compared = None if data.absolute else paired(shown, data.tables["differences"])
    if compared is not None:
        shown = compared
        note = note.replace("interval", "interval of the difference to Full Data")
    axis = style.quantity(cost, shown["cost_high"])
    shown[["cost", "cost_low", "cost_high"]] /= axis.unit
    fewer = fewer.assign(cost=fewer["cost"] / axis.unit)
    shown["front"] = pareto_front(shown["cost"], shown["error"])
    shown["small"] = ~in_lines(shown)
    looks = style.looks(shown["approach"])
    titles = sized_titles(shown, {approach: look.title for approach, look in looks.items()})
    with style.styled():
        figure = style.new_figure(4.7)
        axes = figure.add_subplot()
        axes.set(xlabel=axis.label, ylabel=f"{data.evaluated_on} error (%)", title=data.title)
        if compared is not None and (said := message(shown, fewer)):
            write(figure, said)
        set_limits(axes, shown)
        obstacles = [Obstacle(_draw_front(axes, shown), weight=1.5)]
        obstacles += _draw_sweep(axes, shown, looks) + draw_fewer(axes, fewer)
        labels = []
        for row in shown.to_dict("records"):
            look = looks[row["approach"]]
            if row["error"] > axes.get_ylim()[1]:
                labels.append(_draw_above(axes, row, look))
                continue
            _draw_point(axes, row, look, below=pd.isna(row["g"]) and _same(shown, row).sum() > 1)
            if not row["small"]:
                labels.append(_label(row, titles[row["approach"]], look, shown))
        _legend(figure, shown, note, fewer=not fewer.empty)
        place(axes, _merge(labels), obstacles + _marks(shown))
    return figure


def _draw_sweep(
    axes: Axes, points: pd.DataFrame, looks: Mapping[str, style.Look]
) -> list[Obstacle]:
    """Draw the wide steps along g of each approach that has several; return them as obstacles."""
    steps = []
    swept = points[points["g"].notna() & ~points["small"]]
    for (approach, variant), series in swept.groupby(["approach", "variant"]):
        if len(series) > 1:
            x, y = series.sort_values("g")[["cost", "error"]].to_numpy(dtype=float).T
            wide = _wide(looks[str(approach)], str(variant))
            axes.plot(x, y, drawstyle="steps-post", **wide, zorder=1.5)
            corners = np.column_stack([np.repeat(x, 2)[1:], np.repeat(y, 2)[:-1]])
            steps.append(Obstacle(corners, weight=1.0))
    return steps


def _wide(look: style.Look, variant: str) -> style.Keywords:
    """Return how the steps along g look; a variant's are dashed."""
    dashes = _DASHES if variant else "solid"
    color = style.mix(look.color, "white", _PALE)
    caps = {"solid_capstyle": "butt", "dash_capstyle": "butt"}
    return {"color": color, "linewidth": _WIDE, "linestyle": dashes, **caps}


def _draw_point(axes: Axes, row: Mapping[Hashable, Any], look: style.Look, below: bool) -> None:
    """Draw a point with its intervals; a small one without them, over what it lies on.

    Args:
        axes: where to draw.
        row: one of the points.
        look: its approach's.
        below: whether it lies below a point that coincides; it is larger, so that both show.
    """
    if not row["small"]:
        axes.errorbar(
            row["cost"],
            row["error"],
            xerr=[[row["cost"] - row["cost_low"]], [row["cost_high"] - row["cost"]]],
            yerr=[[row["error"] - row["error_low"]], [row["error_high"] - row["error"]]],
            fmt="none",
            ecolor=style.mix(look.color, "white", 0.4),
            elinewidth=1.2,
            zorder=2.5,
        )
    size = _SMALL if row["small"] else 7.0
    axes.plot(
        row["cost"],
        row["error"],
        look.marker,
        color=look.color,
        markersize=(1.5 if row["small"] else 1.8) * size if below else size,
        **_edge(row, look),
        zorder=(6 if row["small"] else 4) + (not below),
    )


def _draw_above(axes: Axes, row: Mapping[Hashable, Any], look: style.Look) -> Label:
    """Draw a small point that errs too much for the figure at its upper edge; return its error."""
    top = axes.get_ylim()[1]
    edge = _edge(row, look)
    axes.plot(
        row["cost"],
        top,
        look.marker,
        color=look.color,
        markersize=_SMALL,
        **edge,
        zorder=6,
        clip_on=False,
    )
    return Label(f"↑ {row['error']:.1f} %", row["cost"], top, look.ink)


def _edge(row: Mapping[Hashable, Any], look: style.Look) -> style.Keywords:
    """Return a marker's edge: dark on the front; a named variant's marker is pale."""
    edge = _FRONT if row["front"] else "white"
    width = (0.9 if row["small"] else 1.2) if row["front"] else 0.5
    if not named_variant(row["variant"]):
        return {"markeredgecolor": edge, "markeredgewidth": width}
    edge = _FRONT if row["front"] else look.color
    pale = style.mix(look.color, "white", _PALE)
    return {"markerfacecolor": pale, "markeredgecolor": edge, "markeredgewidth": 1.2}


def _same(points: pd.DataFrame, row: Mapping[Hashable, Any]) -> np.ndarray:
    """Return which points lie where *row* does."""
    ours = np.array([row["cost"], row["error"]], dtype=float)
    same: np.ndarray = np.isclose(points[["cost", "error"]], ours, rtol=1e-6).all(axis=1)
    return same


def _label(
    row: Mapping[Hashable, Any], title: str, look: style.Look, points: pd.DataFrame
) -> Label:
    """Name a point of a main budget; of MotherNets the first by its name, the others by their g."""
    own = points[(points["approach"] == row["approach"]) & ~points["small"]]
    own = own[own["variant"] == row["variant"]]
    named = pd.isna(row["g"]) or bool(row["g"] == own["g"].min())
    if named and row["variant"]:
        plain = points[(points["approach"] == row["approach"]) & (points["variant"] == "")]
        other = not plain.empty and row["size"] != plain["size"].max()
        size = f" ({networks_in_words(row['approach'], row['size'])})" if other else ""
        title = f"{title}, {row['variant']}{size}"
    return Label(
        configuration(title, row["g"], row["budget"]) if named else f"g = {row['g']:g}",
        row["cost"],
        row["error"],
        look.ink,
        bold=named and row["approach"] not in CONTROLS,
        ends=tuple((row["cost"], row[f"error_{end}"]) for end in ("low", "high")),
    )


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
        texts = dict.fromkeys(label.text for label in rest)  # variants may have the same networks
        also = f" ({', '.join(texts)})" if texts else ""
        merged.append(replace(first, text=first.text + also, radius=3.0 if rest else 0.0))
    return merged


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
    """Return markers and intervals as obstacles: no text lies on an interval of another point."""
    marks = []
    for p in table.itertuples():
        radius = 7 if ((table["cost"] == p.cost) & (table["error"] == p.error)).sum() > 1 else 4.5
        marks.append(Obstacle(np.array([[p.cost, p.error]]), weight=4, radius=radius))
        if not p.small:
            for ends in (
                [[p.cost, p.error_low], [p.cost, p.error_high]],
                [[p.cost_low, p.error], [p.cost_high, p.error]],
            ):
                marks.append(Obstacle(np.array(ends), weight=_INTERVAL))
    return marks


def _legend(figure: Figure, points: pd.DataFrame, note: str, fewer: bool) -> None:
    """Explain lines, intervals and small points."""
    front = f"Pareto front{' of all but the circles' if fewer else ''}"
    handles: list[Line2D] = [
        Line2D([], [], color=_FRONT, linewidth=1.4, label=front),
        Line2D([], [], marker="|", linestyle="none", color=style.GREY, markersize=9, label=note),
    ]
    swept = points[points["g"].notna() & ~points["small"]]
    lines = swept.groupby(["approach", "variant"]).size()
    for position, (approach, variant) in enumerate(lines[lines > 1].index, start=1):
        look = style.looks(points["approach"])[approach]
        title = f"{look.title}, {variant}," if variant else look.title
        label = f"{title} by number of clusters g"
        handles.insert(position, Line2D([], [], **_wide(look, variant), label=label))
    if fewer:
        handles.append(legend_entry())
    dot: style.Keywords = {"marker": "o", "linestyle": "none"}
    if points["small"].any():
        label = small_note(points[points["small"]])
        handles.append(Line2D([], [], **dot, markersize=_SMALL, color=style.GREY, label=label))
    figure.legend(
        handles=handles,
        loc="outside lower center",
        ncols=min(2, len(handles)),
        handletextpad=0.8,
        columnspacing=1.4,
    )
