"""Empirical attainment: the error that a cost attains, in how many of the seeds.

Open this to see how far seeds agree on an approach's front. The trap: a band is a range of seeds,
not a confidence interval.
"""

import moocore
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from mnbench.figures import style
from mnbench.figures.aggregate import full_size_rows, timed, unnamed, why_empty
from mnbench.figures.figure_data import FigureData

TITLE = "Error attained at a cost"
CAPTION = (
    "The test error that each approach attains at a cost: the line is attained by half of the "
    "seeds, the band lies between what any of them and what all of them attain. An approach of one "
    "point has no curve."
)
COST_AXIS = True
TABLES = ("summary",)

COLUMNS = 4


def draw(data: FigureData) -> Figure:
    """Draw a panel an approach with a curve: the band between the best and worst seed's front.

    A seed's front is that of the approach's full-size ensembles at all budgets and g, without named
    variants. The band
    lies between what any seed and what all seeds attain; half of them attain the line. Source:
    Grunert da Fonseca, Fonseca (2001).

    Args:
        data: what to draw.
    """
    cost = data.cost
    summary = data.tables["summary"]
    rows = timed(costs_shown(summary), cost)
    points = (
        rows[["approach", "g", "budget", "variant"]].drop_duplicates()["approach"].value_counts()
    )
    names = [name for name in style.looks(points.index) if points[name] > 1]
    if not names:
        sentence = why_empty(data, "no approach ran at several budgets or g.")
        return style.notice(sentence, data.title)
    rows = rows[rows["approach"].isin(names)]
    axis = style.quantity(cost, rows[cost])
    looks = style.looks(names)
    low, high = rows[cost].min() / axis.unit, rows[cost].max() / axis.unit
    bottom, top = 100 * rows["test_error"].min() - 0.4, 100 * rows["test_error"].max() + 0.4
    scaled = rows.assign(**{cost: rows[cost] / axis.unit, "test_error": 100 * rows["test_error"]})
    fronts = {name: surfaces(scaled[scaled["approach"] == name], cost) for name in names}
    seeds = rows["seed"].nunique()
    columns = min(COLUMNS, len(names))
    lines = -(-len(names) // columns)
    with style.styled():
        figure = style.new_figure(0.9 + 1.7 * lines)
        grid = figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False)
        style.scale_cost_axis(grid[0, 0].xaxis, low, high, ticks=4)
        right = high * (1.25 if grid[0, 0].get_xscale() == "log" else 1.06)
        for axes, (name, look) in zip(grid.flat, looks.items(), strict=False):
            for half in (fronts[context][1] for context in names if context != name):
                axes.plot(*_staircase(half, right), color="#CCCCCC", linewidth=0.7, zorder=1)
            _draw_band(axes, fronts[name], look.color, right, top)
            axes.set_title(look.title)
        grid[0, 0].set_ylim(bottom, top)
        style.label_outer(grid, len(names), axis.label, f"{data.evaluated_on} error (%)")
        note = f"line: attained by half of {seeds} seeds; band: from any to all of them"
        note = "what one seed attains" if seeds == 1 else note
        left_out = style.looks(name for name in points.index if name not in names)
        if left_out:
            titles = ", ".join(look.title for look in left_out.values())
            note = f"{note}\none point, no curve: {titles}"
        others = Line2D([], [], color="#CCCCCC", linewidth=0.7, label="the other approaches")
        figure.legend(
            handles=[others] if len(names) > 1 else [],
            loc="outside lower center",
            title=note,
            title_fontsize=7.5,
        )
        if data.title:
            figure.suptitle(data.title)
    return figure


def costs_shown(rows: pd.DataFrame) -> pd.DataFrame:
    """Keep the rows of full-size ensembles of no named variant."""
    return unnamed(full_size_rows(rows))


def _draw_band(axes: Axes, fronts: list[np.ndarray], color: str, right: float, top: float) -> None:
    """Draw the surfaces of one approach: best and worst as a band, half as a line."""
    best, half, worst = fronts
    costs = np.unique(np.concatenate([best[:, 0], worst[:, 0], [right]]))
    low, high = (_steps(surface, costs, top) for surface in (best, worst))
    axes.fill_between(costs, low, high, step="post", color=color, alpha=0.25, linewidth=0)
    axes.plot(*_staircase(half, right), color=color, linewidth=1.6)


def surfaces(rows: pd.DataFrame, cost: str) -> list[np.ndarray]:
    """Return the surfaces that any seed, half of them, and all attain.

    Args:
        rows: of one approach.
        cost: the column of costs.

    Returns:
        Three arrays ``(points, 2)`` of cost and error, cheapest first.
    """
    points = rows[[cost, "test_error"]].to_numpy(dtype=np.float64)
    sets = rows["seed"].to_numpy()
    number = len(np.unique(sets))
    attained = moocore.eaf(points, sets, percentiles=[100 / number, 50, 100])
    levels = np.unique(attained[:, 2])
    wanted = (levels[0], levels[np.abs(levels - 50).argmin()], levels[-1])
    chosen = (attained[attained[:, 2] == level][:, :2] for level in wanted)
    return [surface[np.argsort(surface[:, 0])] for surface in chosen]


def _steps(surface: np.ndarray, costs: np.ndarray, top: float) -> np.ndarray:
    """Return the error attained at each cost; *top* where none is."""
    place = np.searchsorted(surface[:, 0], costs, side="right") - 1
    return np.where(place >= 0, surface[np.maximum(place, 0), 1], top)


def _staircase(surface: np.ndarray, right: float) -> tuple[np.ndarray, np.ndarray]:
    x = np.concatenate([np.repeat(surface[:, 0], 2)[1:], [right]])
    return x, np.repeat(surface[:, 1], 2)
