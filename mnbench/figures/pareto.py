"""Test error against training cost, with the Pareto front: the main figure."""

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
    over_seeds,
    points,
    sized_titles,
    timed,
)
from mnbench.figures.labels import Label, Obstacle, place

_SHADE = "#F1F1F1"


def draw(
    estimates: pd.DataFrame,
    networks: pd.DataFrame,
    cost: str = "cpu_seconds",
    title: str | None = None,
) -> Figure:
    """Draw the error of full-size ensembles against what they cost to train.

    A point is the mean over seeds of one (approach, g, budget); bars are 95 % intervals on both
    axes. MotherNets are joined along g, other approaches along their budgets. An approach that ran
    at smaller sizes only is drawn at its largest and labelled with it.

    Args:
        estimates: rows of one data set and ensemble (``evaluation.estimates``).
        networks: rows of the same (``evaluation.tables.networks``): MotherNets by themselves.
        cost: the column to use as the cost, one of ``style.COSTS``.
        title: above the plot.
    """
    shown = points(estimates[estimates["full_size"]], cost)
    shown = shown.dropna(subset=["cost"]).reset_index(drop=True)
    if shown.empty:
        return style.notice(f"Nothing to show: no ensemble of these networks has {cost}.", title)
    alone = timed(networks[networks["role"] == "mothernet"], cost, "lineage_shared_device")
    mothernets = over_seeds(alone, ["approach", "name"], f"lineage_{cost}")
    axis = style.quantity(cost, shown["cost_high"])
    for table in (shown, mothernets):
        table[["cost", "cost_low", "cost_high"]] /= axis.unit
    looks = style.looks(shown["approach"])
    titles = sized_titles(shown, {approach: look.title for approach, look in looks.items()})
    with style.styled():
        figure = style.new_figure(5.4)
        axes = figure.add_subplot()
        axes.set(xlabel=axis.label, ylabel="test error (%)", title=title)
        _frame(axes, shown, mothernets)
        front = _front(axes, shown)
        labels, obstacles = [], [Obstacle(front, weight=0.4)]
        for approach, look in looks.items():
            for series in _series(shown[shown["approach"] == approach]):
                _draw_series(axes, series, look, shown)
                labels += _labels(series, titles[approach], look.ink)
                obstacles.append(Obstacle(series[["cost", "error"]].to_numpy(), weight=1.5))
        axes.plot(
            mothernets["cost"],
            mothernets["error"],
            "o",
            markersize=4,
            markerfacecolor="none",
            markeredgecolor=style.looks(["mothernets"])["mothernets"].color,
            zorder=3,
        )
        _legend(figure, shown, bool(len(mothernets)))
        place(axes, _merge(labels), obstacles + _marks(shown) + _marks(mothernets))
    return figure


def _series(points: pd.DataFrame) -> list[pd.DataFrame]:
    """Split an approach's points into those that a line joins, in its order."""
    if (points["g"] > 0).any():
        return [series.sort_values("g") for _, series in points.groupby("budget")]
    return [points.sort_values("budget")]


def _draw_series(axes: Axes, series: pd.DataFrame, look: style.Look, points: pd.DataFrame) -> None:
    reference = look.title == style.looks(["single_network"])["single_network"].title
    if len(series) > 1:
        axes.plot(
            series["cost"],
            series["error"],
            color=look.color,
            linewidth=1.6 if (series["g"] > 0).any() else 0.9,
            linestyle=(0, (4, 2)) if reference else "-",
            zorder=3,
        )
    for _, row in series.iterrows():
        axes.errorbar(
            row["cost"],
            row["error"],
            xerr=[[row["cost"] - row["cost_low"]], [row["cost_high"] - row["cost"]]],
            yerr=[[row["error"] - row["error_low"]], [row["error_high"] - row["error"]]],
            fmt="none",
            ecolor=style.mix(look.color, "white", 0.25),
            elinewidth=0.9,
            capsize=1.8,
            capthick=0.9,
            zorder=3.5,
        )
        # Where two approaches coincide, the one without g lies below and is larger: both show.
        below = row["g"] == 0 and _same(points, row).sum() > 1
        axes.plot(
            row["cost"],
            row["error"],
            look.marker,
            color=look.color,
            markersize=12 if below else 6.5,
            markeredgecolor="white",
            markeredgewidth=0.6,
            zorder=4 if below else 5,
        )


def _same(points: pd.DataFrame, row: pd.Series) -> pd.Series:
    return np.isclose(points["cost"], row["cost"], rtol=1e-6) & np.isclose(
        points["error"], row["error"], rtol=1e-6
    )


