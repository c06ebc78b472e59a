"""What each way to combine networks errs more than averaging, and its calibration, against size.

Open this to compare averaging with voting or the Super Learner. The trap: differences have no
interval here, since the tables hold those of each method by itself.
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
    "Above, how much more the first m networks err by majority vote or the Super Learner than by "
    "averaging, in percentage points; below, the calibration error of all three, with 95 % "
    "intervals. estimates.csv also has the oracle, right where any network is right: a bound."
)
COST_AXIS = False
TABLES = ("estimates",)

METHODS = {"vote": "majority vote", "super_learner": "Super Learner", "average": "average"}
_LINES = {  # the default method is drawn last, thin on the wide line that it often covers
    "majority vote": Line("#E69F00", "s"),
    "Super Learner": Line("#7FCEB8", "^", width=3.5),
    "average": Line("#0072B2", "o", width=1.0),
}
MOST_COLUMNS = 4


def draw(data: FigureData) -> Figure:
    """Draw a column an approach: above the error more than averaging's, below the calibration.

    Of MotherNets the fewest clusters are shown; of approaches with budgets the main one. At most
    four approaches that ran at several sizes: MotherNets, Full Data, then others in their order.

    Args:
        data: what to draw.
    """
    shown = _chosen(data.tables["estimates"])
    if shown.empty:
        return style.notice("Nothing to show: no approach ran at several sizes.", data.title)
    looks = style.looks(shown["approach"])
    with style.styled():
        figure = style.new_figure(4.0)
        grid = figure.subplots(2, len(looks), sharex=True, sharey="row", squeeze=False)
        for column, (approach, look) in enumerate(looks.items()):
            rows = shown[shown["approach"] == approach]
            above, below = grid[:, column]
            above.set_title(configuration(look.title, rows["g"].iloc[0]))
            draw_lines(above, rows, "more_error", _LINES, banded=())
            draw_lines(below, rows, "calibration_error", _LINES)
            above.set_ylabel("error more than\naverage (pp)")
            below.set(xlabel="networks", ylabel="calibration error (%)")
        grid[0, 0].xaxis.set_major_locator(MaxNLocator(6, integer=True))
        figure.align_ylabels(grid[:, 0])
        figure.legend(
            *grid[1, 0].get_legend_handles_labels(),
            loc="outside lower center",
            ncols=len(METHODS),
            title=f"band: {interval_note(shown)}",
            title_fontsize=7.5,
        )
        for axes in grid.flat:
            axes.label_outer()
        if data.title:
            figure.suptitle(data.title)
    return figure


def _chosen(estimates: pd.DataFrame) -> pd.DataFrame:
    """Return the rows to draw, in percent, with ``name`` and ``more_error`` than averaging's."""
    rows = fewest_clusters(estimates)
    sizes = rows.groupby("approach")["size"].nunique()
    several = [name for name in style.looks(rows["approach"]) if sizes[name] > 1]
    first = [name for name in ("mothernets", "full_data") if name in several]
    kept = [*first, *(name for name in several if name not in first)][:MOST_COLUMNS]
    rows = rows[rows["approach"].isin(kept)] if kept else rows.iloc[:0]
    rows = rows.assign(name=rows["combination"].map(METHODS)).dropna(subset=["name"])
    columns = ["test_error", *(f"calibration_error{end}" for end in ("", "_low", "_high"))]
    rows[columns] = 100 * rows[columns].astype(float)
    average = rows[rows["combination"] == "average"].set_index(["approach", "size"])["test_error"]
    of_average = average.reindex(pd.MultiIndex.from_frame(rows[["approach", "size"]])).to_numpy()
    return rows.assign(more_error=rows["test_error"] - of_average)
