"""Full Data with fewer networks, as a line of numbered points on error against training cost.

Open this to change how the main figure shows that rival. The trap: these are no full-size
ensembles, so they are no part of the front, which compares ensembles of one size.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from mnbench.evaluation.whole_networks import are_whole
from mnbench.figures import style
from mnbench.figures.labels import Obstacle
from mnbench.planning.config import TIMES

_APPROACH = "full_data"
_ALL = 6  # networks of an ensemble of which every smaller number is shown
_ROUND = (1, 2, 5, 10, 20, 50, 100)  # the numbers shown of a larger one
_RADIUS = 5.4  # points
_TEXT = 7.0
_LINE: style.Keywords = {"linewidth": 1.1, "linestyle": (0, (1, 1.6))}
_DISC: style.Keywords = {"marker": "o", "markersize": 2 * _RADIUS, "markerfacecolor": "white"}


def fewer_networks(points: pd.DataFrame, cost: str) -> pd.DataFrame:
    """Return Full Data's points of the plain epochs by size, up to all of its networks.

    Args:
        points: of every size (:func:`mnbench.figures.aggregate.plotted_points`), of one setting.
        cost: the cost axis.

    Returns:
        No rows unless there are two sizes, all of them means over as many seeds.
    """
    rows = points[are_whole(points)].sort_values("size")
    if cost in TIMES:  # a mean over other seeds for each size is no line
        known = (rows["timed_seeds"] == rows["seeds"]).all()
        rows = rows if known else rows.iloc[:0]
    return rows if len(rows) > 1 and rows["seeds"].nunique() == 1 else rows.iloc[:0]


def draw_fewer(axes: Axes, rows: pd.DataFrame) -> list[Obstacle]:
    """Draw the line and the number of networks at some of its points; return the obstacles.

    Args:
        axes: of cost and error, with their limits set: a number beyond them is left out.
        rows: of :func:`fewer_networks`.
    """
    if rows.empty:
        return []
    color = style.looks([_APPROACH])[_APPROACH].color
    line = rows[["cost", "error"]].to_numpy(dtype=float)
    axes.plot(*line.T, color=color, **_LINE, zorder=1.8)
    obstacles = [Obstacle(line, weight=1.0)]
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    for row in rows[_numbered(rows)].itertuples():
        if not (left < row.cost < right and bottom < row.error < top):
            continue
        axes.plot(row.cost, row.error, color=color, markeredgewidth=0.9, **_DISC, zorder=3)
        axes.annotate(
            f"{row.size}",
            (row.cost, row.error),
            ha="center",
            va="center_baseline",
            fontsize=_TEXT,
            color=color,
            zorder=3.1,
        )
        obstacles.append(Obstacle(np.array([[row.cost, row.error]]), weight=4, radius=_RADIUS))
    return obstacles


def legend_entry() -> Line2D:
    """Return the line's entry in a legend."""
    color = style.looks([_APPROACH])[_APPROACH].color
    label = "m networks of Full Data, means (m in the circle)"
    return Line2D([], [], color=color, markeredgewidth=0.9, label=label, **_LINE, **_DISC)


def _numbered(rows: pd.DataFrame) -> pd.Series:
    """Return which rows have their number shown: those below all networks, of many some."""
    sizes = rows["size"]
    shown = (sizes == sizes.min()) | (sizes.max() <= _ALL) | sizes.isin(_ROUND)
    return shown & ~rows["full_size"].astype(bool)
