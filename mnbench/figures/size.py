"""Error and training cost against the number of networks."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mnbench.figures import style
from mnbench.figures.aggregate import interval_note, main_budgets, points

_DODGE = 0.36  # networks over which the series of one size are spread, so that equal values show


def draw(estimates: pd.DataFrame, cost: str = "cpu_seconds", title: str | None = None) -> Figure:
    """Draw error and cost against ensemble size, a line an approach and g.

    Trainings of the full budget are drawn, or of the largest budget of an approach without it,
    which its label then says. An approach that ran at some sizes only has markers
    there, joined by a dotted line; one that ran at one size is a reference at that size.

    Args:
        estimates: rows of one data set and ensemble (``evaluation.estimates``).
        cost: the column to use as the cost, one of ``style.COSTS``.
        title: above the panels.
    """
    shown = points(estimates, cost)
    if shown.empty:
        return style.notice("Nothing to show: the study has no ensemble of these networks.", title)
    budgets = main_budgets(zip(shown["approach"], shown["budget"], strict=True))
    shown = shown[shown["budget"] == shown["approach"].map(budgets)].copy()
    axis = style.quantity(cost, shown["cost_high"].dropna())
    shown[["cost", "cost_low", "cost_high"]] /= axis.unit
    looks = style.looks(shown["approach"])
    sweep = sorted(shown.loc[shown["g"] > 0, "g"].unique())
    series = [
        (
            style.at_budget(look.title, budgets[approach]),
            look,
            g,
            shown[(shown["approach"] == approach) & (shown["g"] == g)],
        )
        for approach, look in looks.items()
        for g in sorted(shown.loc[shown["approach"] == approach, "g"].unique())
    ]
    shifts = np.linspace(-_DODGE / 2, _DODGE / 2, len(series)) if len(series) > 1 else [0.0]
    with style.styled():
        figure = style.new_figure(3.7)
        left, right = figure.subplots(1, 2)
        left.set(ylabel="test error (%)")
        right.set(ylabel=axis.label)
        for shift, (name, look, g, rows) in zip(shifts, series, strict=True):
            shade = _shade(look.color, sweep, g)
            label = f"{name}, g = {g}" if g else name
            for axes, column in ((left, "error"), (right, "cost")):
                _draw_series(axes, rows, column, shift, shade, look.marker, label)
        sizes = sorted(shown["size"].unique())
        for axes in (left, right):
            axes.set(xlabel="ensemble size (networks)")
            axes.set_xticks(sizes if len(sizes) <= 12 else _round_ticks(sizes))
            axes.grid(axis="x", visible=False)
        right.set_ylim(bottom=0)
        figure.legend(
            *left.get_legend_handles_labels(),
            loc="outside lower center",
            ncols=4,
            title=interval_note(shown),
            title_fontsize=7.5,
        )
        if title:
            figure.suptitle(title)
    return figure


def _draw_series(
    axes: Axes,
    rows: pd.DataFrame,
    column: str,
    shift: float,
    color: str,
    marker: str,
    label: str,
) -> None:
    rows = rows.dropna(subset=[column]).sort_values("size")
    gaps = (rows["size"].diff().dropna() > 1).any()
    spread = [rows[column] - rows[f"{column}_low"], rows[f"{column}_high"] - rows[column]]
    axes.errorbar(
        rows["size"] + shift,
        rows[column],
        yerr=spread,
        color=color,
        marker=marker,
        markersize=4.5,
        markeredgecolor="white",
        markeredgewidth=0.4,
        linewidth=1.2,
        linestyle=":" if gaps else "-",
        elinewidth=0.7,
        label=label,
    )


def _shade(color: str, sweep: list[int], g: int) -> str:
    """Return paler shades for fewer clusters."""
    rank = sweep.index(g) if g else len(sweep) - 1
    return style.mix(color, "white", 0.65 * (1 - (rank + 1) / max(1, len(sweep))))


def _round_ticks(sizes: list[int]) -> list[int]:
    """Return at most about ten of many sizes, the last among them."""
    step = -(-len(sizes) // 10)
    return sizes[::-1][::step][::-1]
