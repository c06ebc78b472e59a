"""Empirical attainment: what error a cost attains, in how many of the seeds."""

import moocore
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from mnbench.figures import style
from mnbench.figures.aggregate import TIMES


def draw(summary: pd.DataFrame, cost: str = "cpu_seconds", title: str | None = None) -> Figure:
    """Draw for each approach with a curve the band between the best and the worst seed's front.

    A seed's front is that of the approach's full-size ensembles at all budgets and g. The band
    lies between what one seed at least attains and what all seeds attain (Grunert da Fonseca,
    Fonseca 2001); the line is what half of them attain.

    Args:
        summary: rows of one data set and ensemble (``evaluation.tables.summary``).
        cost: the column to use as the cost, one of ``style.COSTS``.
        title: above the plot.
    """
    rows = summary[summary["full_size"]]
    if cost in TIMES:
        rows = rows[~rows["shared_device"].astype(bool)]
    points = rows[["approach", "g", "budget"]].drop_duplicates()["approach"].value_counts()
    names = [name for name in style.looks(points.index) if points[name] > 1]
    if not names:
        return style.notice("Nothing to show: no approach ran at several budgets or g.", title)
    rows = rows[rows["approach"].isin(names)]
    axis = style.quantity(cost, rows[cost])
    looks = style.looks(names)
    handles = []
    with style.styled():
        figure = style.new_figure(4.0)
        axes = figure.add_subplot()
        axes.set(xlabel=axis.label, ylabel="test error (%)", title=title)
        low, high = rows[cost].min() / axis.unit, rows[cost].max() / axis.unit
        style.scale_cost_axis(axes.xaxis, low, high)
        right = high * (1.25 if axes.get_xscale() == "log" else 1.06)
        top = 100 * rows["test_error"].max() + 0.4
        for approach, look in looks.items():
            own = rows[rows["approach"] == approach]
            best, half, worst = surfaces(own, cost)
            for surface in (best, half, worst):
                surface[:, 0] /= axis.unit
                surface[:, 1] *= 100
            grid = np.unique(np.concatenate([best[:, 0], worst[:, 0], [right]]))
            axes.fill_between(
                grid,
                _steps(best, grid, top),
                _steps(worst, grid, top),
                step="post",
                color=look.color,
                alpha=0.22,
                linewidth=0,
            )
            axes.plot(*_staircase(half, right), color=look.color, linewidth=1.4)
            handles.append(Patch(facecolor=look.color, label=look.title))
        axes.set_ylim(100 * rows["test_error"].min() - 0.4, top)
        seeds = rows["seed"].nunique()
        figure.legend(
            handles=handles,
            loc="outside lower center",
            ncols=min(4, len(handles)),
            title="what one seed attains"
            if seeds == 1
            else f"line: attained by half of {seeds} seeds; band: from any to all of them",
            title_fontsize=7.5,
        )
    return figure


def surfaces(rows: pd.DataFrame, cost: str) -> list[np.ndarray]:
    """Return the surfaces that one seed at least, half of them, and all attain.

    Args:
        rows: of one approach.
        cost: the column of costs.

    Returns:
        Three arrays ``(points, 2)`` of cost and error, cheapest first.
    """
    points = rows[[cost, "test_error"]].to_numpy(dtype=np.float64)
    sets = rows["seed"].to_numpy()
    number = len(np.unique(sets))
    found = moocore.eaf(points, sets, percentiles=[100 / number, 50, 100])
    levels = np.unique(found[:, 2])
    wanted = (levels[0], levels[np.abs(levels - 50).argmin()], levels[-1])
    chosen = (found[found[:, 2] == level][:, :2] for level in wanted)
    return [surface[np.argsort(surface[:, 0])] for surface in chosen]


def _steps(surface: np.ndarray, grid: np.ndarray, top: float) -> np.ndarray:
    """The error attained at each cost; *top* where none is."""
    place = np.searchsorted(surface[:, 0], grid, side="right") - 1
    return np.where(place >= 0, surface[np.maximum(place, 0), 1], top)


def _staircase(surface: np.ndarray, right: float) -> tuple[np.ndarray, np.ndarray]:
    x = np.concatenate([np.repeat(surface[:, 0], 2)[1:], [right]])
    return x, np.repeat(surface[:, 1], 2)
