"""Error and training cost against the number of networks.

Open this to see what one more network brings. The trap: approaches whose networks are the same, as
MotherNets' with a cluster a network are Full Data's, are one line with both names.
"""

from dataclasses import dataclass
from textwrap import fill

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from mnbench.figures import style
from mnbench.figures.aggregate import in_main, interval_note, main_budgets, no_times, plotted_points
from mnbench.figures.bands import DOTTED, Line, draw_lines
from mnbench.figures.figure_data import FigureData
from mnbench.naming import WIDER, configuration

TITLE = "Ensemble size"
CAPTION = (
    "Test error and training cost of the first m networks; bands are the 95 % intervals of Full "
    "Data and of MotherNets with the fewest clusters. MotherNets pay for the shared part with the "
    "first network, and little for each further one. Snapshot Ensembles take the last m snapshots "
    "of one run, and pay for all of it. One wider network is drawn at the number of networks that "
    "it is as large as."
)
COST_AXIS = True
TABLES = ("estimates",)

THICK = ("mothernets", "full_data")


@dataclass(frozen=True)
class Series:
    """The points of one line, by size, and how it looks."""

    name: str
    points: pd.DataFrame
    line: Line


def draw(data: FigureData) -> Figure:
    """Draw error and cost against ensemble size, a line an approach and g.

    Trainings of the full budget are drawn, or of the largest budget of an approach without it,
    which its name then says. A dotted line joins the sizes of an approach that left some out; an
    approach of one size is a marker.

    Args:
        data: what to draw.
    """
    shown = plotted_points(data.tables["estimates"], data.cost)
    if shown.empty:
        sentence = "Nothing to show: the study has no ensemble of these networks."
        return style.notice(sentence, data.title)
    axis = style.quantity(data.cost, shown["cost_high"].dropna())
    shown[["cost", "cost_low", "cost_high"]] /= axis.unit
    lines = series(shown)
    rows = pd.concat([line.points.assign(name=line.name) for line in lines])
    looks = {line.name: line.line for line in lines}
    banded = _banded(lines)
    with style.styled():
        figure = style.new_figure(3.7)
        left, right = figure.subplots(1, 2, gridspec_kw={"wspace": 0.13})
        for axes, column in ((left, "error"), (right, "cost")):
            draw_lines(axes, rows, column, looks, banded)
        left.set(ylabel=f"{data.evaluated_on} error (%)")
        untimed = bool(shown["cost"].isna().all())
        if untimed:
            right.set_axis_off()
            sentence = fill(f"No cost is shown: {no_times(data.cost)}", 40)
            place: style.Keywords = {"ha": "center", "va": "center", "color": style.GREY}
            right.text(0.5, 0.5, sentence, transform=right.transAxes, **place)
        else:
            right.set(ylabel=axis.label)
            right.set_ylim(bottom=0)
        for axes in (left,) if untimed else (left, right):
            axes.set(xlabel="ensemble size m (networks)")
            axes.xaxis.set_major_locator(MaxNLocator(nbins=10, integer=True, steps=[1, 2, 5, 10]))
            axes.grid(axis="x", visible=False)
        figure.legend(
            *left.get_legend_handles_labels(),
            loc="outside lower center",
            ncols=3,
            title=f"band: {interval_note(shown)}" if banded else None,
            title_fontsize=7.5,
        )
        if data.title:
            figure.suptitle(data.title)
    return figure


def costs_shown(estimates: pd.DataFrame) -> pd.DataFrame:
    """Keep the rows of the main budget, of every size."""
    return estimates[in_main(estimates)]


def series(points: pd.DataFrame) -> list[Series]:
    """Return the lines to draw: an approach and g each, at the approach's main budget.

    Args:
        points: of one data set and architecture set (``aggregate.plotted_points``).
    """
    budgets = main_budgets(zip(points["approach"], points["budget"], strict=True))
    main = points[in_main(points)]
    sweep = sorted(main["g"].dropna().unique())
    lines: list[Series] = []
    # Approaches without g first: theirs is the first name of a line that MotherNets share.
    for (approach, g), own in sorted(
        main.groupby(["approach", "g"], dropna=False),
        key=lambda group: (pd.notna(group[0][1]), group[0]),
    ):
        look = style.looks([approach, *main["approach"]])[approach]
        # Its size is that of the ensemble it stands for; it is one network itself.
        title = f"{look.title} (as large as m)" if approach == WIDER else look.title
        name = configuration(title, g, budgets[approach])
        ordered = own.sort_values("size").reset_index(drop=True)
        same = next((i for i, line in enumerate(lines) if _same(line.points, ordered)), None)
        if same is not None:
            first = lines[same]
            lines[same] = Series(f"{first.name} = {name}", first.points, first.line)
            continue
        gaps = (ordered["size"].diff().dropna() > 1).any()
        color = _shade(look.color, sweep, g)
        width = 1.8 if approach in THICK else 0.9
        line = Line(color, look.marker, DOTTED if gaps else (), width)
        lines.append(Series(name, ordered, line))
    order = list(style.looks(main["approach"]))
    return sorted(lines, key=lambda line: order.index(line.points["approach"].iloc[0]))


def _banded(lines: list[Series]) -> set[str]:
    """Return the names of Full Data and of the fewest clusters: more bands lie on each other."""
    names = {line.points["approach"].iloc[0]: line.name for line in reversed(lines)}
    return {names[approach] for approach in THICK if approach in names} or set(names.values())


def _same(ours: pd.DataFrame, theirs: pd.DataFrame) -> bool:
    """Return whether two lines coincide: the same networks have the same errors and costs."""
    columns = ["size", "error", "cost"]
    if len(ours) != len(theirs):
        return False
    return bool(np.allclose(ours[columns], theirs[columns], rtol=1e-9, equal_nan=True))


def _shade(color: str, sweep: list[int], g: int) -> str:
    """Return paler shades for fewer clusters."""
    rank = sweep.index(g) if pd.notna(g) else len(sweep) - 1
    return style.mix(color, "white", 0.65 * (1 - (rank + 1) / max(1, len(sweep))))
