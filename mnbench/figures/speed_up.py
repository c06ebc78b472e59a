"""How much cheaper MotherNets are than each other approach at equal error, and how much better.

Open this for the headline of the comparison; every point is in equal_error.csv. The trap:
a row shows the best of several MotherNets configurations, chosen by the mean that it then shows.
"""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from mnbench.figures import style
from mnbench.figures.figure_data import FigureData
from mnbench.naming import configuration

TITLE = "Speed-up at equal error"
CAPTION = (
    "What each other approach costs at the error of MotherNets, and how much more it errs at their "
    "cost, read off its budget curve and never extrapolated: for each the best MotherNets "
    "configuration. Whiskers are 95 % intervals; left of the line the other approach is ahead."
)
COST_AXIS = True
TABLES = ("equal_error",)

MOTHERNETS = "mothernets"


def draw(data: FigureData) -> Figure:
    """Draw two bars, with their 95 % intervals, for every approach that MotherNets compare with.

    Left, what the approach costs at the same error as the best MotherNets configuration; right, how
    much more it errs at the same cost. A pale bar has no interval, since too few bootstrap
    replicates reach its error. MotherNets with a cluster a network are Full Data and left out.

    Args:
        data: what to draw.
    """
    rows = data.tables["equal_error"]
    rows = rows[(rows["approach"] == MOTHERNETS) & (rows["cost"] == data.cost)]
    rows = rows[rows["g"].astype(float) < rows["size"]]
    speed_ups, gains = best(rows, "speed_up"), best(rows, "error_gain")
    against = [name for name in style.looks(rows["against"]) if name in {*speed_ups, *gains}]
    if not against:
        return style.notice(
            "Nothing to show: no approach's budget curve reaches the error or the cost of "
            "MotherNets.",
            data.title,
        )
    looks = style.looks(against)
    cost = style.COST_TITLES[data.cost]
    with style.styled():
        figure = style.new_figure(1.1 + 0.42 * len(against))
        left, right = figure.subplots(1, 2, sharey=True)
        _draw_bars(left, speed_ups, "speed_up", looks)
        _draw_bars(right, gains, "error_gain", looks)
        left.set(xlabel=f"{cost} at equal error (MotherNets = 1)")
        right.set(xlabel=f"more error at equal {cost} (points)")
        left.set_yticks(range(len(against)), [looks[name].title for name in against])
        left.set_ylim(len(against) - 0.4, -0.6)
        for axes in (left, right):
            axes.grid(axis="y", visible=False)
            axes.tick_params(axis="y", length=0)
        if data.title:
            figure.suptitle(data.title)
    return figure


def best(rows: pd.DataFrame, column: str) -> dict[str, pd.Series]:
    """Return by approach the row of the MotherNets configuration that is furthest ahead of it.

    Args:
        rows: of ``equal_error``, MotherNets' on one cost axis.
        column: what to be ahead in, ``speed_up`` or ``error_gain``. Rows with an interval come
            before rows without one.
    """
    known = rows[rows[column].notna()]
    known = known.assign(interval=known[f"{column}_low"].notna())
    ordered = known.sort_values(["interval", column], ascending=False, kind="stable")
    return {row["against"]: row for _, row in ordered.drop_duplicates("against").iterrows()}


def _draw_bars(
    axes: Axes, rows: dict[str, pd.Series], column: str, looks: dict[str, style.Look]
) -> None:
    """Draw bars from the value at which neither is better; beside each what it stands for."""
    even, unit = (1.0, 1.0) if column == "speed_up" else (0.0, 100.0)
    axes.axvline(even, color=style.GREY, linewidth=0.8)
    for y, (approach, look) in enumerate(looks.items()):
        if approach not in rows:
            note = "its budget curve does not reach"
            axes.text(even, y, f"  {note}", va="center", fontsize=7, color=style.GREY)
            continue
        row = rows[approach]
        value, low, high = (unit * row[f"{column}{end}"] for end in ("", "_low", "_high"))
        known = pd.notna(low)
        color = look.color if known else style.mix(look.color, "white", 0.6)
        axes.barh(y, value - even, left=even, height=0.6, color=color)
        if known:
            spans = [[max(0, value - low)], [max(0, high - value)]]
            axes.errorbar(value, y, xerr=spans, fmt="none", ecolor="#333333", elinewidth=1.0)
        number = f"{value:.2f}×" if column == "speed_up" else f"{round(value, 1) + 0.0:+.1f}"
        words = [number, configuration("", row["g"], row["budget"]), "" if known else "no interval"]
        end = max(even, value, high) if known else max(even, value)
        text = "  " + ", ".join(filter(None, words))
        axes.text(end, y, text, va="center", fontsize=7, color="#333333")
    # Room for text beside the longest bar, where no ticks mislead.
    low, high = axes.get_xlim()
    ticks = MaxNLocator(4).tick_values(low, high) if rows else [even]
    axes.set_xticks([tick for tick in ticks if low <= tick <= high])
    axes.set_xlim(low, high + 1.0 * (high - low))