def _labels(series: pd.DataFrame, title: str, ink: str) -> list[Label]:
    """Name the series once, at its plainest point, and its other points by g or budget."""
    has_g = (series["g"] > 0).any()
    named = series.index[0] if has_g else (series["budget"] - 1).abs().idxmin()
    labels = []
    for i, row in series.iterrows():
        name = title if i == named else ""
        if row["budget"] != 1 and (i == named or not has_g):
            name = f"{name} ×{row['budget']:g}".strip()
        text = ", ".join(filter(None, [name, f"g = {row['g']:g}" if has_g else ""]))
        # On a MotherNets line alone the name would be taken for a point's: it is set in bold.
        labels.append(Label(text or "×1", row["cost"], row["error"], ink, bool(i == named)))
    return labels


def _merge(labels: list[Label]) -> list[Label]:
    """Give points that coincide one label, names before g and long labels first."""
    groups: list[list[Label]] = []
    for label in sorted(labels, key=lambda label: (-label.bold, -len(label.text))):
        for group in groups:
            if np.allclose((label.x, label.y), (group[0].x, group[0].y), rtol=1e-6):
                group.append(label)
                break
        else:
            groups.append([label])
    merged = []
    for first, *others in groups:
        also = f" ({', '.join(other.text for other in others)})" if others else ""
        merged.append(Label(first.text + also, first.x, first.y, first.color, first.bold))
    return merged


def _frame(axes: Axes, points: pd.DataFrame, mothernets: pd.DataFrame) -> None:
    """Set scale and limits, with room for labels; nothing drawn later changes them."""
    low = min(points["cost_low"].min(), mothernets["cost"].min() if len(mothernets) else np.inf)
    high = max(points["cost_high"].max(), mothernets["cost"].max() if len(mothernets) else 0)
    style.scale_cost_axis(axes.xaxis, low, high)
    if axes.get_xscale() == "log":
        axes.set_xlim(low * (low / high) ** 0.08, high * (high / low) ** 0.12)
    else:
        # One point, or points that differ by seconds, are not blown up to the whole axis.
        spread = max(high - low, 0.3 * high)
        low, high = (low + high - spread) / 2, (low + high + spread) / 2
        axes.set_xlim(max(0, low - 0.1 * spread), high + 0.14 * spread)
    errors = np.concatenate([points["error_low"], points["error_high"], mothernets["error"]])
    spread = max(np.ptp(errors), 0.5)
    middle = (errors.max() + errors.min()) / 2
    axes.set_ylim(max(0, middle - 0.59 * spread), middle + 0.59 * spread)


def _front(axes: Axes, points: pd.DataFrame) -> np.ndarray:
    """Draw the front as a staircase, shade what it dominates, return its corners."""
    front = points[pareto_front(points["cost"], points["error"])].sort_values("cost")
    cost, error = front["cost"].to_numpy(), front["error"].to_numpy()
    right, top = axes.get_xlim()[1], axes.get_ylim()[1]
    steps_x = np.concatenate([[cost[0]], np.repeat(cost, 2)[1:], [right]])
    steps_y = np.concatenate([[top], np.repeat(error, 2)])
    axes.fill_between(steps_x, steps_y, top, color=_SHADE, linewidth=0, zorder=0.5)
    axes.plot(steps_x, steps_y, color=style.GREY, linewidth=1, linestyle=":", zorder=2)
    return np.column_stack([steps_x, steps_y])


def _marks(table: pd.DataFrame) -> list[Obstacle]:
    """Return markers and error bars."""
    found = []
    for p in table.itertuples():
        radius = 7 if ((table["cost"] == p.cost) & (table["error"] == p.error)).sum() > 1 else 4.5
        found.append(Obstacle(np.array([[p.cost, p.error]]), weight=4, radius=radius))
        found.append(Obstacle(np.array([[p.cost_low, p.error], [p.cost_high, p.error]])))
        found.append(Obstacle(np.array([[p.cost, p.error_low], [p.cost, p.error_high]])))
    return found


def _legend(figure: Figure, points: pd.DataFrame, mothernets: bool) -> None:
    def key(marker: str, label: str, size: float = 8, **look) -> Line2D:
        if marker.startswith("$"):  # a formula has no outline
            look["markeredgewidth"] = 0
        look = {"color": style.GREY, "linestyle": "none"} | look
        return Line2D([], [], marker=marker, markersize=size, label=label, **look)

    handles = [
        key("+", interval_note(points)),
        Patch(facecolor=_SHADE, edgecolor=style.GREY, linestyle=":", label="Pareto front"),
    ]
    if mothernets:
        color = style.looks(["mothernets"])["mothernets"].color
        handles.append(key("o", "a MotherNet by itself", 4, color=color, markerfacecolor="none"))
    if (points["g"] > 0).any():
        handles.append(key("$g$", "clusters", 5))
    if (points["budget"] != 1).any():
        handles.append(key("$\\times b$", "$b$ times the epochs", 12))
    figure.legend(
        handles=handles,
        loc="outside lower center",
        ncols=len(handles),
        handletextpad=0.4,
        columnspacing=1.4,
    )
