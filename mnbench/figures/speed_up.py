"""How much cheaper MotherNets are than each other approach at equal error, and how much better.

Open this for the headline of the comparison; every point is in equal_error.csv. The trap:
a row shows the best of several MotherNets configurations, chosen by the mean that it then shows.
"""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import MaxNLocator

from mnbench.figures import style
from mnbench.figures.aggregate import full_size_rows, unnamed, why_empty
from mnbench.figures.figure_data import FigureData
from mnbench.naming import configuration

TITLE = "Speed-up at equal error"
CAPTION = (
    "What each other approach costs at the error of MotherNets, and how much more it errs at their "
    "cost, read off its budget curve and never extrapolated: for each the best MotherNets "
    "configuration, whose g and epochs stand beside the bar. An approach of one budget has no "
    "curve. Whiskers are 95 % intervals; left of the line the other approach is ahead."
)
COST_AXIS = True
TABLES = ("equal_error", "estimates")

MOTHERNETS = "mothernets"
_ROOM = 0.09  # of what bars span, left of them
_MOST_TICKS = 8  # whose numbers stand side by side over the whole width


def draw(data: FigureData) -> Figure:
    """Draw two bars, with their 95 % intervals, for every approach of the study but MotherNets.

    Left, what the approach costs at the same error as the best MotherNets configuration; right, how
    much more it errs at the same cost. Words stand where there is no comparison. A pale bar has no
    interval, since too few bootstrap replicates reach its error. MotherNets with a cluster a
    network are Full Data and left out, as named variants are.

    Args:
        data: what to draw.
    """
    rows = data.tables["equal_error"]
    rows = rows[(rows["approach"] == MOTHERNETS) & (rows["cost"] == data.cost)]
    rows = rows[(rows["g"].astype(float) < rows["size"]) & (rows["against_variant"] == "")]
    rows = unnamed(rows)
    speed_ups, gains = best(rows, "speed_up"), best(rows, "error_gain")
    single = _one_budget(data.tables["estimates"])
    if not speed_ups and not gains:
        reason = "no approach's budget curve reaches the error or the cost of MotherNets."
        if not rows.empty and set(rows["against"]) <= single:
            reason = "every other approach has one budget only, and so no budget curve."
        return style.notice(why_empty(data, reason), data.title)
    looks = style.looks(rows["against"])
    cost = style.COST_TITLES[data.cost]
    with style.styled():
        figure = style.new_figure(1.1 + 0.36 * len(looks))
        left, right = figure.subplots(1, 2, sharey=True, gridspec_kw={"wspace": 0.06})
        texts = [
            _draw_bars(axes, values, column, looks, single)
            for axes, values, column in (
                (left, speed_ups, "speed_up"),
                (right, gains, "error_gain"),
            )
        ]
        left.set(xlabel=f"{cost} at equal error (MotherNets = 1)")
        right.set(xlabel=f"more error at equal {cost} (pp)")
        named = "beside a bar: g and epochs of the MotherNets compared with"
        left.set_title(named, loc="left", fontsize=7.5, color=style.GREY)
        left.set_yticks(range(len(looks)), [look.title for look in looks.values()])
        left.set_ylim(len(looks) - 0.4, -0.6)
        for axes in (left, right):
            axes.grid(axis="y", visible=False)
            axes.tick_params(axis="y", length=0)
            axes.spines["left"].set_visible(False)
        if data.title:
            figure.suptitle(data.title)
        figure.draw_without_rendering()  # lays the axes out: only then can texts be measured
        for axes, beside in zip((left, right), texts, strict=True):
            _widen(axes, beside)
    return figure


def costs_shown(estimates: pd.DataFrame) -> pd.DataFrame:
    """Keep the rows of full-size ensembles of no named variant."""
    return unnamed(full_size_rows(estimates))


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


def _one_budget(estimates: pd.DataFrame) -> set[str]:
    """Return the approaches whose full-size ensembles have one budget, and so no budget curve."""
    full = costs_shown(estimates)
    budgets = full[["approach", "budget", "variant"]].drop_duplicates()["approach"].value_counts()
    return set(budgets[budgets == 1].index)


def _draw_bars(
    axes: Axes,
    rows: dict[str, pd.Series],
    column: str,
    looks: dict[str, style.Look],
    single: set[str],
) -> list[Text]:
    """Draw bars from the value at which neither is better; return what is written beside them."""
    even, unit = (1.0, 1.0) if column == "speed_up" else (0.0, 100.0)
    what = "error" if column == "speed_up" else "cost"
    axes.axvline(even, color=style.GREY, linewidth=0.8)
    texts = []
    for y, (approach, look) in enumerate(looks.items()):
        if approach not in rows:
            reason = "one budget only" if approach in single else f"does not reach this {what}"
            note: style.Keywords = {"color": style.GREY, "style": "italic"}
            texts.append(axes.text(even, y, f"  {reason}", va="center", size=7, **note))
            continue
        row = rows[approach]
        value, low, high = (unit * row[f"{column}{end}"] for end in ("", "_low", "_high"))
        known = pd.notna(low)
        color = look.color if known else style.mix(look.color, "white", 0.6)
        axes.barh(y, value - even, left=even, height=0.6, color=color)
        if known:
            spans = [[max(0, value - low)], [max(0, high - value)]]
            axes.errorbar(value, y, xerr=spans, fmt="none", ecolor="#333333", elinewidth=1.0)
        number = f"{value:.2f}×" if column == "speed_up" else _signed(value)
        words = [
            number,
            configuration("", row["g"], row["budget"], row["variant"]),
            "" if known else "no interval",
        ]
        end = max(even, value, high) if known else max(even, value)
        said = "  " + ", ".join(filter(None, words))
        texts.append(axes.text(end, y, said, va="center", size=7, color="#333333"))
    for text in texts:
        text.set_in_layout(False)  # the axes make room for them (_widen), not the page
    if not rows:
        axes.set_xlim(even, even + 1)
        axes.set_xticks([even])
    return texts


def _signed(points: float) -> str:
    """Return a difference with its sign: one that would round to zero gets a second decimal."""
    number = f"{points:+.1f}" if abs(points) >= 0.05 else f"{points:+.2f}"
    return number.replace("-", "−")


def _widen(axes: Axes, texts: list[Text]) -> None:
    """Make room right of the bars for the texts beside them, and left of them for the line."""
    renderer = style.renderer_of(style.figure_of(axes))
    width = axes.get_window_extent(renderer).width
    least, most = low, high = axes.get_xlim()
    low -= _ROOM * (high - low)
    for text in texts:
        share = text.get_window_extent(renderer).width / width
        high = max(high, low + (text.get_position()[0] - low) / max(0.1, 1 - share - 0.02))
    if len(axes.get_xticks()) > 1:
        share = (most - least) / (high - low)
        ticks = MaxNLocator(max(1, round(_MOST_TICKS * share)), steps=[1, 2, 5, 10])
        # Where bars are: elsewhere no ticks mislead.
        axes.set_xticks([one for one in ticks.tick_values(least, most) if least <= one <= most])
    axes.set_xlim(low, high)
