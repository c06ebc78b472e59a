"""Error and calibration against size, for every way to combine networks.

Open this to compare averaging with voting or the Super Learner. The trap: the oracle is right where
any network is right; it is a bound, not a method.
"""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from mnbench.figures import style
from mnbench.figures.aggregate import fewest_clusters, interval_note
from mnbench.figures.bands import Line, draw_lines
from mnbench.figures.figure_data import FigureData
from mnbench.naming import configuration

TITLE = "Combination methods"
CAPTION = (
    "Test error and calibration error of the first m networks by four ways to combine them, with "
    "95 % intervals. The oracle, right where any network is right, is a bound and no method to use."
)
COST_AXIS = False
TABLES = ("estimates",)

METHODS = {
    "average": "average",
    "vote": "majority vote",
    "super_learner": "Super Learner",
    "oracle": "oracle",
}
_LINES = {
    "average": Line("#0072B2", "o"),
    "majority vote": Line("#E69F00", "s"),
    "Super Learner": Line("#009E73", "^"),
    "oracle": Line("#999999", "X"),
}
_METRICS = ("test_error", "calibration_error")
MOST_COLUMNS = 4


def draw(data: FigureData) -> Figure:
    """Draw a column an approach: above the test error, below the calibration error.

    Of MotherNets the fewest clusters are shown; of approaches with budgets the main one. At most
    four approaches that ran at several sizes: MotherNets, Full Data, then others in their order.

    Args:
        data: what to draw.
    """
    shown = _chosen(data.tables["estimates"])
    if shown.empty:
        return style.notice("Nothing to show: no approach ran at several sizes.", data.title)
    shown = shown.assign(name=shown["combination"].map(METHODS))
    for metric in _METRICS:
        for end in ("", "_low", "_high"):
            shown[metric + end] = 100 * shown[metric + end].astype(float)
    looks = style.looks(shown["approach"])
    with style.styled():
        figure = style.new_figure(4.2)
        grid = figure.subplots(2, len(looks), sharex=True, sharey="row", squeeze=False)
        for column, (approach, look) in enumerate(looks.items()):
            rows = shown[shown["approach"] == approach]
            grid[0, column].set_title(configuration(look.title, rows["g"].iloc[0]))
            for axes, metric in zip(grid[:, column], _METRICS, strict=True):
                draw_lines(axes, rows, metric, _LINES)
                axes.set(xlabel="", ylabel=f"{metric.replace('_', ' ')} (%)")
            grid[1, column].set_xlabel("networks")
        grid[0, 0].xaxis.set_major_locator(MaxNLocator(6, integer=True))
        figure.legend(
            *grid[0, 0].get_legend_handles_labels(),
            loc="outside lower center",
            ncols=len(METHODS),
            title=interval_note(shown),
            title_fontsize=7.5,
        )
        for axes in grid.flat:
            axes.label_outer()
        if data.title:
            figure.suptitle(data.title)
    return figure


def _chosen(estimates: pd.DataFrame) -> pd.DataFrame:
    rows = fewest_clusters(estimates)
    sizes = rows.groupby("approach")["size"].nunique()
    several = [name for name in style.looks(rows["approach"]) if sizes[name] > 1]
    first = [name for name in ("mothernets", "full_data") if name in several]
    kept = [*first, *(name for name in several if name not in first)][:MOST_COLUMNS]
    return rows[rows["approach"].isin(kept)] if kept else rows.iloc[:0]
